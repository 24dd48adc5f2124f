"""The supervisor: compares what the graph says of a job with what its executor says, and repairs.

Level-triggered: signals and requests only wake it. Each step reads the job anew, can be repeated, and ends in at most
one transaction, so the process may die between any two lines. One step per job runs at a time. Threads of their own
decide, start jobs, and end them, so that many large results keep nothing from being started or aborted.
"""

from __future__ import annotations

import fcntl
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from provstore.errors import Conflict, ProvstoreError, Unavailable
from provstore.settings import Settings
from provstore.uws.running.life import Life
from provstore.uws.running.work import Lane, Work

__all__ = ["Lease", "Supervisor"]

_LOG: Final = logging.getLogger(__name__)
_POOL: Final = 8
_PATIENCE: Final = 20
_T = TypeVar("_T")


class Lease:
    """The right to supervise a data directory: an exclusive lock on a file, gone with the process that holds it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this process supervises."""
        return self._descriptor is not None

    def take(self) -> bool:
        """Take the lease if nobody has it; tell whether it is ours now."""
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give the lease back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Supervisor:
    """Looks after every open job of a data directory, as long as it holds the lease.

    Args:
        life: The steps of a job's life.
        lease: Who may supervise.
        settings: How often to look without being woken.
        watch: Called at each tick by every process: wakes those who wait for changes made elsewhere.
    """

    def __init__(self, *, life: Life, lease: Lease, settings: Settings, watch: Callable[[], None]) -> None:
        self._life = life
        self._lease = lease
        self._tick = settings.tick.total_seconds()
        self._watch = watch
        self._woken: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._busy: set[str] = set()
        self._again: set[str] = set()
        self._guard = threading.Lock()
        self._stopped = threading.Event()
        self._deciding = ThreadPoolExecutor(_POOL, thread_name_prefix="job")
        self._lanes: dict[tuple[str, Lane], ThreadPoolExecutor] = {}
        self._beside: list[Callable[[], None]] = []
        self._beside_turn = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def look_after(self, action: Callable[[], None]) -> None:
        """Have something done at each tick besides the steps of jobs, by whoever supervises; it may be repeated."""
        self._beside.append(action)

    def start(self) -> None:
        """Begin to supervise, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop supervising; jobs go on. Steps under way are finished, those that only wait for a thread are not."""
        with self._guard:
            self._stopped.set()
        self._woken.put(None)
        if self._thread.is_alive():
            self._thread.join()
        for pool in (self._deciding, *self._lanes.values()):  # no lane is opened any more
            pool.shutdown(wait=True, cancel_futures=True)
        self._lease.release()

    def wake(self, job_id: str | None = None) -> None:
        """Look after a job now, or after all of them; a hint that may be lost, repeated or wrong."""
        self._woken.put(job_id)

    def hear(self, job_id: str, told: bytes) -> None:
        """Take a signal for a job: a hint that its executor keeps until it was looked at."""
        self._life.hear(job_id, told)
        self.wake(job_id)

    def troubles(self) -> dict[str, str]:
        """Give the executors that don't answer, with what they said: in every process, whichever supervises."""
        return self._life.troubles()

    def tick(self) -> None:
        """Give every job that needs one a step, here and now: for tests and the command line."""
        if not self._supervises():
            return
        self._do_beside()
        for job_id in self._life.pending_work():
            work = self._decide(job_id)
            if work is not None:
                self._act(job_id, work)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stopped.is_set():
            woken = self._next(max(0.0, due - time.monotonic()))
            try:
                self._look(woken)
            except ProvstoreError as error:
                _LOG.warning("supervisor: %s", error.message)
            except Exception:  # noqa: BLE001 - the loop must go on; the traceback is logged
                _LOG.exception("supervisor: looking for work failed; it goes on")
            if woken is None:
                due = time.monotonic() + self._tick

    def _next(self, seconds: float) -> str | None:
        """Give the job to look after next; None for all of them: asked for, or due however many single ones wait."""
        if not seconds:
            return None
        try:
            return self._woken.get(timeout=seconds)
        except queue.Empty:
            return None

    def _supervises(self) -> bool:
        """Take the lease if it is free; who has just got it learns first what another had in hand."""
        had_it = self._lease.held
        if not self._lease.take():
            return False
        if not had_it:
            try:
                self._life.recover()
            except BaseException:
                self._lease.release()
                raise
        return True

    def _look(self, woken: str | None) -> None:
        if self._stopped.is_set():
            return
        had_it = self._lease.held
        supervises = self._supervises()
        if supervises and not had_it:
            self._submit(self._lane("", Lane.END), self._sweep)
        if woken is None:
            self._watch()
            if supervises:
                self._submit(self._lane("", Lane.END), self._do_beside)
            self._begin_all(self._life.pending_work() if supervises else ())
        elif supervises:
            self._begin(woken, again=True)

    def _sweep(self) -> None:
        try:
            self._life.sweep()
        except ProvstoreError as error:
            _LOG.warning("supervisor: files that were left over can't be removed: %s", error.message)
        except Exception:  # noqa: BLE001 - nothing depends on it; the traceback is logged
            _LOG.exception("supervisor: looking for files that were left over failed")

    def _do_beside(self) -> None:
        """Look after the rest, one at a time: what takes longer than a tick is not begun twice."""
        if not self._beside_turn.acquire(blocking=False):
            return
        try:
            for action in self._beside:
                action()
        except ProvstoreError as error:
            _LOG.warning("supervisor: %s; it is looked at again", error.message)
        except Exception:  # noqa: BLE001 - the traceback is logged, and the next tick looks again
            _LOG.exception("supervisor: looking after the rest failed; it goes on")
        finally:
            self._beside_turn.release()

    def _begin_all(self, job_ids: Iterable[str]) -> None:
        for job_id in job_ids:
            self._begin(job_id, again=False)

    def _begin(self, job_id: str, *, again: bool) -> None:
        """Give a job a step; if it has one just now, another afterwards if something new was heard of it."""
        with self._guard:
            if job_id in self._busy:
                if again:
                    self._again.add(job_id)
                return
            self._busy.add(job_id)
        self._submit(self._deciding, self._work, job_id)

    def _submit(self, pool: ThreadPoolExecutor, action: Callable[..., None], *args: object) -> None:
        with self._guard:
            if not self._stopped.is_set():
                pool.submit(action, *args)

    def _lane(self, executor: str, lane: Lane) -> ThreadPoolExecutor:
        """Give the threads for one sort of work of one executor: a slow cluster must not hold up this machine."""
        with self._guard:
            key = (executor, lane)
            if key not in self._lanes:
                self._lanes[key] = ThreadPoolExecutor(_POOL, thread_name_prefix=f"job-{lane}-{executor}")
            return self._lanes[key]

    def _work(self, job_id: str) -> None:
        work = self._decide(job_id)
        if work is None:
            self._done(job_id)
        else:
            self._submit(self._lane(work.executor, work.lane), self._finish, job_id, work)

    def _finish(self, job_id: str, work: Work) -> None:
        self._act(job_id, work)
        self._done(job_id)

    def _done(self, job_id: str) -> None:
        """Let go of a job, and go on with those that its step has made way for."""
        with self._guard:
            self._busy.discard(job_id)
            again = job_id in self._again
            self._again.discard(job_id)
        if again:
            self._begin(job_id, again=True)
        try:
            self._begin_all(self._life.startable())
        except ProvstoreError as error:
            _LOG.warning("supervisor: %s; the queue is looked at again", error.message)

    def _decide(self, job_id: str) -> Work | None:
        """Do what is quick of a step, and give what may take long."""
        return self._truthfully(job_id, lambda: self._step(job_id))

    def _act(self, job_id: str, work: Work) -> None:
        """Do what may take long."""
        self._truthfully(job_id, lambda: self._patiently(job_id, work))

    def _patiently(self, job_id: str, work: Work) -> None:
        """Decide anew where somebody else was faster."""
        following: Work | None = work
        for _ in range(_PATIENCE):
            try:
                return following.act() if following is not None else None
            except Conflict:
                following = self._step(job_id)
        return following.act() if following is not None else None

    def _step(self, job_id: str) -> Work | None:
        """Begin anew when others were faster; a conflict that stays is no race, but something wrong with the job."""
        for _ in range(_PATIENCE):
            try:
                return self._life.step(job_id)
            except Conflict:
                continue
        return self._life.step(job_id)

    def _truthfully(self, job_id: str, action: Callable[[], _T]) -> _T | None:
        """Whatever goes wrong in a step, the job is left in a truthful phase."""
        try:
            return action()
        except Unavailable as error:
            _LOG.warning("job %s: %s; it is tried again", job_id, error.message)
        except ProvstoreError as error:
            self._give_up(job_id, error.message)
        except Exception as error:  # noqa: BLE001 - logged with its traceback; the job is brought to ERROR
            _LOG.exception("job %s: its step failed", job_id)
            self._give_up(job_id, f"internal error: {type(error).__name__}")
        return None

    def _give_up(self, job_id: str, reason: str) -> None:
        try:
            self._life.fail(job_id, reason)
        except ProvstoreError as error:
            _LOG.warning("job %s: %s, and that could not be written: %s", job_id, reason, error.message)
