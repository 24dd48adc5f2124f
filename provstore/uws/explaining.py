"""Why a job is where it is, in one paragraph: its history, its executor's word, and what comes next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from provstore.uws.jobs import Change, Job
from provstore.uws.phases import ACTIVE, FINAL, Phase
from provstore.uws.queue.rules import Wait
from provstore.uws.spans import about

__all__ = ["Standing", "explained"]

_WAITING: Final = frozenset({Phase.QUEUED, Phase.HELD, Phase.SUSPENDED})

_SOON: Final = timedelta(seconds=10)
"""An end that is known of so soon is told of as if it were known at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of a job besides itself.

    ``said`` is what its executor says of it; ``trouble``: whether that can't be reached; ``supervised``: whether any
    process looks after jobs now.
    """

    job: Job
    wait: Wait
    said: str
    trouble: bool
    supervised: bool
    at: datetime

    @property
    def change(self) -> Change:
        """The change that brought it into its phase; of the words of one phase the oldest holds."""
        found = Change(phase=self.job.phase, at=self.job.created_at, cause="")
        for one in reversed(self.job.history):
            if one.phase is not self.job.phase:
                break
            found = one
        return found


def explained(standing: Standing) -> str:
    """Say it in one paragraph."""
    job = standing.job
    sentences = (_phase(standing), _waits(standing), standing.said, _NEXT[job.phase](standing), _unsupervised(standing))
    return " ".join(text for text in sentences if text)


def _phase(standing: Standing) -> str:
    job, change = standing.job, standing.change
    since = f"since {change.at:%Y-%m-%d %H:%M:%S}Z ({about(standing.at - change.at)})"
    by = f", by {change.cause}" if change.cause else ""
    gone = " It was deleted." if job.deleted else ""
    return f"Job {job.id} of {job.service} is {job.phase} {since}{by}.{_late(standing)}{gone}"


def _late(standing: Standing) -> str:
    """Tell how long the end of a job was not known of."""
    job, known_at = standing.job, standing.change.at
    if job.phase not in FINAL or job.ended_at is None or known_at < job.ended_at + _SOON:
        return ""
    return f" It had ended {about(known_at - job.ended_at)} before that was known."


def _waits(standing: Standing) -> str:
    wait, job = standing.wait, standing.job
    place = f"It is number {wait.place} in the queue of {job.executor}." if wait.place else ""
    why = wait.reason or job.waits_for if job.phase in ACTIVE else ""
    head = "It waits" if job.phase in _WAITING else "At present"
    return " ".join(text for text in (place, _sentence(f"{head}: {why}") if why else "") if text)


def _sentence(text: str) -> str:
    """End a text as a sentence ends, once."""
    return text if text.endswith(("?", "!")) else f"{text.rstrip('.')}."


def _unsupervised(standing: Standing) -> str:
    if standing.supervised or standing.job.phase in FINAL | {Phase.PENDING}:
        return ""
    return "No server runs on this data directory, so nobody looks after it: start one with provstore serve."


# --- what comes next, by phase


def _pending(_standing: Standing) -> str:
    return "It was never started: its owner starts it with PHASE=RUN."


def _queued(standing: Standing) -> str:
    if standing.trouble:
        return "It goes on by itself once that is mended."
    if standing.said:
        return "It begins when the scheduler of the cluster lets it."
    return "It begins by itself when its turn has come."


def _held(standing: Standing) -> str:
    if standing.said:
        return "It begins when it is released on the cluster (scontrol release), or by its administrators."
    return "It begins when its owner starts it with PHASE=RUN."


def _executing(standing: Standing) -> str:
    job = standing.job
    where = f"It runs on {job.host}." if job.host else ""
    if not job.started_at or not job.execution_duration:
        return where
    ends_at = job.started_at + job.execution_duration
    limit = f"It is ended at {ends_at:%Y-%m-%d %H:%M:%S}Z if it has not ended before (its execution duration)."
    return f"{where} {limit}".strip()


def _suspended(_standing: Standing) -> str:
    return "The scheduler took its processors for others; it goes on by itself."


def _unknown(_standing: Standing) -> str:
    return "Nobody can tell what became of it; that is asked again, until it is heard of or given up as lost."


def _completed(standing: Standing) -> str:
    number = len(standing.job.results)
    return f"All went well; it has {number} result{'' if number == 1 else 's'}."


def _failed(standing: Standing) -> str:
    failure = standing.job.failure
    if failure is None:
        return ""
    again = " This may pass: run it again." if failure.transient else ""
    detail = f" The last lines of its stderr: {failure.detail.strip()}" if failure.detail.strip() else ""
    return f"{_sentence(f'Why: {failure.message}')}{again}{detail}"


def _archived(_standing: Standing) -> str:
    return "Its files are gone, its provenance stays."


_NEXT: Final[Mapping[Phase, Callable[[Standing], str]]] = {
    Phase.PENDING: _pending,
    Phase.QUEUED: _queued,
    Phase.HELD: _held,
    Phase.EXECUTING: _executing,
    Phase.SUSPENDED: _suspended,
    Phase.UNKNOWN: _unknown,
    Phase.COMPLETED: _completed,
    Phase.ERROR: _failed,
    Phase.ABORTED: _failed,
    Phase.ARCHIVED: _archived,
}
"""What is to be said at the end, of every phase."""
