"""Waiters for a job's change of phase: woken by an event, none of them polls."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from provstore.uws.phases import Phase

__all__ = ["Waiting"]


@dataclass(slots=True)
class _Waited:
    """A job somebody waits for: the phase last seen, how many wait, and how often it was said to have changed."""

    phase: Phase
    waiters: int = 0
    version: int = 0


class Waiting:
    """Who waits for which job.

    Changes made by this process wake at once (`notify`); `look` finds those of other processes, one question for all.

    Args:
        most: Waiters served at a time; a surplus one gets its answer at once.
    """

    def __init__(self, *, most: int) -> None:
        self._condition = threading.Condition()
        self._waited: dict[str, _Waited] = {}
        self._most = most

    def notify(self, job_id: str) -> None:
        """Wake all who wait for this job."""
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
        with self._registered(job_id, phase) as waited:
            seen = waited.version if waited else 0
            while waited and read() is phase and time.monotonic() < deadline:
                seen = self._next_version(waited, seen, deadline)

    def _next_version(self, waited: _Waited, seen: int, deadline: float) -> int:
        with self._condition:
            remaining = max(0.0, deadline - time.monotonic())
            self._condition.wait_for(lambda: waited.version != seen, timeout=remaining)
            return waited.version

    @contextmanager
    def _registered(self, job_id: str, phase: Phase) -> Iterator[_Waited | None]:
        """Register before the phase is read again, so that no change falls between; None where there is no room."""
        with self._condition:
            room = sum(waited.waiters for waited in self._waited.values()) < self._most
            waited = self._waited.setdefault(job_id, _Waited(phase)) if room else None
            if waited:
                waited.waiters += 1
            if waited and waited.phase is not phase:  # it changed unnoticed: who waits longer must learn it
                waited.phase = phase
                waited.version += 1
                self._condition.notify_all()
        try:
            yield waited
        finally:
            if waited:
                self._leave(job_id, waited)

    def _leave(self, job_id: str, waited: _Waited) -> None:
        with self._condition:
            waited.waiters -= 1
            if not waited.waiters:
                self._waited.pop(job_id, None)
