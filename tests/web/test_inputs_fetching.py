"""Fetching by itself: tries and pauses, whose turn it is, and the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from provstore.errors import FetchFailed
from provstore.uws.inputs.download import Fetched, Line, Wanted
from tests.archive import PATIENCE, Archive, archive, reply
from tests.downloading import LOCAL
from tests.web.conftest import Serve
from tests.web.fetches import arrived, ended, job_of, local_fetch, own_fetching, queued
from tests.web.served import Served


@pytest.fixture(scope="module")
def server() -> Iterator[Archive]:
    with archive() as running:
        yield running


@pytest.fixture
def served(serve: Serve) -> Served:
    """A server that may fetch from this machine."""
    return serve(fetch_networks=LOCAL)


def test_an_error_of_the_server_is_tried_again(served: Served, server: Archive) -> None:
    url = server.serve("/flaky", reply(status=500), reply(status=503), reply(b"cut", Content_Length="9"), b"whole")
    job = queued(served, url)
    woken: list[str] = []
    fetching = own_fetching(served, local_fetch(served), wake=woken.append)
    fetching.missing(job)
    ended(fetching, job.id)
    assert fetching.missing(job_of(served, job.id)) == ""
    assert woken == [job.id]


def test_the_fourth_failure_is_the_last(served: Served, server: Archive) -> None:
    url = server.serve("/down", reply(status=503))
    server.asked.clear()
    job = queued(served, url)
    fetching = own_fetching(served, local_fetch(served))
    fetching.missing(job)
    ended(fetching, job.id)
    with pytest.raises(FetchFailed) as caught:
        fetching.missing(job)
    assert (caught.value.reason, caught.value.transient) == ("the server answered 503 Service Unavailable", True)
    assert len(server.asked) == 4


def test_a_try_that_failed_is_told_while_the_next_one_is_awaited(served: Served) -> None:
    asked, go = threading.Event(), threading.Event()
    tries: list[str] = []

    def flaky(wanted: Wanted, _line: Line) -> Fetched:
        tries.append(wanted.url)
        if len(tries) == 1:
            raise FetchFailed(wanted.name, address=wanted.url, reason="the server is silent", transient=True)
        asked.set()
        assert go.wait(PATIENCE)
        return arrived(served.provstore.files, wanted)

    job = queued(served)
    fetching = own_fetching(served, flaky)
    fetching.missing(job)
    assert asked.wait(PATIENCE)
    words = "fetching input input from https://archive.example.org/x (the server is silent; it is tried again)"
    assert fetching.missing(job) == words
    go.set()
    ended(fetching, job.id)


@pytest.mark.parametrize(
    ("received", "amount"),
    [
        (0, "less than 1 MB"),
        (999_999, "less than 1 MB"),
        (1_000_000, "more than 1 MB"),
        (4_999_999, "more than 2 MB"),
        (734_000_000, "more than 500 MB"),
        (25_000_000_000, "more than 20000 MB"),
    ],
)
def test_progress_is_told_in_few_steps(served: Served, received: int, amount: str) -> None:
    under_way, go = threading.Event(), threading.Event()

    def half(wanted: Wanted, line: Line) -> Fetched:
        line.received = received
        under_way.set()
        assert go.wait(PATIENCE)
        return arrived(served.provstore.files, wanted)

    job = queued(served)
    fetching = own_fetching(served, half)
    fetching.missing(job)
    assert under_way.wait(PATIENCE)
    words = f"fetching input input from https://archive.example.org/x ({amount} so far)"
    assert fetching.missing(job) == words
    go.set()
    ended(fetching, job.id)


def test_a_pause_ends_with_the_job(served: Served) -> None:
    failed = threading.Event()

    def failing(wanted: Wanted, line: Line) -> Fetched:
        line.check()
        failed.set()
        raise FetchFailed(wanted.name, address=wanted.url, reason="no", transient=True)

    job = queued(served)
    fetching = own_fetching(served, failing, pauses=(PATIENCE * 10,))
    fetching.missing(job)
    assert failed.wait(PATIENCE)
    task = fetching._tasks[job.id]
    fetching.drop(job.id)
    assert task.ended.wait(PATIENCE)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (OSError(28, "No space left on device"), "it can't be written: No space left on device"),
        (RuntimeError("a mistake of ours"), "internal error: RuntimeError"),
    ],
)
def test_what_goes_wrong_here_ends_in_an_error_that_says_so(served: Served, trouble: Exception, reason: str) -> None:
    def broken(_wanted: Wanted, _line: Line) -> Fetched:
        raise trouble

    job = queued(served)
    fetching = own_fetching(served, broken)
    fetching.missing(job)
    ended(fetching, job.id)
    with pytest.raises(FetchFailed) as caught:
        fetching.missing(job)
    assert (caught.value.reason, caught.value.transient) == (reason, True)


def test_one_person_does_not_take_all_threads(served: Served) -> None:
    go = threading.Event()

    def waiting(wanted: Wanted, _line: Line) -> Fetched:
        assert go.wait(PATIENCE)
        return arrived(served.provstore.files, wanted)

    jobs = [queued(served, by=served.curie) for _ in range(3)]
    jobs.append(queued(served))
    fetching = own_fetching(served, waiting, most=4, each=2)
    assert [fetching.missing(job).split()[0] for job in jobs] == ["fetching", "fetching", "waiting", "fetching"]
    go.set()
    for job in jobs:
        ended(fetching, job.id)


def test_of_those_that_wait_the_one_comes_first_whose_owner_has_fewest_under_way(served: Served) -> None:
    begun: list[str] = []
    changed, go = threading.Condition(), threading.Semaphore(0)

    def waiting(wanted: Wanted, _line: Line) -> Fetched:
        with changed:
            begun.append(wanted.url[-1])
            changed.notify_all()
        assert go.acquire(timeout=PATIENCE)
        return arrived(served.provstore.files, wanted)

    greedy = [queued(served, f"https://archive.example.org/{number}", by=served.curie) for number in range(3)]
    modest = queued(served, "https://archive.example.org/m")
    fetching = own_fetching(served, waiting, most=2)
    told = [fetching.missing(job) for job in (*greedy, modest)]
    assert [one.split()[0] for one in told] == ["fetching", "fetching", "waiting", "waiting"]
    with changed:
        assert changed.wait_for(lambda: len(begun) == 2, PATIENCE)
    go.release()
    with changed:
        assert changed.wait_for(lambda: len(begun) == 3, PATIENCE)
    go.release(3)
    for job in (*greedy, modest):
        ended(fetching, job.id)
    assert sorted(begun[:2]) == ["0", "1"]
    assert begun[2:] == ["m", "2"]


def test_what_waits_for_its_turn_can_be_dropped(served: Served) -> None:
    go = threading.Event()

    def waiting(wanted: Wanted, _line: Line) -> Fetched:
        assert go.wait(PATIENCE)
        return arrived(served.provstore.files, wanted)

    first, second = queued(served), queued(served)
    fetching = own_fetching(served, waiting, most=1)
    assert fetching.missing(first).startswith("fetching")
    assert fetching.missing(second).startswith("waiting to fetch input input from https://archive.example.org/x")
    fetching.drop(second.id)
    assert set(fetching._tasks) == {first.id}
    go.set()
    ended(fetching, first.id)


def test_after_the_end_nothing_is_begun(served: Served) -> None:
    fetching = own_fetching(served, lambda _wanted, _line: pytest.fail("it was asked"))
    fetching.close()
    assert fetching.missing(queued(served)).startswith("waiting to fetch")


def test_a_stale_picture_of_a_job_fetches_nothing_twice(served: Served) -> None:
    asked: list[Path] = []

    def once(wanted: Wanted, _line: Line) -> Fetched:
        asked.append(wanted.folder)
        return arrived(served.provstore.files, wanted)

    stale = queued(served)
    fetching = own_fetching(served, once)
    for _ in range(2):
        fetching.missing(stale)
        ended(fetching, stale.id)
    assert len(asked) == 1
