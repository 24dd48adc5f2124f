"""The ports through which jobs are run: ``Executor`` and what it tells, ``Clock``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from provstore.graph.model import Value

__all__ = ["PRODUCTS_FILE", "REQUEST_FILE", "START_LOG", "Cause", "Clock", "Executor", "Observation", "State"]

Clock = Callable[[], datetime]
"""Gives the present instant, aware, UTC."""

REQUEST_FILE: Final = "request.json"
"""In the directory of a job that runs on another machine: what is asked of it (see `provstore.uws.running.staging`)."""


PRODUCTS_FILE: Final = "products.json"
"""In the same: what the job has made, listed and measured where it ran."""

START_LOG: Final = "slurm.out"
"""In the same: what a scheduler, or its shell, said before the wrapper began."""


class State(StrEnum):
    """What an executor knows of a staged job directory."""

    ABSENT = "absent"
    """Never started."""
    WAITING = "waiting"
    """Handed over to a scheduler, which has not started it."""
    HELD = "held"
    """Handed over to a scheduler, which will not start it until somebody releases it."""
    RUNNING = "running"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"
    """It was handed over, and just now nobody can tell what became of it: look again later."""
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
    MEMORY = "memory"
    """It was killed for using more memory than it was given."""
    TAKEN_BACK = "taken-back"
    """The machine failed, or the scheduler took it back for others: the job may be run again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A snapshot of a job as its executor sees it.

    ``exit_code`` is the script's (128 + signal number where a signal ended it). ``message``: why it ended, or why it
    waits. ``cpu_seconds`` and ``max_rss`` (bytes) cover the whole process tree that was waited for. ``facts``: what
    else is known of where and how it ran, as properties of the activity. ``software``: name and version of the
    scheduler that ran it.
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
    facts: Mapping[str, Value] = field(default_factory=dict)
    software: tuple[str, str] | None = None


class Executor(Protocol):
    """Runs staged job directories. One contract suite holds every executor to this text.

    A staged directory holds ``task.json`` (see `provstore.uws.executors.wrapper` for its keys), ``script.sh``,
    ``parameters.json``, ``token`` (mode 0600), and the folders ``work`` (working directory, with the inputs) and
    ``results``. The wrapper adds ``stdout``, ``stderr``, ``events.jsonl`` and ``status.json`` (each replaced
    atomically). For an executor on another machine it holds `REQUEST_FILE` too, and is where what comes back is kept.
    All methods may be called again at any time, also by another process after this one died.
    """

    name: str
    """The name under which the graph knows this executor: ``local``, or the cluster's."""

    def start(self, directory: Path) -> None:
        """Start the job if it was never started; a second call, at the same time or later, starts nothing more.

        Raises:
            Busy: the executor answers, but takes no more jobs like this one now; nothing was started.
            Unavailable: it can't be started now (no process, cluster unreachable). It was not started, or a later
                call finds that it was.
            Invalid: it can never be started as it is (the scheduler refuses its resources).
            NotFound: a file that it needs is gone.
        """

    def observe(self, directory: Path) -> Observation:
        """Tell how the job is. Never raises for a job that does not exist: that is ABSENT.

        Cheap: asked once a second of every open job. An executor on another machine tells what it has heard.

        Raises:
            Unavailable: the executor can't be asked now.
        """

    def hint(self, directory: Path, told: bytes) -> None:
        """Hear that something may have happened to the job: the next `observe` looks for itself.

        ``told`` is what the signal says: unproven, perhaps late, repeated or wrong. Also in a process that does not
        supervise. Nothing is raised.
        """

    def bring(self, directory: Path) -> None:
        """Bring here what a job has left that is over: logs and results, as far as they are kept here. Repeatable.

        Raises:
            Unavailable: not now; what came so far is kept.
            Busy: not yet, for a reason that lies in this job alone.
        """

    def fresh(self, directory: Path) -> None:
        """Bring what a running job has written to its logs since; nothing where they are here anyway.

        Raises:
            Unavailable: not now.
        """

    def provide(self, directory: Path, path: str) -> bool:
        """See to it that a file of a job that is over is here, if it was left elsewhere; tell whether it is.

        Args:
            directory: The job's.
            path: Relative to it.

        Raises:
            Unavailable: not now.
            NotFound: it is not there any more, or not as it was made.
        """

    def abort(self, directory: Path) -> None:
        """Ask for the end of the whole process group: TERM, after the grace time KILL. Returns without waiting.

        A job that was never started will not start after this; one that has ended stays as it ended.

        Raises:
            Unavailable: it can't be asked now.
        """

    def remove(self, directory: Path) -> None:
        """See to it that files of the job on other machines are removed, now or as soon as they can be reached.

        The directory itself is left to the caller. The wish is kept on disk.

        Raises:
            Unavailable: it can't be kept.
        """

    def recover(self) -> None:
        """Go on with what an earlier process left undone: for whoever begins to supervise."""

    def explain(self, directory: Path) -> str:
        """Say in a few sentences for an operator what is known of the job here; "" where nothing is."""

    def counts(self) -> Mapping[str, int]:
        """Tell how many commands were sent to another machine since the start, by what they were for."""

    def close(self) -> None:
        """Let go of threads and connections; jobs go on."""
