"""What is shown of one file: found by its kind; of what can't be shown, why."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from provstore.errors import ProvstoreError, UnsupportedType
from provstore.ingest.fits_headers import read_headers
from provstore.web.previews.kinds import Kind, kind_of
from provstore.web.previews.looks import Choice, Fits, Table, fits_of, table_of
from provstore.web.previews.process import read_apart
from provstore.web.previews.texts import MOST, as_json, as_table, beginning

__all__ = ["Look", "has_picture", "look_at", "picture_of"]

_SVG_MOST: Final = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is seen of a file. ``picture``: there is one at its address of /preview.png; ``cut``: the text goes on.

    ``trouble`` says why nothing is seen where something was to be expected.
    """

    kind: Kind
    picture: bool = False
    text: str = ""
    cut: bool = False
    table: Table | None = None
    fits: Fits | None = None
    trouble: str = ""


def look_at(file: Path, content_type: str, choice: Choice) -> Look:
    """Look at a file; that it can't be shown is what is seen of it, and no error."""
    kind = kind_of(file, content_type)
    try:
        return _LOOKS[kind](file, Look(kind=kind), choice)
    except ProvstoreError as error:
        return Look(kind=kind, trouble=error.message)


def _picture(_file: Path, seen: Look, _choice: Choice) -> Look:
    return replace(seen, picture=True)


def _svg(file: Path, seen: Look, choice: Choice) -> Look:
    return seen if file.stat().st_size <= _SVG_MOST else _text(file, replace(seen, kind=Kind.TEXT), choice)


def _fits(file: Path, seen: Look, choice: Choice) -> Look:
    facts = fits_of(json.loads(read_apart("fits", file, hdu=choice.hdu)))
    return replace(seen, fits=facts, picture=facts.planes > 0, table=facts.table)


def _votable(file: Path, seen: Look, _choice: Choice) -> Look:
    return replace(seen, table=table_of(json.loads(read_apart("votable", file))))


def _text(file: Path, seen: Look, _choice: Choice) -> Look:
    return replace(seen, text=beginning(file), cut=file.stat().st_size > MOST)


def _json(file: Path, seen: Look, choice: Choice) -> Look:
    found = _text(file, seen, choice)
    return found if found.cut else replace(found, text=as_json(found.text))


def _table(file: Path, seen: Look, choice: Choice) -> Look:
    found = _text(file, seen, choice)
    table = as_table(found.text)
    return found if table is None else replace(seen, table=table)


def _nothing(_file: Path, seen: Look, _choice: Choice) -> Look:
    return seen


_LOOKS: Final[Mapping[Kind, Callable[[Path, Look, Choice], Look]]] = {
    Kind.PICTURE: _picture,
    Kind.SVG: _svg,
    Kind.FITS: _fits,
    Kind.VOTABLE: _votable,
    Kind.JSON: _json,
    Kind.TABLE: _table,
    Kind.TEXT: _text,
    Kind.REGIONS: _text,
    Kind.PDF: _nothing,
    Kind.OTHER: _nothing,
}


def picture_of(file: Path, content_type: str, choice: Choice) -> bytes:
    """Give the picture of a file as PNG.

    Raises:
        UnsupportedType: it has none, or none that can be read.
        TooLarge: that takes too long.
    """
    kind = kind_of(file, content_type)
    if kind is Kind.PICTURE:
        return read_apart("picture", file, size=choice.size)
    if kind is not Kind.FITS:
        raise UnsupportedType(f"this file is no picture but {kind.value}; PNG, JPEG, GIF, WebP and FITS images are")
    options = {"hdu": choice.hdu, "plane": choice.plane, "stretch": choice.stretch, "cut": choice.cut}
    return read_apart("fits-picture", file, size=choice.size, **options)


def has_picture(file: Path, content_type: str) -> bool:
    """Tell quickly, by its first bytes and headers, whether a file has a picture: lists show it then."""
    kind = kind_of(file, content_type)
    if kind is not Kind.FITS:
        return kind is Kind.PICTURE
    images = (one for one in read_headers(file) if one.get("XTENSION", "IMAGE") == "IMAGE" or "ZIMAGE" in one)
    return any(_axes(one.get("ZNAXIS", one.get("NAXIS", 0))) for one in images)


def _axes(count: object) -> bool:
    return isinstance(count, int | float) and count >= 2
