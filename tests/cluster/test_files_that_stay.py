"""Results that stay on the cluster: seen here through a shared folder, or fetched when somebody asks for them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import pytest

from provstore.client import Client, RemoteJob
from provstore.errors import NotFound, Unavailable
from tests.cluster.bench import ClusterServed
from tests.cluster.conftest import MakeServed
from tests.cluster.ways import carrying, fetched, left_here, sha256, started
from tests.e2e.served import until
from tests.slurm_cluster import SlurmCluster

pytestmark = pytest.mark.slurm

LARGE: Final = 30 << 20
MAKE: Final = f"""
head -c {LARGE} /dev/urandom >"$rs/large.dat"; echo small >"$rs/small.dat"
echo '{{"activity": {{"current_job": {{"my:word": "told"}}}}, "prefix": {{"my": "urn:my#"}}}}' >internal_provenance.json
"""
LOOK: Final = 'echo "$a"; sha256sum <"$a"; stat -c %i "$a"; ls -A'


# --- in a folder that is shared


@pytest.fixture(scope="module")
def shared(slurm: SlurmCluster, make_served: MakeServed, tmp_path_factory: pytest.TempPathFactory) -> ClusterServed:
    """A server that sees the folder of jobs, and whose own files lie in a folder that the cluster sees elsewhere.

    That folder is below the one that is hidden from scripts.
    """
    place = tmp_path_factory.mktemp("shared")
    (place / "jobs-there").symlink_to(slurm.work / "shared-jobs")
    (place / "archive").symlink_to(slurm.work / "shared-jobs" / "archive")
    archive = slurm.work / "shared-jobs" / "archive"
    served = carrying(
        make_served,
        slurm,
        place,
        files="shared",
        work_directory=slurm.work / "shared-jobs",
        shared_directory=place / "jobs-there",
        shared_inputs={place / "archive": archive},
        isolation="required",
    )
    (archive / "jobs").mkdir(parents=True)
    for folder in (archive.parent, archive, archive / "jobs"):
        shutil.chown(folder, slurm.user)
        folder.chmod(0o755)
    served.data.mkdir(mode=0o700)
    (served.data / "jobs").symlink_to(archive / "jobs")
    return served.start()


@pytest.fixture(scope="module")
def seen(shared: ClusterServed) -> RemoteJob:
    with shared.client() as client:
        return client.wait(started(client, MAKE))


def test_shared_results_stay_where_they_are_and_are_served(shared: ClusterServed, seen: RemoteJob) -> None:
    assert (seen.phase, seen.error) == ("COMPLETED", "")
    with shared.client() as client:
        for result in seen.results.values():
            here = shared.data / next(one.location for one in shared.graph(seen).results if one.name == result.name)
            there = shared.there(seen) / "results" / here.name
            assert (here.is_symlink(), here.stat().st_ino) == (True, there.stat().st_ino)
            assert (here.stat().st_size, sha256(there)) == (result.size, result.sha256)
            assert fetched(client, result) == there.read_bytes()
            part = httpx.get(result.href, headers={"Range": "bytes=1-3"}, follow_redirects=True)
            assert (part.status_code, part.content) == (206, there.read_bytes()[1:4])
            assert client.fetch(f"{shared.address}/store/{seen.entity(result.name)}") == there.read_bytes()


def test_shared_results_are_charged_and_nothing_else_is_copied(shared: ClusterServed, seen: RemoteJob) -> None:
    assert LARGE < int(str(shared.facts(seen)["disk_bytes"])) < LARGE + 100_000
    copied = [file for file in shared.run_directory(seen).rglob("*") if file.is_file() and not file.is_symlink()]
    assert sum(file.stat().st_size for file in copied) < 100_000


def test_a_shared_input_is_passed_by_path_and_can_not_be_changed(
    shared: ClusterServed, seen: RemoteJob, tmp_path: Path
) -> None:
    assert seen.phase == "COMPLETED"
    (tmp_path / "stars.fits").write_bytes(os.urandom(1000))
    with shared.client() as client:
        job = client.wait(started(client, f'{LOOK}; ! echo more >>"$a"', a=tmp_path / "stars.fits"))
        said = client.fetch(f"/uws/carries/{job.id}/stdout").decode().split()
    assert (job.phase, job.error) == ("COMPLETED", "")
    stored = shared.data / shared.graph(job).inputs[0].location
    there = shared.settings.shared_inputs[next(iter(shared.settings.shared_inputs))]
    assert Path(said[0]).is_relative_to(there)
    assert said[1:] == [sha256(stored), "-", str(stored.stat().st_ino)]  # and an empty working directory
    assert sha256(stored) == sha256(tmp_path / "stars.fits")


def test_a_result_is_copied_on_the_cluster_for_the_next_job(shared: ClusterServed, seen: RemoteJob) -> None:
    with shared.client() as client:
        job = client.wait(started(client, LOOK, a=seen.entity("data")))
        said = client.fetch(f"/uws/carries/{job.id}/stdout").decode().split()
    assert (job.phase, said[0]) == ("COMPLETED", str(shared.there(job) / "work" / "large.dat"))
    assert said[1] == seen.results["data"].sha256
    assert left_here(shared, job) == set()
    assert sha256(shared.there(seen) / "results" / "large.dat") == said[1]


def test_a_shared_file_that_can_not_be_seen_here_is_fetched(
    slurm: SlurmCluster, make_served: MakeServed, tmp_path: Path
) -> None:
    served = carrying(
        make_served, slurm, tmp_path, files="shared", shared_directory=tmp_path / "no such folder"
    ).start()
    with served.client() as client:
        job = client.wait(started(client, 'echo small >"$rs/small.dat"'))
        assert (job.phase, fetched(client, job.results["data"])) == ("COMPLETED", b"small\n")
    assert left_here(served, job) == {"results/small.dat"}


def test_the_end_of_a_job_is_the_end_of_its_shared_files(shared: ClusterServed) -> None:
    with shared.client() as client:
        job = client.wait(started(client, 'echo small >"$rs/small.dat"'))
        there = shared.there(job)
        assert there.is_dir()
        soon_at = datetime.now(UTC) + timedelta(seconds=0.5)
        httpx.post(f"{job.href}/destruction", data={"DESTRUCTION": soon_at.isoformat()[:-6]})
        until(lambda: client.job("carries", job.id).phase == "ARCHIVED" and not there.exists())
        with pytest.raises(NotFound, match="is not kept any more: the job it belongs to was destroyed"):
            fetched(client, job.results["data"])


# --- left on the cluster


@pytest.fixture(scope="module")
def staying(slurm: SlurmCluster, make_served: MakeServed, tmp_path_factory: pytest.TempPathFactory) -> ClusterServed:
    place = tmp_path_factory.mktemp("stay")
    return carrying(make_served, slurm, place, files="stay", silent_after=timedelta(seconds=3)).start()


@pytest.fixture
def left(staying: ClusterServed) -> RemoteJob:
    with staying.client() as client:
        return client.wait(started(client, MAKE))


@pytest.fixture
def away(slurm: SlurmCluster, left: RemoteJob) -> Iterator[RemoteJob]:
    """The cluster can't be reached for a while, where a job has left its results."""
    slurm.stop_sshd()
    slurm.drop_connections()
    yield left
    slurm.start_sshd()


TOLD: Final = "work/internal_provenance.json"


def test_the_list_is_complete_without_the_files(staying: ClusterServed, left: RemoteJob) -> None:
    assert (left.phase, left_here(staying, left)) == ("COMPLETED", {TOLD})
    there = staying.there(left) / "results"
    assert {(one.size, one.sha256) for one in left.results.values()} == {
        (file.stat().st_size, sha256(file)) for file in there.iterdir()
    }
    assert {one.mime_type for one in left.results.values()} == {"application/octet-stream"}
    assert LARGE < int(str(staying.facts(left)["disk_bytes"])) < LARGE + 100_000


def test_a_file_that_was_left_is_fetched_once_by_who_asks_first(staying: ClusterServed, left: RemoteJob) -> None:
    with ThreadPoolExecutor(4) as pool, staying.client() as client:
        came = list(pool.map(lambda _: fetched(client, left.results["data"]), range(4)))
        there = staying.there(left) / "results" / "large.dat"
        assert set(came) == {there.read_bytes()}
        assert left_here(staying, left) == {TOLD, "results/large.dat"}
        there.unlink()
        assert len(fetched(client, left.results["data"])) == LARGE


def test_a_file_on_a_cluster_that_can_not_be_reached_is_there_later(away: RemoteJob, staying: ClusterServed) -> None:
    in_a_hurry = Client(staying.address, token="", patience=0.1)
    with in_a_hurry as client, pytest.raises(Unavailable, match=f"{staying.cluster.port}"):
        fetched(client, away.results["data"])


def test_a_file_that_is_not_as_it_was_left_is_not_served(left: RemoteJob, staying: ClusterServed) -> None:
    (staying.there(left) / "results" / "small.dat").write_text("SMALL\n")
    (staying.there(left) / "results" / "large.dat").unlink()
    with staying.client() as client:
        for result in left.results.values():
            with pytest.raises(NotFound, match="was left on test, and is not there any more as it was made"):
                fetched(client, result)
    assert left_here(staying, left) == {TOLD}


@contextmanager
def running_here(served: ClusterServed) -> Iterator[Client]:
    """For a while, jobs run on this machine."""
    served.stop()
    served.environment["PROVSTORE_EXECUTOR"] = "local"
    served.start()
    with served.client() as client:
        yield client
    served.stop()
    served.environment["PROVSTORE_EXECUTOR"] = served.settings.name
    served.start()


def test_the_next_job_finds_the_file_there_and_a_local_one_gets_it(staying: ClusterServed, left: RemoteJob) -> None:
    with staying.client() as client:
        there = client.wait(started(client, LOOK, a=left.entity("data")))
        assert client.fetch(f"/uws/carries/{there.id}/stdout").decode().split()[1] == left.results["data"].sha256
        assert left_here(staying, left) == {TOLD}
    with running_here(staying) as client:
        here = client.wait(started(client, LOOK, a=left.entity("data")))
        assert staying.graph(here).executor == "local"
        assert client.fetch(f"/uws/carries/{here.id}/stdout").decode().split()[1] == left.results["data"].sha256


def test_a_local_job_waits_for_a_file_on_a_cluster_that_can_not_be_reached(
    staying: ClusterServed, away: RemoteJob
) -> None:
    with running_here(staying) as client:
        job = started(client, LOOK, a=away.entity("data"))
        until(lambda: "can't be staged yet: " in _waits_for(job))
        assert (client.job("carries", job.id).phase, f":{staying.cluster.port}" in _waits_for(job)) == ("QUEUED", True)
        staying.cluster.start_sshd()
        assert client.wait(job).phase == "COMPLETED"
        staying.cluster.stop_sshd()


def _waits_for(job: RemoteJob) -> str:
    return str(httpx.get(job.href, headers={"Accept": "application/json"}).json()["jobInfo"]["waitsFor"])
