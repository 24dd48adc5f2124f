"""The walk of the port, once for all adapters: breadth-first by minimum distance, over what an adapter fetches."""

from __future__ import annotations

import time
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from provstore.errors import Invalid
from provstore.graph.matching import fails, passes
from provstore.graph.model import Node, NodeId, Reached, Relation, Subgraph, Viewer
from provstore.graph.store import Walk, is_attribute
from provstore.graph.stubs import between, disguise, mask, stub_id, veil

__all__ = ["Chunk", "Crossing", "Terrain", "search"]

R = TypeVar("R", bound=Hashable)
H = TypeVar("H", bound=Hashable)

_SLICE: Final = 2_000
"""So many nodes are loaded at once for tests: a hub with a million neighbours must not fill the memory."""
_WALKED_AT_LEAST: Final = 100_000
_WALKED_PER_SHOWN: Final = 20
"""A walk that shows little of what it passes ends, as truncated, after so many nodes."""


class Crossing(NamedTuple, Generic[R, H]):
    """One relation as a step takes it: from ``origin`` to ``other``; ``expand`` as in the step; the relation's handle.

    ``R`` is how an adapter refers to nodes, ``H`` how to relations: row numbers, ids or whole objects.
    """

    origin: R
    other: R
    expand: bool
    relation: H


class Chunk(NamedTuple, Generic[R, H]):
    """What a fetch gives: ``expanded`` are the nodes of which every crossing (by the walk's steps) is in it.

    It holds at least the frontier asked for; more saves round trips. Crossings may be plain tuples in that order.
    """

    expanded: Collection[R]
    crossings: Iterable[tuple[R, R, bool, H]]


class Terrain(Protocol[R, H]):
    """What a walk needs of an adapter; all calls of a walk see one state of the graph."""

    def locate(self, ids: Collection[NodeId]) -> Collection[R]:
        """Give references to those of the nodes that exist."""

    def fetch(self, frontier: Collection[R], *, hops: int | None, room: int) -> Chunk[R, H]:
        """Give the crossings from the frontier, and from nodes behind it at will.

        What a bundle says is left out, unless the viewer may see the bundle: it was never said.

        ``hops``: so many levels are still to be expanded (1: the frontier only), None for no bound. ``room``: so many
        nodes may still be reached before the limit.
        """

    def names(self, refs: Collection[R]) -> Mapping[R, NodeId]:
        """Give the ids of nodes."""

    def load(self, refs: Collection[R]) -> Mapping[R, Node]:
        """Give whole nodes, with their readers."""

    def relations(self, handles: Collection[H]) -> Iterable[Relation]:
        """Give whole relations, with their true ends, in any order; their nodes were loaded before."""


def search(walk: Walk, terrain: Terrain[R, H], viewer: Viewer) -> Subgraph:
    """Walk as the port promises.

    Raises:
        Invalid: a condition tests an attribute.
    """
    for one in (one for condition in (*walk.stop, *walk.where) for one in condition.filters):
        if is_attribute(one.property):
            raise Invalid(f"a walk tests properties, and no attributes: {one.property}", value=one.property)
    run = _Search(walk=walk, terrain=terrain, viewer=viewer, judging=not viewer.all or bool(walk.stop or walk.where))
    run.start()
    while run.frontier and not run.is_over():
        run.advance()
    return _Answer(run).subgraph()


@dataclass(slots=True, kw_only=True)
class _Search(Generic[R, H]):
    """The state of one walk. A node's distance and the level at which it is expanded differ after ``expand=False``."""

    walk: Walk
    terrain: Terrain[R, H]
    viewer: Viewer
    judging: bool
    level: int = 0
    shown: int = 0
    frontier: list[R] = field(default_factory=list)
    distance: dict[R, int] = field(default_factory=dict)
    queued: set[R] = field(default_factory=set)
    known: dict[R, list[tuple[R, R, bool, H]]] = field(default_factory=dict)
    crossed: list[tuple[R, R, bool, H]] = field(default_factory=list)
    nodes: dict[R, Node] = field(default_factory=dict)
    judged: set[R] = field(default_factory=set)
    hidden: set[R] = field(default_factory=set)
    halts: set[R] = field(default_factory=set)
    stopping: set[R] = field(default_factory=set)
    left_out: set[R] = field(default_factory=set)
    begun: float = field(default_factory=time.monotonic)
    tired: bool = False

    def start(self) -> None:
        """Begin at the starts that exist and may be seen."""
        starts = self.terrain.locate(sorted(set(self.walk.starts)))
        if self.walk.stop_at:
            self.halts.update(self.terrain.locate(set(self.walk.stop_at)))
        if not self.judging:
            self.stopping = self.halts
        else:
            self._judge(starts)
            starts = [ref for ref in starts if ref not in self.hidden]
        self._reach(dict.fromkeys(starts, 0))
        self.queued.update(starts)
        self.frontier = [ref for ref in starts if ref not in self.stopping]

    def is_over(self) -> bool:
        """Tell whether depth, limit or patience forbid a further level."""
        return self.level == self.walk.depth or self.is_full() or self._is_late()

    def _is_late(self) -> bool:
        patience = self.walk.patience
        if patience is not None and time.monotonic() - self.begun >= patience.total_seconds():
            self.tired = True
        return self.tired

    def is_full(self) -> bool:
        """Tell whether more was reached than may be shown."""
        enough = max(_WALKED_AT_LEAST, self.walk.limit * _WALKED_PER_SHOWN)
        return self.shown > self.walk.limit or len(self.distance) > enough

    def advance(self) -> None:
        """Expand the frontier: one level further from the starts."""
        if missing := [ref for ref in self.frontier if ref not in self.known]:
            self._fetch(missing)
        fresh: dict[R, int] = {}
        onwards: list[R] = []
        distance, queued, known = self.distance, self.queued, self.known
        self.level += 1
        for origin in self.frontier:
            crossings = known[origin]
            self.crossed += crossings
            for _, other, expand, _ in crossings:
                if other not in distance:
                    fresh[other] = self.level
                if expand and other not in queued:
                    queued.add(other)
                    onwards.append(other)
        self._reach(fresh)
        self.frontier = [ref for ref in onwards if ref not in self.stopping] if self.stopping else onwards

    def _reach(self, fresh: Mapping[R, int]) -> None:
        self.distance.update(fresh)
        self.shown += len(fresh)
        if self.judging:
            self.shown -= sum(ref in self.hidden or ref in self.left_out for ref in fresh)

    def _fetch(self, missing: Collection[R]) -> None:
        hops = None if self.walk.depth is None else self.walk.depth - self.level
        chunk = self.terrain.fetch(missing, hops=hops, room=self.walk.limit - self.shown + 1)
        new: dict[R, list[tuple[R, R, bool, H]]] = {ref: [] for ref in chunk.expanded if ref not in self.known}
        for crossing in chunk.crossings:
            if (bucket := new.get(crossing[0])) is not None:
                bucket.append(crossing)
        self.known |= new
        if self.judging:
            self._judge({crossing[1] for bucket in new.values() for crossing in bucket})

    def _judge(self, refs: Collection[R]) -> None:
        todo = [ref for ref in refs if ref not in self.judged]
        self.judged.update(todo)
        for begin in range(0, len(todo), _SLICE):
            if self.distance and self._is_late():  # a hub of which not all can be looked at; the starts always are
                self.left_out.update(todo[begin:])
                return
            loaded = self.terrain.load(todo[begin : begin + _SLICE])
            for ref, node in loaded.items():
                self._judge_node(ref, node)
            if len(self.nodes) < self.walk.limit:
                self.nodes.update(loaded)

    def _judge_node(self, ref: R, node: Node) -> None:
        is_hidden = not self.viewer.sees(node.readers)
        seen = mask(node, as_id=node.id) if is_hidden else node
        if is_hidden:
            self.hidden.add(ref)
        elif ref in self.halts or any(passes(node, condition) for condition in self.walk.stop):
            self.stopping.add(ref)
        if any(fails(seen, condition) for condition in self.walk.where):
            self.left_out.add(ref)


_key = attrgetter("key", "kind")


class _Answer(Generic[R, H]):
    """Makes the answer of a finished search: chooses, names the stubs, loads."""

    def __init__(self, run: _Search[R, H]) -> None:
        self._run = run
        self._limit = run.walk.limit
        self._truncated = run.is_full() or run.tired
        self._hidden = run.hidden.intersection(run.distance)

    def subgraph(self) -> Subgraph:
        """Load what was chosen."""
        shown = self._nearest()
        stubs = self._stubs(shown, self._hidden)
        if len(shown) + len(stubs) > self._limit:
            self._truncated = True
            kept = self._cut(shown, stubs)
            shown = [ref for ref in shown if ref in kept]
            stubs = self._stubs(shown, kept & self._hidden)
        reached, disguises = self._reached(shown, stubs)
        return Subgraph(
            reached=tuple(reached),
            edges=tuple(self._edges({*shown, *stubs}, disguises)),
            truncated=self._truncated,
            restricted=bool(self._hidden),
        )

    def _nearest(self) -> list[R]:
        run = self._run
        aside = self._hidden | run.left_out
        shown = [ref for ref in run.distance if ref not in aside] if aside else list(run.distance)
        if len(shown) <= self._limit:
            return shown
        # Only the last level can be too much: the search ends with the level that goes over the limit.
        inner = [ref for ref in shown if run.distance[ref] < run.level]
        last = [ref for ref in shown if run.distance[ref] == run.level]
        names = run.terrain.names(last)
        return inner + sorted(last, key=names.__getitem__)[: self._limit - len(inner)]

    def _stubs(self, shown: Collection[R], hidden: Collection[R]) -> list[R]:
        if not hidden:
            return []
        run = self._run
        crossings = ((crossing[0], crossing[1]) for crossing in run.crossed)
        middle = between(crossings, shown=shown, hidden=hidden, through=run.left_out & run.distance.keys())
        return [ref for ref in middle if ref not in run.left_out]

    def _cut(self, shown: Sequence[R], stubs: Sequence[R]) -> set[R]:
        names = self._run.terrain.names([*shown, *stubs])
        return set(sorted(names, key=lambda ref: (self._run.distance[ref], names[ref]))[: self._limit])

    def _reached(self, shown: Collection[R], stubs: Collection[R]) -> tuple[list[Reached], dict[NodeId, NodeId]]:
        run = self._run
        missing = [ref for ref in (*shown, *stubs) if ref not in run.nodes]
        nodes = {**run.nodes, **run.terrain.load(missing)} if missing else run.nodes
        ordered = sorted(stubs, key=lambda ref: (run.distance[ref], nodes[ref].id))
        disguises = {nodes[ref].id: stub_id(number) for number, ref in enumerate(ordered, start=1)}
        reached = [Reached(nodes[ref], run.distance[ref]) for ref in shown]
        reached += [Reached(mask(nodes[ref], as_id=disguises[nodes[ref].id]), run.distance[ref]) for ref in ordered]
        reached.sort(key=lambda one: (one.distance, one.node.id))
        return reached, disguises

    def _edges(self, within: set[R], stubs: Mapping[NodeId, NodeId]) -> list[Relation]:
        handles = {handle for origin, other, _, handle in self._run.crossed if origin in within and other in within}
        relations = sorted(self._run.terrain.relations(handles), key=_key)
        if not self._run.viewer.all:
            relations = self._veiled(relations)
        if not stubs:
            return relations
        return [
            disguise(relation, stubs=stubs, number=number)
            if relation.source in stubs or relation.target in stubs
            else relation
            for number, relation in enumerate(relations, start=1)
        ]

    def _veiled(self, relations: Sequence[Relation]) -> list[Relation]:
        """Take away arguments that name a node which the viewer may not see."""
        named = {NodeId(one) for relation in relations for one in relation.arguments.values()}
        if not named:
            return list(relations)
        terrain, viewer = self._run.terrain, self._run.viewer
        nodes = terrain.load(terrain.locate(named)).values()
        hidden = {node.id for node in nodes if not viewer.sees(node.readers)}
        return [veil(relation, hidden=hidden) for relation in relations] if hidden else list(relations)
