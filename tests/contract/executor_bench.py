"""What the executors' suites share: staging of job directories, jobs that run until told, looks at processes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol

from provstore.uws.executors.local import LocalExecutor
from provstore.uws.ports import Executor, Observation, State
from tests.fakes import FakeExecutor

PATIENCE: Final = 15.0
"""Seconds after which something that should happen has not happened; never waited for when all is well."""

UNTIL_TOLD: Final = 'until [ -e told ]; do sleep 0.01; done; exit "$(cat told)"'

PRINTED: Final = b"printed\n"
MADE: Final = b"made\n"
COUNTED: Final = f"""\
echo printed
echo made >"$PROVSTORE_RESULTS/made.txt"
echo started >>starts
{UNTIL_TOLD}"""
"""The script of a job on the bench: it prints and makes something, then runs until told."""


def eventually(happened: Callable[[], bool]) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


def ended(executor: Executor, directory: Path) -> Observation:
    """Wait for the end of a job, and give it."""
    eventually(lambda: executor.observe(directory).state in {State.ENDED, State.LOST})
    return executor.observe(directory)


def environment(directory: Path, **more: str) -> dict[str, str]:
    """The environment as the supervisor fills it."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(directory / "work"),
        "LANG": "C.UTF-8",
        "PROVSTORE_JOB": directory.name,
        "PROVSTORE_RESULTS": str(directory / "results"),
        **more,
    }


def stage(directory: Path, script: str, *, parameters: Mapping[str, str] | None = None, **task: object) -> Path:
    """Stage a job directory; ``task`` are more keys of task.json."""
    for folder in ("work", "results"):
        (directory / folder).mkdir(parents=True)
    words = {"job": directory.name, "environment": environment(directory, **(parameters or {})), "kill_grace": 0.3}
    (directory / "script.sh").write_text(script + "\n", encoding="utf-8")
    (directory / "parameters.json").write_text(json.dumps(parameters or {}), encoding="utf-8")
    (directory / "task.json").write_text(json.dumps({**words, **task}), encoding="utf-8")
    (directory / "token").touch(mode=0o600)
    (directory / "token").write_text(f"token-of-{directory.name}\n", encoding="ascii")
    return directory


def alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def pids(file: Path, *, count: int) -> list[int]:
    """The pids that a script wrote into a file, a line each; waits for that many."""
    eventually(lambda: file.exists() and file.read_text(encoding="ascii").count("\n") >= count)
    return [int(line) for line in file.read_text(encoding="ascii").split()]


def tell(work: Path, exit_code: int) -> None:
    """Let a script that runs `UNTIL_TOLD` in this directory end."""
    (work / "new").write_text(f"{exit_code}\n", encoding="ascii")
    (work / "new").rename(work / "told")


def count_starts(work: Path) -> int:
    """Count how often `COUNTED` was started in this directory."""
    file = work / "starts"
    return file.read_text(encoding="ascii").count("started") if file.exists() else 0


class Bench(Protocol):
    """An executor, and a way to make its jobs end."""

    @property
    def executor(self) -> Executor:
        """The one on the bench."""

    @property
    def staged(self) -> list[Path]:
        """The directories of the jobs that were staged."""

    def stage(self, name: str) -> Path:
        """Stage a job that runs `COUNTED`."""

    def let_end(self, directory: Path, exit_code: int) -> None:
        """Tell it."""

    def starts(self, directory: Path) -> int:
        """How many times it ran."""

    def is_elsewhere(self, _directory: Path) -> bool:
        """Whether files of it are on another machine."""

    def restart(self) -> None:
        """Put another executor on the bench, which knows what a new process would."""


class LocalBench:
    """Real processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.executor = LocalExecutor()
        self.staged: list[Path] = []

    def stage(self, name: str) -> Path:
        self.staged.append(stage(self.folder / name, COUNTED))
        return self.staged[-1]

    def let_end(self, directory: Path, exit_code: int) -> None:
        tell(directory / "work", exit_code)

    def starts(self, directory: Path) -> int:
        return count_starts(directory / "work")

    def is_elsewhere(self, _directory: Path) -> bool:
        return False

    def restart(self) -> None:
        self.executor.close()
        self.executor = LocalExecutor()


class FakeBench:
    """The fake, told by its own methods."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.executor = FakeExecutor(on_start=self._print)
        self.staged: list[Path] = []

    def stage(self, name: str) -> Path:
        self.staged.append(stage(self.folder / name, COUNTED))
        return self.staged[-1]

    def let_end(self, directory: Path, exit_code: int) -> None:
        files = {"stdout": PRINTED, "results/made.txt": MADE}
        self.executor.finish(directory, exit_code=exit_code, files=files)

    def starts(self, directory: Path) -> int:
        return self.executor.started.count(directory)

    def is_elsewhere(self, _directory: Path) -> bool:
        return False

    def restart(self) -> None:
        """What the fake knows is its jobs' only truth: it stays."""
        self.executor.close()

    def _print(self, directory: Path) -> None:
        (directory / "stdout").write_bytes(PRINTED)
