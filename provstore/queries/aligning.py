"""Which step of one run is which of another: by meaning, never by id; the same from either side."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from provstore.graph.model import NodeId
from provstore.queries.runs import Run, RunStep

__all__ = ["Aligned", "align"]

Pair = tuple[NodeId, NodeId]
_Key = Callable[["_Side", NodeId], Hashable | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned:
    """Pairs of steps, the pairs of those that stand in for each other, and what either run has alone."""

    pairs: tuple[Pair, ...]
    replaced: tuple[Pair, ...]
    only_a: tuple[NodeId, ...]
    only_b: tuple[NodeId, ...]


def align(a: Run, b: Run) -> Aligned:
    """Align the steps of two runs, in time linear in both.

    First what is the same with all that led to it, then what stands next to what is aligned already, then what is of
    the same kind: with the same parameters and roles, the same roles, the same name; among equals by position.
    """
    matching = _Matching(_Side.of(a), _Side.of(b), name=_hint)
    for stuff in (_by_id, _by_sum):
        matching.things(stuff)
    for key in _KEYS:
        matching.steps(key)
        matching.spread()
    matching.name = _kind
    for key in _NAMELESS:
        matching.steps(key)
        matching.spread()
    replaced = matching.replaced()
    stand_ins = {one for pair in replaced for one in pair}
    return Aligned(
        pairs=tuple((one, matching.of[one]) for one in a.steps if one in matching.of),
        replaced=replaced,
        only_a=tuple(one for one in a.steps if one not in matching.of and one not in stand_ins),
        only_b=tuple(one for one in b.steps if one not in matching.back and one not in stand_ins),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One run with what its steps are known by."""

    run: Run
    order: Mapping[NodeId, int]
    makers: Mapping[NodeId, Sequence[tuple[str, NodeId]]]
    users: Mapping[NodeId, Sequence[tuple[str, NodeId]]]
    prints: Mapping[NodeId, str]

    @classmethod
    def of(cls, run: Run) -> _Side:
        """Read a run."""
        makers: defaultdict[NodeId, list[tuple[str, NodeId]]] = defaultdict(list)
        users: defaultdict[NodeId, list[tuple[str, NodeId]]] = defaultdict(list)
        for one, step in run.steps.items():
            for slot in step.made:
                makers[slot.thing].append((slot.role, one))
            for slot in step.used:
                users[slot.thing].append((slot.role, one))
        order = {one: place for place, one in enumerate(run.steps)}
        return cls(run=run, order=order, makers=makers, users=users, prints=_prints(run, makers))

    def step(self, one: NodeId) -> RunStep:
        """Give a step."""
        return self.run.steps[one]


def _prints(run: Run, makers: Mapping[NodeId, Sequence[tuple[str, NodeId]]]) -> Mapping[NodeId, str]:
    """Give each step a fingerprint of itself and of all that led to it, causes first."""
    found: dict[NodeId, str] = {}
    for one, step in run.steps.items():
        led = sorted(
            (
                slot.role,
                run.things[slot.thing].sha256,
                *run.things[slot.thing].says,
                *_made_by(slot.thing, makers, found),
            )
            for slot in step.used
        )
        parts = (
            step.kind,
            step.version,
            sorted((name, each.meaning or each.value) for name, each in step.parameters.items()),
            led,
        )
        found[one] = hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()
    return found


def _made_by(
    thing: NodeId, makers: Mapping[NodeId, Sequence[tuple[str, NodeId]]], found: Mapping[NodeId, str]
) -> Iterator[str]:
    return (f"{role} {found.get(maker, '')}" for role, maker in sorted(makers.get(thing, ())))


# --- keys, from the strictest to the loosest


def _whole(side: _Side, one: NodeId) -> Hashable:
    return side.prints[one]


def _parameters_and_roles(side: _Side, one: NodeId) -> Hashable:
    step = side.step(one)
    return (
        step.kind,
        step.roles(),
        tuple(sorted((name, each.meaning or each.value) for name, each in step.parameters.items())),
    )


def _roles(side: _Side, one: NodeId) -> Hashable:
    return side.step(one).hint, side.step(one).roles()


def _hint(side: _Side, one: NodeId) -> Hashable:
    return side.step(one).hint


def _kind(side: _Side, one: NodeId) -> Hashable:
    return side.step(one).kind


def _nameless_roles(side: _Side, one: NodeId) -> Hashable | None:
    return None if side.step(one).kind else side.step(one).roles()


def _nameless(side: _Side, one: NodeId) -> Hashable | None:
    return None if side.step(one).kind else ""


def _same_step(_: _Side, one: NodeId) -> Hashable:
    return one


_KEYS: Final[tuple[_Key, ...]] = (_same_step, _whole, _parameters_and_roles, _roles, _hint)
_NAMELESS: Final[tuple[_Key, ...]] = (_nameless_roles, _nameless)
"""For steps of which nothing but their ids tells what they are: these may differ."""


def _by_id(_: _Side, thing: NodeId) -> Hashable:
    return thing


def _by_sum(side: _Side, thing: NodeId) -> Hashable | None:
    return side.run.things[thing].sha256 or None


@dataclass(slots=True)
class _Matching:
    """Pairs found so far, and those whose neighbours were not looked at yet."""

    a: _Side
    b: _Side
    name: _Key
    of: dict[NodeId, NodeId] = field(default_factory=dict)
    back: dict[NodeId, NodeId] = field(default_factory=dict)
    stuff: dict[NodeId, NodeId] = field(default_factory=dict)
    stuff_back: dict[NodeId, NodeId] = field(default_factory=dict)
    todo: deque[Pair] = field(default_factory=deque)
    todo_stuff: deque[Pair] = field(default_factory=deque)

    def things(self, key: _Key) -> None:
        """Pair things that are not paired yet, of equal keys; of several equal ones (empty logs) none tells a place."""
        left = _alone(_unpaired(self.a, self.a.run.things, self.stuff, key))
        right = _alone(_unpaired(self.b, self.b.run.things, self.stuff_back, key))
        for one, other in self._zipped(left, right):
            self._join_things(one, other)

    def steps(self, key: _Key) -> None:
        """Pair steps that are not paired yet, of equal keys, in their order."""
        left = _unpaired(self.a, self.a.run.steps, self.of, key)
        right = _unpaired(self.b, self.b.run.steps, self.back, key)
        for one, other in self._zipped(left, right):
            self._join(one, other)

    def spread(self) -> None:
        """Pair what stands in the same roles next to what is paired, and is of the same kind."""
        while self.todo or self.todo_stuff:
            if self.todo:
                one, other = self.todo.popleft()
                left, right = self.a.step(one), self.b.step(other)
                for mine, theirs in ((left.used, right.used), (left.made, right.made)):
                    self._slots(_grouped(mine), _grouped(theirs))
            else:
                one, other = self.todo_stuff.popleft()
                for sides in ((self.a.users, self.b.users), (self.a.makers, self.b.makers)):
                    self._beside(sides[0].get(one, ()), sides[1].get(other, ()))

    def replaced(self) -> tuple[Pair, ...]:
        """Pair steps of different kinds in the same place: the same makers before, the same users behind."""
        left = _places(self.a, self.of, self.of)
        right = _places(self.b, self.back, {one: one for one in self.back})
        found = self._zipped(left, right)
        return tuple(sorted(found, key=lambda pair: (self.a.order[pair[0]], pair[1])))

    def _slots(self, left: Mapping[Hashable, list[NodeId]], right: Mapping[Hashable, list[NodeId]]) -> None:
        for role, mine in left.items():
            theirs = [one for one in right.get(role, ()) if one not in self.stuff_back]
            for one, other in zip((one for one in mine if one not in self.stuff), theirs, strict=False):
                self._join_things(one, other)

    def _beside(self, left: Sequence[tuple[str, NodeId]], right: Sequence[tuple[str, NodeId]]) -> None:
        mine = _neighbours(self.a, left, self.of, self.name)
        theirs = _neighbours(self.b, right, self.back, self.name)
        for one, other in self._zipped(mine, theirs):
            self._join(one, other)

    def _zipped(self, left: Mapping[Hashable, list[NodeId]], right: Mapping[Hashable, list[NodeId]]) -> Sequence[Pair]:
        """Pair equals by position; in an order that is the same seen from either side."""
        pairs = [pair for key, mine in left.items() for pair in zip(mine, right.get(key, ()), strict=False)]
        return sorted(pairs, key=self._rank)

    def _rank(self, pair: Pair) -> tuple[int, ...]:
        one, other = (side.order.get(node, 0) for side, node in zip((self.a, self.b), pair, strict=True))
        return min(one, other), max(one, other)

    def _join(self, one: NodeId, other: NodeId) -> None:
        if one not in self.of and other not in self.back:
            self.of[one], self.back[other] = other, one
            self.todo.append((one, other))

    def _join_things(self, one: NodeId, other: NodeId) -> None:
        if one not in self.stuff and other not in self.stuff_back:
            self.stuff[one], self.stuff_back[other] = other, one
            self.todo_stuff.append((one, other))


def _unpaired(
    side: _Side, nodes: Iterable[NodeId], paired: Mapping[NodeId, NodeId], key: _Key
) -> Mapping[Hashable, list[NodeId]]:
    found: defaultdict[Hashable, list[NodeId]] = defaultdict(list)
    for one in nodes:
        if one not in paired and (value := key(side, one)) is not None:
            found[value].append(one)
    return found


def _alone(found: Mapping[Hashable, list[NodeId]]) -> Mapping[Hashable, list[NodeId]]:
    return {key: nodes for key, nodes in found.items() if len(nodes) == 1}


def _grouped(slots: Iterable[tuple[str, NodeId]]) -> Mapping[Hashable, list[NodeId]]:
    found: defaultdict[Hashable, list[NodeId]] = defaultdict(list)
    for role, thing in slots:
        found[role].append(thing)
    return found


def _neighbours(
    side: _Side, beside: Sequence[tuple[str, NodeId]], paired: Mapping[NodeId, NodeId], name: _Key
) -> Mapping[Hashable, list[NodeId]]:
    found: defaultdict[Hashable, list[NodeId]] = defaultdict(list)
    for role, one in sorted(beside, key=lambda each: side.order[each[1]]):
        if one not in paired:
            found[role, name(side, one)].append(one)
    return found


def _places(
    side: _Side, paired: Mapping[NodeId, NodeId], common: Mapping[NodeId, NodeId]
) -> Mapping[Hashable, list[NodeId]]:
    """Give unpaired steps by the paired ones around them, those named as in the other run."""
    found: defaultdict[Hashable, list[NodeId]] = defaultdict(list)
    for one, step in side.run.steps.items():
        if one in paired:
            continue
        before = {maker for slot in step.used for _, maker in side.makers.get(slot.thing, ())}
        behind = {user for slot in step.made for _, user in side.users.get(slot.thing, ())}
        around = (frozenset(common[each] for each in part if each in common) for part in (before, behind))
        key = tuple(around)
        if any(key):
            found[key].append(one)
    return found
