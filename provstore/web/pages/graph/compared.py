"""Two jobs or products in one picture: what stands for the same in both is one box, the others say whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from provstore.export.picture import Arrow, Picture
from provstore.graph.model import NodeId
from provstore.queries.differences import Status, StepDifference, ThingDifference, differences
from provstore.queries.runs import read_run
from provstore.web.site import caller, site

__all__ = ["BOTH", "CHANGED", "NOTHING_COMPARED", "Likeness", "compared", "joined", "lettered"]

_MOST: Final = 5_000
BOTH: Final = "="
CHANGED: Final = "≠"
_LETTERS: Final[Mapping[Status, tuple[str, str]]] = {
    Status.SAME: (BOTH, BOTH),
    Status.CHANGED: (CHANGED, CHANGED),
    Status.REPLACED: ("A", "B"),
    Status.ONLY_A: ("A", ""),
    Status.ONLY_B: ("", "B"),
}
_ONE: Final = frozenset({Status.SAME, Status.CHANGED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """``stands_for``: node of the second -> the one of the first that is its like; ``letters``: node -> whose it is."""

    stands_for: Mapping[str, str]
    letters: Mapping[str, str]


NOTHING_COMPARED: Final = Likeness(stands_for={}, letters={})


def compared(a: NodeId, b: NodeId) -> Likeness:
    """Find what of one stands for what of the other.

    Raises:
        NotFound: one of them is not known (or may not be seen).
        TooLarge: there is more than can be compared at once.
    """
    runs = [read_run(site().store, one, caller().viewer, depth=None, limit=_MOST) for one in (a, b)]
    found = differences(*runs)
    stands_for: dict[str, str] = {}
    letters: dict[str, str] = {}
    told: list[StepDifference | ThingDifference] = [*found.inputs, *found.outputs, *found.activities]
    for one in told:
        for mark, letter in zip((one.a, one.b), _LETTERS[one.status], strict=True):
            if mark is not None:
                letters[mark.id] = letter
        if one.status in _ONE and one.a and one.b and one.a.id != one.b.id:
            stands_for.setdefault(one.b.id, one.a.id)
    for value in (*found.parameters, *found.environment, *found.agents):
        letters |= {end: CHANGED for end in (value.a_activity, value.b_activity) if letters.get(end) == BOTH}
    return Likeness(stands_for=stands_for, letters=letters)


def joined(picture: Picture, likeness: Likeness) -> Picture:
    """Draw what stands for the same once."""
    there = {box.id for box in picture.boxes}
    same = {one: other for one, other in likeness.stands_for.items() if one in there and other in there}
    if not same:
        return picture
    asked = {same.get(box.id, box.id) for box in picture.boxes if box.focus}
    return Picture(
        boxes=tuple(replace(box, focus=box.id in asked) for box in picture.boxes if box.id not in same),
        arrows=_moved(picture.arrows, same),
        follows=_moved(picture.follows, same),
    )


def _moved(arrows: tuple[Arrow, ...], same: Mapping[str, str]) -> tuple[Arrow, ...]:
    moved = {
        one._replace(source=same.get(one.source, one.source), target=same.get(one.target, one.target)) for one in arrows
    }
    return tuple(sorted(moved))


def lettered(picture: Picture, letters: Mapping[str, str]) -> Picture:
    """Put the letters into the names, for drawings."""
    boxes = (
        replace(box, name=f"[{letters[box.id]}] {box.name or box.short}") if letters.get(box.id) else box
        for box in picture.boxes
    )
    return replace(picture, boxes=tuple(boxes))
