"""The supervisor: compares what the graph says of a job with what its executor says, and repairs.

Level-triggered: signals and requests only wake it. Each step reads the job anew, can be repeated, and ends in at most
one transaction, so the process may die between any two lines. One step per job runs at a time.
"""

from __future__ import annotations

import fcntl
import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from provstore.errors import Conflict, ProvstoreError, Unavailable
from provstore.settings import Settings
from provstore.uws.life import Life

__all__ = ["Lease", "Supervisor"]

_LOG: Final = logging.getLogger(__name__)
_POOL: Final = 8
_PATIENCE: Final = 20


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
        self._pool = ThreadPoolExecutor(_POOL, thread_name_prefix="job")
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        """Begin to supervise, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop supervising; jobs go on. Steps under way are finished."""
        self._stopped.set()
        self._woken.put(None)
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown(wait=True)
        self._lease.release()

    def wake(self, job_id: str | None = None) -> None:
        """Look after a job now, or after all of them; a hint that may be lost, repeated or wrong."""
        self._woken.put(job_id)

    def tick(self) -> None:
        """Give every job that needs one a step, here and now: for tests and the command line."""
        if self._lease.take():
            for job_id in self._life.pending_work():
                self._step(job_id)

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

    def _look(self, woken: str | None) -> None:
        if self._stopped.is_set():
            return
        had_it = self._lease.held
        if not self._lease.take():
            self._watch()
            return
        if not had_it:
            self._life.sweep()
        if woken is not None:
            self._submit(woken)
        else:
            self._watch()
            for job_id in self._life.pending_work():
                self._submit(job_id)

    def _submit(self, job_id: str) -> None:
        with self._guard:
            if job_id in self._busy:
                self._again.add(job_id)
                return
            self._busy.add(job_id)
        self._pool.submit(self._work, job_id)

    def _work(self, job_id: str) -> None:
        try:
            self._step(job_id)
        finally:
            with self._guard:
                self._busy.discard(job_id)
                again = job_id in self._again
                self._again.discard(job_id)
        if again and not self._stopped.is_set():
            self._submit(job_id)

    def _step(self, job_id: str) -> None:
        """Do one step; whatever goes wrong, the job is left in a truthful phase."""
        try:
            self._step_patiently(job_id)
        except Unavailable as error:
            _LOG.warning("job %s: %s; it is tried again", job_id, error.message)
        except ProvstoreError as error:
            self._give_up(job_id, error.message)
        except Exception as error:  # noqa: BLE001 - logged with its traceback; the job is brought to ERROR
            _LOG.exception("job %s: its step failed", job_id)
            self._give_up(job_id, f"internal error: {type(error).__name__}")

    def _step_patiently(self, job_id: str) -> None:
        """Begin anew when others were faster; a conflict that stays is no race, but something wrong with the job."""
        for _ in range(_PATIENCE):
            try:
                self._life.step(job_id)
            except Conflict:
                continue
            return
        self._life.step(job_id)

    def _give_up(self, job_id: str, reason: str) -> None:
        try:
            self._life.fail(job_id, reason)
        except ProvstoreError as error:
            _LOG.warning("job %s: %s, and that could not be written: %s", job_id, reason, error.message)
