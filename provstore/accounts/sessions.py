"""Sessions of browsers: a random cookie kept as a hash, and the token that keeps foreign pages from using it."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from provstore.accounts.callers import Caller
from provstore.accounts.database import Database, Recent, instant_of, seconds_of
from provstore.accounts.persons import Person, read_persons
from provstore.accounts.tokens import digest
from provstore.errors import Unauthenticated

__all__ = ["Session", "Sessions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who signed in, until when, and the CSRF token that his changes must carry."""

    caller: Caller
    csrf: str
    expires_at: datetime


class Sessions:
    """The sessions of everybody who signed in."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._recent: Recent[tuple[Person, datetime]] = Recent(database)

    def begin(self, agent: str, *, duration: timedelta, instead_of: str = "") -> str:
        """Begin a session for a person who has proved who he is.

        Args:
            agent: The local id of his agent.
            duration: How long it lasts.
            instead_of: The secret of the session that his browser had before, which ends.

        Returns:
            The secret for his cookie, which is not stored.
        """
        secret = secrets.token_urlsafe(32)
        now_at = self._clock()
        with self._database.writing() as connection:
            connection.execute(
                "DELETE FROM session WHERE expires_at <= ? OR hash = ?", (seconds_of(now_at), digest(instead_of))
            )
            connection.execute(
                "INSERT INTO session (hash, agent, created_at, expires_at) VALUES (?, ?, ?, ?)",
                (digest(secret), agent, seconds_of(now_at), seconds_of(now_at + duration)),
            )
            connection.execute("UPDATE person SET seen_at = ? WHERE agent = ?", (seconds_of(now_at), agent))
        return secret

    def of(self, secret: str) -> Session:
        """Tell whose session this is.

        Raises:
            Unauthenticated: nobody's, or it is over.
        """
        session = self._find(secret)
        if session is None:
            raise Unauthenticated("this session is over: sign in again")
        return session

    def lasts(self, secret: str) -> bool:
        """Tell whether this is a session that is not over."""
        return self._find(secret) is not None

    def end(self, secret: str) -> None:
        """End a session, if it is one."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM session WHERE hash = ?", (digest(secret),))

    def _find(self, secret: str) -> Session | None:
        known = self._recent.get(digest(secret), lambda: self._read(secret))
        if known is None or known[1] <= self._clock() or not known[0].active:
            return None
        person, expires_at = known
        return Session(caller=person.caller(), csrf=_csrf(secret), expires_at=expires_at)

    def _read(self, secret: str) -> tuple[Person, datetime] | None:
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT agent, expires_at FROM session WHERE hash = ?", (digest(secret),)
            ).fetchone()
            expires_at = instant_of(row[1]) if row else None
            if expires_at is None:
                return None
            return next(read_persons(connection, "agent = ?", row[0])), expires_at


def _csrf(secret: str) -> str:
    """Made from the secret, so that nothing need be stored; the secret can't be found from it."""
    return hmac.new(secret.encode("utf-8", "surrogatepass"), b"csrf", "sha256").hexdigest()
