"""Is there a way from one node to another: the shortest, or all nodes on any way."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from provstore.errors import NotFound
from provstore.graph.model import NodeId, Subgraph, Viewer
from provstore.graph.rules import TO_CAUSES, TO_EFFECTS
from provstore.graph.store import GraphStore
from provstore.queries.asking import Parameter, Question, flag, number, one_id
from provstore.queries.told import with_told
from provstore.queries.ways import Onwards, distances, onwards, walked

__all__ = ["QUESTION", "Ways", "path"]

_LIMIT: Final = 10_000
_FAR: Final = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The parameters of :data:`QUESTION`."""

    from_: NodeId
    to: NodeId
    all: bool = False
    limit: int = _LIMIT


def path(store: GraphStore, viewer: Viewer, asked: Ways) -> Subgraph:
    """Give the shortest way between two nodes (of several equally short all), or all nodes on any way.

    ``from_`` is the cause; where no way leads from it, the other way round is tried. The distance of a node counts the
    steps from ``from_``. An empty graph says that there is no way.

    Raises:
        NotFound: one of them is not known (or may not be seen).
    """
    ends = (asked.from_, asked.to)
    known = {node.id for node in store.get(ends, viewer)}
    missing = next((one for one in ends if one not in known), None)
    if missing is not None:
        raise NotFound(f"nothing is known of {missing}", field="id", value=missing)
    found = _from_cause(store, viewer, asked)
    if not found.reached:
        back = _from_cause(store, viewer, replace(asked, from_=asked.to, to=asked.from_))
        found = _turned(back) if back.reached else replace(found, truncated=found.truncated or back.truncated)
    return with_told(store, found, viewer)


def _from_cause(store: GraphStore, viewer: Viewer, asked: Ways) -> Subgraph:
    """Walk from the effect, where less lies in general; where that is too much, from the cause."""
    answer = walked(store, [asked.to], viewer, limit=asked.limit)
    if answer.truncated and asked.from_ not in _ids(answer):
        answer = walked(store, [asked.from_], viewer, steps=TO_EFFECTS, limit=asked.limit)
        if answer.truncated and asked.to not in _ids(answer):
            answer = walked(store, [asked.to], viewer, limit=max(_FAR, asked.limit))
    causes = onwards(answer.edges, TO_CAUSES)
    effects = onwards(answer.edges, TO_EFFECTS)
    forth, back = distances([asked.from_], effects), distances([asked.to], causes)
    on_way = set(forth) & set(back) if asked.to in forth else set()
    if on_way and not asked.all:
        length = forth[asked.to]
        on_way = {one for one in on_way if forth[one] + back[one] == length}
    return _only(answer, on_way, forth, effects)


def _ids(answer: Subgraph) -> set[NodeId]:
    return {one.node.id for one in answer.reached}


def _only(answer: Subgraph, ids: Collection[NodeId], forth: dict[NodeId, int], effects: Onwards) -> Subgraph:
    reached = [one._replace(distance=forth[one.node.id]) for one in answer.reached if one.node.id in ids]
    reached.sort(key=lambda one: (one.distance, one.node.id))
    steps = {(one, other) for one in ids for other in effects.get(one, ()) if other in ids}
    edges = [edge for edge in answer.edges if not steps.isdisjoint({(edge.target, edge.source), edge[2:4]})]
    return replace(answer, reached=tuple(reached), edges=tuple(edges))


def _turned(answer: Subgraph) -> Subgraph:
    """Count the distances from the other end."""
    far = max(one.distance for one in answer.reached)
    turned = sorted((far - one.distance, one.node.id, one.node) for one in answer.reached)
    return replace(answer, reached=tuple(type(answer.reached[0])(node, distance) for distance, _, node in turned))


QUESTION: Final = Question(
    name="path",
    text="The shortest way between two nodes, or all nodes on any way.",
    of=Ways,
    ask=path,
    parameters=(
        Parameter("from", one_id, "a node, such as raw data", needed=True),
        Parameter("to", one_id, "a node, such as a product", needed=True),
        Parameter("all", flag, "all nodes on any way: what came of the one and led to the other", default="false"),
        Parameter("limit", number(1), f"so many nodes are looked at first [{_LIMIT}]"),
    ),
)
