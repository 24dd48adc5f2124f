"""What the accounting knows of jobs that are over: the memory of steps that no wrapper has seen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provstore.graph.model import Value
from provstore.uws.executors.slurm.aftermath import Aftermath
from provstore.uws.executors.slurm.reach import Reach
from provstore.uws.executors.slurm.record import Record
from tests.e2e.served import until
from tests.slurm_cluster import SlurmCluster

pytestmark = pytest.mark.slurm

GREEDY = "python3 -c 'import time; held = bytearray(200 << 20); time.sleep(1)'"
WITH_STEP = f"srun --export=ALL --mem=300M {GREEDY}"


@pytest.fixture
def reach(slurm_with_accounting: SlurmCluster) -> Iterator[Reach]:
    made = Reach(slurm_with_accounting.cluster_settings(accounting=True))
    yield made
    made.close()


def submit(slurm: SlurmCluster, job: str) -> Record:
    """Submit a job whose step takes much memory, as another program would."""
    options = ("--parsable", f"--job-name=uws-{job}", "--mem=300M", "--output=/dev/null", f"--wrap={WITH_STEP}")
    number = int(slurm.as_user(slurm.user, "sbatch", *options).strip())
    return Record(job=job, cluster="test", account="", begun_at=datetime.now(UTC), number=number)


def test_the_memory_of_all_steps_is_learnt_when_the_accounts_are_complete(
    slurm_with_accounting: SlurmCluster, reach: Reach
) -> None:
    learnt: dict[Path, Value] = {}
    aftermath = Aftermath(reach, amend=lambda path, facts: learnt.update({path: facts["max_rss"]}), late=4.0)
    records = {Path(f"/{job}"): submit(slurm_with_accounting, job) for job in ("jfirst", "jsecond")}
    until(lambda: not slurm_with_accounting.run("squeue", "-h"), what="both are over")
    for path, record in records.items():
        aftermath.take(path, record)
        aftermath.take(path, record)

    def is_learnt() -> bool:
        aftermath.round()
        return learnt.keys() == records.keys()

    until(is_learnt)
    assert all(isinstance(one, int) and one > 200 << 20 for one in learnt.values())


def test_nothing_is_asked_where_the_settings_do_not_say_so(slurm_with_accounting: SlurmCluster) -> None:
    reach = Reach(slurm_with_accounting.cluster_settings())
    aftermath = Aftermath(reach, amend=lambda _path, _facts: pytest.fail("asked"), late=0.0)
    aftermath.take(Path("/jfirst"), Record(job="jfirst", cluster="test", account="", begun_at=AT, number=1))
    aftermath.round()
    assert reach.counts == {}


def test_a_job_that_the_accounting_does_not_know_is_asked_about_three_times(reach: Reach) -> None:
    aftermath = Aftermath(reach, amend=lambda _path, _facts: pytest.fail("known"), late=0.0)
    aftermath.take(Path("/jnone"), Record(job="jnone", cluster="test", account="", begun_at=AT, number=999_999))
    for _ in range(5):
        aftermath.round()
    assert reach.counts["accounting"] == 3


AT = datetime(2026, 11, 23, tzinfo=UTC)
