"""The notifier: a small job of SLURM's that tells of the end of another, whatever ended it."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from datetime import timedelta
from typing import Final

import pytest

from tests.cluster.bench import ClusterServed, reach
from tests.cluster.conftest import MakeServed
from tests.slurm_cluster import SlurmCluster

pytestmark = pytest.mark.slurm

PROMPT: Final = 15.0
"""Seconds: the notifier is a job too, and waits for its turn; SLURM would be asked after minutes."""

NEVER: Final = timedelta(minutes=10)


@pytest.fixture(scope="module", params=["call", "spool"])
def served(request: pytest.FixtureRequest, slurm: SlurmCluster, make_served: MakeServed) -> ClusterServed:
    """A server that relies on the notifier, and hears of it by a call or by a file."""
    settings = {"notifier": True, "silent_after": NEVER}
    return make_served(slurm, settings=settings, calls_back=request.param == "call").start()


def test_a_wrapper_that_was_killed_is_known_without_asking(served: ClusterServed) -> None:
    with served.client() as client:
        job = reach(client, client.run("one", parameters={"code": "sleep 1000"}), "EXECUTING")
        at = time.monotonic()
        for pid in served.processes(job):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        job = client.wait(job)
    assert time.monotonic() - at < PROMPT
    assert (job.phase, "FAILED" in job.error) == ("ERROR", True), job.error
    assert served.facts(job)["status_queries"] == 0
    assert served.processes(job) == []


def test_a_job_that_was_cancelled_in_the_queue_is_known_without_asking(
    served: ClusterServed, slurm: SlurmCluster
) -> None:
    all_of_it = {"slurm_mem": "60G"}
    with served.client() as client:
        first = reach(client, client.run("one", parameters={"code": "sleep 1000", **all_of_it}), "EXECUTING")
        second = client.run("one", parameters={"code": "sleep 1000", **all_of_it})
        slurm.run("scancel", served.number(second))
        second = client.wait(second)
        slurm.run("scancel", served.number(first))
        first = client.wait(first)
    assert (second.phase, "CANCELLED" in second.error) == ("ABORTED", True), second.error
    assert "status_queries" not in served.facts(second) or served.facts(second)["status_queries"] == 0
    assert served.phases(second) == ["PENDING", "QUEUED", "ABORTED"]
    assert first.phase == "ABORTED"


def test_a_job_that_ends_well_ends_once(served: ClusterServed, slurm: SlurmCluster) -> None:
    with served.client() as client:
        job = client.wait(client.run("one", parameters={"code": 'echo >"$rs/out.txt"'}))
    assert (job.phase, job.error) == ("COMPLETED", "")
    assert served.facts(job)["status_queries"] == 0
    assert served.phases(job) == ["PENDING", "QUEUED", "EXECUTING", "COMPLETED"]
    assert f"notify-{job.id}" in slurm.run("squeue", "-h", "-t", "all", "-o", "%j").split()
