"""A job that does nothing of use, on the way that all jobs go: sent, queued, run on a node, heard of, brought back.

It has a folder of its own beside the jobs, with a spool of its own: a server that runs meanwhile loses no signal to it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Final

from provstore.clusters import Cluster, FileWay, Isolation
from provstore.errors import ProvstoreError, Unavailable
from provstore.uws.descriptions.model import Description
from provstore.uws.executors.slurm import commands, parsing
from provstore.uws.executors.slurm.bringing import Bringing
from provstore.uws.executors.slurm.check.entry import refused, since
from provstore.uws.executors.slurm.check.tidings import inputs, isolation, node, signals
from provstore.uws.executors.slurm.parsing import Row
from provstore.uws.executors.slurm.reach import Asked, Reach, Refused
from provstore.uws.executors.slurm.record import Notes, Record
from provstore.uws.executors.slurm.submitting import Submitting
from provstore.uws.executors.slurm.telling import observed
from provstore.uws.executors.status import read_status
from provstore.uws.files import Files
from provstore.uws.findings import Finding, fault, note, well
from provstore.uws.ports import REQUEST_FILE, Cause, Clock, Observation, State
from provstore.uws.running.environment import helper_text, needs_helper, reason_not_entered, shell_of
from provstore.uws.tokens import JobTokens

__all__ = ["Trial"]

_SCRIPT: Final = """\
say() { printf '%s=%s\\n' "$1" "$2"; }
say node "$(uname -n)"
say partition "$SLURM_JOB_PARTITION"
say python "$("$PYTHON" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>&1 | tail -n 1)"
[ -z "$INIT" ] || [ -r "$INIT" ] || say modules_init "$INIT"
printf %s "$INPUTS" | while read -r folder; do
    read -r one
    if ! [ -x "$folder" ]; then say closed "$folder"
    elif ! [ -e "$folder/$one" ] && ! [ -L "$folder/$one" ]; then say other "$folder"
    fi
done
for tool in srun apptainer bwrap curl; do command -v "$tool" >/dev/null && say tool "$tool"; done
say bubblewrap "$(bwrap --bind / / --dev-bind /dev /dev true 2>&1 | head -n 1)"
printf %s "$MARK" >trial.txt
"""
_RESULT: Final = "work/trial.txt"
_LIMIT: Final = timedelta(seconds=60)
_GRACE: Final = timedelta(seconds=5)
_LOOK: Final = 0.3
_ASK: Final = 3.0
_LAST_WORDS: Final = 30.0
"""Seconds that the wrapper may take, after the end, to tell of it."""

_REMOVE: Final = 'rm -rf -- "$1"'


def _first(folder: Path) -> str:
    """Give the name of one thing that is in a folder, "" for one that is empty or closed to us."""
    try:
        with os.scandir(folder) as entries:
            return next((one.name for one in entries if one.name.isprintable()), "")
    except OSError:
        return ""


class Trial:
    """One trial job.

    Args:
        cluster: Its settings.
        account: In which account, "" for the service's.
        tokens: Makes the token with which it signals.
        patience: How long it is waited for, in the queue and after that.
        clock: The present instant.
    """

    def __init__(self, cluster: Cluster, account: str, *, tokens: JobTokens, patience: timedelta, clock: Clock) -> None:
        name = f".check-{secrets.token_hex(4)}"
        shared = cluster.shared_directory and cluster.shared_directory / name
        self._cluster = replace(
            cluster, work_directory=cluster.work_directory / name, shared_directory=shared, notifier=False
        )
        self._account = account
        self._tokens = tokens
        self._patience = patience.total_seconds()
        self._clock = clock
        self._job = f"check{secrets.token_hex(8)}"
        self._mark = secrets.token_hex(16)
        self._reach = Reach(self._cluster)
        self._notes = Notes()
        self._bringing = Bringing(self._reach, self._notes, clock=clock)
        self._pause = threading.Event()

    def findings(self) -> Iterator[Finding]:
        """Run it, and tell step by step how it went; nothing of it stays."""
        with tempfile.TemporaryDirectory(prefix="provstore-check-") as place, closing(self._reach):
            run = Path(place) / self._job / "run"
            try:
                yield from self._run(run, Files(Path(place)))
            except ProvstoreError as error:
                yield refused("trial job", error)
            finally:
                removed = self._clear(run)
            yield removed

    def _run(self, run: Path, files: Files) -> Iterator[Finding]:
        self._stage(run)
        self._reach.prepare(self._account)
        began = time.monotonic()
        try:
            Submitting(self._reach, self._notes, files=files, clock=self._clock).submit(run)
        except ProvstoreError as error:
            yield fault("submission", error.message, "correct defaults in the settings, or ask the administrators")
            return
        number = self._record(run).number
        yield well("submission", f"sbatch took it as job {number}, files and all in {since(began)}")
        waited = time.monotonic()
        yield from self._wait(run)
        if not self._has_ended(run):
            yield self._unfinished()
            return
        yield from self._told(run, since(waited))

    def _stage(self, run: Path) -> None:
        """Make the directory as `provstore.uws.running.staging` makes those of jobs."""
        cluster, there = self._cluster, self._reach.directory(self._account, self._job)
        folder = there.parent
        described = Description(name="check", modules=cluster.modules)
        for name in ("work", "results"):
            (run / name).mkdir(parents=True)
        task: dict[str, object] = {
            "job": self._job,
            "environment": {**self._environment(), "HOME": str(there)},
            "execution_duration": _LIMIT.total_seconds(),
            "kill_grace": _GRACE.total_seconds(),
            "shell": shell_of(described, there, modules_init=cluster.modules_init),
            "inherit": ["SLURM_*"],
            "products": [_RESULT.removeprefix("work/")],
            "spool": str(folder / ".spool"),
            "callback": f"{cluster.callback.rstrip('/')}/signals/{self._job}" if cluster.callback else "",
            "callback_ca": cluster.callback_ca,
        }
        if cluster.isolation is not Isolation.NONE:
            task["isolation"] = {"mode": cluster.isolation, "hide": [str(folder), "~"]}
        request = {"account": self._account, "resources": dict(cluster.defaults), "inputs": []}
        texts = {
            "task.json": json.dumps(task),
            REQUEST_FILE: json.dumps(request),
            "parameters.json": "{}",
            "script.sh": _SCRIPT,
            "token": self._tokens.token(self._job),
        }
        if needs_helper(described):
            texts["enter.sh"] = helper_text()
        for name, text in texts.items():
            (run / name).touch(mode=0o600)
            (run / name).write_text(text, encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        """Give what the script looks at; of each folder of inputs, one thing that is in it here."""
        cluster = self._cluster
        pairs = cluster.shared_inputs.items() if cluster.files is FileWay.SHARED else ()
        lines = [f"{there}\n{_first(here)}\n" for here, there in pairs]
        paths = {"PATH": cluster.path, "PYTHON": cluster.python, "INIT": cluster.modules_init}
        return {**paths, "INPUTS": "".join(lines), "MARK": self._mark}

    def _record(self, run: Path) -> Record:
        record = self._notes.get(run)
        assert record is not None  # noqa: S101 - it was submitted
        return record

    def _has_ended(self, run: Path) -> bool:
        """Tell whether its own word of its end is here."""
        return read_status(run).state is State.ENDED

    def _wait(self, run: Path) -> Iterator[Finding]:
        """Wait for the end, and until the wrapper is gone too; say why it waits, each reason once."""
        ends, ask_at, told = time.monotonic() + self._patience, 0.0, set[str]()
        while time.monotonic() < ends:
            self._bringing.look(run, self._record(run))
            row = self._row() if time.monotonic() >= ask_at else None
            if row is not None:
                ask_at = time.monotonic() + (_LOOK if self._has_ended(run) else _ASK)
                seen = observed(row)
                if seen is not None and seen.state is State.ENDED:
                    self._bringing.look(run, self._record(run))
                    return
                if seen is not None and seen.message and seen.message not in told:
                    told.add(seen.message)
                    yield note("queue", f"it waits: {seen.message}")
            if self._has_ended(run) and ends > time.monotonic() + _LAST_WORDS:
                ends, ask_at = time.monotonic() + _LAST_WORDS, 0.0
            self._pause.wait(_LOOK)

    def _row(self) -> Row | None:
        """Give SLURM's word of it."""
        with suppress(Refused):
            said = self._reach.ask(Asked.STATUS, self._account, commands.find(commands.job_name(self._job)))
            return next(iter(parsing.queue(said)), None)
        return None

    def _unfinished(self) -> Finding:
        """Say why there is no end: it still waits or runs, or SLURM ended it before its wrapper began."""
        row = self._row()
        seen = observed(row) if row is not None else None
        if row is None or seen is None or seen.state is not State.ENDED:
            state = row.word if row else "unknown to SLURM"
            words = f"after {self._patience:g} s it has not ended ({state}); it was cancelled"
            return fault("trial job", words, "try again with --patience SECONDS, or with another partition in defaults")
        with self._reach.files(self._account) as files:
            there = self._reach.directory(self._account, self._job)
            said = (files.read(str(there / "slurm.out")) or b"").decode("utf-8", "replace").strip()
        words = f"it ended before it said a word: {seen.message or row.word}"
        return fault("trial job", words, f"its output: {said[-300:]}" if said else self._silent(seen))

    def _silent(self, seen: Observation) -> str:
        """Ask what lets a job end without its wrapper's word, and without any output."""
        if seen.cause is Cause.EXIT and seen.exit_code == 0:
            return f"is python = {self._cluster.python!r} a Python on the nodes?"
        return f"is {self._cluster.work_directory.parent} on a file system that login and compute nodes share?"

    def _told(self, run: Path, took: str) -> Iterator[Finding]:
        """Tell what the job found on its node."""
        self._bringing.bring(run, self._record(run))
        status = read_status(run)
        stderr = (run / "stderr").read_text(errors="replace") if (run / "stderr").is_file() else ""
        if status.cause is not Cause.EXIT or status.exit_code:
            words = reason_not_entered(status.exit_code, stderr) or status.message or f"exit code {status.exit_code}"
            yield fault("trial job", f"it failed on {status.host}: {words}", "correct modules, isolation or path")
            return
        yield well("trial job", f"it waited and ran for {took} in all, on {status.host}")
        yield from node((run / "stdout").read_text(errors="replace"))
        yield isolation(run, self._cluster)
        yield from inputs(run, self._cluster)
        yield self._signals(run)
        yield self._result(run)

    def _signals(self, run: Path) -> Finding:
        spool = PurePosixPath(self._reach.directory(self._account, self._job)).parent / ".spool"
        with self._reach.files(self._account) as files:
            dropped = [name for name in files.names(str(spool)) if not name.startswith(".")]
        return signals(run, self._cluster, dropped=dropped)

    def _result(self, run: Path) -> Finding:
        """Compare what came back with what was asked for."""
        way = self._cluster.files
        try:
            if way is FileWay.STAY:
                self._bringing.provide(run, self._record(run), _RESULT)
            found = hashlib.sha256((run / _RESULT).read_bytes()).hexdigest()
        except (OSError, Unavailable) as error:
            return fault("result", f"it did not come back: {error}", "look at files and shared_directory")
        if found != hashlib.sha256(self._mark.encode()).hexdigest():
            return fault("result", f"another came back than was made: sha256 {found}", "is shared_directory the same?")
        if way is FileWay.SHARED and not (run / _RESULT).is_symlink():
            return self._not_seen()
        return well("result", f"it came back ({way}), its sha256 is right")

    def _not_seen(self) -> Finding:
        """Tell that results come by SFTP where they should be seen here."""
        folder = self._cluster.seen_here(self._account)
        assert folder is not None  # noqa: S101 - the settings are refused without
        here, there = folder.parent, self._cluster.directory(self._account).parent
        words = f"it came back by SFTP: the file is not seen in {here}, or can't be read there by us"
        return note("result", words, f"correct shared_directory: it is {there} of the cluster, as it is seen here")

    def _clear(self, run: Path) -> Finding:
        """End the job if it is not over, and remove its folder."""
        folder = str(self._cluster.directory(self._account))
        with suppress(Refused, ProvstoreError):
            if self._notes.get(run) is not None:
                self._reach.ask(Asked.CANCEL, self._account, commands.cancel_named(commands.job_name(self._job)))
        try:
            problem = self._reach.script(Asked.FILES, self._account, _REMOVE, folder).err.strip()
        except ProvstoreError as error:
            problem = error.message
        if problem:
            return note("removal", f"{folder} is still there: {problem}", "remove it by hand")
        return well("removal", f"{folder} is gone again")
