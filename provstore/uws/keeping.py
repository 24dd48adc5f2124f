"""Keeping the files of a job beyond its destruction time: until its owner no longer wants it, and within a limit.

A job whose files are kept has no destruction time, so nothing that looks for due jobs finds it.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Final

from provstore.accounts.callers import Caller
from provstore.errors import Forbidden, KeptTooMuch, Unauthenticated, WrongPhase
from provstore.graph.model import Label, Value
from provstore.graph.store import Condition, Filter, Op
from provstore.uws.jobs import Job, instant, integer
from provstore.uws.parts import Parts
from provstore.uws.permissions import check_may_change
from provstore.uws.phases import FINAL, Phase
from provstore.uws.quotas import Usage

__all__ = ["Keeping", "refuse_if_kept"]

_KEPT: Final = Filter("kept_at", Op.GT, datetime(1970, 1, 1, tzinfo=UTC))
"""Of a job that is not kept there is no such property."""

_MARGIN: Final = timedelta(minutes=1)
"""What is destroyed that soon may be going already, and can't be kept any more."""

_GRACE: Final = timedelta(days=1)
"""Files that are no longer kept stay so long at least: to end it by a slip is no loss."""

_OVER: Final = FINAL - {Phase.ARCHIVED}


class Keeping:
    """Keeps the files of jobs, and ends that. They count for the job's owner, whoever keeps them."""

    def __init__(self, parts: Parts) -> None:
        self._records = parts.records
        self._clock = parts.clock
        self._allowed = parts.settings.kept_max
        self._turn = threading.Lock()

    def keep(self, caller: Caller, job_id: str) -> None:
        """Keep the files of a job that has ended; to keep them again changes nothing.

        Raises:
            Unauthenticated: nobody knows who he is.
            Forbidden: he is neither owner nor administrator, the job goes within a minute, or the site keeps nothing.
            KeptTooMuch: that would be more than its owner may keep; administrators may go beyond.
            WrongPhase: the job has not ended, or its files are gone.
        """
        if not caller.name:
            raise Unauthenticated("sign in first: visitors without an account can keep no files")
        if not self._allowed:
            raise Forbidden("this site keeps no files beyond their destruction time")

        def act(job: Job) -> None:
            check_may_change(caller, f"job {job_id}", owner=job.owner)
            if job.kept_by:
                return
            at = self._clock()
            _check_there(job, at)
            if not caller.admin:
                self._check_room(job)
            keeper = self._records.node_id(caller.agent)
            put: dict[str, Value | None] = {"kept_by": keeper, "kept_at": at, "lapses_at": job.destruction_at}
            self._records.put(job, {**put, "destruction_at": None, "expires_at": None})

        with self._turn:  # or two at once would both find room
            self._records.repeat(job_id, act)

    def end(self, caller: Caller, job_id: str) -> None:
        """Keep the files of a job no longer: they go at its destruction time of before, in a day at the earliest.

        Raises:
            Forbidden: the caller is neither owner nor administrator.
        """

        def act(job: Job) -> None:
            check_may_change(caller, f"job {job_id}", owner=job.owner)
            if not job.kept_by:
                return
            lapses_at = instant(self._records.node(job_id).properties, "lapses_at")
            soonest = self._clock() + _GRACE
            goes_at = max(lapses_at or soonest, soonest)
            put: dict[str, Value | None] = {"kept_by": None, "kept_at": None, "lapses_at": None}
            self._records.put(job, {**put, "destruction_at": goes_at, "expires_at": goes_at})

        self._records.repeat(job_id, act)

    def usage(self, owner: str) -> Usage:
        """Give what the kept files of a person (local id) take, and may take: 0 if nothing is kept here."""
        filters = (Filter("owner", Op.EQ, owner), Filter("disk_bytes", Op.GT, 0), _KEPT)
        counts = self._records.store.aggregate(Condition(label=Label.JOB, filters=filters), ("disk_bytes",))
        used = sum(one.values[0] * one.count for one in counts if isinstance(one.values[0], int))
        return Usage(used=used, allowed=self._allowed)

    def size(self, job: Job) -> int:
        """Give how many bytes the files of a job take."""
        return integer(self._records.node(job.id).properties, "disk_bytes") or 0

    def _check_room(self, job: Job) -> None:
        usage, size = self.usage(job.owner), self.size(job)
        if usage.used + size > usage.allowed:
            raise KeptTooMuch(size=size, used=usage.used, allowed=usage.allowed)


def refuse_if_kept(job: Job) -> None:
    """Do nothing with a job that has a destruction time, and may get another one.

    Raises:
        Forbidden: its files are kept.
    """
    if job.kept_by:
        right = "stop keeping it, then it has a destruction time that can be set"
        raise Forbidden(f"the files of job {job.id} are kept: {right}", field="DESTRUCTION")


def _check_there(job: Job, at: datetime) -> None:
    if job.phase not in _OVER:
        raise WrongPhase(job.id, phase=job.phase, rule="only jobs that have ended, and have their files, can be kept")
    if job.destruction_at is not None and job.destruction_at <= at + _MARGIN:
        raise Forbidden(f"job {job.id} is being destroyed: its time was over at {job.destruction_at.isoformat()}")
