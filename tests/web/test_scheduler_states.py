"""Jobs in a scheduler's hand: what their clients see of its queue, its holds, its silence, and its refusals."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Final

import pytest

from provstore.errors import Busy, Invalid
from provstore.uws.phases import FINAL
from provstore.uws.ports import Cause, State
from provstore.uws.running.amendments import Amendments
from tests.web.served import BIRTH, Served, job_id
from tests.web.test_queue import other_supervisor

PHASES: Final = {
    State.WAITING: "QUEUED",
    State.HELD: "HELD",
    State.RUNNING: "EXECUTING",
    State.SUSPENDED: "SUSPENDED",
    State.UNKNOWN: "UNKNOWN",
}


def handed_over(served: Served) -> str:
    """A job that its executor has taken, and nobody has looked at since."""
    job = served.create(PHASE="RUN")
    served.tick()
    return job


def see(served: Served, job: str, state: State, message: str = "", **facts: object) -> None:
    served.executor.see(served.directory(job), state=state, message=message, **facts)
    served.clock.advance(1)
    served.tick()


def info(served: Served, job: str) -> str | None:
    told: str | None = served.json(job)["jobInfo"]["waitsFor"]
    return told


def history(served: Served, job: str) -> list[tuple[str, str]]:
    return [(one["phase"], one["cause"]) for one in served.json(job)["jobInfo"]["history"]]


@pytest.mark.parametrize(("first", "second"), list(product(PHASES, repeat=2)))
def test_every_state_of_a_scheduler_may_follow_every_other_one(served: Served, first: State, second: State) -> None:
    job = handed_over(served)
    see(served, job, first)
    assert served.phase(job) == PHASES[first]
    see(served, job, second)
    assert served.phase(job) == PHASES[second]


@pytest.mark.parametrize("state", list(PHASES))
def test_a_job_completes_from_every_state_of_a_scheduler(served: Served, state: State) -> None:
    job = handed_over(served)
    see(served, job, state)
    served.executor.see(served.directory(job), state=State.RUNNING)
    served.finish(job)
    assert served.phase(job) == "COMPLETED"


@pytest.mark.parametrize("state", list(PHASES))
def test_a_job_is_aborted_in_every_state_of_a_scheduler(served: Served, state: State) -> None:
    job = handed_over(served)
    see(served, job, state)
    assert served.anonymous.post(f"{job}/phase", data={"PHASE": "ABORT"}).status_code == 303
    served.tick()
    assert (served.phase(job), served.executor.aborted) == ("ABORTED", [served.directory(job)])


def test_the_reason_why_a_job_waits_in_a_scheduler_is_told(served: Served) -> None:
    job = handed_over(served)
    see(served, job, State.WAITING, "in the queue of meso: waits for free nodes (Resources)")
    assert info(served, job) == "in the queue of meso: waits for free nodes (Resources)"
    see(served, job, State.HELD, "held by the administrator (JobHeldAdmin)")
    assert info(served, job) == "held by the administrator (JobHeldAdmin)"
    assert history(served, job)[-1] == ("HELD", "executor local: held by the administrator (JobHeldAdmin)")
    see(served, job, State.RUNNING)
    assert info(served, job) is None


def test_a_job_begins_when_its_node_says_so_but_not_before_it_was_made(served: Served) -> None:
    job = handed_over(served)
    see(served, job, State.RUNNING, started_at=BIRTH - timedelta(hours=1))
    assert served.json(job)["startTime"] == served.json(job)["creationTime"]


def test_a_job_does_not_end_later_than_now_whatever_the_clock_of_its_node(served: Served) -> None:
    job = handed_over(served)
    see(served, job, State.RUNNING)
    served.executor.finish(served.directory(job), files={"results/result.txt": b"x"})
    served.executor.see(served.directory(job), ended_at=BIRTH + timedelta(days=400))
    served.tick()
    assert served.json(job)["endTime"] == f"{served.clock.at.isoformat()[:19]}.000Z"


def test_the_facts_of_a_scheduler_are_properties_of_the_activity(served: Served) -> None:
    job = handed_over(served)
    see(served, job, State.RUNNING, facts={"slurm_job_id": 17, "slurm_nodes": "n1"})
    node = served.provstore.records.node(job.rpartition("/")[2])
    assert (node.properties["slurm_job_id"], node.properties["slurm_nodes"]) == (17, "n1")


def test_a_limit_of_the_scheduler_makes_a_job_wait_longer_and_longer_and_is_no_trouble_of_the_executor(
    served: Served,
) -> None:
    served.executor.refusal = Busy("SLURM: QOSMaxSubmitJobPerUserLimit")
    job = served.create(PHASE="RUN")
    tried = 0
    for _ in range(100):
        served.tick()
        served.clock.advance(1)
        tried += len(served.executor.started)
    assert (served.phase(job), served.provstore.supervisor.troubles()) == ("QUEUED", {})
    assert info(served, job) == "local takes it later: SLURM: QOSMaxSubmitJobPerUserLimit"
    served.executor.refusal = None
    served.clock.advance(300)
    served.tick(2)
    assert served.phase(job) == "EXECUTING"


def test_other_jobs_start_while_one_waits_for_a_limit_of_the_scheduler(served: Served) -> None:
    served.executor.refusal = Busy("SLURM: QOSMaxSubmitJobPerUserLimit")
    first = served.create(PHASE="RUN")
    served.tick()
    served.executor.refusal = None
    second = served.create(by=served.curie, PHASE="RUN")
    served.tick(2)
    assert [served.phase(one) for one in (first, second)] == ["QUEUED", "EXECUTING"]


def test_a_job_with_which_nothing_can_be_done_yet_is_left_alone_longer_and_longer(served: Served) -> None:
    job = handed_over(served)
    served.executor.hindrance = Busy("out.txt: not as listed, or not yet")
    see(served, job, State.ENDED, "")
    asked = served.executor.asked
    for _ in range(60):
        served.clock.advance(1)
        served.tick()
    assert served.executor.asked - asked == 5
    served.executor.hindrance = None
    served.clock.advance(60)
    served.tick()
    assert served.phase(job) in FINAL


def test_what_the_scheduler_refuses_for_good_is_an_error_in_its_words(served: Served) -> None:
    served.executor.refusal = Invalid("SLURM: Invalid partition name specified")
    job = served.create(PHASE="RUN")
    served.tick()
    assert served.phase(job) == "ERROR"
    assert served.json(job)["errorSummary"]["message"] == "SLURM: Invalid partition name specified"


@pytest.mark.parametrize(
    ("cause", "phase", "kind"),
    [(Cause.MEMORY, "ERROR", "fatal"), (Cause.TAKEN_BACK, "ERROR", "transient"), (Cause.TIMEOUT, "ABORTED", "fatal")],
)
def test_the_end_that_a_scheduler_made_is_told_in_its_words(
    served: Served, cause: Cause, phase: str, kind: str
) -> None:
    job = handed_over(served)
    see(served, job, State.RUNNING)
    served.executor.finish(served.directory(job), exit_code=None, cause=cause, message="SLURM says so")
    served.tick()
    summary = served.json(job)["errorSummary"]
    assert (served.phase(job), summary["type"], summary["message"].endswith("SLURM says so")) == (phase, kind, True)


def test_a_lost_job_is_an_error_that_may_pass(served: Served) -> None:
    job = handed_over(served)
    see(served, job, State.LOST, "lost: SLURM does not know it any more")
    summary = served.json(job)["errorSummary"]
    assert (served.phase(job), summary["type"]) == ("ERROR", "transient")
    assert summary["message"] == "lost: SLURM does not know it any more"
    assert served.phase(job) in FINAL


def test_a_signal_reaches_the_executor_of_its_job(served: Served) -> None:
    job = handed_over(served)
    token = served.provstore.tokens.token(job.rpartition("/")[2])
    answer = served.client(token).post(f"/signals/{job.rpartition('/')[2]}", data=b"{}")
    assert (answer.status_code, served.executor.hints) == (204, [(served.directory(job), b"{}")])


def test_a_signal_of_more_than_64_kilobytes_is_refused(served: Served) -> None:
    job = handed_over(served)
    token = served.provstore.tokens.token(job.rpartition("/")[2])
    answer = served.client(token).post(f"/signals/{job.rpartition('/')[2]}", data=b"x" * 70_000)
    assert (answer.status_code, served.executor.hints) == (413, [])


def test_files_elsewhere_are_removed_with_the_job(served: Served) -> None:
    job = handed_over(served)
    see(served, job, State.RUNNING)
    served.finish(job)
    directory = served.directory(job)
    assert served.anonymous.delete(job).status_code == 303
    served.tick()
    assert directory in served.executor.removed


def test_what_is_learnt_late_is_added_to_a_job_that_is_over_where_it_is_more(served: Served) -> None:
    job = served.completed()
    amendments = Amendments(served.provstore.records)
    for max_rss in (900, 500):
        amendments.take(served.directory(job), {"max_rss": max_rss})
    assert served.json(job)["jobInfo"]["maxMemory"] == 900
    assert served.phase(job) == "COMPLETED"


def test_nothing_is_added_to_a_job_that_runs_or_was_deleted(served: Served) -> None:
    running, deleted = handed_over(served), served.completed()
    served.anonymous.delete(deleted)
    for job in (running, deleted):
        Amendments(served.provstore.records).take(served.directory(job), {"max_rss": 900})
    assert served.json(running)["jobInfo"]["maxMemory"] is None
    assert "max_rss" not in served.provstore.store.get([served.node(job_id(deleted))])[0].properties


def test_jobs_of_a_cluster_that_the_settings_do_not_name_any_more_wait_for_it(served: Served) -> None:
    running, queued = handed_over(served), served.create()
    served.tick()
    supervisor = other_supervisor(served, executors={"other": served.executor})
    served.anonymous.post(f"{queued}/phase", data={"PHASE": "RUN"})
    supervisor.tick()
    served.clock.advance(2)
    supervisor.tick()
    assert [served.phase(job) for job in (running, queued)] == ["EXECUTING", "QUEUED"]
    words = "the settings have no executor 'local' (any more); they have: other"
    assert supervisor.troubles() == {"local": words}
    assert info(served, queued) == f"local can't be reached: {words}"
    supervisor.stop()
