import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from provstore.errors import NotFound
from provstore.uws.phases import Phase
from provstore.uws.watching.waiting import Waiting

LONG = 30.0
"""Seconds after which a test gives up; nothing waits that long when all is well."""


class Job:
    """A job whose phase the test sets; counts how often it is read."""

    def __init__(self) -> None:
        self.phase = Phase.PENDING
        self.reads = 0

    def read(self) -> Phase:
        self.reads += 1
        return self.phase


@pytest.fixture
def job() -> Job:
    return Job()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as threads:
        yield threads


Ask = Callable[..., Future[None]]


@pytest.fixture
def ask(pool: ThreadPoolExecutor) -> Ask:
    """Wait in another thread; come back when so many wait for the job and have read its phase."""

    def start(
        waiting: Waiting, job: Job, *, name: str = "j", phase: Phase = Phase.PENDING, waiters: int = 1
    ) -> Future[None]:
        reads = job.reads
        future = pool.submit(waiting.until_changed, name, phase=phase, read=job.read, seconds=LONG)
        deadline = time.monotonic() + LONG
        while waiting._waited.get(name) is None or waiting._waited[name].waiters < waiters or job.reads == reads:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        return future

    return start


def test_who_waits_is_woken_by_the_change_and_read_the_phase_twice_only(job: Job, ask: Ask) -> None:
    waiting = Waiting(most=10)
    asked = ask(waiting, job)
    job.phase = Phase.QUEUED
    waiting.notify("j")
    asked.result(LONG)
    assert job.reads == 2
    assert waiting._waited == {}


def test_all_who_wait_for_a_job_are_woken_together(job: Job, ask: Ask) -> None:
    waiting = Waiting(most=10)
    asked = [ask(waiting, job, waiters=number) for number in (1, 2, 3)]
    job.phase = Phase.ABORTED
    waiting.notify("j")
    for one in asked:
        one.result(LONG)


def test_a_wake_up_without_a_change_is_slept_through(job: Job, ask: Ask) -> None:
    waiting = Waiting(most=10)
    asked = ask(waiting, job)
    waiting.notify("j")
    deadline = time.monotonic() + LONG
    while job.reads < 2:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    assert not asked.done()
    job.phase = Phase.QUEUED
    waiting.notify("j")
    asked.result(LONG)


def test_news_of_other_jobs_wakes_nobody(job: Job, ask: Ask) -> None:
    waiting = Waiting(most=10)
    asked = ask(waiting, job)
    waiting.notify("other")
    assert set(waiting._waited) == {"j"}
    assert (job.reads, asked.done()) == (1, False)
    job.phase = Phase.QUEUED
    waiting.notify("j")
    asked.result(LONG)


def test_a_change_between_the_look_and_the_wait_is_not_missed(job: Job) -> None:
    waiting = Waiting(most=10)
    job.phase = Phase.QUEUED
    waiting.until_changed("j", phase=Phase.PENDING, read=job.read, seconds=LONG)
    assert job.reads == 1


def test_time_that_runs_out_ends_the_wait(job: Job) -> None:
    began = time.monotonic()
    Waiting(most=10).until_changed("j", phase=Phase.PENDING, read=job.read, seconds=0.05)
    assert 0.05 <= time.monotonic() - began < LONG


def test_a_surplus_waiter_is_answered_at_once_and_takes_no_place(job: Job, ask: Ask) -> None:
    waiting = Waiting(most=1)
    asked = ask(waiting, job)
    waiting.until_changed("k", phase=Phase.PENDING, read=job.read, seconds=LONG)
    waiting.until_changed("j", phase=Phase.PENDING, read=job.read, seconds=LONG)
    assert set(waiting._waited) == {"j"}
    job.phase = Phase.QUEUED
    waiting.notify("j")
    asked.result(LONG)
    asked = ask(waiting, job, phase=Phase.QUEUED)
    job.phase = Phase.EXECUTING
    waiting.notify("j")
    asked.result(LONG)


def test_one_look_asks_for_all_waited_jobs_and_wakes_those_that_changed(job: Job, ask: Ask) -> None:
    waiting, still = Waiting(most=10), Job()
    asked, other = ask(waiting, job), ask(waiting, still, name="k")
    questions: list[Sequence[str]] = []

    def read(job_ids: Sequence[str]) -> dict[str, Phase]:
        questions.append(job_ids)
        return {"j": job.phase, "k": still.phase}

    job.phase = Phase.QUEUED
    waiting.look(read)
    asked.result(LONG)
    assert questions == [("j", "k")]
    assert not other.done()
    still.phase = Phase.QUEUED
    waiting.look(read)
    other.result(LONG)
    waiting.look(read)
    assert len(questions) == 2


def test_a_look_wakes_who_waits_for_a_job_that_is_gone(pool: ThreadPoolExecutor) -> None:
    waiting = Waiting(most=10)
    present = threading.Event()

    def read() -> Phase:
        if present.is_set():
            raise NotFound("no job")
        return Phase.PENDING

    asked = pool.submit(waiting.until_changed, "j", phase=Phase.PENDING, read=read, seconds=LONG)
    deadline = time.monotonic() + LONG
    while "j" not in waiting._waited:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    present.set()
    waiting.look(lambda _ids: {})
    with pytest.raises(NotFound):
        asked.result(LONG)
    assert waiting._waited == {}


def test_a_waiter_who_has_seen_a_later_phase_wakes_those_who_had_not(job: Job, ask: Ask) -> None:
    waiting = Waiting(most=10)
    early = ask(waiting, job)
    job.phase = Phase.QUEUED
    late = ask(waiting, job, phase=Phase.QUEUED)
    early.result(LONG)
    job.phase = Phase.PENDING
    waiting.look(lambda _ids: {"j": Phase.PENDING})
    late.result(LONG)
