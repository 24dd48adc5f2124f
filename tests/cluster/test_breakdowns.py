"""What becomes of jobs while parts of a cluster are down: phases stay, the reason is told, then all goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx
import pytest

from provstore.client import Client, RemoteJob
from tests.cluster.bench import MADE, TOLD, ClusterServed, abort, let_go, let_go_on, reach
from tests.cluster.conftest import MakeServed
from tests.e2e.served import until
from tests.slurm_cluster import SlurmCluster, running_cluster

pytestmark = pytest.mark.slurm

SOON: Final = timedelta(seconds=2)


@pytest.fixture(scope="module")
def slurm() -> Iterator[SlurmCluster]:
    """A cluster to be broken."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def served(slurm: SlurmCluster, make_served: MakeServed) -> ClusterServed:
    """A server that soon asks about jobs that say nothing."""
    return make_served(slurm, settings={"silent_after": SOON, "silent_max": SOON}).start()


def run(client: Client, code: str, **values: str) -> RemoteJob:
    return client.run("one", parameters={"code": code, **values})


def test_jobs_wait_for_a_controller_that_is_down_and_those_that_run_end_without_it(
    served: ClusterServed, slurm: SlurmCluster, client: Client
) -> None:
    running = reach(client, run(client, TOLD), "EXECUTING")
    slurm.stop_controller()
    try:
        waiting = run(client, MADE)
        until(lambda: "Unable to contact slurm controller" in served.graph(waiting).waits_for, what="why it waits")
        assert client.job("one", running.id).phase == "EXECUTING"
        let_go_on(served, running)
        assert reach(client, running, "COMPLETED").error == ""
    finally:
        slurm.start_controller()
    assert reach(client, waiting, "COMPLETED").error == ""
    assert served.phases(waiting) == ["PENDING", "QUEUED", "EXECUTING", "COMPLETED"]
    assert slurm.run("squeue", "-h", "-t", "all", "-o", "%j").split().count(f"uws-{waiting.id}") == 1


def test_a_job_whose_node_is_lost_is_an_error_that_may_be_tried_again(
    served: ClusterServed, slurm: SlurmCluster, client: Client
) -> None:
    job = reach(client, run(client, TOLD), "EXECUTING")
    slurm.fail_node()
    try:
        over = reach(client, job, "ERROR")
    finally:
        slurm.start_node()
    failure = served.graph(job).failure
    assert failure is not None
    assert (failure.transient, "NODE_FAIL" in failure.message) == (True, True), over.error
    let_go_on(served, job)
    until(lambda: not served.processes(job))
    assert reach(client, run(client, MADE), "COMPLETED").error == ""


def test_jobs_keep_their_phases_while_the_cluster_is_away_and_what_was_deleted_goes_later(
    served: ClusterServed, slurm: SlurmCluster, client: Client
) -> None:
    ending = reach(client, run(client, TOLD), "EXECUTING")
    deleted = client.wait(run(client, MADE))
    there = served.there(deleted)
    assert there.exists()
    slurm.stop_sshd()
    slurm.drop_connections()
    try:
        unwanted = run(client, MADE)
        let_go_on(served, ending)
        until(lambda: "can't be reached" in httpx.get(f"{served.address}/availability").text, what="it is told")
        assert httpx.delete(deleted.href).status_code == 303
        assert client.job("one", ending.id).phase == "EXECUTING"
        assert there.exists()
        abort(reach(client, unwanted, "QUEUED"))
    finally:
        slurm.start_sshd()
    assert reach(client, ending, "COMPLETED").error == ""
    let_go(served, deleted)
    until(lambda: not there.exists(), what="the directory of the deleted job is gone")
    assert not served.run_directory(deleted).exists()
    let_go(served, unwanted)
    assert served.phases(unwanted) == ["PENDING", "QUEUED", "ABORTED"]
    assert f"uws-{unwanted.id}" not in slurm.run("squeue", "-h", "-t", "all", "-o", "%j").split()


def test_files_on_the_cluster_go_when_the_destruction_time_comes_or_the_job_is_deleted(
    served: ClusterServed, client: Client
) -> None:
    at = datetime.now(UTC) + timedelta(seconds=4)
    destroyed, deleted = (client.wait(run(client, MADE, **more)) for more in ({"DESTRUCTION": at.isoformat()[:-6]}, {}))
    assert (destroyed.phase, deleted.phase) == ("COMPLETED", "COMPLETED")
    places = [served.there(job) for job in (destroyed, deleted)]
    assert all(there.exists() for there in places)
    assert httpx.delete(deleted.href).status_code == 303
    until(lambda: not any(there.exists() for there in places), what="both directories are gone")
    assert client.job("one", destroyed.id).phase == "ARCHIVED"
