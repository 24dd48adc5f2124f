"""What a replacement affects: the part of the graph below it, seen as jobs that use and make things.

Steps inside a job, of which its script told, are the job. A newer version of a product is not affected by what the
older one was made of, nor is anything that stands on the way from an input to its own replacement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from provstore.errors import TooLarge
from provstore.graph.model import PROV, Kind, Label, Node, NodeId, Relation, Viewer
from provstore.graph.rules import Step
from provstore.graph.store import GraphStore, Walk
from provstore.queries.replay import REVISION_KEY

__all__ = ["STUB", "Reach", "reach"]

STUB: Final = "urn:stub:"
_DOWN: Final = tuple(
    Step(kind, backwards=True) for kind in (Kind.USED, Kind.WAS_GENERATED_BY, Kind.WAS_DERIVED_FROM, Kind.HAD_MEMBER)
)
_MOST: Final = 100_000
"""Nodes below what is replaced: a plan with holes would be worse than none."""
_REVISION: Final = f"{PROV}Revision"
_TYPE: Final = f"{PROV}type"
_BROUGHT_BY: Final = "brought_by"


@dataclass(slots=True)
class Reach:
    """What is affected: activities and entities by id.

    ``made_by``: entity -> the affected activity that made it; ``newer``: entity -> its accepted newer version.
    ``restricted``: something there may not be seen.
    """

    activities: dict[NodeId, Node] = field(default_factory=dict)
    entities: dict[NodeId, Node] = field(default_factory=dict)
    made_by: dict[NodeId, NodeId] = field(default_factory=dict)
    newer: dict[NodeId, NodeId] = field(default_factory=dict)
    restricted: bool = False

    def newest(self, entity: NodeId) -> NodeId | None:
        """Give the newest accepted version of an entity, None if there is none."""
        seen = {entity}
        found = self.newer.get(entity)
        while found is not None and found not in seen and found in self.newer:
            seen.add(found)
            found = self.newer[found]
        return found


def reach(store: GraphStore, starts: Sequence[NodeId], *, news: Iterable[NodeId], viewer: Viewer) -> Reach:
    """Find what is affected by a change of some entities and jobs.

    Args:
        store: The graph.
        starts: What changes.
        news: What is used instead: neither that nor what led there is affected.
        viewer: Who asks.

    Raises:
        TooLarge: more than can be planned at once.
    """
    below = _Below(store, viewer)
    below.walk(starts)
    kept = below.between(starts, news)
    affected = below.closure(starts, kept=kept)
    found = Reach(restricted=below.restricted, newer=below.newer)
    for one in affected & below.nodes.keys():
        node = below.nodes[one]
        if Label.ACTIVITY in node.labels:
            found.activities[one] = node
        else:
            found.entities[one] = node
    for entity, makers in below.makers.items():
        ours = sorted(makers & found.activities.keys(), key=lambda one: (Label.JOB not in below.nodes[one].labels, one))
        if ours:
            found.made_by[entity] = ours[0]
    return found


class _Below:
    """What lies below the starts, with steps inside jobs drawn together."""

    def __init__(self, store: GraphStore, viewer: Viewer) -> None:
        self._store = store
        self._viewer = viewer
        self._inside: dict[NodeId, NodeId] = {}
        self._derived: list[Relation] = []
        self.nodes: dict[NodeId, Node] = {}
        self.effects: defaultdict[NodeId, set[NodeId]] = defaultdict(set)
        self.causes: defaultdict[NodeId, set[NodeId]] = defaultdict(set)
        self.makers: defaultdict[NodeId, set[NodeId]] = defaultdict(set)
        self.newer: dict[NodeId, NodeId] = {}
        self.restricted = False

    def walk(self, starts: Sequence[NodeId]) -> None:
        """Walk down; once more from the jobs whose inner steps were met, since those lead to all that they made."""
        todo = list(dict.fromkeys(starts))
        while todo:
            known = len(self.nodes)
            answer = self._store.walk(Walk(starts=tuple(todo), steps=_DOWN, limit=_MOST), self._viewer)
            if answer.truncated or known + len(answer.reached) > _MOST:
                right = "replace something further down, or run it in parts"
                raise TooLarge(f"more than {_MOST} things are affected: {right}")
            self.restricted = self.restricted or answer.restricted
            nodes = {one.node.id: one.node for one in answer.reached}
            outer = self._jobs_around(nodes.values())
            self._take(nodes, answer.edges)
            todo = [job for job in outer if job not in self.nodes]
        self._take_derivations()

    def _jobs_around(self, nodes: Iterable[Node]) -> list[NodeId]:
        """Find the jobs of inner steps; a step of a job that may not be seen stays what it is."""
        steps = {
            node.id: NodeId(self._store.namespace + str(node.properties[_BROUGHT_BY]))
            for node in nodes
            if Label.ACTIVITY in node.labels and _BROUGHT_BY in node.properties
        }
        there = {node.id for node in self._store.get(sorted(set(steps.values())), self._viewer)} if steps else set()
        self._inside |= {step: job for step, job in steps.items() if job in there}
        return sorted(set(self._inside.values()))

    def _take(self, nodes: Mapping[NodeId, Node], edges: Iterable[Relation]) -> None:
        self.nodes |= {one: node for one, node in nodes.items() if one not in self._inside}
        for edge in edges:
            if _is_accepted(edge):
                self.newer[edge.target] = max(edge.source, self.newer.get(edge.target, edge.source))
                continue
            if edge.kind is Kind.WAS_DERIVED_FROM:
                self._derived.append(edge)
                continue
            cause, effect = self._outer(edge.target), self._outer(edge.source)
            self._join(cause, effect)
            if edge.kind is Kind.WAS_GENERATED_BY:
                self.makers[edge.source].add(cause)

    def _take_derivations(self) -> None:
        """Take those of which no activity is known: where one is, it is what is affected."""
        for edge in self._derived:
            if self.effects[edge.target].isdisjoint(self.makers.get(edge.source, ())):
                self._join(edge.target, edge.source)

    def _join(self, cause: NodeId, effect: NodeId) -> None:
        if cause != effect:
            self.effects[cause].add(effect)
            self.causes[effect].add(cause)

    def _outer(self, one: NodeId) -> NodeId:
        return self._inside.get(one, one)

    def between(self, starts: Iterable[NodeId], news: Iterable[NodeId]) -> set[NodeId]:
        """Find the replacements that were made of what they replace, and what led there."""
        back = _spread([one for one in news if one in self.nodes], self.causes, stop=set(starts))
        return back - set(starts)

    def closure(self, starts: Iterable[NodeId], *, kept: set[NodeId]) -> set[NodeId]:
        """Find all that follows from the starts, but not by way of what is kept."""
        return _spread(starts, self.effects, stop=kept)


def _spread(starts: Iterable[NodeId], ways: Mapping[NodeId, set[NodeId]], *, stop: set[NodeId]) -> set[NodeId]:
    found: set[NodeId] = set()
    todo = list(starts)
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo.extend(other for other in ways.get(one, ()) if other not in stop)
    return found


def _is_accepted(edge: Relation) -> bool:
    """Tell whether somebody accepted the product of a replay; what documents and scripts call a revision is none."""
    ours = edge.kind is Kind.WAS_DERIVED_FROM and edge.bundle is None and edge.key.endswith(REVISION_KEY)
    return ours and any(one.key == _TYPE and one.lexical == _REVISION for one in edge.attributes)
