"""The ports through which jobs are run: ``Executor`` and what it tells, ``Clock``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

__all__ = ["Cause", "Clock", "Executor", "Observation", "State"]

Clock = Callable[[], datetime]
"""Gives the present instant, aware, UTC."""


class State(StrEnum):
    """What an executor knows of a staged job directory."""

    ABSENT = "absent"
    """Never started."""
    WAITING = "waiting"
    """Handed over to a scheduler, which has not started it."""
    RUNNING = "running"
    ENDED = "ended"
    LOST = "lost"
    """It was started and is gone without a word: killed, or the machine went down."""


class Cause(StrEnum):
    """Why the script ended."""

    EXIT = "exit"
    SIGNAL = "signal"
    TIMEOUT = "timeout"
    ABORT = "abort"
    FAILED_TO_START = "failed-to-start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A snapshot of a job as its executor sees it.

    ``exit_code`` is the script's (128 + signal number where a signal ended it). ``cpu_seconds`` and ``max_rss`` (bytes)
    cover the whole process tree that was waited for.
    """

    state: State
    cause: Cause | None = None
    exit_code: int | None = None
    message: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    host: str = ""
    cpu_seconds: float | None = None
    max_rss: int | None = None


class Executor(Protocol):
    """Runs staged job directories. One contract suite holds every executor to this text.

    A staged directory holds ``task.json`` (see `provstore.uws.executors.wrapper` for its keys), ``script.sh``,
    ``parameters.json``, ``token`` (mode 0600), and the folders ``work`` (working directory, with the inputs) and
    ``results``. The wrapper adds ``stdout``, ``stderr``, ``events.jsonl`` and ``status.json`` (each replaced
    atomically). All methods may be called again at any time, also by another process after this one died.
    """

    name: str
    """The name under which the graph knows this executor: ``local``, or the cluster's."""

    def start(self, directory: Path) -> None:
        """Start the job if it was never started; a second call, at the same time or later, starts nothing more.

        Raises:
            Unavailable: it can't be started now (no process, cluster unreachable); nothing was started.
        """

    def observe(self, directory: Path) -> Observation:
        """Tell how the job is. Never raises for a job that does not exist: that is ABSENT.

        Raises:
            Unavailable: the executor can't be asked now.
        """

    def abort(self, directory: Path) -> None:
        """Ask for the end of the whole process group: TERM, after the grace time KILL. Returns without waiting.

        A job that was never started will not start after this; one that has ended stays as it ended.
        """
