"""The walk's algorithm against a slow and obvious one, over graphs and questions made at random."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.graph.matching import fails, passes, same
from provstore.graph.model import EVERYBODY, PUBLIC, Kind, Label, Node, NodeId, Relation, Viewer
from provstore.graph.rules import Step
from provstore.graph.store import Condition, Filter, Op, Walk
from provstore.graph.stubs import between
from provstore.graph.walking import Chunk, search

Edge = tuple[int, int, bool]
"""Origin, other, expand."""


@dataclass(frozen=True)
class MemoryTerrain:
    """A graph in memory; ``ahead`` levels are given beyond what is asked for."""

    edges: tuple[Edge, ...]
    nodes: Mapping[str, Node]
    ahead: int

    def locate(self, ids: Collection[NodeId]) -> list[str]:
        return [id_ for id_ in ids if id_ in self.nodes]

    def fetch(self, frontier: Collection[str], *, hops: int | None, room: int) -> Chunk[str, int]:
        assert hops is None or hops > 0
        assert room > 0
        expanded = set(frontier)
        for _ in range(self.ahead):
            expanded |= {name(other) for origin, other, expand in self.edges if name(origin) in expanded and expand}
        crossings = [
            (name(origin), name(other), expand, handle)
            for handle, (origin, other, expand) in enumerate(self.edges)
            if name(origin) in expanded
        ]
        return Chunk(expanded, crossings)

    def names(self, refs: Collection[str]) -> dict[str, NodeId]:
        return {ref: NodeId(ref) for ref in refs}

    def load(self, refs: Collection[str]) -> dict[str, Node]:
        return {ref: self.nodes[ref] for ref in refs}

    def relations(self, handles: Collection[int]) -> Iterator[Relation]:
        for handle in handles:
            origin, other, _ = self.edges[handle]
            yield Relation(f"k{handle:03}", Kind.WAS_DERIVED_FROM, name(origin), name(other))


def name(number: int) -> NodeId:
    return NodeId(f"n{number:02}")


def slow_distances(
    edges: Iterable[Edge], starts: Iterable[int], *, depth: int, stops: Collection[int]
) -> dict[int, int]:
    """Relax until nothing changes: least steps at all, and least steps at which a node may be expanded."""
    edges = list(edges)
    least = dict.fromkeys(starts, 0)
    expandable = dict(least)
    for _ in range(len(edges) + 1):
        for origin, other, expand in edges:
            if origin in stops or expandable.get(origin, depth) >= depth:
                continue
            steps = expandable[origin] + 1
            least[other] = min(steps, least.get(other, steps))
            if expand:
                expandable[other] = min(steps, expandable.get(other, steps))
    return least


numbers = st.integers(0, 8)
graphs = st.lists(st.tuples(numbers, numbers, st.sampled_from([True, True, True, False])), max_size=20).map(tuple)
STEPS = (Step(Kind.WAS_DERIVED_FROM),)


def terrain(
    edges: tuple[Edge, ...], *, ahead: int, hidden: Collection[int] = (), marked: Collection[int] = ()
) -> MemoryTerrain:
    nodes: dict[str, Node] = {
        name(number): Node(
            name(number),
            frozenset({Label.ENTITY}),
            {"marked": number in marked},
            readers=frozenset({"user:x" if number in hidden else PUBLIC}),
        )
        for number in range(9)
    }
    return MemoryTerrain(edges, nodes, ahead)


@given(
    edges=graphs,
    starts=st.lists(numbers, min_size=1, max_size=3),
    depth=st.none() | st.integers(0, 5),
    stops=st.frozensets(numbers, max_size=3),
    by_name=st.booleans(),
    limit=st.integers(1, 10),
    ahead=st.integers(0, 3),
)
def test_distances_limits_and_relations_are_those_of_the_slow_way(  # noqa: PLR0913  (hypothesis gives each)
    *,
    edges: tuple[Edge, ...],
    starts: list[int],
    depth: int | None,
    stops: frozenset[int],
    by_name: bool,
    limit: int,
    ahead: int,
) -> None:
    marked = Condition(label=Label.ENTITY, filters=(Filter("marked", Op.EQ, value=True),))
    walk = Walk(
        starts=tuple(map(name, starts)),
        steps=STEPS,
        depth=depth,
        stop=(marked,) if stops and not by_name else (),
        stop_at=tuple(map(name, stops)) if by_name else (),
        limit=limit,
    )
    answer = search(walk, terrain(edges, ahead=ahead, marked=stops), EVERYBODY)
    slow = slow_distances(edges, starts, depth=99 if depth is None else depth, stops=stops)
    expected = sorted((distance, name(number)) for number, distance in slow.items())
    assert [(one.distance, one.node.id) for one in answer.reached] == expected[:limit]
    assert answer.truncated is (len(expected) > limit)
    assert not answer.restricted
    shown = {one.node.id for one in answer.reached}
    assert all(one.source in shown and one.target in shown for one in answer.edges)
    if not answer.truncated and depth is None and not stops and all(expand for _, _, expand in edges):
        reached_edges = {f"k{handle:03}" for handle, (origin, _, _) in enumerate(edges) if name(origin) in shown}
        assert {one.key for one in answer.edges} == reached_edges


@given(edges=graphs, hidden=st.frozensets(numbers, max_size=5), limit=st.integers(1, 10), ahead=st.integers(0, 3))
def test_a_viewer_learns_nothing_of_hidden_nodes_but_where_they_lie_between(
    edges: tuple[Edge, ...], hidden: frozenset[int], limit: int, ahead: int
) -> None:
    walk = Walk(starts=(name(0), name(1)), steps=STEPS, limit=limit)
    answer = search(walk, terrain(edges, ahead=ahead, hidden=hidden), Viewer())
    shown = [one.node.id for one in answer.reached]
    assert len(shown) <= limit
    assert len(set(shown)) == len(shown)
    assert not set(shown) & {name(number) for number in hidden}
    ends = {end for one in answer.edges for end in (one.source, one.target)}
    assert ends <= set(shown)
    for one in answer.reached:
        if one.node.id.startswith("urn:stub:"):
            assert one.node == Node(one.node.id, frozenset({Label.ENTITY}))
            assert any(edge.target == one.node.id for edge in answer.edges)
            assert any(edge.source == one.node.id for edge in answer.edges)
            assert answer.restricted


@given(edges=graphs, hidden=st.frozensets(numbers, max_size=5))
def test_how_far_ahead_an_adapter_fetches_changes_nothing(edges: tuple[Edge, ...], hidden: frozenset[int]) -> None:
    walk = Walk(starts=(name(0),), steps=STEPS, depth=4, limit=6)
    answers = [search(walk, terrain(edges, ahead=ahead, hidden=hidden), Viewer()) for ahead in range(4)]
    assert answers[1:] == answers[:-1]


def paths(edges: Iterable[tuple[int, int]], start: int) -> Iterator[tuple[int, ...]]:
    """Give every path of an acyclic graph from a node."""
    edges = list(edges)
    yield (start,)
    for origin, other in edges:
        if origin == start:
            yield from ((start, *rest) for rest in paths(edges, other))


@given(
    pairs=st.lists(st.tuples(numbers, numbers).filter(lambda pair: pair[0] < pair[1]), max_size=12),
    shown=st.frozensets(numbers, min_size=1, max_size=5),
    through=st.frozensets(numbers, max_size=2),
)
def test_between_are_the_hidden_nodes_on_a_path_from_shown_to_shown(
    pairs: list[tuple[int, int]], shown: frozenset[int], through: frozenset[int]
) -> None:
    hidden = set(range(9)) - shown - through
    expected = {
        node
        for start in shown
        for path in paths(pairs, start)
        for end in range(2, len(path))
        if path[end] in shown
        for node in path[1:end]
        if node in hidden
    }
    assert between(pairs, shown=shown, hidden=hidden, through=through - shown) == expected


def test_a_dead_end_walked_both_ways_is_not_between() -> None:
    there = list(pairwise((0, 1, 2, 3)))
    back = [(other, origin) for origin, other in there]
    assert between(there + back, shown={0}, hidden={1, 2, 3}, through=()) == set()
    assert between(there + back, shown={0, 2}, hidden={1, 3}, through=()) == {1}


@pytest.mark.parametrize(
    ("have", "want", "expected"),
    [(1, 1.0, True), (True, 1, False), (1, True, False), ("1", 1, False), (None, None, True), ("", None, False)],
)
def test_values_are_the_same_only_within_their_sort(
    have: str | int | None, want: str | float | None, *, expected: bool
) -> None:
    assert same(have, want) is expected


def test_where_leaves_out_what_has_the_label_and_fails() -> None:
    node = Node(NodeId("n"), frozenset({Label.ENTITY}), {"size": 3})
    small = Condition(label=Label.ENTITY, filters=(Filter("size", Op.LT, 3),))
    other = Condition(label=Label.ACTIVITY, filters=small.filters)
    assert (passes(node, small), fails(node, small)) == (False, True)
    assert (passes(node, other), fails(node, other)) == (False, False)
