"""The first rows of a VOTable, read from its beginning: how long it is does not matter, unless it is packed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from astropy.io import votable
from lxml import etree

from provstore.web.previews.looks import ROWS

__all__ = ["votable_rows"]

_MOST_COLUMNS: Final = 60
_LONGEST: Final = 200
_PACKED_MOST: Final = 32 << 20
"""Bytes of a file whose table is packed (BINARY, FITS): it is read whole."""

_PACKED: Final = frozenset({"BINARY", "BINARY2", "FITS", "PARQUET"})
_ENDS: Final = frozenset({"TABLEDATA", "TABLE", "VOTABLE"})


class _PackedError(Exception):
    """The rows are not written as XML."""


def votable_rows(file: Path) -> bytes:
    """Tell of the first table as JSON: its columns with units, and the first rows.

    Raises:
        ValueError: there is no table, or it is packed in too large a file.
    """
    try:
        told = _of_xml(file)
    except _PackedError as error:
        if file.stat().st_size > _PACKED_MOST:
            raise ValueError(f"its rows are packed, and the file has more than {_PACKED_MOST} bytes") from error
        told = _of_packed(file)
    return json.dumps(told).encode()


def _of_xml(file: Path) -> dict[str, Any]:
    columns: list[tuple[str, str]] = []
    rows: list[list[str]] = []
    total: int | None = None
    for event, name, element in _elements(file):
        if event == "start" and name == "TABLE":
            declared = element.get("nrows", "")
            total = int(declared) if declared.isascii() and declared.isdecimal() else None
        elif event == "start" and name in _PACKED:
            raise _PackedError
        elif event == "end" and name == "FIELD":
            columns.append((element.get("name") or element.get("ID") or "?", element.get("unit") or ""))
        elif event == "end" and name == "TR":
            rows.append([_text(cell) for cell in islice(element, _MOST_COLUMNS)])
            element.clear()
        if len(rows) == ROWS or (event == "end" and name in _ENDS):
            break
    if not columns:
        raise ValueError("there is no table in it")
    return _told(columns, rows, len(rows) if total is None and len(rows) < ROWS else total)


def _elements(file: Path) -> Iterator[tuple[str, str, Any]]:
    options: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    with file.open("rb") as stream:
        for event, element in etree.iterparse(stream, events=("start", "end"), **options):
            if isinstance(element.tag, str):
                yield event, etree.QName(element).localname, element


def _text(cell: Any) -> str:
    return "".join(cell.itertext()).strip()[:_LONGEST]


def _of_packed(file: Path) -> dict[str, Any]:
    table = votable.parse(file, verify="ignore", invalid="mask").get_first_table()
    columns = [(str(one.name or one.ID), str(one.unit or "")) for one in table.fields]
    rows = [[str(value)[:_LONGEST] for value in islice(row, _MOST_COLUMNS)] for row in table.array[:ROWS]]
    return _told(columns, rows, len(table.array))


def _told(columns: list[tuple[str, str]], rows: list[list[str]], total: int | None) -> dict[str, Any]:
    shown = columns[:_MOST_COLUMNS]
    return {"columns": shown, "rows": rows, "total": total, "left_out": len(columns) - len(shown)}
