"""The executor of a SLURM cluster: jobs go there by SSH, and report back by themselves.

Everything it knows of a job is in the job's directory here: `RECORD_FILE`, and what has come back. So any process may
go on where another died. SLURM is asked nothing while jobs signal; see `watching`.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from provstore.clusters import Cluster
from provstore.errors import Busy, Unavailable
from provstore.graph.model import Value
from provstore.uws.executors.slurm import commands
from provstore.uws.executors.slurm.aftermath import Aftermath
from provstore.uws.executors.slurm.bringing import Bringing
from provstore.uws.executors.slurm.explaining import explained
from provstore.uws.executors.slurm.judging import judge
from provstore.uws.executors.slurm.reach import Asked, Reach, Refused
from provstore.uws.executors.slurm.record import ABORT_FILE, HEARD_FILE, Notes, Record, hear
from provstore.uws.executors.slurm.refusals import Kind
from provstore.uws.executors.slurm.submitting import Submitting
from provstore.uws.executors.slurm.watching import Watching
from provstore.uws.executors.status import STATUS_FILE, read_status, told_status
from provstore.uws.files import Files, put_whole
from provstore.uws.ports import Cause, Clock, Observation, State

__all__ = ["SlurmExecutor"]

_AGAIN: Final = timedelta(seconds=30)
"""After so long an end that did not come is asked for again."""

_STALE: Final = 60.0
"""Seconds for which a file is looked at again that is older than the signal: as long as NFS remembers."""

_OVER: Final = frozenset({State.ENDED, State.LOST})
_NOT_BEGUN: Final = frozenset({State.WAITING, State.HELD, State.UNKNOWN})


class SlurmExecutor:
    """Runs jobs on a SLURM cluster.

    Args:
        cluster: Its settings.
        files: The data directory.
        clock: The present instant.
        news: Called from another thread with the directory of a job that should be looked at.
        amend: Called from another thread with the directory of a job that is over, and what was learnt of it since.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        files: Files,
        clock: Clock,
        news: Callable[[Path], None],
        amend: Callable[[Path, Mapping[str, Value]], None] = lambda _directory, _facts: None,
    ) -> None:
        self.name = cluster.name
        self.reach = Reach(cluster)
        self._clock = clock
        self._notes = Notes()
        self._bringing = Bringing(self.reach, self._notes, clock=clock)
        self._submitting = Submitting(self.reach, self._notes, files=files, clock=clock)
        self._watching = Watching(self.reach, self._notes, self._bringing, files=files, clock=clock, news=news)
        self._aftermath = Aftermath(self.reach, amend=amend)
        self._watching.further = self._aftermath.round
        self._guard = threading.Lock()
        self._starting: dict[Path, threading.Lock] = {}
        self._stale: dict[Path, float] = {}

    def start(self, directory: Path) -> None:
        """Hand the job to SLURM; see the port."""
        with self._once(directory):
            if (directory / ABORT_FILE).exists() and not self._is_sent(directory):
                self._end_unstarted(directory)
                return
            self._submitting.submit(directory)
            self._watching.expect(directory)
        if (directory / ABORT_FILE).exists():
            self.abort(directory)

    def observe(self, directory: Path) -> Observation:
        """Tell what was heard of the job; see the port."""
        record = self._notes.get(directory)
        if record is None or record.cluster != self.name:
            return self._unsent(directory)
        if record.number is None and not record.uncertain:
            return self._unsent(directory)
        self.reach.check()
        if record.number is None:
            return self._uncertain(directory, record)
        self._watching.watch(directory, record)
        record = self._heed(directory, record)
        status = told_status(directory)
        seen = judge(record, status, at=self._clock(), lost_after=self.reach.cluster.lost_after)
        if seen.state in _NOT_BEGUN and self.reach.unanswered:
            seen = replace(seen, message=f"{seen.message}; {self.reach.unanswered}")
        if seen.state in _OVER:
            self._watching.leave(directory)
            self._aftermath.take(directory, record)
        return seen

    def hint(self, directory: Path, told: bytes) -> None:
        """Note the signal of a job of ours on disk."""
        with suppress(Unavailable):
            record = self._notes.get(directory)
            if record is not None and record.cluster == self.name:
                hear(directory, told)

    def bring(self, directory: Path) -> None:
        """Bring logs and results; see the port."""
        record = self._notes.get(directory)
        if record is not None:
            self._bringing.bring(directory, record)
            self._let_go(directory)

    def fresh(self, directory: Path) -> None:
        """Bring what was printed since; see the port."""
        record = self._notes.get(directory)
        if record is not None and record.cluster == self.name and record.number is not None:
            if self.reach.trouble:  # who reads a log is not to wait for a host that does not answer
                raise Unavailable(self.reach.trouble)
            self._bringing.fresh(directory, record)

    def provide(self, directory: Path, path: str) -> bool:
        """Bring a result that was left on the cluster; see the port."""
        record = self._notes.get(directory)
        if record is None or record.cluster != self.name:
            return False
        return self._bringing.provide(directory, record, path)

    def abort(self, directory: Path) -> None:
        """Have SLURM end the job, or keep it from being handed over; see the port."""
        if not directory.is_dir():
            return
        record = self._notes.get(directory)
        try:
            (directory / ABORT_FILE).touch()
        except OSError as error:
            raise Unavailable(f"job {directory.name} can't be aborted: {error}") from error
        if record is None or record.number is None or self.observe(directory).state in _OVER:
            return
        at = self._clock()
        if record.aborted_at is not None and at < record.aborted_at + _AGAIN:
            return
        self._notes.change(directory, lambda one: replace(one, aborted_at=at))  # first: it may end before we hear of it
        try:
            self._cancel(record)
        except Unavailable:
            before_at = record.aborted_at
            self._notes.change(directory, lambda one: replace(one, aborted_at=before_at))
            raise
        self._watching.ask_soon(directory)

    def remove(self, directory: Path) -> None:
        """Have the job's directory on the cluster removed; see the port."""
        record = self._notes.get(directory)
        if record is not None and record.cluster == self.name:
            self._watching.leave(directory)
            self._watching.wish_removal(record)
            self._let_go(directory)

    def recover(self) -> None:
        """Go on with what an earlier process left undone."""
        self._watching.recover()

    def explain(self, directory: Path) -> str:
        """Say what is known of the job here; see the port."""
        record = self._notes.get(directory)
        if record is None or record.cluster != self.name:
            return ""
        return explained(record, at=self._clock())

    def counts(self) -> Mapping[str, int]:
        """Tell what was sent; see the port. ``status`` and ``accounting`` are questions how jobs are."""
        return dict(self.reach.counts)

    def close(self) -> None:
        """End the thread and the connections."""
        self._watching.close()
        self.reach.close()

    @contextmanager
    def _once(self, directory: Path) -> Iterator[None]:
        """One hand-over of a job at a time."""
        with self._guard:
            lock = self._starting.setdefault(directory, threading.Lock())
        with lock:
            yield

    def _is_sent(self, directory: Path) -> bool:
        """Tell whether SLURM has the job, or may have it."""
        record = self._notes.get(directory)
        return record is not None and (record.uncertain or record.number is not None)

    def _let_go(self, directory: Path) -> None:
        """Keep nothing in memory of a job that is over; its record stays on disk."""
        self._notes.forget(directory)
        with self._guard:
            self._starting.pop(directory, None)
        self._stale.pop(directory, None)

    def _unsent(self, directory: Path) -> Observation:
        """A job that never left, perhaps because it was aborted before."""
        status = told_status(directory)
        return status if status is not None and status.state is State.ENDED else Observation(state=State.ABSENT)

    def _uncertain(self, directory: Path, record: Record) -> Observation:
        """Find out what became of a job that was sent by a process that died."""
        if self._is_starting(directory):
            return Observation(state=State.WAITING, message=f"it is being handed over to {self.name}")
        with self._once(directory):
            record = self._notes.get(directory) or record
            if record.uncertain:
                record = self._submitting.adopt(directory)
        return Observation(state=State.WAITING) if record.number is not None else self._unsent(directory)

    def _is_starting(self, directory: Path) -> bool:
        lock = self._starting.get(directory)
        return lock is not None and lock.locked()

    def _heed(self, directory: Path, record: Record) -> Record:
        """Look after a signal, if one came since the last look."""
        taken = directory / f".{HEARD_FILE}"  # what is heard from now on is looked after the next time
        try:
            told = (directory / HEARD_FILE).replace(taken).read_bytes()
        except FileNotFoundError:
            return record
        try:
            self._look(directory, record, told)
        except Busy:  # only this account can't be entered: what is known of the job still holds
            hear(directory, told)
        except Unavailable:
            hear(directory, told)
            raise
        return self._notes.get(directory) or record

    def _look(self, directory: Path, record: Record, told: bytes) -> None:
        if self._bringing.look(directory, record):
            self._watching.heard(directory)
        self._look_again_if_stale(directory, told)
        status = read_status(directory)
        if _is_of_scheduler(told) and status.state is not State.ENDED:
            self._bringing.look_at_scheduler(directory, record)
            self._watching.ask_soon(directory)
        elif status.state is State.RUNNING and status.started_at is not None:
            self._watching.runs(directory, _limit(directory))
        elif self._bringing.is_doubtful(directory, self._notes.get(directory) or record):
            self._watching.ask_soon(directory)

    def _look_again_if_stale(self, directory: Path, told: bytes) -> None:
        """Keep a signal for a while that knows more than the file: a shared file system may show an old one."""
        status = directory / STATUS_FILE
        if _seq(told) <= (_seq(status.read_bytes()) if status.is_file() else 0):
            self._stale.pop(directory, None)
        elif time.monotonic() < self._stale.setdefault(directory, time.monotonic() + _STALE):
            hear(directory, told)

    def _cancel(self, record: Record) -> None:
        assert record.number is not None  # noqa: S101 - the caller has seen it
        try:
            self.reach.ask(Asked.CANCEL, record.account, commands.cancel([record.number]))
        except Refused as error:
            kind, words = error.refusal.kind, f"SLURM on {self.name} can't cancel {record.number}: {error}"
            if kind is not Kind.UNKNOWN_JOB:  # that one is over
                raise (Unavailable if kind is Kind.UNREACHABLE else Busy)(words) from error

    def _end_unstarted(self, directory: Path) -> None:
        """Write the end of a job that was aborted before it was handed over, in the wrapper's words."""
        words = dict.fromkeys(("exit_code", "started_at", "ended_at", "cpu_seconds", "max_rss"))
        status: dict[str, Any] = {**words, "state": "ENDED", "cause": Cause.ABORT, "host": ""}
        status["message"] = "aborted before its start"
        put_whole(directory / STATUS_FILE, json.dumps(status).encode())


def _is_of_scheduler(told: bytes) -> bool:
    """Tell whether a signal comes from beside the job: the notifier, or an administrator's script."""
    return _words(told).get("source") == "scheduler"


def _seq(told: bytes) -> int:
    """Give the number of a state that a wrapper told, 0 where it told none."""
    seq = _words(told).get("seq")
    return seq if isinstance(seq, int) else 0


def _words(told: bytes) -> dict[str, Any]:
    """Read a signal; nothing where it is none of ours."""
    with suppress(ValueError, RecursionError):
        words = json.loads(told)
        return words if isinstance(words, dict) else {}
    return {}


def _limit(directory: Path) -> timedelta:
    """Give how long the job may run, with what it needs to end in order; 0 is without limit."""
    task: dict[str, Any] = json.loads((directory / "task.json").read_bytes())
    duration = task["execution_duration"]
    return timedelta(seconds=duration + task["kill_grace"]) if duration else timedelta.max
