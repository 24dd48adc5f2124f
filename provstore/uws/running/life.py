"""The steps of a job's life: what to do with a job, given its phase in the graph and its executor's word."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from provstore.errors import Busy, FetchFailed, Invalid, NotFound, ProvstoreError, Unavailable
from provstore.graph.model import Value
from provstore.uws.catalog import Catalog
from provstore.uws.files import Files
from provstore.uws.jobs import Failure, Job, JobId
from provstore.uws.patience import Patience
from provstore.uws.phases import ACTIVE, FINAL, Phase
from provstore.uws.ports import Clock, Executor, Observation, State
from provstore.uws.queue.backlog import Backlog
from provstore.uws.queue.rules import Limits
from provstore.uws.queue.slots import Slots
from provstore.uws.queue.troubles import Troubles
from provstore.uws.records import Move, Records
from provstore.uws.running.endings import Endings, not_before
from provstore.uws.running.fetches import Fetches, nothing_to_fetch
from provstore.uws.running.staging import StagingRules, stage
from provstore.uws.running.work import Lane, Work
from provstore.uws.sharing import Sharing
from provstore.uws.tokens import JobTokens

__all__ = ["Life", "LifeParts"]

_SWEPT_AT_ONCE: Final = 1000
_LONGEST_PAUSE: Final = timedelta(hours=1)
"""An upload that nothing was added to for so long is over."""

_POSTPONED: Final = timedelta(seconds=10)
"""A job that could not be started lets others go first for so long: it may be its own fault, or its executor's."""

_LEFT_ALONE: Final = timedelta(seconds=1), timedelta(minutes=1)
"""The first and the longest pause of a job in hand with which something can't be done for a reason of its own."""

_TELL_AGAIN: Final = timedelta(seconds=10)
"""How often the progress of a fetch is written down, at most."""

_LONGEST_POSTPONED: Final = timedelta(minutes=5)

_GONE: Final = frozenset({State.ENDED, State.LOST, State.ABSENT})
_TAKEN: Final[Mapping[State, Phase]] = {
    State.WAITING: Phase.QUEUED,
    State.HELD: Phase.HELD,
    State.RUNNING: Phase.EXECUTING,
    State.SUSPENDED: Phase.SUSPENDED,
    State.UNKNOWN: Phase.UNKNOWN,
}
"""What a job is for its client that an executor has in hand."""


_NOT_BEGUN: Final = frozenset({Phase.QUEUED, Phase.HELD})
_NO_FACTS: Final[Mapping[str, Value | None]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeParts:
    """What the steps work with.

    ``rules`` are those of each executor. ``changed`` wakes who waits for a job. ``draining`` gives the reason why
    nothing new is started, "" if it is.
    """

    records: Records
    catalog: Catalog
    files: Files
    executors: Mapping[str, Executor]
    tokens: JobTokens
    rules: Mapping[str, StagingRules]
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
            records=parts.records,
            catalog=parts.catalog,
            files=parts.files,
            clock=parts.clock,
            remove=self._remove,
            ended=self._ended,
        )
        self._chosen: list[JobId] = []
        self._postponed = Patience(_POSTPONED, _LONGEST_POSTPONED, clock=parts.clock)
        self._left_alone = Patience(*_LEFT_ALONE, clock=parts.clock)
        self._told_at: dict[str, datetime] = {}
        self._guard = threading.Lock()

    def recover(self) -> None:
        """Learn what an earlier supervisor had in hand, before anything is started."""
        self._parts.troubles.forget()
        for one in self._parts.executors.values():
            one.recover()
        for taken in self._backlog.in_hand():
            self._slots.take(taken.id, owner=taken.owner, executor=taken.executor)
        for executor, queued in self._backlog.queued().items():
            with suppress(Unavailable), self._parts.troubles.asking(executor):
                self._refuse_unknown(executor)
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
        return self._end(job, lambda: self._endings.archive(job)) if self._expired(job) else None

    def hear(self, job_id: str, told: bytes) -> None:
        """Hand a signal to the executors; only that of the job takes note of it."""
        run = self._parts.files.run(job_id)
        if run.is_dir():
            for executor in self._parts.executors.values():
                executor.hint(run, told)

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
        self._refuse_unknown(job.executor)
        return self._parts.executors[job.executor]

    def _refuse_unknown(self, executor: str) -> None:
        """Raise Unavailable for one that the settings don't name any more: its jobs wait until they do."""
        if executor not in self._parts.executors:
            known = ", ".join(self._parts.executors)
            raise Unavailable(f"the settings have no executor {executor!r} (any more); they have: {known}")

    def _run(self, job: Job) -> Path:
        return self._parts.files.run(job.id)

    def _observe(self, job: Job) -> Observation | None:
        """Ask the executor, unless it or the job is left alone now; its word tells whether the job has a slot."""
        if not self._left_alone.may_try(job.id) or not self._parts.troubles.may_ask(job.executor):
            return None
        with self._asking(job):
            observation = self._executor(job).observe(self._run(job))
        if observation.state is not State.ABSENT:  # that nothing was started may be known without asking
            self._parts.troubles.answered(job.executor)
        if observation.state in _TAKEN:
            self._slots.take(job.id, owner=job.owner, executor=job.executor)
        elif observation.state is not State.ABSENT or job.phase is not Phase.QUEUED:
            self._slots.free(job.id)  # already while its results are collected
        return observation

    @contextmanager
    def _asking(self, job: Job) -> Iterator[None]:
        """Ask the executor something of a job in hand; leave alone for a while what can't answer."""
        try:
            with self._parts.troubles.asking(job.executor):
                yield
        except Busy:
            self._left_alone.failed(job.id)
            raise

    def _remove(self, job: Job) -> None:
        """See to it that nothing of a job is left on other machines, whose names its own files tell."""
        if job.executor in self._parts.executors:
            self._parts.executors[job.executor].remove(self._run(job))

    def _ended(self, job: Job) -> None:
        self._slots.free(job.id)
        self._told_at.pop(job.id, None)
        self._postponed.well(job.id)
        self._left_alone.well(job.id)
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
        elif observation.state in _TAKEN:
            self._follow(job, observation, _TAKEN[observation.state])
        elif gone and not (observation.state is State.ABSENT and job.phase is Phase.HELD):
            return self._end(job, lambda: self._brought(job, observation, self._endings.finish))
        return None

    def _end(self, job: Job, act: Callable[[], None]) -> Work:
        return Work(Lane.END, job.executor, act)

    def _brought(self, job: Job, observation: Observation, act: Callable[[Job, Observation], None]) -> None:
        """Do something that needs what the job has left, which may be elsewhere."""
        if observation.state is not State.ABSENT and not job.deleted:
            with self._asking(job):
                self._executor(job).bring(self._run(job))
        act(job, observation)

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
        if missing:
            self._tell(job, missing)
            self._slots.set_aside(job)
            return None
        if self._has_slot(job):
            return Work(Lane.START, job.executor, lambda: self._start(job))
        self._tell(job, "")
        return None

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

    def _tell(self, job: Job, reason: str, put: Mapping[str, Value | None] = _NO_FACTS) -> None:
        """Write down, with further facts, why a job waits where nobody else can know; mere progress only at times."""
        if job.waits_for == reason:
            return
        at = self._parts.clock()
        told_at = self._told_at.setdefault(job.id, at)
        is_same = job.waits_for.partition(" (")[0] == reason.partition(" (")[0]
        if is_same and at < told_at + _TELL_AGAIN:
            return
        self._records.put(job, {**put, "waits_for": reason or None})
        self._told_at[job.id] = at

    def _start(self, job: Job) -> None:
        try:
            revision = self._parts.catalog.revision(job.revision)
            token = self._parts.tokens.token(job.id)
            rules = self._parts.rules[job.executor]
            run = stage(job, revision, files=self._parts.files, rules=rules, token=token)
        except OSError as error:
            self.fail(job.id, f"the job could not be staged: {error.strerror or error}")
            return
        except Unavailable as error:  # an input was left on a cluster that does not answer, or it is the store
            self._slots.set_aside(job, pause=_POSTPONED)
            self._tell(job, f"it can't be staged yet: {error.message}")
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
        except Busy as error:
            self._parts.troubles.answered(job.executor)
            self._postpone(job, error.message)
        except Unavailable as error:
            self._slots.set_aside(job, pause=_POSTPONED)
            self._tell(job, f"{job.executor} could not start it: {error.message}")
        except (Invalid, NotFound) as error:
            self.fail(job.id, error.message)

    def _postpone(self, job: Job, reason: str) -> None:
        """Let others go first, longer each time: a scheduler's limit is reached, perhaps only for this person."""
        self._slots.set_aside(job, pause=self._postponed.failed(job.id))
        self._tell(job, f"{job.executor} takes it later: {reason}")

    # --- a job in an executor's hand

    def _follow(self, job: Job, observation: Observation, phase: Phase) -> None:
        """Write what became of a job that its executor has in hand, if that is news."""
        at = self._parts.clock()
        put: dict[str, Value | None] = {"waits_for": observation.message or None, **observation.facts}
        if phase is job.phase:
            if phase is not Phase.EXECUTING:
                self._tell(job, observation.message, put)
            return
        cause = f"executor {job.executor}" + (f": {observation.message}" if observation.message else "")
        missed_at = at if phase is Phase.SUSPENDED and job.phase in _NOT_BEGUN else None
        move = Move(phase=phase, at=at, written_at=at, cause=cause, missed_at=missed_at, put=put)
        if phase is Phase.EXECUTING and job.started_at is None:
            started_at = not_before(job.created_at, observation.started_at or at, at)
            facts = {**put, "started_at": started_at, "host": observation.host}
            move = Move(phase=phase, at=started_at, written_at=at, cause=cause, put=facts)
        self._records.move(job, move)
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
            return self._end(job, lambda: self._brought(job, observation, self._endings.close))
        with self._asking(job):
            self._executor(job).abort(self._run(job))
        return None
