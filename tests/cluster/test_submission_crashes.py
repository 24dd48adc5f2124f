"""The server dies at every moment of a hand-over: each job runs exactly once, and none is lost."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from provstore.client import Client, RemoteJob
from tests.cluster.bench import FINAL, ClusterServed, reach
from tests.cluster.breaking import SlowSubmission, job_names, sessions, why_waiting
from tests.cluster.conftest import MakeServed
from tests.e2e.served import PATIENCE, finish, start, until
from tests.slurm_cluster import SlurmCluster, running_cluster

pytestmark = pytest.mark.slurm

KILLS: Final = 20
BIG: Final = 64 << 20


@dataclass(slots=True)
class House:
    """A server that is killed again and again, before a cluster whose submissions may be slow."""

    cluster: SlurmCluster
    slow: SlowSubmission
    served: ClusterServed
    tally: Path
    jobs: list[RemoteJob] = field(default_factory=list)

    def submit(self, client: Client) -> RemoteJob:
        """Start a job that writes down that it ran."""
        job = start(client, "one", f"echo $PROVSTORE_JOB >>{self.tally}; echo done >out.txt")
        self.jobs.append(job)
        return job

    def restart(self) -> None:
        self.served.kill()
        self.served.start()

    def is_noted(self, job: RemoteJob) -> bool:
        """Tell whether it is on disk that the job is being sent."""
        return bool(self.served.record(job).get("uncertain"))

    def check(self) -> None:
        """See that every job has completed, and has run once."""
        ids = [job.id for job in self.jobs]
        with self.served.client() as client:
            until(lambda: all(client.job("one", one).phase in FINAL for one in ids), seconds=90, what="all are over")
            seen = [client.job("one", one) for one in ids]
        assert [(one.phase, one.error) for one in seen] == [("COMPLETED", "")] * len(ids)
        assert Counter(self.tally.read_text().split()) == Counter(ids)
        names = job_names(self.cluster)
        assert [names[f"uws-{one}"] for one in ids] == [1] * len(ids)


@pytest.fixture(scope="module")
def built(make_served: MakeServed) -> Iterator[House]:
    with running_cluster() as cluster:
        tally = cluster.folder / "tally"
        tally.touch()
        tally.chmod(0o666)
        slow = SlowSubmission(cluster)
        house = House(cluster, slow, make_served(cluster), tally)
        yield house
        house.served.clear()


@pytest.fixture
def house(built: House) -> Iterator[House]:
    built.jobs.clear()
    built.tally.write_text("")
    built.slow.think()
    built.restart()
    yield built
    built.slow.think()


Moment = Callable[[House, RemoteJob, Mapping[str, int]], bool]
"""Tells whether it is time to kill; asked in a loop, with how many submissions had got how far before."""


def _by_chance(_house: House, _job: RemoteJob, _before: Mapping[str, int]) -> bool:
    time.sleep(random.uniform(0, 0.8))  # noqa: S311 - the moment is what is drawn
    return True


MOMENTS: Final[Mapping[str, Moment]] = {
    "acknowledged": lambda _house, _job, _before: True,
    "being sent": lambda house, job, _before: house.is_noted(job),
    "sbatch runs": lambda house, _job, before: house.slow.events("came") > before["came"],
    "taken, not answered": lambda house, _job, before: house.slow.events("taken") > before["taken"],
    "answered": lambda house, _job, before: house.slow.events("over") > before["over"],
    "left on the cluster": lambda house, job, _before: (house.served.there(job) / "number").exists(),
    "by chance": _by_chance,
}


@pytest.mark.slow
def test_a_server_killed_twenty_times_between_sbatch_and_its_answer_submits_each_job_once(house: House) -> None:
    moments = list(MOMENTS.values())
    for number in range(KILLS):
        house.slow.think(before=random.uniform(0, 0.3), after=random.uniform(0, 0.3))  # noqa: S311 - no secret
        before = {word: house.slow.events(word) for word in ("came", "taken", "over")}
        with house.served.client() as client:
            last = [house.submit(client) for _ in range(2)][-1]
        ends = time.monotonic() + PATIENCE
        while not moments[number % len(moments)](house, last, before) and time.monotonic() < ends:
            time.sleep(0.001)
        house.restart()
    house.slow.think()
    house.check()


def test_a_submission_that_is_still_under_way_after_a_restart_is_waited_for(house: House) -> None:
    house.slow.think(before=3)
    before = house.slow.events("came")
    with house.served.client() as client:
        job = house.submit(client)
    until(lambda: house.slow.events("came") > before, what="sbatch runs")
    house.restart()
    house.slow.think()
    with house.served.client() as client:
        house.submit(client)
        reach(client, job, "EXECUTING", "COMPLETED")
    assert house.slow.events("came") == before + 2
    house.check()


@pytest.mark.slow
def test_a_submission_whose_shell_died_with_its_machine_is_begun_anew_after_a_while(house: House) -> None:
    house.slow.think(before=60)
    before = house.slow.events("came")
    with house.served.client() as client:
        job = house.submit(client)
        until(lambda: house.slow.events("came") > before, what="sbatch runs")
        for pid in house.served.processes(job):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        house.slow.think()
        until(lambda: "under way" in why_waiting(house.served, job), what="it is told")
        os.utime(house.served.there(job) / "sbatch.lock", (0, 0))
        reach(client, job, "COMPLETED")
    house.check()


def test_what_was_noted_and_never_sent_is_sent_by_the_next_server(house: House) -> None:
    with house.served.client() as client:
        finish(client, "one", "echo there is a connection >out.txt")
        until(lambda: bool(sessions(house.cluster)), what="it is kept")
        frozen = sessions(house.cluster)
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        job = house.submit(client)
    until(lambda: house.is_noted(job), what="it is noted")
    house.served.kill()
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)
    assert not house.served.there(job).exists()
    house.served.start()
    house.check()


def test_inputs_that_were_cut_off_arrive_whole_at_the_second_try(house: House, tmp_path: Path) -> None:
    big = tmp_path / "big.dat"
    big.write_bytes(os.urandom(BIG))
    with house.served.client() as client:
        code = f"echo $PROVSTORE_JOB >>{house.tally}; sha256sum <$input | cut -c1-64 >out.dat"
        job = client.run("reads", parameters={"code": code}, files={"input": big})
    part = house.served.there(job) / "work" / "big.dat.part"
    until(lambda: part.exists() and part.stat().st_size > BIG // 4, what="it is on its way")
    house.restart()
    assert 0 < part.stat().st_size < BIG
    with house.served.client() as client:
        done = reach(client, job, "COMPLETED")
        (result,) = done.results.values()
        assert client.fetch(result.href).decode().strip() == hashlib.sha256(big.read_bytes()).hexdigest()
    assert house.tally.read_text().split() == [job.id]
    assert sorted(file.name for file in part.parent.iterdir()) == ["big.dat", "out.dat"]
