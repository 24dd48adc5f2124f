"""What an operator is told of a job on a cluster."""

from __future__ import annotations

from datetime import datetime

from provstore.uws.executors.slurm.record import Record
from provstore.uws.executors.slurm.telling import observed
from provstore.uws.ports import State
from provstore.uws.spans import about

__all__ = ["explained"]


def explained(record: Record, *, at: datetime) -> str:
    """Say in a few sentences what is known of a job."""
    said = [_sent(record, at)]
    if record.row is not None and record.asked_at is not None:
        reason = f" ({record.row.reason})" if record.row.reason else ""
        said.append(f"SLURM said {record.row.word}{reason} {_ago(record.asked_at, at)}.")
    if record.missing_at is not None:
        said.append(f"SLURM has not known it for {about(at - record.missing_at)}.")
    if record.number is not None:
        said.append(_heard(record, at))
    if record.aborted_at is not None:
        said.append(f"It was told to end {_ago(record.aborted_at, at)}.")
    if record.status_queries:
        times = "once" if record.status_queries == 1 else f"{record.status_queries} times"
        said.append(f"SLURM was asked about it {times}.")
    return " ".join(said)


def _sent(record: Record, at: datetime) -> str:
    account = f" in the account {record.account}" if record.account else ""
    if record.number is None:
        how = "no answer came yet" if record.uncertain else "SLURM did not take it"
        return f"It was offered to cluster {record.cluster}{account} {_ago(record.begun_at, at)}; {how}."
    sent_at = record.submitted_at or record.begun_at
    return f"It is job {record.number} of SLURM on cluster {record.cluster}{account}, handed over {_ago(sent_at, at)}."


def _heard(record: Record, at: datetime) -> str:
    """Tell when its own word was read last, be it after a signal or because it was looked for."""
    if record.heard_at is None:
        return "It never said a word of its own." if _is_over(record) else "It has not been heard of yet."
    word = "it has ended" if record.ended_at else "it has begun"
    return f"It was last heard of {_ago(record.heard_at, at)}: {word}."


def _is_over(record: Record) -> bool:
    seen = observed(record.row) if record.row else None
    return record.brought or (seen is not None and seen.state is State.ENDED)


def _ago(then_at: datetime, at: datetime) -> str:
    return f"{about(at - then_at)} ago"
