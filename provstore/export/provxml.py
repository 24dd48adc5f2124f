"""PROV-XML (W3C note 2013), valid by its schema wherever the names allow it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import BinaryIO, Final

from provstore.export.dialects import W3C, Dialect
from provstore.export.document import Document
from provstore.export.escapes import xml_attribute, xml_name, xml_text
from provstore.export.names import NCNAME, PROV, QNAME, XSD, Namespaces, Speller
from provstore.export.records import BUNDLE, WITHOUT_ATTRIBUTES, Record
from provstore.export.remarks import Remarks
from provstore.export.spool import Bodies
from provstore.export.statements import statements

__all__ = ["write", "write_records"]

_DECLARED: Final = {
    "prov": PROV,
    "xsd": XSD.rstrip("#"),  # XML Schema's own namespace has no hash; PROV's other notations put one.
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}


def write(document: Document, out: BinaryIO) -> None:
    """Write a document as PROV-XML."""
    write_records(statements(document), Namespaces.of(document), out)


def write_records(records: Iterable[Record], namespaces: Namespaces, out: BinaryIO, *, dialect: Dialect = W3C) -> None:
    """Write any stream of records as PROV-XML."""
    with Bodies() as bodies:
        elements = _Elements(namespaces, dialect)
        for record in records:
            body = bodies.of(record.bundle)
            if record.kind != BUNDLE:
                body.add(elements.of(record))
        heads = {bundle: elements.name[bundle] for bundle in bodies.bundles}
        declared = sorted({**dict(namespaces.used()), **_DECLARED}.items())
        lines = "".join(f'\n  xmlns:{prefix}="{xml_attribute(uri)}"' for prefix, uri in declared)
        own = elements.prefix
        out.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<{own}:document{lines}>\n'.encode())
        bodies.document.pour(out)
        for bundle, body in bodies.bundles.items():
            out.write(f'<{own}:bundleContent {own}:id="{heads[bundle]}">\n'.encode())
            body.pour(out)
            out.write(f"</{own}:bundleContent>\n".encode())
        out.write(f"</{own}:document>\n".encode())


def _spelled(remarks: Remarks, prefix: str, local: str) -> str:
    """Write a name as it is, also where no split of its URI makes it one of XML; then no schema lets it pass."""
    if not NCNAME.fullmatch(local):
        remarks.add(f"{prefix}:{local} is no name of XML (xs:QName)")
    return xml_attribute(f"{prefix}:{local}")


class _Elements:
    """One XML element for each record."""

    def __init__(self, namespaces: Namespaces, dialect: Dialect) -> None:
        self.prefix = namespaces.split(f"{dialect.namespace}document")[0]
        self.name = Speller(namespaces, partial(_spelled, namespaces.remarks))
        self._tags = Speller(namespaces, lambda prefix, local: f"{prefix}:{xml_name(local)}")
        self._arguments = {
            kind: tuple(
                (f"    <{self._tags[argument]}>", f"</{self._tags[argument]}>\n", True)
                if argument in dialect.times
                else (f'    <{self._tags[argument]} {self.prefix}:ref="', '"/>\n', False)
                for argument in arguments
            )
            for kind, arguments in dialect.arguments.items()
        }

    def of(self, record: Record) -> str:
        """Write one record."""
        kind, record_id, arguments, attributes, _ = record
        name = self.name
        parts = [
            f"{before}{value if is_time else name[value]}{after}"
            for (before, after, is_time), value in zip(self._arguments[kind], arguments, strict=False)
            if value is not None
        ]
        if attributes:
            tags, typed = self._tags, self._typed
            parts += [
                f"    <{tags[key]}>{xml_text(lexical)}</{tags[key]}>\n"
                if datatype is None and language is None
                else typed(tags[key], lexical, datatype, language)
                for key, lexical, datatype, language in attributes
            ]
        given = "" if record_id is None or kind in WITHOUT_ATTRIBUTES else f' {self.prefix}:id="{name[record_id]}"'
        if not parts:
            return f"  <{self.prefix}:{kind}{given}/>\n"
        return f"  <{self.prefix}:{kind}{given}>\n{''.join(parts)}  </{self.prefix}:{kind}>\n"

    def _typed(self, tag: str, lexical: str, datatype: str | None, language: str | None) -> str:
        if language is not None:
            return f'    <{tag} xml:lang="{xml_attribute(language)}">{xml_text(lexical)}</{tag}>\n'
        if datatype == QNAME:
            return f'    <{tag} xsi:type="xsd:QName">{self.name[lexical]}</{tag}>\n'
        return f'    <{tag} xsi:type="{self.name[datatype or ""]}">{xml_text(lexical)}</{tag}>\n'
