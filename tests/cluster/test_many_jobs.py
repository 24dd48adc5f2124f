"""Two hundred jobs at once, two people, a slow pace: the cluster is not pestered, and nobody is left behind."""

from __future__ import annotations

import json
import re
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import pytest

from provstore.client import Client
from tests.cluster.bench import ClusterServed
from tests.cluster.breaking import change_sshd, commands_sent, job_names
from tests.cluster.conftest import MakeServed
from tests.e2e.served import Served, start, until
from tests.slurm_cluster import SlurmCluster, running_cluster

pytestmark = [pytest.mark.slurm, pytest.mark.slow]

JOBS: Final = 200
CHANNELS: Final = 6
EACH: Final = 6
RATE: Final = 4.0
PATIENT: Final = {"silent_after": timedelta(minutes=10)}
"""Nobody asks about a job that takes long because there are so many."""

SLOW: Final = 1.0
"""Seconds that a page may take meanwhile, for 19 of 20, on two busy cores."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[SlurmCluster]:
    """A cluster whose sshd writes down each channel that is opened or closed."""
    with running_cluster() as running:
        change_sshd(running, "LogLevel ERROR", "LogLevel DEBUG2")
        yield running


STEPS: Final = re.compile(
    r"channel (?P<opened>\d+): new (?:session )?\[server-session\]"
    r"|session_exit_message: session \d+ channel (?P<ended>\d+)"
    r"|channel (?P<closed>\d+): rcvd close"
)
"""What sshd writes of a channel: opened, its command has ended (the channel may linger a moment), closed by us."""


def sshd_log(cluster: SlurmCluster) -> Path:
    return cluster.folder / "log" / f"sshd.{cluster.port}.out"


def most_channels(told: str) -> int:
    """Give how many channels were in use at most, by the order in which sshd saw them begin and end."""
    used: set[str] = set()
    most = 0
    for step in STEPS.finditer(told):
        if step["opened"]:
            used.add(step["opened"])
        used.discard(step["ended"] or step["closed"] or "")
        most = max(most, len(used))
    return most


@contextmanager
def timed_pages(served: Served) -> Iterator[list[float]]:
    """Ask for a list of jobs again and again, and note how long each answer took."""
    seconds: list[float] = []
    over = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=served.address, timeout=30) as web:
            while not over.wait(0.05):
                began = time.monotonic()
                web.get("/uws/one").raise_for_status()
                seconds.append(time.monotonic() - began)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield seconds
    finally:
        over.set()
        asking.join()


def submitted_at(served: ClusterServed, job_id: str) -> datetime:
    """Tell when a job was handed over, as its record says."""
    record = json.loads((served.data / "jobs" / job_id / "run" / "cluster.json").read_bytes())
    return datetime.fromisoformat(record["submitted_at"])


def test_two_hundred_jobs_at_once_all_complete_without_a_question_to_slurm(
    cluster: SlurmCluster, make_served: MakeServed
) -> None:
    sshd_log(cluster).write_text("")
    served = make_served(cluster, settings={**PATIENT, "slots": JOBS, "rate": 100.0}).start()
    with served.client() as client, timed_pages(served) as seconds:

        def submit(_number: int) -> str:
            return start(client, "one", "sleep 0; echo done >out.txt").id

        with ThreadPoolExecutor(4) as pool:
            jobs = set(pool.map(submit, range(JOBS)))
        until(lambda: not still_open(client), seconds=150, what="all are over")
        assert completed(client) == jobs
    sent = commands_sent(served)
    assert (sent["submit"], sent["status"], sent["accounting"], sent["lookup"]) == (JOBS, 0, 0, 0)
    assert set(job_names(cluster).values()) == {1}
    told = sshd_log(cluster).read_text(errors="replace")
    assert (told.count("Accepted publickey"), "no more sessions" in told) == (1, False)
    assert 1 < most_channels(told) <= CHANNELS
    assert statistics.quantiles(seconds, n=20)[-1] < SLOW
    served.stop()


def still_open(client: Client) -> tuple[str, ...]:
    return client.jobs("one", PHASE="QUEUED") + client.jobs("one", PHASE="EXECUTING")


def completed(client: Client) -> set[str]:
    return set(client.jobs("one", PHASE="COMPLETED", LAST=str(2 * JOBS)))


def test_two_people_take_turns_where_slots_are_few(cluster: SlurmCluster, make_served: MakeServed) -> None:
    settings = {**PATIENT, "slots": 2}
    served = make_served(cluster, settings=settings, environment={"PROVSTORE_ANONYMOUS": "false"}).start()
    for name in (people := ("curie", "hahn")):
        assert served.command("user", "add", name).returncode == 0
    tokens = {name: served.command("user", "token", name).stdout.strip() for name in people}
    made: dict[str, str] = {}
    for name, token in tokens.items():
        with served.client(token=token) as client:
            made |= {start(client, "one", "sleep 0.5; echo done >out.txt").id: name for _ in range(EACH)}
    everybody = served.client(token=served.admin_token)
    with everybody as client:
        until(lambda: not still_open(client), seconds=60, what="all are over")
        assert completed(client) == set(made)
    order = [made[one] for one in sorted(made, key=lambda one: submitted_at(served, one))]
    assert order.index("hahn") in range(4)
    assert order[2:8].count("hahn") in range(2, 5)
    served.stop()


def test_submissions_keep_to_the_rate(cluster: SlurmCluster, make_served: MakeServed) -> None:
    served = make_served(cluster, settings={**PATIENT, "rate": RATE}).start()
    with served.client() as client:
        jobs = [start(client, "one", "echo done >out.txt").id for _ in range(12)]
        until(lambda: not still_open(client), seconds=60, what="all are over")
        assert completed(client) == set(jobs)
    times = sorted(submitted_at(served, one) for one in jobs)
    assert times[-1] - times[0] >= timedelta(seconds=(len(jobs) - 1) / RATE - 0.5)
    served.stop()
