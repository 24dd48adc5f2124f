"""Connections to the file of the embedded store: a pool for readers, one connection for the writer's group commits."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from provstore.errors import ProvstoreError, Unavailable

__all__ = ["PATIENCE", "GroupWriter", "ReaderPool", "connect", "translated"]

PATIENCE: Final = timedelta(seconds=15)
"""So long a connection waits for the lock of another process before it gives up."""
_IDLE_READERS: Final = 32
"""So many connections are kept for the next readers; each has a cache of its own."""

Job = Callable[[sqlite3.Connection], Any]


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn the driver's errors (locked, disk full, corrupt, closed) into ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise Unavailable(f"the store {path.name}: {error}") from error


def connect(path: Path, *, patience: timedelta = PATIENCE) -> sqlite3.Connection:
    """Open the file in autocommit mode; any thread may use the connection, one at a time."""
    connection = sqlite3.connect(
        path,
        timeout=patience.total_seconds(),
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )
    # An acknowledged job survives a power cut: WAL alone would sync at checkpoints only.
    connection.execute("PRAGMA synchronous = FULL")
    # After a long scan the log is cut down again.
    connection.execute("PRAGMA journal_size_limit = 67108864")
    return connection


class ReaderPool:
    """Gives each reader a connection of its own, so that readers wait for nobody."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: deque[sqlite3.Connection] = deque()
        self._closed = False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give a connection in a read transaction: one state of the graph."""
        with translated(self._path):
            connection = self.take()
            try:
                yield connection
            finally:
                self.give_back(connection)

    def take(self) -> sqlite3.Connection:
        """Begin a read transaction; to be given back."""
        if self._closed:
            raise Unavailable(f"the store {self._path.name} is closed")
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = connect(self._path)
            connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        return connection

    def give_back(self, connection: sqlite3.Connection) -> None:
        """End the read transaction and keep the connection, unless something is wrong with it."""
        with suppress(sqlite3.Error):
            connection.rollback()
        if self._closed or connection.in_transaction or len(self._idle) >= _IDLE_READERS:
            connection.close()
        else:
            self._idle.append(connection)

    def close(self) -> None:
        """Close what nobody uses; the others close when they are given back."""
        self._closed = True
        while self._idle:
            with suppress(IndexError):
                self._idle.pop().close()


class _Ticket:
    """One caller's work in the queue, and what became of it."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.is_settled = False
        self.result: Any = None
        self.error: ProvstoreError | None = None

    def settle(self, *, result: object = None, error: ProvstoreError | None = None) -> None:
        self.is_settled, self.result, self.error = True, result, error


class GroupWriter:
    """Runs the work of concurrent callers in one transaction with one sync of the disk.

    Whoever comes first leads: he runs everything that is queued, each piece in its own savepoint, and commits. Nobody
    returns before the commit. While he waits for the disk, the next group gathers.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._queue: deque[_Ticket] = deque()
        self._leading = threading.Lock()
        self._closed = False

    def run(self, job: Job) -> Any:
        """Do the work, commit, give its result.

        Raises:
            ProvstoreError: what the work itself raised; it then left nothing.
            Unavailable: the file is locked, full or broken; nothing was changed.
        """
        ticket = _Ticket(job)
        self._queue.append(ticket)
        with self._leading:
            if not ticket.is_settled:
                self._lead()
        if ticket.error is not None:
            raise ticket.error
        return ticket.result

    def close(self) -> None:
        """Close the connection once the group under way is committed."""
        with self._leading:
            self._closed = True
            self._connection.close()

    def _lead(self) -> None:
        group = [self._queue.popleft() for _ in range(len(self._queue))]
        try:
            self._commit(group)
        except (sqlite3.Error, Unavailable) as error:
            for ticket in group:
                refusal = Unavailable(f"the store {self._path.name}: {error}")
                refusal.__cause__ = error
                ticket.settle(error=refusal)
        finally:
            self._abandon(group)

    def _commit(self, group: list[_Ticket]) -> None:
        if self._closed:
            raise Unavailable("it is closed")
        self._connection.execute("BEGIN IMMEDIATE")
        outcomes = [self._attempt(ticket.job) for ticket in group]
        self._connection.execute("COMMIT")
        for ticket, (result, error) in zip(group, outcomes, strict=True):
            ticket.settle(result=result, error=error)

    def _attempt(self, job: Job) -> tuple[Any, ProvstoreError | None]:
        self._connection.execute("SAVEPOINT piece")
        try:
            result, error = job(self._connection), None
        except ProvstoreError as refusal:
            self._connection.execute("ROLLBACK TO piece")
            result, error = None, refusal
        self._connection.execute("RELEASE piece")
        return result, error

    def _abandon(self, group: list[_Ticket]) -> None:
        """Leave no transaction open and nobody without an answer, whatever interrupted the leader."""
        if not self._closed and self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
        for ticket in group:
            if not ticket.is_settled:
                ticket.settle(error=Unavailable(f"the store {self._path.name}: the write was interrupted"))
