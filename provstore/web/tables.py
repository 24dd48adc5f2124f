"""Rows of one dataclass as a table to be kept: CSV or VOTable, streamed row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from typing import Final

from flask import Response, stream_with_context

from provstore.errors import Invalid
from provstore.export.escapes import xml_attribute, xml_text
from provstore.web.answers_json import answer_json, rows_csv

__all__ = ["FORMATS", "rows_votable", "send_table"]

_HEAD: Final = """\
<?xml version="1.0" encoding="UTF-8"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">
<RESOURCE type="results">
<INFO name="QUERY_STATUS" value="OK"/>
"""
_FOOT: Final = "</TABLEDATA>\n</DATA>\n</TABLE>\n</RESOURCE>\n</VOTABLE>\n"
_TEXT: Final = 'datatype="unicodeChar" arraysize="*"'
_COLUMNS: Final = {
    "id": f'{_TEXT} ucd="meta.id;meta.main"',
    "label": f'{_TEXT} ucd="meta.title"',
    "distance": 'datatype="long" ucd="meta.number"',
    "size": 'datatype="long" unit="byte" ucd="phys.size;meta.file"',
    "generated_at": f'{_TEXT} xtype="timestamp" ucd="time.creation"',
    "job": f'{_TEXT} ucd="meta.id"',
    "owner": f'{_TEXT} ucd="meta.id"',
    "owner_name": f'{_TEXT} ucd="meta.id;meta.curation"',
    "location": f'{_TEXT} ucd="meta.ref.url"',
}
"""Column -> what a VOTable says of it; every other one is a text."""


def rows_votable(rows: Iterable[object], *, name: str, columns: Iterable[str]) -> Iterator[str]:
    """Give rows as a VOTable, piece by piece; what is not known is null."""
    names = [one.rstrip("_") for one in columns]
    yield f'{_HEAD}<TABLE name="{xml_attribute(name)}">\n'
    yield from (f'<FIELD name="{xml_attribute(one)}" {_COLUMNS.get(one, _TEXT)}/>\n' for one in names)
    yield "<DATA>\n<TABLEDATA>\n"
    for row in rows:
        told = answer_json(row)
        yield "".join(("<TR>", *(f"<TD>{xml_text(_cell(told[one]))}</TD>" for one in names), "</TR>\n"))
    yield _FOOT


def _cell(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


def _csv(rows: Iterable[object], _: str, __: type) -> Iterator[str]:
    return rows_csv(rows)


def _votable(rows: Iterable[object], name: str, of: type) -> Iterator[str]:
    return rows_votable(rows, name=name, columns=[one.name for one in fields(of)])


Write = Callable[[Iterable[object], str, type], Iterator[str]]

FORMATS: Final[dict[str, tuple[Write, str, str]]] = {
    "csv": (_csv, "text/csv; charset=utf-8; header=present", ".csv"),
    "votable": (_votable, "application/x-votable+xml", ".vot"),
}
"""Name of a format -> what writes it, its media type and the end of a file's name."""


def send_table(rows: Iterable[object], *, of: type, form: str, name: str) -> Response:
    """Send rows of a dataclass as a file, while they are found.

    Raises:
        Invalid: there is no such format.
    """
    if form not in FORMATS:
        raise Invalid(f"format={form!r}: {' or '.join(FORMATS)} is needed", field="format", value=form)
    write, media_type, suffix = FORMATS[form]
    response = Response(stream_with_context(write(rows, name, of)), content_type=media_type)
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}{suffix}")
    return response
