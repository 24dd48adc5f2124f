"""What the connector itself notes of a job: ``cluster.json`` in its directory here, whole or as it was before."""

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

from provstore.uws.executors.slurm.parsing import Row

__all__ = ["RECORD_FILE", "Notes", "Record"]

RECORD_FILE: Final = "cluster.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A job in the hand of a cluster.

    ``job`` is our id of it. ``uncertain``: it was sent, and no answer was heard. ``number``: SLURM's, None before.
    ``row``: what SLURM said last, at ``asked_at``. ``missing_at``: since when SLURM does not know it. ``ended_at``:
    when its own word of its end was heard. ``status_queries`` counts the questions to SLURM that named it.
    ``software``: SLURM's release. ``modules``: the environment modules that the script is given.
    """

    job: str
    cluster: str
    account: str
    begun_at: datetime
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


class Notes:
    """The records of jobs, by their directories: read from disk once, written at each change."""

    def __init__(self) -> None:
        self._guard = threading.RLock()
        self._known: dict[Path, Record | None] = {}

    def get(self, directory: Path) -> Record | None:
        """Give the record of a job, None if it was never handed over."""
        with self._guard:
            if directory not in self._known:
                record = _read(directory / RECORD_FILE)
                if record is None:
                    return None
                self._known[directory] = record
            return self._known[directory]

    def change(self, directory: Path, change: Callable[[Record], Record]) -> Record:
        """Change the record of a job: what a loss of power undoes of it can be found out again.

        Raises:
            OSError: it can't be written; nothing has changed.
        """
        with self._guard:
            record = self.get(directory)
            assert record is not None  # noqa: S101 - only what was begun is changed
            changed = change(record)
            if changed != record:
                _write(directory / RECORD_FILE, changed)
                self._known[directory] = changed
            return changed

    def put(self, directory: Path, record: Record) -> None:
        """Write a record before something is done that must not be forgotten: it is on disk when this returns.

        Raises:
            OSError: it can't be written.
        """
        with self._guard:
            _write(directory / RECORD_FILE, record, settle=os.fsync)
            self._known[directory] = record

    def forget(self, directory: Path) -> None:
        """Keep nothing of it in memory."""
        with self._guard:
            self._known.pop(directory, None)


def _write(file: Path, record: Record, *, settle: Callable[[int], None] = lambda _file: None) -> None:
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    with part.open("w", encoding="utf-8") as stream:
        json.dump(asdict(record), stream, default=_plain)
        stream.flush()
        settle(stream.fileno())
    part.replace(file)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(type(value).__name__)


def _read(file: Path) -> Record | None:
    try:
        words: dict[str, Any] = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
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
