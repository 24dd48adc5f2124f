"""Where arrows' labels go when no engine placed them: along the arrow, clear of boxes and of other labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from provstore.export.lettering import fit, width
from provstore.export.picture import Arrow
from provstore.export.placement import HEIGHT, WIDTH

__all__ = ["lines_of", "middle", "place_labels"]

Point = tuple[float, float]
_Area = tuple[float, float, float, float]

SIZE: Final = 9
_ROLE_ROOM: Final = 104
_SHARES: Final = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8)
"""Tried places, as shares of the way; the middle is best."""


def lines_of(arrow: Arrow) -> tuple[str, ...]:
    """Give the one or two lines of an arrow's label: the relation, and the role."""
    role = fit(arrow.role, SIZE, room=_ROLE_ROOM, bold=True)
    return (arrow.relation, role) if role else (arrow.relation,)


def place_labels(arrows: Sequence[Arrow], ways: Sequence[Sequence[Point]], centres: Iterable[Point]) -> list[Point]:
    """Give the centre of each arrow's label."""
    taken: list[_Area] = [(x - WIDTH / 2, y - HEIGHT / 2, x + WIDTH / 2, y + HEIGHT / 2) for x, y in centres]
    found: list[Point] = []
    for arrow, way in zip(arrows, ways, strict=True):
        lines = lines_of(arrow)
        across = max(width(line, SIZE, bold=True) for line in lines) * 0.9
        down = 10.0 * len(lines)
        places = [_at(way, share) for share in _SHARES]
        areas = [(x - across / 2, y - down / 2, x + across / 2, y + down / 2) for x, y in places]
        crossings = [sum(_meet(area, other) for other in taken) for area in areas]
        best = crossings.index(min(crossings))
        taken.append(areas[best])
        found.append(places[best])
    return found


def _meet(one: _Area, other: _Area) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def middle(way: Sequence[Point]) -> Point:
    """Give the middle of a way."""
    return _at(way, 0.5)


def _at(way: Sequence[Point], share: float) -> Point:
    """Give the point of a cubic curve; of a longer chain of curves the nearest of its own points."""
    if len(way) != 4:
        return way[round((len(way) - 1) * share)]
    rest = 1 - share
    weights = (rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3)
    x = sum(weight * point[0] for weight, point in zip(weights, way, strict=True))
    y = sum(weight * point[1] for weight, point in zip(weights, way, strict=True))
    return x, y
