"""What became of a job: its own word first, then SLURM's, then the silence. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from provstore.graph.model import Value
from provstore.uws.executors.slurm.record import Record
from provstore.uws.executors.slurm.telling import observed
from provstore.uws.ports import Cause, Observation, State

__all__ = ["ASKED_FOR", "is_doubtful", "judge"]

ASKED_FOR: Final = timedelta(seconds=40)
"""So long SLURM is asked why it ended a job, whose own word does not tell."""

_ENDED_BY_OTHERS: Final = frozenset({137, 143})
"""Exit codes after KILL and TERM, which SLURM may have sent to the script, or to the programs that it ran, first."""

_SOFTWARE: Final = "SLURM"


def judge(record: Record, status: Observation | None, *, at: datetime, lost_after: timedelta) -> Observation:
    """Tell how a job is.

    Args:
        record: What the connector noted.
        status: The wrapper's own word, None as long as there is none.
        at: Now.
        lost_after: How long SLURM may not know a job that says nothing.
    """
    seen = _seen(record, status, at=at, lost_after=lost_after)
    own = status.facts if status is not None else {}
    software = (_SOFTWARE, record.software) if record.software else None
    memory = [one for one in (seen.max_rss, record.row.max_rss if record.row else None) if one is not None]
    return replace(seen, max_rss=max(memory, default=None), facts={**own, **_facts(record, seen)}, software=software)


def is_doubtful(record: Record, status: Observation) -> bool:
    """Tell whether the wrapper's word leaves open who ended it: the time limit, a person, or the machine."""
    if status.state is not State.ENDED or record.aborted_at is not None:
        return False
    return status.cause is Cause.ABORT or _was_killed(status)


def _was_killed(status: Observation) -> bool:
    return status.cause in {Cause.EXIT, Cause.SIGNAL} and status.exit_code in _ENDED_BY_OTHERS


def _seen(record: Record, status: Observation | None, *, at: datetime, lost_after: timedelta) -> Observation:
    told = observed(record.row) if record.row else None
    if status is not None and status.state is State.ENDED:
        return _ended(record, status, told, at)
    if told is not None and told.state is State.ENDED and not _claims_success(told):
        return _with_status(told, status)
    if record.missing_at is not None or (told is not None and told.state is State.ENDED):
        return _missing(record, status, told, at=at, lost_after=lost_after)
    if status is not None and not (told and told.state is State.SUSPENDED):
        return status
    return _waiting(record, told)


def _ended(record: Record, status: Observation, told: Observation | None, at: datetime) -> Observation:
    """Believe the wrapper, and SLURM as to who ended it."""
    if record.aborted_at is not None and _was_killed(status):
        return replace(status, cause=Cause.ABORT)  # its processes heard of it before the wrapper did
    if not is_doubtful(record, status):
        return status
    if told is not None and told.state is State.ENDED:
        is_news = told.cause not in {Cause.EXIT, Cause.SIGNAL}
        return replace(status, cause=told.cause, message=told.message) if is_news else status
    if record.ended_at is not None and at < record.ended_at + ASKED_FOR:
        return replace(status, state=State.RUNNING, cause=None, message="it has ended; SLURM is asked why")
    return status


def _claims_success(told: Observation) -> bool:
    """Absence of the wrapper's word is never success."""
    return told.cause is Cause.EXIT and told.exit_code == 0


def _with_status(told: Observation, status: Observation | None) -> Observation:
    """Take from the wrapper's last word what SLURM does not know."""
    if status is None:
        return told
    return replace(told, started_at=status.started_at or told.started_at, host=status.host or told.host)


def _missing(
    record: Record, status: Observation | None, told: Observation | None, *, at: datetime, lost_after: timedelta
) -> Observation:
    """Wait for a job that nobody knows any more, then give it up."""
    since_at = record.missing_at or record.asked_at or at
    started_at = status.started_at if status else None
    what = "says that it completed, yet it left no record of its end" if told else "does not know it any more"
    message = f"SLURM job {record.number} on {record.cluster}: SLURM {what}"
    if at < since_at + lost_after:
        return Observation(state=State.UNKNOWN, message=message, started_at=started_at)
    return Observation(state=State.LOST, message=f"lost: {message}", started_at=started_at)


def _waiting(record: Record, told: Observation | None) -> Observation:
    if told is not None and told.state is not State.WAITING:
        return told
    place = f"in the queue of {record.cluster} as SLURM job {record.number}"
    why = f"{place}: {told.message}" if told and told.message else place
    return Observation(state=State.WAITING, message=why)


def _facts(record: Record, seen: Observation) -> dict[str, Value]:
    """What goes into the graph of how the job went through the cluster. Durations are seconds."""
    row = record.row
    facts: dict[str, Value | None] = {
        "cluster": record.cluster,
        "slurm_job_id": record.number,
        "slurm_partition": row.partition if row else None,
        "slurm_nodes": row.nodes if row else None,
        "modules": record.modules,
    }
    if record.submitted_at and seen.started_at:
        facts["queue_seconds"] = round(max(0.0, (seen.started_at - record.submitted_at).total_seconds()), 3)
    if seen.state is State.ENDED and seen.started_at and seen.ended_at:
        facts["elapsed_seconds"] = round(max(0.0, (seen.ended_at - seen.started_at).total_seconds()), 3)
    if seen.state in {State.ENDED, State.LOST}:
        facts["status_queries"] = record.status_queries
    return {name: value for name, value in facts.items() if value not in {None, ""}}
