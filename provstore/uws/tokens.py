"""What proves something by itself, so that nothing need be stored: HMACs of the token's subject.

With the token of its job a wrapper signals; by a ticket a program without an account reads one file for some minutes.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from provstore.errors import Forbidden, Unauthenticated

__all__ = ["JobTokens"]


class JobTokens:
    """Makes and checks the tokens of jobs.

    Args:
        secret: The server's secret, at least 32 random bytes.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def token(self, job_id: str) -> str:
        """Give the token of a job."""
        return hmac.new(self._secret, f"signal:{job_id}".encode(), hashlib.sha256).hexdigest()

    def check(self, job_id: str, token: str) -> None:
        """Refuse a wrong token in the same words, and time, as one for an unknown job.

        Raises:
            Unauthenticated: the token is not this job's.
        """
        if not hmac.compare_digest(self.token(job_id).encode(), token.encode()):
            raise Unauthenticated("the token is not that of a job known here")

    def ticket(self, node: str, *, until_at: datetime) -> str:
        """Give a ticket for the file of an entity, which is worth something until an instant."""
        seconds = int(until_at.timestamp())
        return f"{seconds}.{self._signed(node, seconds)}"

    def check_ticket(self, node: str, ticket: str, *, at: datetime) -> None:
        """Let pass who has a ticket for this very file, in time.

        Raises:
            Forbidden: the ticket is not for this file, or over.
        """
        given, _, signature = ticket.partition(".")
        seconds = int(given) if given.isascii() and given.isdecimal() and len(given) < 12 else 0
        right = self._signed(node, seconds)
        if not hmac.compare_digest(right.encode(), signature.encode()) or at.timestamp() >= seconds:
            raise Forbidden("the ticket is not for this file, or over; who may read the file can make a new one")

    def _signed(self, node: str, seconds: int) -> str:
        return hmac.new(self._secret, f"file:{seconds}:{node}".encode(), hashlib.sha256).hexdigest()
