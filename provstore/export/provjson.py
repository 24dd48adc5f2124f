"""PROV-JSON (W3C member submission 2013): one object for each kind of record, members by id."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from itertools import count, groupby
from typing import BinaryIO, Final

from provstore.export.dialects import W3C, Dialect
from provstore.export.document import Document
from provstore.export.escapes import json_string
from provstore.export.names import PROV, QNAME, XSD, Namespaces, Speller
from provstore.export.records import BUNDLE, FORMALS, Literal, Record
from provstore.export.spool import Spool
from provstore.export.statements import statements

__all__ = ["write", "write_records"]

_PREDEFINED: Final = frozenset({"prov", "xsd"})
_STRAYS: Final = frozenset(PROV + name for names in FORMALS.values() for name in names)
"""Arguments of some kind of record. Where one stands as an attribute of another kind, readers want it bare, too."""
_TIME: Final = f"{XSD}dateTime"


def write(document: Document, out: BinaryIO) -> None:
    """Write a document as PROV-JSON."""
    write_records(statements(document), Namespaces.of(document), out)


def write_records(records: Iterable[Record], namespaces: Namespaces, out: BinaryIO, *, dialect: Dialect = W3C) -> None:
    """Write any stream of records as PROV-JSON.

    Relations that have an id are held until the end: the notation wants all records of one id in one place.
    """
    with ExitStack() as stack:
        members = _Members(namespaces, dialect)
        bundles: dict[str | None, _Body] = {None: _Body(stack, dialect)}
        for record in records:
            body = bundles.get(record.bundle)
            if body is None:
                body = bundles[record.bundle] = _Body(stack, dialect)
            if record.kind != BUNDLE:
                body.add(record.kind, *members.of(record))
        heads = {bundle: members.name[bundle] for bundle in bundles if bundle is not None}
        prefixes = [pair for pair in namespaces.used() if pair[0] not in _PREDEFINED]
        declared = ", ".join(f"{json_string(prefix)}: {json_string(uri)}" for prefix, uri in prefixes)
        out.write(f'{{\n"prefix": {{{declared}}}'.encode())
        bundles.pop(None).pour(out, ",\n")
        for place, (bundle, body) in enumerate(bundles.items()):
            before = "," if place else ',\n"bundle": {'
            out.write(f"{before}\n{heads[bundle or '']}: {{".encode())
            body.pour(out, "\n")
            out.write(b"}")
        out.write(b"\n}\n}\n" if heads else b"\n}\n")


class _Body:
    """The sections of a document or bundle."""

    def __init__(self, stack: ExitStack, dialect: Dialect) -> None:
        self._stack = stack
        self._dialect = dialect
        self._sections: dict[str, _Section] = {}

    def add(self, kind: str, name: str | None, content: str) -> None:
        """Put a record into its section."""
        section = self._sections.get(kind)
        if section is None:
            section = self._sections[kind] = _Section(self._stack.enter_context(Spool()))
        if kind in self._dialect.elements:
            section.add_element(name or "", content)
        else:
            section.add_relation(name, content)

    def pour(self, out: BinaryIO, before: str) -> None:
        """Write all sections, with a separator before the first."""
        for kind in self._dialect.arguments:
            if kind in self._sections:
                out.write(f'{before}"{kind}": {{'.encode())
                self._sections[kind].pour(out)
                out.write(b"\n}")
                before = ",\n"


class _Section:
    """The members of one object: elements as they come, relations numbered, named relations last."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._numbers = count(1)
        self._comma = ""
        self._open: tuple[str, list[str]] = ("", [])
        self._named: dict[str, list[str]] = {}

    def add_element(self, name: str, content: str) -> None:
        """Put an element; those of one id follow each other and become one list."""
        if name != self._open[0]:
            self._close()
            self._open = (name, [])
        self._open[1].append(content)

    def add_relation(self, name: str | None, content: str) -> None:
        """Put a relation under its id, or under the next blank one."""
        if name is None:
            self._put(f'"_:r{next(self._numbers)}"', content)
        else:
            self._named.setdefault(name, []).append(content)

    def pour(self, out: BinaryIO) -> None:
        """Write the members."""
        self._close()
        for name, contents in self._named.items():
            self._put(name, _value(contents))
        self._spool.pour(out)

    def _close(self) -> None:
        name, contents = self._open
        if contents:
            self._put(name, _value(contents))

    def _put(self, name: str, content: str) -> None:
        self._spool.add(f"{self._comma}\n{name}: {content}")
        self._comma = ","


def _value(contents: list[str]) -> str:
    return contents[0] if len(contents) == 1 else f"[{', '.join(contents)}]"


class _Members:
    """A name and an object for each record."""

    def __init__(self, namespaces: Namespaces, dialect: Dialect) -> None:
        self.name = Speller(namespaces, lambda prefix, local: json_string(f"{prefix}:{local}"))
        self._keys = Speller(namespaces, lambda prefix, local: f"{json_string(f'{prefix}:{local}')}: ")
        self._arguments = {
            kind: tuple((self._keys[argument], argument in dialect.times) for argument in arguments)
            for kind, arguments in dialect.arguments.items()
        }
        self._name_type = json_string(dialect.name_type)

    def of(self, record: Record) -> tuple[str | None, str]:
        """Give the quoted name, None for an anonymous relation, and the object."""
        kind, record_id, arguments, attributes, _ = record
        name = self.name
        parts = [
            f'{key}"{value}"' if is_time else key + name[value]
            for (key, is_time), value in zip(self._arguments[kind], arguments, strict=False)
            if value is not None
        ]
        if attributes:
            parts += self._attributes(attributes)
        return None if record_id is None else name[record_id], f"{{{', '.join(parts)}}}"

    def _attributes(self, attributes: tuple[Literal, ...]) -> list[str]:
        keys, typed = self._keys, self._typed
        parts: list[str] = []
        last = ""
        for key, lexical, datatype, language in attributes:
            if key == last:
                return self._grouped(attributes)
            last = key
            plain = datatype is None and language is None
            parts.append(keys[key] + (json_string(lexical) if plain else typed(key, lexical, datatype, language)))
        return parts

    def _grouped(self, attributes: tuple[Literal, ...]) -> list[str]:
        return [
            self._keys[key] + _value([self._typed(*one) for one in group])
            for key, group in groupby(attributes, key=lambda one: one[0])
        ]

    def _typed(self, key: str, lexical: str, datatype: str | None, language: str | None) -> str:
        is_stray = key in _STRAYS
        if (datatype is None and language is None) or (is_stray and datatype == _TIME):
            return json_string(lexical)
        if language is not None:
            return f'{{"$": {json_string(lexical)}, "lang": {json_string(language)}}}'
        if datatype == QNAME:
            name = self.name[lexical]
            return name if is_stray else f'{{"$": {name}, "type": {self._name_type}}}'
        return f'{{"$": {json_string(lexical)}, "type": {self.name[datatype or ""]}}}'
