"""Jobs that can't say what became of them: SLURM is asked after a while, or a notifier tells."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pytest

from provstore.client import Client, RemoteJob
from tests.cluster.bench import (
    MADE,
    TOLD,
    ClusterServed,
    abort,
    kill_wrapper,
    let_go,
    let_go_on,
    let_orphans_end,
    partition_down,
    reach,
)
from tests.cluster.conftest import MakeServed
from tests.e2e.served import until
from tests.slurm_cluster import SlurmCluster

pytestmark = pytest.mark.slurm

WAITING: Final = {"slurm_partition": "long"}
SOON: Final = timedelta(seconds=1)
KILLED: Final = "JobLaunchFailure"
"""SLURM's word for it."""


@pytest.fixture(scope="module")
def served(slurm: SlurmCluster, make_served: MakeServed) -> ClusterServed:
    """A server that soon asks about jobs that say nothing."""
    return make_served(slurm, settings={"silent_after": SOON, "silent_max": SOON}).start()


@pytest.fixture(scope="module")
def notified(slurm: SlurmCluster, make_served: MakeServed) -> ClusterServed:
    """A server that waits long before it asks, whose jobs have notifiers."""
    return make_served(slurm, settings={"notifier": True}).start()


def run(client: Client, code: str, **values: str) -> RemoteJob:
    return client.run("one", parameters={"code": code, **values})


def test_a_job_whose_batch_shell_is_killed_is_found_out(served: ClusterServed, client: Client) -> None:
    job = reach(client, run(client, TOLD), "EXECUTING")
    kill_wrapper(served, job)
    over = client.wait(job)
    assert (over.phase, KILLED in over.error) == ("ERROR", True), over.error
    assert served.phases(job) == ["PENDING", "QUEUED", "EXECUTING", "ERROR"]
    let_orphans_end(served, job)


def test_jobs_that_wait_are_held_released_cancelled_and_aborted(
    served: ClusterServed, slurm: SlurmCluster, client: Client
) -> None:
    with partition_down(slurm):
        names = ("held", "cancelled", "aborted")
        held, cancelled, aborted = (run(client, MADE, RUNID=name, **WAITING) for name in names)
        slurm.scontrol("hold", served.number(held))
        slurm.run("scancel", served.number(cancelled))
        until(lambda: "partition" in served.graph(aborted).waits_for.lower(), what="the reason is told")
        abort(aborted)
        reach(client, held, "HELD")
        assert "held" in served.graph(held).waits_for
        over = reach(client, cancelled, "ABORTED")
        assert "it was cancelled on the cluster" in over.error
        let_go(served, aborted)
        assert slurm.state_of(served.number(aborted)) == "CANCELLED"
        slurm.scontrol("release", served.number(held))
        reach(client, held, "QUEUED")
    assert reach(client, held, "COMPLETED").error == ""
    assert served.phases(held) == ["PENDING", "QUEUED", "HELD", "QUEUED", "EXECUTING", "COMPLETED"]
    for job in (cancelled, aborted):
        assert served.phases(job) == ["PENDING", "QUEUED", "ABORTED"]
        assert served.graph(job).started_at is None
        assert not (served.there(job) / "status.json").exists()


def test_a_job_waits_for_a_reservation_of_others_to_end(
    served: ClusterServed, slurm: SlurmCluster, client: Client
) -> None:
    slurm.scontrol(
        "create",
        "reservation",
        "ReservationName=others",
        "Users=root",
        "Nodes=ALL",
        "StartTime=now",
        "Duration=10",
        "Flags=IGNORE_JOBS",
    )
    try:
        job = run(client, MADE)
        until(lambda: "nodes that it needs are reserved" in served.graph(job).waits_for, what="the reason is told")
    finally:
        slurm.scontrol("delete", "ReservationName=others")
    assert reach(client, job, "COMPLETED").error == ""


def test_a_suspended_job_is_seen_to_be_so_and_goes_on(
    served: ClusterServed, slurm: SlurmCluster, client: Client
) -> None:
    job = reach(client, run(client, TOLD), "EXECUTING")
    slurm.scontrol("suspend", served.number(job))
    reach(client, job, "SUSPENDED")
    slurm.scontrol("resume", served.number(job))
    reach(client, job, "EXECUTING")
    let_go_on(served, job)
    assert reach(client, job, "COMPLETED").error == ""


def test_a_notifier_tells_of_what_a_job_can_not(notified: ClusterServed, slurm: SlurmCluster) -> None:
    with notified.client() as client:
        with partition_down(slurm):
            cancelled = run(client, MADE, **WAITING)
            slurm.run("scancel", notified.number(cancelled))
        killed, well = (run(client, code) for code in (TOLD, MADE))
        reach(client, killed, "EXECUTING")
        kill_wrapper(notified, killed)
        assert KILLED in reach(client, killed, "ERROR").error
        let_orphans_end(notified, killed)
        assert "it was cancelled on the cluster" in reach(client, cancelled, "ABORTED").error
        assert reach(client, well, "COMPLETED").error == ""
    assert [notified.facts(job)["status_queries"] for job in (killed, cancelled, well)] == [0, 0, 0]
