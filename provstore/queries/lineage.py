"""Where did it come from, and what came of it: lineage over any number of jobs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from provstore.errors import NotFound
from provstore.graph.model import EVERYBODY, Kind, Label, NodeId, Reached, Subgraph, Viewer
from provstore.graph.rules import TO_CAUSES, TO_EFFECTS, Step
from provstore.graph.store import Condition, GraphStore, Walk
from provstore.queries.told import with_told

__all__ = ["Attachments", "Direction", "Question", "attach", "leave_out", "lineage", "reach", "ways_of", "without"]

_LIMIT: Final = 10_000
_STUB: Final = "urn:stub:"


class Direction(StrEnum):
    """Towards causes, towards effects, or the union of both."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachments:
    """What is listed beside the nodes of a walk; it costs no depth and leads nowhere.

    ``descriptions``: 0 none, 1 activity descriptions and their contacts, 2 also those of usage, generation, entities
    and parameters.
    """

    agents: bool = True
    configuration: bool = True
    descriptions: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: from where, which way, how far (None: all), what to stop at and what to show.

    ``through_agents``: what people did and are answerable for is a way like others. ``into_members``: so is what a
    collection holds. ``joined``: relations among the outermost nodes are told, though nothing was crossed from there.
    ``patience``: so long the walks may take together; what they have not reached by then is left out, as truncated.
    """

    ids: tuple[NodeId, ...]
    direction: Direction = Direction.UP
    depth: int | None = None
    stop: tuple[Condition, ...] = ()
    where: tuple[Condition, ...] = ()
    stop_at: tuple[NodeId, ...] = ()
    limit: int = _LIMIT
    attachments: Attachments = Attachments()
    through_agents: bool = False
    into_members: bool = False
    joined: bool = True
    patience: timedelta | None = None


_WAYS: Final[dict[Direction, tuple[tuple[Step, ...], ...]]] = {
    Direction.UP: (TO_CAUSES,),
    Direction.DOWN: (TO_EFFECTS,),
    Direction.BOTH: (TO_CAUSES, TO_EFFECTS),
}
_RESPONSIBLE: Final = (Kind.WAS_ASSOCIATED_WITH, Kind.WAS_ATTRIBUTED_TO, Kind.ACTED_ON_BEHALF_OF)
_BY_AGENTS: Final[dict[tuple[Step, ...], tuple[Step, ...]]] = {
    TO_CAUSES: tuple(Step(kind) for kind in _RESPONSIBLE),
    TO_EFFECTS: tuple(Step(kind, backwards=True) for kind in _RESPONSIBLE),
}
_MEMBERS: Final = (Step(Kind.HAD_MEMBER),)


def lineage(store: GraphStore, question: Question, viewer: Viewer = EVERYBODY) -> Subgraph:
    """Answer a lineage question.

    Raises:
        NotFound: none of the ids is known (or may be seen).
    """
    return attach(store, reach(store, question, viewer), question, viewer)


def attach(store: GraphStore, answer: Subgraph, question: Question, viewer: Viewer = EVERYBODY) -> Subgraph:
    """Put beside what was reached what the question wants to see there, and what documents tell of it all."""
    between = (_between(store, answer, question, viewer),) if question.joined else ()
    whole = _beside(answer, (*between, *_attached(store, answer, question.attachments, viewer)))
    return with_told(store, whole, viewer)


def reach(store: GraphStore, question: Question, viewer: Viewer = EVERYBODY) -> Subgraph:
    """Give what the walks of a question reach, with nothing beside it.

    Raises:
        NotFound: none of the ids is known (or may be seen).
    """
    ways = _WAYS[question.direction]
    answers = [
        store.walk(
            Walk(
                starts=question.ids,
                steps=_steps(question, steps),
                depth=question.depth,
                stop=question.stop,
                where=question.where,
                stop_at=question.stop_at,
                limit=question.limit,
                patience=question.patience and question.patience / len(ways),
            ),
            viewer,
        )
        for steps in ways
    ]
    answer = _nearest(merge(answers), question.limit)
    if not answer.reached:
        asked = ", ".join(question.ids[:3])
        raise NotFound(f"nothing is known of {asked}", field="id", value=asked)
    return answer


def ways_of(question: Question) -> tuple[tuple[Step, ...], ...]:
    """Give the steps that each of the walks of a question takes."""
    return tuple(_steps(question, way) for way in _WAYS[question.direction])


def _steps(question: Question, way: tuple[Step, ...]) -> tuple[Step, ...]:
    by_agents = _BY_AGENTS[way] if question.through_agents else ()
    return (*way, *by_agents, *(_MEMBERS if question.into_members else ()))


def _nearest(answer: Subgraph, limit: int) -> Subgraph:
    """Hold the union of two walks to the limit of one: the nearest nodes, then by id."""
    if len(answer.reached) <= limit:
        return answer
    ordered = sorted(answer.reached, key=lambda one: (one.distance, one.node.id))
    return replace(without(answer, {one.node.id for one in ordered[limit:]}), truncated=True)


def leave_out(answer: Subgraph, labels: Collection[Label], *, but: Collection[NodeId] = ()) -> Subgraph:
    """Leave out the nodes that carry one of the labels, with their relations; ``but`` those that were asked for."""
    nodes = (one.node for one in answer.reached if not one.node.labels.isdisjoint(labels))
    return without(answer, {node.id for node in nodes}.difference(but))


def without(answer: Subgraph, ids: Collection[NodeId]) -> Subgraph:
    """Leave out nodes, with their relations."""
    return replace(
        answer,
        reached=tuple(one for one in answer.reached if one.node.id not in ids),
        edges=tuple(edge for edge in answer.edges if edge.source not in ids and edge.target not in ids),
    )


def merge(answers: Sequence[Subgraph]) -> Subgraph:
    """Join answers: each node once at its least distance, each relation once; stubs stay apart."""
    renamed = tuple(_renamed(answers))
    reached = (one for answer in renamed for one in answer.reached)
    return _union(sorted(reached, key=lambda one: one.distance), renamed)


def _beside(answer: Subgraph, others: Iterable[Subgraph]) -> Subgraph:
    """Add what others have and the answer has not; its own nodes keep their distances."""
    renamed = tuple(_renamed((answer, *others)))
    return _union((one for each in renamed for one in each.reached), renamed)


def _union(reached: Iterable[Reached], answers: Sequence[Subgraph]) -> Subgraph:
    """Take of each node the first, of each relation one."""
    nodes: dict[NodeId, Reached] = {}
    for one in reached:
        nodes.setdefault(one.node.id, one)
    edges = {edge.key: edge for answer in answers for edge in answer.edges}
    return Subgraph(
        reached=tuple(nodes.values()),
        edges=tuple(edges.values()),
        truncated=any(answer.truncated for answer in answers),
        restricted=any(answer.restricted for answer in answers),
    )


def _renamed(answers: Sequence[Subgraph]) -> Iterable[Subgraph]:
    """Number the stubs of each answer anew: their ids are good for one answer only."""
    for number, answer in enumerate(answers):
        names = {
            one.node.id: NodeId(f"{one.node.id}.{number}")
            for one in answer.reached
            if number and one.node.id.startswith(_STUB)
        }
        yield _with_names(answer, names) if names else answer


def _with_names(answer: Subgraph, names: dict[NodeId, NodeId]) -> Subgraph:
    return replace(
        answer,
        reached=tuple(
            one._replace(node=one.node._replace(id=names.get(one.node.id, one.node.id))) for one in answer.reached
        ),
        edges=tuple(
            edge._replace(source=names.get(edge.source, edge.source), target=names.get(edge.target, edge.target))
            for edge in answer.edges
        ),
    )


_JOINS: Final = tuple(step._replace(expand=False) for step in TO_CAUSES)
_AGENTS: Final = (Step(Kind.WAS_ASSOCIATED_WITH), Step(Kind.WAS_ATTRIBUTED_TO), Step(Kind.ACTED_ON_BEHALF_OF))
_CONFIGURATION: Final = (Step(Kind.WAS_CONFIGURED_BY, expand=False),)
_ACTIVITY_DESCRIPTION: Final = (Step(Kind.IS_DESCRIBED_BY), Step(Kind.WAS_ATTRIBUTED_TO, expand=False))
_PARTS: Final = (Step(Kind.IS_RELATED_TO, backwards=True),)
_PART_DESCRIPTION: Final = (Step(Kind.IS_DESCRIBED_BY, expand=False),)
_PARTS_DEEP: Final = 2


def _attached(store: GraphStore, answer: Subgraph, wanted: Attachments, viewer: Viewer) -> Iterable[Subgraph]:
    activities = _ids(answer, Label.ACTIVITY)
    things = (*activities, *_ids(answer, Label.ENTITY))
    asked = _ids(answer, Label.ACTIVITY_DESCRIPTION)
    if wanted.agents:
        yield _around(store, (*things, *asked), _AGENTS, viewer=viewer, depth=None)
    configuration = _around(store, activities, _CONFIGURATION, viewer=viewer) if wanted.configuration else None
    if configuration:
        yield configuration
    if wanted.descriptions:
        yield (described := _around(store, activities, _ACTIVITY_DESCRIPTION, viewer=viewer, depth=2))
        if wanted.descriptions >= _PARTS_DEEP:
            parameters = _ids(configuration, Label.PARAMETER) if configuration else ()
            yield _around(store, (*things, *parameters), _PART_DESCRIPTION, viewer=viewer)
            roots = (*asked, *_ids(described, Label.ACTIVITY_DESCRIPTION))
            yield _around(store, roots, _PARTS, viewer=viewer, depth=_PARTS_DEEP)


def _between(store: GraphStore, answer: Subgraph, question: Question, viewer: Viewer) -> Subgraph:
    """Find what joins the outermost nodes, which the walk did not expand, to others of the answer."""
    known = {one.node.id for one in answer.reached}
    outermost = [one.node.id for one in answer.reached if one.distance == question.depth]
    found = _around(store, [one for one in outermost if not one.startswith(_STUB)], _JOINS, viewer=viewer)
    return Subgraph(reached=(), edges=tuple(one for one in found.edges if {one.source, one.target} <= known))


def _ids(answer: Subgraph, label: Label) -> tuple[NodeId, ...]:
    return tuple(
        one.node.id for one in answer.reached if label in one.node.labels and not one.node.id.startswith(_STUB)
    )


def _around(
    store: GraphStore, starts: Sequence[NodeId], steps: tuple[Step, ...], *, viewer: Viewer, depth: int | None = 1
) -> Subgraph:
    return store.walk(Walk(starts=tuple(starts), steps=steps, depth=depth, limit=1_000_000), viewer)
