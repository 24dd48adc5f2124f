"""PROV-JSON (W3C member submission 2013), read strictly: what is wrong is told with its place, the rest is taken."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any, Final, NamedTuple

from provstore.errors import Invalid, TooLarge
from provstore.graph.model import PROV, QNAME, XSD, Attribute
from provstore.ingest.prefixes import Prefixes, is_uri
from provstore.ingest.statements import (
    ARGUMENTS,
    Argument,
    Problem,
    ReadDocument,
    Sort,
    Statement,
    instant_of,
    shown,
)

__all__ = ["MOST_BYTES", "MOST_RECORDS", "read_provjson"]

MOST_BYTES: Final = 4 << 20
MOST_RECORDS: Final = 10_000

_SPELLINGS: Final = {"wasEndedby": "wasEndedBy"}
"""As the schema of the submission has it."""
_NAME_TYPES: Final = frozenset({QNAME, f"{PROV}QUALIFIED_NAME"})
_TEXT_IN_A_LANGUAGE: Final = f"{PROV}InternationalizedString"
_NO_TEXT: Final = re.compile("[\x00\ud800-\udfff]")
"""What JSON may hold and no store can keep."""
_INT_BOUND, _LONG_BOUND = 1 << 31, 1 << 63
_DIGITS_OF_LONG: Final = 20
_DOUBLES: Final = {"NaN": "NaN", "Infinity": "INF", "-Infinity": "-INF"}
_LITERAL: Final = frozenset({"$", "type", "lang"})


class _Number(NamedTuple):
    """A number as it was written."""

    lexical: str
    type: str


class _Object(dict[str, Any]):
    """An object, and which of its members stand in it twice."""

    repeated: tuple[str, ...] = ()


class _WrongError(Exception):
    """A part can't be read; the message says why."""


def read_provjson(
    data: bytes,
    *,
    unqualified: str,
    known: Mapping[str, str] | None = None,
    most: int = MOST_RECORDS,
) -> ReadDocument:
    """Read a document of PROV-JSON.

    Args:
        data: Its bytes.
        unqualified: The namespace of names without prefix, where the document declares no default.
        known: Prefixes that need no declaration; the document's own come first.
        most: At most so many records are taken.

    Raises:
        TooLarge: more than `MOST_BYTES`.
        Invalid: it is no JSON, or no object.
    """
    if len(data) > MOST_BYTES:
        raise TooLarge(f"{len(data)} bytes; at most {MOST_BYTES} are read")
    document = _parse(data)
    problems: list[Problem] = []
    declared = {**(known or {}), **_declared(document.get("prefix", {}), problems, "prefix")}
    prefixes = Prefixes(declared, unqualified=unqualified)
    reader = _Reader(prefixes, problems, most)
    reader.read(document, "", "")
    return reader.document()


def _parse(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(
            data,
            parse_int=_whole,
            parse_float=lambda text: _Number(text, f"{XSD}double"),
            parse_constant=lambda text: _Number(_DOUBLES[text], f"{XSD}double"),
            object_pairs_hook=_object,
        )
    except (ValueError, RecursionError) as error:
        raise Invalid(f"no JSON: {error}") from error
    if not isinstance(found, dict):
        raise Invalid("an object is needed")
    return found


def _object(pairs: Sequence[tuple[str, Any]]) -> _Object:
    found = _Object((_clean(name), value) for name, value in pairs)
    if len(found) < len(pairs):
        counted = Counter(_clean(name) for name, _ in pairs)
        found.repeated = tuple(name for name, count in counted.items() if count > 1)
    return found


def _whole(text: str) -> _Number:
    value = int(text) if len(text) <= _DIGITS_OF_LONG else _LONG_BOUND
    if -_INT_BOUND <= value < _INT_BOUND:
        return _Number(text, f"{XSD}int")
    return _Number(text, f"{XSD}long" if -_LONG_BOUND <= value < _LONG_BOUND else f"{XSD}integer")


def _clean(text: str) -> str:
    return _NO_TEXT.sub("\ufffd", text)


def _declared(given: object, problems: list[Problem], place: str) -> dict[str, str]:
    if not isinstance(given, dict):
        problems.append(Problem(place, "an object of prefixes and namespaces is needed"))
        return {}
    found: dict[str, str] = {}
    for prefix, uri in given.items():
        if isinstance(uri, str) and is_uri(uri):
            found[prefix] = uri
        else:
            problems.append(Problem(f"{place}.{shown(prefix)}", f"{_told(uri)} is no absolute URI"))
    return found


def _told(value: object) -> str:
    """Show any value of a document in a message."""
    if isinstance(value, str):
        return repr(shown(value))
    if isinstance(value, _Number):
        return shown(value.lexical)
    return {list: "a list", _Object: "an object", bool: str(value).lower()}.get(type(value), "null")


class _Reader:
    """One pass over the sections of a document and its bundles."""

    def __init__(self, prefixes: Prefixes, problems: list[Problem], most: int) -> None:
        self._outer = self._prefixes = prefixes
        self._problems = problems
        self._most = most
        self._count = self._left = 0
        self._statements: list[Statement] = []

    def read(self, document: Mapping[str, Any], bundle: str, place: str) -> None:
        """Read what a document, or a bundle, says."""
        self._tell_repeated(document, place or "document")
        for name, content in document.items():
            kind = _SPELLINGS.get(name, name)
            where = f"{place}{shown(name)}"
            if name == "prefix":
                continue
            if name == "bundle" and not bundle:
                self._bundles(self._members(content, where))
            elif kind in ARGUMENTS:
                self._section(kind, self._members(content, where), bundle, where)
            else:
                self._problems.append(Problem(where, "this section is not read"))

    def document(self) -> ReadDocument:
        """Give what was read."""
        problems = list(self._problems)
        if self._left:
            problems.append(Problem("document", f"only the first {self._most} records were read"))
        for prefix, name in self._outer.undeclared.items():
            problems.append(Problem("prefix", f"{shown(prefix)!r} is declared nowhere (as in {shown(name)!r})"))
        return ReadDocument(
            statements=tuple(self._statements),
            prefixes=self._outer.declared,
            locals=self._outer.locals,
            problems=tuple(problems),
        )

    def _tell_repeated(self, found: Mapping[str, Any], place: str) -> None:
        if isinstance(found, _Object) and found.repeated:
            names = ", ".join(repr(shown(name)) for name in found.repeated[:5])
            self._problems.append(Problem(place, f"{names} stands there twice; only the last was read"))

    def _members(self, content: object, place: str) -> Mapping[str, Any]:
        if not isinstance(content, dict):
            self._problems.append(Problem(place, "an object is needed"))
            return {}
        self._tell_repeated(content, place)
        return content

    def _bundles(self, bundles: Mapping[str, Any]) -> None:
        for name, content in bundles.items():
            place = f"bundle.{shown(name)}"
            members = self._members(content, place)
            declared = _declared(members.get("prefix", {}), self._problems, f"{place}.prefix")
            uri = self._outer.expand(name)
            self._prefixes = self._outer.inner(declared)
            self.read(members, uri, f"{place}.")
            self._prefixes = self._outer

    def _section(self, kind: str, members: Mapping[str, Any], bundle: str, place: str) -> None:
        for name, content in members.items():
            several = isinstance(content, list)
            for number, facts in enumerate(content if several else [content], start=1):
                if self._count >= self._most:
                    self._left += 1
                    continue
                where = f"{place}.{shown(name)}[{number}]" if several else f"{place}.{shown(name)}"
                if not isinstance(facts, dict):
                    self._problems.append(Problem(where, "an object, or a list of objects, is needed"))
                    continue
                self._tell_repeated(facts, where)
                found = tuple(islice(self._record(kind, name, facts, bundle, where), self._most - self._count + 1))
                self._left += self._count + len(found) > self._most
                self._statements.extend(found[: self._most - self._count])
                self._count += max(1, len(found))

    def _record(self, kind: str, name: str, facts: Mapping[str, Any], bundle: str, place: str) -> Iterator[Statement]:
        """Give one statement; of a membership of several entities one each."""
        formals = {PROV + one.name: one for one in ARGUMENTS[kind]}
        arguments: dict[str, list[str]] = {}
        attributes: list[Attribute] = []
        for key, value in facts.items():
            if not key:
                self._problems.append(Problem(place, "an attribute needs a name"))
                continue
            uri = self._prefixes.expand(key)
            try:
                if uri in formals:
                    arguments[formals[uri].name] = self._argument(formals[uri], value)
                else:
                    attributes.extend(self._attributes(uri, value))
            except _WrongError as error:
                self._problems.append(Problem(place, f"{shown(key)} {error}"))
        record_id = self._prefixes.expand(name)
        for values in product(*arguments.values()):
            yield Statement(
                kind=kind,
                id=record_id,
                arguments=dict(zip(arguments, values, strict=True)),
                attributes=tuple(attributes),
                bundle=bundle,
                place=place,
            )

    def _argument(self, argument: Argument, value: object) -> list[str]:
        values = value if isinstance(value, list) else [value]
        if argument.sort is not Sort.MEMBER and len(values) != 1:
            raise _WrongError(f"needs one value, not {len(values)}")
        return [self._one_argument(argument, one) for one in values]

    def _one_argument(self, argument: Argument, value: object) -> str:
        if isinstance(value, dict):
            value = value.get("$")
        if not isinstance(value, str) or not value:
            right = "a time" if argument.sort is Sort.TIME else "a name"
            raise _WrongError(f"is {_told(value)}; {right} is needed")
        if argument.sort is not Sort.TIME:
            return self._prefixes.expand(_clean(value))
        if instant_of(value) is None:
            raise _WrongError(f"{_told(value)} is no xsd:dateTime that can be kept")
        return value

    def _attributes(self, key: str, value: object) -> Iterator[Attribute]:
        for one in value if isinstance(value, list) else [value]:
            yield self._literal(key, one)

    def _literal(self, key: str, value: object) -> Attribute:
        if isinstance(value, str):
            return Attribute(key, _clean(value))
        if isinstance(value, bool):
            return Attribute(key, "true" if value else "false", f"{XSD}boolean")
        if isinstance(value, _Number):
            return Attribute(key, value.lexical, value.type)
        if isinstance(value, dict):
            return self._typed(key, value)
        raise _WrongError(f"is {_told(value)}; a text, a number, a truth value or a literal is needed")

    def _typed(self, key: str, value: Mapping[str, Any]) -> Attribute:
        """Read ``{"$": text, "type": name, "lang": language}``."""
        plain = value.get("$")
        further = (value.get("type"), value.get("lang"))
        if isinstance(plain, dict | list) or plain is None or not _LITERAL.issuperset(value):
            raise _WrongError(f"is {_told(value)}; a literal has $, type and lang")
        if not all(one is None or isinstance(one, str) for one in further):
            raise _WrongError(f"is {_told(value)}; type and lang must be texts")
        lexical = self._literal(key, plain)
        name, language = further
        datatype = self._prefixes.expand(_clean(name)) if name else lexical.type
        if datatype in _NAME_TYPES:
            return Attribute(key, self._prefixes.expand(lexical.lexical), QNAME)
        if datatype == _TEXT_IN_A_LANGUAGE:
            datatype = None
        return Attribute(key, lexical.lexical, datatype, _clean(language) if language else None)
