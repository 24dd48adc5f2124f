"""Where a job runs or waits, as its page says it: a sentence, and what is known besides, in words with units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import isfinite
from typing import Final

from provstore.clusters import LOCAL
from provstore.graph.model import Value
from provstore.resources import seconds_of
from provstore.uws.clusters.placement import resources_of
from provstore.uws.jobs import Job
from provstore.uws.phases import FINAL, Phase
from provstore.uws.queue.rules import Wait
from provstore.web.pages.words import duration, size

__all__ = ["Whereabouts", "cause_in_words", "is_held_there", "whereabouts"]

_NUMBER: Final = "slurmJobId"
_PARTITION: Final = "partition"
_MISSED: Final = "inferred"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """``sentence`` says where the job is and why; ``facts`` are names and values. Either may be empty."""

    title: str
    sentence: str
    facts: tuple[tuple[str, str], ...]


def whereabouts(job: Job, wait: Wait) -> Whereabouts:
    """Say where a job is; of one that runs on this machine only what is worth a word."""
    if job.executor in {"", LOCAL}:
        why = _why(wait)
        sentence = f"Waits: {why}." if why else ""
        return Whereabouts(title="How it ran", sentence=sentence, facts=tuple(_spent(job, {})))
    ran = dict(job.ran)
    title = "Where it ran" if job.phase in FINAL else "Where it runs"
    return Whereabouts(title=title, sentence=_sentence(job, ran, wait), facts=tuple(_facts(job, ran)))


def is_held_there(job: Job) -> bool:
    """Tell whether a cluster holds a job, so that nobody here can let it go on."""
    return job.phase is Phase.HELD and _NUMBER in dict(job.ran)


def cause_in_words(cause: str) -> str:
    """Say who or what caused a change of phase."""
    return "not told at the time, found out afterwards" if cause == _MISSED else cause


def _why(wait: Wait) -> str:
    place = f"place {wait.place} in the queue here" if wait.place else ""
    return f"{wait.reason} ({place})" if wait.reason and place else wait.reason or place


def _sentence(job: Job, ran: Mapping[str, Value], wait: Wait) -> str:
    """The place in the queue here is that of a job that the cluster has not taken yet."""
    taken = _NUMBER in ran
    number = f"SLURM job {ran[_NUMBER]}" if taken else ""
    where = f"cluster {job.executor}{f' as {number}' if taken else ''}"
    nodes = f", on {ran['slurmNodes']}" if ran.get("slurmNodes") else ""
    why = wait.reason if taken else _why(wait)
    told = f": {why}" if why else ""
    words = _TAKEN if taken else _NOT_TAKEN
    if job.phase is Phase.QUEUED and taken and number in why:
        return f"Waits {why}."
    if job.phase in FINAL:
        return f"Ran on {where}{nodes}." if job.started_at else f"Ended before it began on {where}."
    return words[job.phase].format(where=where, nodes=nodes, told=told)


_TAKEN: Final[Mapping[Phase, str]] = {
    Phase.PENDING: "Will run on {where} once it is started.",
    Phase.QUEUED: "Waits on {where}{told}.",
    Phase.HELD: "Waits on {where}{told}. It goes on when it is released there.",
    Phase.EXECUTING: "Runs on {where}{nodes}{told}.",
    Phase.SUSPENDED: "Is suspended on {where}{nodes}{told}.",
    Phase.UNKNOWN: "Was last seen on {where}{told}.",
}
_NOT_TAKEN: Final[Mapping[Phase, str]] = {
    **_TAKEN,
    Phase.QUEUED: "Waits here to be sent to {where}{told}.",
    Phase.HELD: "Will be sent to {where} when it is let go on here{told}.",
}


def _facts(job: Job, ran: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    resources = resources_of(job.resources)
    partition = ran.get("slurmPartition") or resources.get(_PARTITION)
    if partition:
        yield "Partition", str(partition)
    asked = ", ".join(_asked(name, value) for name, value in resources.items() if name != _PARTITION)
    if asked:
        yield "Asked for", asked
    queued = _seconds(ran, "queueSeconds")
    if queued is not None:
        yield "Time in the queue there", duration(queued)
    yield from _spent(job, ran)


def _asked(name: str, value: str) -> str:
    if name == "time" and isfinite(seconds_of(value)):
        return f"{name} {duration(timedelta(seconds=seconds_of(value)))}"
    if name == "mem" and value.isdecimal():
        return f"{name} {value}M"
    return f"{name} {value}"


def _spent(job: Job, ran: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """What the run took."""
    elapsed = _seconds(ran, "elapsedSeconds")
    if elapsed is None and job.started_at and job.ended_at:
        elapsed = job.ended_at - job.started_at
    if elapsed is not None:
        yield "Ran for", duration(elapsed)
    if job.cpu_seconds is not None:
        yield "Processor time", duration(timedelta(seconds=job.cpu_seconds))
    if job.max_rss:
        yield "Most memory", size(job.max_rss)


def _seconds(ran: Mapping[str, Value], name: str) -> timedelta | None:
    value = ran.get(name)
    return timedelta(seconds=value) if isinstance(value, int | float) else None
