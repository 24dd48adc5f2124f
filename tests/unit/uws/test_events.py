"""Events: what is told of a job's history, what is new, what is told again, and who is cut off."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provstore.errors import Invalid, Unavailable
from provstore.graph.model import PUBLIC, Label, Node, NodeId, Viewer
from provstore.graph.sqlite import SqliteStore, open_sqlite
from provstore.graph.store import Create, Update
from provstore.uws.jobs import add_change
from provstore.uws.phases import Phase
from provstore.uws.watching import streams
from provstore.uws.watching.events import Event, Since, parse_since
from provstore.uws.watching.streams import End, Events, Stream

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ALL = Viewer(all=True)
LONG = 30.0
"""Seconds after which a test gives up; nothing waits that long when all is well."""


class Site:
    """A graph with jobs, written as by another process, and a clock."""

    def __init__(self, folder: Path) -> None:
        self.store: SqliteStore = open_sqlite(folder / "graph.sqlite", namespace="urn:test#")
        self.at = NOON
        self.events = self.opened()
        self.histories: dict[str, str] = {}

    def opened(self, *, most: int = 10) -> Events:
        return Events(self.store, clock=lambda: self.at, most=most, heartbeat=timedelta(seconds=LONG))

    def move(
        self,
        number: int,
        *phases: Phase,
        at: datetime | None = None,
        written_at: datetime | None = None,
        readers: frozenset[str] = frozenset({PUBLIC}),
        cause: str = "user",
    ) -> None:
        """Bring a job to phases, one after the other, in one transaction."""
        local = job_id(number)
        node = NodeId(self.store.namespace + local)
        is_new = local not in self.histories
        happened_at = at or self.at
        for phase in phases:
            self.histories[local] = add_change(self.histories.get(local, ""), phase, at=happened_at, cause=cause)
        properties = {
            "service": f"s{number % 2}",
            "phase": phases[-1].value,
            "history": self.histories[local],
            "changed_at": written_at or happened_at,
        }
        if is_new:
            labels = frozenset({Label.ACTIVITY, Label.JOB})
            self.store.write([Create(Node(node, labels, {**properties, "created_at": self.at}, readers=readers))])
        else:
            self.store.write([Update(node=node, expected={}, put=properties)])

    def delete(self, number: int) -> None:
        node = NodeId(self.store.namespace + job_id(number))
        self.store.write([Update(node=node, expected={}, put={"deleted": True, "changed_at": self.at})])

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def job_id(number: int) -> str:
    return f"j{number:032x}"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.events.close()
    site.store.close()


def told(events: Sequence[Event]) -> list[tuple[int, str]]:
    return [(int(one.job_id[1:], 16), one.phase if one.happening == "phase" else one.happening) for one in events]


def news(stream: Stream, *, seconds: float = 0.0) -> list[Event]:
    """Look into a stream; what another process has written is found by a look at the graph."""
    stream._events._look()
    return [event for batch in stream.batches(seconds=seconds) for event in batch]


def test_who_opens_a_stream_is_told_of_later_changes_only_and_of_each_once(site: Site) -> None:
    site.move(1, Phase.PENDING)
    stream = site.events.open(lambda: ALL)
    assert told(news(stream)) == []
    site.move(1, Phase.QUEUED)
    site.move(2, Phase.PENDING)
    site.advance(1)
    assert told(news(stream)) == [(1, "QUEUED"), (2, "PENDING")]
    site.advance(1)
    assert told(news(stream)) == []


def test_no_phase_on_the_way_is_left_out_though_the_graph_shows_the_last_only(site: Site) -> None:
    stream = site.events.open(lambda: ALL)
    site.move(1, Phase.PENDING, Phase.QUEUED)
    site.move(1, Phase.EXECUTING)
    site.move(1, Phase.COMPLETED)
    assert told(news(stream)) == [(1, "PENDING"), (1, "QUEUED"), (1, "EXECUTING"), (1, "COMPLETED")]


def test_of_an_old_job_only_what_is_new_is_told(site: Site) -> None:
    site.move(1, Phase.PENDING, Phase.QUEUED)
    site.advance(3600)
    stream = site.events.open(lambda: ALL)
    site.move(1, Phase.EXECUTING)
    assert told(news(stream)) == [(1, "EXECUTING")]


def test_what_happened_long_ago_and_is_written_now_is_told(site: Site) -> None:
    site.move(1, Phase.PENDING, Phase.QUEUED)
    site.advance(3600)
    stream = site.events.open(lambda: ALL)
    local = job_id(1)
    earlier = site.at - timedelta(minutes=40)
    site.histories[local] = add_change(site.histories[local], Phase.EXECUTING, at=earlier, cause="inferred")
    site.move(1, Phase.COMPLETED, at=earlier + SECOND, written_at=site.at)
    assert told(news(stream)) == [(1, "EXECUTING"), (1, "COMPLETED")]


def test_a_change_that_is_committed_a_little_late_is_told(site: Site) -> None:
    stream = site.events.open(lambda: ALL)
    site.advance(10)
    assert news(stream) == []
    site.move(1, Phase.PENDING, at=site.at - SECOND)
    site.advance(0.5)
    assert told(news(stream)) == [(1, "PENDING")]


def test_a_change_that_is_committed_very_late_is_told_with_the_next_thorough_look(site: Site) -> None:
    stream = site.events.open(lambda: ALL)
    site.advance(100)
    assert news(stream) == []
    site.move(1, Phase.PENDING, at=site.at - timedelta(seconds=50))
    found = [told(news(stream)) for _ in range(20)]
    assert [one for one in found if one] == [[(1, "PENDING")]]


def test_a_deletion_is_told_once_and_no_phase_again(site: Site) -> None:
    site.move(1, Phase.PENDING, Phase.COMPLETED)
    site.advance(3600)
    stream = site.events.open(lambda: ALL)
    site.delete(1)
    assert told(news(stream)) == [(1, "deleted")]
    site.advance(1)
    assert told(news(stream)) == []


def test_each_is_told_only_what_he_may_see_and_asked_for(site: Site) -> None:
    viewer = Viewer(readers=frozenset({PUBLIC, "user:a1"}))
    streams_of = {
        "everything": site.events.open(lambda: ALL),
        "his": site.events.open(lambda: viewer),
        "public": site.events.open(Viewer),
        "of s1": site.events.open(lambda: ALL, service="s1"),
    }
    site.move(1, Phase.PENDING, readers=frozenset({"user:a1"}))
    site.move(2, Phase.PENDING)
    site.move(3, Phase.PENDING, readers=frozenset({"user:a2"}))
    assert {name: [job for job, _ in told(news(one))] for name, one in streams_of.items()} == {
        "everything": [1, 2, 3],
        "his": [1, 2],
        "public": [2],
        "of s1": [1, 3],
    }


def test_who_comes_back_gets_exactly_what_he_missed_while_the_server_remembers(site: Site) -> None:
    first = site.events.open(lambda: ALL)
    site.move(1, Phase.PENDING)
    site.move(1, Phase.QUEUED)
    seen = news(first)
    first.close()
    site.move(1, Phase.EXECUTING)
    site.advance(120)
    again = site.events.open(lambda: ALL, since=parse_since(seen[0].id, field="since"))
    assert told(news(again)) == [(1, "QUEUED"), (1, "EXECUTING")]


def test_who_comes_back_to_another_process_misses_nothing(site: Site) -> None:
    first = site.events.open(lambda: ALL)
    site.move(1, Phase.PENDING)
    seen = news(first)
    site.move(2, Phase.PENDING, at=site.at - timedelta(seconds=30))  # committed late
    site.advance(3600)
    site.move(3, Phase.PENDING)
    other = site.opened()
    again = other.open(lambda: ALL, since=parse_since(seen[-1].id, field="since"))
    assert told(news(again)) == [(2, "PENDING"), (3, "PENDING")]
    site.move(3, Phase.QUEUED)
    assert told(news(again))[-1] == (3, "QUEUED")
    other.close()


def test_what_was_told_again_does_not_come_a_third_time(site: Site) -> None:
    site.move(1, Phase.PENDING)
    stream = site.events.open(lambda: ALL, since=Since(at=NOON))
    site.move(2, Phase.PENDING)
    site.events._look()  # both in the log, and in the graph that is asked first
    assert told([event for batch in stream.batches(seconds=0) for event in batch]) == [(1, "PENDING"), (2, "PENDING")]


def test_an_instant_to_begin_at_gives_what_happened_since_then(site: Site) -> None:
    site.move(1, Phase.PENDING)
    site.advance(10)
    site.move(1, Phase.QUEUED)
    site.move(2, Phase.PENDING, readers=frozenset({"user:a2"}))
    stream = site.events.open(Viewer, since=parse_since("2026-03-01T12:00:05Z", field="since"))
    assert told(news(stream)) == [(1, "QUEUED")]


def test_after_a_long_silence_the_log_begins_anew(site: Site) -> None:
    first = site.events.open(lambda: ALL)
    first.close()
    site.advance(3600)
    site.move(1, Phase.PENDING, at=site.at - timedelta(minutes=30))
    stream = site.events.open(lambda: ALL)
    assert told(news(stream)) == []
    site.move(1, Phase.QUEUED)
    assert told(news(stream)) == [(1, "QUEUED")]


def test_an_event_has_the_same_id_whenever_it_is_read(site: Site) -> None:
    stream = site.events.open(lambda: ALL)
    site.move(1, Phase.PENDING)
    early = news(stream)
    site.advance(1)
    site.move(1, Phase.QUEUED)
    late = news(site.opened().open(lambda: ALL, since=Since(at=NOON)))
    assert [one.id for one in late][: len(early)] == [one.id for one in early]
    assert early[0].id == f"2026-03-01T12:00:00.000000Z/{job_id(1)}/0"


def test_who_is_too_far_behind_is_cut_off_instead_of_buffered(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_KEPT", 5)
    slow, quick = site.events.open(lambda: ALL), site.events.open(lambda: ALL)
    for number in range(1, 9):
        site.move(number, Phase.PENDING)
        assert told(news(quick)) == [(number, "PENDING")]
    for number in range(9, 12):
        site.move(number, Phase.PENDING)
    assert len(news(quick)) == 3
    assert len(site.events._log) <= 10
    assert (news(slow), slow.ended) == ([], End.SLOW)


def test_who_lost_his_right_is_sent_away_at_the_next_heartbeat(site: Site) -> None:
    site.events.heartbeat = timedelta(0)
    sights = iter([ALL, ALL, None])
    stream = site.events.open(lambda: next(sights))
    assert [list(batch) for batch in stream.batches()] == [[], []]
    assert stream.ended is End.UNKNOWN


def test_a_server_that_stops_sends_everybody_away_and_takes_nobody(site: Site) -> None:
    stream = site.events.open(lambda: ALL)
    ended = threading.Thread(target=lambda: list(stream.batches()))
    ended.start()
    site.events.close()
    ended.join(LONG)
    assert (ended.is_alive(), stream.ended) == (False, End.STOPPED)
    with pytest.raises(Unavailable):
        site.events.open(lambda: ALL)


def test_no_more_streams_are_open_than_allowed_and_a_closed_one_makes_room(site: Site) -> None:
    events = site.opened(most=2)
    first, _second = events.open(lambda: ALL), events.open(lambda: ALL)
    with pytest.raises(Unavailable, match="2 event streams are open; at most 2 may be"):
        events.open(lambda: ALL)
    first.close()
    first.close()
    assert events.streams == 1
    events.open(lambda: ALL).close()
    events.close()


def test_without_listeners_nothing_is_read_and_no_thread_runs(site: Site) -> None:
    site.events.wake(job_id(1))
    site.events.wake()
    assert (site.events._told, site.events._due, site.events._thread) == (set(), False, None)
    stream = site.events.open(lambda: ALL)
    thread = site.events._thread
    assert thread is not None
    stream.close()
    thread.join(LONG)
    assert site.events._thread is None


@pytest.mark.parametrize("named", [True, False])
def test_a_notice_wakes_who_listens(site: Site, *, named: bool) -> None:
    stream = site.events.open(lambda: ALL)
    batches = stream.batches(seconds=LONG)
    site.move(1, Phase.PENDING)
    site.events.wake(job_id(1) if named else None)
    assert told(next(iter(batches))) == [(1, "PENDING")]


def test_a_failure_to_read_is_tried_again(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    stream = site.events.open(lambda: ALL)
    site.move(1, Phase.PENDING)
    real = site.events._store

    class Away:
        namespace = real.namespace

        def find(self, *_: object) -> None:
            failed.set()
            raise Unavailable("the store is away")

    failed = threading.Event()
    site.events._store = Away()  # type: ignore[assignment]  # all that is asked of it
    site.events.wake()
    assert failed.wait(LONG)
    site.events._store = real
    batches = stream.batches(seconds=LONG)
    site.events.wake()
    assert told(next(iter(batches))) == [(1, "PENDING")]
    assert "the store is away; it is tried again" in caplog.text


@pytest.mark.parametrize(
    "given",
    ["", "yesterday", "2026-13-01", "2026-13-01T12:00:00.000000Z/j" + "0" * 32 + "/0", "2026-03-01T12:00:00Z/j/0"],
)
def test_what_is_no_place_to_begin_at_is_refused(given: str) -> None:
    with pytest.raises(Invalid, match="since="):
        parse_since(given, field="since")
