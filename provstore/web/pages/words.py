"""How pages say times, durations, sizes and ids: as people read them, with the exact value beside."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

__all__ = ["ago", "duration", "short", "size"]

_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_SIZES: Final = ("B", "kB", "MB", "GB", "TB")
_STEP: Final = 1000
_SHOWN: Final = 4
"""Characters kept at either end of a long id."""


def ago(instant: datetime, now: datetime) -> str:
    """Say how long ago an instant was; one to come is said as such."""
    seconds = (now - instant).total_seconds()
    if abs(seconds) < 1:
        return "now"
    words = _largest(abs(seconds))
    return f"{words} ago" if seconds > 0 else f"in {words}"


def duration(length: timedelta) -> str:
    """Say a duration by its two largest units."""
    seconds = length.total_seconds()
    if 0 < seconds < 0.1:
        return f"{1000 * seconds:.2g} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    rank = next(number for number, (_, worth) in enumerate(_UNITS) if seconds >= worth)
    (large, worth), (small, fraction) = _UNITS[rank], _UNITS[rank + 1]
    rest = int(seconds % worth // fraction)
    return f"{int(seconds // worth)} {large}" + (f" {rest} {small}" if rest else "")


def _largest(seconds: float) -> str:
    return next(f"{int(seconds // worth)} {unit}" for unit, worth in _UNITS if seconds >= worth)


def size(count: int) -> str:
    """Say a number of bytes by its unit (powers of 1000, as disks are sold)."""
    value, rank = float(count), 0
    while value >= _STEP and rank < len(_SIZES) - 1:
        value, rank = value / _STEP, rank + 1
    return f"{value:.3g} {_SIZES[rank]}" if rank else f"{count} B"


def short(local: str) -> str:
    """Shorten an id in the middle; the beginnings of UUIDs of one hour are alike, so the end is kept longer."""
    return local if len(local) <= 2 * _SHOWN + 4 else f"{local[:_SHOWN]}…{local[-2 * _SHOWN :]}"
