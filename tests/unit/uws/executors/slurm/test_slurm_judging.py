"""What is told of a job, out of its own word, SLURM's, and our notes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from provstore.uws.executors.slurm.judging import judge
from provstore.uws.executors.slurm.parsing import Row
from provstore.uws.executors.slurm.record import Record
from provstore.uws.ports import Cause, Observation, State

AT: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
RECORD: Final = Record(
    job="j1", cluster="c", account="", begun_at=AT, submitted_at=AT, number=17, software="22.05.8", modules="gcc/12 ds9"
)
ROW: Final = Row(number=17, name="uws-j1", word="COMPLETED", partition="long", nodes="n[1-2]", max_rss=9000)
ENDED: Final = Observation(
    state=State.ENDED,
    cause=Cause.EXIT,
    exit_code=0,
    started_at=AT + timedelta(seconds=2),
    ended_at=AT + timedelta(seconds=5),
    max_rss=5000,
    facts={"slurm_partition": "test", "slurm_nodes": "n1", "isolated": True},
)


def judged(record: Record, status: Observation | None) -> Observation:
    return judge(record, status, at=AT + timedelta(seconds=9), lost_after=timedelta(minutes=1))


def test_where_slurm_was_never_asked_the_job_itself_tells_all() -> None:
    seen = judged(RECORD, ENDED)
    assert (seen.state, seen.software, seen.max_rss) == (State.ENDED, ("SLURM", "22.05.8"), 5000)
    assert seen.facts == {
        "slurm_partition": "test",
        "slurm_nodes": "n1",
        "isolated": True,
        "cluster": "c",
        "slurm_job_id": 17,
        "modules": "gcc/12 ds9",
        "queue_seconds": 2.0,
        "elapsed_seconds": 3.0,
        "status_queries": 0,
    }


def test_what_slurm_says_of_place_and_memory_is_taken_where_it_was_asked() -> None:
    """Its accounts know what tasks on other nodes took."""
    seen = judged(replace(RECORD, row=ROW), ENDED)
    assert (seen.max_rss, seen.facts["slurm_partition"], seen.facts["slurm_nodes"]) == (9000, "long", "n[1-2]")


@pytest.mark.parametrize(("own", "accounted", "expected"), [(5, None, 5), (None, 5, 5), (7, 5, 7), (None, None, None)])
def test_the_larger_memory_is_told(own: int | None, accounted: int | None, expected: int | None) -> None:
    row = replace(ROW, max_rss=accounted)
    assert judged(replace(RECORD, row=row), replace(ENDED, max_rss=own)).max_rss == expected


def test_what_a_job_said_of_its_place_is_kept_where_slurm_ended_it() -> None:
    row = replace(ROW, word="NODE_FAIL", partition="", nodes="")
    seen = judged(replace(RECORD, row=row), replace(ENDED, state=State.RUNNING, cause=None, ended_at=None))
    assert (seen.state, seen.cause, seen.facts["slurm_nodes"]) == (State.ENDED, Cause.TAKEN_BACK, "n1")
