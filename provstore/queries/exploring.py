"""A part of the graph as somebody explores it: around some things, and further where he has opened one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, NamedTuple

from provstore.graph.model import EVERYBODY, Kind, Label, Node, NodeId, Reached, Relation, Subgraph, Viewer
from provstore.graph.rules import TO_CAUSES, TO_EFFECTS, Step
from provstore.graph.store import GraphStore, Walk
from provstore.queries.lineage import Attachments, Direction, Question, attach, merge, reach

__all__ = ["Exploration", "Explored", "Opened", "Unseen", "explore"]

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
_SHOWN: Final = frozenset({Label.ACTIVITY, Label.ENTITY})


class Opened(NamedTuple):
    """A thing whose neighbours are wanted, too, on one side of it."""

    way: Direction
    id: NodeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploration:
    """What is explored: from where, which way, how far (None: all), what was opened since, in that order.

    ``stride``: so many steps whatever was opened leads further.
    """

    ids: tuple[NodeId, ...]
    direction: Direction = Direction.BOTH
    depth: int | None = 2
    opened: tuple[Opened, ...] = ()
    stride: int = 1
    limit: int = 1_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Explored:
    """The part of the graph, what brought each node of it, and what lies next to it.

    ``stages``: 0 for what the walks from the starts have found, n for what the n-th that was opened has brought.
    ``outside``: pairs of a node of the graph and one next to it, by the way that leads there. ``outnumbered``: there
    are more of those.
    """

    graph: Subgraph
    stages: Mapping[NodeId, int]
    outside: Mapping[Direction, frozenset[tuple[NodeId, NodeId]]]
    outnumbered: bool

    def unseen(self, shown: Collection[str]) -> Mapping[str, Unseen]:
        """Count for each shown node its neighbours that are not shown."""
        found: dict[str, dict[Direction, set[NodeId]]] = defaultdict(lambda: defaultdict(set))
        for way, pairs in self.outside.items():
            for node, other in pairs:
                if node in shown and other not in shown:
                    found[node][way].add(other)
        return {one: Unseen(len(ways[Direction.UP]), len(ways[Direction.DOWN])) for one, ways in found.items()}


class Unseen(NamedTuple):
    """How many neighbours of a node are not shown: causes, and effects."""

    up: int
    down: int


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
    whole, outside, outnumbered = _surrounded(store, found, viewer)
    graph = attach(store, whole, question, viewer)
    return Explored(graph=graph, stages=stages, outside=outside, outnumbered=outnumbered)


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


def _surrounded(
    store: GraphStore, found: Subgraph, viewer: Viewer
) -> tuple[Subgraph, Mapping[Direction, frozenset[tuple[NodeId, NodeId]]], bool]:
    """Find what else joins the nodes of an answer, and what lies next to them."""
    known = {one.node.id for one in found.reached}
    starts = tuple(sorted(one for one in known if not one.startswith(_STUB)))
    joins: dict[str, Relation] = {edge.key: edge for edge in found.edges}
    outside: dict[Direction, frozenset[tuple[NodeId, NodeId]]] = {}
    outnumbered = False
    for way, steps in _STEPS.items():
        around = store.walk(Walk(starts=starts, steps=steps, depth=1, limit=len(starts) + _NEAR), viewer)
        outnumbered |= around.truncated
        shown = {one.node.id for one in around.reached if _is_shown(one.node)}
        for edge in around.edges:
            if {edge.source, edge.target} <= known and not edge.key.startswith(_STUB):
                joins.setdefault(edge.key, edge)
        outside[way] = frozenset(pair for pair in _pairs(around.edges, steps, known) if pair[1] in shown)
    return replace(found, edges=tuple(joins.values())), outside, outnumbered


def _is_shown(node: Node) -> bool:
    """Tell whether a node could be opened: stubs can't."""
    return not node.id.startswith(_STUB) and not node.labels.isdisjoint(_SHOWN) and Label.VOID not in node.labels


def _pairs(
    edges: Iterable[Relation], steps: Sequence[Step], known: Collection[NodeId]
) -> Iterator[tuple[NodeId, NodeId]]:
    """Give each node of the answer with its neighbours that way, in or outside of the answer."""
    forwards = {step.kind for step in steps if not step.backwards}
    backwards = {step.kind for step in steps if step.backwards}
    for edge in edges:
        if edge.kind in forwards and edge.source in known:
            yield edge.source, edge.target
        if edge.kind in backwards and edge.target in known:
            yield edge.target, edge.source
