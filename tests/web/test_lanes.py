"""The running supervisor, with its threads: what takes long in one job must not hold up the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from provstore.graph.store import Change, GraphStore
from provstore.uws.jobs import Job
from provstore.uws.phases import Phase
from provstore.uws.records import Move, Records
from provstore.uws.running.life import Life
from provstore.uws.running.supervisor import Lease, Supervisor
from tests.web.conftest import Serve
from tests.web.served import Served

PATIENCE = 20.0


class SlowEnds(Records):
    """Records in which no job becomes COMPLETED before the test says so, as if its results were very large."""

    def __init__(self, store: GraphStore) -> None:
        super().__init__(store)
        self.go_on = threading.Event()
        self.waiting = threading.Semaphore(0)

    def move(self, job: Job, move: Move, *, further: Sequence[Change] = ()) -> None:
        if move.phase is Phase.COMPLETED:
            self.waiting.release()
            assert self.go_on.wait(PATIENCE)
        super().move(job, move, further=further)


@contextmanager
def supervised(served: Served, records: Records) -> Iterator[Supervisor]:
    """Let a supervisor run in its threads, woken by every change that clients ask for."""
    served.provstore.supervisor.stop()
    settings = served.provstore.settings
    parts = replace(served.provstore.supervisor._life._parts, records=records)
    lease = Lease(settings.data.absolute() / "supervisor.lock")
    supervisor = Supervisor(life=Life(parts), lease=lease, settings=settings, watch=lambda: None)
    supervisor.start()
    try:
        yield supervisor
    finally:
        supervisor.stop()


def until(condition: Callable[[], bool]) -> None:
    """Look until it holds, without a pause of our own: the supervisor's threads do the work."""
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.02)):
        if condition():
            return
        pause.wait(0.02)
    raise AssertionError("it did not come to hold")


def test_jobs_start_and_are_aborted_while_many_large_results_are_read(serve: Serve) -> None:
    served = serve(local_slots=30, tick=timedelta(seconds=0.05))
    records = SlowEnds(served.provstore.store)
    with supervised(served, records):
        large = [served.create(PHASE="RUN") for _ in range(20)]
        until(lambda: all(served.phase(job) == "EXECUTING" for job in large))
        for job in large:
            served.executor.finish(served.directory(job), files={"results/result.txt": b"x"})
        for _ in range(8):
            assert records.waiting.acquire(timeout=PATIENCE)
        late = served.create(PHASE="RUN")
        until(lambda: served.phase(late) == "EXECUTING")
        served.anonymous.post(f"{late}/phase", data={"PHASE": "ABORT"})
        until(lambda: served.executor.aborted == [served.directory(late)])
        assert {served.phase(job) for job in large} == {"EXECUTING"}
        records.go_on.set()
        until(lambda: {served.phase(job) for job in large} == {"COMPLETED"})


def test_slots_are_filled_as_soon_as_they_are_free_and_not_at_the_next_tick(serve: Serve) -> None:
    served = serve(local_slots=1, tick=timedelta(hours=1))
    with supervised(served, served.provstore.records) as supervisor:
        jobs = [served.create(PHASE="RUN") for _ in range(5)]
        supervisor.wake()
        for job in jobs:
            until(lambda job=job: served.directory(job) in served.executor.started)  # type: ignore[misc]  # bound now
            served.executor.finish(served.directory(job), files={"results/result.txt": b"x"})
            supervisor.wake(job.rsplit("/", 1)[-1])
        until(lambda: all(served.phase(job) == "COMPLETED" for job in jobs))
