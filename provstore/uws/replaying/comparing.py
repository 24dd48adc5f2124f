"""What came out differently: the products of a replay beside those that they would replace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from provstore.graph.model import Node, NodeId
from provstore.graph.store import GraphStore
from provstore.queries.replay import PlannedJob
from provstore.queries.replay_graph import product_of
from provstore.uws.jobs import text

__all__ = ["Compared", "Verdict", "compared", "pairs_of"]

_PAGE: Final = 1_000


class Verdict(StrEnum):
    """How a new product compares with the old one, by SHA-256."""

    EQUAL = "equal"
    DIFFERS = "differs"
    MISSING = "missing"
    """It was not made this time."""
    UNKNOWN = "unknown"
    """One of them has no SHA-256."""


class Compared(NamedTuple):
    """An old product and the new one, "" if it was not made."""

    name: str
    old: NodeId
    new: str
    verdict: Verdict


def pairs_of(job: PlannedJob, made: NodeId, namespace: str) -> Iterator[tuple[str, NodeId, NodeId]]:
    """Give name, old and new id of each product of a job that was made again."""
    return ((one.name, one.old, product_of(made, one.name, namespace)) for one in job.outputs)


def compared(store: GraphStore, made: Sequence[tuple[PlannedJob, NodeId]]) -> dict[NodeId, tuple[Compared, ...]]:
    """Compare the products of jobs that are COMPLETED, by the id of the job that ran first."""
    pairs = {job.job: tuple(pairs_of(job, new, store.namespace)) for job, new in made}
    wanted = [one for some in pairs.values() for _, old, new in some for one in (old, new)]
    nodes = {
        node.id: node for start in range(0, len(wanted), _PAGE) for node in store.get(wanted[start : start + _PAGE])
    }
    return {job: tuple(_compare(*pair, nodes) for pair in some) for job, some in pairs.items()}


def _compare(name: str, old: NodeId, new: NodeId, nodes: Mapping[NodeId, Node]) -> Compared:
    if new not in nodes:
        return Compared(name, old, "", Verdict.MISSING)
    sums = [text(nodes[one].properties, "sha256") if one in nodes else "" for one in (old, new)]
    if not all(sums):
        return Compared(name, old, new, Verdict.UNKNOWN)
    return Compared(name, old, new, Verdict.EQUAL if sums[0] == sums[1] else Verdict.DIFFERS)
