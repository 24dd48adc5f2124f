"""What an operator is told of a job, in every phase."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from provstore.graph.model import NodeId
from provstore.uws.explaining import Standing, explained
from provstore.uws.jobs import Failure, Job, JobId, add_change
from provstore.uws.phases import Phase
from provstore.uws.queue.rules import NOT_WAITING, Wait

AT: Final = datetime(2026, 11, 23, 3, 0, 0, tzinfo=UTC)
FAILURE: Final = Failure(message="the script ended with exit code 3", detail="no such star\n")
JOB: Final = Job(
    id=JobId("j1"),
    node=NodeId("u:j1"),
    service="sleep",
    phase=Phase.PENDING,
    owner="u:ann",
    run_id="",
    created_at=AT - timedelta(hours=3),
    started_at=None,
    ended_at=None,
    quote_at=None,
    destruction_at=None,
    execution_duration=timedelta(minutes=10),
    revision="r",
    history_text=add_change("", Phase.PENDING, at=AT - timedelta(hours=3), cause="user ann"),
    executor="meso",
)


def standing(phase: Phase, *, said: str = "", wait: Wait = NOT_WAITING, failure: Failure | None = None) -> Standing:
    history = add_change(JOB.history_text, phase, at=AT - timedelta(minutes=5), cause="executor meso")
    started_at = AT - timedelta(minutes=5) if phase is Phase.EXECUTING else None
    job = replace(JOB, phase=phase, history_text=history, failure=failure, started_at=started_at, host="node7")
    return Standing(job=job, wait=wait, said=said, trouble=False, supervised=True, at=AT)


ENDINGS: Final = {
    Phase.PENDING: "It was never started: its owner starts it with PHASE=RUN.",
    Phase.QUEUED: "It begins by itself when its turn has come.",
    Phase.HELD: "It begins when its owner starts it with PHASE=RUN.",
    Phase.EXECUTING: (
        "It runs on node7. It is ended at 2026-11-23 03:05:00Z if it has not ended before (its execution duration)."
    ),
    Phase.SUSPENDED: "The scheduler took its processors for others; it goes on by itself.",
    Phase.UNKNOWN: (
        "Nobody can tell what became of it; that is asked again, until it is heard of or given up as lost."
    ),
    Phase.COMPLETED: "All went well; it has 0 results.",
    Phase.ERROR: "Why: the script ended with exit code 3. The last lines of its stderr: no such star",
    Phase.ABORTED: "Why: the script ended with exit code 3. The last lines of its stderr: no such star",
    Phase.ARCHIVED: "Its files are gone, its provenance stays.",
}


@pytest.mark.parametrize("phase", Phase)
def test_each_phase_says_since_when_by_whom_and_what_comes_next(phase: Phase) -> None:
    failure = FAILURE if phase in {Phase.ERROR, Phase.ABORTED} else None
    by = "2026-11-23 00:00:00Z (3 h), by user ann" if phase is Phase.PENDING else "2026-11-23 02:55:00Z (5 min), by "
    text = explained(standing(phase, failure=failure))
    assert text.startswith(f"Job j1 of sleep is {phase} since {by}")
    assert text.endswith(f". {ENDINGS[phase]}")


def test_a_job_that_waits_says_for_what_and_its_place() -> None:
    text = explained(standing(Phase.QUEUED, wait=Wait(place=3, reason="all 2 slots of meso are taken")))
    assert "It is number 3 in the queue of meso. It waits: all 2 slots of meso are taken. It begins by itself" in text


@pytest.mark.parametrize("phase", [Phase.QUEUED, Phase.HELD, Phase.SUSPENDED])
def test_what_waits_says_so(phase: Phase) -> None:
    assert " It waits: held by its owner. " in explained(standing(phase, wait=Wait(reason="held by its owner")))


@pytest.mark.parametrize("phase", [Phase.EXECUTING, Phase.UNKNOWN])
def test_what_runs_does_not_wait_for_what_is_in_the_way(phase: Phase) -> None:
    text = explained(standing(phase, wait=Wait(reason="meso can't be reached: no connection.")))
    assert ". At present: meso can't be reached: no connection. " in text
    assert "It waits" not in text


def test_a_question_keeps_its_mark_and_trouble_ends_when_it_is_mended() -> None:
    waiting = standing(Phase.QUEUED, wait=Wait(place=1, reason="meso can't be reached: is the account open?"))
    text = explained(replace(waiting, trouble=True))
    assert text.endswith(" is the account open? It goes on by itself once that is mended.")


def test_an_end_that_was_known_of_late_is_told_with_its_delay() -> None:
    one = standing(Phase.COMPLETED)
    known_at = AT - timedelta(minutes=5)
    late = replace(one, job=replace(one.job, ended_at=known_at - timedelta(seconds=59)))
    assert " It had ended 59 s before that was known. All went well" in explained(late)
    at_once = replace(one, job=replace(one.job, ended_at=known_at - timedelta(seconds=9)))
    assert "before that was known" not in explained(at_once)


def test_a_job_in_the_queue_of_a_cluster_is_told_of_in_the_words_of_its_executor() -> None:
    text = explained(standing(Phase.QUEUED, said="It is job 7 of SLURM on cluster meso, handed over 9 s ago."))
    assert text.endswith("handed over 9 s ago. It begins when the scheduler of the cluster lets it.")
    held = explained(standing(Phase.HELD, said="It is job 7 of SLURM on cluster meso, handed over 9 s ago."))
    assert held.endswith("It begins when it is released on the cluster (scontrol release), or by its administrators.")


def test_a_failure_that_may_pass_is_worth_another_run() -> None:
    text = explained(standing(Phase.ERROR, failure=Failure(message="the node was lost", transient=True)))
    assert text.endswith("Why: the node was lost. This may pass: run it again.")


def test_the_oldest_word_of_a_phase_tells_since_when() -> None:
    one = standing(Phase.UNKNOWN)
    again = add_change(one.job.history_text, Phase.UNKNOWN, at=AT, cause="executor meso: still")
    assert explained(replace(one, job=replace(one.job, history_text=again))) == explained(one)


@pytest.mark.parametrize("phase", sorted(set(Phase)))
def test_without_a_server_nobody_looks_after_open_jobs(phase: Phase) -> None:
    text = explained(replace(standing(phase), supervised=False))
    alone = phase in {Phase.QUEUED, Phase.HELD, Phase.EXECUTING, Phase.SUSPENDED, Phase.UNKNOWN}
    assert text.endswith("start one with provstore serve.") is alone
