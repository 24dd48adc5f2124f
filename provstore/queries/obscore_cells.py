"""Cells of the sky and of time: whole numbers by which an index leads to records near a place or an instant.

The sky is cut into zones of declination and these into cells of about equal size, time into intervals; both at three
levels. A record lies in the cells that cover it at the finest level where these are few, and in those of the levels
above: there a wide search finds it. A fine search asks besides for the marks of records that belong above its level.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final, NamedTuple, Protocol

__all__ = ["Circle", "Place", "Span", "asked_cells", "cells_of", "separation"]

_ZONES: Final = (15.0, 2.0, 0.25)
"""Height of the zones of each level, in degrees."""
_DAYS: Final = (1024.0, 32.0, 1.0)
"""Length of the intervals of each level, in days."""
_LEVELS: Final = (2, 1, 0)
_FEW: Final = 400
"""A search asks for at most so many cells of a level, or takes the level above."""
_OWN: Final = 6
"""So many cells of a level a record may lie in, or it belongs to the level above."""
_MARGIN: Final = 1e-9
_TIME, _MARK, _EVERYWHERE, _LEVEL, _ZONE = 1 << 46, 1 << 45, 1 << 44, 1 << 40, 1 << 18


class Place(Protocol):
    """A part of the sky or of time."""

    @property
    def everywhere(self) -> int:
        """The mark of records that are too large for any level."""

    def cells(self, level: int) -> Iterator[int]:
        """Give the cells of a level that this may touch, perhaps a few more."""


class Circle(NamedTuple):
    """A circle on the sky: ICRS, in degrees."""

    ra: float
    dec: float
    radius: float

    @property
    def everywhere(self) -> int:
        """The mark of records that are too large for any level."""
        return _EVERYWHERE

    def cells(self, level: int) -> Iterator[int]:
        """Give the cells of a level that the circle may touch, perhaps a few more."""
        height, radius, width = _ZONES[level], self.radius + _MARGIN, self._width()
        last = round(180 / height) - 1
        for zone in range(_zone(self.dec - radius, height, last), _zone(self.dec + radius, height, last) + 1):
            nearest = min(abs(zone * height - 90), abs((zone + 1) * height - 90))
            count = max(1, math.ceil(360 * math.cos(math.radians(nearest)) / height))
            first, final = (math.floor((self.ra + side) / 360 * count) for side in (-width, width))
            for cell in range(first, min(final, first + count - 1) + 1):
                yield level * _LEVEL + zone * _ZONE + cell % count

    def _width(self) -> float:
        """Give how far the circle reaches in right ascension to each side."""
        radius = self.radius + _MARGIN
        if abs(self.dec) + radius >= 90.0:
            return 180.0
        reach = math.sin(math.radians(radius)) / math.cos(math.radians(self.dec))
        return math.degrees(math.asin(min(1.0, reach))) + _MARGIN


class Span(NamedTuple):
    """An interval of time, ends included: modified Julian dates."""

    begin: float
    end: float

    @property
    def everywhere(self) -> int:
        """The mark of records that are too long for any level."""
        return _TIME + _EVERYWHERE

    def cells(self, level: int) -> Iterator[int]:
        """Give the intervals of a level that the span touches."""
        days = _DAYS[level]
        for number in range(math.floor(self.begin / days), math.floor(self.end / days) + 1):
            yield _TIME + level * _LEVEL + number % _LEVEL


def separation(ra: float, dec: float, other_ra: float, other_dec: float) -> float:
    """Give the angle between two places, all in degrees."""
    first, second = math.radians(dec), math.radians(other_dec)
    across = math.sin(math.radians(other_ra - ra) / 2) ** 2
    up = math.sin((second - first) / 2) ** 2
    return math.degrees(2 * math.asin(min(1.0, math.sqrt(up + math.cos(first) * math.cos(second) * across))))


def cells_of(record: Mapping[str, float]) -> tuple[int, ...]:
    """Give the cells of a record; none where it says neither place nor time.

    Args:
        record: Its columns s_ra, s_dec, s_fov, t_min, t_max, as far as it has them.
    """
    cells: list[int] = []
    if "s_ra" in record and "s_dec" in record:
        cells += _own(Circle(record["s_ra"], record["s_dec"], record.get("s_fov", 0.0) / 2))
    times = [record[name] for name in ("t_min", "t_max") if name in record]
    if times:
        cells += _own(Span(min(times), max(times)))
    return tuple(cells)


def _own(place: Place) -> Iterator[int]:
    level = next((one for one in _LEVELS if _count(place, one, up_to=_OWN + 1) <= _OWN), None)
    if level is None:
        yield place.everywhere
        return
    for above in range(level + 1):
        yield from place.cells(above)
    if level != _LEVELS[0]:
        yield from (_MARK + cell for cell in place.cells(level))


def asked_cells(place: Place) -> tuple[int, ...] | None:
    """Give the cells of which every record that meets a place has one; None where they would be too many."""
    level = next((one for one in _LEVELS if _count(place, one, up_to=_FEW + 1) <= _FEW), None)
    if level is None:
        return None
    marks = (_MARK + cell for above in range(level) for cell in place.cells(above))
    return (*place.cells(level), *marks, place.everywhere)


def _count(place: Place, level: int, *, up_to: int) -> int:
    return sum(1 for _ in islice(place.cells(level), up_to))


def _zone(dec: float, height: float, last: int) -> int:
    return min(last, max(0, math.floor((dec + 90) / height)))
