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

    @contextmanager
    def asking(self) -> Iterator[sqlite3.Connection]:
        """Give a connection without a transaction, for statements that are one state of the graph each."""
        with translated(self._path):
            connection = self._idle_one()
            try:
                yield connection
            finally:
                self.give_back(connection)

    def take(self) -> sqlite3.Connection:
        """Begin a read transaction; to be given back."""
        connection = self._idle_one()
        connection.execute("BEGIN")
        return connection

    def _idle_one(self) -> sqlite3.Connection:
        if self._closed:
            raise Unavailable(f"the store {self._path.name} is closed")
        try:
            return self._idle.pop()
        except IndexError:
            connection = connect(self._path)
            connection.execute("PRAGMA query_only = ON")
            return connection

    def give_back(self, connection: sqlite3.Connection) -> None:
        """End the read transaction, if any, and keep the connection, unless something is wrong with it."""
        with suppress(sqlite3.Error):
            if connection.in_transaction:
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
    """One caller's work in the queue, and what became of it. ``called`` is let go of when it is settled or leads."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.called = threading.Lock()
        self.called.acquire()
        self.leads = False
        self.is_settled = False
        self.result: Any = None
        self.error: ProvstoreError | None = None

    def settle(self, *, result: object = None, error: ProvstoreError | None = None) -> None:
        self.is_settled, self.result, self.error = True, result, error


class GroupWriter:
    """Runs the work of concurrent callers in one transaction with one sync of the disk.

    Whoever comes first leads: he runs everything that is queued and commits. Nobody returns before the commit. While he
    waits for the disk, the next group gathers; its first is called to lead it, the others when it is done.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._queue: list[_Ticket] = []
        self._guard = threading.Lock()
        self._led = False
        self._committing = threading.Lock()
        self._closed = False

    def run(self, job: Job) -> Any:
        """Do the work, commit, give its result.

        Args:
            job: Done again if something in its group was refused.

        Raises:
            ProvstoreError: what the work itself raised; it then left nothing.
            Unavailable: the file is locked, full or broken; nothing was changed.
        """
        ticket = _Ticket(job)
        with self._guard:
            self._queue.append(ticket)
            ticket.leads, self._led = not self._led, True
        if not ticket.leads:
            self._wait(ticket)
        if ticket.leads:
            self._lead()
        if ticket.error is not None:
            raise ticket.error
        return ticket.result

    def close(self) -> None:
        """Close the connection once the group under way is committed."""
        with self._committing:
            self._closed = True
            self._connection.close()

    def _wait(self, ticket: _Ticket) -> None:
        try:
            ticket.called.acquire()
        except BaseException:  # the main thread was interrupted: it must lead nobody
            with self._guard:
                waiting = ticket in self._queue
                if waiting:
                    self._queue.remove(ticket)
            if waiting and ticket.leads:
                self._call([])
            raise

    def _lead(self) -> None:
        with self._guard:
            group, self._queue = self._queue, []
        try:
            with self._committing:
                self._commit(group)
        except (sqlite3.Error, Unavailable) as error:
            for ticket in group:
                refusal = Unavailable(f"the store {self._path.name}: {error}")
                refusal.__cause__ = error
                ticket.settle(error=refusal)
        finally:
            self._abandon(group)
            self._call(group)

    def _call(self, settled: list[_Ticket]) -> None:
        """Call the next leader, if anybody waits, then those that are settled."""
        with self._guard:
            self._led = bool(self._queue)
            if self._led:
                self._queue[0].leads = True
                self._queue[0].called.release()
        for ticket in settled:
            if ticket.called.locked():
                ticket.called.release()

    def _commit(self, group: list[_Ticket]) -> None:
        if self._closed:
            raise Unavailable("it is closed")
        outcomes: list[tuple[Any, ProvstoreError | None]]
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            outcomes = [(ticket.job(self._connection), None) for ticket in group]
        except (ProvstoreError, sqlite3.IntegrityError):
            self._connection.execute("ROLLBACK")
            self._connection.execute("BEGIN IMMEDIATE")
            outcomes = [self._attempt(ticket.job) for ticket in group]
        self._connection.execute("COMMIT")
        for ticket, (result, error) in zip(group, outcomes, strict=True):
            ticket.settle(result=result, error=error)

    def _attempt(self, job: Job) -> tuple[Any, ProvstoreError | None]:
        """Do a piece of work in a savepoint of its own, so that it leaves nothing if it is refused."""
        self._connection.execute("SAVEPOINT piece")
        try:
            result, error = self._repeated(job), None
        except ProvstoreError as refusal:
            self._connection.execute("ROLLBACK TO piece")
            result, error = None, refusal
        self._connection.execute("RELEASE piece")
        return result, error

    def _repeated(self, job: Job) -> Any:
        try:
            return job(self._connection)
        except sqlite3.IntegrityError:
            self._connection.execute("ROLLBACK TO piece")
            return job(self._connection)

    def _abandon(self, group: list[_Ticket]) -> None:
        """Leave no transaction open and nobody without an answer, whatever interrupted the leader."""
        if not self._closed and self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
        for ticket in group:
            if not ticket.is_settled:
                ticket.settle(error=Unavailable(f"the store {self._path.name}: the write was interrupted"))
