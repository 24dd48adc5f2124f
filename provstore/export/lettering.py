"""Fitting words into boxes without a font at hand: widths are estimated, long names are shortened in the middle."""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["fit", "is_right_to_left", "width"]

_NARROW: Final = frozenset("ijl.,:;'|!tfI()[]{} `·-/\\")
_WIDE: Final = frozenset("mwMW@%&—…")
_BOLD: Final = 1.08


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Estimate the width of a line in a sans-serif font, rather too wide than too narrow."""
    return sum(_letter(letter) for letter in text) * size * (_BOLD if bold else 1)


def _letter(letter: str) -> float:
    if letter in _NARROW:
        return 0.36
    if letter in _WIDE:
        return 0.96
    if letter.isascii():
        return 0.7 if letter.isupper() else 0.58
    if unicodedata.combining(letter):
        return 0.0
    return 1.05 if unicodedata.east_asian_width(letter) in "WF" else 0.68


def fit(text: str, size: float, *, room: float, bold: bool = False) -> str:
    """Give the text on one line, with its middle left out if it is wider than the room."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text[:2_000]).split())
    if width(line, size, bold=bold) <= room:
        return line
    kept = min(len(line), int(room / (size * 0.3)))
    while kept > 2:
        head = (kept + 1) // 2
        short = f"{line[:head].rstrip()}…{line[len(line) - kept // 2 :].lstrip()}"
        if width(short, size, bold=bold) <= room:
            return short
        kept -= 1
    return "…"


def is_right_to_left(text: str) -> bool:
    """Tell the direction of a line by its first letter that has one."""
    for letter in text:
        direction = unicodedata.bidirectional(letter)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False
