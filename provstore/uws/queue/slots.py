"""Who has a slot: jobs in an executor's hand, and jobs chosen to start by the rules of the queue."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from provstore.uws.jobs import Job, JobId
from provstore.uws.ports import Clock
from provstore.uws.queue.backlog import Backlog
from provstore.uws.queue.rules import Limits, next_owners

__all__ = ["Slots"]

_ASIDE_EACH: Final = 8
"""Jobs of one person that may be prepared (fetch their inputs) before their turn; further ones stay in the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Holder:
    owner: str
    executor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Aside:
    """A queued job that can't start yet; ``until_at``: when to look again, None for when it is woken."""

    owner: str
    executor: str
    until_at: datetime | None = None


class Slots:
    """The slots of each executor, in the memory of the process that supervises.

    A job starts only with a slot that was given to it here, whoever asks for its start, so that none overtakes. Which
    persons have queued jobs is a guess that the graph corrects: `look` at each round, `notice` in between.

    Args:
        backlog: The queued jobs.
        limits: How many jobs may run.
        clock: The present instant.
    """

    def __init__(self, backlog: Backlog, *, limits: Limits, clock: Clock) -> None:
        self._backlog = backlog
        self._limits = limits
        self._clock = clock
        self._guard = threading.Lock()
        self._holders: dict[str, _Holder] = {}
        self._aside: dict[str, _Aside] = {}
        self._waiting: dict[str, set[str]] = {}

    def has(self, job_id: str) -> bool:
        """Tell whether a job has a slot."""
        return job_id in self._holders

    def known(self) -> tuple[JobId, ...]:
        """List the jobs that have a slot and those set aside."""
        with self._guard:
            return tuple(JobId(one) for one in (*self._holders, *self._aside))

    def take(self, job_id: str, *, owner: str, executor: str) -> None:
        """Count a job that its executor has in hand, whether or not there is a slot for it."""
        if job_id not in self._holders:
            with self._guard:
                self._holders[job_id] = _Holder(owner=owner, executor=executor)
                self._aside.pop(job_id, None)

    def free(self, job_id: str) -> None:
        """Give back what a job has; none is no error."""
        if job_id in self._holders or job_id in self._aside:
            with self._guard:
                self._holders.pop(job_id, None)
                self._aside.pop(job_id, None)

    def set_aside(self, job: Job, *, pause: timedelta | None = None) -> None:
        """Let others go first until the job is woken, or for so long."""
        with self._guard:
            self._holders.pop(job.id, None)
            until_at = None if pause is None else self._clock() + pause
            self._aside[job.id] = _Aside(owner=job.owner, executor=job.executor, until_at=until_at)

    def is_aside(self, job_id: str) -> bool:
        """Tell whether a job was set aside, and its pause, if it has one, is not over."""
        aside = self._aside.get(job_id)
        return aside is not None and (aside.until_at is None or aside.until_at > self._clock())

    def is_postponed(self, job_id: str) -> bool:
        """Tell whether a job was set aside for a while that is not over."""
        aside = self._aside.get(job_id)
        return aside is not None and aside.until_at is not None and aside.until_at > self._clock()

    def notice(self, job: Job) -> None:
        """Hear that a job is queued."""
        with self._guard:
            self._aside.pop(job.id, None)
            self._waiting.setdefault(job.executor, set()).add(job.owner)

    def look(self) -> None:
        """Ask the graph who has queued jobs, if any could start."""
        if any(self._room(executor) > 0 for executor in self._limits.slots):
            waiting = self._backlog.waiting()
            with self._guard:
                self._waiting = waiting

    def is_wanted(self, executor: str) -> bool:
        """Tell whether anybody has a job that runs or waits there, as far as is known."""
        return bool(self._waiting.get(executor)) or any(one.executor == executor for one in self._all())

    def fill(self, executor: str, *, within: int | None = None) -> tuple[JobId, ...]:
        """Give the free slots of an executor to the jobs whose turn it is; give these jobs.

        Args:
            executor: Its name.
            within: Count on so many slots only, though it has more.
        """
        chosen: list[JobId] = []
        with self._guard:
            while self._room(executor, within) > 0 and (job_id := self._next(executor)) is not None:
                chosen.append(job_id)
        return tuple(chosen)

    def _room(self, executor: str, within: int | None = None) -> int:
        taken = sum(1 for one in self._holders.values() if one.executor == executor)
        slots = self._limits.slots[executor]
        return (slots if within is None else min(slots, within)) - taken

    def _next(self, executor: str) -> JobId | None:
        running = Counter(one.owner for one in self._holders.values())
        aside = Counter(one.owner for one in self._aside.values())
        busy = {owner for owner, number in aside.items() if number >= _ASIDE_EACH}
        waiting = self._waiting.get(executor, set())
        while owners := next_owners(waiting - busy, running, self._limits):
            passed = self._holders.keys() | self._aside.keys()
            of_owners = sum(1 for one in self._all() if one.owner in owners)
            for one in self._backlog.oldest(executor, owners, limit=1 + of_owners):
                if one.id not in passed:
                    self._holders[one.id] = _Holder(owner=one.owner, executor=executor)
                    return one.id
            waiting -= set(owners)
        return None

    def _all(self) -> tuple[_Holder | _Aside, ...]:
        return (*self._holders.values(), *self._aside.values())
