"""Second adapters of our ports, driven by the test. They pass the contract suites as far as those apply."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from provstore.errors import Busy, ProvstoreError, Unavailable
from provstore.uws.ports import Cause, Clock, Observation, State

__all__ = ["FakeExecutor"]


def _now() -> datetime:
    return datetime.now(UTC)


class FakeExecutor:
    """An executor without processes: a job runs until the test calls `finish` or `lose`.

    ``started`` and ``aborted`` list the directories in the order of the first call that had an effect, ``removed`` and
    ``hints`` every call; ``asked`` counts observations. While ``down`` is set, every call raises Unavailable; while
    ``refusal`` is, every start raises that; while ``hindrance`` is, nothing can be brought. ``on_start`` is called with
    each directory started, and may finish it at once; ``on_end`` with each that ended.
    """

    name = "fake"

    def __init__(
        self,
        *,
        clock: Clock = _now,
        on_start: Callable[[Path], None] | None = None,
        on_end: Callable[[Path], None] | None = None,
    ) -> None:
        self.down = False
        self.refusal: ProvstoreError | None = None
        self.hindrance: Busy | None = None
        self.started: list[Path] = []
        self.aborted: list[Path] = []
        self.asked = 0
        self.removed: list[Path] = []
        self.hints: list[tuple[Path, bytes]] = []
        self.on_start = on_start
        self.on_end = on_end
        self._clock = clock
        self._jobs: dict[Path, Observation] = {}
        self._lock = threading.RLock()

    def start(self, directory: Path) -> None:
        with self._lock:
            self._answer()
            if directory in self._jobs:
                return
            if self.refusal is not None:
                raise self.refusal
            if not (directory / "task.json").exists():
                raise Unavailable(f"{directory} is not staged")
            if directory in self.aborted:
                self._jobs[directory] = Observation(
                    state=State.ENDED, cause=Cause.ABORT, message="aborted before its start"
                )
                return
            self._jobs[directory] = Observation(state=State.RUNNING, started_at=self._clock(), host="fake")
            self.started.append(directory)
        if self.on_start is not None:
            self.on_start(directory)

    def observe(self, directory: Path) -> Observation:
        self.asked += 1
        self._answer()
        return self._jobs.get(directory, Observation(state=State.ABSENT))

    def abort(self, directory: Path) -> None:
        with self._lock:
            state = self.observe(directory).state
            if state in {State.ENDED, State.LOST} or directory in self.aborted:
                return
            self.aborted.append(directory)
        if state is State.RUNNING:
            self.finish(directory, exit_code=143, cause=Cause.ABORT)

    def hint(self, directory: Path, told: bytes) -> None:
        self.hints.append((directory, told))

    def bring(self, directory: Path) -> None:
        self._answer()
        if self.hindrance is not None:
            raise self.hindrance

    def fresh(self, directory: Path) -> None:
        self._answer()

    def provide(self, directory: Path, path: str) -> bool:
        return False

    def remove(self, directory: Path) -> None:
        self.removed.append(directory)

    def recover(self) -> None:
        return

    def explain(self, directory: Path) -> str:
        return ""

    def counts(self) -> Mapping[str, int]:
        return {}

    def close(self) -> None:
        return

    def see(self, directory: Path, **facts: object) -> None:
        """Let a job that was started be seen otherwise: another state, message, facts."""
        with self._lock:
            self._jobs[directory] = replace(self._jobs[directory], **facts)  # type: ignore[arg-type]  # names and types of Observation

    def finish(
        self,
        directory: Path,
        *,
        exit_code: int | None = 0,
        cause: Cause = Cause.EXIT,
        message: str = "",
        files: Mapping[str, bytes] | None = None,
    ) -> None:
        """End a running job, after writing files (paths relative to its directory, ``results/x`` or ``stdout``)."""
        for name, content in {"stdout": b"", "stderr": b"", **(files or {})}.items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_bytes(content)
        self._end(
            directory, state=State.ENDED, cause=cause, exit_code=exit_code, message=message, ended_at=self._clock()
        )

    def lose(self, directory: Path) -> None:
        """Let a running job disappear without a word."""
        self._end(directory, state=State.LOST, message="lost by the test")

    def _end(self, directory: Path, **facts: object) -> None:
        with self._lock:
            job = self._jobs[directory]
            assert job.state is State.RUNNING, f"{directory.name} is {job.state}"
            self._jobs[directory] = replace(job, **facts)  # type: ignore[arg-type]  # names and types of Observation
        if self.on_end is not None:
            self.on_end(directory)

    def _answer(self) -> None:
        if self.down:
            raise Unavailable("the fake executor is down")
