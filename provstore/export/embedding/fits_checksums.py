"""CHECKSUM and DATASUM of FITS 4.0, section 4.4.2.7 and appendix J."""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Iterable
from typing import Final

__all__ = ["NO_CHECKSUM", "added", "complement", "encoded", "summed", "with_checksum"]

_ALL_ONES: Final = 0xFFFFFFFF
_CARD: Final = re.compile(rb"CHECKSUM= '([0-9A-Za-z]{16})'")
_PUNCTUATION: Final = frozenset(b":;<=>?@[\\]^_`")
NO_CHECKSUM: Final = "0" * 16
"""What stands for the checksum while it is computed."""


def added(*sums: int) -> int:
    """Add in ones' complement of 32 bits."""
    total = sum(sums)
    while total > _ALL_ONES:
        total = (total & _ALL_ONES) + (total >> 32)
    return total


def complement(total: int) -> int:
    """Give what makes a sum all ones."""
    return _ALL_ONES - total


def summed(chunks: Iterable[bytes]) -> int:
    """Sum up bytes as big-endian words of 32 bits; zeros are added at the end to make it whole words."""
    total, rest = 0, b""
    for chunk in chunks:
        data = rest + chunk
        whole = len(data) - len(data) % 4
        total, rest = added(total, _words(data[:whole])), data[whole:]
    return added(total, _words(rest.ljust(4, b"\0"))) if rest else total


def _words(data: bytes) -> int:
    words = array("I", data)
    if sys.byteorder == "little":
        words.byteswap()
    return sum(words)


def encoded(total: int) -> str:
    """Write a sum as the sixteen letters and digits of CHECKSUM, which begin at the twelfth byte of their card."""
    columns = [_four(byte) for byte in total.to_bytes(4, "big")]
    text = "".join(chr(columns[place][row]) for row in range(4) for place in range(4))
    return text[-1] + text[:-1]


def _four(byte: int) -> list[int]:
    """Write a byte as four characters whose offsets from ``0`` add up to it, none of them punctuation."""
    quarter, rest = divmod(byte, 4)
    four = [0x30 + quarter + rest, *[0x30 + quarter] * 3]
    for first in (0, 2):
        while not _PUNCTUATION.isdisjoint(four[first : first + 2]):
            four[first] += 1
            four[first + 1] -= 1
    return four


def with_checksum(header: bytes, *, data: int) -> bytes:
    """Put the right CHECKSUM in a header that has such a card, given the sum of its data; other headers stay as is."""
    found = next((one for one in _CARD.finditer(header) if one.start() % 80 == 0), None)
    if found is None:
        return header
    before, after = header[: found.start(1)], header[found.end(1) :]
    total = added(summed([before, NO_CHECKSUM.encode(), after]), data)
    return before + encoded(complement(total)).encode() + after
