"""Text of files: the beginning, JSON in lines, CSV and ECSV as a table."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from provstore.web.previews.looks import ROWS, Column, Table

__all__ = ["MOST", "as_json", "as_table", "beginning"]

MOST: Final = 64 * 1024
"""Bytes of a text that are shown."""

_MOST_COLUMNS: Final = 60
_LONGEST: Final = 200
_SEPARATORS: Final = (",", "\t", ";", "|", " ")
_ECSV_NAME: Final = re.compile(r"\bname: *('[^']*'|\"[^\"]*\"|[^,}\n]+)")
_ECSV_UNIT: Final = re.compile(r"\bunit: *('[^']*'|\"[^\"]*\"|[^,}\n]+)")


def beginning(file: Path) -> str:
    """Give the beginning of a file as text; a line that is cut goes where there is another before it."""
    with file.open("rb") as stream:
        read = stream.read(MOST + 1)
    text = read[:MOST].decode("utf-8", "replace").lstrip("\N{ZERO WIDTH NO-BREAK SPACE}").replace("\r\n", "\n")
    whole, newline, _ = text.rpartition("\n")
    return whole + newline if len(read) > MOST and newline else text


def as_json(text: str) -> str:
    """Write JSON in lines; what is none, or was cut, stays as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def as_table(text: str) -> Table | None:
    """Read the first rows of CSV, TSV or ECSV; None for what has but one column."""
    lines = text.split("\n")
    said = [one for one in lines if one.startswith("#")]
    data = "\n".join(one for one in lines if one.strip() and not one.startswith("#"))
    separator = _separator(data.partition("\n")[0])
    if separator is None:
        return None
    head, *rows = islice(_rows(data, separator), ROWS + 1)
    units = _units(said)
    return Table(
        columns=tuple(Column(name, units.get(name, "")) for name in head[:_MOST_COLUMNS]),
        rows=tuple(tuple(cell[:_LONGEST] for cell in row[:_MOST_COLUMNS]) for row in rows),
        left_out=max(0, len(head) - _MOST_COLUMNS),
    )


def _separator(head: str) -> str | None:
    return next((one for one in _SEPARATORS if one in head.strip()), None)


def _rows(data: str, separator: str) -> Iterator[list[str]]:
    reader = csv.reader(data.split("\n"), delimiter=separator, skipinitialspace=True)
    try:
        yield from reader
    except csv.Error:  # a cell beyond all measure: what came before it is shown
        return


def _units(said: list[str]) -> dict[str, str]:
    """Read the units of columns from the comments of an ECSV file."""
    found = ((_ECSV_NAME.search(one), _ECSV_UNIT.search(one)) for one in said if one.startswith("# - {"))
    return {name[1].strip(" '\""): unit[1].strip(" '\"") for name, unit in found if name and unit}
