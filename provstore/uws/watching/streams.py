"""Streams of events: one log of what happened lately, one thread that reads it from the graph, any number of readers.

Nobody has a queue of his own: a stream is a place in the log, and who falls behind its beginning is cut off.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from provstore.errors import ProvstoreError, Unavailable
from provstore.graph.model import Node, Viewer
from provstore.graph.store import GraphStore
from provstore.uws.ports import Clock
from provstore.uws.watching.events import Event, Since, changed_jobs, events_of, jobs_by_id, recent_events

__all__ = ["End", "Events", "Sight", "Stream"]

Sight = Callable[[], Viewer | None]
"""Tells what a stream's reader may see now; None when he is nobody any more (his token was revoked)."""

_LOG: Final = logging.getLogger(__name__)
_KEPT: Final = 10_000
"""Events kept for streams that are behind; at most twice as many are in memory."""

_LATE: Final = timedelta(seconds=60)
"""So much later than its own instant a change may be committed by another process, and is seen still."""

_USUALLY_LATE: Final = timedelta(seconds=2)
_THOROUGH: Final = 10
"""Each tick looks for what came a little late, each tenth one for what came very late."""

_STALE: Final = timedelta(minutes=10)
"""After so long without a reader the log is begun anew."""

_MOST_TOLD: Final = 1000


class End(StrEnum):
    """Why a stream ends."""

    STOPPED = "the server stops"
    SLOW = "too far behind"
    UNKNOWN = "the token or session is no longer valid"
    LOST = "the server could not go on reading"
    TIME = "the time asked for is over"


@dataclass(frozen=True, slots=True)
class _Known:
    """What was told of a job: how many events, and of which state of its node."""

    told: int
    mark: tuple[object, ...]
    written_at: datetime


class Events:
    """All event streams of a process.

    Args:
        store: The graph: it alone knows what happened.
        clock: The present instant.
        most: Streams that may be open at a time.
        heartbeat: How often an idle stream is given an empty batch, and its reader is looked at again.
    """

    def __init__(
        self, store: GraphStore, *, clock: Clock, most: int, heartbeat: timedelta = timedelta(seconds=15)
    ) -> None:
        self._store = store
        self._clock = clock
        self._most = most
        self.heartbeat = heartbeat
        self._guard = threading.RLock()
        self._work = threading.Condition(self._guard)
        self._news = threading.Condition(self._guard)
        self._looking = threading.Lock()
        self._thread: threading.Thread | None = None
        self._streams = 0
        self._closed = False
        self._due = False
        self._told: set[str] = set()
        self._log: list[Event] = []
        self._first = 0
        self._known: dict[str, _Known] = {}
        self._read_at: datetime | None = None
        self._looks = 0

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return self._streams

    def wake(self, job_id: str | None = None) -> None:
        """Say that a job has changed, or (None) that it is time to look for what others have changed."""
        with self._guard:
            if not self._streams:
                return
            self._due = self._due or job_id is None or len(self._told) >= _MOST_TOLD
            if job_id is not None and not self._due:
                self._told.add(job_id)
            self._work.notify()

    def open(self, sight: Sight, *, service: str | None = None, since: Since | None = None) -> Stream:
        """Open a stream; close it, whatever happens.

        Args:
            sight: What its reader may see.
            service: Of which service's jobs; None for all.
            since: From where on; None for from now on.

        Raises:
            Unavailable: there are as many as allowed already, or the server stops.
        """
        with self._guard:
            if self._closed or self._streams >= self._most:
                raise Unavailable(f"{self._streams} event streams are open; at most {self._most} may be")
            self._streams += 1
        stream = Stream(self, sight, service=service, since=since, at=self._clock())
        try:
            self._look()
            self._start()
            stream.begin(self._place_of(since))
        except BaseException:
            stream.close()
            raise
        return stream

    def close(self) -> None:
        """End all streams: the server stops."""
        with self._guard:
            self._closed = True
            thread = self._thread
            self._work.notify_all()
            self._news.notify_all()
        if thread is not None:
            thread.join()

    def leave(self) -> None:
        """Count a stream less."""
        with self._guard:
            self._streams -= 1
            self._work.notify_all()

    # --- the log

    def after(self, place: int, seconds: float) -> tuple[Sequence[Event], End | None]:
        """Give what is in the log from a place on, after waiting for it so many seconds at most; or why that ends."""
        with self._guard:
            self._news.wait_for(lambda: self._ended(place) or self._end > place, timeout=max(0.0, seconds))
            ended = self._ended(place)
            return ((), ended) if ended else (self._log[place - self._first :], None)

    def _ended(self, place: int) -> End | None:
        if self._closed:
            return End.STOPPED
        if place < self._first:
            return End.SLOW
        return End.LOST if self._thread is None else None

    @property
    def _end(self) -> int:
        return self._first + len(self._log)

    def _place_of(self, since: Since | None) -> tuple[int, bool]:
        """Give where in the log a stream begins, and whether the graph must be asked for what came before."""
        with self._guard:
            if since is None:
                return self._end, False
            found = (self._end - index for index, one in enumerate(reversed(self._log)) if one.id == since.id)
            place = next(found, None)
            return (self._end, True) if place is None else (place, False)

    def _append(self, events: Sequence[Event]) -> None:
        with self._guard:
            self._log.extend(events)
            if len(self._log) > 2 * _KEPT:
                self._first += len(self._log) - _KEPT
                del self._log[:-_KEPT]
            self._news.notify_all()

    # --- the one that reads the graph

    def _start(self) -> None:
        with self._guard:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="events", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        try:
            while self._is_wanted():
                try:
                    self._look_again()
                except ProvstoreError as error:
                    _LOG.warning("events: %s; it is tried again", error.message)
        finally:
            with self._guard:
                if self._thread is threading.current_thread():
                    self._thread = None
                self._news.notify_all()

    def _is_wanted(self) -> bool:
        """Wait for work; tell whether there is some, before the last stream goes."""
        with self._guard:
            self._work.wait_for(lambda: self._due or self._told or self._closed or not self._streams)
            if self._streams and not self._closed:
                return True
            self._thread = None  # at once, so that a stream opened now starts another
            return False

    def _look_again(self) -> None:
        with self._guard:
            due, told = self._due, sorted(self._told)
            self._due = False
            self._told.clear()
        if due:
            self._look()
            return
        with self._looking:
            self._append([event for node in jobs_by_id(self._store, told) for event in self._new(node)])

    def _look(self) -> None:
        """Read from the graph what was changed since the last look, by whomever."""
        with self._looking:
            at, before_at = self._clock(), self._read_at
            if before_at is None or at - before_at > _STALE:
                self._begin_anew(at)
            else:
                late = _USUALLY_LATE if self._looks % _THOROUGH else _LATE
                found = tuple(changed_jobs(self._store, before_at - late))  # all of them, before one is taken as told
                self._append([event for node in found for event in self._new(node)])
            self._read_at = at
            self._looks += 1
            if not self._looks % _THOROUGH:
                self._known = {job: one for job, one in self._known.items() if one.written_at > at - 2 * _LATE}

    def _begin_anew(self, at: datetime) -> None:
        """Take what happened lately as told, so that only later changes are new; whoever was in the log is out."""
        with self._guard:
            self._first = self._end + 1
            self._log.clear()
        self._looks = 0
        self._known.clear()
        for node in changed_jobs(self._store, at - _LATE):
            self._take_note(node)

    def _take_note(self, node: Node) -> tuple[Event, ...]:
        namespace = self._store.namespace
        found = events_of(node, namespace)
        if found:
            known = _Known(len(found), _mark(node), found[-1].written_at)
            self._known[node.id] = known
        return found

    def _new(self, node: Node) -> Sequence[Event]:
        """Give what was not yet told of a job."""
        known = self._known.get(node.id)
        if known and known.mark == _mark(node):
            return ()
        found = self._take_note(node)
        if known:
            return found[known.told :]
        before_at = self._read_at or self._clock()
        return recent_events(node, self._store.namespace, before_at - _LATE)

    def replayed(self, since: Since, viewer: Viewer, service: str | None) -> Iterator[Event]:
        """Give from the graph what happened since then; after an event perhaps also what was told before it.

        A change may be committed up to a minute later than its instant says, so who comes back with an id is told that
        minute again: nothing is missed, and the ids tell what is known already.
        """
        at = since.at - _LATE if since.id else since.at
        namespace = self._store.namespace
        for node in changed_jobs(self._store, at, service=service, viewer=viewer):
            yield from (one for one in recent_events(node, namespace, at) if one.id != since.id)

    def still_to_come(self, event: Event) -> bool:
        """Tell whether an event that was replayed may appear in the log as well."""
        return event.written_at > self._clock() - 2 * _LATE


def _mark(node: Node) -> tuple[object, ...]:
    return len(str(node.properties.get("history", ""))), node.properties.get("deleted")


class Stream:
    """What one reader is told; made by `Events.open`. ``began_at`` says when, ``ended`` why it came to its end."""

    def __init__(self, events: Events, sight: Sight, *, service: str | None, since: Since | None, at: datetime) -> None:
        self._events = events
        self._sight = sight
        self._service = service
        self._since = since
        self._place = 0
        self._replay = False
        self._open = True
        self.began_at = at
        self.ended = End.STOPPED

    def begin(self, place: tuple[int, bool]) -> None:
        """Set where in the log it begins, and whether the graph is asked before."""
        self._place, self._replay = place

    def close(self) -> None:
        """Free its place; closing twice does nothing."""
        if self._open:
            self._open = False
            self._events.leave()

    def batches(self, *, seconds: float | None = None) -> Iterator[Sequence[Event]]:
        """Give events as they come; an empty batch at each heartbeat without one.

        Args:
            seconds: End after so many; None to go on for ever.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        viewer = self._sight()
        told: set[str] = set()
        if viewer and self._replay and self._since:
            for event in self._events.replayed(self._since, viewer, self._service):
                if self._events.still_to_come(event):
                    told.add(event.id)
                yield (event,)
        yield from self._live(viewer, told, deadline=deadline)

    def _live(self, viewer: Viewer | None, told: set[str], *, deadline: float | None) -> Iterator[Sequence[Event]]:
        heartbeat = self._events.heartbeat.total_seconds()
        pulse = time.monotonic() + heartbeat
        while viewer is not None:
            until = pulse if deadline is None else min(pulse, deadline)
            batch, ended = self._events.after(self._place, until - time.monotonic())
            if ended:
                self.ended = ended
                return
            self._place += len(batch)
            seen = [one for one in batch if self._concerns(one, viewer) and one.id not in told]
            if seen:
                yield seen
            if deadline is not None and time.monotonic() >= deadline:
                self.ended = End.TIME
                return
            if time.monotonic() >= pulse:
                viewer = self._sight()
                pulse = time.monotonic() + heartbeat
                yield ()
        self.ended = End.UNKNOWN

    def _concerns(self, event: Event, viewer: Viewer) -> bool:
        return (self._service is None or event.service == self._service) and viewer.sees(event.readers)
