"""Where the parts of a FITS file lie: headers are read, data are stepped over."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from provstore.errors import Invalid
from provstore.export.embedding.fits_cards import BLOCK, END, cards_of, key_of, text_of

__all__ = ["Hdu", "hdus", "header_at"]

_MOST_BLOCKS: Final = 20_000
"""Of one header: 57 MB."""
_MOST_HDUS: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Hdu:
    """Where a header and its data lie.

    Args:
        start: Of the header.
        data: Where the data begin.
        padding: Bytes behind the data that fill the last block.
        missing: How many of these the file lacks.
        end: Behind the padding, where the next one begins.
        values: Keyword -> value as text; of headers that nobody asked for, nothing.
    """

    start: int
    data: int
    padding: int
    missing: int
    end: int
    values: Mapping[str, str]


def hdus(source: BinaryIO, *, named: str) -> Iterator[Hdu]:
    """Give each header and data unit, with the values of extensions of that name; what follows the last is not FITS.

    Raises:
        Invalid: it is no FITS file, or ends within a header or within data.
    """
    size = source.seek(0, os.SEEK_END)
    at = 0
    for number in range(_MOST_HDUS):
        source.seek(at)
        if not source.read(9).startswith(b"XTENSION=" if number else b"SIMPLE  ="):
            break
        found = _hdu(source, at, number=number, size=size)
        yield found if found.values.get("EXTNAME") == named else replace(found, values={})
        at = found.end
    if at == 0:
        raise Invalid("this is no FITS file: it does not begin with SIMPLE")


def _hdu(source: BinaryIO, start: int, *, number: int, size: int) -> Hdu:
    header = header_at(source, start, number=number)
    values = {key_of(card): text_of(card) for card in reversed(cards_of(header)) if card[8:10] == b"= "}
    data = start + len(header)
    length = _data_length(values, number=number)
    padding = -length % BLOCK
    end = data + length + padding
    if data + length > size:
        raise Invalid(f"this FITS file is cut off: HDU {number} has {length} bytes of data, {size - data} are there")
    return Hdu(start=start, data=data, padding=padding, missing=max(0, end - size), end=end, values=values)


def header_at(source: BinaryIO, start: int, *, number: int) -> bytes:
    """Read a header: whole blocks, up to the one with END.

    Raises:
        Invalid: the file ends before, or it is out of all proportion.
    """
    source.seek(start)
    blocks = []
    for _ in range(_MOST_BLOCKS):
        block = source.read(BLOCK)
        if len(block) < BLOCK:
            raise Invalid(f"this FITS file is cut off within the header of HDU {number}")
        blocks.append(block)
        if any(block[at : at + 80] == END for at in range(0, BLOCK, 80)):
            return b"".join(blocks)
    raise Invalid(f"the header of HDU {number} has no END within {_MOST_BLOCKS} blocks")


def _data_length(values: dict[str, str], *, number: int) -> int:
    """Give the bytes of data that a header announces (FITS 4.0, equations 1, 2 and 4)."""

    def whole(key: str, otherwise: int | None = None) -> int:
        text = values.get(key, "" if otherwise is None else str(otherwise))
        if not text.isascii() or not text.isdigit():
            raise Invalid(f"HDU {number}: {key} = {text[:30]!r} is no whole number")
        return int(text[:20])

    axes = [whole(f"NAXIS{axis}") for axis in range(1, min(whole("NAXIS"), 999) + 1)]
    if values.get("GROUPS") == "T" and axes[:1] == [0]:
        axes = axes[1:]
    elements = math.prod(axes) if axes else 0
    bits = values.get("BITPIX", "").removeprefix("-")
    if bits not in {"8", "16", "32", "64"}:
        raise Invalid(f"HDU {number}: BITPIX = {values.get('BITPIX', '')[:30]!r} is none of 8, 16, 32, 64, -32, -64")
    return int(bits) // 8 * whole("GCOUNT", 1) * (whole("PCOUNT", 0) + elements)
