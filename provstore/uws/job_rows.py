"""What a page's list of jobs shows of each: more than the lists of UWS, and read for all rows of a page at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from provstore.graph.model import Kind, Label, Node, NodeId, Relation, Viewer
from provstore.graph.rules import Step
from provstore.graph.store import Condition, Filter, GraphStore, Op, Walk
from provstore.uws.jobs import (
    CONFIG_FILE_NAME,
    JobId,
    input_name,
    instant,
    is_told,
    local_part,
    reference_of,
    text,
)
from provstore.uws.phases import CLIENT_MOVES, Phase
from provstore.uws.run_facts import run_facts

__all__ = ["JobRow", "rows_of"]

_AROUND: Final = (
    Step(Kind.WAS_CONFIGURED_BY, expand=False),
    Step(Kind.USED, expand=False),
    Step(Kind.WAS_GENERATED_BY, backwards=True, expand=False),
)
_GIVEN: Final = Condition(
    label=Label.PARAMETER, filters=(Filter("given", Op.NE, value=False), Filter(CONFIG_FILE_NAME, Op.ABSENT))
)
_MOST: Final = 10_000
"""Nodes around the jobs of a page: beyond them results are not counted."""

_ON_CLUSTER: Final = "slurmJobId"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A job in a list.

    ``given``: the parameters that were given, and the inputs that one may see, by name. ``results``: how many; None
    where that is not known. ``failure``: why it failed. ``moves``: what its owner may bring it to.
    """

    id: JobId
    service: str
    phase: Phase
    owner: str
    run_id: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    destruction_at: datetime | None
    failure: str
    given: tuple[tuple[str, str], ...]
    results: int | None
    moves: frozenset[Phase]

    @property
    def took(self) -> timedelta | None:
        """From its start to its end; None while it has not ended, or if it never began."""
        return self.ended_at - self.started_at if self.started_at and self.ended_at else None


def rows_of(store: GraphStore, ids: Sequence[NodeId], viewer: Viewer) -> tuple[JobRow, ...]:
    """Read what a page shows of the jobs of these ids, in their order; those that are gone are left out.

    Who sees a job may still not see what others have made, and it uses.
    """
    jobs = [node for node in store.get(ids) if Label.JOB in node.labels and "deleted" not in node.properties]
    if not jobs:
        return ()
    starts = tuple(node.id for node in jobs)
    around = store.walk(Walk(starts=starts, steps=_AROUND, depth=1, where=(_GIVEN,), limit=_MOST + len(starts)))
    nodes = {one.node.id: one.node for one in around.reached if _is_shown(one.node, viewer)}
    given, results = _sorted(nodes, around.edges)
    return tuple(
        _row(
            node,
            store.namespace,
            given=tuple(given.get(node.id, {}).items()),
            results=None if around.truncated else results[node.id],
        )
        for node in jobs
    )


def _is_shown(node: Node, viewer: Viewer) -> bool:
    """Tell whether a row may name a node: the values of a job belong to it, files have readers of their own."""
    return Label.PARAMETER in node.labels or viewer.sees(node.readers)


def _sorted(
    nodes: Mapping[NodeId, Node], edges: Iterable[Relation]
) -> tuple[dict[NodeId, dict[str, str]], Counter[NodeId]]:
    """Sort relations by job: what was given, in the description's order, and the number of results.

    Of what is parameter and input at once the file is told.
    """
    given: dict[NodeId, dict[str, str]] = {}
    results: Counter[NodeId] = Counter()
    for edge in sorted((one for one in edges if not is_told(one)), key=lambda one: one.key):
        if edge.kind is Kind.WAS_GENERATED_BY:
            results[edge.target] += 1
        elif edge.target in nodes:
            given.setdefault(edge.source, {}).update(_named(edge, nodes[edge.target]))
    return given, results


def _named(edge: Relation, node: Node) -> Iterator[tuple[str, str]]:
    """Name what a job was given; a configuration file goes by the name of its file."""
    if Label.PARAMETER in node.labels:
        yield text(node.properties, "name"), text(node.properties, "value")
    elif edge.kind is Kind.USED:
        yield input_name(edge), text(node.properties, "file_name") or text(node.properties, "name")


def _row(node: Node, namespace: str, *, given: tuple[tuple[str, str], ...], results: int | None) -> JobRow:
    facts, reference = node.properties, reference_of(node, namespace)
    held_there = reference.phase is Phase.HELD and _ON_CLUSTER in dict(run_facts(facts))
    return JobRow(
        id=JobId(local_part(node.id, namespace)),
        service=reference.service,
        phase=reference.phase,
        owner=reference.owner,
        run_id=reference.run_id,
        created_at=reference.created_at,
        started_at=instant(facts, "started_at"),
        ended_at=instant(facts, "ended_at"),
        destruction_at=instant(facts, "destruction_at"),
        failure=text(facts, "error_message"),
        given=given,
        results=results,
        moves=CLIENT_MOVES[reference.phase] - ({Phase.QUEUED} if held_there else set()),
    )
