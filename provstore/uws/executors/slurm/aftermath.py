"""What SLURM's accounting knows of jobs that are over: the memory of all their steps, on all their nodes.

It is asked late, since it learns late, and about many jobs at once; never to find out whether a job is over.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from provstore.errors import Busy
from provstore.graph.model import Value
from provstore.uws.executors.slurm import commands, parsing
from provstore.uws.executors.slurm.reach import Asked, Reach, Refused
from provstore.uws.executors.slurm.record import Record

__all__ = ["Aftermath"]

_LATE: Final = 30.0
"""Seconds after the end of a job until its accounts are complete."""

_DAY: Final = timedelta(days=1)
"""The clocks of two machines, and their zones, may differ."""

_TIMES: Final = 3
"""So often a job is asked about that the accounting does not know yet."""


@dataclass(slots=True)
class _Over:
    record: Record
    due: float
    times: int = 0


class Aftermath:
    """Asks about jobs that are over, if the cluster's settings say so.

    Args:
        reach: The cluster.
        amend: Called with the directory of a job and what was learnt.
        late: Seconds to wait first.
    """

    def __init__(
        self, reach: Reach, *, amend: Callable[[Path, Mapping[str, Value]], None], late: float = _LATE
    ) -> None:
        self._reach = reach
        self._amend = amend
        self._late = late
        self._guard = threading.Lock()
        self._over: dict[Path, _Over] = {}

    def take(self, directory: Path, record: Record) -> None:
        """Ask about a job in a while."""
        if self._reach.cluster.accounting and record.number is not None:
            with self._guard:
                self._over.setdefault(directory, _Over(record, time.monotonic() + self._late))

    def round(self) -> None:
        """Ask about all that are due.

        Raises:
            Unavailable: the cluster can't be reached.
        """
        now = time.monotonic()
        with self._guard:
            due = {path: one for path, one in self._over.items() if one.due <= now}
        for account in sorted({one.record.account for one in due.values()}):
            self._ask(account, {path: one for path, one in due.items() if one.record.account == account})

    def _ask(self, account: str, due: Mapping[Path, _Over]) -> None:
        numbers = [one.record.number for one in due.values() if one.record.number is not None]
        since_at = min(one.record.begun_at for one in due.values()) - _DAY
        try:
            said = self._reach.ask(Asked.ACCOUNTING, account, commands.accounting(numbers, since_at))
        except (Refused, Busy):  # an account that can't be entered is not tried again each second
            said = ""
        rows = {row.number: row for row in parsing.accounted(said)}
        for path, one in due.items():
            row = rows.get(one.record.number or 0)
            if row is not None and row.max_rss is not None and row.job == one.record.job:
                self._amend(path, {"max_rss": row.max_rss})
                self._drop(path)
            else:
                self._wait(path, one)

    def _wait(self, path: Path, one: _Over) -> None:
        """Give the accounting some more time; what it does not know then it will not learn."""
        one.times += 1
        one.due = time.monotonic() + self._late
        if one.times >= _TIMES:
            self._drop(path)

    def _drop(self, path: Path) -> None:
        with self._guard:
            self._over.pop(path, None)
