"""The upstream of some nodes as steps and things, each with its distance: what several questions begin with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from provstore.graph.model import Kind, Label, Node, NodeId, Subgraph, Viewer
from provstore.graph.store import GraphStore
from provstore.graph.titles import title
from provstore.queries.answers import time_of
from provstore.queries.asking import Parameter, many_ids, number, one
from provstore.queries.facts import Facts
from provstore.queries.ways import is_stub, walked

__all__ = ["PARAMETERS", "Asked", "Chain", "read_chain"]

_LIMIT: Final = 100

PARAMETERS: Final = (
    Parameter("id", many_ids, "the local part, QName or URI of a node", many=True, needed=True),
    Parameter("depth", number(0, all_as_none=True), "number of relations towards the causes", default="all"),
    Parameter("limit", number(1), f"at most so many on a page [{_LIMIT}]"),
    Parameter("after", one, "the `next` of the page before"),
)
"""Those of a question that goes through such a chain and answers page by page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The values of :data:`PARAMETERS`."""

    id: tuple[NodeId, ...]
    depth: int | None = None
    limit: int = _LIMIT
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What led to some nodes.

    Args:
        facts: Of every node, as the viewer sees it.
        distance: The least number of relations from the nodes asked for.
        own: Those nodes, and the activities that made them.
        graph: As it was walked.
    """

    facts: Facts
    distance: Mapping[NodeId, int]
    own: frozenset[NodeId]
    graph: Subgraph

    def activities(self) -> Sequence[Node]:
        """Give the activities in the order of time, then of their distance (the farthest first), then by id."""
        found = [node for node in self.nodes() if Label.ACTIVITY in node.labels]
        return sorted(found, key=lambda one: (time_of(one) or "~", -self.distance[one.id], title(one), one.id))

    def nodes(self) -> Iterator[Node]:
        """Give every node, nearest first, with what documents tell of it."""
        return (node for one, node in self.facts.nodes.items())


def read_chain(store: GraphStore, ids: Sequence[NodeId], viewer: Viewer, *, depth: int | None, limit: int) -> Chain:
    """Walk to the causes of some nodes.

    Raises:
        NotFound: one of them is not known (or may not be seen).
    """
    answer = walked(store, ids, viewer, depth=depth, limit=limit)
    reached = [one for one in answer.reached if not is_stub(one.node.id)]
    makers = {edge.target for edge in answer.edges if edge.kind is Kind.WAS_GENERATED_BY and edge.source in ids}
    return Chain(
        facts=Facts(store, [one.node for one in reached], viewer),
        distance={one.node.id: one.distance for one in reached},
        own=frozenset(ids) | makers,
        graph=answer,
    )
