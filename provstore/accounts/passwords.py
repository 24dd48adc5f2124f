"""Passwords, for the log-in page only: hashed by Argon2id; a check takes as long for an unknown name."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from provstore.accounts.attempts import Attempts
from provstore.accounts.database import Database
from provstore.accounts.persons import Person, read_persons
from provstore.errors import Forbidden, Invalid, Unavailable

__all__ = ["LEAST_LENGTH", "Passwords"]

LEAST_LENGTH: Final = 12
_MOST_LENGTH: Final = 1024
_AT_ONCE: Final = 4
"""Each takes 64 MiB of memory while it is made."""
_PATIENCE: Final = 10.0


class Passwords:
    """The passwords of those who have one.

    Args:
        database: Where their hashes are.
        clock: The present instant.
        failures_max: So many failed log-ins are taken in a quarter of an hour, 0 for any number.
        hasher: How dear a hash is; RFC 9106's profile for servers by default. A newer profile is taken up by `check`.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime],
        failures_max: int,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._database = database
        self._attempts = Attempts(database, clock=clock, most=failures_max)
        self._hasher = hasher or PasswordHasher()
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._nobody = ""

    def set(self, person: Person, password: str) -> None:
        """Set a password; the person's sessions end.

        Raises:
            Invalid: it is too short, too long, or the account's name.
        """
        text = _normal(password)
        if not LEAST_LENGTH <= len(text) <= _MOST_LENGTH:
            raise Invalid(
                f"a password of {len(text)} characters: {LEAST_LENGTH} to {_MOST_LENGTH} are needed", field="password"
            )
        if person.name.lower() in {text.lower(), text.lower()[::-1]}:
            raise Invalid("the password is the account's name: another one is needed", field="password")
        hashed = self._hash(text)
        with self._database.writing() as connection:
            connection.execute("UPDATE person SET password = ? WHERE agent = ?", (hashed, person.agent))
            connection.execute("DELETE FROM session WHERE agent = ?", (person.agent,))

    def remove(self, person: Person) -> None:
        """Take a person's password away; his sessions end."""
        with self._database.writing() as connection:
            connection.execute("UPDATE person SET password = '' WHERE agent = ?", (person.agent,))
            connection.execute("DELETE FROM session WHERE agent = ?", (person.agent,))

    def check(self, name: str, password: str, *, address: str) -> Person:
        """Tell who signs in with this name and password.

        Raises:
            Forbidden: the name or the password is wrong, or the account is not active.
            TooMany: too many log-ins have failed of this account, or from this address.
            Unavailable: too many are being checked.
        """
        counted = self._attempts.begin(name=name, address=address)
        hashed, person = self._read(name)
        right = self._verify(hashed or self._of_nobody(), password)
        if not (right and hashed and person is not None and person.active):
            raise Forbidden("the name or the password is wrong", field="password")
        self._attempts.succeed(counted)
        if self._hasher.check_needs_rehash(hashed):
            fresh = self._hash(_normal(password))
            with self._database.writing() as connection:
                connection.execute(
                    "UPDATE person SET password = ? WHERE agent = ? AND password = ?", (fresh, person.agent, hashed)
                )
        return person

    def _read(self, name: str) -> tuple[str, Person | None]:
        with self._database.reading() as connection:
            row = connection.execute("SELECT password FROM person WHERE name = ?", (name,)).fetchone()
            return (row[0], next(read_persons(connection, "name = ?", name))) if row else ("", None)

    def _of_nobody(self) -> str:
        """A hash that is checked where there is none, so that the answer takes as long."""
        if not self._nobody:
            self._nobody = self._hash("of nobody")
        return self._nobody

    def _hash(self, text: str) -> str:
        with self._turn():
            return self._hasher.hash(text)

    def _verify(self, hashed: str, password: str) -> bool:
        if len(password) > _MOST_LENGTH:
            return False
        with self._turn():
            try:
                return self._hasher.verify(hashed, _normal(password))
            except (VerificationError, InvalidHashError):
                return False

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=_PATIENCE):
            raise Unavailable("too many passwords are being checked: try again in a moment")
        try:
            yield
        finally:
            self._turns.release()


def _normal(password: str) -> str:
    """The same characters, however the keyboard composed them."""
    return unicodedata.normalize("NFKC", password)
