"""What a walk needs of Neo4j: many levels in one query, so that a deep lineage costs few round trips."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from provstore.graph.model import Node, NodeId, Relation, Viewer
from provstore.graph.neo4j_attributes import sees
from provstore.graph.neo4j_rows import node_from_row, relation_from_row
from provstore.graph.neo4j_schema import BORN, NODE
from provstore.graph.neo4j_writes import Run
from provstore.graph.rules import Step
from provstore.graph.store import Walk
from provstore.graph.walking import Chunk

__all__ = ["Changed", "Neo4jTerrain", "chunk_text"]

_Crossing = tuple[NodeId, NodeId, bool, str]

_LEVELS: Final = ((1, 64), (4, 16), (16, 4), (64, 2))
"""(frontier of at most so many nodes, levels looked ahead). The server searches from each node of the frontier by
itself, so looking far ahead from many nodes does the same work many times.
"""
_FIRST: Final = 500
_GROWTH: Final = 8
"""Nodes fetched ahead by the first query, and how much more by each further one: a walk may stop early."""


class Changed(Exception):
    """A node that was there for one query of the walk was gone for the next."""


def chunk_text(steps: Collection[Step], viewer: Viewer, *, levels: int) -> str:
    """Write the query for the nodes up to so many levels from the frontier, with all that may be crossed from them.

    Neo4j plans the variable-length pattern as a breadth-first search that visits a node once, because only distinct
    nodes are asked for; one such pattern has one direction, so it looks ahead in the direction most steps have.
    """
    ahead = _main_direction(steps)
    # Not "WHERE s.id IN $frontier": Neo4j 5.26 then forgets the DISTINCT.
    match = f"UNWIND $frontier AS id MATCH (s:{NODE} {{id: id}}) "
    if levels and ahead:
        pattern = _arrow(ahead, reach=f"*0..{levels}")
        match += f"MATCH (s){pattern}(n) WITH DISTINCT n LIMIT $room "
    else:
        match += "WITH s AS n "
    return (
        f"{match}RETURN labels(n) AS labels, properties(n) AS properties, "
        f"{_crossings([step for step in steps if not step.backwards], viewer)} AS onwards, "
        f"{_crossings([step for step in steps if step.backwards], viewer)} AS back"
    )


def _main_direction(steps: Collection[Step]) -> list[Step]:
    onwards = [step for step in steps if step.expand and not step.backwards]
    back = [step for step in steps if step.expand and step.backwards]
    return onwards if len(onwards) >= len(back) else back


def _arrow(steps: Collection[Step], *, name: str = "", reach: str = "") -> str:
    kinds = "|".join(sorted({step.kind.value for step in steps}))
    backwards = any(step.backwards for step in steps)
    return f"{'<' if backwards else ''}-[{name}:{kinds}{reach}]-{'' if backwards else '>'}"


def _crossings(steps: Collection[Step], viewer: Viewer) -> str:
    """Write what gives the crossings of steps in one direction, as one list."""
    free = [step for step in steps if step.most is None]
    lists = [_collected(free)] if free else []
    lists += [_collected([step], *_few(step, viewer)) for step in steps if step.most is not None]
    return " + ".join(lists) or "[]"


def _collected(steps: Collection[Step], tests: str = "", end: str = "") -> str:
    pattern = f"(n){_arrow(steps, name='r')}(m:{NODE})"
    return f"COLLECT {{ MATCH {pattern}{tests} RETURN [m.id, type(r), properties(r)]{end} }}"


def _few(step: Step, viewer: Viewer) -> tuple[str, str]:
    """Write the test and the order that leave as many as the step takes: those to the nodes made last."""
    tests = "".join(f" WHERE {test}" for test in sees("m", viewer))
    return tests, f" ORDER BY m.{BORN} DESC, r.key DESC LIMIT $most.{_limit_name(step)}"


def _limit_name(step: Step) -> str:
    return f"{step.kind}_{'back' if step.backwards else 'onwards'}"


class Neo4jTerrain:
    """The graph as one walk sees it: nodes by id, relations by key; what a query brought along is kept."""

    def __init__(self, run: Run, walk: Walk, viewer: Viewer) -> None:
        self._run = run
        self._walk = walk
        self._viewer = viewer
        self._bundles: dict[str, bool] = {}
        self._room = _FIRST
        self._expand = {(step.kind.value, step.backwards): step.expand for step in walk.steps}
        self._nodes: dict[NodeId, tuple[list[str], dict[str, Any]]] = {}
        self._relations: dict[str, tuple[str, NodeId, NodeId, dict[str, Any]]] = {}
        self._expanded: dict[NodeId, list[_Crossing]] = {}

    def locate(self, ids: Collection[NodeId]) -> Collection[NodeId]:
        """Give the ids that exist; what is around the first ones, the starts, comes along."""
        if self._nodes:
            self._bring(ids)
        else:
            self._expand_from(ids, hops=self._walk.depth, room=self._walk.limit)
        return [one for one in ids if one in self._nodes]

    def fetch(self, frontier: Collection[NodeId], *, hops: int | None, room: int) -> Chunk[NodeId, str]:
        """Give what is known, once the frontier is."""
        missing = [ref for ref in frontier if ref not in self._expanded]
        if missing:
            self._expand_from(missing, hops=hops, room=room)
        fresh, self._expanded = self._expanded, {}
        return Chunk(fresh.keys(), [crossing for bucket in fresh.values() for crossing in bucket])

    def names(self, refs: Collection[NodeId]) -> Mapping[NodeId, NodeId]:
        """Give the ids: they are the references."""
        return {ref: ref for ref in refs}

    def load(self, refs: Collection[NodeId]) -> Mapping[NodeId, Node]:
        """Give whole nodes; only those that no query brought along are asked for."""
        self._bring(refs)
        if not self._nodes.keys() >= set(refs):
            raise Changed
        return {ref: node_from_row(*self._nodes[ref]) for ref in refs}

    def _bring(self, refs: Collection[NodeId]) -> None:
        missing = [ref for ref in refs if ref not in self._nodes]
        if missing:
            text = f"UNWIND $ids AS id MATCH (n:{NODE} {{id: id}}) RETURN labels(n), properties(n)"
            for labels, properties in self._run(text, ids=missing):
                self._nodes[properties["id"]] = (labels, properties)

    def relations(self, handles: Collection[str]) -> Iterable[Relation]:
        """Give whole relations: they always came along."""
        return (relation_from_row(*self._relations[key]) for key in handles)

    def _expand_from(self, frontier: Collection[NodeId], *, hops: int | None, room: int) -> None:
        levels = next((levels for most, levels in _LEVELS if len(frontier) <= most), 1)
        levels = levels if hops is None else min(levels, hops)
        at_most = min(self._room, room) + len(frontier)
        self._room *= _GROWTH
        found = self._ask(frontier, levels=levels, room=at_most)
        if found == at_most:
            self._ask([ref for ref in frontier if ref not in self._expanded], levels=0, room=0)
        for ref in frontier:
            self._expanded.setdefault(ref, [])

    def _ask(self, frontier: Collection[NodeId], *, levels: int, room: int) -> int:
        text = chunk_text(self._walk.steps, self._viewer, levels=levels)
        readers = sorted(self._viewer.readers)
        most = {_limit_name(step): step.most for step in self._walk.steps}
        rows = self._run(text, frontier=list(frontier), room=room, readers=readers, most=most) if frontier else []
        if not self._viewer.all:
            self._look_at_bundles(rows)
        for labels, properties, onwards, back in rows:
            origin = NodeId(properties["id"])
            self._nodes[origin] = (labels, properties)
            self._expanded[origin] = [
                *self._crossings(origin, onwards, backwards=False),
                *self._crossings(origin, back, backwards=True),
            ]
        return len(rows)

    def _look_at_bundles(self, rows: Iterable[list[Any]]) -> None:
        """Learn which bundles the viewer may see; what others say does not exist for him."""
        relations = (one[2] for _, _, onwards, back in rows for one in (*onwards, *back))
        new = {one["bundle"] for one in relations if "bundle" in one}.difference(self._bundles)
        if not new:
            return
        tests = "".join(sees("n", self._viewer))
        text = f"UNWIND $ids AS id MATCH (n:{NODE} {{id: id}}) WHERE {tests} RETURN n.id"
        found = {one for (one,) in self._run(text, ids=sorted(new), readers=sorted(self._viewer.readers))}
        self._bundles |= {one: one in found for one in new}

    def _crossings(self, origin: NodeId, rows: Iterable[list[Any]], *, backwards: bool) -> Iterator[_Crossing]:
        for other, kind, properties in rows:
            if self._bundles and not self._bundles.get(properties.get("bundle"), True):
                continue
            key = properties["key"]
            source, target = (other, origin) if backwards else (origin, other)
            self._relations[key] = (kind, source, target, properties)
            yield origin, other, self._expand[kind, backwards], key
