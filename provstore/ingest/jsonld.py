"""PROV-JSONLD (W3C member submission 2024) in its one shape: an object for each statement in ``@graph``.

Nothing is fetched: the context of the submission is known, and prefixes stand in the document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, BinaryIO, Final, NamedTuple

from provstore.errors import Malformed
from provstore.graph.model import PROV, QNAME, XSD, Attribute
from provstore.graph.statements import ARGUMENTS, BLANK, ELEMENTS, Argument, Sort, Statement, instant_of
from provstore.ingest.numerals import type_of_whole
from provstore.ingest.prefixes import DEFAULT, is_uri
from provstore.ingest.problems import Problem, shown
from provstore.ingest.reading import Reading
from provstore.ingest.whole import read_text

__all__ = ["read_provjsonld"]

_KNOWN: Final = {
    "prov": PROV,
    "xsd": XSD,
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "provext": "https://openprovenance.org/ns/provext#",
}
"""What the context of the submission declares."""
_CONTEXT: Final = re.compile(r"https?://(?:www\.)?(?:openprovenance\.org/prov-jsonld|w3\.org/ns/prov)\b.*")
"""The addresses under which the context of the submission goes."""
_KINDS: Final = {
    "Entity": "entity",
    "Activity": "activity",
    "Agent": "agent",
    "Generation": "wasGeneratedBy",
    "Usage": "used",
    "Communication": "wasInformedBy",
    "Start": "wasStartedBy",
    "End": "wasEndedBy",
    "Invalidation": "wasInvalidatedBy",
    "Derivation": "wasDerivedFrom",
    "Attribution": "wasAttributedTo",
    "Association": "wasAssociatedWith",
    "Delegation": "actedOnBehalfOf",
    "Influence": "wasInfluencedBy",
    "Specialization": "specializationOf",
    "Alternate": "alternateOf",
    "Membership": "hadMember",
}
_TERMS: Final = {name: PROV + name for name in ("type", "label", "role", "location", "value")}
_NAMING: Final = frozenset({f"{PROV}type", f"{PROV}role", f"{PROV}location"})
"""Attributes whose plain texts are names."""
_FORMALS: Final = {kind: {one.name: one for one in arguments} for kind, arguments in ARGUMENTS.items()}
_NAME: Final = f"{PROV}QUALIFIED_NAME"
_NAMES: Final = frozenset({_NAME, QNAME})
_ABOUT: Final = frozenset({"@type", "@id"})
_NO_TEXT: Final = re.compile("[\x00\ud800-\udfff]")
_DOUBLES: Final = {"NaN": "NaN", "Infinity": "INF", "-Infinity": "-INF"}


class _Number(NamedTuple):
    """A number as it was written."""

    lexical: str
    type: str


def read_provjsonld(source: BinaryIO, *, unqualified: str) -> Reading:
    """Read PROV-JSONLD, see `provstore.ingest.reading.Reader`; names without prefix need an ``@vocab``."""
    del unqualified  # JSON-LD would resolve such names against the address of the document, which has none
    document = _object(_parse(read_text(source)), "document")
    if "@context" not in document or not isinstance(document.get("@graph"), list):
        problem = "PROV-JSONLD has a '@context' and a list '@graph' with an object for each statement"
        raise Malformed(problem, place="document")
    reader = _Reader()
    return Reading(statements=reader.read(document), namespaces=reader.namespaces, remarks=reader.remarks)


def _parse(text: str) -> object:
    try:
        return json.loads(
            text,
            parse_int=lambda found: _Number(found, type_of_whole(found)),
            parse_float=lambda found: _Number(found, f"{XSD}double"),
            parse_constant=lambda found: _Number(_DOUBLES[found], f"{XSD}double"),
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Malformed(f"no JSON: {shown(error.msg)}", place=place) from error
    except RecursionError as error:
        raise Malformed("no JSON of provenance: it is nested too deeply", place="document") from error


def _object(value: object, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed(f"an object is needed instead of {_told(value)}", place=place)
    return value


def _told(value: object) -> str:
    if isinstance(value, str):
        return repr(shown(value))
    return {list: "a list", dict: "an object", _Number: "a number", bool: "a truth value"}.get(type(value), "null")


class _Reader:
    """One pass over the statements."""

    def __init__(self) -> None:
        self.namespaces: dict[str, dict[str, str]] = {}
        self.remarks: list[Problem] = []
        self._scope: dict[str, str] = {}
        self._bundle = ""

    def read(self, document: Mapping[str, Any]) -> Iterator[Statement]:
        """Give the statements, bundle by bundle."""
        self.namespaces[""] = self._declared(document["@context"], "@context")
        outer = self._scope = {**_KNOWN, **self.namespaces[""]}
        for number, content in enumerate(document["@graph"]):
            place = f"@graph[{number}]"
            facts = _object(content, place)
            if _term(facts.get("@type")) != "Bundle":
                yield from self._statements(facts, place)
                continue
            inner = self._open(facts, outer, place)
            for position, one in enumerate(inner):
                where = f"{place}.@graph[{position}]"
                yield from self._statements(_object(one, where), where)
            self._bundle, self._scope = "", outer

    def _open(self, facts: Mapping[str, Any], outer: Mapping[str, str], place: str) -> list[object]:
        """Begin a bundle; its name may have a prefix that it declares itself."""
        own = self._declared(facts.get("@context", []), f"{place}.@context")
        self._scope = {**outer, **own}
        uri = self._expand(facts.get("@id"), f"{place}.@id")
        if uri in self.namespaces:
            raise Malformed(f"the bundle {shown(uri)!r} stands there twice", place=place)
        self._bundle = uri
        self.namespaces[uri] = own
        inner = facts.get("@graph", [])
        if not isinstance(inner, list):
            raise Malformed(f"a list is needed instead of {_told(inner)}", place=f"{place}.@graph")
        return inner

    def _declared(self, context: object, place: str) -> dict[str, str]:
        """Collect the prefixes of a context."""
        declared: dict[str, str] = {}
        for one in context if isinstance(context, list) else [context]:
            if isinstance(one, str):
                if not _CONTEXT.fullmatch(one):
                    told = f"{shown(one)!r} was not fetched; the words are taken as those of PROV-JSONLD"
                    self.remarks.append(Problem(place, told))
                continue
            terms = _object(one, place)
            if sum(isinstance(terms.get(name), dict) for name in _KINDS) > len(_KINDS) // 2:
                continue  # the context of the submission itself
            for name, meant in terms.items():
                uri = meant.get("@id") if isinstance(meant, dict) and meant.get("@prefix") is True else meant
                if isinstance(uri, str) and (name == "@vocab" or not name.startswith("@")):
                    declared[DEFAULT if name == "@vocab" else name] = self._clean(uri, place)
        return declared

    def _statements(self, facts: Mapping[str, Any], place: str) -> Iterator[Statement]:
        """Give one statement; of a membership of several entities one each."""
        term = _term(facts.get("@type"))
        kind = _KINDS.get(term)
        if kind is None:
            raise Malformed(f"@type is {_told(facts.get('@type'))}; one of {', '.join(_KINDS)} is right", place=place)
        if kind in ELEMENTS and "@id" not in facts:
            raise Malformed(f"{term} needs an '@id'", place=place)
        record_id = self._expand(facts["@id"], f"{place}.@id") if "@id" in facts else ""
        arguments: dict[str, list[str]] = {}
        attributes: list[Attribute] = []
        for key, value in facts.items():
            formal = _FORMALS[kind].get(_term(key))
            where = f"{place}.{shown(key)}"
            if formal is not None:
                arguments[formal.name] = self._arguments(formal, value, where)
            elif key not in _ABOUT:
                attributes.extend(self._attributes(key, value, where))
        for values in product(*arguments.values()):
            told = dict(zip(arguments, values, strict=True))
            yield Statement(kind, record_id, told, tuple(attributes), self._bundle, place)

    def _arguments(self, formal: Argument, value: object, place: str) -> list[str]:
        """Read an argument; only a membership may have several of one kind."""
        if not isinstance(value, list):
            return [self._argument(formal, value, place)]
        if formal.sort is Sort.MEMBER and value:
            return [self._argument(formal, one, place) for one in value]
        raise Malformed(f"one value is needed instead of a list of {len(value)}", place=place)

    def _argument(self, formal: Argument, value: object, place: str) -> str:
        if isinstance(value, dict) and isinstance(value.get("@value"), str):
            value = value["@value"]
        if formal.sort is not Sort.TIME:
            return self._expand(value, place)
        if not isinstance(value, str) or instant_of(value) is None:
            raise Malformed(f"{_told(value)} is no xsd:dateTime that can be kept", place=place)
        return value

    def _attributes(self, key: str, value: object, place: str) -> Iterator[Attribute]:
        uri = _TERMS.get(_term(key)) or self._expand(key, place)
        for one in value if isinstance(value, list) else [value]:
            yield self._attribute(uri, one, place)

    def _attribute(self, key: str, value: object, place: str) -> Attribute:
        if isinstance(value, str) and key in _NAMING:
            return self._naming(key, value, place)
        if not isinstance(value, dict):
            return self._plain(key, value, place)
        if "@id" in value:
            return self._naming(key, value["@id"], place)
        return self._typed(self._plain(key, value.get("@value"), place), value, place)

    def _typed(self, plain: Attribute, value: Mapping[str, Any], place: str) -> Attribute:
        """Give an attribute its language or its type."""
        language, given = value.get("@language"), value.get("@type")
        if isinstance(language, str):
            return plain._replace(type=None, lang=self._clean(language, place))
        datatype = plain.type if given is None else self._expand(given, place)
        if datatype in _NAMES:
            return self._naming(plain.key, plain.lexical, place)
        return plain._replace(type=datatype)

    def _plain(self, key: str, value: object, place: str) -> Attribute:
        if isinstance(value, str):
            return Attribute(key, self._clean(value, place))
        if isinstance(value, bool):
            return Attribute(key, "true" if value else "false", f"{XSD}boolean")
        if isinstance(value, _Number):
            return Attribute(key, value.lexical, value.type)
        raise Malformed(f"a text, a number, a truth value or a '@value' is needed, not {_told(value)}", place=place)

    def _naming(self, key: str, value: object, place: str) -> Attribute:
        """Give an attribute whose value is a name; one that nobody can resolve stays as it is written."""
        uri = self._known(value)
        if uri is None and isinstance(value, str):
            return Attribute(key, self._clean(value, place), _NAME)
        return Attribute(key, self._expand(value, place), QNAME)

    def _expand(self, value: object, place: str) -> str:
        if isinstance(value, dict) and len(value) == 1:
            value = value.get("@id")
        uri = self._known(value)
        if uri is not None:
            return self._clean(uri, place)
        if not isinstance(value, str) or not value:
            raise Malformed(f"a name is needed instead of {_told(value)}", place=place)
        prefix, colon, _ = value.partition(":")
        missing = f"the prefix {shown(prefix)!r}" if colon else "'@vocab'"
        raise Malformed(f"{shown(value)!r} needs {missing} in the @context", place=place)

    def _known(self, value: object) -> str | None:
        """Give the URI of a name, None where its prefix is declared nowhere."""
        if not isinstance(value, str) or not value:
            return None
        prefix, colon, local = value.partition(":")
        namespace = self._scope.get(prefix if colon else DEFAULT)
        if value.startswith(BLANK):
            return value
        if namespace is not None:
            return namespace + (local if colon else value)
        return value if local.startswith("//") and is_uri(value) else None

    def _clean(self, text: str, place: str) -> str:
        """Give a text that can be kept."""
        if _NO_TEXT.search(text):
            raise Malformed("a text with the character 0 or half a surrogate pair can't be kept", place=place)
        return text


def _term(value: object) -> str:
    return value.removeprefix("prov:") if isinstance(value, str) else ""
