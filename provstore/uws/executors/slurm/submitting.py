"""Handing a job over so that it runs once, whoever dies in between.

Before anything is sent it is noted here that it was. An answer that was lost is looked for: first in the job's own
directory on the cluster, then by the job's name in SLURM's queue and accounting.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from provstore.errors import Busy, Invalid, Unavailable
from provstore.uws.executors.slurm import commands, packing, parsing
from provstore.uws.executors.slurm.reach import Asked, Reach, Refused
from provstore.uws.executors.slurm.record import Notes, Record
from provstore.uws.executors.slurm.refusals import Kind, why_refused
from provstore.uws.executors.slurm.sending import Sending
from provstore.uws.files import Files
from provstore.uws.ports import REQUEST_FILE, Clock

__all__ = ["Submitting"]

_PATIENCE: Final = 3
"""So many times words of SLURM's that nobody knows are taken for something that passes."""

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    job: str
    account: str
    resources: Mapping[str, str]
    inputs: tuple[Mapping[str, str], ...]
    modules: str
    duration: timedelta
    grace: timedelta


class Submitting:
    """Hands jobs over to SLURM.

    Args:
        reach: The cluster.
        notes: What is known of its jobs.
        files: Where inputs are.
        clock: The present instant.
    """

    def __init__(self, reach: Reach, notes: Notes, *, files: Files, clock: Clock) -> None:
        self._reach = reach
        self._notes = notes
        self._sending = Sending(reach=reach, notes=notes, files=files)
        self._clock = clock
        self._pace = _Pace(reach.cluster.rate)

    def submit(self, directory: Path) -> None:
        """Hand a job over that was not yet; see the port's ``start``."""
        if not (directory / "task.json").is_file():
            raise Unavailable(f"job {directory.name} is not staged")
        request = _read_request(directory)
        record = self._notes.get(directory)
        if record is not None and record.uncertain:
            record = self.adopt(directory)
        if record is not None and record.number is not None:
            return
        version = self._reach.prepare(request.account)  # also for one that a process with another wrapper began
        self._pace.wait()
        self._send(directory, request, record or self._begun(request, version))

    def adopt(self, directory: Path) -> Record:
        """Find out what became of a job that was sent without an answer being heard.

        Raises:
            Unavailable: nobody can tell now.
        """
        record = self._notes.get(directory)
        assert record is not None  # noqa: S101 - the caller has seen it
        number = self._number_left(record) or self._number_named(record)
        if number is None:
            return self._notes.change(directory, lambda one: replace(one, uncertain=False))
        at = self._clock()
        return self._notes.change(
            directory, lambda one: replace(one, uncertain=False, number=number, submitted_at=one.submitted_at or at)
        )

    def _begun(self, request: _Request, version: str) -> Record:
        return Record(
            job=request.job,
            cluster=self._reach.cluster.name,
            account=request.account,
            begun_at=self._clock(),
            software=version,
            modules=request.modules,
        )

    def _send(self, directory: Path, request: _Request, record: Record) -> None:
        """Send the job with all that it needs; on disk it stands here that it was sent before it is."""
        reach, job = self._reach, request.job
        remote = reach.directory(request.account, job)
        record = replace(record, folder=str(remote.parent))
        if request.inputs:
            self._notes.put(directory, record)
            self._sending.send(request.account, remote, request.inputs)
        archive = packing.job_archive(directory, job, self._scripts(request.account))
        command = commands.submit(
            job, directory=str(remote), resources=request.resources, duration=request.duration, grace=request.grace
        )
        at = self._clock()
        self._notes.put(directory, replace(record, uncertain=True, attempts=record.attempts + 1, submitted_at=at))
        folder = str(remote.parent)
        ran = reach.script(Asked.SUBMIT, request.account, packing.SUBMIT, folder, job, *command, stdin=archive)
        if ran.code:
            self._refused(directory, ran.err, ran.code)
        number = _number(ran.out)
        if number is None:
            raise Unavailable(f"sbatch on {reach.cluster.name} printed {ran.out[-200:]!r}: a job number was expected")
        self._notes.change(directory, lambda one: replace(one, uncertain=False, number=number))
        if reach.cluster.notifier:
            self._notify(request, number)

    def _scripts(self, account: str) -> list[tuple[str, str]]:
        cluster = self._reach.cluster
        wrapper = self._reach.wrapper(account)
        scripts = [("batch.sh", packing.batch_script(cluster, wrapper))]
        return [*scripts, ("notify.sh", packing.notifier_script(cluster, wrapper))] if cluster.notifier else scripts

    def _refused(self, directory: Path, err: str, code: int) -> None:
        """Raise what an error of sbatch means for the job."""
        refusal = why_refused(err, code)
        words = f"SLURM on {self._reach.cluster.name}: {refusal.message}"
        if code == packing.UNDER_WAY:
            raise Busy(words)  # the earlier attempt will tell
        if refusal.kind is Kind.UNREACHABLE or code == commands.TIMED_OUT:
            raise Busy(words)  # it may have been taken all the same; the cluster itself can be reached
        record = self._notes.change(directory, lambda one: replace(one, uncertain=False))
        if refusal.kind is Kind.BUSY:
            raise Busy(words)
        if refusal.kind is Kind.UNKNOWN and record.attempts < _PATIENCE:
            raise Busy(words)
        raise Invalid(f"{words} (sbatch refused the job)")

    def _number_left(self, record: Record) -> int | None:
        """Read what the submitting command left in the job's directory."""
        with self._reach.files(record.account) as files:
            data = files.read(str(self._reach.there(record) / "number"))
        return _number(data.decode("ascii", "replace")) if data else None

    def _number_named(self, record: Record) -> int | None:
        """Look the job up by name; of two, which can't be, the younger is ended."""
        name = commands.job_name(record.job)
        try:
            rows = parsing.queue(self._reach.ask(Asked.LOOKUP, record.account, commands.find(name)))
        except Refused as error:
            raise Busy(f"SLURM on {self._reach.cluster.name}: {error.refusal.message}") from error
        if not rows:
            with suppress(Refused):  # most clusters keep accounts, some don't
                since_at = record.begun_at - _DAY
                said = self._reach.ask(Asked.LOOKUP, record.account, commands.accounting_by_name(name, since_at))
                rows = parsing.accounted(said)
        numbers = sorted(row.number for row in rows if row.name == name)
        if len(numbers) > 1:
            with suppress(Refused):
                self._reach.ask(Asked.CANCEL, record.account, commands.cancel(numbers[1:]))
        return numbers[0] if numbers else None

    def _notify(self, request: _Request, number: int) -> None:
        """Ask for a word at the job's end, whatever ends it; the job goes on without."""
        directory = str(self._reach.directory(request.account, request.job))
        command = commands.notify(request.job, number, directory=directory, resources=request.resources)
        with suppress(Refused, Unavailable):
            self._reach.ask(Asked.NOTIFY, request.account, command)


class _Pace:
    """Not more than so many a second."""

    def __init__(self, rate: float) -> None:
        self._pause = 1 / rate
        self._guard = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Wait for the turn."""
        with self._guard:
            turn = max(self._next, time.monotonic())
            self._next = turn + self._pause
        time.sleep(max(0.0, turn - time.monotonic()))


def _number(said: str) -> int | None:
    """Give the job number that sbatch printed; None where it is not found: the job is then looked up by its name."""
    with suppress(Invalid):
        return parsing.submitted(said)
    return None


def _read_request(directory: Path) -> _Request:
    task: dict[str, Any] = json.loads((directory / "task.json").read_bytes())
    words: dict[str, Any] = json.loads((directory / REQUEST_FILE).read_bytes())
    return _Request(
        job=task["job"],
        account=words["account"],
        resources=words["resources"],
        inputs=tuple(words["inputs"]),
        modules=" ".join(words.get("modules", ())),
        duration=timedelta(seconds=task["execution_duration"]),
        grace=timedelta(seconds=task["kill_grace"]),
    )
