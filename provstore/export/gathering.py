"""What belongs together in a picture: runs of one service after another, and what one bundle speaks of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple

from provstore.export.picture import Form, Picture

__all__ = ["NO_HINTS", "Hints", "bundles", "chains"]

_MOST_RUNS: Final = 10
_MOST_TOLD: Final = 20
"""So many are drawn one by one."""


class Hints(NamedTuple):
    """What a picture alone doesn't tell of its boxes.

    ``stages``: what brought each box; only what came together is put together. ``services``: of activities.
    ``told_by``: box -> the bundle that says most of it; ``bundles``: their names.
    """

    stages: Mapping[str, int]
    services: Mapping[str, str]
    told_by: Mapping[str, str]
    bundles: Mapping[str, str]


NO_HINTS: Final = Hints(stages={}, services={}, told_by={}, bundles={})


def bundles(picture: Picture, hints: Hints, *, apart: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    """Give each bundle that speaks of many boxes, with them; but none of which one box stays as it is."""
    blocked = {hints.told_by.get(one, "") for one in apart} | {""}
    found: dict[tuple[str, int], list[str]] = defaultdict(list)
    for box in picture.boxes:
        bundle = hints.told_by.get(box.id, "")
        if bundle not in blocked:
            found[bundle, hints.stages.get(box.id, 0)].append(box.id)
    yield from ((bundle, ids) for (bundle, _), ids in sorted(found.items()) if len(ids) > _MOST_TOLD)


def chains(picture: Picture, hints: Hints, *, apart: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    """Give the services of which many runs follow each other, each using what the one before made, with all of that.

    A chain ends where a run has two successors or predecessors of its service, at one that failed, and at boxes that
    stay as they are.
    """
    likeness = {
        box.id: (hints.services.get(box.id, ""), box.state, hints.stages.get(box.id, 0))
        for box in picture.boxes
        if box.form is Form.ACTIVITY and hints.services.get(box.id)
    }
    after = _after(picture, likeness)
    before: dict[str, list[str]] = defaultdict(list)
    for one, others in after.items():
        for other in others:
            before[other].append(one)
    following = {
        one: other
        for one, others in after.items()
        for other in others
        if len(others) == len(before[other]) == 1 and not {one, other, *others[other]} & set(apart)
    }
    for start in sorted(following.keys() - following.values()):
        runs, between = [start], []
        while runs[-1] in following:
            between += sorted(after[runs[-1]][following[runs[-1]]])
            runs.append(following[runs[-1]])
        if len(runs) > _MOST_RUNS:
            yield likeness[start][0], [*runs, *between]


def _after(picture: Picture, likeness: Mapping[str, object]) -> Mapping[str, Mapping[str, set[str]]]:
    """Give for each run those of its likeness that come after it, with what the one made and the other used."""
    made = {one.source: one.target for one in picture.arrows if one.relation == "wasGeneratedBy"}
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for arrow in picture.arrows:
        maker = made.get(arrow.target) if arrow.relation == "used" else None
        if maker and maker != arrow.source and likeness.get(maker, maker) == likeness.get(arrow.source):
            found[maker][arrow.source].add(arrow.target)
    return found
