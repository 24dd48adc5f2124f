"""The end of a job's run, and the end of its files: what may take long, for results are read from end to end."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from provstore.errors import Conflict, Invalid, NotFound
from provstore.graph.model import Kind, Relation, Value
from provstore.graph.store import Change, Update, Upsert
from provstore.uws.agents import software
from provstore.uws.catalog import Catalog
from provstore.uws.files import Files
from provstore.uws.jobs import Failure, Job
from provstore.uws.phases import Phase
from provstore.uws.ports import START_LOG, Clock, Observation, State
from provstore.uws.quotas import bytes_below
from provstore.uws.records import Move, Records
from provstore.uws.running.collect import Collected, collect
from provstore.uws.running.environment import reason_not_entered
from provstore.uws.running.internal_provenance import (
    FILE_NAME,
    read_internal_provenance,
    remarks_text,
    scene_of,
    without,
)
from provstore.uws.running.observed import Observed
from provstore.uws.running.told.scene import Told
from provstore.uws.running.verdicts import Verdict, verdict_of

__all__ = ["Endings", "not_before"]

_DETAIL: Final = 4096
"""Bytes of stderr kept with an error."""

_SCHEDULER: Final = 2
"""Its place among the agents of a job: the owner and provstore come first."""

_Put = dict[str, Value | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endings:
    """Writes down how a job ended, and removes what is to go. Each method is one transaction and can be repeated.

    ``ended`` is called with each job that is over; ``remove`` with one whose files on other machines are to go.
    """

    records: Records
    catalog: Catalog
    files: Files
    clock: Clock
    remove: Callable[[Job], None]
    ended: Callable[[Job], None]

    def finish(self, job: Job, observation: Observation) -> None:
        """Write the phase, the results and all that is known of the run in one transaction."""
        verdict = verdict_of(observation, limit=job.execution_duration)
        collected, told = self._harvest(job, observation)
        if verdict.phase is Phase.COMPLETED and collected.problems:
            verdict = Verdict(phase=Phase.ERROR, message="; ".join(collected.problems))
        written_at = self.clock()
        at = not_before(job.started_at or job.created_at, observation.ended_at or written_at, written_at)
        move = Move(
            phase=verdict.phase,
            at=at,
            written_at=written_at,
            cause=f"executor {job.executor}",
            missed_at=_missed_at(job, observation, verdict, ended_at=at),
            put={
                **self._facts(job, observation, collected),
                **self._error(job, observation, verdict),
                "ended_at": at,
                **_OVER,
            },
        )

        scheduler = self._scheduler(job, observation)

        def write(further: Sequence[Change], told: Told) -> None:
            put = {**move.put, **_remarks(told)}
            changes = (*scheduler, *further)
            self.records.move(job, replace(move, cause=_with_count(move.cause, told), put=put), further=changes)

        _write_told(collected, told, write)
        self.ended(job)

    def close(self, job: Job, observation: Observation) -> None:
        """Let go of a job that is over for its client, and of whose run nothing is left."""
        if job.deleted:
            self._forget(job)
            return
        collected, told = (Collected(), Told()) if job.results else self._harvest(job, observation)
        facts = {**self._facts(job, observation, collected), **_OVER}

        def write(further: Sequence[Change], told: Told) -> None:
            self.records.put(job, {**facts, **_remarks(told)}, further=further)

        _write_told(collected, told, write)
        self.ended(job)

    def fail(self, job: Job, failure: Failure) -> None:
        """Bring a job whose step can't be done to ERROR, with the reason, so that it tells the truth."""
        at = self.clock()
        kind = "transient" if failure.transient else "fatal"
        put: _Put = {"ended_at": at, "error_type": kind, "error_message": failure.message, **_OVER}
        put["error_detail"] = _last_words(self.files.run(job.id)) or None
        put["disk_bytes"] = bytes_below(self.files.job(job.id)) or None
        self.records.move(job, Move(phase=Phase.ERROR, at=at, cause="supervisor", put=put))
        self.ended(job)

    def archive(self, job: Job) -> None:
        """Remove the files of a job whose destruction time has come; the graph keeps its place."""
        at = self.clock()
        self.remove(job)
        self.files.remove_job(job.id)
        put: _Put = {"expires_at": None, "disk_bytes": None}
        move = Move(phase=Phase.ARCHIVED, at=at, cause="destruction", put=put)
        self.records.move(job, move, further=self._invalidations(job))
        self.ended(job)

    def _forget(self, job: Job) -> None:
        """Remove the files first: the graph says that they are gone only when they are."""
        self.remove(job)
        self.files.remove_job(job.id)
        put: _Put = {"expires_at": None, "disk_bytes": None, **_OVER}
        self.records.put(job, put, further=self._invalidations(job))
        self.ended(job)

    def _harvest(self, job: Job, observation: Observation) -> tuple[Collected, Told]:
        """Find what a run left behind, what was wrong with it, and what its script says of it."""
        run = self.files.run(job.id)
        if observation.state is State.ABSENT or not run.is_dir():
            return Collected(), Told()
        store = self.records.store
        at = observation.ended_at or self.clock()
        revision = self.catalog.revision(job.revision)
        observed = Observed(job, store)
        collected = collect(job, revision, files=self.files, namespace=store.namespace, at=at, observed=observed)
        return collected, read_internal_provenance(scene_of(job, collected.files, run, store), run)

    def _facts(self, job: Job, observation: Observation, collected: Collected) -> _Put:
        """Give what is known of the run. Results count as the job's bytes wherever they lie: they may come any time."""
        facts: _Put = {
            "started_at": observation.started_at or job.started_at,
            "exit_code": observation.exit_code,
            "host": observation.host or job.host or None,
            "cpu_seconds": observation.cpu_seconds,
            "max_rss": observation.max_rss,
            "disk_bytes": bytes_below(self.files.job(job.id)) + collected.elsewhere or None,
        }
        return {**{name: value for name, value in facts.items() if value is not None}, **observation.facts}

    def _scheduler(self, job: Job, observation: Observation) -> tuple[Change, ...]:
        """Say which scheduler ran the job, as an agent, if one did."""
        if observation.software is None:
            return ()
        namespace = self.records.store.namespace
        agent = software(namespace, *observation.software)
        key = f"{job.id}.a{_SCHEDULER:04d}"
        kind = Kind.WAS_ASSOCIATED_WITH
        return (Upsert(agent), Upsert(Relation(key, kind, job.node, agent.id, "Scheduler")))

    def _error(self, job: Job, observation: Observation, verdict: Verdict) -> _Put:
        if not verdict.message:
            return {}
        detail = _last_words(self.files.run(job.id))
        return {
            "error_type": "transient" if verdict.transient else "fatal",
            "error_message": reason_not_entered(observation.exit_code, detail) or verdict.message,
            "error_detail": detail or None,
        }

    def _invalidations(self, job: Job) -> list[Update]:
        """Say of every entity whose file lay with this job that it is gone."""
        folder = f"jobs/{job.id}/"
        results = [one.entity for one in job.results]
        uploads = [one.entity for one in job.inputs if one.entity and one.location.startswith(folder)]
        at = self.clock()
        return [
            Update(node=node, expected={}, put={"invalidated_at": at, "location": None}) for node in results + uploads
        ]


def not_before(least: datetime, at: datetime, most: datetime) -> datetime:
    """Give an instant that another machine's clock told, kept between two of our own."""
    return max(least, min(at, most))


def _write_told(collected: Collected, told: Told, write: Callable[[Sequence[Change], Told], None]) -> None:
    """Write what a run left and what its script told; if the store refuses that, the former alone, with the reason.

    Whatever else the store has against the batch, it says again.
    """
    try:
        write(collected.with_told(told), told)
    except (Conflict, Invalid, NotFound) as error:
        if not told.says_something:
            raise
        plain = without(told, error.message)
        write(collected.with_told(plain), plain)


def _remarks(told: Told) -> _Put:
    return {"remarks": remarks_text(told.remarks)} if told.remarks else {}


def _with_count(cause: str, told: Told) -> str:
    """Tell in a job's history that its script was not believed in everything; jobInfo has the remarks."""
    count = len(told.remarks)
    return f"{cause}; {count} remark{'s' if count > 1 else ''} on {FILE_NAME}" if count else cause


_OVER: Final[_Put] = {"open": None, "waits_for": None}
"""What no job has any more that is over."""


def _missed_at(job: Job, observation: Observation, verdict: Verdict, *, ended_at: datetime) -> datetime | None:
    """Tell when a job began to execute whose beginning was never told; None if it was, or if it never began."""
    if job.phase not in {Phase.QUEUED, Phase.HELD}:
        return None
    if observation.started_at is None:
        return ended_at if verdict.phase is Phase.COMPLETED else None
    return not_before(job.created_at, observation.started_at, ended_at)


def _last_words(run: Path) -> str:
    """Give the end of what the script complained of; of a script that never began, of what tried to start it."""
    return _tail(run / ("stderr" if (run / "stderr").is_file() else START_LOG))


def _tail(file: Path) -> str:
    """Give the last lines of a log, whole, as text that the graph can keep."""
    if not file.is_file():
        return ""
    with file.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - _DETAIL))
        text = stream.read().decode("utf-8", "replace").replace("\x00", "\ufffd")
    return text if size <= _DETAIL else text.partition("\n")[2] or text
