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

__all__ = ["MOST", "as_json", "as_table", "beginning", "encoding_of"]

MOST: Final = 64 * 1024
"""Bytes of a text that are shown."""

_SPREAD_MOST: Final = 4 * MOST
"""Characters of JSON in lines: what lies in very many brackets would become all indent."""

_MOST_COLUMNS: Final = 60
_LONGEST: Final = 200
_SEPARATORS: Final = (",", "\t", ";", "|", " ")
_ECSV_NAME: Final = re.compile(r"\bname: *('[^']*'|\"[^\"]*\"|[^,}\n]+)")
_ECSV_UNIT: Final = re.compile(r"\bunit: *('[^']*'|\"[^\"]*\"|[^,}\n]+)")


_MARKS: Final = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_NOT_WRITTEN: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f]")
"""Control characters of ISO 8859-1 that no text has; ESC colours what programs print."""


def encoding_of(head: bytes, *, is_cut: bool) -> str:
    """Tell in which encoding bytes are text, "" if they are none; ``is_cut``: the last character may be in part."""
    mark = next((name for mark, name in _MARKS if head.startswith(mark)), "")
    if mark:
        return mark if len(head) > len(_MARKS[0][0]) else ""
    if b"\0" in head:
        return ""
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if not (is_cut and error.start >= len(head) - 3):
            return "" if _NOT_WRITTEN.search(head) else "iso-8859-1"
    return "utf-8"


def beginning(file: Path) -> str:
    """Give the beginning of a file as text; a line that is cut goes where there is another before it."""
    with file.open("rb") as stream:
        read = stream.read(MOST + 1)
    is_cut = len(read) > MOST
    text = read[:MOST].decode(encoding_of(read[:MOST], is_cut=is_cut) or "utf-8", "replace")
    text = text.lstrip("\N{ZERO WIDTH NO-BREAK SPACE}").replace("\r\n", "\n")
    whole, newline, _ = text.rpartition("\n")
    return whole + newline if is_cut and newline else text


def as_json(text: str) -> str:
    """Write JSON in lines; what is none, was cut, or would become far longer, stays as it is."""
    try:
        pieces = json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(json.loads(text))
        spread = "".join(_first(pieces, _SPREAD_MOST + 1))
    except (ValueError, RecursionError):
        return text
    return spread if len(spread) <= _SPREAD_MOST else text


def _first(pieces: Iterator[str], characters: int) -> Iterator[str]:
    """Give pieces until they have so many characters."""
    for piece in pieces:
        yield piece
        characters -= len(piece)
        if characters <= 0:
            return


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
