"""A cluster that keeps accounts, sets limits, and soon forgets its jobs: sacct tells, or nobody does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import pytest

from provstore.client import Client, RemoteJob
from tests.cluster.bench import MADE, TOLD, ClusterServed, kill_wrapper, let_orphans_end, partition_down, reach
from tests.cluster.conftest import MakeServed
from tests.e2e.served import until
from tests.slurm_cluster import SlurmCluster, running_cluster

pytestmark = pytest.mark.slurm

GREEDY: Final = "exec python3 -c 'import time; x = b\"x\" * (300 << 20); time.sleep(1000)'"
WAITING: Final = {"slurm_partition": "long"}
FORGETS: Final = "MinJobAge=2\nJobAcctGatherParams=OverMemoryKill\n"
SETTINGS: Final = {
    "allowed": {"partition": ("test", "long"), "qos": ("small",)},
    "silent_after": timedelta(seconds=5),
    "silent_max": timedelta(seconds=5),
    "lost_after": timedelta(seconds=3),
}


@pytest.fixture(scope="module")
def slurm() -> Iterator[SlurmCluster]:
    """A cluster with slurmdbd, that forgets jobs at once and kills those that take too much memory."""
    with running_cluster(accounting=True, extra=FORGETS) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def served(slurm: SlurmCluster, make_served: MakeServed) -> ClusterServed:
    """A server that asks after some seconds, when SLURM has forgotten."""
    return make_served(slurm, settings=SETTINGS).start()


def run(client: Client, code: str, **values: str) -> RemoteJob:
    return client.run("one", parameters={"code": code, **values})


def test_limits_of_the_scheduler_let_jobs_wait_and_fail_none(served: ClusterServed, client: Client) -> None:
    jobs = [run(client, f"sleep 1; {MADE}", RUNID=f"n{number}", slurm_qos="small") for number in range(4)]
    until(lambda: any("QOSMaxSubmitJobPerUserLimit" in served.graph(job).waits_for for job in jobs), what="the reason")
    assert {reach(client, job, "COMPLETED").error for job in jobs} == {""}
    for job in jobs:
        assert served.phases(job) == ["PENDING", "QUEUED", "EXECUTING", "COMPLETED"]
        assert served.graph(job).waits_for == ""


def test_what_the_queue_has_forgotten_the_accounts_tell(
    served: ClusterServed, slurm: SlurmCluster, client: Client
) -> None:
    killed, greedy = run(client, TOLD), run(client, GREEDY)
    with partition_down(slurm):
        cancelled = run(client, MADE, **WAITING)
        slurm.run("scancel", served.number(cancelled))
    for job in (killed, greedy):
        reach(client, job, "EXECUTING")
    served.stop()
    kill_wrapper(served, killed)
    let_orphans_end(served, killed)
    until(lambda: not slurm.run("squeue", "-h", "-t", "all"), what="SLURM has forgotten all jobs")
    served.start()
    assert "it was ended by SIGKILL (FAILED" in reach(client, killed, "ERROR").error
    assert "it was cancelled on the cluster by the user with id 0" in reach(client, cancelled, "ABORTED").error
    assert reach(client, greedy, "ERROR").error
    max_rss = served.graph(greedy).max_rss
    assert max_rss is not None
    assert max_rss > 300 << 20


def test_a_job_that_nobody_knows_is_unknown_for_a_while_and_then_lost(
    served: ClusterServed, slurm: SlurmCluster, client: Client
) -> None:
    with partition_down(slurm):
        job = run(client, MADE, **WAITING)
        number = served.number(job)
        served.stop()
        file = served.run_directory(job) / "cluster.json"
        file.write_text(json.dumps({**served.record(job), "number": 999_999}))
        served.start()
        reach(client, job, "UNKNOWN")
        assert "does not know it any more" in served.graph(job).waits_for
        reach(client, job, "ERROR")
        slurm.run("scancel", number)
    failure = served.graph(job).failure
    assert failure is not None
    assert (failure.message.startswith("lost: "), failure.transient) == (True, True)
    assert served.phases(job) == ["PENDING", "QUEUED", "UNKNOWN", "ERROR"]
