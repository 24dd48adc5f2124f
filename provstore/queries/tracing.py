"""Lineage under conditions: stop at some kind of step, keep the part that matches, only the roots, only one class."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from provstore.graph.model import EVERYBODY, Kind, Label, NodeId, Subgraph, Viewer
from provstore.graph.store import GraphStore
from provstore.queries.conditions import CLASSES, Test
from provstore.queries.judging import Judge
from provstore.queries.lineage import Question, attach, reach, without
from provstore.queries.stopping import without_shortcuts

__all__ = ["Trace", "trace"]

_STUB: Final = "urn:stub:"
_STEPS: Final = (Kind.USED, Kind.WAS_GENERATED_BY)
_CAUSES: Final = frozenset({Kind.WAS_GENERATED_BY, Kind.WAS_DERIVED_FROM})
_ROUNDS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A lineage question with conditions.

    Args:
        question: Where from, which way, how far, and what is shown beside.
        stop: What passes one of these belongs to the answer; nothing is walked behind them.
        stop_before: What passes one of these doesn't belong to it either.
        where: Only what passes one of these, with what stands next to it.
        roots: Only the entities that nothing in the answer made and that were derived from nothing.
        classes: Only nodes of these classes.
    """

    question: Question
    stop: tuple[Test, ...] = ()
    stop_before: tuple[Test, ...] = ()
    where: tuple[Test, ...] = ()
    roots: bool = False
    classes: tuple[str, ...] = ()


def trace(store: GraphStore, asked: Trace, viewer: Viewer = EVERYBODY) -> Subgraph:
    """Answer a lineage question with conditions.

    Raises:
        NotFound: none of the ids is known (or may be seen).
        Invalid: a condition can't be understood.
    """
    ends = _ends(store, asked, viewer)
    before = _kept(store, ends.answer, asked.stop_before, viewer)
    answer = without(ends.answer, before) if before else ends.answer
    if asked.where:
        answer = _around(answer, _kept(store, answer, asked.where, viewer))
    if asked.roots:
        answer = _only(answer, _roots(answer))
    if asked.classes:
        labels = {CLASSES[one] for one in asked.classes}
        answer = _only(answer, {one.node.id for one in answer.reached if not labels.isdisjoint(one.node.labels)})
    return attach(store, answer, ends.question, viewer)


@dataclass(frozen=True, slots=True)
class _Ends:
    answer: Subgraph
    question: Question


def _ends(store: GraphStore, asked: Trace, viewer: Viewer) -> _Ends:
    """Walk, find where to stop, and walk again until no stop is passed: conditions may need what lies beside a node."""
    question, tests = asked.question, (*asked.stop, *asked.stop_before)
    answer = reach(store, question, viewer)
    for _ in range(_ROUNDS if tests else 0):
        found = _kept(store, answer, tests, viewer).difference(question.stop_at)
        if not found:
            break
        question = replace(question, stop_at=(*question.stop_at, *sorted(found)))
        answer = reach(store, question, viewer)
    return _Ends(without_shortcuts(store, answer, question, viewer), question)


def _kept(store: GraphStore, answer: Subgraph, tests: Collection[Test], viewer: Viewer) -> frozenset[NodeId]:
    nodes = [node for node in answer.nodes() if not node.id.startswith(_STUB)]
    return frozenset(node.id for test in tests for node in Judge(store, test, viewer).passing(nodes))


def _around(answer: Subgraph, kept: Collection[NodeId]) -> Subgraph:
    """Keep some nodes and what they used and made, or what used and made them."""
    edges = [edge for edge in answer.edges if edge.kind in _STEPS and not {edge.source, edge.target}.isdisjoint(kept)]
    beside = {end for edge in edges for end in (edge.source, edge.target)}
    return _only(answer, beside.union(kept))


def _only(answer: Subgraph, ids: Collection[NodeId]) -> Subgraph:
    return without(answer, {one.node.id for one in answer.reached if one.node.id not in ids})


def _roots(answer: Subgraph) -> frozenset[NodeId]:
    made = {edge.source for edge in answer.edges if edge.kind in _CAUSES}
    return frozenset(
        one.node.id for one in answer.reached if Label.ENTITY in one.node.labels and one.node.id not in made
    )
