"""The people known here, and how they prove who they are; what the graph may know of one is a pseudonymous agent id."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from provstore.accounts.callers import ANONYMOUS, Caller, Grant, Scope
from provstore.accounts.database import Database, seconds_of
from provstore.accounts.oidc import Providers, Remote, is_jwt
from provstore.accounts.passwords import Passwords
from provstore.accounts.persons import ADMIN, Among, Person, among, check_name, read_persons
from provstore.accounts.sessions import Sessions
from provstore.accounts.tokens import Tokens, write_token
from provstore.errors import Conflict, NotFound
from provstore.graph.model import new_local, now
from provstore.settings import OidcProvider

__all__ = ["ADMIN_TOKEN_FILE", "Accounts"]

ADMIN_TOKEN_FILE: Final = "admin-token"  # noqa: S105 - a file's name
ADMINISTRATOR: Final = "admin"
_FIRST: Final = "first"


class Accounts:
    """The people known here, with their tokens, passwords, sessions and roles.

    The first opening makes the administrator and writes his token to ``admin-token`` beside the file (mode 0600).

    Args:
        file: Where all of it is kept.
        clock: The present instant.
        failures_max: So many failed log-ins are taken in a quarter of an hour, 0 for any number.
        oidc: The providers whose users may sign in.
        remotes: Each of them, as it is reached from here, by its name.
    """

    def __init__(
        self,
        file: Path,
        *,
        clock: Callable[[], datetime] = now,
        failures_max: int = 10,
        oidc: Iterable[OidcProvider] = (),
        remotes: Mapping[str, Remote] = MappingProxyType({}),
    ) -> None:
        self._file = file
        self._clock = clock
        self.database = Database(file)
        self.tokens = Tokens(self.database, clock=clock)
        self.sessions = Sessions(self.database, clock=clock)
        self.passwords = Passwords(self.database, clock=clock, failures_max=failures_max)
        self.providers = Providers(oidc, self.database, clock=clock, remotes=remotes)
        self._names: dict[str, str] = {}
        self._agents: dict[str, str] = {}
        self._make_administrator()

    def now(self) -> datetime:
        """Give the instant by which all of this goes."""
        return self._clock()

    def close(self) -> None:
        """Write down what is still to be written, and let go of the file."""
        self.tokens.flush()
        self.database.close()

    def authenticate(self, token: str, *, name: str = "") -> Caller:
        """Tell who sends this token; the account's name must fit where one is sent with it.

        Raises:
            Unauthenticated: nobody here has it, or he may not use it any more.
            Unavailable: it is a token of a provider that does not answer.
        """
        if is_jwt(token):
            return self.providers.caller(token, name=name)
        return self.tokens.authenticate(token, name=name)

    # --- who there is

    def administrator(self) -> Caller:
        """Give the local administrator: who may open the data directory is one."""
        return next(one.caller() for one in self._read("admin AND active"))

    def people(self) -> tuple[Caller, ...]:
        """Give everybody with an account, by name."""
        return tuple(one.caller() for one in self._read("true"))

    def persons(
        self, *, after: str = "", most: int = -1, part: str = "", these: Among = Among.ALL
    ) -> tuple[Person, ...]:
        """Give people by name, a page at a time: so many after a name, with a part in theirs."""
        self.tokens.flush()  # when they were used
        found = f"SELECT agent FROM person WHERE {among(these)} AND name > ? ORDER BY name LIMIT ?"
        return self._read(f"agent IN ({found})", part, after, most)

    def count(self, *, part: str = "", these: Among = Among.ALL) -> int:
        """Count people, with a part in their names."""
        with self.database.reading() as connection:
            rows = connection.execute(f"SELECT count(*) FROM person WHERE {among(these)}", (part,))
            return int(rows.fetchone()[0])

    def person(self, name: str) -> Person:
        """Give the person with an account name.

        Raises:
            NotFound: there is none.
        """
        found = self._read("name = ?", name)
        if not found:
            raise NotFound(f"there is no account {name!r}", field="name", value=name)
        return found[0]

    def name_of(self, agent: str) -> str:
        """Give the account name behind an agent's local id, "" for the anonymous and the unknown."""
        if agent not in self._names and agent != ANONYMOUS.agent:
            self._read_names()
        return self._names.get(agent, "")

    def agent_of(self, name: str) -> str:
        """Give the local id of the agent behind an account name, "" for an unknown one."""
        if name not in self._agents:
            self._read_names()
        return self._agents.get(name, "")

    # --- accounts

    def make(self, name: str, *, admin: bool = False) -> Person:
        """Make an account that has neither token nor password.

        Raises:
            Invalid: no name for an account.
            Conflict: the name is taken.
        """
        try:
            with self.database.writing() as connection:
                agent = self._write_person(connection, check_name(name), admin=admin)
        except sqlite3.IntegrityError as error:
            raise Conflict(f"there is an account {name!r} already", field="name", value=name) from error
        return self._read("agent = ?", agent)[0]

    def add(
        self, name: str, *, admin: bool = False, scope: Scope = Scope.ALL, expires_at: datetime | None = None
    ) -> str:
        """Make an account and its first token.

        Returns:
            The token, which is not stored and can't be shown again.

        Raises:
            Invalid: no name for an account, or an end in the past.
            Conflict: the name is taken.
        """
        person = self.make(name, admin=admin)
        return self.tokens.issue(person.agent, name=_FIRST, scope=scope, expires_at=expires_at).secret

    def set_active(self, name: str, *, active: bool) -> None:
        """Let a person sign in, or not: then his tokens are refused and his sessions end, while his jobs stay.

        Raises:
            NotFound: there is no such account.
            Conflict: no administrator would be left.
        """
        agent = self.person(name).agent
        with self.database.writing() as connection:
            connection.execute("UPDATE person SET active = ? WHERE agent = ?", (active, agent))
            if not active:
                connection.execute("DELETE FROM session WHERE agent = ?", (agent,))
            _keep_an_administrator(connection, name)

    def set_admin(self, name: str, *, admin: bool) -> None:
        """Make a person an administrator, or no longer one.

        Raises:
            NotFound: there is no such account.
            Conflict: no administrator would be left.
        """
        agent = self.person(name).agent
        with self.database.writing() as connection:
            connection.execute("UPDATE person SET admin = ? WHERE agent = ?", (admin, agent))
            if not admin:
                connection.execute("DELETE FROM granted WHERE agent = ? AND role = ?", (agent, ADMIN))
            _keep_an_administrator(connection, name)

    # --- roles

    def grant(self, name: str, grant: Grant) -> None:
        """Give a person a role; to give it again changes nothing.

        Raises:
            NotFound: there is no such account.
        """
        agent = self.person(name).agent
        with self.database.writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO granted (agent, role, service) VALUES (?, ?, ?)",
                (agent, grant.role, grant.service),
            )

    def ungrant(self, name: str, grant: Grant) -> None:
        """Take a role from a person; whoever gave it.

        Raises:
            NotFound: there is no such account, or it does not have this role.
        """
        agent = self.person(name).agent
        with self.database.writing() as connection:
            gone = connection.execute(
                "DELETE FROM granted WHERE agent = ? AND role = ? AND service = ?", (agent, grant.role, grant.service)
            )
            if gone.rowcount == 0:
                text = f"{grant.role}:{grant.service}"
                raise NotFound(f"{name} does not have the role {text}", field="role", value=text)

    def _read(self, where: str, *values: object) -> tuple[Person, ...]:
        with self.database.reading() as connection:
            return tuple(read_persons(connection, where, *values))

    def _read_names(self) -> None:
        with self.database.reading() as connection:
            rows = connection.execute("SELECT agent, name FROM person").fetchall()
        self._names = dict(rows)
        self._agents = {name: agent for agent, name in rows}

    def _write_person(self, connection: sqlite3.Connection, name: str, *, admin: bool) -> str:
        agent = new_local("a")
        connection.execute(
            "INSERT INTO person (agent, name, admin, created_at) VALUES (?, ?, ?, ?)",
            (agent, name, admin, seconds_of(self._clock())),
        )
        return agent

    def _make_administrator(self) -> None:
        """Make the administrator once; the token's file is written first, so that it exists when the account does."""
        target = self._file.with_name(ADMIN_TOKEN_FILE)
        with self.database.writing() as connection:
            if connection.execute("SELECT 1 FROM person WHERE admin").fetchone():
                return
            agent = self._write_person(connection, ADMINISTRATOR, admin=True)
            issued = write_token(
                connection, agent, name=_FIRST, scope=Scope.ALL, created_at=self._clock(), expires_at=None
            )
            _write_secret(target, issued.secret + "\n")


def _keep_an_administrator(connection: sqlite3.Connection, name: str) -> None:
    if not connection.execute("SELECT 1 FROM person WHERE admin AND active").fetchone():
        raise Conflict(f"{name} is the last administrator: make another one first", field="name", value=name)


def _write_secret(file: Path, text: str) -> None:
    part = file.with_name(f".{file.name}.{os.getpid()}")
    part.touch(mode=0o600)
    with part.open("w", encoding="ascii") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)
