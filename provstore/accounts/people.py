"""Who calls, proved by a token; what the graph may know of him is a pseudonymous agent id."""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from provstore.accounts.callers import ANONYMOUS, Caller
from provstore.errors import Conflict, Unauthenticated, Unavailable
from provstore.graph.model import new_local

__all__ = ["ADMIN_TOKEN_FILE", "Accounts"]

ADMIN_TOKEN_FILE: Final = "admin-token"  # noqa: S105 - a file's name
ADMINISTRATOR: Final = "admin"
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS person (agent TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, admin INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS token (hash TEXT PRIMARY KEY, agent TEXT NOT NULL REFERENCES person (agent));
"""


class Accounts:
    """The people known here and their tokens.

    The first opening makes the administrator and writes his token to ``admin-token`` beside the file (mode 0600).
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._names: dict[str, str] = {}
        with self._connection() as connection:
            connection.executescript(_SCHEMA)
        self._make_administrator()

    def authenticate(self, token: str) -> Caller:
        """Tell who sends this token.

        Raises:
            Unauthenticated: nobody here has it.
        """
        with self._connection() as connection:
            row = connection.execute(
                "SELECT agent, name, admin FROM token JOIN person USING (agent) WHERE hash = ?", (_hash(token),)
            ).fetchone()
        if row is None:
            raise Unauthenticated("this token is not known here, or no longer valid")
        return Caller(agent=row[0], name=row[1], admin=bool(row[2]))

    def administrator(self) -> Caller:
        """Give the local administrator: who may open the data directory is one."""
        with self._connection() as connection:
            row = connection.execute("SELECT agent, name FROM person WHERE admin ORDER BY name").fetchone()
        return Caller(agent=row[0], name=row[1], admin=True)

    def people(self) -> tuple[Caller, ...]:
        """Give everybody with an account, by name."""
        with self._connection() as connection:
            rows = connection.execute("SELECT agent, name, admin FROM person ORDER BY name").fetchall()
        return tuple(Caller(agent=agent, name=name, admin=bool(admin)) for agent, name, admin in rows)

    def name_of(self, agent: str) -> str:
        """Give the account name behind an agent's local id, "" for the anonymous and the unknown."""
        if agent not in self._names and agent != ANONYMOUS.agent:
            self._names = {one.agent: one.name for one in self.people()}
        return self._names.get(agent, "")

    def add(self, name: str, *, admin: bool = False) -> str:
        """Make an account and its first token.

        Returns:
            The token, which is not stored and can't be shown again.

        Raises:
            Conflict: the name is taken.
        """
        token = secrets.token_urlsafe(32)
        try:
            with self._connection() as connection:
                agent = new_local("a")
                connection.execute("INSERT INTO person VALUES (?, ?, ?)", (agent, name, admin))
                connection.execute("INSERT INTO token VALUES (?, ?)", (_hash(token), agent))
        except sqlite3.IntegrityError as error:
            raise Conflict(f"there is an account {name!r} already", field="name", value=name) from error
        return token

    def _make_administrator(self) -> None:
        """Make the administrator once; the token's file is written first, so that it exists when the account does."""
        target = self._file.with_name(ADMIN_TOKEN_FILE)
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute("SELECT 1 FROM person WHERE admin").fetchone():
                return
            token = secrets.token_urlsafe(32)
            _write_secret(target, token + "\n")
            agent = new_local("a")
            connection.execute("INSERT INTO person VALUES (?, ?, 1)", (agent, ADMINISTRATOR))
            connection.execute("INSERT INTO token VALUES (?, ?)", (_hash(token), agent))

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._file, timeout=10)) as connection, connection:
                yield connection
        except sqlite3.OperationalError as error:
            raise Unavailable(f"accounts in {self._file}: {error}") from error


def _hash(token: str) -> str:
    """A plain hash suffices: tokens are 256 random bits, not passwords."""
    return hashlib.sha256(token.encode()).hexdigest()


def _write_secret(file: Path, text: str) -> None:
    part = file.with_name(f".{file.name}.{os.getpid()}")
    part.touch(mode=0o600)
    with part.open("w", encoding="ascii") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)
