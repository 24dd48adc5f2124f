"""Log-ins under way at a provider: bound to one browser, short-lived, and each answered once at most."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from provstore.accounts.database import Database, seconds_of
from provstore.accounts.tokens import digest
from provstore.errors import Unauthenticated

__all__ = ["DURATION", "Answer", "Attempt", "Attempts", "Claims", "Secrets"]

Claims = Mapping[str, Any]
"""What a provider says of a person, by the names of its claims."""

DURATION: Final = timedelta(minutes=10)
"""How long a person may take at the provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What binds a log-in's answer to its question."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def of(cls, browser: str, *, state: str) -> Secrets:
        """Make nonce and PKCE verifier from the browser's secret, so that they need not be stored anywhere."""
        nonce, verifier = (
            hmac.new(browser.encode("utf-8", "surrogatepass"), f"{use} {state}".encode(), "sha256").hexdigest()
            for use in ("nonce", "verifier")
        )
        return cls(state=state, nonce=nonce, verifier=verifier)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A log-in: at which provider, where the provider sends the browser back to, and where it goes on to from there."""

    provider: str
    redirect_uri: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a provider sends back by way of the browser (RFC 6749 §4.1.2, RFC 9207); "" where it sends nothing."""

    state: str
    code: str = ""
    error: str = ""
    issuer: str = ""


class Attempts:
    """The log-ins under way, in the accounts' file: any process may see to the answer."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def begin(self, attempt: Attempt, *, browser: str) -> Secrets:
        """Note a log-in of the browser that has this secret; a browser may have several under way."""
        chosen = Secrets.of(browser, state=secrets.token_urlsafe(32))
        now_at = self._clock()
        with self._database.writing() as connection:
            connection.execute("DELETE FROM sign_in WHERE expires_at <= ?", (seconds_of(now_at),))
            connection.execute(
                "INSERT INTO sign_in (state_hash, browser_hash, provider, redirect_uri, next, expires_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    digest(chosen.state),
                    digest(browser),
                    attempt.provider,
                    attempt.redirect_uri,
                    attempt.next,
                    seconds_of(now_at + DURATION),
                ),
            )
        return chosen

    def take(self, provider: str, *, state: str, browser: str) -> tuple[Attempt, Secrets]:
        """Give the log-in that is answered, which is thereby over.

        Raises:
            Unauthenticated: there is none: never begun, answered already, begun in another browser, or too long ago.
        """
        with self._database.writing() as connection:
            row = connection.execute(
                "DELETE FROM sign_in WHERE state_hash = ? AND browser_hash = ? AND provider = ? AND expires_at > ?"
                " RETURNING redirect_uri, next",
                (digest(state), digest(browser), provider, seconds_of(self._clock())),
            ).fetchone()
        if row is None:
            raise Unauthenticated(
                "this log-in was not begun in this browser, is over already, or took longer than"
                f" {DURATION.total_seconds() / 60:.0f} minutes: begin again",
                field="state",
            )
        return Attempt(provider=provider, redirect_uri=row[0], next=row[1]), Secrets.of(browser, state=state)
