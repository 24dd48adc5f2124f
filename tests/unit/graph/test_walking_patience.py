"""A walk that takes too long ends with what is nearest."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from provstore.graph.model import EVERYBODY, PUBLIC, Kind, Label, Node, NodeId, Relation, Viewer
from provstore.graph.rules import Step
from provstore.graph.store import Walk
from provstore.graph.walking import Chunk, search

STEPS = (Step(Kind.WAS_DERIVED_FROM),)
SOON = timedelta(milliseconds=100)


def name(number: int) -> NodeId:
    return NodeId(f"n{number:06}")


@dataclass
class Hub:
    """A node with very many neighbours, each of which has one more behind it; loading them takes its time."""

    neighbours: int
    slow: timedelta = timedelta()
    loaded: int = 0

    def locate(self, ids: Collection[NodeId]) -> list[NodeId]:
        return list(ids)

    def fetch(self, frontier: Collection[NodeId], *, hops: int | None, room: int) -> Chunk[NodeId, str]:
        del hops, room
        near = range(1, self.neighbours + 1)
        crossings = [(name(0), name(one), True, f"0-{one}") for one in near if name(0) in frontier]
        crossings += [(name(one), name(one * 10_000), True, f"{one}-") for one in near if name(one) in frontier]
        return Chunk(frontier, crossings)

    def names(self, refs: Collection[NodeId]) -> dict[NodeId, NodeId]:
        return {ref: ref for ref in refs}

    def load(self, refs: Collection[NodeId]) -> Mapping[NodeId, Node]:
        until = time.monotonic() + self.slow.total_seconds()
        while self.slow and name(0) not in refs and time.monotonic() < until:
            pass
        self.loaded += len(refs)
        return {ref: Node(ref, frozenset({Label.ENTITY}), readers=frozenset({PUBLIC})) for ref in refs}

    def relations(self, handles: Collection[str]) -> Iterator[Relation]:
        for handle in handles:
            source, target = handle.split("-")
            other = int(target) if target else int(source) * 10_000
            yield Relation(handle, Kind.WAS_DERIVED_FROM, name(int(source)), name(other))


def test_without_patience_only_the_starts_are_found_and_the_answer_is_truncated() -> None:
    answer = search(Walk(starts=(name(0),), steps=STEPS, patience=timedelta(0)), Hub(3), EVERYBODY)
    assert ([one.node.id for one in answer.reached], answer.truncated) == ([name(0)], True)


def test_a_walk_that_needs_no_further_level_is_whole_however_long_it_took() -> None:
    walk = Walk(starts=(name(0),), steps=STEPS, depth=0, patience=timedelta(0))
    assert not search(walk, Hub(3), EVERYBODY).truncated


def test_a_walk_in_time_is_whole() -> None:
    answer = search(Walk(starts=(name(0),), steps=STEPS, patience=timedelta(hours=1)), Hub(3), Viewer())
    assert (len(answer.reached), answer.truncated) == (7, False)


def test_of_a_level_that_takes_too_long_to_look_at_a_part_is_shown_and_nothing_behind_it() -> None:
    hub = Hub(10_000, slow=SOON)
    answer = search(Walk(starts=(name(0),), steps=STEPS, limit=100_000, patience=SOON), hub, Viewer())
    assert answer.truncated
    assert not answer.restricted
    assert 1 < len(answer.reached) < 10_000
    assert {one.distance for one in answer.reached} == {0, 1}
    assert hub.loaded == len(answer.reached)
    shown = {one.node.id for one in answer.reached}
    assert {one.target for one in answer.edges} == shown - {name(0)}
