"""What clients may do to the phase of a job, each as one change of its node."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from provstore.errors import WrongPhase
from provstore.graph.model import Value
from provstore.graph.store import Update
from provstore.uws.jobs import Job
from provstore.uws.phases import FINAL, Phase, client_may_move
from provstore.uws.records import Move, guarded, moved

__all__ = ["client_move", "deletion", "left_nothing"]

_RULES: Final = {
    Phase.QUEUED: "only PENDING or HELD jobs can be started",
    Phase.ABORTED: "a job that has ended can't be aborted",
}


def client_move(job: Job, to: Phase, *, at: datetime, cause: str) -> Update:
    """Give the change that queues or aborts a job.

    Raises:
        WrongPhase: its phase does not allow that.
    """
    if not client_may_move(job.phase, to):
        raise WrongPhase(job.id, phase=job.phase, rule=_RULES[to])
    put: dict[str, Value | None] = {"open": True} if to is Phase.QUEUED or job.open else {}
    put |= {"ended_at": at} if to is Phase.ABORTED else {}
    return moved(job, Move(phase=to, at=at, cause=cause, put=put))


def left_nothing(job: Job) -> bool:
    """Tell whether a job never ran and keeps no file: when it goes, the supervisor has nothing to clear."""
    return job.phase is Phase.PENDING and not job.inputs and not job.open


def deletion(job: Job, *, at: datetime, cause: str) -> Update:
    """Give the change that deletes a job: its process ends, files and UWS view go, its place in the graph stays."""
    put: dict[str, Value | None] = {"deleted": True, "open": True}
    if job.kept_by:
        put |= {"kept_by": None, "kept_at": None, "lapses_at": None}
    if left_nothing(job):
        put |= {"open": None, "expires_at": None}
    if job.phase in FINAL:
        return guarded(job, {**put, "changed_at": at})
    return moved(job, Move(phase=Phase.ABORTED, at=at, cause=cause, put={**put, "ended_at": at}))
