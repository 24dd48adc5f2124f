"""Lists of products, read row by row: CSV (RFC 4180), VOTable (TABLEDATA), JSON and JSON lines."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from lxml import etree

from provstore.errors import Malformed, UnsupportedType
from provstore.graph.model import XSD
from provstore.graph.obscore import COLUMNS
from provstore.ingest.json_stream import JsonStream, Real, Whole
from provstore.ingest.problems import shown
from provstore.ingest.products import Cell, Product, product_of

__all__ = ["TABLES", "is_list", "products_of", "table_form"]

_HEAD: Final = 1 << 16
_COLUMNS_MOST: Final = 1_000
_SEPARATORS: Final = ",;\t"
_UTYPES: Final = {column.utype.lower(): name for name, column in COLUMNS.items() if column.utype}
_NUMBERS: Final = {
    **dict.fromkeys(("unsignedByte", "short", "int", "long"), f"{XSD}long"),
    **dict.fromkeys(("float", "double"), f"{XSD}double"),
    "boolean": f"{XSD}boolean",
}
_TRUTHS: Final = {"t": "true", "1": "true", "true": "true", "f": "false", "0": "false", "false": "false"}
_PLACES: Final = frozenset({"location", "url", "uri", "path", "access_url"})
"""Columns by which a table is known for a list of products."""
_NOTHING: Final = frozenset({"", "NaN"})

Rows = Callable[[BinaryIO], Iterator[tuple[str, Iterator[tuple[str, Cell]]]]]
"""Reads a list: for each row its place and its columns."""


def products_of(source: BinaryIO, form: str, *, base: Path | None = None) -> Iterator[Product]:
    """Read a list.

    Args:
        source: At its beginning.
        form: One of `TABLES`.
        base: The folder from which relative paths count; None where only URIs are known.

    Raises:
        Malformed: it can't be read on.
        Invalid: a row is wrong; with its number.
    """
    for place, cells in TABLES[form](source):
        yield product_of(cells, place=place, base=base)


def table_form(content_type: str) -> str:
    """Give the form of a list by its media type.

    Raises:
        UnsupportedType: such lists are not read.
    """
    plain = content_type.partition(";")[0].strip().lower()
    if plain not in _TYPES:
        words = f"a list of type {plain or 'none'!r} is not read; send one of {', '.join(_TYPES)}"
        raise UnsupportedType(words, field="Content-Type", value=plain)
    return _TYPES[plain]


def is_list(file: Path) -> str | None:
    """Tell whether a file is a list of products, and in which form; None for what is a product itself."""
    form = _SUFFIXES.get(file.suffix.lower())
    if form is None:
        return None
    try:
        with file.open("rb") as source:
            head = source.read(_HEAD)
    except OSError:
        return None
    if form == "csv":
        first = head.decode("utf-8-sig", "replace").partition("\n")[0]
        names = next(iter(csv.reader([first], delimiter=_separator(first))), [])
        return form if any(name.strip().lower() in _PLACES for name in names) else None
    marks = (f'name="{one}"' if form == "votable" else f'"{one}"' for one in _PLACES)
    text = head.decode("utf-8", "replace").replace("'", '"').lower()
    return form if any(mark in text for mark in marks) else None


# --- CSV


def _csv_rows(source: BinaryIO) -> Iterator[tuple[str, Iterator[tuple[str, Cell]]]]:
    text = io.TextIOWrapper(source, "utf-8-sig", newline="")
    try:
        first = text.readline()
        text.seek(0)
        rows = csv.reader(text, strict=True, delimiter=_separator(first))
        header = [name.strip() for name in next(_lines(rows), [])]
        _check_header(header)
        for number, row in enumerate(_lines(rows), start=1):
            place = f"row {number} (line {rows.line_num})"
            if len(row) != len(header):
                raise Malformed(f"{len(row)} values where the header names {len(header)} columns", place=place)
            yield place, ((name, Cell(value)) for name, value in zip(header, row, strict=True) if value.strip())
    except UnicodeDecodeError as error:
        raise Malformed(f"this is no UTF-8: {error.reason}", place="the list") from error
    finally:
        text.detach()


def _lines(rows: Any) -> Iterator[Sequence[str]]:
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise Malformed(f"malformed CSV: {error}", place=f"line {rows.line_num}") from error
        if row is None:
            return
        if row:
            yield row


def _separator(line: str) -> str:
    return max(_SEPARATORS, key=line.count)


def _check_header(header: Sequence[str]) -> None:
    if not header:
        raise Malformed(
            "the list is empty; a header of column names and a line for each product are needed", place="line 1"
        )
    name, times = Counter(header).most_common(1)[0]
    if times > 1 or "" in header:
        raise Malformed(f"the header names the column {shown(name)!r} twice, or one not at all", place="line 1")


# --- JSON


def _json_rows(source: BinaryIO) -> Iterator[tuple[str, Iterator[tuple[str, Cell]]]]:
    stream = JsonStream(source)
    if stream.peek() == "[":
        for number, one in enumerate(stream.elements(), start=1):
            yield f"row {number}", _members(one, f"row {number}")
        stream.end()
        return
    number = 0
    while stream.peek():  # one object, or one a line
        number += 1
        place = f"row {number}"
        yield place, _members(stream.value(), place)
    if not number:
        raise Malformed("an object or a list of objects is needed", place="the list")


def _members(value: Any, place: str) -> Iterator[tuple[str, Cell]]:
    if not isinstance(value, tuple):
        raise Malformed(f"{_kind(value)}; an object is needed", place=place)
    for name, inner in value:
        prefix = {"attributes": "attribute.", "obscore": "obscore.", "checksums": "checksums."}.get(name)
        if prefix is not None and isinstance(inner, tuple):
            yield from (
                (f"{prefix}{key}", cell) for key, one in inner for cell in _cells(one, f"{place}, {shown(key)}")
            )
        else:
            yield from ((name, cell) for cell in _cells(inner, f"{place}, {shown(name)}"))


def _cells(value: Any, place: str) -> Iterator[Cell]:
    """Give a value, or the values of a list; nothing for null."""
    for one in value if isinstance(value, list) else (value,):
        if isinstance(one, bool):
            yield Cell("true" if one else "false", f"{XSD}boolean")
        elif isinstance(one, Whole | Real):
            yield Cell(str(one), f"{XSD}{'long' if isinstance(one, Whole) else 'double'}")
        elif isinstance(one, str):
            yield Cell(one, f"{XSD}string")
        elif one is not None:
            raise Malformed(f"{_kind(one)}; a text, number or truth value is needed", place=place)


def _kind(value: Any) -> str:
    return (
        "an object" if isinstance(value, tuple) else "a list" if isinstance(value, list) else f"{shown(str(value))!r}"
    )


# --- VOTable


class _Field(NamedTuple):
    name: str
    type: str | None
    null: str | None


def _votable_rows(source: BinaryIO) -> Iterator[tuple[str, Iterator[tuple[str, Cell]]]]:
    fields: list[_Field] = []
    number = 0
    try:
        for event, element in _events(source):
            tag = str(element.tag).rpartition("}")[2]
            if event == "start":
                _check_serialisation(tag)
            elif tag == "FIELD" and not number:
                fields.append(_field(element, len(fields)))
            elif tag == "TR":
                number += 1
                yield f"row {number}", _values(element, fields, f"row {number}")
                _forget(element)
            elif tag == "TABLE":
                return
    except etree.XMLSyntaxError as error:
        raise Malformed(f"malformed XML: {shown(str(error.msg))}", place=f"line {error.lineno}") from error
    raise Malformed("there is no TABLE in it", place="the VOTable")


def _events(source: BinaryIO) -> Iterator[tuple[str, etree._Element]]:
    return iter(
        etree.iterparse(
            source,
            events=("start", "end"),
            no_network=True,
            resolve_entities=False,
            load_dtd=False,
            remove_comments=True,
            remove_pis=True,
        )
    )


def _check_serialisation(tag: str) -> None:
    if tag in {"BINARY", "BINARY2", "FITS", "PARQUET"}:
        raise Malformed(f"its rows are {tag}; TABLEDATA is read here", place="the VOTable")


def _field(element: etree._Element, before: int) -> _Field:
    if before >= _COLUMNS_MOST:
        raise Malformed(f"it has more than {_COLUMNS_MOST} columns", place="the VOTable")
    utype = (element.get("utype") or "").rpartition(":")[2].lower()
    name = _UTYPES.get(utype) or element.get("name") or element.get("ID") or f"column {before + 1}"
    plain = element.get("arraysize") in {None, "1"}
    null = next((one.get("null") for one in element if str(one.tag).endswith("VALUES")), None)
    return _Field(name, _NUMBERS.get(element.get("datatype") or "") if plain else None, null)


def _values(row: etree._Element, fields: Sequence[_Field], place: str) -> Iterator[tuple[str, Cell]]:
    texts = ["".join(str(part) for part in cell.itertext()) for cell in row]
    if len(texts) != len(fields):
        raise Malformed(f"{len(texts)} values where {len(fields)} FIELDs are declared", place=place)
    found = []
    for one, text in zip(fields, texts, strict=True):
        plain = text.strip()
        if plain not in _NOTHING and plain != one.null:
            is_truth = one.type == f"{XSD}boolean"
            found.append(
                (one.name, Cell(_TRUTHS.get(plain.lower(), plain) if is_truth else text, one.type or f"{XSD}string"))
            )
    return iter(found)


def _forget(element: etree._Element) -> None:
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


TABLES: Final[Mapping[str, Rows]] = {"csv": _csv_rows, "json": _json_rows, "votable": _votable_rows}
_TYPES: Final = {
    "text/csv": "csv",
    "application/json": "json",
    "application/x-ndjson": "json",
    "application/x-votable+xml": "votable",
    "text/xml": "votable",
    "application/xml": "votable",
}
_SUFFIXES: Final = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".ndjson": "json",
    ".jsonl": "json",
    ".vot": "votable",
    ".xml": "votable",
    ".votable": "votable",
}
