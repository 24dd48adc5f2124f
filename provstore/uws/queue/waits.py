"""Where a queued job stands and why it waits, as those are told who ask: computed from the graph, in any process."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from provstore.uws.jobs import Job, JobId
from provstore.uws.phases import ACTIVE, Phase
from provstore.uws.ports import Clock
from provstore.uws.queue.backlog import Backlog
from provstore.uws.queue.rules import NOT_WAITING, Crowd, Limits, Wait, in_order, reason
from provstore.uws.queue.troubles import Troubles

__all__ = ["Waits"]

_SHARE: Final = 20
"""A look at the queue is good for so many times as long as it took: however long the queue, 5 % of a processor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    places: Mapping[JobId, int]
    of_owners: Mapping[str, int]
    of_executors: Mapping[str, int]
    begun_at: datetime
    ended_at: datetime

    def is_good(self, at: datetime) -> bool:
        return self.begun_at <= at < self.ended_at + _SHARE * (self.ended_at - self.begun_at)


class Waits:
    """Answers why a job waits.

    Args:
        backlog: The queued and running jobs.
        limits: How many may run.
        troubles: Executors that don't answer.
        draining: Why nothing new is started, "" if it is.
        clock: The present instant.
    """

    def __init__(
        self, backlog: Backlog, *, limits: Limits, troubles: Troubles, draining: Callable[[], str], clock: Clock
    ) -> None:
        self._backlog = backlog
        self._limits = limits
        self._troubles = troubles
        self._draining = draining
        self._clock = clock
        self._guard = threading.Lock()
        self._seen: _Look | None = None

    def of(self, job: Job) -> Wait:
        """Tell where a job stands in the queue and what it waits for; nothing of a job that neither waits nor runs."""
        if job.phase not in ACTIVE:
            return NOT_WAITING
        trouble = self._trouble(job.executor)
        if job.phase is not Phase.QUEUED:
            return Wait(reason=trouble or job.waits_for)
        look = self._look()
        place = look.places.get(job.id)
        return Wait(place=place, reason=self._stopped() or job.waits_for or trouble or self._crowded(job, look, place))

    def _stopped(self) -> str:
        draining = self._draining()
        return f"the server drains: {draining}" if draining else ""

    def _trouble(self, executor: str) -> str:
        message = self._troubles.told().get(executor)
        return f"{executor} can't be reached: {message}" if message else ""

    def _crowded(self, job: Job, look: _Look, place: int | None) -> str:
        crowd = Crowd(of_owner=look.of_owners.get(job.owner, 0), of_executor=look.of_executors.get(job.executor, 0))
        return reason(job.owner, job.executor, place=place or 1, crowd=crowd, limits=self._limits)

    def _look(self) -> _Look:
        with self._guard:
            if self._seen is None or not self._seen.is_good(self._clock()):
                self._seen = self._new_look()
            return self._seen

    def _new_look(self) -> _Look:
        begun_at = self._clock()
        running = self._backlog.running()
        of_owners = sum(running.values(), Counter[str]())
        places: dict[JobId, int] = {}
        for queued in self._backlog.queued().values():
            ordered = in_order(queued, of_owners, self._limits)
            places |= {one.id: number for number, one in enumerate(ordered, start=1)}
        return _Look(
            places=places,
            of_owners=of_owners,
            of_executors={name: counted.total() for name, counted in running.items()},
            begun_at=begun_at,
            ended_at=self._clock(),
        )
