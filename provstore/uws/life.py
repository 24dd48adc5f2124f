"""The steps of a job's life: what to do with a job, given its phase in the graph and its executor's word."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from provstore.errors import NotFound, ProvstoreError
from provstore.graph.model import Value
from provstore.graph.store import Change, Update
from provstore.uws.catalog import Catalog
from provstore.uws.collect import collect
from provstore.uws.files import Files
from provstore.uws.internal_provenance import read_internal_provenance
from provstore.uws.jobs import Job, JobId
from provstore.uws.phases import ACTIVE, FINAL, Phase
from provstore.uws.ports import Clock, Executor, Observation, State
from provstore.uws.records import Move, Records
from provstore.uws.staging import StagingRules, stage
from provstore.uws.tokens import JobTokens
from provstore.uws.verdicts import Verdict, verdict_of

__all__ = ["Life", "LifeParts"]

_DETAIL: Final = 4096
"""Bytes of stderr kept with an error."""

_SWEPT_AT_ONCE: Final = 1000
_LONGEST_PAUSE: Final = timedelta(hours=1)
"""An upload that nothing was added to for so long is over."""

_GONE: Final = frozenset({State.ENDED, State.LOST, State.ABSENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeParts:
    """What the steps work with; ``slots``: jobs that may run at a time.

    ``changed`` wakes who waits for a job, ``freed`` the supervisor, when a job that waits for a slot may start.
    """

    records: Records
    catalog: Catalog
    files: Files
    executors: Mapping[str, Executor]
    tokens: JobTokens
    rules: StagingRules
    clock: Clock
    changed: Callable[[str], None]
    freed: Callable[[], None]
    slots: int


class Life:
    """Brings a job one step on. Every step can be repeated, by this process or the next."""

    def __init__(self, parts: LifeParts) -> None:
        self._parts = parts
        self._records = parts.records
        self._running: set[str] = set()
        self._crowded = False
        self._guard = threading.Lock()

    def pending_work(self) -> tuple[JobId, ...]:
        """List the jobs that may need a step now: open ones (as many of the queued as could start) and expired ones."""
        opened = self._records.open_jobs()
        queued = [job_id for job_id, phase in opened if phase is Phase.QUEUED]
        others = [job_id for job_id, phase in opened if phase is not Phase.QUEUED]
        due = self._records.due(self._parts.clock())
        return (*others, *self._may_start(queued), *due)

    def _may_start(self, queued: Sequence[JobId]) -> Iterator[JobId]:
        """Give those in hand already (their start is not recorded yet), and the oldest others, one a slot."""
        with self._guard:
            running = frozenset(self._running)
            free = max(0, self._parts.slots - len(running))
            waiting = [job_id for job_id in queued if job_id not in running]
            self._crowded = self._crowded or len(waiting) > free
        yield from (job_id for job_id in queued if job_id in running)
        yield from waiting[:free]

    def sweep(self) -> None:
        """Remove the files of jobs that never came to be: their upload was under way when a server died."""
        found = self._parts.files.unstaged_jobs(idle=_LONGEST_PAUSE)
        for start in range(0, len(found), _SWEPT_AT_ONCE):
            some = found[start : start + _SWEPT_AT_ONCE]
            for job_id in set(some) - self._records.phases(some).keys():
                self._parts.files.remove_job(job_id)

    def step(self, job_id: str) -> None:
        """Do the next thing for a job.

        Raises:
            Conflict: somebody changed the job meanwhile; do the step again.
            Unavailable: the store or the executor can't be reached now; do the step later.
        """
        job = self._read(job_id)
        if job is None:
            return
        observation = self._observe(job)
        if job.phase in ACTIVE:
            self._go_on(job, observation)
        elif job.open:
            self._close(job, observation)
        elif self._expired(job):
            self._archive(job)

    def fail(self, job_id: str, reason: str) -> None:
        """Bring a job whose step can't be done to ERROR, with the reason, so that it tells the truth."""
        job = self._read(job_id)
        if job is None or job.phase in FINAL:
            return
        at = self._parts.clock()
        put: dict[str, Value | None] = {"ended_at": at, "error_type": "fatal", "error_message": reason, "open": None}
        self._records.move(job, Move(phase=Phase.ERROR, at=at, cause="supervisor", put=put))
        self._ended(job)

    def _read(self, job_id: str) -> Job | None:
        try:
            return self._records.read_even_deleted(job_id)
        except NotFound:
            return None

    def _expired(self, job: Job) -> bool:
        gone = job.deleted or job.phase is Phase.ARCHIVED
        return not gone and job.destruction_at is not None and job.destruction_at <= self._parts.clock()

    def _executor(self, job: Job) -> Executor:
        return self._parts.executors[job.executor]

    def _run(self, job: Job) -> Path:
        return self._parts.files.run(job.id)

    def _observe(self, job: Job) -> Observation:
        observation = self._executor(job).observe(self._run(job))
        with self._guard:
            if observation.state is State.RUNNING:
                self._running.add(job.id)
            elif observation.state in _GONE:  # the slot is free already while its results are collected
                self._running.discard(job.id)
        return observation

    def _ended(self, job: Job) -> None:
        with self._guard:
            self._running.discard(job.id)
            crowded, self._crowded = self._crowded, False
        self._parts.changed(job.id)
        if crowded:
            self._parts.freed()

    # --- a job that is queued or runs

    def _go_on(self, job: Job, observation: Observation) -> None:
        if self._expired(job):
            self._abort_expired(job)
        elif observation.state is State.ABSENT and job.phase is Phase.QUEUED:
            self._start(job)
        elif observation.state is State.RUNNING and job.phase is not Phase.EXECUTING:
            self._executing(job, observation)
        elif observation.state in _GONE:
            self._finish(job, observation)

    def _start(self, job: Job) -> None:
        if not self._take_slot(job):
            return
        try:
            revision = self._parts.catalog.revision(job.revision)
            token = self._parts.tokens.token(job.id)
            run = stage(job, revision, files=self._parts.files, rules=self._parts.rules, token=token)
            self._executor(job).start(run)
        except OSError as error:
            self.fail(job.id, f"the job could not be staged: {error.strerror or error}")
        except ProvstoreError:
            with self._guard:
                self._running.discard(job.id)
            raise

    def _take_slot(self, job: Job) -> bool:
        with self._guard:
            free = job.id in self._running or len(self._running) < self._parts.slots
            if free:
                self._running.add(job.id)
            else:
                self._crowded = True
            return free

    def _executing(self, job: Job, observation: Observation) -> None:
        at = observation.started_at or self._parts.clock()
        put: dict[str, Value | None] = {"started_at": at, "host": observation.host}
        self._records.move(job, Move(phase=Phase.EXECUTING, at=at, cause=f"executor {job.executor}", put=put))
        self._parts.changed(job.id)

    def _abort_expired(self, job: Job) -> None:
        at = self._parts.clock()
        put: dict[str, Value | None] = {"ended_at": at, "open": True, "error_message": "its destruction time came"}
        self._records.move(job, Move(phase=Phase.ABORTED, at=at, cause="destruction", put=put))
        self._parts.changed(job.id)

    # --- a job that has ended

    def _finish(self, job: Job, observation: Observation) -> None:
        """Write the phase, the results and all that is known of the run in one transaction."""
        verdict = verdict_of(observation, limit=job.execution_duration)
        changes, problems = self._harvest(job, observation)
        if verdict.phase is Phase.COMPLETED and problems:
            verdict = Verdict(phase=Phase.ERROR, message="; ".join(problems))
        at = observation.ended_at or self._parts.clock()
        missed_at = (observation.started_at or at) if job.phase is Phase.QUEUED else None
        move = Move(
            phase=verdict.phase,
            at=at,
            cause=f"executor {job.executor}",
            missed_at=missed_at,
            put={**self._facts(job, observation), **self._error(job, verdict), "ended_at": at, "open": None},
        )
        self._records.move(job, move, further=changes)
        self._ended(job)

    def _close(self, job: Job, observation: Observation) -> None:
        """End what may still run of a job that is over for its client, then let go of it."""
        if observation.state not in _GONE:
            self._executor(job).abort(self._run(job))
            return
        if job.deleted:
            self._forget(job)
            return
        changes: tuple[Change, ...] = ()
        if not job.results:
            changes, _ = self._harvest(job, observation)
        self._records.put(job, {**self._facts(job, observation), "open": None}, further=changes)
        self._ended(job)

    def _harvest(self, job: Job, observation: Observation) -> tuple[tuple[Change, ...], list[str]]:
        """Give the changes that record what a run left behind, and what was wrong with it."""
        if observation.state is State.ABSENT or not self._run(job).is_dir():
            return (), []
        namespace = self._records.store.namespace
        at = observation.ended_at or self._parts.clock()
        revision = self._parts.catalog.revision(job.revision)
        collected = collect(job, revision, files=self._parts.files, namespace=namespace, at=at)
        told = read_internal_provenance(job, self._run(job) / "work", namespace=namespace)
        return (*collected.changes, *told.changes), collected.problems

    @staticmethod
    def _facts(job: Job, observation: Observation) -> dict[str, Value | None]:
        facts: dict[str, Value | None] = {
            "started_at": observation.started_at or job.started_at,
            "exit_code": observation.exit_code,
            "host": observation.host or job.host or None,
            "cpu_seconds": observation.cpu_seconds,
            "max_rss": observation.max_rss,
        }
        return {name: value for name, value in facts.items() if value is not None}

    def _error(self, job: Job, verdict: Verdict) -> dict[str, Value | None]:
        if not verdict.message:
            return {}
        return {
            "error_type": "transient" if verdict.transient else "fatal",
            "error_message": verdict.message,
            "error_detail": _tail(self._run(job) / "stderr") or None,
        }

    # --- the end of its files

    def _archive(self, job: Job) -> None:
        at = self._parts.clock()
        self._parts.files.remove_job(job.id)
        move = Move(phase=Phase.ARCHIVED, at=at, cause="destruction", put={"expires_at": None})
        self._records.move(job, move, further=self._invalidations(job))
        self._parts.changed(job.id)

    def _forget(self, job: Job) -> None:
        """Remove the files first: the graph says that they are gone only when they are."""
        self._parts.files.remove_job(job.id)
        self._records.put(job, {"open": None, "expires_at": None}, further=self._invalidations(job))
        self._ended(job)

    def _invalidations(self, job: Job) -> list[Update]:
        """Say of every entity whose file lay with this job that it is gone."""
        folder = f"jobs/{job.id}/"
        results = [one.entity for one in job.results]
        uploads = [one.entity for one in job.inputs if one.entity and one.location.startswith(folder)]
        at = self._parts.clock()
        return [
            Update(node=node, expected={}, put={"invalidated_at": at, "location": None}) for node in results + uploads
        ]


def _tail(file: Path) -> str:
    """Give the last lines of a log, whole, as text that the graph can keep."""
    if not file.is_file():
        return ""
    with file.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - _DETAIL))
        text = stream.read().decode("utf-8", "replace").replace("\x00", "\ufffd")
    return text if size <= _DETAIL else text.partition("\n")[2] or text
