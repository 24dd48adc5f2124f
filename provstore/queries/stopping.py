"""Where a lineage stops at a step, it does not go on by a derivation that only says again what that step did."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from provstore.graph.model import Kind, Label, NodeId, Relation, Subgraph, Viewer
from provstore.graph.rules import Step
from provstore.graph.store import GraphStore
from provstore.queries.facts import neighbours
from provstore.queries.lineage import Question, ways_of
from provstore.queries.ways import distances, onwards

__all__ = ["without_shortcuts"]

_DONE: Final = (Step(Kind.USED), Step(Kind.WAS_GENERATED_BY, backwards=True))
_FAR: Final = 1_000_000_000


def without_shortcuts(store: GraphStore, answer: Subgraph, question: Question, viewer: Viewer) -> Subgraph:
    """Leave out what is reached only by derivations of what a stopping step made from what it used."""
    halted = set(question.stop_at)
    steps = {one.id for one in answer.nodes() if one.id in halted and Label.ACTIVITY in one.labels}
    through = _through(store, answer, steps, viewer)
    if not through:
        return answer
    walked = [edge for edge in answer.edges if edge.key not in through]
    nearest: dict[NodeId, int] = {}
    for way in ways_of(question):
        for one, distance in _reached(walked, way, question.ids, halted).items():
            nearest[one] = min(distance, nearest.get(one, distance))
    most = _FAR if question.depth is None else question.depth
    kept = {one for one, distance in nearest.items() if distance <= most}
    return replace(
        answer,
        reached=tuple(one._replace(distance=nearest[one.node.id]) for one in answer.reached if one.node.id in kept),
        edges=tuple(edge for edge in answer.edges if {edge.source, edge.target} <= kept),
    )


def _through(store: GraphStore, answer: Subgraph, steps: Collection[NodeId], viewer: Viewer) -> frozenset[str]:
    """Give the keys of the derivations that happened in the steps."""
    derivations = [edge for edge in answer.edges if edge.kind is Kind.WAS_DERIVED_FROM]
    if not derivations or not steps:
        return frozenset()
    done: dict[tuple[Kind, NodeId], set[NodeId]] = {}
    for step, ties in neighbours(store, steps, _DONE, viewer).items():
        for tie in ties:
            done.setdefault((tie.relation.kind, tie.node.id), set()).add(step)
    none: set[NodeId] = set()
    return frozenset(
        edge.key
        for edge in derivations
        if done.get((Kind.WAS_GENERATED_BY, edge.source), none) & done.get((Kind.USED, edge.target), none)
    )


def _reached(
    edges: Sequence[Relation], way: Sequence[Step], starts: Sequence[NodeId], halted: Collection[NodeId]
) -> dict[NodeId, int]:
    """Give the distances of what a way leads to; what is only shown beside it is one step further."""
    further = {one: others for one, others in onwards(edges, way).items() if one not in halted}
    found = distances(starts, further)
    shown = onwards(edges, [step._replace(expand=True) for step in way if not step.expand])
    beside = {other: found[one] + 1 for one in list(found) for other in shown.get(one, ())}
    return beside | found
