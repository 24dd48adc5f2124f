"""Connections that break, clusters that can't be reached, signals that don't arrive: nothing is lost."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import pytest

from provstore.client import Client
from provstore.uws.executors.status import read_status
from tests.cluster.bench import ClusterServed, reach
from tests.cluster.breaking import commands_sent, trouble_of, why_waiting
from tests.cluster.conftest import MakeServed
from tests.e2e.served import PATIENCE, finish, start, until
from tests.slurm_cluster import SlurmCluster, running_cluster

pytestmark = pytest.mark.slurm

BIG: Final = 200 << 20
LITTLE: Final = BIG // 2
"""By less a server grows while files pass through it: after a dozen breaks in 400 MB it was 79 MB, and stayed there."""

SPOOL: Final = timedelta(seconds=5)
"""Within that time the end of a job is known that could only leave a file."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[SlurmCluster]:
    with running_cluster() as running:
        yield running


@pytest.fixture(scope="module")
def served(cluster: SlurmCluster, make_served: MakeServed) -> Iterator[ClusterServed]:
    one = make_served(cluster)
    yield one.start()
    one.clear()


@pytest.fixture
def client(served: ClusterServed) -> Iterator[Client]:
    served.stop()
    served.start()
    with served.client() as opened:
        yield opened


Harm = Callable[[Path], Callable[[], object]]
"""Does something to the spool folder; gives what undoes it."""


def _closed(spool: Path) -> Callable[[], object]:
    spool.chmod(0)
    return lambda: spool.chmod(0o700)


def _no_folder(spool: Path) -> Callable[[], object]:
    aside = spool.rename(spool.with_name("aside"))
    spool.touch()

    def mend() -> None:
        spool.unlink()
        aside.rename(spool)

    return mend


HARMS: Final[Mapping[str, Harm]] = {"nobody may enter": _closed, "it is no folder": _no_folder}


def memory_peak(served: ClusterServed, *, anew: bool = False) -> int:
    """Give the most memory that the server has had since it was asked to begin anew, in bytes."""
    assert served.process
    if anew:
        Path(f"/proc/{served.process.pid}/clear_refs").write_text("5")
    status = Path(f"/proc/{served.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def on_its_way(part: Path, *, least: int = BIG // 5) -> None:
    """Wait until a good part of a file is there."""

    def there() -> bool:
        with suppress(FileNotFoundError):
            return least < part.stat().st_size
        return False

    until(there, what=f"{part} grows")


def left_over(*folders: Path) -> list[str]:
    """Name the halves of files that are left anywhere."""
    return [file.name for folder in folders for file in folder.rglob("*") if ".part" in file.name]


@pytest.mark.slow
def test_a_large_input_and_a_large_result_survive_a_cut_on_their_way(
    served: ClusterServed, cluster: SlurmCluster, client: Client, tmp_path: Path
) -> None:
    big = tmp_path / "big.dat"
    big.write_bytes(os.urandom(BIG))
    wanted = hashlib.sha256(big.read_bytes()).hexdigest()
    finish(client, "one", "echo warm >out.txt")
    code = "sha256sum <$input >&2; cp $input copy.dat"
    job = client.run("reads", parameters={"code": code}, files={"input": big})
    before = memory_peak(served, anew=True)
    there, here = served.there(job), served.run_directory(job)
    on_its_way(there / "work" / "big.dat.part")
    cluster.drop_connections()
    on_its_way(here / "work" / "copy.dat.part")
    cluster.drop_connections()
    done = reach(client, job, "COMPLETED")
    (result,) = done.results.values()
    assert (result.size, result.sha256) == (BIG, wanted)
    assert hashlib.sha256((here / "work" / "copy.dat").read_bytes()).hexdigest() == wanted
    assert (here / "stderr").read_text().split()[0] == wanted
    assert left_over(here, there) == []
    assert memory_peak(served) - before < LITTLE


def test_a_cluster_that_is_gone_for_a_while_is_told_of_and_changes_no_phase(
    served: ClusterServed, cluster: SlurmCluster, client: Client, tmp_path: Path
) -> None:
    go = cluster.folder / "go"
    running = start(client, "one", f"until [ -e {go} ]; do sleep 0.1; done; echo ran >out.txt")
    reach(client, running, "EXECUTING")
    cluster.stop_sshd()
    cluster.drop_connections()
    until(lambda: "can't be reached" in why_waiting(served, running), what="the running job tells")
    waiting = start(client, "one", "echo waited >out.txt")
    until(lambda: "no connection" in why_waiting(served, waiting), what="the waiting job tells why")
    names, told = trouble_of(served)
    assert (names, "executor test can't be reached" in told) == (["test"], True)
    go.touch()
    until(lambda: '"ENDED"' in (served.there(running) / "status.json").read_text(), what="it ends alone")
    assert (client.job("one", running.id).phase, client.job("one", waiting.id).phase) == ("EXECUTING", "QUEUED")
    cluster.start_sshd()
    done = [reach(client, one, "COMPLETED") for one in (running, waiting)]
    assert [client.fetch(one.results["result"].href) for one in done] == [b"ran\n", b"waited\n"]
    assert served.phases(running) == ["PENDING", "QUEUED", "EXECUTING", "COMPLETED"]
    until(lambda: trouble_of(served)[0] == [], what="all is well again")


def test_a_job_waits_with_the_reason_while_its_cluster_was_never_reached(
    served: ClusterServed, cluster: SlurmCluster
) -> None:
    served.stop()
    cluster.stop_sshd()
    cluster.drop_connections()
    served.start()
    with served.client() as client:
        job = start(client, "one", "echo late >out.txt")
        until(lambda: "no connection" in why_waiting(served, job), what="it tells why it waits")
        assert client.job("one", job.id).phase == "QUEUED"
        cluster.start_sshd()
        reach(client, job, "COMPLETED")


def test_what_is_to_go_from_a_cluster_that_is_gone_goes_when_it_is_back(
    served: ClusterServed, cluster: SlurmCluster, client: Client
) -> None:
    job = finish(client, "one", "echo ran >out.txt")
    there = served.there(job)
    assert there.is_dir()
    cluster.stop_sshd()
    cluster.drop_connections()
    with socket.create_server((cluster.host, cluster.port)) as deaf:
        assert httpx.delete(job.href).status_code == 303
        until(lambda: not served.run_directory(job).exists(), what="it is gone here")
        deaf.settimeout(PATIENCE)
        deaf.accept()[0].close()  # somebody tried
    cluster.start_sshd()
    until(lambda: not there.exists(), what="it is gone there")


def test_jobs_that_ended_while_no_server_ran_are_reconciled_at_once(
    served: ClusterServed, cluster: SlurmCluster, client: Client
) -> None:
    go = cluster.folder / "all"
    jobs = [start(client, "one", f"until [ -e {go} ]; do sleep 0.1; done; echo ran >out.txt") for _ in range(4)]
    for job in jobs:
        reach(client, job, "EXECUTING")
    served.kill()
    go.touch()
    until(lambda: all('"ENDED"' in (served.there(job) / "status.json").read_text() for job in jobs), what="all end")
    served.start()
    with served.client() as anew:
        for job in jobs:
            reach(anew, job, "COMPLETED")
    assert commands_sent(served)["status"] <= 1


@pytest.fixture(scope="module")
def unheard(cluster: SlurmCluster, make_served: MakeServed) -> Iterator[ClusterServed]:
    """A server that its jobs can't call: nobody listens at the address they are told."""
    settings = {"callback": "http://127.0.0.1:9", "silent_after": timedelta(seconds=8)}
    one = make_served(cluster, settings=settings)
    yield one.start()
    one.clear()


def test_a_job_that_can_call_nobody_is_heard_of_through_the_spool(unheard: ClusterServed) -> None:
    before = commands_sent(unheard)["status"]
    with unheard.client() as client:
        job = finish(client, "one", "sleep 0.5; echo ran >out.txt")
    heard_at, ended_at = datetime.now(UTC), read_status(unheard.run_directory(job)).ended_at
    assert (job.phase, job.error) == ("COMPLETED", "")
    assert unheard.phases(job) == ["PENDING", "QUEUED", "EXECUTING", "COMPLETED"]
    assert ended_at
    assert heard_at - ended_at < SPOOL
    assert commands_sent(unheard)["status"] == before
    until(lambda: list((unheard.there(job).parent / ".spool").iterdir()) == [], what="the spool is emptied")


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
def test_a_job_that_has_no_way_to_tell_is_found_by_asking(harm: Harm, unheard: ClusterServed) -> None:
    spool = Path(unheard.settings.work_directory) / ".spool"
    with unheard.client() as client:
        finish(client, "one", "echo the spool is there >out.txt")
        mend = harm(spool)
        try:
            job = reach(client, start(client, "one", "echo ran >out.txt"), "COMPLETED")
        finally:
            mend()
    assert (job.phase, job.error) == ("COMPLETED", "")
    assert commands_sent(unheard)["status"] >= 1
    assert trouble_of(unheard)[0] == []
