"""Who starts when slots are short, what a waiting job says, and what is asked of executors that don't answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from provstore.errors import FetchFailed
from provstore.uws.jobs import Job
from provstore.uws.queue.troubles import TROUBLES_FILE
from provstore.uws.running.life import Life, LifeParts
from provstore.uws.running.supervisor import Lease, Supervisor
from tests.web.conftest import Serve
from tests.web.documents import assert_valid
from tests.web.served import Served, job_id


def queue(served: Served, *owners: str) -> list[str]:
    """Queue a job of each of these people, a second apart."""
    people = {"curie": served.curie, "admin": served.admin, "anonymous": served.anonymous}
    jobs = []
    for owner in owners:
        jobs.append(served.create(by=people[owner], PHASE="RUN"))
        served.clock.advance(1)
    return jobs


def executing(served: Served, jobs: list[str]) -> list[int]:
    return [number for number, job in enumerate(jobs) if served.phase(job) == "EXECUTING"]


def info(served: Served, job: str) -> tuple[int | None, str | None]:
    told = served.json(job)["jobInfo"]
    return told["queuePlace"], told["waitsFor"]


def test_the_next_job_is_the_oldest_of_the_person_with_the_fewest_running_ones(serve: Serve) -> None:
    served = serve(local_slots=3)
    jobs = queue(served, "curie", "curie", "curie", "curie", "anonymous", "admin", "anonymous")
    served.tick(2)
    assert executing(served, jobs) == [0, 4, 5]
    served.finish(jobs[0])
    served.tick(2)
    assert executing(served, jobs) == [1, 4, 5]
    served.finish(jobs[4])
    served.tick(2)
    assert executing(served, jobs) == [1, 5, 6]


def test_nobody_runs_more_jobs_than_he_may_and_free_slots_wait_for_others(serve: Serve) -> None:
    served = serve(local_slots=4, user_slots=2, anonymous_slots=1)
    jobs = queue(served, "anonymous", "anonymous", "curie", "curie", "curie")
    served.tick(3)
    assert executing(served, jobs) == [0, 2, 3]
    assert info(served, jobs[1]) == (1, "visitors without a token may run 1 job at a time, and 1 is running")
    assert info(served, jobs[4]) == (2, "its owner may run 2 jobs at a time, and 2 are running")
    served.finish(jobs[2])
    served.tick(2)
    assert executing(served, jobs) == [0, 3, 4]


def test_a_job_that_is_woken_alone_does_not_overtake(serve: Serve) -> None:
    served = serve(local_slots=1)
    running, first, second = queue(served, "curie", "curie", "curie")
    served.tick(2)
    served.executor.finish(served.directory(running), files={"results/result.txt": b"x"})
    life = served.provstore.supervisor._life
    for job in (second, first, running):
        work = life.step(job_id(job))
        if work is not None:
            work.act()
    assert life.step(job_id(second)) is None
    assert life.startable() == (job_id(first),)
    served.tick(2)
    assert executing(served, [running, first, second]) == [1]


def test_a_waiting_job_tells_its_place_and_what_it_waits_for(serve: Serve) -> None:
    served = serve(local_slots=2)
    jobs = queue(served, *["curie"] * 5, "anonymous")
    assert [info(served, job) for job in jobs] == [
        (1, None),
        (3, "2 other jobs are started before it"),
        (4, "3 other jobs are started before it"),
        (5, "4 other jobs are started before it"),
        (6, "5 other jobs are started before it"),
        (2, "1 other job is started before it"),
    ]
    served.tick(2)
    assert executing(served, jobs) == [0, 5]
    assert info(served, jobs[0]) == (None, None)
    assert info(served, jobs[1]) == (1, "all 2 slots of local are taken")
    document = served.curie.get(jobs[2])
    assert "<p:waitsFor>all 2 slots of local are taken</p:waitsFor><p:queuePlace>2</p:queuePlace>" in document.text
    assert_valid(document.data)


def test_an_aborted_or_deleted_job_leaves_the_queue(serve: Serve) -> None:
    served = serve(local_slots=1)
    jobs = queue(served, *["curie"] * 4)
    served.tick(2)
    served.curie.post(f"{jobs[1]}/phase", data={"PHASE": "ABORT"})
    served.curie.delete(jobs[2])
    assert info(served, jobs[3]) == (1, "all 1 slots of local are taken")
    served.finish(jobs[0])
    served.tick(2)
    assert served.phase(jobs[3]) == "EXECUTING"
    assert served.executor.started == [served.directory(jobs[0]), served.directory(jobs[3])]


def test_a_slot_is_free_again_after_every_kind_of_end(serve: Serve) -> None:
    served = serve(local_slots=1)
    ends: tuple[Callable[[str], object], ...] = (
        lambda job: served.finish(job, exit_code=1),
        lambda job: served.executor.lose(served.directory(job)),
        lambda job: served.curie.post(f"{job}/phase", data={"PHASE": "ABORT"}),
        served.curie.delete,
        served.finish,
    )
    jobs = queue(served, *["curie"] * (len(ends) + 1))
    for job, end in zip(jobs, ends, strict=False):
        served.tick(4)
        assert served.phase(job) == "EXECUTING"
        end(job)
    served.tick(4)
    assert served.phase(jobs[-1]) == "EXECUTING"


def test_a_new_supervisor_counts_what_the_old_one_had_started(serve: Serve) -> None:
    served = serve(local_slots=2)
    jobs = queue(served, "curie", "curie", "curie", "anonymous")
    served.tick()
    served.provstore.supervisor.stop()
    assert [served.phase(job) for job in jobs] == ["QUEUED"] * 4  # two were started; this was not written down
    new = other_supervisor(served)
    new.tick()
    assert executing(served, jobs) == [0, 3]
    assert served.executor.started == [served.directory(jobs[0]), served.directory(jobs[3])]
    new.stop()


def test_while_the_site_drains_nothing_queued_starts_and_what_runs_goes_on(serve: Serve) -> None:
    served = serve(local_slots=1)
    jobs = queue(served, "curie", "curie")
    served.tick(2)
    served.provstore.draining.begin("new disks")
    served.finish(jobs[0])
    served.tick(3)
    assert [served.phase(job) for job in jobs] == ["COMPLETED", "QUEUED"]
    assert info(served, jobs[1]) == (1, "the server drains: new disks")
    served.provstore.draining.end()
    served.tick(2)
    assert served.phase(jobs[1]) == "EXECUTING"


# --- executors that don't answer


def test_an_executor_that_cannot_be_asked_is_asked_less_and_less_and_everybody_is_told(serve: Serve) -> None:
    served = serve(local_slots=3)
    executor = served.executor
    supervisor = served.provstore.supervisor
    started, job = queue(served, "curie", "curie")
    supervisor.tick()
    supervisor.tick()
    waiting = served.create(PHASE="RUN")
    executor.asked, served.executor.down = 0, True
    for _ in range(30):
        supervisor.tick()
        served.clock.advance(1)
    assert executor.asked == 5
    assert served.provstore.supervisor.troubles() == {"local": "the fake executor is down"}
    assert info(served, waiting) == (1, "local can't be reached: the fake executor is down")
    assert info(served, started) == (None, "local can't be reached: the fake executor is down")
    served.executor.down = False
    served.clock.advance(60)
    for _ in range(3):
        supervisor.tick()
    assert [served.phase(one) for one in (started, job, waiting)] == ["EXECUTING"] * 3
    assert supervisor.troubles() == {}
    assert info(served, started) == (None, None)
    supervisor.stop()


def test_trouble_is_over_when_nobody_needs_the_executor_any_more(served: Served) -> None:
    (job,) = queue(served, "curie")
    served.executor.down = True
    served.tick()
    served.curie.post(f"{job}/phase", data={"PHASE": "ABORT"})
    served.executor.down = False
    served.clock.advance(2)
    served.tick(2)
    assert served.provstore.supervisor.troubles() == {}
    assert not (served.provstore.settings.data / TROUBLES_FILE).exists()


def test_a_job_that_cannot_be_started_lets_others_go_first_and_says_so(serve: Serve) -> None:
    served = serve(local_slots=1)
    bad, good = queue(served, "curie", "anonymous")
    served.tick()
    (served.directory(bad) / "task.json").rename(served.directory(bad) / "kept")
    served.executor._jobs.clear()
    served.executor.started.clear()
    other_supervisor(served, stopped=served.provstore.supervisor)
    new = other_supervisor(served)
    new.tick()
    assert info(served, bad)[1] == f"local could not start it: {served.directory(bad)} is not staged"
    served.clock.advance(2)
    new.tick()
    new.tick()
    assert [served.phase(job) for job in (bad, good)] == ["QUEUED", "EXECUTING"]
    (served.directory(bad) / "kept").rename(served.directory(bad) / "task.json")
    served.executor.finish(served.directory(good), files={"results/result.txt": b"x"})
    served.clock.advance(10)
    for _ in range(3):
        new.tick()
    assert served.phase(bad) == "EXECUTING"
    assert info(served, bad) == (None, None)
    new.stop()


# --- inputs that lie elsewhere


@dataclass
class FakeFetching:
    """Fetches nothing: the test says what is missing of which job, and what went wrong."""

    missing_of: dict[str, str] = field(default_factory=dict)
    failures: dict[str, FetchFailed] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def missing(self, job: Job) -> str:
        self.asked.append(job.id)
        if job.id in self.failures:
            raise self.failures[job.id]
        return self.missing_of.get(job.id, "")


def parts(served: Served) -> LifeParts:
    return served.provstore.supervisor._life._parts


def other_supervisor(served: Served, *, stopped: Supervisor | None = None, **changes: Any) -> Supervisor:
    """Give a supervisor as another process would have it."""
    (stopped or served.provstore.supervisor).stop()
    settings = served.provstore.settings
    lease = Lease(settings.data.absolute() / "supervisor.lock")
    life = Life(replace(parts(served), **changes))
    return Supervisor(life=life, lease=lease, settings=settings, watch=lambda: None)


@pytest.fixture
def fetching() -> FakeFetching:
    return FakeFetching()


def test_a_job_whose_inputs_are_missing_takes_no_slot_until_they_are_here(serve: Serve, fetching: FakeFetching) -> None:
    served = serve(local_slots=1)
    supervisor = other_supervisor(served, fetching=fetching)
    first, second = queue(served, "curie", "curie")
    fetching.missing_of[job_id(first)] = "fetching input image from https://x/y (1 MB so far)"
    supervisor.tick()
    supervisor.tick()
    assert [served.phase(job) for job in (first, second)] == ["QUEUED", "QUEUED"]
    assert info(served, first) == (1, "fetching input image from https://x/y (1 MB so far)")
    supervisor.tick()
    assert [served.phase(job) for job in (first, second)] == ["QUEUED", "EXECUTING"]
    fetching.missing_of.clear()
    supervisor.tick()
    assert info(served, first) == (1, "all 1 slots of local are taken")
    served.executor.finish(served.directory(second), files={"results/result.txt": b"x"})
    for _ in range(4):
        supervisor.tick()
    assert served.phase(first) == "EXECUTING"
    supervisor.stop()


def test_progress_is_written_down_now_and_then_and_not_at_each_tick(serve: Serve, fetching: FakeFetching) -> None:
    served = serve()
    supervisor = other_supervisor(served, fetching=fetching)
    (job,) = queue(served, "curie")
    told = []
    for second in range(25):
        fetching.missing_of[job_id(job)] = f"fetching input image ({second} MB so far)"
        supervisor.tick()
        told.append(info(served, job)[1])
        served.clock.advance(1)
    assert list(dict.fromkeys(told)) == [f"fetching input image ({second} MB so far)" for second in (0, 10, 20)]
    supervisor.stop()


@pytest.mark.parametrize(("transient", "kind"), [(True, "transient"), (False, "fatal")])
def test_an_input_that_cannot_be_had_is_an_error_that_names_it(
    served: Served, fetching: FakeFetching, *, transient: bool, kind: str
) -> None:
    supervisor = other_supervisor(served, fetching=fetching)
    bad, good = queue(served, "curie", "curie")
    failure = FetchFailed("image", address="https://x/y", reason="the answer was 404", transient=transient)
    fetching.failures[job_id(bad)] = failure
    for _ in range(3):
        supervisor.tick()
    told: Mapping[str, Any] = served.json(bad)
    assert (told["phase"], told["errorSummary"]["type"]) == ("ERROR", kind)
    assert told["errorSummary"]["message"] == "input image: https://x/y could not be fetched: the answer was 404"
    assert told["endTime"] is not None
    assert served.phase(good) == "EXECUTING"
    supervisor.stop()


def test_one_person_s_missing_inputs_are_prepared_a_few_at_a_time_and_stop_nobody_else(
    serve: Serve, fetching: FakeFetching
) -> None:
    served = serve(local_slots=2)
    supervisor = other_supervisor(served, fetching=fetching)
    jobs = queue(served, *["curie"] * 12, "anonymous")
    fetching.missing_of = {job_id(job): "fetching input image" for job in jobs[:12]}
    for _ in range(8):
        supervisor.tick()
    assert set(fetching.asked) == {job_id(job) for job in (*jobs[:8], jobs[12])}
    assert executing(served, jobs) == [12]
    supervisor.stop()


def test_an_aborted_job_is_not_fetched_for_any_more(serve: Serve, fetching: FakeFetching) -> None:
    served = serve()
    supervisor = other_supervisor(served, fetching=fetching)
    (job,) = queue(served, "curie")
    fetching.missing_of[job_id(job)] = "fetching input image"
    supervisor.tick()
    served.curie.post(f"{job}/phase", data={"PHASE": "ABORT"})
    supervisor.tick()
    supervisor.tick()
    fetching.asked.clear()
    supervisor.tick()
    assert fetching.asked == []
    assert supervisor._life._slots.known() == ()
    assert info(served, job) == (None, None)
    supervisor.stop()
