"""What was made last: products of jobs, the latest first, one of each job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from provstore.graph.model import Kind, Label, Node, NodeId, Viewer
from provstore.graph.rules import Step
from provstore.graph.store import Condition, Filter, Find, GraphStore, Hop, Op, Order, Walk
from provstore.graph.titles import title
from provstore.queries.things import instant_in, text_in

__all__ = ["Product", "recent_products"]

_MADE_BY: Final = Step(Kind.WAS_GENERATED_BY)
_LOOKED_AT: Final = 8
"""Times as many products are read as are shown: a job makes some."""

_BY_A_JOB: Final = Hop(step=_MADE_BY, condition=Condition(label=Label.JOB))
_HERE: Final = (Filter("invalidated_at", Op.ABSENT), Filter("sha256", Op.GE, ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product; ``job`` and ``service`` are those that made it, ``others``: how many more that job made of late."""

    id: NodeId
    name: str
    content_type: str
    size: int
    made_at: datetime
    job: str
    service: str
    others: int


def recent_products(
    store: GraphStore, viewer: Viewer, *, limit: int, since_at: datetime, best: Sequence[str] = ()
) -> tuple[Product, ...]:
    """Give what jobs made since an instant.

    Args:
        store: The graph.
        viewer: Who asks.
        limit: At most so many jobs.
        since_at: Nothing older is looked for.
        best: Content types, of which one product stands for its job rather than another.
    """
    filters = (*_HERE, Filter("generated_at", Op.GE, since_at))
    order = Order("generated_at", descending=True)
    condition = Condition(label=Label.ENTITY, filters=filters)
    question = Find(condition=condition, hop=_BY_A_JOB, order=order, limit=limit * _LOOKED_AT)
    found = store.find(question, viewer).items
    jobs, makers = _makers(store, viewer, found)
    groups: dict[NodeId, list[Node]] = {}
    for node in found:
        if node.id in makers:
            groups.setdefault(makers[node.id], []).append(node)
    chosen = list(groups.items())[:limit]
    return tuple(_products(store, jobs, chosen, best))


def _makers(
    store: GraphStore, viewer: Viewer, found: Sequence[Node]
) -> tuple[dict[NodeId, Node], dict[NodeId, NodeId]]:
    """Give the jobs by id, and which one made each product."""
    starts = tuple(node.id for node in found)
    around = store.walk(Walk(starts=starts, steps=(_MADE_BY,), depth=1), viewer)
    jobs = {one.node.id: one.node for one in around.reached if Label.JOB in one.node.labels}
    return jobs, {edge.source: edge.target for edge in around.edges if edge.target in jobs}


def _products(
    store: GraphStore, jobs: dict[NodeId, Node], chosen: Sequence[tuple[NodeId, list[Node]]], best: Sequence[str]
) -> Iterator[Product]:
    ranks = {name: rank for rank, name in enumerate(best)}
    for job, nodes in chosen:
        one = min(nodes, key=lambda node: (ranks.get(text_in(node, "content_type"), len(ranks)), node.id))
        made_at, size = instant_in(one, "generated_at"), one.properties.get("size")
        if made_at is None:
            continue
        yield Product(
            id=one.id,
            name=title(one),
            content_type=text_in(one, "content_type"),
            size=size if isinstance(size, int) else 0,
            made_at=made_at,
            job=job.removeprefix(store.namespace),
            service=text_in(jobs[job], "service"),
            others=len(nodes) - 1,
        )
