"""Everything that was made of some nodes, level by level: a stream, however much there is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from provstore.graph.model import EVERYBODY, Kind, Label, Node, NodeId, Reached, Relation, Viewer
from provstore.graph.rules import TO_EFFECTS, Step
from provstore.graph.store import GraphStore, Walk
from provstore.queries.ways import is_revision

__all__ = ["Descent"]

_FIRST: Final = 200
"""So many products are given at once where a node has very many neighbours."""
_SLICE: Final = 1_000
_ALL: Final = 10_000_000
_STEPS: Final = tuple(step for step in TO_EFFECTS if step.expand)
"""What is only shown beside a walk, the things that a job has deleted, did not come of it."""
_WAYS: Final = frozenset((step.kind, step.backwards) for step in _STEPS)
_TO_ACTIVITIES: Final = frozenset({Kind.USED, Kind.WAS_INFORMED_BY, Kind.WAS_STARTED_BY, Kind.WAS_ENDED_BY})
_TO_ENTITIES: Final = tuple(step for step in _STEPS if step.kind not in _TO_ACTIVITIES)


@dataclass(slots=True, kw_only=True)
class Descent:
    """A walk to the effects, of which the beginning is told long before its end is known.

    Nodes come by their distance; of equal distance in the order of the nodes that led to them, then by id. Where there
    are very many, some of the nearest, the newest ones, come before all others.
    ``truncated`` and ``restricted`` are known once the stream has ended. ``limit``: nodes walked over at most.
    """

    store: GraphStore
    starts: Sequence[NodeId]
    viewer: Viewer
    limit: int
    truncated: bool = False
    restricted: bool = False
    _bundles: dict[NodeId, bool] = field(default_factory=dict)

    def stream(self) -> Iterator[Reached]:
        """Give the starts and all that came of them, as far as the viewer may see it."""
        nodes = self._starting()
        yield from (Reached(node, 0) for node in nodes)
        early: set[NodeId] = set()
        for one in self._early({node.id for node in nodes}):
            early.add(one.node.id)
            yield one
        met = {node.id for node in nodes}
        yield from (one for one in self._whole(sorted(met), met) if one.node.id not in early)

    def early(self) -> Iterator[Reached]:
        """Give what the stream begins with where there are very many: some of the nearest entities; else nothing."""
        return self._early({node.id for node in self._starting()})

    def _starting(self) -> list[Node]:
        return sorted(self.store.get(sorted(set(self.starts)), self.viewer), key=lambda one: one.id)

    def _early(self, starts: set[NodeId]) -> Iterator[Reached]:
        """Give some of the nearest entities, where there are so many that all would take long to sort."""
        things, more = self._first(starts, _TO_ENTITIES)
        if more or things:
            yield from (Reached(node, 1) for node in things if more and Label.ENTITY in node.labels)
            return
        nearest, more = self._first(starts, _STEPS)
        if more:
            behind, _ = self._first({node.id for node in nearest}, _TO_ENTITIES)
            yield from (Reached(node, 2) for node in behind if Label.ENTITY in node.labels and node.id not in starts)

    def _first(self, starts: set[NodeId], steps: Sequence[Step]) -> tuple[list[Node], bool]:
        """Give some neighbours, the newest ones, as far as they may be seen, and whether there are more."""
        limit = len(starts) + _FIRST
        few = tuple(step._replace(expand=False, most=_FIRST + 1) for step in steps)
        walk = Walk(starts=tuple(starts), steps=few, depth=1, limit=limit)
        answer = self.store.walk(walk, EVERYBODY)
        nodes = {one.node.id: one.node for one in answer.reached}
        crossed = self._crossed(answer.edges, starts).difference(starts)
        seen = [node for one, node in nodes.items() if one in crossed and self.viewer.sees(node.readers)]
        return seen, answer.truncated

    def _whole(self, frontier: list[NodeId], met: set[NodeId]) -> Iterator[Reached]:
        distance = 0
        while frontier:
            distance += 1
            onwards: list[NodeId] = []
            for begin in range(0, len(frontier), _SLICE):
                fresh, further = self._level(frontier[begin : begin + _SLICE], met)
                yield from (Reached(node, distance) for node in fresh)
                onwards += further
                if len(met) > self.limit:
                    self.truncated = True
                    return
            frontier = onwards

    def _level(self, starts: Sequence[NodeId], met: set[NodeId]) -> tuple[list[Node], list[NodeId]]:
        """Take one step from some nodes, through what the viewer may not see, too; by id."""
        # Asked for as the program itself: what is hidden is walked through.
        answer = self.store.walk(Walk(starts=tuple(starts), steps=_STEPS, depth=1, limit=_ALL), EVERYBODY)
        nodes = {one.node.id: one.node for one in answer.reached}
        onwards = sorted(self._crossed(answer.edges, set(starts)).difference(met))
        met.update(onwards)
        fresh = [nodes[one] for one in onwards if self.viewer.sees(nodes[one].readers)]
        self.restricted |= len(fresh) < len(onwards)
        return fresh, onwards

    def _crossed(self, edges: Sequence[Relation], starts: Collection[NodeId]) -> set[NodeId]:
        """Give the nodes to which steps lead, as far as documents say so that the viewer may see."""
        self._learn({edge.bundle for edge in edges if edge.bundle is not None})
        seen = (edge for edge in edges if edge.bundle is None or self._bundles[edge.bundle])
        # What a person accepted in place of a product did not come of the same bad file.
        told = [edge for edge in seen if edge.bundle is not None or not is_revision(edge)]
        ways = [(edge.source, edge.target, (edge.kind, False)) for edge in told]
        ways += [(edge.target, edge.source, (edge.kind, True)) for edge in told]
        return {there for here, there, way in ways if here in starts and way in _WAYS}

    def _learn(self, bundles: Collection[NodeId]) -> None:
        """Find out which documents the viewer may see."""
        new = [one for one in bundles if one not in self._bundles]
        seen = {node.id for node in self.store.get(new, self.viewer)} if new else set()
        self._bundles |= {one: one in seen for one in new}
