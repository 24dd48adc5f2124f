"""A plan as a graph: the jobs as they would be, what they would use and make; and as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Final

from provstore.graph.model import (
    PROVSTORE,
    Attribute,
    Kind,
    Label,
    Node,
    NodeId,
    Reached,
    Relation,
    Subgraph,
    Value,
    Viewer,
)
from provstore.graph.store import GraphStore
from provstore.queries.replay import Plan, PlannedInput, PlannedJob, Source

__all__ = ["COLUMNS", "Named", "planned_graph", "product_of", "rows", "would_be"]

Named = Callable[[NodeId], NodeId]
"""Gives the id of the job that runs instead of one."""

COLUMNS: Final = ("level", "job", "service", "ran", "revision", "input", "old", "source", "new", "reason", "text")
_JOB: Final = frozenset({Label.ACTIVITY})
_PRODUCT: Final = frozenset({Label.ENTITY, Label.DATASET})
_SOURCE: Final = f"{PROVSTORE}replaySource"
_PAGE: Final = 1_000


def would_be(job: NodeId) -> NodeId:
    """Give the id under which a job of a plan is shown as long as it was not made."""
    return NodeId(f"{job}.again")


def product_of(job: NodeId, result: str, namespace: str) -> NodeId:
    """Give the id of a result of a job; of one that is only planned likewise."""
    return NodeId(f"{namespace}e{job.removeprefix(namespace)[1:]}.{result}")


def planned_graph(store: GraphStore, plan: Plan, viewer: Viewer, *, named: Named = would_be) -> Subgraph:
    """Give a plan as a graph: of what exists already the nodes are as they are, the others are marked as planned."""
    drawing = _Drawing(plan, store.namespace, named)
    edges = tuple(edge for job in plan.jobs for edge in drawing.edges(job))
    nodes = {node.id: Reached(node, level) for job in plan.jobs for node, level in drawing.nodes(job)}
    wanted = list(dict.fromkeys([*nodes, *(edge.target for edge in edges)]))
    for start in range(0, len(wanted), _PAGE):
        for node in store.get(wanted[start : start + _PAGE], viewer):
            nodes[node.id] = Reached(node, nodes[node.id].distance if node.id in nodes else 0)
    return Subgraph(
        reached=tuple(sorted(nodes.values(), key=lambda one: one.distance)),
        edges=tuple(edge for edge in edges if edge.source in nodes and edge.target in nodes),
        restricted=plan.restricted,
    )


class _Drawing:
    def __init__(self, plan: Plan, namespace: str, named: Named) -> None:
        self._namespace = namespace
        self._named = named
        self._plan = plan

    def nodes(self, job: PlannedJob) -> Iterator[tuple[Node, int]]:
        properties: dict[str, Value] = {
            "name": job.service,
            "revision": job.revision,
            "planned": True,
            "level": job.level,
            "replays": job.job,
        }
        level = 2 * job.level
        yield Node(self._named(job.job), _JOB, MappingProxyType(properties)), level - 1
        for one in job.outputs:
            known: dict[str, Value] = {
                "name": one.name,
                "content_type": one.content_type,
                "planned": True,
                "replays": one.old,
            }
            yield Node(self._product(job.job, one.name), _PRODUCT, MappingProxyType(known)), level

    def edges(self, job: PlannedJob) -> Iterator[Relation]:
        activity = self._named(job.job)
        for number, one in enumerate(job.inputs):
            attributes = (Attribute(_SOURCE, one.source.value),)
            target = self._used(one)
            yield Relation(f"{activity}.u{number}", Kind.USED, activity, target, one.name, attributes=attributes)
        for number, made in enumerate(job.outputs):
            product = self._product(job.job, made.name)
            yield Relation(f"{activity}.g{number}", Kind.WAS_GENERATED_BY, product, activity, made.name)

    def _used(self, one: PlannedInput) -> NodeId:
        return self._product(NodeId(one.of), one.result) if one.source is Source.PRODUCT else NodeId(one.new)

    def _product(self, job: NodeId, result: str) -> NodeId:
        return product_of(self._named(job), result, self._namespace)


def rows(plan: Plan) -> Iterator[dict[str, str | int]]:
    """Give a plan as a table: a row for each input of each job, then one for each activity that is left out."""
    for job in plan.jobs:
        told: dict[str, str | int] = {
            "level": job.level,
            "job": job.job,
            "service": job.service,
            "ran": job.ran,
            "revision": job.revision,
        }
        for one in job.inputs:
            new = f"{one.of} {one.result}" if one.source is Source.PRODUCT else one.new
            yield {**told, "input": one.name, "old": one.old, "source": one.source.value, "new": new}
        if not job.inputs:
            yield told
    for left in plan.left_out:
        yield {"job": left.activity, "service": left.label, "reason": left.reason.value, "text": left.text}
