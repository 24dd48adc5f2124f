"""Files that jobs need from elsewhere, fetched by a few threads beside the supervisor while the jobs wait in QUEUED.

Level-triggered like the supervisor: a file is missing as long as its entity has an address and no location, and then
its job's step asks for it here. Nothing of a fetch under way outlives the process: the next one begins anew.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from provstore.errors import Conflict, FetchFailed, NotFound, Unavailable
from provstore.graph.model import Value
from provstore.graph.store import Change, Update
from provstore.uws.descriptions.content_types import guess_content_type
from provstore.uws.files import Files
from provstore.uws.inputs.config_keys import MOST_KEYS, Keys, read_keys
from provstore.uws.inputs.config_nodes import Configured, changes_of_keys, facts_of
from provstore.uws.inputs.download import Fetched, Line, Stopped, Wanted
from provstore.uws.inputs.fetch_rules import shown
from provstore.uws.inputs.items import is_content_type
from provstore.uws.jobs import CONTENT_TYPE_ANY, Job, JobParameter, integer
from provstore.uws.phases import Phase
from provstore.uws.records import Records

__all__ = ["Fetching", "FetchingParts"]

_LOG: Final = logging.getLogger(__name__)
_MEGABYTE: Final = 1_000_000
_LONGEST_END: Final = 10.0
"""Seconds within which a fetch whose connection was cut has put its file away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchingParts:
    """What fetching works with.

    ``fetch`` fetches one file, as `Downloads.fetch` does. ``wake`` is told of each job whose
    files are here or can't be had. ``timeout``: the longest time for one file, with all tries. ``pauses``: before each
    further try, in seconds. ``most``: jobs served at a time, ``each``: of one person.
    """

    records: Records
    files: Files
    fetch: Callable[[Wanted, Line], Fetched]
    wake: Callable[[str], None]
    timeout: timedelta
    pauses: tuple[float, ...] = (1.0, 5.0, 25.0)
    most: int = 16
    each: int = 4


@dataclass(slots=True, kw_only=True)
class _Task:
    """A job whose files are fetched: which of them, over which line, and what went wrong so far."""

    job_id: str
    owner: str
    current: JobParameter
    line: Line = field(default_factory=Line)
    trouble: str = ""
    thread: threading.Thread | None = None
    stopped: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    def reason(self) -> str:
        """Say what keeps the job waiting."""
        what = f"input {self.current.name} from {shown(self.current.url)}"
        if self.thread is None:
            return f"waiting to fetch {what}"
        if self.trouble:
            return f"fetching {what} ({self.trouble}; it is tried again)"
        return f"fetching {what} ({_amount(self.line.received)} so far)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Here:
    """A file that has come; ``keys``: of a configuration file."""

    fetched: Fetched
    content_type: str
    keys: Keys | None


class Fetching:
    """Fetches what jobs need, a few jobs at a time; next is one whose owner has fewest under way."""

    def __init__(self, parts: FetchingParts) -> None:
        self._parts = parts
        self._tasks: dict[str, _Task] = {}
        self._failures: dict[str, FetchFailed] = {}
        self._closed = False
        self._guard = threading.Lock()

    def missing(self, job: Job) -> str:
        """Say what of a job's inputs is not here yet, "" if all are; what is missing is being fetched from now on.

        Raises:
            FetchFailed: it can't be had. Asked again, it is tried again.
        """
        first = next((one for one in job.inputs if one.to_fetch), None)
        if first is None:
            return ""
        with self._guard:
            failure = self._failures.pop(job.id, None)
            if failure is not None:
                raise failure
            if job.id not in self._tasks:
                self._tasks[job.id] = _Task(job_id=job.id, owner=job.owner, current=first)
            self._begin()
            return self._tasks[job.id].reason()

    def drop(self, job_id: str) -> None:
        """Stop fetching for a job that is over; when this returns, no more files of it are written.

        Raises:
            Unavailable: a file is still being written, to a slow disk; try again.
        """
        with self._guard:
            self._failures.pop(job_id, None)
            task = self._tasks.get(job_id)
            writing = task is not None and self._stop(task)
        if task is not None and writing and not task.ended.wait(_LONGEST_END):
            raise Unavailable(f"a file of job {job_id} is still being written", field="job", value=job_id)

    def close(self) -> None:
        """Stop fetching; the next process that supervises begins anew."""
        with self._guard:
            self._closed = True
            tasks = tuple(self._tasks.values())
            for task in tasks:
                self._stop(task)
        for task in tasks:
            if task.thread is not None:
                task.thread.join(_LONGEST_END)

    # --- which job is served

    def _begin(self) -> None:
        """Give free threads to jobs that wait for one; the guard is held."""
        while not self._closed and (task := self._next()) is not None:
            task.thread = threading.Thread(target=self._run, args=(task,), name=f"fetch {task.job_id}", daemon=True)
            task.thread.start()

    def _next(self) -> _Task | None:
        busy = Counter(task.owner for task in self._tasks.values() if task.thread is not None)
        waiting = [task for task in self._tasks.values() if task.thread is None and busy[task.owner] < self._parts.each]
        if not waiting or busy.total() >= self._parts.most:
            return None
        return min(waiting, key=lambda task: busy[task.owner])

    def _stop(self, task: _Task) -> bool:
        """Stop a task, with the guard held; tell whether it is writing."""
        task.stopped = True
        if task.thread is None:
            del self._tasks[task.job_id]
        return task.line.stop()

    # --- in a thread of its own

    def _run(self, task: _Task) -> None:
        failure: FetchFailed | None = None
        try:
            self._fetch_all(task)
        except Stopped:
            pass
        except (Conflict, Unavailable) as error:
            _LOG.warning("fetching for job %s: %s; it is tried again", task.job_id, error.message)
        except FetchFailed as error:
            failure = error
        except OSError as error:
            failure = _failed(task, f"it can't be written: {error.strerror or error}")
        except Exception as error:  # noqa: BLE001 - the thread's outermost function: logged, and the job goes to ERROR
            _LOG.exception("fetching for job %s failed", task.job_id)
            failure = _failed(task, f"internal error: {type(error).__name__}")
        self._end(task, failure)

    def _end(self, task: _Task, failure: FetchFailed | None) -> None:
        with self._guard:
            del self._tasks[task.job_id]
            if failure is not None and not task.stopped:
                self._failures[task.job_id] = failure
            self._begin()
        task.ended.set()
        if not task.stopped:
            self._parts.wake(task.job_id)

    def _fetch_all(self, task: _Task) -> None:
        """Fetch one file after the other, each as the job's record names it then."""
        while (one := self._first_missing(task.job_id)) is not None:
            with self._guard:
                if task.stopped:
                    raise Stopped
                task.current, task.line, task.trouble = one, Line(), ""
            folder = self._parts.files.job(task.job_id) / "inputs" / self._local(one)
            wanted = Wanted(name=one.name, url=one.url, folder=folder, title=one.value or one.name)
            self._keep(task, one, self._fetch(task, wanted))

    def _first_missing(self, job_id: str) -> JobParameter | None:
        try:
            job = self._parts.records.read_even_deleted(job_id)
        except NotFound as error:
            raise Stopped from error
        return next((one for one in _still_wanted(job).inputs if one.to_fetch), None)

    def _local(self, one: JobParameter) -> str:
        return str(one.entity).removeprefix(self._parts.records.store.namespace)

    def _fetch(self, task: _Task, wanted: Wanted) -> Fetched:
        """Fetch a file, again after a pause when it may go well later."""
        overdue = threading.Timer(self._parts.timeout.total_seconds(), task.line.expire)
        overdue.daemon = True
        overdue.start()
        try:
            for pause in self._parts.pauses:
                try:
                    return self._parts.fetch(wanted, task.line)
                except FetchFailed as error:
                    if not error.transient or task.line.overdue:
                        raise
                    task.trouble = error.reason
                task.line.woken.wait(pause)
                task.line.received = 0
            return self._parts.fetch(wanted, task.line)
        finally:
            overdue.cancel()

    def _keep(self, task: _Task, one: JobParameter, fetched: Fetched) -> None:
        """Write in one transaction that a file is here; if the job is over meanwhile, put it away."""
        content_type = one.content_type or _content_type(fetched)
        keys = None
        if one.configures:
            keys = read_keys(fetched.file, name=one.value or fetched.file.name, content_type=content_type)
        here = _Here(fetched=fetched, content_type=content_type, keys=keys)
        try:
            self._parts.records.repeat(task.job_id, lambda job: self._write(job, one, here))
        except (Conflict, Stopped):
            shutil.rmtree(fetched.file.parent, ignore_errors=True)
            raise

    def _write(self, job: Job, one: JobParameter, found: _Here) -> None:
        _still_wanted(job)
        if one.entity is None:
            return
        records = self._parts.records
        kept = sum(integer(node.properties, "disk_bytes") or 0 for node in records.store.get([job.node]))
        measured = found.fetched.measured
        put: dict[str, Value | None] = {
            "location": self._parts.files.location(found.fetched.file),
            "size": measured.size,
            "sha256": measured.sha256,
            "content_type": found.content_type,
        }
        further: list[Change] = []
        if found.keys is not None:
            keys = found.keys.first(MOST_KEYS - job.config_keys)
            put |= facts_of(keys)
            where = Configured(job.node, one.entity, one.name, job.readers)
            further.extend(changes_of_keys(keys, where, namespace=records.store.namespace))
        here = Update(node=one.entity, expected={"location": None, "invalidated_at": None}, put=put)
        records.put(job, {"disk_bytes": kept + measured.size}, further=[here, *further])


def _still_wanted(job: Job) -> Job:
    """Give back a job that waits for its files.

    Raises:
        Stopped: it is over.
    """
    if job.phase is not Phase.QUEUED or job.deleted:
        raise Stopped
    return job


def _content_type(fetched: Fetched) -> str:
    told = fetched.content_type
    return told if is_content_type(told) and told != CONTENT_TYPE_ANY else guess_content_type(fetched.file.name)


def _failed(task: _Task, reason: str) -> FetchFailed:
    return FetchFailed(task.current.name, address=shown(task.current.url), reason=reason, transient=True)


def _amount(size: int) -> str:
    """Say roughly how much it is: the reason is written down when it changes, so it must not change all the time."""
    if size < _MEGABYTE:
        return "less than 1 MB"
    steps = [factor * 10**power * _MEGABYTE for power in range(8) for factor in (1, 2, 5)]
    return f"more than {max(step for step in steps if step <= size) // _MEGABYTE} MB"
