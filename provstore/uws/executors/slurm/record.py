"""What the connector itself notes of a job in its directory here: ``cluster.json``, signals, and the wish to abort."""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from provstore.errors import Unavailable
from provstore.uws.executors.slurm.parsing import Row

__all__ = ["ABORT_FILE", "HEARD_FILE", "RECORD_FILE", "Notes", "Record", "hear"]

RECORD_FILE: Final = "cluster.json"

HEARD_FILE: Final = "heard"
"""A signal came, and nobody has looked since."""

ABORT_FILE: Final = "abort"
"""The job is to end, or not to begin."""

_LONGEST_SIGNAL: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A job in the hand of a cluster.

    ``job`` is our id of it. ``uncertain``: it was sent, and no answer was heard. ``number``: SLURM's, None before.
    ``row``: what SLURM said last, at ``asked_at``. ``missing_at``: since when SLURM does not know it. ``ended_at``:
    when its own word of its end was heard. ``status_queries`` counts the questions to SLURM that named it.
    ``folder``: of the job directories when it was sent, which the settings may have moved since. ``software``: SLURM's
    release. ``modules``: the environment modules that the script is given.
    """

    job: str
    cluster: str
    account: str
    begun_at: datetime
    folder: str = ""
    uncertain: bool = False
    attempts: int = 0
    number: int | None = None
    submitted_at: datetime | None = None
    software: str = ""
    modules: str = ""
    heard_at: datetime | None = None
    ended_at: datetime | None = None
    aborted_at: datetime | None = None
    asked_at: datetime | None = None
    missing_at: datetime | None = None
    row: Row | None = None
    status_queries: int = 0
    brought: bool = False


def hear(directory: Path, told: bytes) -> None:
    """Note a signal on disk, so that it outlives this process.

    Raises:
        Unavailable: it can't be written.
    """
    try:
        (directory / HEARD_FILE).write_bytes(told[:_LONGEST_SIGNAL])
    except OSError as error:
        raise _not_now(directory, error) from error


_Stamp = tuple[int, int, int]


class Notes:
    """The records of jobs, by their directories: read where another process has changed them, written at each change.

    Of jobs that are over nothing is kept in memory.
    """

    def __init__(self) -> None:
        self._guard = threading.RLock()
        self._known: dict[Path, tuple[_Stamp, Record]] = {}

    def get(self, directory: Path) -> Record | None:
        """Give the record of a job, None if it was never handed over.

        Raises:
            Unavailable: it can't be read now.
        """
        with self._guard:
            try:
                stamp = _stamp(directory / RECORD_FILE)
                known = self._known.get(directory)
                if known is None or known[0] != stamp:
                    known = stamp, _read(directory / RECORD_FILE)
            except (FileNotFoundError, NotADirectoryError, ValueError):
                return None
            except OSError as error:
                raise _not_now(directory, error) from error
            self._keep(directory, *known)
            return known[1]

    def change(self, directory: Path, change: Callable[[Record], Record]) -> Record:
        """Change the record of a job: what a loss of power undoes of it can be found out again.

        Raises:
            Unavailable: it can't be written; nothing has changed.
        """
        with self._guard:
            record = self.get(directory)
            if record is None:
                raise Unavailable(f"job {directory.name}: its {RECORD_FILE} is gone")
            changed = change(record)
            if changed != record:
                self._write(directory, changed)
            return changed

    def put(self, directory: Path, record: Record) -> None:
        """Write a record before something is done that must not be forgotten: it is on disk when this returns.

        Raises:
            Unavailable: it can't be written.
        """
        with self._guard:
            self._write(directory, record, settle=os.fsync)

    def forget(self, directory: Path) -> None:
        """Keep nothing of it in memory."""
        with self._guard:
            self._known.pop(directory, None)

    def _write(self, directory: Path, record: Record, *, settle: Callable[[int], None] = lambda _file: None) -> None:
        file = directory / RECORD_FILE
        part = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        try:
            with part.open("w", encoding="utf-8") as stream:
                json.dump(asdict(record), stream, default=_plain)
                stream.flush()
                settle(stream.fileno())
            part.replace(file)
            self._keep(directory, _stamp(file), record)
        except OSError as error:
            raise _not_now(directory, error) from error

    def _keep(self, directory: Path, stamp: _Stamp, record: Record) -> None:
        if record.brought:
            self._known.pop(directory, None)
        else:
            self._known[directory] = stamp, record


def _stamp(file: Path) -> _Stamp:
    facts = file.stat()
    return facts.st_ino, facts.st_mtime_ns, facts.st_size


def _not_now(directory: Path, error: OSError) -> Unavailable:
    return Unavailable(f"{directory}: what is noted of the job can't be used: {error.strerror or error}")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(type(value).__name__)


def _read(file: Path) -> Record:
    words: dict[str, Any] = json.loads(file.read_bytes())
    row = words.pop("row")
    record = Record(**_instants(words))
    return record if row is None else replace(record, row=_row(row))


def _row(words: dict[str, Any]) -> Row:
    elapsed = words.pop("elapsed")
    return Row(**_instants(words), elapsed=None if elapsed is None else timedelta(seconds=elapsed))


def _instants(words: dict[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value) if name.endswith("_at") and value else value
        for name, value in words.items()
    }
