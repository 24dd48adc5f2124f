"""VOTable 1.4: the IVOA model as tables, serialisation ``provstore-1`` (docs/formats.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from provstore.export.document import Document
from provstore.export.escapes import encode, instant, xml_attribute, xml_text
from provstore.export.names import PROV, XSD, Namespaces
from provstore.export.records import BUNDLE, FORMALS, TIMES, Record
from provstore.export.statements import ANSWER, statements
from provstore.export.votable_rows import rows
from provstore.export.votable_tables import TABLES, Column, Table
from provstore.graph.statements import instant_of

__all__ = ["write", "write_records"]

_SERIALISATION: Final = "provstore-1"
_HEAD: Final = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">
 <RESOURCE ID="provenance" name="provenance" type="results" utype="voprov:Provenance">
  <DESCRIPTION>Provenance in the IVOA Provenance Data Model 1.0, serialisation {_SERIALISATION}</DESCRIPTION>
"""
_OF_DOCUMENTS: Final = (("model", "W3C"), ("truncated", "false"))
_TEXT: Final = 'datatype="char" arraysize="*"'


def write(document: Document, out: BinaryIO) -> None:
    """Write a document as VOTable; same content, same bytes, whatever the order of nodes and relations."""
    records = (record for record in statements(document) if record.id != ANSWER)
    told = [("restricted", "true")] if document.restricted else []
    told += [("note", note) for note in document.notes]
    information = [("model", str(document.model)), ("truncated", "true" if document.truncated else "false"), *told]
    write_records(records, Namespaces.of(document), out, information=information)


def write_records(
    records: Iterable[Record],
    namespaces: Namespaces,
    out: BinaryIO,
    *,
    information: Iterable[tuple[str, str]] = _OF_DOCUMENTS,
) -> None:
    """Write any stream of records as VOTable, with the INFO elements given; those of a document that was brought."""
    content = rows((_in_utc(record) for record in records if record.kind != BUNDLE), namespaces)
    out.write(_HEAD.encode())
    told = (("serialisation", _SERIALISATION), *information)
    out.writelines(encode(f'  <INFO name="{name}" value="{xml_attribute(value)}"/>\n') for name, value in told)
    out.write(encode("".join(_namespaces(namespaces))))
    for table in TABLES:
        if table.name in content:
            out.write(encode("".join(_table(table, content[table.name]))))
    out.write(b" </RESOURCE>\n</VOTABLE>\n")


def _in_utc(record: Record) -> Record:
    """Give a record with its times as a column of times has them; a text that differs becomes an attribute, too."""
    formals = FORMALS[record.kind]
    if TIMES.isdisjoint(formals):
        return record
    arguments, given = list(record.arguments), list(record.attributes)
    for place, (name, text) in enumerate(zip(formals, record.arguments, strict=False)):
        found = instant_of(text) if text is not None and name in TIMES else None
        if text is not None and found is not None and (written := instant(found)) != text:
            arguments[place] = written
            given.append((PROV + name, text, f"{XSD}dateTime", None))
    return record._replace(arguments=tuple(arguments), attributes=tuple(given))


def _namespaces(namespaces: Namespaces) -> Iterator[str]:
    yield '  <GROUP name="namespaces">\n'
    for prefix, uri in namespaces.used():
        yield f'   <PARAM name="{prefix}" {_TEXT} value="{xml_attribute(uri)}"/>\n'
    yield "  </GROUP>\n"


def _table(table: Table, found: list[tuple[str, ...]]) -> Iterator[str]:
    name = table.name
    yield f'  <TABLE ID="{name}" name="{name}" utype="{table.utype}" nrows="{len(found)}">\n'
    yield from (_field(table, column) for column in table.columns)
    if table.has_id:
        yield f'   <GROUP name="key">\n    <FIELDref ref="{name}.id"/>\n   </GROUP>\n'
    for column in table.columns:
        if column.target:
            yield f'   <GROUP name="foreignKey" utype="{_utype(table, column)}">\n'
            yield f'    <FIELDref ref="{name}.{column.name}"/>\n'
            yield f'    <PARAM name="target" {_TEXT} value="{column.target}.id"/>\n   </GROUP>\n'
    yield "   <DATA>\n    <TABLEDATA>\n"
    for row in found:
        cells = "".join(f"      <TD>{xml_text(text)}</TD>\n" if text else "      <TD/>\n" for text in row)
        yield f"     <TR>\n{cells}     </TR>\n"
    yield "    </TABLEDATA>\n   </DATA>\n  </TABLE>\n"


def _field(table: Table, column: Column) -> str:
    kind = f'{_TEXT} xtype="timestamp"' if column.is_time else 'datatype="unicodeChar" arraysize="*"'
    name = column.name
    return f'   <FIELD ID="{table.name}.{name}" name="{name}" {kind} utype="{_utype(table, column)}"/>\n'


def _utype(table: Table, column: Column) -> str:
    return "prov:Bundle.id" if column.name == "bundle" else f"{table.utype}.{column.name}"
