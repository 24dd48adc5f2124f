"""Headers of FITS files (FITS standard 4.0 §4): of the primary HDU and the first extension, their data left unread."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final, cast

__all__ = ["Header", "is_fits", "read_headers"]

Header = Mapping[str, str | float | bool]
"""Keyword -> value; of a keyword that stands twice the first."""

_CARD, _BLOCK = 80, 2880
_CARDS_MOST: Final = 20_000
_PASSED_MOST: Final = 64 << 20
"""Bytes of data that are unpacked to reach the next header of a compressed file."""
_MAGIC: Final = b"SIMPLE  ="
_GZIP: Final = b"\x1f\x8b"
_TEXT: Final = re.compile(r"\s*'((?:[^']|'')*)'")
_NUMBER: Final = re.compile(
    r"\s*([+-]?(?:[0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})(?:[EeDd][+-]?[0-9]{1,3})?)\s*(?:/|\Z)"
)
_TRUTH: Final = re.compile(r"\s*([TF])\s*(?:/|\Z)")
_DIMENSIONS_MOST: Final = 999


def is_fits(head: bytes) -> bool:
    """Tell by its beginning whether a file may be FITS, perhaps compressed by gzip."""
    return head.startswith((_MAGIC, _GZIP))


def read_headers(file: Path) -> tuple[Header, ...]:
    """Give the header of the primary HDU and that of the first extension; none for what is no FITS file."""
    try:
        with file.open("rb") as raw:
            packed = raw.read(len(_GZIP)) == _GZIP
            raw.seek(0)
            if not packed:
                return _headers(raw, most=1 << 62)
            with gzip.GzipFile(fileobj=raw) as unpacked:
                return _headers(cast("BinaryIO", unpacked), most=_PASSED_MOST)
    except (OSError, EOFError, ValueError, zlib.error):
        return ()


def _headers(source: BinaryIO, *, most: int) -> tuple[Header, ...]:
    primary = _header(source)
    if "SIMPLE" not in primary:
        return ()
    size = _data_size(primary)
    if size > most:
        return (primary,)
    source.seek(size, 1)
    extension = _header(source)
    return (primary, extension) if "XTENSION" in extension else (primary,)


def _header(source: BinaryIO) -> Header:
    """Read cards to the end; nothing for what ends before."""
    found: dict[str, str | float | bool] = {}
    for number in range(1, _CARDS_MOST + 1):
        card = source.read(_CARD).decode("latin-1")
        name = card[:8].rstrip()
        if len(card) < _CARD or (number == 1 and name not in {"SIMPLE", "XTENSION"}):
            return {}
        if name == "END":
            source.read(-number * _CARD % _BLOCK)
            return found
        value = _value(card[10:]) if card[8:10] == "= " else None
        if value is not None:
            found.setdefault(name, value)
    return {}


def _value(text: str) -> str | float | bool | None:
    if quoted := _TEXT.match(text):
        return quoted[1].replace("''", "'").rstrip()
    if number := _NUMBER.match(text):
        return float(number[1].upper().replace("D", "E"))
    truth = _TRUTH.match(text)
    return None if truth is None else truth[1] == "T"


def _data_size(header: Header) -> int:
    """Give the size of the data behind a header, with its padding (§4.4.1)."""
    count = _whole(header, "NAXIS")
    if count > _DIMENSIONS_MOST:
        raise ValueError(count)
    pixels = 1 if count else 0
    for axis in range(1, count + 1):
        pixels *= _whole(header, f"NAXIS{axis}")
    size = abs(_whole(header, "BITPIX")) // 8 * max(1, _whole(header, "GCOUNT")) * (_whole(header, "PCOUNT") + pixels)
    return -(-size // _BLOCK) * _BLOCK


def _whole(header: Header, name: str) -> int:
    value = header.get(name, 0)
    return int(value) if isinstance(value, float) else 0
