"""What the graph says of jobs that are queued or in an executor's hand: few fields, quick among very many jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from provstore.graph.model import Label, Node
from provstore.graph.store import Condition, Filter, Find, GraphStore, Op, Order, every
from provstore.uws.jobs import JobId, instant, text
from provstore.uws.phases import ACTIVE, FINAL, Phase
from provstore.uws.queue.rules import Queued

__all__ = ["Backlog", "InHand"]

_PAGE: Final = 10_000
_FIELDS: Final = ("owner", "created_at", "executor")
_BY_AGE: Final = Order("created_at")
_QUEUED: Final = (Filter("open", Op.EQ, value=True), Filter("phase", Op.EQ, Phase.QUEUED.value))
_IN_HAND: Final = (
    Filter("open", Op.EQ, value=True),
    Filter("phase", Op.IN, tuple(sorted(ACTIVE - {Phase.QUEUED}))),
)
_CLOSING: Final = (
    Filter("open", Op.EQ, value=True),
    Filter("phase", Op.IN, tuple(sorted(FINAL))),
)
_AT_ONCE: Final = 200
"""Jobs to be tidied away that are looked at in one round: they are in no hurry, and must not hold up the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InHand:
    """A job that its executor has in hand, or may have."""

    id: JobId
    phase: Phase
    owner: str
    executor: str


class Backlog:
    """Questions about jobs that wait or run. Every job in QUEUED carries the property ``open``."""

    def __init__(self, store: GraphStore) -> None:
        self._store = store

    def in_hand(self) -> tuple[InHand, ...]:
        """List the jobs that run, or have run and may go on, oldest first."""
        nodes = self._pages(_IN_HAND, (*_FIELDS, "phase"))
        return tuple(
            InHand(
                id=self._id(node),
                phase=Phase(text(node.properties, "phase")),
                owner=text(node.properties, "owner"),
                executor=text(node.properties, "executor"),
            )
            for node in nodes
        )

    def waiting(self) -> dict[str, set[str]]:
        """Give, for each executor, the owners of the jobs queued for it."""
        counts = self._store.aggregate(Condition(label=Label.JOB, filters=_QUEUED), ("executor", "owner"))
        found: dict[str, set[str]] = {}
        for one in counts:
            executor, owner = one.values
            found.setdefault(str(executor), set()).add(str(owner))
        return found

    def oldest(self, executor: str, owners: Sequence[str], *, limit: int) -> tuple[Queued, ...]:
        """List the oldest queued jobs of some owners for an executor."""
        filters = (*_QUEUED, Filter("executor", Op.EQ, executor), Filter("owner", Op.IN, tuple(owners)))
        condition = Condition(label=Label.JOB, filters=filters)
        page = self._store.find(Find(condition=condition, order=_BY_AGE, limit=limit, fields=_FIELDS))
        return tuple(self._queued(node) for node in page.items)

    def queued(self) -> dict[str, list[Queued]]:
        """Give all queued jobs by executor, oldest first."""
        found: dict[str, list[Queued]] = {}
        for node in self._pages(_QUEUED, _FIELDS):
            found.setdefault(text(node.properties, "executor"), []).append(self._queued(node))
        return found

    def queued_by_executor(self) -> dict[str, int]:
        """Count the queued jobs of each executor."""
        counts = self._store.aggregate(Condition(label=Label.JOB, filters=_QUEUED), ("executor",))
        return {str(one.values[0]): one.count for one in counts}

    def running(self) -> dict[str, Counter[str]]:
        """Count the running jobs: for each executor, by owner."""
        counts = self._store.aggregate(Condition(label=Label.JOB, filters=_IN_HAND), ("executor", "owner"))
        found: dict[str, Counter[str]] = {}
        for one in counts:
            executor, owner = one.values
            found.setdefault(str(executor), Counter())[str(owner)] = one.count
        return found

    def closing(self) -> tuple[JobId, ...]:
        """List jobs that are over for their clients while something of their runs may be left: the oldest ones."""
        return self._some(_CLOSING, by="created_at")

    def due(self, at: datetime) -> tuple[JobId, ...]:
        """List jobs whose destruction time has come: those longest due."""
        return self._some((Filter("expires_at", Op.LE, at),), by="expires_at")

    def _some(self, filters: tuple[Filter, ...], *, by: str) -> tuple[JobId, ...]:
        condition = Condition(label=Label.JOB, filters=filters)
        question = Find(condition=condition, order=Order(by), limit=_AT_ONCE, fields=(by,))
        return tuple(self._id(node) for node in self._store.find(question).items)

    def _pages(self, filters: tuple[Filter, ...], fields: tuple[str, ...]) -> Iterator[Node]:
        condition = Condition(label=Label.JOB, filters=filters)
        return every(self._store, Find(condition=condition, order=_BY_AGE, limit=_PAGE, fields=fields))

    def _queued(self, node: Node) -> Queued:
        created_at = instant(node.properties, "created_at")
        assert created_at is not None  # noqa: S101 - they are found in its order
        return Queued(created_at, self._id(node), text(node.properties, "owner"))

    def _id(self, node: Node) -> JobId:
        return JobId(node.id.removeprefix(self._store.namespace))
