"""Products that no longer are what one would make today: of a superseded description, or of an input that is gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from provstore.graph.model import Kind, Label, Node, NodeId, Subgraph, Viewer
from provstore.graph.rules import TO_CAUSES, Step
from provstore.graph.store import Condition, Filter, Find, GraphStore, Op, Order
from provstore.graph.titles import title
from provstore.queries.asking import Parameter, Question, flag, many_ids, number
from provstore.queries.asking import one as as_it_is
from provstore.queries.facts import Tie, neighbours
from provstore.queries.things import text_in
from provstore.queries.told import with_told_of
from provstore.queries.ways import distances, is_revision, is_stub, onwards, walked

__all__ = ["QUESTION", "Asked", "Reason", "Stale", "StaleProduct", "Why", "stale"]

_LIMIT: Final = 100
_WALKED_MOST: Final = 20_000
_PAGES_MOST: Final = 20
_MADE: Final = (Step(Kind.WAS_GENERATED_BY, backwards=True),)
_AFTER: Final = (
    *(Step(kind, backwards=True) for kind in (Kind.WAS_DERIVED_FROM,)),
    Step(Kind.WAS_INVALIDATED_BY),
)
_DESCRIBED: Final = (Step(Kind.IS_DESCRIBED_BY),)
_GONE: Final = "ARCHIVED"


class Why(StrEnum):
    """What happened to something that a product was made of or by."""

    SUPERSEDED = "description superseded"
    REPLACED = "input replaced"
    INVALIDATED = "input invalidated"
    EXPIRED = "input expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a product is stale: what it was made of or by, at which distance, and what came in its place."""

    why: Why
    id: NodeId
    label: str
    distance: int
    by: tuple[NodeId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleProduct:
    """A product with all the reasons for which it is stale, the nearest first."""

    id: NodeId
    class_: tuple[Label, ...]
    label: str
    job: NodeId | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """A page of products in the order of their jobs; it may be short, even empty, where ``next`` is given."""

    items: tuple[StaleProduct, ...]
    next: str | None
    truncated: bool
    restricted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The parameters of :data:`QUESTION`."""

    id: tuple[NodeId, ...] = ()
    service: str = ""
    depth: int | None = None
    expired: bool = False
    all: bool = False
    limit: int = _LIMIT
    after: str | None = None


class _Fault(NamedTuple):
    why: Why
    node: Node
    by: tuple[NodeId, ...]


def stale(store: GraphStore, viewer: Viewer, asked: Asked) -> Stale:
    """Give those of some products, or of the products of jobs, that are stale.

    A product is not stale if it has been replaced or invalidated itself, unless all are asked for. What went with the
    files of an expired job counts only where that is asked for.

    Raises:
        NotFound: one of the ids is not known (or may not be seen).
    """
    if asked.id:
        return _of(store, viewer, asked, asked.id, None)
    filters = (Filter("service", Op.EQ, asked.service),) if asked.service else ()
    condition = Condition(label=Label.JOB, filters=filters)
    after = asked.after
    found = Stale(items=(), next=after, truncated=False, restricted=False)
    for _ in range(_PAGES_MOST):
        jobs = Find(condition=condition, order=Order("created_at"), limit=asked.limit, after=after, fields=("name",))
        page = store.find(jobs, viewer)
        made = neighbours(store, {node.id for node in page.items}, _MADE, viewer)
        products = [tie.node.id for job in page.items for tie in made.get(job.id, ()) if not is_stub(tie.node.id)]
        found = _of(store, viewer, asked, products, page.next)
        after = page.next
        if found.items or after is None:
            break
    return found


def _of(store: GraphStore, viewer: Viewer, asked: Asked, products: Sequence[NodeId], following: str | None) -> Stale:
    if not products:
        return Stale(items=(), next=following, truncated=False, restricted=False)
    answer = walked(store, products, viewer, limit=_WALKED_MOST, depth=asked.depth)
    faults = _faults(store, viewer, answer, expired=asked.expired)
    nodes = {node.id: node for node in answer.nodes()}
    nodes |= with_told_of(store, [nodes[each] for each in products if each in nodes], viewer)
    # What replaced something is derived from it: nothing made of the new is stale because of the old.
    causes = onwards((edge for edge in answer.edges if not is_revision(edge)), TO_CAUSES)
    makers = {edge.source: edge.target for edge in answer.edges if edge.kind is Kind.WAS_GENERATED_BY}
    items: list[StaleProduct] = []
    for each in dict.fromkeys(one for one in products if one in nodes):
        over = any(fault.why is not Why.SUPERSEDED for fault in faults.get(each, ()))
        if over and not asked.all:
            continue
        reasons = tuple(_reasons(each, causes, faults))
        if reasons:
            maker = makers.get(each)
            items.append(_product(nodes[each], maker if maker and not is_stub(maker) else None, reasons))
    return Stale(items=tuple(items), next=following, truncated=answer.truncated, restricted=answer.restricted)


def _product(node: Node, job: NodeId | None, reasons: tuple[Reason, ...]) -> StaleProduct:
    return StaleProduct(id=node.id, class_=tuple(sorted(node.labels)), label=title(node), job=job, reasons=reasons)


def _reasons(
    product: NodeId, causes: Mapping[NodeId, Sequence[NodeId]], faults: Mapping[NodeId, Sequence[_Fault]]
) -> Iterator[Reason]:
    for one, distance in distances([product], causes).items():
        for fault in faults.get(one, ()) if one != product else ():
            yield Reason(why=fault.why, id=fault.node.id, label=title(fault.node), distance=distance, by=fault.by)


def _faults(store: GraphStore, viewer: Viewer, answer: Subgraph, *, expired: bool) -> Mapping[NodeId, Sequence[_Fault]]:
    """Find what is wrong with the nodes of an answer: entities by themselves, activities by their descriptions."""
    nodes = {node.id: node for node in answer.nodes() if not is_stub(node.id)}
    entities = {one: node for one, node in nodes.items() if Label.ENTITY in node.labels}
    activities = {one for one, node in nodes.items() if Label.ACTIVITY in node.labels}
    described = neighbours(store, activities, _DESCRIBED, viewer)
    descriptions = {tie.node.id: tie.node for around in described.values() for tie in around}
    after = _after(store, viewer, (*entities, *descriptions))
    gone = _gone_with_jobs(store, viewer, entities.values(), answer)
    found: defaultdict[NodeId, list[_Fault]] = defaultdict(list)
    for one, node in entities.items():
        found[one] += (fault for fault in _of_entity(node, after.get(one, ()), is_gone=one in gone))
    for activity, around in described.items():
        for tie in around:
            newer = _newer(after.get(tie.node.id, ()))
            if newer or "revised_at" in tie.node.properties:
                found[activity].append(_Fault(Why.SUPERSEDED, tie.node, newer))
    return {
        one: [fault for fault in faults if expired or fault.why is not Why.EXPIRED] for one, faults in found.items()
    }


def _after(store: GraphStore, viewer: Viewer, ids: Iterable[NodeId]) -> Mapping[NodeId, Sequence[Tie]]:
    return neighbours(store, set(ids), _AFTER, viewer)


def _newer(ties: Iterable[Tie]) -> tuple[NodeId, ...]:
    return tuple(sorted({tie.node.id for tie in ties if is_revision(tie.relation) and not is_stub(tie.node.id)}))


def _of_entity(node: Node, ties: Sequence[Tie], *, is_gone: bool) -> Iterator[_Fault]:
    newer = _newer(ties)
    if newer:
        yield _Fault(Why.REPLACED, node, newer)
    ends = tuple(tie.node.id for tie in ties if tie.relation.kind is Kind.WAS_INVALIDATED_BY)
    if ends:
        yield _Fault(Why.INVALIDATED, node, ends)
    elif "invalidated_at" in node.properties:
        yield _Fault(Why.EXPIRED if is_gone else Why.INVALIDATED, node, ())


def _gone_with_jobs(store: GraphStore, viewer: Viewer, entities: Iterable[Node], answer: Subgraph) -> frozenset[NodeId]:
    """Find what went with the files of a job, because that was archived or deleted."""
    invalid = [node for node in entities if "invalidated_at" in node.properties]
    makers = {edge.source: edge.target for edge in answer.edges if edge.kind is Kind.WAS_GENERATED_BY}
    jobs = {
        node.id: NodeId(store.namespace + text_in(node, "brought_by"))
        if "brought_by" in node.properties
        else makers.get(node.id, NodeId(""))
        for node in invalid
    }
    known = {node.id: node for node in store.get(list(dict.fromkeys(jobs.values())), viewer)}
    over = {one for one, node in known.items() if text_in(node, "phase") == _GONE or "deleted" in node.properties}
    return frozenset(one for one, job in jobs.items() if job in over)


QUESTION: Final = Question(
    name="stale",
    text="Products made with a description that was superseded since, or of an input that was replaced or invalidated.",
    of=Asked,
    ask=stale,
    parameters=(
        Parameter("id", many_ids, "these products; else those of jobs", many=True),
        Parameter("service", as_it_is, "the products of jobs of this service; else of all"),
        Parameter("depth", number(1, all_as_none=True), "number of relations towards the causes", default="all"),
        Parameter("expired", flag, "also inputs that went with the files of an expired job", default="false"),
        Parameter("all", flag, "also products that were replaced or invalidated themselves", default="false"),
        Parameter("limit", number(1), f"so many jobs are looked at for a page [{_LIMIT}]"),
        Parameter("after", as_it_is, "the `next` of the page before"),
    ),
)
