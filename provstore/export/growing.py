"""Where boxes are when a picture has grown: what was there stays, what was opened lies beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Final

from provstore.export.picture import Arrow, Form, Picture
from provstore.export.placement import HEIGHT, WIDTH, Placement, place, place_in_layers

__all__ = ["place_grown", "placed_part"]

_GAP: Final = 34
"""Between boxes, with room for the badges on their edges."""

_STEP: Final = (HEIGHT + _GAP) / 2

Point = tuple[float, float]


def place_grown(picture: Picture, stages: Mapping[str, int], anchors: Sequence[str]) -> Placement:
    """Place the boxes of stage 0 as a picture of their own, then those of each later stage beside its anchor.

    Args:
        picture: All of it; agents that are boxes stand above what they are tied to.
        stages: Box -> stage, 0 where it is not told.
        anchors: Of stage 1, 2, …: the box at which it was opened; a stage waits until its anchor has a place.
    """
    above = [box.id for box in picture.boxes if box.form is Form.AGENT]
    if len(above) == len(picture.boxes):
        return place(picture)
    first = [box.id for box in picture.boxes if not stages.get(box.id) and box.form is not Form.AGENT]
    base = _part(picture, first)
    found = place(base)
    centres = dict(found.centres)
    todo = list(enumerate(anchors, start=1))
    while todo:
        stage, anchor = next((one for one in todo if one[1] in centres), todo[0])
        todo.remove((stage, anchor))
        new = [box.id for box in picture.boxes if stages.get(box.id) == stage and box.form is not Form.AGENT]
        if new:
            centres |= _beside(picture, new, anchor, centres)
    centres |= _above(picture, above, centres)
    placed = _renumbered(found, base.arrows, picture.arrows)
    return replace(placed, centres=centres, routes={**placed.routes, **_lines(picture, frozenset(above), centres)})


def placed_part(picture: Picture, placement: Placement, part: Picture) -> Placement:
    """Give the placement of a part of a picture: what is left of it is where it was."""
    centres = {box.id: placement.centres[box.id] for box in part.boxes}
    return replace(_renumbered(placement, picture.arrows, part.arrows), centres=centres)


def _renumbered(placement: Placement, old: Sequence[Arrow], new: Sequence[Arrow]) -> Placement:
    """Give routes and labels to the same arrows under their new numbers."""
    numbers = {arrow: number for number, arrow in enumerate(new)}
    return replace(
        placement,
        routes={numbers[old[one]]: way for one, way in placement.routes.items() if old[one] in numbers},
        labels={numbers[old[one]]: point for one, point in placement.labels.items() if old[one] in numbers},
    )


def _part(picture: Picture, ids: Collection[str]) -> Picture:
    known = frozenset(ids)
    return Picture(
        boxes=tuple(box for box in picture.boxes if box.id in known),
        arrows=tuple(one for one in picture.arrows if one.source in known and one.target in known),
    )


def _beside(picture: Picture, new: Sequence[str], anchor: str, there: Mapping[str, Point]) -> Mapping[str, Point]:
    """Lay the new boxes out with their anchor alone, then move them up or down until they lie on nothing."""
    part = _part(picture, [*new, anchor] if anchor in there else new)
    around = place_in_layers(part).centres
    zero = around.get(anchor, (0.0, 0.0))
    begin = there.get(anchor) or _below(there)
    moved = {one: (begin[0] + around[one][0] - zero[0], begin[1] + around[one][1] - zero[1]) for one in new}
    blocked = [(y, other) for x, y in moved.values() for left, other in there.values() if abs(left - x) < WIDTH + _GAP]
    shift = next(one for one in _shifts() if all(abs(y + one - other) >= HEIGHT + _GAP for y, other in blocked))
    return {one: (x, y + shift) for one, (x, y) in moved.items()}


def _shifts() -> Iterator[float]:
    """Try the same height first, then more and more above and below."""
    yield 0.0
    for number in count(1):
        yield number * _STEP
        yield -number * _STEP


def _below(there: Mapping[str, Point]) -> Point:
    return min((x for x, _ in there.values()), default=0.0), max((y for _, y in there.values()), default=0.0)


def _above(picture: Picture, agents: Sequence[str], there: Mapping[str, Point]) -> Mapping[str, Point]:
    """Stand agents in a row above all else, each as near as can be to what it is tied to."""
    if not agents:
        return {}
    wanted = {one: _middle(picture.arrows, one, there) for one in agents}
    y = min((y for _, y in there.values()), default=0.0) - 2 * (HEIGHT + _GAP)
    row = sorted(agents, key=lambda one: (wanted[one], one))
    room = WIDTH + _GAP
    start = sum(wanted.values()) / len(row) - (len(row) - 1) * room / 2
    return {one: (start + place * room, y) for place, one in enumerate(row)}


def _middle(arrows: Iterable[Arrow], agent: str, there: Mapping[str, Point]) -> float:
    found = [there[one.source][0] for one in arrows if one.target == agent and one.source in there]
    return sum(found) / len(found) if found else 0.0


def _lines(picture: Picture, agents: Collection[str], centres: Mapping[str, Point]) -> Mapping[int, tuple[Point, ...]]:
    """Draw straight what leads up to agents, and from agent to agent."""
    found = {}
    for number, arrow in enumerate(picture.arrows):
        if arrow.target in agents:
            begin, end = centres[arrow.source], centres[arrow.target]
            if arrow.source in agents:
                half = WIDTH / 2 if begin[0] < end[0] else -WIDTH / 2
                begin, end = (begin[0] + half, begin[1]), (end[0] - half, end[1])
            else:
                begin, end = (begin[0], begin[1] - HEIGHT / 2), (end[0], end[1] + HEIGHT / 2)
            found[number] = (begin, _between(begin, end, 1 / 3), _between(begin, end, 2 / 3), end)
    return found


def _between(begin: Point, end: Point, share: float) -> Point:
    return begin[0] + (end[0] - begin[0]) * share, begin[1] + (end[1] - begin[1]) * share
