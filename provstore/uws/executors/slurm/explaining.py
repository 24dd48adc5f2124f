"""What an operator is told of a job on a cluster."""

from __future__ import annotations

from datetime import datetime

from provstore.uws.executors.slurm.record import Record

__all__ = ["explained"]


def explained(record: Record, *, trouble: str, at: datetime) -> str:
    """Say in a few sentences what is known of a job."""
    said = [_sent(record, at)]
    if record.row is not None and record.asked_at is not None:
        reason = f" ({record.row.reason})" if record.row.reason else ""
        said.append(f"SLURM said {record.row.word}{reason} {_ago(record.asked_at, at)}.")
    if record.missing_at is not None:
        said.append(f"SLURM has not known it since {_ago(record.missing_at, at)}.")
    said.append(_heard(record, at))
    if record.aborted_at is not None:
        said.append(f"It was told to end {_ago(record.aborted_at, at)}.")
    if record.status_queries:
        said.append(f"SLURM was asked about it {record.status_queries} times.")
    if trouble:
        said.append(f"There is trouble now: {trouble.rstrip('.')}.")
    return " ".join(said)


def _sent(record: Record, at: datetime) -> str:
    account = f" in the account {record.account}" if record.account else ""
    if record.number is None:
        how = "no answer came yet" if record.uncertain else "SLURM did not take it"
        return f"It was offered to cluster {record.cluster}{account} {_ago(record.begun_at, at)}; {how}."
    sent_at = record.submitted_at or record.begun_at
    return f"It is job {record.number} of SLURM on cluster {record.cluster}{account}, handed over {_ago(sent_at, at)}."


def _heard(record: Record, at: datetime) -> str:
    if record.heard_at is None:
        return "It has not signalled yet."
    word = "that it ended" if record.ended_at else "that it began"
    return f"It signalled {word} {_ago(record.heard_at, at)}."


def _ago(then_at: datetime, at: datetime) -> str:
    seconds = max(0, int((at - then_at).total_seconds()))
    for size, name in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {name} ago"
    return f"{seconds} s ago"
