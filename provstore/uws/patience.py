"""What fails is tried again later and later: how long it is left alone."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from provstore.uws.ports import Clock

__all__ = ["Patience"]


@dataclass(frozen=True, slots=True)
class _Failure:
    pause: timedelta
    retry_at: datetime


class Patience:
    """Remembers who failed lately, for as many threads as like. After each failure the pause is twice as long.

    Args:
        first: The pause after the first failure.
        longest: The longest pause.
        clock: The present instant.
    """

    def __init__(self, first: timedelta, longest: timedelta, *, clock: Clock) -> None:
        self._first = first
        self._longest = longest
        self._clock = clock
        self._guard = threading.Lock()
        self._failures: dict[str, _Failure] = {}

    def may_try(self, key: str) -> bool:
        """Tell whether the pause is over; a clock that was set back does not prolong it."""
        failure, at = self._failures.get(key), self._clock()
        return failure is None or not at < failure.retry_at <= at + failure.pause

    def failed(self, key: str) -> timedelta:
        """Note a failure; give the pause."""
        with self._guard:
            before = self._failures.get(key)
            pause = self._first if before is None else min(2 * before.pause, self._longest)
            self._failures[key] = _Failure(pause, self._clock() + pause)
            return pause

    def well(self, key: str) -> None:
        """Forget all failures of one that went well, or is over."""
        with self._guard:
            self._failures.pop(key, None)
