"""What is shown of a file, as values: a table's first rows, the parts of a FITS file, text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

__all__ = ["CUTS", "ROWS", "SIZES", "STRETCHES", "Choice", "Column", "Fits", "Hdu", "Table", "fits_of", "table_of"]

ROWS: Final = 20
"""Rows of a table that are shown."""

STRETCHES: Final = ("linear", "sqrt", "log", "asinh")
CUTS: Final = ("100", "99.9", "99.5", "99", "98", "95", "90")
"""Percentages of a picture's values that get a shade of their own."""

SIZES: Final = (16, 2048)
"""Pixels of a picture's longer side: from, to."""


class Column(NamedTuple):
    """A column of a table; its unit may be ""."""

    name: str
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The first rows of a table. ``total``: how many there are, where that is known without reading them all."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int | None = None
    left_out: int = 0
    """Columns that are not shown."""


class Hdu(NamedTuple):
    """A part of a FITS file: its number, name, type and size in words."""

    number: int
    name: str
    type: str
    shape: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fits:
    """The parts of a FITS file, and what the chosen one holds: its header, and a picture or a table.

    ``planes`` is 0 where there is no picture, else how many pictures lie above each other.
    """

    hdus: tuple[Hdu, ...]
    chosen: int
    header: tuple[tuple[str, str, str], ...]
    planes: int = 0
    table: Table | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What of a file is looked at, and how. ``hdu`` None: the first that has something to see."""

    hdu: int | None = None
    plane: int = 0
    stretch: str = "linear"
    cut: str = "99.5"
    size: int = 320


def table_of(told: Mapping[str, Any]) -> Table:
    """Read a table from what the reading process tells."""
    return Table(
        columns=tuple(Column(*map(str, one)) for one in told["columns"]),
        rows=tuple(tuple(map(str, row)) for row in told["rows"]),
        total=told["total"],
        left_out=told["left_out"],
    )


def fits_of(told: Mapping[str, Any]) -> Fits:
    """Read the facts of a FITS file from what the reading process tells."""
    return Fits(
        hdus=tuple(Hdu(*one) for one in told["hdus"]),
        chosen=told["chosen"],
        header=tuple((str(key), str(value), str(comment)) for key, value, comment in told["header"]),
        planes=told["planes"],
        table=None if told["table"] is None else table_of(told["table"]),
    )
