"""Personal tokens: random, shown once, kept as a hash; named, scoped, with an end, and revocable."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from provstore.accounts.callers import Caller, Scope
from provstore.accounts.database import Database, Recent, instant_of, seconds_of
from provstore.accounts.persons import Person, read_persons
from provstore.errors import Invalid, NotFound, Unauthenticated

__all__ = ["PREFIX", "Issued", "Token", "Tokens", "digest", "write_token"]

PREFIX: Final = "pvs_"
"""By which a token is recognised in a text: by people, and by programs that look for secrets gone astray."""

_FLUSH: Final = timedelta(minutes=1)
_NAME_LENGTH: Final = 100
_COLUMNS: Final = "id, agent, name, scope, created_at, expires_at, last_used_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What is known of a token: all but the token itself. Without ``expires_at`` it does not expire."""

    id: str
    agent: str
    name: str
    scope: Scope
    created_at: datetime | None
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A new token, and the secret that its owner is shown this once."""

    token: Token
    secret: str


def digest(secret: str) -> str:
    """A plain hash suffices: tokens are 256 random bits, not passwords."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def write_token(
    connection: sqlite3.Connection,
    agent: str,
    *,
    name: str,
    scope: Scope,
    created_at: datetime,
    expires_at: datetime | None,
) -> Issued:
    """Write a new token within a transaction."""
    secret = PREFIX + secrets.token_urlsafe(32)
    token = Token(
        id=secrets.token_hex(8),
        agent=agent,
        name=name,
        scope=scope,
        created_at=instant_of(seconds_of(created_at)),
        expires_at=instant_of(seconds_of(expires_at)),
        last_used_at=None,
    )
    connection.execute(
        "INSERT INTO token (hash, id, agent, name, scope, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (digest(secret), token.id, agent, name, scope, seconds_of(created_at), seconds_of(expires_at)),
    )
    return Issued(token=token, secret=secret)


class Tokens:
    """The personal tokens of everybody."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._recent: Recent[tuple[Token, Person]] = Recent(database)
        self._used: dict[str, int] = {}
        self._flush_at = clock() + _FLUSH

    def authenticate(self, secret: str, *, name: str = "") -> Caller:
        """Tell who sends this token.

        Args:
            secret: The token.
            name: The account name sent with it, if one was.

        Raises:
            Unauthenticated: nobody has it, not that account, not any more, or its owner may not sign in.
        """
        known = self._recent.get(digest(secret), lambda: self._read(secret))
        if known is None or name not in {"", known[1].name}:
            raise Unauthenticated("this token is not known here, or no longer valid")
        token, person = known
        if token.expires_at is not None and token.expires_at <= self._clock():
            raise Unauthenticated(f"the token {token.name!r} expired at {token.expires_at:%Y-%m-%dT%H:%M:%SZ}")
        if not person.active:
            raise Unauthenticated(f"the account {person.name!r} is not active")
        self._note_use(token.id)
        return person.caller(token.scope)

    def issue(self, agent: str, *, name: str, scope: Scope = Scope.ALL, expires_at: datetime | None = None) -> Issued:
        """Make a token for a person.

        Raises:
            Invalid: no name, too long a name, or an end in the past.
        """
        if not 1 <= len(name) <= _NAME_LENGTH or not name.isprintable():
            raise Invalid(f"name {name!r}: 1 to {_NAME_LENGTH} characters are needed", field="name", value=name)
        now_at = self._clock()
        if expires_at is not None and expires_at <= now_at:
            raise Invalid(
                f"expires {expires_at.isoformat()}: an instant to come is needed",
                field="expires",
                value=expires_at.isoformat(),
            )
        with self._database.writing() as connection:
            return write_token(connection, agent, name=name, scope=scope, created_at=now_at, expires_at=expires_at)

    def of(self, agent: str) -> tuple[Token, ...]:
        """Give the tokens of a person, the oldest first."""
        self.flush()
        with self._database.reading() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM token WHERE agent = ? ORDER BY created_at, rowid", (agent,)
            ).fetchall()
        return tuple(map(_token, rows))

    def revoke(self, agent: str, token_id: str) -> None:
        """End a token of a person.

        Raises:
            NotFound: he has none with that id.
        """
        with self._database.writing() as connection:
            gone = connection.execute("DELETE FROM token WHERE agent = ? AND id = ?", (agent, token_id))
            if gone.rowcount == 0:
                raise NotFound(f"there is no token {token_id!r}", field="token", value=token_id)

    def flush(self) -> None:
        """Write down when tokens were used last."""
        used, self._used = self._used, {}
        if used:
            with self._database.writing() as connection:
                connection.executemany("UPDATE token SET last_used_at = ?2 WHERE id = ?1", list(used.items()))

    def _note_use(self, token_id: str) -> None:
        """Uses are written once a minute for all together: a request must not wait for a disk to say who sent it."""
        now_at = self._clock()
        self._used[token_id] = int(now_at.timestamp())
        if now_at >= self._flush_at:
            self._flush_at = now_at + _FLUSH
            self.flush()

    def _read(self, secret: str) -> tuple[Token, Person] | None:
        with self._database.reading() as connection:
            row = connection.execute(f"SELECT {_COLUMNS} FROM token WHERE hash = ?", (digest(secret),)).fetchone()
            if row is None:
                return None
            token = _token(row)
            return token, next(read_persons(connection, "agent = ?", token.agent))


def _token(row: tuple[str, str, str, str, int | None, int | None, int | None]) -> Token:
    return Token(
        id=row[0],
        agent=row[1],
        name=row[2],
        scope=Scope(row[3]),
        created_at=instant_of(row[4]),
        expires_at=instant_of(row[5]),
        last_used_at=instant_of(row[6]),
    )
