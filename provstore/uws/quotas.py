"""How much of the disk a person's jobs take, and what he may have."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from provstore.accounts.callers import ANONYMOUS, Caller
from provstore.errors import QuotaReached
from provstore.graph.model import Label
from provstore.graph.store import Condition, Filter, GraphStore, Op
from provstore.settings import Settings
from provstore.uws.ports import Clock

__all__ = ["Quotas", "Usage", "bytes_below"]

_SHARE: Final = 20
"""A count is good for so many times as long as it took: for a moment, or a second where somebody has very many jobs."""

_REMEMBERED: Final = 1000


class _Counted(NamedTuple):
    used: int
    begun_at: datetime
    good_until_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Bytes that somebody's jobs take on the disk, and may take: 0 for no limit."""

    used: int
    allowed: int

    @property
    def full(self) -> bool:
        """Whether nothing more may be added."""
        return 0 < self.allowed <= self.used


class Quotas:
    """Counts what people's jobs take: each job says it in ``disk_bytes`` as long as its files are there.

    Args:
        store: The graph.
        settings: How much is allowed.
        clock: The present instant.
    """

    def __init__(self, store: GraphStore, settings: Settings, *, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._guard = threading.Lock()
        self._counted: dict[str, _Counted] = {}

    def usage(self, caller: Caller) -> Usage:
        """Give what a person's jobs take, as of now or a moment ago, and what they may take."""
        return Usage(used=self._used(caller.agent), allowed=self._allowed(caller))

    def refuse_if_full(self, caller: Caller) -> None:
        """Do nothing if a person may make a further job.

        Raises:
            QuotaReached: his jobs take as much as they may.
        """
        if not self._allowed(caller) or not self.usage(caller).full:
            return
        with self._guard:
            self._counted.pop(caller.agent, None)  # he may have removed something just now
        usage = self.usage(caller)
        if usage.full:
            raise QuotaReached(used=usage.used, allowed=usage.allowed)

    def _allowed(self, caller: Caller) -> int:
        anonymous = caller.agent == ANONYMOUS.agent
        return self._settings.anonymous_disk_max if anonymous else self._settings.user_disk_max

    def _used(self, agent: str) -> int:
        begun_at = self._clock()
        with self._guard:
            counted = self._counted.get(agent)
        if counted is not None and counted.begun_at <= begun_at < counted.good_until_at:
            return counted.used
        used = self._count(agent)
        ended_at = self._clock()
        with self._guard:
            if len(self._counted) >= _REMEMBERED:
                self._counted.clear()
            self._counted[agent] = _Counted(used, begun_at, ended_at + _SHARE * (ended_at - begun_at))
        return used

    def _count(self, agent: str) -> int:
        filters = (Filter("owner", Op.EQ, agent), Filter("disk_bytes", Op.GT, 0))
        counts = self._store.aggregate(Condition(label=Label.JOB, filters=filters), ("disk_bytes",))
        return sum(one.values[0] * one.count for one in counts if isinstance(one.values[0], int))


def bytes_below(folder: Path) -> int:
    """Add up the sizes of all files in a folder and below it; links count as what they are, and lead nowhere."""
    return sum(_sizes(folder))


def _sizes(folder: Path) -> Iterator[int]:
    """A script may remove its files, or forbid to look at them, while they are counted."""
    folders = [os.fspath(folder)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        yield entry.stat(follow_symlinks=False).st_size
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue
