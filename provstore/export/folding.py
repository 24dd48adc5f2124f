"""Many boxes as one: what one bundle speaks of, runs of one service after another, and siblings.

Siblings have the same causes in the same roles, or are such causes of the same effects.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from provstore.export.gathering import NO_HINTS, Hints, bundles, chains
from provstore.export.picture import Arrow, Box, Form, Picture, State

__all__ = ["GROUP", "Folded", "fold"]

GROUP: Final = "group:"
"""How the ids of such boxes begin; the same siblings have the same id in every answer."""

_MOST: Final = 20
"""So many siblings are drawn one by one."""

_ROUNDS: Final = 8
"""What hangs on siblings that are one box now has itself siblings then."""

_NUMBERED: Final = re.compile(r"-[0-9]+\Z")
_WORDS: Final = {
    Form.ACTIVITY: "runs",
    Form.ENTITY: "files",
    Form.COLLECTION: "collections",
    Form.VALUE: "values",
    Form.AGENT: "agents",
}

_Ties = frozenset[tuple[str, str, str]]
_Likeness = tuple[Form, str, str, int, str, _Ties]


class Folded(NamedTuple):
    """A picture with groups, the boxes that each of them stands for, and what was in those that are not wanted."""

    picture: Picture
    members: Mapping[str, tuple[Box, ...]]
    opened: Mapping[str, tuple[str, ...]]


class _Group(NamedTuple):
    form: Form
    name: str
    short: str
    fact: str


class _Groups:
    """Which box is in which group, and what those are to be called."""

    def __init__(self, whole: Collection[str]) -> None:
        self.of: dict[str, str] = {}
        self.told: dict[str, _Group] = {}
        self.opened: dict[str, tuple[str, ...]] = {}
        self._whole = whole

    def add(self, words: Iterable[str], ids: Sequence[str], told: _Group) -> None:
        """Put boxes together, unless all that is in the group is wanted."""
        wanted = sorted(set(self._whole).intersection(ids))
        for one in wanted:
            self.opened.setdefault(one, tuple(ids))
        if not wanted:
            group = GROUP + sha256("\x1f".join(words).encode()).hexdigest()[:16]
            self.of.update(dict.fromkeys(ids, group))
            self.told[group] = told


def fold(
    picture: Picture, *, apart: Collection[str] = (), whole: Collection[str] = (), hints: Hints = NO_HINTS
) -> Folded:
    """Put one box where there are many alike.

    Args:
        picture: What is drawn.
        apart: Ids of boxes that stay as they are.
        whole: Ids of boxes whose groups are drawn with all that is in them.
        hints: What else is known of the boxes. A state that not all of a group are in is not told of it.
    """
    groups = _Groups(whole)
    for bundle, ids in bundles(picture, hints, apart=apart):
        words = ("bundle", bundle, str(hints.stages.get(ids[0], 0)))
        groups.add(
            words,
            ids,
            _Group(Form.COLLECTION, f"{len(ids)} nodes", hints.bundles.get(bundle, ""), "are of one document"),
        )
    for service, ids in chains(picture, hints, apart={*apart, *groups.of}):
        runs = sum(one in hints.services for one in ids)
        groups.add(("chain", ids[0]), ids, _Group(Form.ACTIVITY, f"{runs} runs in a row", service, "follow each other"))
    _fold_siblings(picture, groups, apart=apart, stages=hints.stages)
    return _folded(picture, groups)


def _fold_siblings(picture: Picture, groups: _Groups, *, apart: Collection[str], stages: Mapping[str, int]) -> None:
    boxes = {box.id: box for box in picture.boxes if box.id not in apart and box.id not in groups.of}
    for _ in range(_ROUNDS):
        found = [one for one in _alike(picture.arrows, boxes, groups.of, stages) if len(one[1]) > _MOST]
        for likeness, ids in found:
            groups.add(_words(likeness), ids, _siblings(likeness, boxes, ids))
            for one in ids:
                del boxes[one]
        if not found:
            break


def _siblings(likeness: _Likeness, boxes: Mapping[str, Box], ids: Sequence[str]) -> _Group:
    first = boxes[ids[0]]
    role = next((role for _, role, _ in sorted(likeness[-1]) if role), "")
    is_run = first.form is Form.ACTIVITY
    form = first.form if is_run or first.form is Form.VALUE else Form.COLLECTION
    return _Group(form, f"{len(ids)} {_WORDS[first.form]}", first.name if is_run else role, "are alike")


def _alike(
    arrows: Iterable[Arrow], boxes: Mapping[str, Box], groups: Mapping[str, str], stages: Mapping[str, int]
) -> Iterator[tuple[_Likeness, list[str]]]:
    causes: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
    effects: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
    for arrow in arrows:
        role = _NUMBERED.sub("", arrow.role)
        causes[arrow.source].add((arrow.relation, role, groups.get(arrow.target, arrow.target)))
        effects[arrow.target].add((arrow.relation, role, groups.get(arrow.source, arrow.source)))
    found: dict[_Likeness, list[str]] = defaultdict(list)
    for box in boxes.values():
        side, ties = ("made", causes[box.id]) if causes[box.id] else ("used", effects[box.id])
        if ties:
            what = box.name if box.form is Form.ACTIVITY else ""
            likeness = (box.form, box.state.value, what, stages.get(box.id, 0), side, frozenset(ties))
            found[likeness].append(box.id)
    yield from found.items()


def _words(likeness: _Likeness) -> Iterator[str]:
    yield from (*map(str, likeness[:-1]), *("\x1e".join(tie) for tie in sorted(likeness[-1])))


def _folded(picture: Picture, groups: _Groups) -> Folded:
    members: dict[str, list[Box]] = defaultdict(list)
    for box in picture.boxes:
        if box.id in groups.of:
            members[groups.of[box.id]].append(box)
    single = [box for box in picture.boxes if box.id not in groups.of]
    boxes = [*single, *(_group(one, found, groups.told[one]) for one, found in members.items())]
    rows = {one for one, told in groups.told.items() if told.form is Form.ACTIVITY}
    shown = Picture(
        boxes=tuple(sorted(boxes, key=lambda box: box.id)),
        arrows=_moved(picture.arrows, groups.of, rows),
        follows=_moved(picture.follows, groups.of, rows),
    )
    return Folded(shown, {one: tuple(found) for one, found in members.items()}, groups.opened)


def _moved(arrows: Iterable[Arrow], groups: Mapping[str, str], rows: Collection[str]) -> tuple[Arrow, ...]:
    moved = (
        Arrow(
            groups.get(one.source, one.source),
            groups.get(one.target, one.target),
            one.relation,
            _NUMBERED.sub("", one.role) if one.source in groups or one.target in groups else one.role,
        )
        for one in arrows
    )
    return tuple(sorted({one for one in moved if one.source != one.target and not _is_within(one, rows)}))


def _is_within(arrow: Arrow, rows: Collection[str]) -> bool:
    """Tell whether a relation of data ends within a row of runs: nothing is derived from a run."""
    return arrow.relation == "wasDerivedFrom" and not {arrow.source, arrow.target}.isdisjoint(rows)


def _group(name: str, members: Collection[Box], told: _Group) -> Box:
    agents = {agent: None for box in members for agent in box.agents}
    states = {box.state for box in members}
    return Box(
        id=name,
        short=told.short,
        form=told.form,
        name=told.name,
        state=states.pop() if len(states) == 1 else State.NORMAL,
        facts=(f"stands for {len(members)} that {told.fact}",),
        agents=tuple(agents),
        many=True,
    )
