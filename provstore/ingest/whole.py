"""Documents that are taken as a whole, and therefore only up to a size."""

from __future__ import annotations

import os
from typing import BinaryIO, Final

from provstore.errors import Malformed, TooLarge

__all__ = ["MOST_BYTES", "check_size", "read_text"]

MOST_BYTES: Final = 64 << 20


def check_size(source: BinaryIO, *, most: int = MOST_BYTES) -> None:
    """Go on if the document is small enough.

    Raises:
        TooLarge: more than ``most`` bytes.
    """
    size = source.seek(0, os.SEEK_END)
    source.seek(0)
    if size > most:
        raise TooLarge(f"{size} bytes; at most {most} are read in this notation (PROV-JSON has no such limit)")


def read_text(source: BinaryIO, *, most: int = MOST_BYTES) -> str:
    """Read a whole document of UTF-8; a byte order mark is no part of it.

    Raises:
        TooLarge: more than ``most`` bytes.
        Malformed: it is no UTF-8.
    """
    check_size(source, most=most)
    data = source.read()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = f"the byte 0x{data[error.start]:02x} at {error.start} is no UTF-8"
        raise Malformed(problem, place=f"line {line}") from error
