"""The process that owns the daemons of a test cluster and ends with the test process, however that one ends.

It is told what to do by lines of JSON on its standard input. When that closes, as it does when the other side is
killed, everything below the keeper is killed and the folder of the cluster removed. Whatever a daemon leaves behind
(a job that went its own way, an SSH session) becomes a child of the keeper, because the keeper is a subreaper.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, Final

__all__ = ["Keeper", "KeeperError", "main"]

_SET_CHILD_SUBREAPER: Final = 36
_STOP_LIMIT: Final = 10.0


class KeeperError(Exception):
    """The keeper could not do what it was asked for."""


class Keeper:
    """The near end: starts a keeper for a folder and tells it what to do."""

    def __init__(self, folder: Path, *, environment: Mapping[str, str]) -> None:
        self._lock = Lock()
        with (folder / "keeper.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                text=True,
                start_new_session=True,
            )

    def start(self, name: str, *command: str) -> None:
        """Start a daemon that stays in the foreground; its words go to ``log/NAME.out``."""
        self._ask("start", name, *command)

    def stop(self, name: str, *, number: int = signal.SIGTERM) -> None:
        """Send the signal and wait until the daemon is gone; one that does not go is killed."""
        self._ask("stop", name, number)

    def is_alive(self, name: str) -> bool:
        """Tell whether the daemon runs."""
        return bool(self._ask("is_alive", name))

    def kill_called(self, program: str) -> None:
        """Kill the processes of a program, but no daemon that was started by name."""
        self._ask("kill_called", program)

    def kill_trees(self, program: str) -> None:
        """Kill the same, and everything below them."""
        self._ask("kill_trees", program)

    def stay(self) -> None:
        """Let the daemons outlive this process: they end when the keeper gets SIGTERM."""
        self._ask("stay")
        self._process.returncode = 0  # it is nobody's child from here on: no complaint when this object goes

    def end(self) -> None:
        """End everything."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def _ask(self, verb: str, *arguments: object) -> Any:
        if not self._process.stdin or not self._process.stdout:
            raise KeeperError("the keeper was not started with pipes")
        with self._lock:
            self._process.stdin.write(json.dumps([verb, *arguments]) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        if not line:
            raise KeeperError(f"the keeper ended while asked to {verb} {arguments}")
        done, answer = json.loads(line)
        if not done:
            raise KeeperError(f"{verb} {arguments}: {answer}")
        return answer


class _Daemons:
    """The far end: what the keeper does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: dict[str, int] = {}
        self.stays = False

    def reap(self, *_: object) -> None:
        """Bury ended children, our own and those we inherited."""
        while True:
            try:
                pid, _status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for name in [name for name, other in self.running.items() if other == pid]:
                del self.running[name]

    def start(self, name: str, *command: str) -> int:
        if name in self.running:
            raise KeeperError(f"{name} runs already")
        log = str(self.folder / "log" / f"{name}.out")
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        # A daemon also dies when the keeper is killed, which then can't clear up.
        tied = ["setpriv", "--pdeathsig", "KILL", *command]
        self.running[name] = os.posix_spawnp(tied[0], tied, os.environ, file_actions=actions, setsid=True)
        return self.running[name]

    def stop(self, name: str, number: int) -> None:
        pid = self.running.get(name)
        deadline = time.monotonic() + _STOP_LIMIT
        while pid is not None and name in self.running:
            _kill(pid, number)
            number = signal.SIGKILL if time.monotonic() > deadline else 0
            time.sleep(0.005)

    def is_alive(self, name: str) -> bool:
        return name in self.running and Path(f"/proc/{self.running[name]}").exists()

    def kill_called(self, program: str) -> None:
        for pid in self._called(program):
            _kill(pid, signal.SIGKILL)

    def kill_trees(self, program: str) -> None:
        for pid in {below for top in self._called(program) for below in (top, *_below(top))}:
            _kill(pid, signal.SIGKILL)

    def stay(self) -> None:
        self.stays = True

    def kill_everything(self) -> None:
        while pids := list(_below(os.getpid())):
            for pid in pids:
                _kill(pid, signal.SIGKILL)
            time.sleep(0.005)

    def _called(self, program: str) -> list[int]:
        named = set(self.running.values())
        return [pid for pid in _below(os.getpid()) if pid not in named and _command(pid).startswith(program)]


def _below(top: int) -> Iterator[int]:
    """Walk over all descendants of a process."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    waiting = list(children.get(top, ()))
    while waiting:
        pid = waiting.pop()
        waiting += children.get(pid, ())
        yield pid


def _parents() -> Iterator[tuple[int, int]]:
    for folder in Path("/proc").glob("[0-9]*"):
        if status := _read(folder / "stat"):
            yield int(folder.name), int(status.rpartition(")")[2].split()[1])


def _command(pid: int) -> str:
    return _read(Path(f"/proc/{pid}/comm")).strip()


def _read(file: Path) -> str:
    """Read a file of a process; one that is gone says nothing."""
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def _kill(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _serve(daemons: _Daemons) -> None:
    verbs: dict[str, Callable[..., object]] = {
        verb.__name__: verb
        for verb in (
            daemons.start,
            daemons.stop,
            daemons.is_alive,
            daemons.kill_called,
            daemons.kill_trees,
            daemons.stay,
        )
    }
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        try:
            answer = [True, verbs[verb](*arguments)]
        except (KeeperError, OSError) as error:
            answer = [False, str(error)]
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    while daemons.stays:
        time.sleep(1)  # not pause(): a signal just before it would go unheard


def main(folder: Path) -> None:
    """Keep the daemons of a folder until nobody wants them any more."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    daemons = _Daemons(folder)
    signal.signal(signal.SIGCHLD, daemons.reap)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    (folder / "keeper.pid").write_text(str(os.getpid()))
    try:
        _serve(daemons)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        daemons.kill_everything()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
