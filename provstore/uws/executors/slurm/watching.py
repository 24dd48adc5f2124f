"""The thread that listens to a cluster: its spool folders, and SLURM itself where jobs are silent for too long.

While signals arrive SLURM is asked nothing. One question a time covers all jobs of an account that are due.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Final

from provstore.errors import Busy, ProvstoreError, Unavailable
from provstore.uws.executors.slurm import commands, parsing
from provstore.uws.executors.slurm.bringing import Bringing
from provstore.uws.executors.slurm.parsing import Row
from provstore.uws.executors.slurm.reach import Asked, Reach, Refused
from provstore.uws.executors.slurm.record import Notes, Record, hear
from provstore.uws.executors.slurm.removing import Removing
from provstore.uws.files import Files
from provstore.uws.patience import Patience
from provstore.uws.ports import Clock

__all__ = ["Watching"]

_LOG: Final = logging.getLogger(__name__)

_PAUSE: Final = 1.0
"""Seconds between two looks at the spool folders."""

_LONGEST_PAUSE: Final = timedelta(minutes=1)
"""The longest until it is tried again whether a cluster answers; for its jobs the supervisor tries too."""

_LONGEST_OUT: Final = timedelta(minutes=5)
"""The longest until an account is tried again that can't be entered: hosts shut out those who knock too often."""

_SOON: Final = 1.0
"""Seconds until SLURM is asked about a job of which something is known to have happened."""

_AFTER_FAULT: Final = 30.0
"""Seconds until it goes on after a fault of its own, which may come again."""

_DAY: Final = timedelta(days=1)


@dataclass(slots=True)
class _Watch:
    """A job in the cluster's hand: when SLURM is asked about it, and the pause after that (seconds)."""

    job: str
    account: str
    folder: PurePosixPath
    due: float
    pause: float
    eager: bool = field(default=False)


class Watching:
    """Looks after all jobs of one cluster, in one thread, begun with the first of them.

    ``further`` is done at the end of each round.

    Args:
        reach: The cluster.
        notes: What is known of its jobs.
        bringing: Brings files.
        files: The data directory: where jobs lie, and a file for each job whose directory there is to go.
        clock: The present instant.
        news: Called with the directory of a job that should be looked at.
    """

    def __init__(
        self,
        reach: Reach,
        notes: Notes,
        bringing: Bringing,
        *,
        files: Files,
        clock: Clock,
        news: Callable[[Path], None],
    ) -> None:
        self._reach = reach
        self._notes = notes
        self._bringing = bringing
        self._files = files
        self._removing = Removing(reach, files.data / "clusters" / reach.cluster.name / "remove", clock=clock)
        self._clock = clock
        self._news = news
        self._watches: dict[Path, _Watch] = {}
        self._expected: set[Path] = set()
        self._accounting: dict[str, bool] = {}
        self._deaf: set[str] = set()
        self.further: Callable[[], None] = lambda: None
        first, longest = timedelta(seconds=_SOON), reach.cluster.silent_max
        self._reaching = Patience(first, _LONGEST_PAUSE, clock=clock)
        self._entering = Patience(first, _LONGEST_OUT, clock=clock)
        self._asking = Patience(first, longest, clock=clock)
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def expect(self, directory: Path) -> None:
        """Hear that this process has just handed a job over: it will signal."""
        with self._guard:
            self._expected.add(directory)

    def watch(self, directory: Path, record: Record) -> None:
        """Look after a job from now on; one that an earlier process handed over is asked about soon, once."""
        if directory in self._watches:
            return
        pause = self._reach.cluster.silent_after.total_seconds()
        with self._guard:
            due = time.monotonic() + (pause if directory in self._expected else _SOON)
            self._expected.discard(directory)
            folder = self._reach.folder(record)
            self._watches.setdefault(directory, _Watch(record.job, record.account, folder, due, pause))
        self.begin()

    def runs(self, directory: Path, limit: timedelta) -> None:
        """Hear that a job runs: silence is expected for as long as it may run, but none is believed for ever."""
        self._put_off(directory, max(limit.total_seconds(), 0.0))

    def heard(self, directory: Path) -> None:
        """Hear that a job has signalled: patience begins anew."""
        self._put_off(directory, 0.0)

    def ask_soon(self, directory: Path) -> None:
        """Ask SLURM about a job of which something is known to have happened, until it has ended."""
        with self._guard:
            watch = self._watches.get(directory)
            if watch is not None and not watch.eager:
                watch.eager, watch.pause, watch.due = True, _SOON, time.monotonic() + _SOON

    def leave(self, directory: Path) -> None:
        """Look after it no longer."""
        with self._guard:
            self._watches.pop(directory, None)
            self._expected.discard(directory)

    def wish_removal(self, record: Record) -> None:
        """Have a job's directory on the cluster removed, as soon as that can be.

        Raises:
            Unavailable: the wish can't be kept.
        """
        self._removing.wish(record)
        self.begin()

    def recover(self) -> None:
        """Go on with wishes of an earlier process."""
        if self._removing.wishes():
            self.begin()

    def begin(self) -> None:
        """Start the thread, if it does not run."""
        with self._guard:
            if self._thread is None and not self._stop.is_set():
                name = f"cluster-{self._reach.cluster.name}"
                self._thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _put_off(self, directory: Path, seconds: float) -> None:
        cluster = self._reach.cluster
        with self._guard:
            watch = self._watches.get(directory)
            if watch is not None and not watch.eager:
                watch.pause = cluster.silent_after.total_seconds()
                watch.due = time.monotonic() + min(seconds + watch.pause, cluster.silent_max.total_seconds())

    def _run(self) -> None:
        while not self._stop.wait(_PAUSE):
            try:
                self.round()
            except Unavailable as error:
                _LOG.info("cluster %s: %s", self._reach.cluster.name, error.message)
            except ProvstoreError as error:
                _LOG.warning("cluster %s: %s", self._reach.cluster.name, error.message)
            except Exception:  # noqa: BLE001 - the loop must go on; the traceback is logged
                _LOG.exception("cluster %s: looking after its jobs failed; it goes on", self._reach.cluster.name)
                self._stop.wait(_AFTER_FAULT)

    def round(self) -> None:
        """Look once at everything that is due.

        Raises:
            Unavailable: the cluster can't be reached.
        """
        if self._reach.trouble and not self._is_back():
            return
        self._reaching.well("")
        with self._guard:
            accounts = sorted({one.account for one in self._watches.values()})
        for account in accounts:
            if self._entering.may_try(account):
                with self._tolerant(account):
                    self._look_after(account)
        self._removing.round()
        self.further()

    def _is_back(self) -> bool:
        """Try now and then whether the cluster answers again.

        Raises:
            Unavailable: it does not.
        """
        if not self._reaching.may_try(""):
            return False
        self._reaching.failed("")
        self._reach.check()
        return True

    @contextmanager
    def _tolerant(self, account: str) -> Iterator[None]:
        """Let one account that can't be entered not keep the others waiting; leave it alone for a while."""
        try:
            yield
        except Busy as error:
            self._entering.failed(account)
            _LOG.warning("cluster %s: %s", self._reach.cluster.name, error.message)
        else:
            self._entering.well(account)

    def _look_after(self, account: str) -> None:
        self._listen(account)
        due = self._due(account) if self._asking.may_try(account) else []
        if due:
            self._ask_or_wait(account, due)

    # --- signals by file

    def _listen(self, account: str) -> None:
        """Empty the spool; a folder that can't be read keeps nobody from being asked about."""
        try:
            self._empty_spool(account)
            self._deaf.discard(account)
        except Busy:
            raise
        except Unavailable as error:
            self._reach.check()
            if account not in self._deaf:
                _LOG.warning("cluster %s: no signals are heard there: %s", self._reach.cluster.name, error.message)
            self._deaf.add(account)

    def _empty_spool(self, account: str) -> None:
        """Take the signals that could not be sent: each is noted here before it is removed there.

        Those of jobs that nobody knows here are left: they may be another server's.
        """
        with self._guard:
            folders = {one.folder / ".spool" for one in self._watches.values() if one.account == account}
        with self._reach.files(account) as files:
            signals = ((folder / name, name) for folder in sorted(folders) for name in files.names(str(folder)))
            for place, name in signals:
                directory = None if name.startswith(".") else self._directory(name.partition(".")[0])
                told = files.read(str(place)) if directory else None  # None of what is no file
                if directory is not None and told is not None:
                    hear(directory, told)
                    self._news(directory)
                    files.remove(str(place))

    def _directory(self, job: str) -> Path | None:
        """Find the job that signals: it may be faster than we are in looking after it."""
        with self._guard:
            watched = next((path for path, one in self._watches.items() if one.job == job), None)
        run = self._files.run(job)
        record = None if watched else self._notes.get(run)
        return run if record is not None and record.cluster == self._reach.cluster.name else watched

    # --- SLURM's own word

    def _due(self, account: str) -> list[Path]:
        now = time.monotonic()
        with self._guard:
            due = [path for path, one in self._watches.items() if one.account == account and one.due <= now]
            for path in due:
                watch = self._watches[path]
                watch.due = now + watch.pause
                watch.pause = min(2 * watch.pause, self._reach.cluster.silent_max.total_seconds())
        return due

    def _ask_or_wait(self, account: str, due: list[Path]) -> None:
        """Ask; without an answer, ask again later and later."""
        try:
            self._ask(account, due)
        except Unavailable as error:
            self._asking.failed(account)
            with self._guard:
                for path in due:
                    if path in self._watches:
                        self._watches[path].due = time.monotonic()
            self._reach.unanswered = error.message
            raise
        self._asking.well(account)
        self._reach.unanswered = ""

    def _ask(self, account: str, due: list[Path]) -> None:
        """Ask about all that are due at once: the queue, then the accounts, then the jobs' own words."""
        asked = {path: record for path in due if (record := self._notes.get(path)) and record.number is not None}
        if not asked:
            return
        rows = self._queue(account)
        gone = {record.number: record for record in asked.values() if record.number not in rows}
        if gone:
            rows |= self._accounts(account, list(gone.values()))
        for path, record in asked.items():
            self._note(path, record, rows.get(record.number or 0))

    def _queue(self, account: str) -> dict[int, Row]:
        try:
            said = self._reach.ask(Asked.STATUS, account, commands.queue())
        except Refused as error:
            raise self._no_answer(error) from error
        return {row.number: row for row in parsing.queue(said)}

    def _accounts(self, account: str, records: list[Record]) -> dict[int, Row]:
        """Ask the accounting, where there is one."""
        if not self._accounting.get(account, True):
            return {}
        numbers = [one.number for one in records if one.number is not None]
        since_at = min(one.begun_at for one in records) - _DAY
        try:
            said = self._reach.ask(Asked.ACCOUNTING, account, commands.accounting(numbers, since_at))
        except Refused as error:
            if "disabled" in error.refusal.message:
                self._accounting[account] = False
                return {}
            raise self._no_answer(error) from error
        return {row.number: row for row in parsing.accounted(said)}

    def _no_answer(self, error: Refused) -> Unavailable:
        return Unavailable(f"SLURM on {self._reach.cluster.name} does not answer: {error.refusal.message}")

    def _note(self, path: Path, record: Record, row: Row | None) -> None:
        """Write down what SLURM says of a job, or that it says nothing."""
        at = self._clock()
        self._bringing.look(path, record)
        named = row is not None and row.job == record.job
        self._notes.change(
            path,
            lambda one: replace(
                one,
                asked_at=at,
                row=row if named else one.row,
                missing_at=None if named else one.missing_at or at,
                status_queries=one.status_queries + 1,
            ),
        )
        self._news(path)
