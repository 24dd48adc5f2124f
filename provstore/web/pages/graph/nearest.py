"""Which boxes are drawn where there are too many: the nearest, and what somebody has opened; the rest is one box."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from provstore.export.folding import GROUP, Folded
from provstore.export.picture import Arrow, Box, Form, Picture
from provstore.export.views import View
from provstore.queries.lineage import Direction
from provstore.web.pages.graph.asked import ALL, MANY, OUT, GraphAsked

__all__ = ["REST", "Limited", "Via", "limited", "neighbours", "starts_of", "thinned", "ways_from"]

REST: Final = f"{GROUP}rest"
"""The box that stands for all that is not drawn."""


class Via(NamedTuple):
    """The arrow by which one comes to a box from ``other``, which is nearer to the starts."""

    arrow: Arrow
    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """What is drawn of a picture, what is not, and when those were opened that are there for that alone."""

    picture: Picture
    rest: tuple[Box, ...] = ()
    brought: Mapping[str, int]


def limited(folded: Folded, asked: GraphAsked, starts: Iterable[str]) -> Limited:
    """Draw the nearest boxes, and what was opened whatever its distance."""
    picture = folded.picture
    if len(picture.boxes) <= asked.most:
        return Limited(picture=picture, brought={})
    distances, _ = ways_from(picture, starts)
    far = len(picture.boxes)
    ordered = sorted(picture.boxes, key=lambda box: (distances.get(box.id, far), box.id))
    kept = {box.id for box in ordered[: max(1, asked.most - 1)]}
    known = {box.id for box in ordered}
    brought: dict[str, int] = {}
    for number, (way, one) in enumerate(asked.steps, start=1):
        wanted = sorted((_wanted(folded, asked, way, one) & known) - kept)
        kept.update(wanted[: MANY - len(kept)])
        brought |= dict.fromkeys(wanted if way != ALL else (), number)
    rest = (one for box in ordered if box.id not in kept for one in folded.members.get(box.id, (box,)))
    return Limited(
        picture=thinned(picture, kept),
        rest=tuple(one for one in rest if asked.view is not View.DATA or one.form is not Form.ACTIVITY),
        brought=brought,
    )


def _wanted(folded: Folded, asked: GraphAsked, way: str, one: str) -> set[str]:
    """Give what one of the things that were done was to bring."""
    if way == OUT:
        return {one}
    if way == ALL:
        return set(folded.opened.get(one, ()))
    arrows = (*folded.picture.arrows, *folded.picture.follows)
    found = frontier = {one}
    for _ in range(asked.exploration.stride):
        frontier = {*neighbours(arrows, frontier, way=way)}
        found = found | frontier
    return found


def neighbours(arrows: Sequence[Arrow], ids: Collection[str], *, way: str = "") -> Iterator[str]:
    """Give what is tied to boxes: on one side of them, or on both."""
    for arrow in arrows:
        if arrow.source in ids and arrow.target not in ids and way != Direction.DOWN:
            yield arrow.target
        if arrow.target in ids and arrow.source not in ids and way != Direction.UP:
            yield arrow.source


def starts_of(picture: Picture, ids: frozenset[str]) -> set[str]:
    """Give where the picture begins: with what was asked for, else (of a document) with the first that has no cause."""
    asked = {box.id for box in picture.boxes if box.id in ids}
    effects = {one.source for one in picture.arrows}
    return asked or {min((one.target for one in picture.arrows if one.target not in effects), default="")}


def thinned(picture: Picture, kept: Collection[str]) -> Picture:
    """Leave out all boxes but some, with their arrows."""
    return Picture(
        boxes=tuple(box for box in picture.boxes if box.id in kept),
        arrows=tuple(one for one in picture.arrows if one.source in kept and one.target in kept),
        follows=tuple(one for one in picture.follows if one.source in kept and one.target in kept),
    )


def ways_from(picture: Picture, starts: Iterable[str]) -> tuple[Mapping[str, int], Mapping[str, Via]]:
    """Walk over the picture, whatever the direction of the arrows."""
    near: dict[str, list[Via]] = defaultdict(list)
    for arrow in picture.arrows:
        near[arrow.source].append(Via(arrow, arrow.target))
        near[arrow.target].append(Via(arrow, arrow.source))
    known = {box.id for box in picture.boxes}
    distances = {one: 0 for one in sorted(starts) if one in known}
    via: dict[str, Via] = {}
    todo = deque(distances)
    while todo:
        one = todo.popleft()
        for step in near[one]:
            if step.other not in distances:
                distances[step.other] = distances[one] + 1
                via[step.other] = Via(step.arrow, one)
                todo.append(step.other)
    return distances, via
