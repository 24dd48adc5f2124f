"""What the files of jobs take of the disk: whose they are, when they go, what is kept."""

from __future__ import annotations

import shutil
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from provstore.accounts.callers import EVERY_SERVICE, Caller, Role
from provstore.graph.model import Label, Node, NodeId
from provstore.graph.store import Condition, Count, Filter, Find, Op, Order
from provstore.uws.jobs import JobId, instant, integer, text
from provstore.uws.parts import Parts
from provstore.uws.phases import Phase

__all__ = ["Files", "Held", "Room", "Share", "Space", "Total", "services_of"]

_SOMETHING: Final = Filter("disk_bytes", Op.GT, 0)
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BY: Final = ("owner", "service", "disk_bytes", "expires_at", "kept_at")
_FIELDS: Final = ("service", "run_id", "phase", "disk_bytes", "expires_at", "kept_at", "owner")
_REMEMBERED: Final = 100
_SHARE: Final = 20
"""A count is good for so many times as long as it took."""


class Files(NamedTuple):
    """The files of a job: ``goes_at`` tells when they are removed, ``kept_at`` since when they are kept instead."""

    job: JobId
    service: str
    run_id: str
    phase: Phase
    owner: str
    size: int
    goes_at: datetime | None
    kept_at: datetime | None


@dataclass(slots=True, kw_only=True)
class Total:
    """Jobs that have files, and their bytes; ``kept``: those of them that are kept."""

    jobs: int = 0
    size: int = 0
    kept: int = 0

    def add(self, count: int, size: int, *, kept: bool) -> None:
        """Count some jobs more, each of that size."""
        self.jobs += count
        self.size += count * size
        self.kept += count * size if kept else 0


class Share(NamedTuple):
    """What one person's jobs of one service take."""

    owner: str
    service: str
    total: Total


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is held in files: by whom and of which service, the largest first; and what goes on which day (UTC)."""

    total: Total = field(default_factory=Total)
    shares: Sequence[Share] = ()
    days: Mapping[date, Total] = field(default_factory=dict)


class Room(NamedTuple):
    """Bytes of the disk under the data directory."""

    total: int
    free: int


class _Counted(NamedTuple):
    held: Held
    begun_at: datetime
    good_until_at: datetime


class Space:
    """Answers what is on the disk, from what each job says of itself."""

    def __init__(self, parts: Parts) -> None:
        self._store = parts.records.store
        self._clock = parts.clock
        self._data = parts.settings.data
        self._guard = threading.Lock()
        self._counted: dict[frozenset[str] | None, _Counted] = {}

    def room(self) -> Room:
        """Give the size of the disk, and what is free of it."""
        found = shutil.disk_usage(self._data)
        return Room(found.total, found.free)

    def going(self, caller: Caller, *, limit: int) -> tuple[Files, ...]:
        """List the files of a person's jobs that go, those that go first first."""
        wanted = (Filter("owner", Op.EQ, caller.agent), _SOMETHING, Filter("expires_at", Op.GT, _LONG_AGO))
        return self._files(wanted, Order("expires_at"), limit)

    def kept(self, caller: Caller, *, limit: int) -> tuple[Files, ...]:
        """List the files of a person's jobs that are kept, the newest first."""
        wanted = (Filter("owner", Op.EQ, caller.agent), Filter("kept_at", Op.GT, _LONG_AGO))
        return self._files(wanted, Order("kept_at", descending=True), limit)

    def held(self, services: frozenset[str] | None = None) -> Held:
        """Give what the files of some services' jobs take, of all by default; as of now or a moment ago."""
        begun_at = self._clock()
        with self._guard:
            counted = self._counted.get(services)
        if counted is not None and counted.begun_at <= begun_at < counted.good_until_at:
            return counted.held
        held = _held(self._counts(services))
        ended_at = self._clock()
        with self._guard:
            if len(self._counted) >= _REMEMBERED:
                self._counted.clear()
            self._counted[services] = _Counted(held, begun_at, ended_at + _SHARE * (ended_at - begun_at))
        return held

    def _counts(self, services: frozenset[str] | None) -> Iterable[Count]:
        these = () if services is None else (Filter("service", Op.IN, tuple(sorted(services))),)
        return self._store.aggregate(Condition(label=Label.JOB, filters=(_SOMETHING, *these)), _BY)

    def _files(self, filters: tuple[Filter, ...], order: Order, limit: int) -> tuple[Files, ...]:
        condition = Condition(label=Label.JOB, filters=(*filters, Filter("deleted", Op.ABSENT)))
        found = self._store.find(Find(condition=condition, order=order, limit=limit, fields=_FIELDS)).items
        return tuple(_files(one, self._store.namespace) for one in found)


def services_of(caller: Caller) -> frozenset[str] | None:
    """Give the services that a person looks after, None for all of them."""
    if caller.has(Role.CURATOR, EVERY_SERVICE):
        return None
    return frozenset(one.service for one in caller.grants if one.role is Role.CURATOR)


def _files(node: Node, namespace: str) -> Files:
    facts = node.properties
    return Files(
        JobId(NodeId(node.id).removeprefix(namespace)),
        text(facts, "service"),
        text(facts, "run_id"),
        Phase(text(facts, "phase")),
        text(facts, "owner"),
        integer(facts, "disk_bytes") or 0,
        instant(facts, "expires_at"),
        instant(facts, "kept_at"),
    )


def _held(counts: Iterable[Count]) -> Held:
    total = Total()
    shares: defaultdict[tuple[str, str], Total] = defaultdict(Total)
    days: defaultdict[date, Total] = defaultdict(Total)
    for one in counts:
        owner, service, size, goes_at, kept_at = one.values
        assert isinstance(size, int)  # noqa: S101 - they are found by it
        sums = [total, shares[str(owner), str(service)]]
        if isinstance(goes_at, datetime):
            sums.append(days[goes_at.astimezone(UTC).date()])
        for each in sums:
            each.add(one.count, size, kept=kept_at is not None)
    found = [Share(owner, service, each) for (owner, service), each in shares.items()]
    found.sort(key=lambda one: (-one.total.size, one.owner, one.service))
    return Held(total=total, shares=found, days=dict(sorted(days.items())))
