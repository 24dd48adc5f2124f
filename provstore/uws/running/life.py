"""The steps of a job's life: what to do with a job, given its phase in the graph and its executor's word."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from provstore.errors import FetchFailed, NotFound, ProvstoreError, Unavailable
from provstore.graph.model import Value
from provstore.uws.catalog import Catalog
from provstore.uws.files import Files
from provstore.uws.jobs import Failure, Job, JobId
from provstore.uws.phases import ACTIVE, FINAL, Phase
from provstore.uws.ports import Clock, Executor, Observation, State
from provstore.uws.queue.backlog import Backlog
from provstore.uws.queue.rules import Limits
from provstore.uws.queue.slots import Slots
from provstore.uws.queue.troubles import Troubles
from provstore.uws.records import Move, Records
from provstore.uws.running.endings import Endings
from provstore.uws.running.staging import StagingRules, stage
from provstore.uws.sharing import Sharing
from provstore.uws.tokens import JobTokens

__all__ = ["Fetches", "Lane", "Life", "LifeParts", "Work", "nothing_to_fetch"]

_SWEPT_AT_ONCE: Final = 1000
_LONGEST_PAUSE: Final = timedelta(hours=1)
"""An upload that nothing was added to for so long is over."""

_POSTPONED: Final = timedelta(seconds=10)
"""A job that could not be started lets others go first for so long: it may be its own fault, or its executor's."""

_TELL_AGAIN: Final = timedelta(seconds=10)
"""How often the progress of a fetch is written down, at most."""

_GONE: Final = frozenset({State.ENDED, State.LOST, State.ABSENT})
_TAKEN: Final = frozenset({State.WAITING, State.RUNNING})


class Fetches(Protocol):
    """Brings the inputs of jobs here that lie elsewhere."""

    def missing(self, job: Job) -> str:
        """Give "" if all inputs of a job are here; else see to it that they come, and give what is under way.

        Raises:
            FetchFailed: one of them can't be had.
        """

    def drop(self, job_id: str) -> None:
        """Stop it, for a job that is over: when this returns, nothing more is written for the job.

        Raises:
            Unavailable: it can't be stopped at once; try again.
        """


class _NothingToFetch:
    def missing(self, _job: Job) -> str:
        return ""

    def drop(self, _job_id: str) -> None:
        return


nothing_to_fetch: Final[Fetches] = _NothingToFetch()
"""For a site of which all inputs are here."""


class Lane(StrEnum):
    """Works that may take long go by their sort: many large results must not keep other jobs from starting."""

    START = "start"
    END = "end"


class Work(NamedTuple):
    """What remains to be done in a step, and may take long."""

    lane: Lane
    act: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeParts:
    """What the steps work with.

    ``changed`` wakes who waits for a job. ``draining`` gives the reason why nothing new is started, "" if it is.
    """

    records: Records
    catalog: Catalog
    files: Files
    executors: Mapping[str, Executor]
    tokens: JobTokens
    rules: StagingRules
    clock: Clock
    changed: Callable[[str], None]
    limits: Limits
    troubles: Troubles
    draining: Callable[[], str]
    fetching: Fetches = nothing_to_fetch


class Life:
    """Brings a job one step on. Every step can be repeated, by this process or the next."""

    def __init__(self, parts: LifeParts) -> None:
        self._parts = parts
        self._records = parts.records
        self._sharing = Sharing(parts.records, clock=parts.clock)
        self._backlog = Backlog(parts.records.store)
        self._slots = Slots(self._backlog, limits=parts.limits, clock=parts.clock)
        self._endings = Endings(
            records=parts.records, catalog=parts.catalog, files=parts.files, clock=parts.clock, ended=self._ended
        )
        self._chosen: list[JobId] = []
        self._told_at: dict[str, datetime] = {}
        self._guard = threading.Lock()

    def recover(self) -> None:
        """Learn what an earlier supervisor had in hand, before anything is started."""
        self._parts.troubles.forget()
        for one in self._backlog.in_hand():
            self._slots.take(one.id, owner=one.owner, executor=one.executor)
        for executor, queued in self._backlog.queued().items():
            for job in queued:
                if self._parts.files.run(job.id).is_dir():  # it may run already
                    self._slots.take(job.id, owner=job.owner, executor=executor)

    def pending_work(self) -> tuple[JobId, ...]:
        """List the jobs that may need a step now: those in hand, those whose turn it is, and expired ones."""
        self._slots.look()
        for executor in self._parts.limits.slots:
            if not self._slots.is_wanted(executor):
                self._parts.troubles.answered(executor)  # nobody asks it, so nobody can tell
        startable = self.startable()
        in_hand = (one.id for one in self._backlog.in_hand())
        closing, due = self._backlog.closing(), self._backlog.due(self._parts.clock())
        opened = self._sharing.due()
        return tuple(dict.fromkeys((*startable, *self._slots.known(), *in_hand, *closing, *due, *opened)))

    def startable(self) -> tuple[JobId, ...]:
        """Give free slots to the jobs whose turn it is; give all jobs that got one and had no step since."""
        self._fill()
        with self._guard:
            chosen, self._chosen = tuple(self._chosen), []
        return chosen

    def _fill(self) -> None:
        if self._parts.draining():
            return
        for executor in self._parts.limits.slots:
            within = 1 if self._parts.troubles.any(executor) else None
            chosen = self._slots.fill(executor, within=within)
            if chosen:
                with self._guard:
                    self._chosen.extend(chosen)

    def sweep(self) -> None:
        """Remove the files of jobs that never came to be: their upload was under way when a server died."""
        found = self._parts.files.unstaged_jobs(idle=_LONGEST_PAUSE)
        for start in range(0, len(found), _SWEPT_AT_ONCE):
            some = found[start : start + _SWEPT_AT_ONCE]
            for job_id in set(some) - self._records.phases(some).keys():
                self._parts.files.remove_job(job_id)

    def troubles(self) -> dict[str, str]:
        """Give the executors that don't answer, with what they said."""
        return self._parts.troubles.told()

    def step(self, job_id: str) -> Work | None:
        """Do the next thing for a job, or give it to be done where it may take long.

        Raises:
            Conflict: somebody changed the job meanwhile; do the step again.
            Unavailable: the store or the executor can't be reached now; do the step later.
        """
        job = self._read(job_id)
        if job is not None and self._sharing.apply_due(job):
            job = self._read(job_id)
        if job is None:
            self._slots.free(job_id)
            return None
        if job.open or job.phase in ACTIVE:
            observation = self._observe(job)
            return None if observation is None else self._next(job, observation)
        self._slots.free(job.id)
        return Work(Lane.END, lambda: self._endings.archive(job)) if self._expired(job) else None

    def fail(self, job_id: str, reason: str) -> None:
        """Bring a job whose step can't be done to ERROR, with the reason."""
        job = self._read(job_id)
        if job is not None and job.phase not in FINAL:
            self._endings.fail(job, Failure(message=reason))

    def _read(self, job_id: str) -> Job | None:
        try:
            return self._records.read_even_deleted(job_id)
        except NotFound:
            return None

    def _expired(self, job: Job) -> bool:
        gone = job.deleted or job.phase is Phase.ARCHIVED
        return not gone and job.destruction_at is not None and job.destruction_at <= self._parts.clock()

    def _executor(self, job: Job) -> Executor:
        if job.executor not in self._parts.executors:
            known = ", ".join(self._parts.executors)
            raise NotFound(f"executor {job.executor!r} is not set up here; there is: {known}", field="executor")
        return self._parts.executors[job.executor]

    def _run(self, job: Job) -> Path:
        return self._parts.files.run(job.id)

    def _observe(self, job: Job) -> Observation | None:
        """Ask the executor, unless it is left alone now; its word tells whether the job has a slot."""
        if not self._parts.troubles.may_ask(job.executor):
            return None
        with self._parts.troubles.asking(job.executor):
            observation = self._executor(job).observe(self._run(job))
        if observation.state is not State.ABSENT:  # that nothing was started may be known without asking
            self._parts.troubles.answered(job.executor)
        if observation.state in _TAKEN:
            self._slots.take(job.id, owner=job.owner, executor=job.executor)
        elif observation.state is not State.ABSENT or job.phase is not Phase.QUEUED:
            self._slots.free(job.id)  # already while its results are collected
        return observation

    def _ended(self, job: Job) -> None:
        self._slots.free(job.id)
        self._told_at.pop(job.id, None)
        self._parts.changed(job.id)

    def _next(self, job: Job, observation: Observation) -> Work | None:
        """Tell what follows from the phase and the executor's word."""
        gone = observation.state in _GONE
        if job.phase not in ACTIVE:
            return self._close(job, observation)
        if self._expired(job):
            self._abort_expired(job)
        elif observation.state is State.ABSENT and job.phase is Phase.QUEUED:
            return self._prepare(job)
        elif observation.state is State.RUNNING and job.phase is not Phase.EXECUTING:
            self._executing(job, observation)
        elif gone and not (observation.state is State.ABSENT and job.phase is Phase.HELD):
            return Work(Lane.END, lambda: self._endings.finish(job, observation))
        return None

    # --- a job that is queued

    def _prepare(self, job: Job) -> Work | None:
        """Start a job if it is its turn and its inputs are here."""
        if not self._is_in_preparation(job):
            return None
        try:
            missing = self._parts.fetching.missing(job)
        except FetchFailed as failure:
            self._endings.fail(job, Failure(message=failure.message, transient=failure.transient))
            return None
        self._tell(job, missing)
        if missing:
            self._slots.set_aside(job)
            return None
        return Work(Lane.START, lambda: self._start(job)) if self._has_slot(job) else None

    def _is_in_preparation(self, job: Job) -> bool:
        """Tell whether a job has a slot, or fetches its inputs and gets one then."""
        if self._parts.draining():
            self._slots.free(job.id)
            return False
        if self._slots.is_aside(job.id):
            return not self._slots.is_postponed(job.id)
        return self._has_slot(job)

    def _has_slot(self, job: Job) -> bool:
        """Tell whether a job has a slot, which those get whose turn it is, now that it may be this one's."""
        if not self._slots.has(job.id):
            self._slots.notice(job)
            self._fill()
        return self._slots.has(job.id)

    def _tell(self, job: Job, reason: str) -> None:
        """Write down why a job waits where nobody else can know; of mere progress only now and then."""
        if job.waits_for == reason:
            return
        at = self._parts.clock()
        told_at = self._told_at.setdefault(job.id, at)
        is_same = job.waits_for.partition(" (")[0] == reason.partition(" (")[0]
        if is_same and at < told_at + _TELL_AGAIN:
            return
        self._records.put(job, {"waits_for": reason or None})
        self._told_at[job.id] = at

    def _start(self, job: Job) -> None:
        try:
            revision = self._parts.catalog.revision(job.revision)
            token = self._parts.tokens.token(job.id)
            run = stage(job, revision, files=self._parts.files, rules=self._parts.rules, token=token)
        except OSError as error:
            self.fail(job.id, f"the job could not be staged: {error.strerror or error}")
            return
        except ProvstoreError:
            self._slots.free(job.id)
            raise
        if self._records.phases([job.id]).get(job.id) is Phase.QUEUED:  # copying inputs may have taken long
            self._hand_over(job, run)

    def _hand_over(self, job: Job, run: Path) -> None:
        try:
            with self._parts.troubles.asking(job.executor):
                self._executor(job).start(run)
            self._parts.troubles.answered(job.executor)
        except Unavailable as error:
            self._slots.set_aside(job, pause=_POSTPONED)
            self._tell(job, f"{job.executor} could not start it: {error.message}")

    # --- a job in an executor's hand

    def _executing(self, job: Job, observation: Observation) -> None:
        at = observation.started_at or self._parts.clock()
        put: dict[str, Value | None] = {"started_at": at, "host": observation.host, "waits_for": None}
        cause, written_at = f"executor {job.executor}", self._parts.clock()
        self._records.move(job, Move(phase=Phase.EXECUTING, at=at, written_at=written_at, cause=cause, put=put))
        self._parts.changed(job.id)

    def _abort_expired(self, job: Job) -> None:
        at = self._parts.clock()
        put: dict[str, Value | None] = {"ended_at": at, "open": True, "error_message": "its destruction time came"}
        self._records.move(job, Move(phase=Phase.ABORTED, at=at, cause="destruction", put=put))
        self._parts.changed(job.id)

    def _close(self, job: Job, observation: Observation) -> Work | None:
        """End what may still run of a job that is over for its client, then let go of it."""
        self._parts.fetching.drop(job.id)
        if observation.state in _GONE:
            return Work(Lane.END, lambda: self._endings.close(job, observation))
        with self._parts.troubles.asking(job.executor):
            self._executor(job).abort(self._run(job))
        return None
