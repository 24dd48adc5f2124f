"""The parts of a FITS file, the header of one, and its table's first rows."""

from __future__ import annotations

import json
from itertools import islice
from math import prod
from pathlib import Path
from typing import Any, Final

from astropy.io import fits

from provstore.web.previews.looks import ROWS

__all__ = ["chosen_hdu", "fits_facts", "open_fits", "planes_of"]

_MOST_HDUS: Final = 200
_MOST_CARDS: Final = 1000
_MOST_COLUMNS: Final = 60
_LONGEST: Final = 200
_SHOWN_ITEMS: Final = 8
_IMAGES: Final = (fits.PrimaryHDU, fits.ImageHDU, fits.CompImageHDU)
_TABLES: Final = (fits.BinTableHDU, fits.TableHDU)


def open_fits(file: Path) -> fits.HDUList:
    """Open a file so that only what is asked for is read, and what is mapped can't be changed."""
    return fits.open(file, mode="denywrite", memmap=True, lazy_load_hdus=True, ignore_missing_simple=False)


def planes_of(hdu: Any) -> int:
    """Count the pictures that lie above each other in an image; 0 where there is none."""
    shape = hdu.shape if isinstance(hdu, _IMAGES) else ()
    return prod(shape[:-2]) if len(shape) >= 2 and prod(shape) else 0


def chosen_hdu(opened: fits.HDUList, asked: int | None) -> int:
    """Give the part asked for, else the first with a picture or a table.

    Raises:
        ValueError: there is no such part.
    """
    hdus = list(islice(opened, _MOST_HDUS))
    if asked is None:
        seen = (number for number, one in enumerate(hdus) if planes_of(one) or _is_table(one))
        return next(seen, 0)
    if asked >= len(hdus):
        raise ValueError(f"hdu {asked}: this file has {len(hdus)}, from 0 on")
    return asked


def fits_facts(file: Path, *, hdu: int | None) -> bytes:
    """Tell of a file as JSON: its parts, and of one the header, how many pictures it has, and its first rows."""
    with open_fits(file) as opened:
        chosen = chosen_hdu(opened, hdu)
        one = opened[chosen]
        told = {
            "hdus": [_row(number, each) for number, each in enumerate(islice(opened, _MOST_HDUS))],
            "chosen": chosen,
            "header": [_card(card) for card in islice(one.header.cards, _MOST_CARDS) if card.keyword],
            "planes": planes_of(one),
            "table": _table(one) if _is_table(one) else None,
        }
    return json.dumps(told).encode()


def _is_table(hdu: Any) -> bool:
    return isinstance(hdu, _TABLES) and not isinstance(hdu, _IMAGES)


def _row(number: int, hdu: Any) -> tuple[int, str, str, str]:
    if _is_table(hdu):
        shape = f"{hdu.header.get('NAXIS2', 0)} rows, {len(hdu.columns)} columns"
        return number, str(hdu.name), "table", shape
    sizes = tuple(reversed(hdu.shape or ())) if isinstance(hdu, _IMAGES) else ()
    return number, str(hdu.name), "image" if sizes else "header only", " x ".join(map(str, sizes))


def _card(card: Any) -> tuple[str, str, str]:
    """Give a card as text; one that breaks the standard is shown as it stands."""
    try:
        return str(card.keyword), _words(card.value), str(card.comment)[:_LONGEST]
    except (fits.VerifyError, ValueError):
        return str(card.keyword), str(card.image)[8:].strip(" =")[:_LONGEST], ""


def _words(value: Any) -> str:
    return {True: "T", False: "F"}[value] if isinstance(value, bool) else str(value)[:_LONGEST]


def _table(hdu: Any) -> dict[str, Any]:
    names = list(hdu.columns)[:_MOST_COLUMNS]
    total = int(hdu.header.get("NAXIS2", 0))
    rows = hdu.data[:ROWS] if total else ()
    fields = [rows[one.name] for one in names] if total else []
    return {
        "columns": [(str(one.name), str(one.unit or "")) for one in names],
        "rows": [[_cell(field[number]) for field in fields] for number in range(len(rows))],
        "total": total,
        "left_out": len(hdu.columns) - len(names),
    }


def _cell(value: Any) -> str:
    """Say a value in few characters; of an array the first ones."""
    if getattr(value, "shape", ()):
        flat = value.ravel()
        shown = " ".join(_cell(one) for one in flat[:_SHOWN_ITEMS])
        return f"{shown} … ({flat.size} values)" if flat.size > _SHOWN_ITEMS else shown
    return str(value)[:_LONGEST]
