"""``provstore explain`` of jobs on a real cluster, beside a running server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from provstore.client import RemoteJob
from tests.cluster.operating import closed, settings_of
from tests.e2e.served import Served, until, write_services
from tests.slurm_cluster import SlurmCluster, running_cluster

pytestmark = [pytest.mark.slurm, pytest.mark.slow]


@contextmanager
def serving(cluster: SlurmCluster, tmp_path: Path) -> Iterator[Served]:
    """Run a server whose jobs run on the cluster; they signal by files."""
    variables = {
        "PROVSTORE_SETTINGS": str(settings_of(cluster, {"allowed.partition": ["test", "long"], "silent_after": 1})),
        "PROVSTORE_DESCRIPTIONS": str(write_services(tmp_path / "services")),
        "PROVSTORE_EXECUTOR": "meso",
    }
    served = Served(tmp_path, variables)
    try:
        yield served.start()
    finally:
        served.clear()


@pytest.fixture
def served(slurm: SlurmCluster, tmp_path: Path) -> Iterator[Served]:
    with serving(slurm, tmp_path) as served:
        yield served


def explain(served: Served, job: RemoteJob, *options: str) -> str:
    done = served.command("explain", job.id, *options)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def until_told(served: Served, job: RemoteJob, words: str) -> str:
    """Wait until a job is explained with these words; give the explanation."""
    said = [""]

    def is_told() -> bool:
        said.append(explain(served, job))
        return words in said[-1]

    until(is_told, what=f"{words!r}; at last {said}")
    return said[-1]


def start(served: Served, code: str, **values: str) -> RemoteJob:
    with served.client() as client:
        return client.run("one", parameters={"code": code, **values})


def test_a_job_is_explained_from_the_queue_to_its_end(served: Served, slurm: SlurmCluster) -> None:
    with closed(slurm, "long"):
        job = start(served, "sleep 4; echo no such star >&2; exit 3", slurm_partition="long")
        waiting = until_told(served, job, "(PartitionDown)")
    assert f"Job {job.id} of one is QUEUED since" in waiting
    assert "of SLURM on cluster meso, handed over" in waiting
    assert "It waits: in the queue of meso as SLURM job" in waiting
    assert " is EXECUTING since" in until_told(served, job, " ago: it has begun.")
    failed = until_told(served, job, " is ERROR since")
    assert "Why: the script ended with exit code 3." in failed
    assert "no such star" in failed
    assert " ago: it has ended." in failed


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
    job = start(served, "sleep 20")
    until_told(served, job, " is EXECUTING since")
    served.stop()
    assert explain(served, job).endswith("start one with provstore serve.\n")
    served.start()


def test_a_cluster_that_can_not_be_reached_is_told_of(tmp_path: Path) -> None:
    with running_cluster() as cluster, serving(cluster, tmp_path) as served:
        job = start(served, "sleep 3; exit 4")
        until_told(served, job, " is EXECUTING since")
        cluster.stop_sshd()
        cluster.drop_connections()
        assert " is EXECUTING since" in until_told(served, job, "At present: meso can't be reached: ")
        queued = start(served, "exit 0")
        assert until_told(served, queued, "It waits: meso").endswith(" It goes on by itself once that is mended.\n")
        cluster.start_sshd()
        assert "can't be reached" not in until_told(served, job, " is ERROR since")
