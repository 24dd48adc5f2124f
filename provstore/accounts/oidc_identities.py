"""Who a provider's user is here: identities, each linked to one account, and the roles that their groups give."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, Final

from provstore.accounts.callers import EVERY_SERVICE
from provstore.accounts.database import Database, Recent, seconds_of
from provstore.accounts.persons import ADMIN, Person, parse_grant, read_persons
from provstore.errors import NotFound, Unauthenticated
from provstore.graph.model import new_local

__all__ = ["Identities", "Identity", "name_of_claims", "roles_of_groups"]

_RESERVED: Final = frozenset({"admin", "administrator", "anonymous", "provstore", "public", "root"})
"""Names that would pass for somebody or something else."""
_NAME_LENGTH: Final = 56
"""Leaves room for a number behind it."""

Roles = frozenset[tuple[str, str]]
"""Role and service; ``admin`` for every service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A user of a provider: ``subject`` never changes nor passes to somebody else (OpenID Connect Core §5.7)."""

    issuer: str
    subject: str

    @property
    def key(self) -> str:
        """One text for both."""
        return json.dumps([self.issuer, self.subject])


def name_of_claims(claims: Mapping[str, Any]) -> str:
    """Suggest an account name: of characters that an account name may have, and never nothing."""
    mail = str(claims.get("email") or "").partition("@")[0]
    for told in (claims.get("preferred_username"), mail):
        name = re.sub(r"[^A-Za-z0-9._@+-]+", "-", str(told or "")).strip("-.@+")[:_NAME_LENGTH]
        if name:
            return name
    return "user"


def roles_of_groups(groups: object, table: Iterable[tuple[str, tuple[str, ...]]]) -> Roles:
    """Give the roles of a person by the groups that his provider names, in a list or as one text."""
    named = groups if isinstance(groups, list) else [groups]
    return frozenset(_role(word) for group, words in table if group in named for word in words)


def _role(word: str) -> tuple[str, str]:
    if word == ADMIN:
        return ADMIN, EVERY_SERVICE
    role, service = parse_grant(word)
    return role.value, service


class Identities:
    """The identities known here.

    An account is never found by its name or its mail: who controls a name or an address at some provider need not be
    who has the account here. Only an administrator links an identity to an account that is there already.
    """

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._recent: Recent[tuple[Person, Roles]] = Recent(database)

    def sign_in(self, identity: Identity, *, name: str, roles: Roles | None) -> Person:
        """Give the account of an identity, made now if it has none, with the roles that its provider gives it.

        Args:
            identity: Who he is, as proved by his provider.
            name: What a new account is called if that name is free.
            roles: What his groups give him, replacing what they gave before; roles given by hand stay. None if
                his groups were not told: then all stay.

        Raises:
            Unauthenticated: the account is not active any more.
        """
        known = self._recent.get(identity.key, lambda: self._read(identity))
        if known is None or (roles is not None and roles != known[1]):
            known = self._write(identity, name=name, roles=roles)
        person = known[0]
        if not person.active:
            raise Unauthenticated(f"the account {person.name!r} is not active")
        return person

    def link(self, identity: Identity, *, name: str) -> None:
        """Link an identity to an account, on an administrator's word; a link that it had before ends.

        Raises:
            NotFound: there is no such account.
        """
        with self._database.writing() as connection:
            row = connection.execute("SELECT agent FROM person WHERE name = ?", (name,)).fetchone()
            if row is None:
                raise NotFound(f"there is no account {name!r}", field="name", value=name)
            self._forget(connection, identity)
            self._insert(connection, identity, row[0])

    def unlink(self, identity: Identity, *, name: str) -> None:
        """End the link of an identity to an account, and the roles that came with it.

        Raises:
            NotFound: it is not linked to this account.
        """
        if identity not in self.of(name):
            raise NotFound(
                f"{name}: the subject {identity.subject!r} of {identity.issuer} is not linked", field="subject"
            )
        with self._database.writing() as connection:
            self._forget(connection, identity)

    def of(self, name: str) -> tuple[Identity, ...]:
        """Give the identities that are linked to an account."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT issuer, subject FROM identity JOIN person USING (agent) WHERE name = ?"
                " ORDER BY issuer, subject",
                (name,),
            ).fetchall()
        return tuple(Identity(issuer=issuer, subject=subject) for issuer, subject in rows)

    def _read(self, identity: Identity) -> tuple[Person, Roles] | None:
        with self._database.reading() as connection:
            agent = _agent(connection, identity)
            return None if agent is None else _known(connection, agent, identity.issuer)

    def _write(self, identity: Identity, *, name: str, roles: Roles | None) -> tuple[Person, Roles]:
        with self._database.writing() as connection:
            agent = _agent(connection, identity)  # again: two requests of a new person may come at once
            if agent is None:
                agent = new_local("a")
                connection.execute(
                    "INSERT INTO person (agent, name, admin, created_at) VALUES (?, ?, 0, ?)",
                    (agent, _free(connection, name), seconds_of(self._clock())),
                )
                self._insert(connection, identity, agent)
            if roles is not None:
                connection.execute("DELETE FROM granted WHERE agent = ? AND source = ?", (agent, identity.issuer))
                connection.executemany(
                    "INSERT INTO granted (agent, role, service, source) VALUES (?, ?, ?, ?)",
                    [(agent, role, service, identity.issuer) for role, service in sorted(roles)],
                )
            return _known(connection, agent, identity.issuer)

    def _insert(self, connection: sqlite3.Connection, identity: Identity, agent: str) -> None:
        connection.execute(
            "INSERT INTO identity (issuer, subject, agent, created_at) VALUES (?, ?, ?, ?)",
            (identity.issuer, identity.subject, agent, seconds_of(self._clock())),
        )

    def _forget(self, connection: sqlite3.Connection, identity: Identity) -> None:
        agent = _agent(connection, identity)
        connection.execute("DELETE FROM identity WHERE issuer = ? AND subject = ?", (identity.issuer, identity.subject))
        connection.execute("DELETE FROM granted WHERE agent = ? AND source = ?", (agent, identity.issuer))


def _agent(connection: sqlite3.Connection, identity: Identity) -> str | None:
    row = connection.execute(
        "SELECT agent FROM identity WHERE issuer = ? AND subject = ?", (identity.issuer, identity.subject)
    ).fetchone()
    return row[0] if row else None


def _known(connection: sqlite3.Connection, agent: str, source: str) -> tuple[Person, Roles]:
    rows = connection.execute("SELECT role, service FROM granted WHERE agent = ? AND source = ?", (agent, source))
    roles = frozenset((role, service) for role, service in rows)
    return next(read_persons(connection, "agent = ?", agent)), roles


def _free(connection: sqlite3.Connection, wanted: str) -> str:
    """Give the first name of ``vera``, ``vera-2``, … that is free, also for a reader who sees no difference in case."""
    return next(name for name in _names(wanted) if name.lower() not in _RESERVED and not _taken(connection, name))


def _names(wanted: str) -> Iterator[str]:
    yield wanted
    yield from (f"{wanted}-{number}" for number in count(2))


def _taken(connection: sqlite3.Connection, name: str) -> bool:
    found = connection.execute("SELECT 1 FROM person WHERE lower(name) = lower(?)", (name,)).fetchone()
    return found is not None
