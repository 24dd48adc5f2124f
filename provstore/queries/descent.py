"""Everything that was made of some nodes, level by level: a stream, however much there is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from provstore.graph.model import EVERYBODY, Node, NodeId, Reached, Relation, Viewer
from provstore.graph.rules import TO_EFFECTS
from provstore.graph.store import GraphStore, Walk
from provstore.queries.ways import is_stub

__all__ = ["Descent"]

_FIRST: Final = 200
"""So many of the nearest are given at once, by one walk."""
_SLICE: Final = 1_000
_ALL: Final = 10_000_000
_EXPANDED: Final = frozenset((step.kind, step.backwards) for step in TO_EFFECTS if step.expand)
_SHOWN: Final = frozenset((step.kind, step.backwards) for step in TO_EFFECTS)


@dataclass(slots=True, kw_only=True)
class Descent:
    """A walk to the effects in the order (distance, id), that needs not be finished before its beginning is told.

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
        walk = Walk(starts=tuple(self.starts), steps=TO_EFFECTS, limit=_FIRST)
        near = self.store.walk(walk, self.viewer)
        first = [one for one in near.reached if not is_stub(one.node.id)]
        yield from first
        self.restricted |= near.restricted
        if near.truncated:
            yield from islice(self._whole([one.node for one in first if one.distance == 0]), len(first), None)

    def _whole(self, starts: Sequence[Node]) -> Iterator[Reached]:
        # All starts are within the first walk, or there are so many of them that it held nothing else.
        nodes = starts if len(starts) < _FIRST else self.store.get(sorted(set(self.starts)), self.viewer)
        yield from (Reached(node, 0) for node in sorted(nodes, key=lambda one: one.id))
        met = {node.id for node in nodes}
        expanded = set(met)
        frontier, distance = sorted(met), 0
        while frontier:
            distance += 1
            fresh, onwards = self._level(frontier, met, expanded)
            yield from (Reached(node, distance) for node in sorted(fresh, key=lambda one: one.id))
            if len(met) > self.limit:
                self.truncated = True
                return
            frontier = onwards

    def _level(
        self, frontier: Sequence[NodeId], met: set[NodeId], expanded: set[NodeId]
    ) -> tuple[list[Node], list[NodeId]]:
        """Take one step from all of the frontier, through what the viewer may not see, too."""
        fresh: list[Node] = []
        onwards: list[NodeId] = []
        for begin in range(0, len(frontier), _SLICE):
            starts = frontier[begin : begin + _SLICE]
            # Asked for as the program itself: what is hidden is walked through.
            answer = self.store.walk(Walk(starts=tuple(starts), steps=TO_EFFECTS, depth=1, limit=_ALL), EVERYBODY)
            nodes = {one.node.id: one.node for one in answer.reached}
            for other, expands in self._crossed(answer.edges, set(starts)):
                if other not in met:
                    met.add(other)
                    if self.viewer.sees(nodes[other].readers):
                        fresh.append(nodes[other])
                    else:
                        self.restricted = True
                if expands and other not in expanded:
                    expanded.add(other)
                    onwards.append(other)
        return fresh, onwards

    def _crossed(self, edges: Sequence[Relation], starts: Collection[NodeId]) -> Iterator[tuple[NodeId, bool]]:
        self._learn({edge.bundle for edge in edges if edge.bundle is not None})
        for edge in edges:
            if edge.bundle is not None and not self._bundles[edge.bundle]:
                continue
            for here, there, way in ((edge.source, edge.target, False), (edge.target, edge.source, True)):
                if here in starts and (edge.kind, way) in _SHOWN:
                    yield there, (edge.kind, way) in _EXPANDED

    def _learn(self, bundles: Collection[NodeId]) -> None:
        """Find out which documents the viewer may see."""
        new = [one for one in bundles if one not in self._bundles]
        seen = {node.id for node in self.store.get(new, self.viewer)} if new else set()
        self._bundles |= {one: one in seen for one in new}
