"""What the page of a job says of where it waits and runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from provstore.graph.model import NodeId
from provstore.uws.jobs import Job, JobId
from provstore.uws.phases import Phase
from provstore.uws.queue.rules import NOT_WAITING, Wait
from provstore.web.pages.jobs.whereabouts import Whereabouts, cause_in_words, is_held_there, whereabouts

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HERE = Job(
    id=JobId("j1"),
    node=NodeId("urn:t#j1"),
    service="s",
    phase=Phase.PENDING,
    owner="a1",
    run_id="",
    created_at=NOON,
    started_at=None,
    ended_at=None,
    quote_at=None,
    destruction_at=None,
    execution_duration=timedelta(0),
    revision="s@1",
    executor="local",
)
THERE = replace(HERE, executor="meso", resources='{"mem": "64", "partition": "test", "time": "90"}')
TAKEN = replace(THERE, ran=(("slurmJobId", 41),))
BEGUN = replace(THERE, started_at=NOON, ran=(("slurmJobId", 41), ("slurmNodes", "n[1-2]")))
HELD = "it is held by an administrator of the cluster (JobHeldAdmin)"
NEXT = Wait(place=2, reason="all slots of meso are taken")


@pytest.mark.parametrize(
    ("job", "phase", "wait", "sentence"),
    [
        (HERE, Phase.PENDING, NOT_WAITING, ""),
        (HERE, Phase.QUEUED, Wait(place=3), "Waits: place 3 in the queue here."),
        (HERE, Phase.EXECUTING, NOT_WAITING, ""),
        (THERE, Phase.PENDING, NOT_WAITING, "Will run on cluster meso once it is started."),
        (
            THERE,
            Phase.QUEUED,
            NEXT,
            "Waits here to be sent to cluster meso: all slots of meso are taken (place 2 in the queue here).",
        ),
        (THERE, Phase.HELD, NOT_WAITING, "Will be sent to cluster meso when it is let go on here."),
        (THERE, Phase.ABORTED, NOT_WAITING, "Ended before it began on cluster meso."),
        (TAKEN, Phase.QUEUED, Wait(place=1), "Waits on cluster meso as SLURM job 41."),
        (
            TAKEN,
            Phase.QUEUED,
            Wait(reason="in the queue of meso as SLURM job 41: other jobs come first (Priority)"),
            "Waits in the queue of meso as SLURM job 41: other jobs come first (Priority).",
        ),
        (
            TAKEN,
            Phase.HELD,
            Wait(reason=HELD),
            f"Waits on cluster meso as SLURM job 41: {HELD}. It goes on when it is released there.",
        ),
        (TAKEN, Phase.ERROR, NOT_WAITING, "Ended before it began on cluster meso as SLURM job 41."),
        (BEGUN, Phase.EXECUTING, NOT_WAITING, "Runs on cluster meso as SLURM job 41, on n[1-2]."),
        (BEGUN, Phase.SUSPENDED, NOT_WAITING, "Is suspended on cluster meso as SLURM job 41, on n[1-2]."),
        (
            BEGUN,
            Phase.UNKNOWN,
            Wait(reason="meso can't be reached: refused"),
            "Was last seen on cluster meso as SLURM job 41: meso can't be reached: refused.",
        ),
        (BEGUN, Phase.COMPLETED, NOT_WAITING, "Ran on cluster meso as SLURM job 41, on n[1-2]."),
    ],
)
def test_a_sentence_says_where_a_job_is_and_why(job: Job, phase: Phase, wait: Wait, sentence: str) -> None:
    assert whereabouts(replace(job, phase=phase), wait).sentence == sentence


@pytest.mark.parametrize("job", [HERE, THERE, TAKEN, BEGUN])
@pytest.mark.parametrize("phase", list(Phase))
def test_every_phase_has_its_words(job: Job, phase: Phase) -> None:
    found = whereabouts(replace(job, phase=phase), Wait(reason="because", place=1))
    assert "{" not in found.sentence
    assert found.title in {"Where it runs", "Where it ran", "How it ran"}


def test_what_a_job_asked_for_and_took_is_said_with_its_units() -> None:
    ran = (*BEGUN.ran, ("slurmPartition", "test"), ("queueSeconds", 0.3125), ("elapsedSeconds", 75.4))
    job = replace(BEGUN, phase=Phase.COMPLETED, ran=ran, cpu_seconds=12.5, max_rss=3_248_128)
    assert whereabouts(job, NOT_WAITING).facts == (
        ("Partition", "test"),
        ("Asked for", "mem 64M, time 1 h 30 min"),
        ("Time in the queue there", "0.312 s"),
        ("Ran for", "1 min 15 s"),
        ("Processor time", "12.5 s"),
        ("Most memory", "3.25 MB"),
    )


def test_of_a_job_on_this_machine_only_what_it_took_is_said() -> None:
    job = replace(HERE, phase=Phase.COMPLETED, started_at=NOON, ended_at=NOON + timedelta(seconds=2))
    expected = Whereabouts(title="How it ran", sentence="", facts=(("Ran for", "2 s"),))
    assert whereabouts(job, NOT_WAITING) == expected


@pytest.mark.parametrize(
    ("job", "phase", "held"),
    [(TAKEN, Phase.HELD, True), (THERE, Phase.HELD, False), (HERE, Phase.HELD, False), (TAKEN, Phase.QUEUED, False)],
)
def test_only_a_job_that_the_cluster_has_is_held_there(job: Job, phase: Phase, held: bool) -> None:  # noqa: FBT001
    assert is_held_there(replace(job, phase=phase)) is held


def test_a_change_that_was_not_told_is_said_in_words() -> None:
    assert cause_in_words("inferred") == "not told at the time, found out afterwards"
    assert cause_in_words("user curie") == "user curie"
