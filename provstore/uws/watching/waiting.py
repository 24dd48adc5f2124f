"""Waiters for a job's change of phase: woken by an event, none of them polls."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from provstore.uws.phases import Phase

__all__ = ["Seat", "Waiting"]


@dataclass(slots=True)
class _Waited:
    """A job somebody waits for: the phase last seen, how many wait, and how often it was said to have changed."""

    phase: Phase
    waiters: int = 0
    version: int = 0


class Seat:
    """A place among those who wait for a job; given by `Waiting.seat`."""

    def __init__(self, waiting: Waiting, waited: _Waited) -> None:
        self._waiting = waiting
        self._waited = waited
        self._version = waited.version

    def news(self, seconds: float) -> bool:
        """Wait for news of the job, so many seconds at most; tell whether there were some."""
        before = self._version
        self._version = self._waiting.next_version(self._waited, before, seconds)
        return self._version != before

    def saw(self, phase: Phase) -> None:
        """Say in which phase the job was found: only the next one is news, and whoever had not seen it learns it."""
        self._version += self._waiting.seen(self._waited, phase)


class Waiting:
    """Who waits for which job.

    Changes made by this process wake at once (`notify`); `look` finds those of other processes, one question for all.

    Args:
        most: Waiters served at a time; a surplus one gets its answer at once.
        told: Called with the id of each job that is said to have changed, whether or not somebody waits for it.
    """

    def __init__(self, *, most: int, told: Callable[[str], None] = lambda _job_id: None) -> None:
        self._condition = threading.Condition()
        self._waited: dict[str, _Waited] = {}
        self._most = most
        self._told = told
        self._closed = False

    @property
    def waiters(self) -> int:
        """How many wait now."""
        with self._condition:
            return self._count()

    @property
    def closed(self) -> bool:
        """Whether the server stops."""
        return self._closed

    def notify(self, job_id: str) -> None:
        """Wake all who wait for this job."""
        self._told(job_id)
        with self._condition:
            if job_id in self._waited:
                self._waited[job_id].version += 1
                self._condition.notify_all()

    def look(self, read: Callable[[Sequence[str]], Mapping[str, Phase]]) -> None:
        """Ask for the phases of all waited jobs at once, and wake those who wait for one that changed."""
        with self._condition:
            seen = {job_id: waited.phase for job_id, waited in self._waited.items()}
        if not seen:
            return
        present = read(tuple(seen))
        for job_id, phase in seen.items():
            if present.get(job_id) is not phase:
                self.notify(job_id)

    def until_changed(self, job_id: str, *, phase: Phase, read: Callable[[], Phase], seconds: float) -> None:
        """Return when the job's phase is no longer the given one, or after so many seconds.

        Args:
            job_id: The UWS job id.
            phase: The phase that was seen.
            read: Reads the job's present phase from the graph; asked once for each wake-up.
            seconds: The longest wait.
        """
        deadline = time.monotonic() + seconds
        with self.seat(job_id, phase) as seat:
            while seat and read() is phase and (left := deadline - time.monotonic()) > 0 and not self._closed:
                seat.news(left)

    def next_version(self, waited: _Waited, version: int, seconds: float) -> int:
        """Wait until a job was said to have changed since its given version; give the present one."""
        with self._condition:
            self._condition.wait_for(lambda: self._closed or waited.version != version, timeout=seconds)
            return waited.version

    def seen(self, waited: _Waited, phase: Phase) -> bool:
        """Take note of a job's phase; tell whether it had changed unnoticed, which all who wait longer learn now."""
        with self._condition:
            changed = waited.phase is not phase
            if changed:
                waited.phase = phase
                waited.version += 1
                self._condition.notify_all()
            return changed

    @contextmanager
    def seat(self, job_id: str, phase: Phase) -> Iterator[Seat | None]:
        """Register who waits, before he reads the phase again, so that no change falls between.

        Returns:
            His seat; None where there is no room, or after `close`.
        """
        with self._condition:
            room = self._count() < self._most and not self._closed
            waited = self._waited.setdefault(job_id, _Waited(phase)) if room else None
            if waited:
                waited.waiters += 1
            if waited:
                self.seen(waited, phase)
            seat = Seat(self, waited) if waited else None
        try:
            yield seat
        finally:
            if waited:
                self._leave(job_id, waited)

    def close(self) -> None:
        """Send everybody away with what there is: the server stops. Nobody waits from now on."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def _count(self) -> int:
        return sum(waited.waiters for waited in self._waited.values())

    def _leave(self, job_id: str, waited: _Waited) -> None:
        with self._condition:
            waited.waiters -= 1
            if not waited.waiters:
                self._waited.pop(job_id, None)
