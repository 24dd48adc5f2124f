"""What comes back from a cluster: a job's word of itself, its logs while it runs, its results when it is over."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

from provstore.clusters import FileWay
from provstore.errors import Busy, Conflict, NotFound, Unavailable
from provstore.uws.executors.slurm import parsing
from provstore.uws.executors.slurm.judging import is_doubtful
from provstore.uws.executors.slurm.reach import Reach
from provstore.uws.executors.slurm.record import Notes, Record
from provstore.uws.executors.ssh.remote_files import RemoteFiles
from provstore.uws.executors.status import STATUS_FILE, read_status, told_status
from provstore.uws.files import put_whole
from provstore.uws.ports import PRODUCTS_FILE, START_LOG, Clock, State

__all__ = ["Bringing", "Product", "products_of"]

_LOG: Final = logging.getLogger(__name__)

_LOGS: Final = ("stdout", "stderr")
_CALLS: Final = "callback.log"
_SMALL: Final = ("events.jsonl", START_LOG, _CALLS)
_TOLD: Final = "internal_provenance.json"
_FOLDERS: Final = (("results",), ("work",))
"""Nothing else of a job's directory here may be written by the job."""

_MOST: Final = 64 << 20
_MOST_LOG: Final = 1 << 30
_OFTEN: Final = 0.5
"""Seconds between two looks at the logs of a running job, however many follow it."""


class Product(NamedTuple):
    """A file that a job has made: its path in the job's directory, its size in bytes, and its sha256."""

    path: str
    size: int
    sha256: str


class Bringing:
    """Brings files of jobs here, into the directories from which they were sent.

    Args:
        reach: The cluster.
        notes: What is known of its jobs.
        clock: The present instant.
    """

    def __init__(self, reach: Reach, notes: Notes, *, clock: Clock) -> None:
        self._reach = reach
        self._notes = notes
        self._clock = clock
        self._guard = threading.Lock()
        self._looked: dict[Path, float] = {}
        self._has_told = False

    def look(self, directory: Path, record: Record) -> bool:
        """Bring a job's own word of how it is; tell whether that was news.

        Raises:
            Unavailable: the cluster can't be reached.
        """
        with _alone(directory / STATUS_FILE), self._files(record) as files:  # else an older one might replace a newer
            data = files.read(str(self._there(record) / STATUS_FILE))
            if data is None or data == _bytes_of(directory / STATUS_FILE):
                return False
            put_whole(directory / STATUS_FILE, data)
        at, status = self._clock(), read_status(directory)
        self._notes.change(
            directory,
            lambda one: replace(
                one, heard_at=at, missing_at=None, ended_at=at if status.state is State.ENDED else one.ended_at
            ),
        )
        return True

    def look_at_scheduler(self, directory: Path, record: Record) -> None:
        """Bring what the notifier, or an administrator's script, has left of SLURM's word of the end.

        Raises:
            Unavailable: the cluster can't be reached.
        """
        with self._files(record) as files:
            data = files.read(str(self._there(record) / "scheduler.txt"))
        row = parsing.shown(data.decode("utf-8", "replace")) if data else None
        if row is not None and row.number == record.number:
            at = self._clock()
            self._notes.change(directory, lambda one: replace(one, row=row, asked_at=at))

    def is_doubtful(self, directory: Path, record: Record) -> bool:
        """Tell whether a job's own word leaves open who ended it."""
        status = told_status(directory)
        return status is not None and is_doubtful(record, status)

    def bring(self, directory: Path, record: Record) -> None:
        """Bring logs and results of a job that is over, as far as they are kept here; each file comes whole.

        Raises:
            Unavailable: the cluster can't be reached; what came is kept.
            Busy: a result is not as its list says, which may be the slowness of a network file system.
        """
        if record.brought or record.number is None:
            return
        there = self._there(record)
        with _alone(directory / _LOGS[0]), self._files(record) as files:
            self._bring_logs(files, directory, there)
        self._tell_of_calls(directory / _CALLS)
        with self._files(record) as files:
            products = files.read(str(there / PRODUCTS_FILE), most=_MOST)
            if products is not None:
                put_whole(directory / PRODUCTS_FILE, products)
            brought = [(one, self._bring_product(files, directory, record, one)) for one in products_of(directory)]
        spoilt = {product.path: problem for product, problem in brought if problem}
        if spoilt and self._clock() < (record.ended_at or record.begun_at) + self._reach.cluster.silent_after:
            raise Busy(f"{', '.join(spoilt)}: not as listed on {record.cluster}, or not yet; looked at again")
        _mark(directory, spoilt)
        self._notes.change(directory, lambda one: replace(one, brought=True))
        self._looked.pop(directory, None)

    def fresh(self, directory: Path, record: Record) -> None:
        """Bring what a running job has written to its logs since.

        Raises:
            Unavailable: the cluster can't be reached.
        """
        now = time.monotonic()
        with self._guard:
            if record.brought or now < self._looked.get(directory, 0.0) + _OFTEN:
                return
            self._looked[directory] = now
        there, most = self._there(record), _log_max(directory)
        with _alone(directory / _LOGS[0]), self._files(record) as files:
            if (self._notes.get(directory) or record).brought:
                return
            for name in _LOGS:
                if (files.size(str(there / name)) or 0) <= most:  # else it was just cut: `bring` has all of it
                    files.append(str(there / name), directory / name, most=_MOST)

    def provide(self, directory: Path, record: Record, path: str) -> bool:
        """Bring one product that was left on the cluster.

        Raises:
            Unavailable: the cluster can't be reached.
            NotFound: it is not there any more, or not as it was.
        """
        product = next((one for one in products_of(directory) if one.path == path), None)
        if product is None:
            return False
        try:
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            with _alone(directory / path), self._files(record) as files:
                _fetch(files, directory, self._there(record), product)
        except (Conflict, NotFound) as error:
            words = f"the file was left on {record.cluster}, and is not there any more as it was made: {error.message}"
            raise NotFound(words, field="location", value=path) from error
        return True

    def _files(self, record: Record) -> AbstractContextManager[RemoteFiles]:
        return self._reach.files(record.account)

    def _there(self, record: Record) -> PurePosixPath:
        return self._reach.there(record)

    def _bring_logs(self, files: RemoteFiles, directory: Path, there: PurePosixPath) -> None:
        """Bring them from the start: the wrapper has cut long ones in the middle."""
        for name in (*_LOGS, *_SMALL):
            part = directory / f".{name}.part"
            part.unlink(missing_ok=True)
            files.append(str(there / name), part, most=_MOST_LOG if name in _LOGS else _MOST)
            with suppress(FileNotFoundError):
                part.replace(directory / name)

    def _tell_of_calls(self, log: Path) -> None:
        """Tell the operator once, where nodes can't call the server: their signals come by files, and later."""
        cluster = self._reach.cluster
        if cluster.callback and not self._has_told and log.is_file() and (said := log.read_text("utf-8", "replace")):
            self._has_told = True
            why = said.splitlines()[-1]
            _LOG.warning("cluster %s: a node could not call %s: %s", cluster.name, cluster.callback, why)

    def _bring_product(self, files: RemoteFiles, directory: Path, record: Record, product: Product) -> str:
        """Bring a product as the cluster's settings say; tell by a word if it is not as it was listed."""
        way = self._reach.cluster.files
        is_told = PurePosixPath(product.path).name == _TOLD
        if not is_told and (way is FileWay.STAY or (way is FileWay.SHARED and self._link(directory, record, product))):
            return ""
        try:
            _fetch(files, directory, self._there(record), product)
        except NotFound:
            return "gone"
        except Conflict:
            return "changed"
        return ""

    def _link(self, directory: Path, record: Record, product: Product) -> bool:
        """Let the file be seen here through the folder that is shared; false where it can't be seen or read so."""
        shared = self._reach.cluster.seen_here(record.account)
        assert shared is not None  # noqa: S101 - the settings are refused without
        here, seen = directory / product.path, shared / record.job / product.path
        try:
            if seen.is_symlink() or not os.access(seen, os.R_OK) or seen.stat().st_size != product.size:
                return False
        except OSError:
            return False
        here.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            here.symlink_to(seen)
        return True


def _fetch(files: RemoteFiles, directory: Path, there: PurePosixPath, product: Product) -> None:
    here = directory / product.path
    if here.is_file() and here.stat().st_size == product.size:
        return  # files are put in place whole, after they were compared
    here.parent.mkdir(parents=True, exist_ok=True)
    files.get(str(there / product.path), here, size=product.size, sha256=product.sha256)


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Let one at a time bring a file, in whatever thread or process; who waited finds it there.

    To be entered before a session for files is taken: these are few, and nobody is to hold one while he waits.

    Raises:
        Unavailable: the folder is not there, or not to be written to.
    """
    try:
        lock = file.with_name(f".{file.name[:200]}.lock").open("ab")
    except OSError as error:
        raise Unavailable(f"{file} can't be brought: {error.strerror or error}") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _log_max(directory: Path) -> int:
    """Give the size that a log of a running job has at most."""
    task: dict[str, Any] = json.loads((directory / "task.json").read_bytes())
    return 2 * max(1, int(task["log_max"]) // 2)


def products_of(directory: Path) -> tuple[Product, ...]:
    """Give the files that the wrapper has listed; none where the list is damaged, as whoever collects them will say.

    A path that leads out of the job is none of them.
    """
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
        return tuple(_listed(json.loads((directory / PRODUCTS_FILE).read_bytes())))
    return ()


def _listed(words: dict[str, Any]) -> Iterator[Product]:
    for found in words["products"].values():
        for one in found:
            path = PurePosixPath(one["path"])
            if not one["problem"] and path.parts[:1] in _FOLDERS and ".." not in path.parts:
                yield Product(str(path), one["size"], one["sha256"])


def _mark(directory: Path, spoilt: Mapping[str, str]) -> None:
    """Write into the list here what became of files after it was made."""
    if not spoilt:
        return
    words: dict[str, Any] = json.loads((directory / PRODUCTS_FILE).read_bytes())
    for found in words["products"].values():
        for one in found:
            one["problem"] = one["problem"] or spoilt.get(str(PurePosixPath(one["path"])), "")
    put_whole(directory / PRODUCTS_FILE, json.dumps(words).encode())


def _bytes_of(file: Path) -> bytes:
    with suppress(OSError):
        return file.read_bytes()
    return b""
