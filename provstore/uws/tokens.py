"""The token with which a job's wrapper signals: an HMAC of the job id, so that nothing need be stored."""

from __future__ import annotations

import hashlib
import hmac

from provstore.errors import Unauthenticated

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
