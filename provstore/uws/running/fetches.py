"""The port through which the inputs of jobs come here that lie elsewhere."""

from __future__ import annotations

from typing import Final, Protocol

from provstore.uws.jobs import Job

__all__ = ["Fetches", "nothing_to_fetch"]


class Fetches(Protocol):
    """Brings the inputs of jobs here that lie elsewhere."""

    def missing(self, job: Job) -> str:
        """Give "" if all inputs of a job are here; else see to it that they come, and give what is under way.

        Raises:
            FetchFailed: one of them can't be had.
        """

    def drop(self, job_id: str) -> None:
        """Stop it, for a job that is over: when this returns, nothing more is written for the job.

        Raises:
            Unavailable: it can't be stopped at once; try again.
        """


class _NothingToFetch:
    def missing(self, _job: Job) -> str:
        return ""

    def drop(self, _job_id: str) -> None:
        return


nothing_to_fetch: Final[Fetches] = _NothingToFetch()
"""For a site of which all inputs are here."""
