"""A person with an account, as the file has him."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from provstore.accounts.callers import EVERY_SERVICE, Caller, Grant, Role, Scope
from provstore.accounts.database import instant_of
from provstore.errors import Invalid
from provstore.graph.model import PUBLIC

__all__ = ["ADMIN", "Among", "Person", "among", "check_name", "parse_grant", "read_persons"]

ADMIN: Final = "admin"
"""Stored like a role where a provider's groups gave it; by hand it is a property of the person."""

_RESERVED: Final = frozenset({PUBLIC, "anonymous"})
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@+-]{0,63}")
_SERVICE: Final = re.compile(r"\*|[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


class Among(StrEnum):
    """Which people are meant."""

    ALL = "all"
    ADMINISTRATORS = "administrators"
    WITH_ROLES = "roles"
    DEACTIVATED = "deactivated"
    NEVER_SEEN = "never"


_GRANTED: Final = "EXISTS (SELECT 1 FROM granted WHERE granted.agent = person.agent AND role"
_AMONG: Final = {
    Among.ALL: "true",
    Among.ADMINISTRATORS: f"(admin OR {_GRANTED} = '{ADMIN}'))",
    Among.WITH_ROLES: f"{_GRANTED} != '{ADMIN}')",
    Among.DEACTIVATED: "NOT active",
    Among.NEVER_SEEN: "seen_at IS NULL AND NOT EXISTS"
    " (SELECT 1 FROM token WHERE token.agent = person.agent AND last_used_at IS NOT NULL)",
}
"""Each as a condition over the table ``person``."""


def among(these: Among) -> str:
    """Give the condition over the table ``person`` for some people, with a part of their name as its one value."""
    return f"{_AMONG[these]} AND instr(lower(name), lower(?))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person with an account. ``agent`` is the local id of his agent, the only thing of him that the graph has.

    ``seen_at``: when he signed in, or used a token, last; None for never.
    """

    agent: str
    name: str
    admin: bool
    active: bool
    has_password: bool
    created_at: datetime | None
    seen_at: datetime | None
    grants: frozenset[Grant]

    def caller(self, scope: Scope = Scope.ALL) -> Caller:
        """Give this person as one who calls."""
        return Caller(agent=self.agent, name=self.name, admin=self.admin, grants=self.grants, scope=scope)


def check_name(name: str) -> str:
    """Give an account name back if it can be one.

    Raises:
        Invalid: it has other characters than those that stand unescaped in headers, addresses and on command lines, or
            means somebody else.
    """
    if not _NAME.fullmatch(name):
        raise Invalid(
            f"name {name!r}: 1 to 64 letters, digits and . _ @ + - are needed, a letter, a digit or _ first",
            field="name",
            value=name,
        )
    if name.lower() in _RESERVED:
        raise Invalid(f"name {name!r} stands for visitors or for everybody: choose another", field="name", value=name)
    return name


def parse_grant(text: str) -> Grant:
    """Read ``ROLE:SERVICE``.

    Raises:
        Invalid: it is something else.
    """
    role, _, service = text.partition(":")
    if role not in set(Role) or not _SERVICE.fullmatch(service):
        roles = "|".join(Role)
        raise Invalid(
            f"role {text!r}: {roles}, a colon and a service or {EVERY_SERVICE} are needed", field="role", value=text
        )
    return Grant(Role(role), service)


def read_persons(connection: sqlite3.Connection, where: str = "true", *values: object) -> Iterator[Person]:
    """Give the persons for whom a condition over the table ``person`` holds, by name."""
    rows = connection.execute(
        "SELECT agent, name, admin, active, password != '', created_at,"
        " (SELECT max(last_used_at) FROM token WHERE token.agent = person.agent), seen_at,"
        " (SELECT group_concat(role || ':' || service, ' ') FROM granted WHERE granted.agent = person.agent)"
        f" FROM person WHERE {where} ORDER BY name",
        values,
    ).fetchall()
    for agent, name, admin, active, has_password, created, used, seen, granted in rows:
        words = set((granted or "").split())
        by_provider = f"{ADMIN}:{EVERY_SERVICE}" in words
        yield Person(
            agent=agent,
            name=name,
            admin=bool(admin) or by_provider,
            active=bool(active),
            has_password=bool(has_password),
            created_at=instant_of(created),
            seen_at=instant_of(max(used or 0, seen or 0) or None),
            grants=frozenset(map(parse_grant, words - {f"{ADMIN}:{EVERY_SERVICE}"})),
        )
