"""A part of the graph as somebody explores it: around some things, and further where he has opened one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, NamedTuple

from provstore.graph.model import EVERYBODY, Kind, Label, Node, NodeId, Reached, Relation, Subgraph, Viewer
from provstore.graph.rules import TO_CAUSES, TO_EFFECTS, Step
from provstore.graph.store import GraphStore, Walk
from provstore.graph.titles import called, title
from provstore.queries.lineage import Attachments, Direction, Question, attach, merge, reach

__all__ = ["SHOWN", "Exploration", "Explored", "Opened", "Unseen", "explore"]

_STUB: Final = "urn:stub:"
_PATIENCE: Final = timedelta(seconds=5)
_NEAR: Final = 5_000
"""So many neighbours are looked at for what lies behind the edge; where there are more, numbers are least numbers."""

_STEPS: Final[Mapping[Direction, tuple[Step, ...]]] = {
    Direction.UP: (*TO_CAUSES, Step(Kind.HAD_MEMBER)),
    Direction.DOWN: TO_EFFECTS,
}
"""Whoever opens a collection wants to see what it holds."""

_ASSERTED: Final = (Step(Kind.ASSERTS, expand=False),)
SHOWN: Final = frozenset({Label.ACTIVITY, Label.ENTITY})
"""What is shown for itself: people, parameters and descriptions stand beside it."""
_MOST_NAMES: Final = 5
"""So many of what is not shown are named."""


class Opened(NamedTuple):
    """A thing whose neighbours are wanted, too, on one side of it."""

    way: Direction
    id: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploration:
    """What is explored: from where, which way, how far (None: all), what was opened since, in that order.

    ``stride``: so many steps whatever was opened leads further. ``among``: only what has one of these labels counts as
    something that is not shown yet.
    """

    ids: tuple[NodeId, ...]
    direction: Direction = Direction.BOTH
    depth: int | None = 2
    opened: tuple[Opened, ...] = ()
    stride: int = 1
    among: frozenset[Label] = SHOWN
    limit: int = 1_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Explored:
    """The part of the graph, what brought each node of it, and what lies next to it.

    ``stages``: 0 for what the walks from the starts have found, n for what the n-th that was opened has brought.
    ``outside``: pairs of a node of the graph and one that opening it would lead to, by the way; ``names``: what those
    are called. ``outnumbered``: there are more of them. ``told_by``: node -> the bundle that says most of it;
    ``bundles``: what those are called.
    """

    graph: Subgraph
    stages: Mapping[NodeId, int]
    outside: Mapping[Direction, frozenset[tuple[NodeId, NodeId]]]
    names: Mapping[NodeId, str]
    outnumbered: bool
    told_by: Mapping[str, str]
    bundles: Mapping[str, str]

    def unseen(self, shown: Collection[str]) -> Mapping[str, Unseen]:
        """Tell for each shown node which of its neighbours are not shown."""
        found: dict[str, dict[Direction, set[NodeId]]] = defaultdict(lambda: defaultdict(set))
        for way, pairs in self.outside.items():
            for node, other in pairs:
                if node in shown and other not in shown:
                    found[node][way].add(other)
        return {one: self._unseen(ways) for one, ways in found.items()}

    def _unseen(self, ways: Mapping[Direction, set[NodeId]]) -> Unseen:
        up, down = ways.get(Direction.UP, set()), ways.get(Direction.DOWN, set())
        return Unseen(len(up), len(down), self._named(up), self._named(down))

    def _named(self, ids: Collection[NodeId]) -> tuple[str, ...]:
        return tuple(sorted(self.names[one] for one in ids)[:_MOST_NAMES])


class Unseen(NamedTuple):
    """How many neighbours of a node are not shown, causes and effects, and what the first of them are called."""

    up: int
    down: int
    causes: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()


def explore(store: GraphStore, asked: Exploration, viewer: Viewer = EVERYBODY) -> Explored:
    """Explore a part of the graph.

    Raises:
        NotFound: none of the ids is known (or may be seen).
    """
    question = Question(
        ids=_starts(store, asked, viewer),
        direction=asked.direction,
        depth=asked.depth,
        limit=asked.limit,
        attachments=Attachments(descriptions=0),
        joined=False,
        patience=_PATIENCE,
    )
    found = reach(store, question, viewer)
    stages: dict[NodeId, int] = dict.fromkeys((one.node.id for one in found.reached), 0)
    for number, opened in enumerate(asked.opened, start=1):
        if opened.id in stages:
            found = merge((found, _beyond(store, opened, found, asked, viewer)))
            for one in found.reached:
                stages.setdefault(one.node.id, number)
    around = {way: _around(store, found, way, asked, viewer) for way in _STEPS}
    joined = _joined(found, (edge for one in around.values() for edge in one.edges))
    told_by = _told_by(joined.edges, asked)
    return Explored(
        graph=attach(store, joined, question, viewer),
        stages=stages,
        outside={way: frozenset(_pairs(one, _STEPS[way], stages.keys(), asked)) for way, one in around.items()},
        names={one.node.id: title(one.node) for each in around.values() for one in each.reached},
        outnumbered=any(one.truncated for one in around.values()),
        told_by=told_by,
        bundles=_names(store, told_by.values(), viewer),
    )


def _starts(store: GraphStore, asked: Exploration, viewer: Viewer) -> tuple[NodeId, ...]:
    """Give where the walks start: in place of a document, what it speaks of."""
    bundles = tuple(node.id for node in store.get(asked.ids, viewer) if Label.BUNDLE in node.labels)
    if not bundles:
        return asked.ids
    told = store.walk(Walk(starts=bundles, steps=_ASSERTED, depth=1, limit=asked.limit), viewer)
    things = sorted(one.node.id for one in told.reached if one.distance and _is_shown(one.node))
    return (*(one for one in asked.ids if one not in bundles), *things) or asked.ids


def _beyond(store: GraphStore, opened: Opened, found: Subgraph, asked: Exploration, viewer: Viewer) -> Subgraph:
    """Give what lies next to a node, at distances that are counted from where the others' are."""
    walk = Walk(starts=(opened.id,), steps=_STEPS[opened.way], depth=asked.stride, limit=asked.limit)
    near = store.walk(walk, viewer)
    far = next(one.distance for one in found.reached if one.node.id == opened.id)
    return replace(near, reached=tuple(Reached(one.node, one.distance + far) for one in near.reached))


def _around(store: GraphStore, found: Subgraph, way: Direction, asked: Exploration, viewer: Viewer) -> Subgraph:
    """Find what else joins the nodes of an answer, and what lies next to them, on one side."""
    starts = tuple(sorted(one.node.id for one in found.reached if not one.node.id.startswith(_STUB)))
    return store.walk(Walk(starts=starts, steps=_STEPS[way], depth=asked.stride, limit=len(starts) + _NEAR), viewer)


def _joined(found: Subgraph, others: Iterable[Relation]) -> Subgraph:
    """Add what joins the nodes of an answer."""
    known = {one.node.id for one in found.reached}
    joins: dict[str, Relation] = {edge.key: edge for edge in found.edges}
    for edge in others:
        if {edge.source, edge.target} <= known and not edge.key.startswith(_STUB):
            joins.setdefault(edge.key, edge)
    return replace(found, edges=tuple(joins.values()))


def _told_by(edges: Iterable[Relation], asked: Exploration) -> Mapping[str, str]:
    """Find which bundle says most of what; those that were asked for are no answer to that."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for edge in edges:
        if edge.bundle is not None:
            for end in (edge.source, edge.target):
                found[end][edge.bundle] += 1
    most = {one: min(bundles, key=lambda each: (-bundles[each], each)) for one, bundles in found.items()}
    return {one: bundle for one, bundle in most.items() if bundle not in asked.ids}


def _names(store: GraphStore, bundles: Iterable[str], viewer: Viewer) -> Mapping[str, str]:
    """Give what bundles are called."""
    ids = sorted({NodeId(one) for one in bundles})
    return {one.id: called(one) or str(one.properties.get("bundle", "document")) for one in store.get(ids, viewer)}


def _is_shown(node: Node, labels: frozenset[Label] = SHOWN) -> bool:
    """Tell whether a node could be opened: stubs can't."""
    return not node.id.startswith(_STUB) and not node.labels.isdisjoint(labels) and Label.VOID not in node.labels


def _pairs(
    around: Subgraph, steps: Sequence[Step], known: Collection[NodeId], asked: Exploration
) -> Iterator[tuple[NodeId, NodeId]]:
    """Give each node of the answer with those that opening it that way leads to, in or outside of the answer."""
    forwards = {step.kind for step in steps if not step.backwards}
    backwards = {step.kind for step in steps if step.backwards}
    near: dict[NodeId, set[NodeId]] = defaultdict(set)
    for edge in around.edges:
        if edge.kind in forwards:
            near[edge.source].add(edge.target)
        if edge.kind in backwards:
            near[edge.target].add(edge.source)
    shown = {one.node.id for one in around.reached if _is_shown(one.node, asked.among)}
    for one in known:
        reached = frontier = near.get(one, set())
        for _ in range(asked.stride - 1):
            frontier = {far for other in frontier for far in near.get(other, ())}
            reached = reached | frontier
        yield from ((one, other) for other in reached & shown if other != one)
