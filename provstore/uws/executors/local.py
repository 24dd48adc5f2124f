"""The executor of this machine: each job has a wrapper process of its own, which outlives the server.

All it knows is in the job directory (see `provstore.uws.executors.wrapper`): nothing is kept in memory, so any process
may ask at any time. Whether a wrapper lives is told by its lock, which the kernel gives back when it dies.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from provstore.clusters import LOCAL
from provstore.errors import Unavailable
from provstore.uws.executors.status import WRAPPER, read_status
from provstore.uws.ports import Observation, State

__all__ = ["LocalExecutor"]

_START_LIMIT: Final = 10.0
"""Seconds to wait for a wrapper's word that it has the job; later it may still come."""

_ROUNDS: Final = 5
"""Looks for processes that a lost wrapper left behind: they may be starting others meanwhile."""

_NEEDED: Final = ("LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""What Python may need to start and to call https; the wrapper gets nothing else of the server's environment."""


class LocalExecutor:
    """Runs jobs as processes of this machine.

    Args:
        python: The interpreter for the wrapper.
        on_end: Called from another thread with the directory of a job whose end was just recorded (or whose wrapper
            died), if this process started it. A hint, so as not to wait for the next look.
    """

    name = LOCAL

    def __init__(self, python: str = sys.executable, *, on_end: Callable[[Path], None] | None = None) -> None:
        self._python = python
        self._on_end = on_end

    def start(self, directory: Path) -> None:
        """Start the wrapper, and wait some 30 ms for its word that the job is taken; see the port."""
        if _claimed(directory):
            return
        try:
            process = subprocess.Popen(
                [self._python, "-I", "-S", str(WRAPPER), str(directory.absolute())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={name: os.environ[name] for name in _NEEDED if name in os.environ},
                start_new_session=True,
            )
        except OSError as error:
            raise Unavailable(f"no process for {directory.name}: {error}") from error
        said = _first_words(process)
        threading.Thread(
            target=self._wait, args=(process, directory), name=f"wait-{directory.name}", daemon=True
        ).start()
        if said not in {b"", b"claimed\n"} and not _claimed(directory):
            raise Unavailable(f"job {directory.name} was not started: {said.decode(errors='replace').strip()}")

    def observe(self, directory: Path) -> Observation:
        """Tell how the job is, from its files; ends what a lost wrapper left behind. See the port."""
        status = read_status(directory)
        if status.state is State.ENDED:
            return status
        if not _claimed(directory):
            return Observation(state=State.ABSENT)
        if _locked(directory):
            return status
        status = read_status(directory)  # it may have ended just before it gave the lock back
        return status if status.state is State.ENDED else _lost(directory, status)

    def abort(self, directory: Path) -> None:
        """Leave the word ``abort`` for a wrapper yet to come, send TERM to one that lives; see the port.

        The order matters: a wrapper writes its pid, claims the job, and then looks for that word.
        """
        if not directory.is_dir() or self.observe(directory).state in {State.ENDED, State.LOST}:
            return
        try:
            (directory / "abort").touch()
        except OSError as error:
            raise Unavailable(f"job {directory.name} can't be aborted: {error}") from error
        if _claimed(directory) and _locked(directory):
            pid = _wrapper_pid(directory)
            if _works_in(pid, directory):
                _send(pid, signal.SIGTERM)

    def hint(self, directory: Path, told: bytes) -> None:
        """Nothing to note: every look reads the files themselves."""

    def bring(self, directory: Path) -> None:
        """Everything is here."""

    def fresh(self, directory: Path) -> None:
        """Everything is here."""

    def provide(self, directory: Path, path: str) -> bool:
        """Nothing is elsewhere."""
        return False

    def remove(self, directory: Path) -> None:
        """Nothing is elsewhere."""

    def recover(self) -> None:
        """Nothing was left undone."""

    def explain(self, directory: Path) -> str:
        """Say which process has the job, if one has."""
        if not _claimed(directory) or not _locked(directory):
            return ""
        return f"Process {_wrapper_pid(directory)} on this machine runs it."

    def counts(self) -> Mapping[str, int]:
        """No other machine is there."""
        return {}

    def close(self) -> None:
        """Jobs go on; nothing is kept open."""

    def _wait(self, process: subprocess.Popen[bytes], directory: Path) -> None:
        """Reap the wrapper. It holds its output until the end is recorded, its process may still call the server."""
        _output(process).read()
        if self._on_end is not None:
            self._on_end(directory)
        _output(process).close()
        process.wait()


def _output(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None  # noqa: S101 - it was started with a pipe
    return process.stdout


def _first_words(process: subprocess.Popen[bytes]) -> bytes:
    """What the wrapper says at first: ``claimed``, nothing where another has the job, else what is wrong."""
    output = _output(process).fileno()
    return os.read(output, 4096) if select.select([output], [], [], _START_LIMIT)[0] else b""


def _claimed(directory: Path) -> bool:
    return (directory / "claim").exists()


def _locked(directory: Path) -> bool:
    """Whether a wrapper lives. A shared lock, so that those who look don't mistake each other for one."""
    try:
        with (directory / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    except OSError as error:
        raise Unavailable(f"job {directory.name} can't be observed: {error}") from error
    return False


def _wrapper_pid(directory: Path) -> int:
    return int((directory / "lock").read_text(encoding="ascii").split()[0])


def _works_in(pid: int, directory: Path) -> bool:
    """Whether the process is at work in this directory: pids are used again. Where there is no /proc, believe it."""
    with suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/cwd").samefile(directory)
    return not Path("/proc/self").exists()


def _send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _lost(directory: Path, status: Observation) -> Observation:
    """End what is left of a job whose wrapper is gone: nobody limits or records it any more."""
    for _ in range(_ROUNDS):
        left = list(_left(directory))
        for pid in left:
            _send(pid, signal.SIGKILL)
        if not left:
            break
    return Observation(state=State.LOST, started_at=status.started_at, host=status.host)


def _left(directory: Path) -> Iterator[int]:
    """Processes that carry the marks of this job in their environment."""
    try:
        environment = json.loads((directory / "task.json").read_bytes())["environment"]
    except (OSError, ValueError):
        return
    marks = {f"{name}={value}".encode() for name, value in environment.items() if name.startswith("PROVSTORE_")}
    for process in Path("/proc").glob("[0-9]*") if marks else ():
        with suppress(OSError):
            if marks <= set((process / "environ").read_bytes().split(b"\0")):
                yield int(process.name)
