"""``provstore explain`` of jobs on a real cluster, beside a running server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from provstore.client import RemoteJob
from tests.cluster.operating import closed, settings_of
from tests.e2e.served import Served, until, write_services
from tests.slurm_cluster import SlurmCluster

pytestmark = [pytest.mark.slurm, pytest.mark.slow]


@pytest.fixture
def served(slurm: SlurmCluster, tmp_path: Path) -> Iterator[Served]:
    """A server whose jobs run on the cluster; they signal by files."""
    variables = {
        "PROVSTORE_SETTINGS": str(settings_of(slurm, {"allowed.partition": ["test", "long"], "silent_after": 1})),
        "PROVSTORE_DESCRIPTIONS": str(write_services(tmp_path / "services")),
        "PROVSTORE_EXECUTOR": "meso",
    }
    served = Served(tmp_path, variables)
    yield served.start()
    served.clear()


def explain(served: Served, job: RemoteJob, *options: str) -> str:
    done = served.command("explain", job.id, *options)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def start(served: Served, code: str, **values: str) -> RemoteJob:
    with served.client() as client:
        return client.run("one", parameters={"code": code, **values})


def test_a_job_is_explained_from_the_queue_to_its_end(served: Served, slurm: SlurmCluster) -> None:
    with closed(slurm, "long"):
        job = start(served, "sleep 2; echo no such star >&2; exit 3", slurm_partition="long")
        until(lambda: "(PartitionDown)" in explain(served, job))
        waiting = explain(served, job)
    assert f"Job {job.id} of one is QUEUED since" in waiting
    assert "of SLURM on cluster meso, handed over" in waiting
    assert "It waits: in the queue of meso as SLURM job" in waiting
    until(lambda: " is EXECUTING since" in explain(served, job))
    assert "It signalled that it began" in explain(served, job)
    until(lambda: " is ERROR since" in explain(served, job))
    assert "Why: the script ended with exit code 3." in explain(served, job)
    assert "no such star" in explain(served, job)


def test_the_facts_come_as_json(served: Served) -> None:
    job = start(served, 'echo x >"$rs/out.txt"')
    until(lambda: json.loads(explain(served, job, "--json"))["phase"] == "COMPLETED")
    facts = json.loads(explain(served, job, "--json"))
    assert (facts["jobId"], facts["executor"], facts["supervised"]) == (job.id, "meso", True)
    assert facts["text"].endswith("All went well; it has 1 result.")


def test_a_job_that_does_not_exist_is_said_not_to(served: Served) -> None:
    done = served.command("explain", "jnone")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "provstore: no job 'jnone'\n")


def test_without_a_server_one_is_missed(served: Served) -> None:
    job = start(served, "sleep 5")
    until(lambda: " is EXECUTING since" in explain(served, job))
    served.stop()
    assert explain(served, job).endswith("start one with provstore serve.\n")
    served.start()
