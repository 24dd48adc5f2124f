"""The things that an RO-Crate describes, one by one: what stands in its ``@graph``, and what is nested in that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from provstore.errors import Malformed
from provstore.graph.model import XSD
from provstore.graph.statements import BLANK
from provstore.ingest.json_stream import Real, Whole
from provstore.ingest.problems import Problem, shown
from provstore.ingest.rocrate_terms import Terms

__all__ = ["Thing", "Things", "Value"]

_DEEPEST: Final = 50
_KEYWORDS: Final = frozenset({"@id", "@type", "@context"})
_DATATYPES: Final[Mapping[type, str]] = {bool: f"{XSD}boolean", Whole: f"{XSD}integer", Real: f"{XSD}double"}
_ANY_URI: Final = f"{XSD}anyURI"


class Value(NamedTuple):
    """What a thing is said to have: a text with its datatype or language, or another thing (``refers``: its URI)."""

    text: str
    type: str | None = None
    lang: str | None = None
    refers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """An entry of a crate. ``given`` is its id as written; types and keys are full URIs; values come once each."""

    id: str
    given: str
    place: str
    types: list[str] = field(default_factory=list)
    values: dict[str, dict[Value, None]] = field(default_factory=dict)

    def references(self, *keys: str) -> list[str]:
        """Give the things that stand under keys, each once."""
        return list(dict.fromkeys(one.text for key in keys for one in self.values.get(key, ()) if one.refers))

    def texts(self, *keys: str) -> list[str]:
        """Give the texts that stand under keys."""
        return [one.text for key in keys for one in self.values.get(key, ()) if not one.refers]

    def text(self, *keys: str) -> str:
        """Give the first text that stands under keys, "" for none."""
        return next(iter(self.texts(*keys)), "")


class Things:
    """Collects the entries of a graph.

    Args:
        terms: Of the crate.
        remarks: What was understood in another way than it was written is added to it.
    """

    def __init__(self, terms: Terms, remarks: list[Problem]) -> None:
        self._terms = terms
        self._remarks = remarks
        self._nameless = 0
        self.all: dict[str, Thing] = {}

    def take(self, graph: Any) -> None:
        """Take all entries of a graph.

        Raises:
            Malformed: it is no list of objects.
        """
        if not isinstance(graph, list):
            raise Malformed("@graph must be a list of objects", place="@graph")
        for number, entry in enumerate(graph, start=1):
            if not isinstance(entry, tuple):
                raise Malformed("an object with @id and @type is needed", place=f"@graph[{number}]")
            self._entry(dict(entry), f"@graph[{number}]", 0)

    def _entry(self, entry: Mapping[str, Any], place: str, depth: int) -> Thing:
        if depth > _DEEPEST:
            raise Malformed(f"objects are nested more than {_DEEPEST} deep", place=place)
        thing = self._thing(entry.get("@id"), place)
        types = map(self._terms.expand, filter(None, map(_text, _listed(entry.get("@type")))))
        thing.types.extend(one for one in dict.fromkeys(types) if one not in thing.types)
        for key, value in entry.items():
            if key.startswith("@"):
                if key not in _KEYWORDS:
                    self._remarks.append(Problem(thing.place, f"{shown(key)} was left out"))
            elif key:
                values = thing.values.setdefault(self._terms.expand(key), {})
                values.update(dict.fromkeys(self._values(value, thing.place, depth)))
        return thing

    def _thing(self, given: Any, place: str) -> Thing:
        """Give the entry with an id; entries with the same id are one."""
        if not _text(given):
            self._nameless += 1
            given = f"{BLANK}nameless{self._nameless}"
        name = self._terms.identify(given)
        if name not in self.all:
            self.all[name] = Thing(id=name, given=given, place=f"{place} ({shown(given)})")
        return self.all[name]

    def _values(self, value: Any, place: str, depth: int) -> Iterator[Value]:
        for one in _listed(value):
            if isinstance(one, list):
                if depth > _DEEPEST:
                    raise Malformed(f"lists are nested more than {_DEEPEST} deep", place=place)
                yield from self._values(one, place, depth + 1)
            elif isinstance(one, tuple):
                yield from self._object(dict(one), place, depth)
            elif one is not None:
                yield _literal(one)

    def _object(self, found: Mapping[str, Any], place: str, depth: int) -> Iterator[Value]:
        """Read a literal, a list, a reference, or an entry that stands inside of another."""
        if "@value" in found:
            yield self._typed(found)
        elif "@list" in found or "@set" in found:
            yield from self._values([found.get("@list"), found.get("@set")], place, depth + 1)
        elif found.keys() == {"@id"} and type(found["@id"]) is str:
            yield Value(self._terms.identify(found["@id"]), _ANY_URI, None, refers=True)
        elif found:
            yield Value(self._entry(found, place, depth + 1).id, _ANY_URI, None, refers=True)

    def _typed(self, found: Mapping[str, Any]) -> Value:
        plain = _literal(found["@value"])
        kind, language = _text(found.get("@type")), _text(found.get("@language"))
        if language:
            return plain._replace(lang=language, type=None)
        return plain._replace(type=self._terms.expand(kind)) if kind else plain


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    return value if type(value) is str else ""


def _literal(value: Any) -> Value:
    if isinstance(value, bool):
        return Value("true" if value else "false", _DATATYPES[bool])
    if isinstance(value, list | tuple) or value is None:
        return Value("")
    return Value(str(value), _DATATYPES.get(type(value)))
