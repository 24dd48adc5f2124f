"""PROV-N: the notation for people (W3C PROV-N 2013)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import BinaryIO, Final

from provstore.export.document import Document
from provstore.export.escapes import provn_local, provn_string
from provstore.export.names import QNAME, Namespaces, Speller
from provstore.export.records import BUNDLE, ELEMENTS, FORMALS, TIMES, WITHOUT_ATTRIBUTES, Record
from provstore.export.remarks import Remarks
from provstore.export.spool import Bodies
from provstore.export.statements import statements

__all__ = ["write", "write_records"]

_LANGUAGE: Final = re.compile("[A-Za-z]+(?:-[A-Za-z0-9]+)*")
_PREDEFINED: Final = frozenset({"prov", "xsd"})


def write(document: Document, out: BinaryIO) -> None:
    """Write a document as PROV-N."""
    write_records(statements(document), Namespaces.of(document), out)


def write_records(records: Iterable[Record], namespaces: Namespaces, out: BinaryIO) -> None:
    """Write any stream of records as PROV-N."""
    with Bodies() as bodies:
        lines = _Lines(namespaces)
        for record in records:
            body = bodies.of(record.bundle)
            if record.kind != BUNDLE:
                body.add(lines.of(record))
        heads = {bundle: lines.name[bundle] for bundle in bodies.bundles}
        declared = [pair for pair in namespaces.used() if pair[0] not in _PREDEFINED]
        out.write(("document\n" + "".join(f"  prefix {prefix} <{uri}>\n" for prefix, uri in declared) + "\n").encode())
        bodies.document.pour(out)
        for bundle, body in bodies.bundles.items():
            out.write(f"  bundle {heads[bundle]}\n".encode())
            body.pour(out)
            out.write(b"  endBundle\n")
        out.write(b"endDocument\n")


class _Lines:
    """One line for each record."""

    def __init__(self, namespaces: Namespaces) -> None:
        spell = partial(_spelled, namespaces.remarks)
        self.name = Speller(namespaces, spell)
        self._keys = Speller(namespaces, lambda prefix, local: f"{spell(prefix, local)}=")

    def of(self, record: Record) -> str:
        """Write one record."""
        kind, record_id, arguments, attributes, _ = record
        name = self.name
        if kind in ELEMENTS:
            head = f"  {kind}({name[record_id or '']}"
            if kind == "activity" and arguments != (None, None):
                head = f"{head}, {arguments[0] or '-'}, {arguments[1] or '-'}"
        else:
            given = "" if record_id is None or kind in WITHOUT_ATTRIBUTES else f"{name[record_id]}; "
            head = f"  {kind}({given}{self._arguments(kind, arguments)}"
        if not attributes:
            return f"{head})\n"
        keys, typed = self._keys, self._typed
        parts = [
            f"{keys[key]}{provn_string(lexical)}"
            if datatype is None and language is None
            else typed(key, lexical, datatype, language)
            for key, lexical, datatype, language in attributes
        ]
        return f"{head}, [{', '.join(parts)}])\n"

    def _arguments(self, kind: str, arguments: tuple[str | None, ...]) -> str:
        name = self.name
        if len(arguments) == 2:
            first, second = arguments
            return f"{name[first] if first else '-'}, {name[second] if second else '-'}"
        return ", ".join(
            "-" if value is None else value if formal in TIMES else name[value]
            for formal, value in zip(FORMALS[kind], arguments, strict=False)
        )

    def _typed(self, key: str, lexical: str, datatype: str | None, language: str | None) -> str:
        if language is not None and _LANGUAGE.fullmatch(language):
            return f"{self._keys[key]}{provn_string(lexical)}@{language}"
        if datatype == QNAME:
            return f"{self._keys[key]}'{self.name[lexical]}'"
        typed = "" if datatype is None else f" %% {self.name[datatype]}"
        return f"{self._keys[key]}{provn_string(lexical)}{typed}"


def _spelled(remarks: Remarks, prefix: str, local: str) -> str:
    escaped = provn_local(local)
    if escaped.count("%") > local.count("%"):
        remarks.add(f"{prefix}:{local} holds what PROV-N can't: it is percent-encoded")
    return f"{prefix}:{escaped}"
