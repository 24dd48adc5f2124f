"""The accounts' SQLite file: one connection for the whole process, and what was read lately."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Generic, TypeVar

from provstore.accounts.schema import STEPS
from provstore.errors import Unavailable

__all__ = ["Database", "Recent", "instant_of", "seconds_of"]

_PATIENCE: Final = 10.0
_TRUST: Final = 0.02
_MOST: Final = 2000
Value = TypeVar("Value")


def seconds_of(instant_at: datetime | None) -> int | None:
    """Give an instant as it is stored."""
    return None if instant_at is None else int(instant_at.timestamp())


def instant_of(seconds: int | None) -> datetime | None:
    """Give a stored instant back."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


class Database:
    """The open file. Threads take turns: each turn is a few rows long.

    Args:
        file: Made with its tables if it is not there, brought to the present version if it is older.
        ticks: Seconds of a clock that never goes back.

    Raises:
        Unavailable: the file can't be used.
    """

    def __init__(self, file: Path, *, ticks: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._ticks = ticks
        self._lock = threading.RLock()
        self._generation = 0
        self._data_version = 0
        self._asked = float("-inf")
        with self._translated():
            file.touch(mode=0o600)
            self._connection = sqlite3.connect(
                file, timeout=_PATIENCE, isolation_level=None, check_same_thread=False, cached_statements=256
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")  # a revoked token stays revoked after a power cut
            self._migrate()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection to one thread, for single questions.

        Raises:
            Unavailable: the file can't be read.
        """
        with self._lock, self._translated():
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the connection to one thread for a transaction: all of it, or nothing when an error leaves it.

        Raises:
            Unavailable: the file can't be written.
        """
        with self._lock, self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                self._generation += 1
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def generation(self) -> int:
        """Give a number that is another one after every write.

        A write of this process counts at once. Whether another process wrote is asked of SQLite fifty times a second
        at most: asked at every request, the threads would queue for the answer.
        """
        if self._ticks() - self._asked >= _TRUST:
            self.look()
        return self._generation

    def look(self) -> None:
        """Ask now whether another process has written.

        Raises:
            Unavailable: the file can't be read.
        """
        with self.reading() as connection:
            (version,) = connection.execute("PRAGMA data_version").fetchone()
            self._asked = self._ticks()
            if version != self._data_version:
                self._data_version = version
                self._generation += 1

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def _migrate(self) -> None:
        with self.writing() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > len(STEPS):
                raise Unavailable(f"accounts in {self._file}: made by a newer provstore (version {version})")
            for step in STEPS[version:]:
                for statement in step:
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(STEPS)}")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError:
            raise  # a fact about the data: whoever wrote it says what it means
        except (sqlite3.Error, OSError) as error:
            raise Unavailable(f"accounts in {self._file}: {error}") from error


class Recent(Generic[Value]):
    """What was read lately, forgotten as soon as anybody has written to the file."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._state: tuple[int, dict[str, Value]] = (-1, {})

    def get(self, key: str, read: Callable[[], Value | None]) -> Value | None:
        """Give what belongs to a key, read now if it is not known; None is not remembered."""
        generation = self._database.generation()
        known, items = self._state
        if known != generation or len(items) >= _MOST:
            items = {}
            self._state = (generation, items)
        if key not in items:
            value = read()
            if value is None:
                return None
            items[key] = value  # of the generation asked for above, or a newer one: never of an older
        return items[key]
