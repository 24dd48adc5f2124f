"""Many siblings as one box: what has the same causes in the same roles, or is such a cause of the same effects."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Final, NamedTuple

from provstore.export.picture import Arrow, Box, Form, Picture

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
    """A picture with groups, and the boxes that each of them stands for."""

    picture: Picture
    members: Mapping[str, tuple[Box, ...]]


def fold(picture: Picture, *, apart: Collection[str] = (), stages: Mapping[str, int] | None = None) -> Folded:
    """Put one box where there are many alike.

    Args:
        picture: What is drawn.
        apart: Ids of boxes that stay as they are.
        stages: What brought each box: only what came together is put together.
    """
    boxes = {box.id: box for box in picture.boxes if box.id not in apart}
    groups: dict[str, str] = {}
    roles: dict[str, str] = {}
    for _ in range(_ROUNDS):
        found = [one for one in _alike(picture.arrows, boxes, groups, stages or {}) if len(one[1]) > _MOST]
        for likeness, ids in found:
            group = _name(likeness)
            groups.update(dict.fromkeys(ids, group))
            roles[group] = next((role for _, role, _ in sorted(likeness[-1]) if role), "")
            for one in ids:
                del boxes[one]
        if not found:
            break
    return _folded(picture, groups, roles)


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


def _name(likeness: _Likeness) -> str:
    words = "\x1f".join((*map(str, likeness[:-1]), *("\x1e".join(tie) for tie in sorted(likeness[-1]))))
    return GROUP + sha256(words.encode()).hexdigest()[:16]


def _folded(picture: Picture, groups: Mapping[str, str], roles: Mapping[str, str]) -> Folded:
    members: dict[str, list[Box]] = defaultdict(list)
    for box in picture.boxes:
        if box.id in groups:
            members[groups[box.id]].append(box)
    single = [box for box in picture.boxes if box.id not in groups]
    boxes = [*single, *(_group(one, found, roles[one]) for one, found in members.items())]
    shown = Picture(
        boxes=tuple(sorted(boxes, key=lambda box: box.id)),
        arrows=_moved(picture.arrows, groups),
        follows=_moved(picture.follows, groups),
    )
    return Folded(shown, {one: tuple(found) for one, found in members.items()})


def _moved(arrows: Iterable[Arrow], groups: Mapping[str, str]) -> tuple[Arrow, ...]:
    moved = (
        Arrow(
            groups.get(one.source, one.source),
            groups.get(one.target, one.target),
            one.relation,
            _NUMBERED.sub("", one.role) if one.source in groups or one.target in groups else one.role,
        )
        for one in arrows
    )
    return tuple(sorted({one for one in moved if one.source != one.target}))


def _group(name: str, members: Collection[Box], role: str) -> Box:
    first = next(iter(members))
    is_activity, count = first.form is Form.ACTIVITY, len(members)
    agents = {agent: None for box in members for agent in box.agents}
    return Box(
        id=name,
        short=first.name if is_activity else role,
        form=first.form if is_activity or first.form is Form.VALUE else Form.COLLECTION,
        name=f"{count} {_WORDS[first.form]}",
        state=first.state,
        facts=(f"stands for {count} that are alike",),
        agents=tuple(agents),
    )
