"""How often a log-in has failed lately, for an account and from an address: guessing gets slow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from provstore.accounts.database import Database, seconds_of
from provstore.errors import TooMany

__all__ = ["Attempts"]

_WINDOW: Final = timedelta(minutes=15)
_LONGEST: Final = 100
"""Characters of a name: whoever guesses must not fill the file."""


class Attempts:
    """The log-ins that failed within the last quarter of an hour, counted for all processes together.

    Args:
        database: Where they are counted.
        clock: The present instant.
        most: So many failures are taken, 0 for any number.
    """

    def __init__(self, database: Database, *, clock: Callable[[], datetime], most: int) -> None:
        self._database = database
        self._clock = clock
        self._most = most

    def begin(self, *, name: str, address: str) -> tuple[str, str]:
        """Count an attempt as failed before it is made, so that many at once do not slip through.

        Returns:
            What it was counted under; for ``succeed``.

        Raises:
            TooMany: there were too many of this account, or from this address.
        """
        subjects = (f"account {name[:_LONGEST]}", f"address {_network(address)}")
        now_at = self._clock()
        with self._database.writing() as connection:
            connection.execute("DELETE FROM failure WHERE failed_at <= ?", (seconds_of(now_at - _WINDOW),))
            for subject in subjects:
                count, first = connection.execute(
                    "SELECT count(*), min(failed_at) FROM failure WHERE subject = ?", (subject,)
                ).fetchone()
                if 0 < self._most <= count:
                    free = first + int(_WINDOW.total_seconds()) - int(now_at.timestamp())
                    raise TooMany(f"{count} log-ins of this account, or from this address, failed lately", seconds=free)
            connection.executemany(
                "INSERT INTO failure (subject, failed_at) VALUES (?, ?)",
                [(one, seconds_of(now_at)) for one in subjects],
            )
        return subjects

    def succeed(self, subjects: tuple[str, str]) -> None:
        """Take back what was counted: the account's failures are forgiven, of the address's only this one."""
        account, address = subjects
        with self._database.writing() as connection:
            connection.execute("DELETE FROM failure WHERE subject = ?", (account,))
            connection.execute(
                "DELETE FROM failure WHERE rowid = (SELECT max(rowid) FROM failure WHERE subject = ?)", (address,)
            )


def _network(address: str) -> str:
    """Give what one client has: an IPv4 address, or the 64 bits of IPv6 within which it may choose freely."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ip_network((known, 64), strict=False)) if isinstance(known, IPv6Address) else str(known)
