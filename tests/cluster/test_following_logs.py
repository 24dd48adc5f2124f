"""What a job prints on a node, seen here while it prints, by whoever looks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest

from provstore.client import Client, RemoteJob
from tests.cluster.bench import ClusterServed, reach
from tests.cluster.conftest import MakeServed
from tests.e2e.served import until
from tests.slurm_cluster import SlurmCluster

pytestmark = pytest.mark.slurm

LOG_MAX: Final = 1 << 20
"""Set in `tests.e2e.served.QUICK`."""

PROMPT: Final = 2.0
"""Seconds: a line is here within one, on a quiet machine."""

TALK: Final = """
n=0; echo begun >&2
while [ ! -e go ]; do sleep 0.02; [ ! -e "say$n" ] || { echo "line $n"; n=$((n+1)); }; done; echo over; echo >out.txt
"""
FLOOD: Final = f"""
head -c {3 * LOG_MAX} /dev/zero | tr '\\0' a; until [ -e go ]; do sleep 0.05; done; echo THE END; : >out.txt
"""


def say(served: ClusterServed, job: RemoteJob, what: str) -> None:
    (served.there(job) / "work" / what).touch()


@contextmanager
def followed(job: RemoteJob) -> Iterator[Iterator[str]]:
    """Follow what a job prints, line by line."""
    address = f"{job.href}/stdout?follow=true"
    with httpx.stream("GET", address, timeout=60) as response:
        yield response.iter_lines()


def test_a_line_is_seen_soon_after_it_was_printed(served: ClusterServed, client: Client) -> None:
    job = reach(client, client.run("one", parameters={"code": TALK}), "EXECUTING")
    waits = []
    with followed(job) as lines:
        for number in range(4):
            at = time.monotonic()
            say(served, job, f"say{number}")
            assert next(lines) == f"line {number}"
            waits.append(time.monotonic() - at)
        say(served, job, "go")
        assert list(lines) == ["over"]
    assert max(waits) < PROMPT, waits
    assert client.wait(job).phase == "COMPLETED"
    assert served.facts(job)["status_queries"] == 0


def test_without_following_there_is_what_was_printed_so_far(served: ClusterServed, client: Client) -> None:
    job = reach(client, client.run("one", parameters={"code": TALK}), "EXECUTING")
    say(served, job, "say0")
    until(lambda: client.fetch(f"{job.href}/stdout") == b"line 0\n")
    assert client.fetch(f"{job.href}/stderr") == b"begun\n"
    say(served, job, "go")
    client.wait(job)
    assert client.fetch(f"{job.href}/stdout") == b"line 0\nover\n"


def test_nothing_is_fetched_where_nobody_looks(served: ClusterServed, client: Client) -> None:
    job = reach(client, client.run("one", parameters={"code": TALK}), "EXECUTING")
    say(served, job, "say0")
    until(lambda: (served.there(job) / "stdout").read_text() == "line 0\n")
    client.job("one", job.id, wait=1)
    assert not (served.run_directory(job) / "stdout").exists()
    say(served, job, "go")
    client.wait(job)
    assert (served.run_directory(job) / "stdout").read_text() == "line 0\nover\n"


def test_a_log_that_is_too_long_is_followed_and_is_the_same_here_and_there(
    served: ClusterServed, client: Client
) -> None:
    job = reach(client, client.run("one", parameters={"code": FLOOD}), "EXECUTING")
    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(_read, job) for _ in range(3)]
        until(lambda: _size(served.run_directory(job) / "stdout") == LOG_MAX)
        say(served, job, "go")
        came = [one.result() for one in readers]
    assert client.wait(job).phase == "COMPLETED"
    whole = (served.there(job) / "stdout").read_bytes()
    assert (served.run_directory(job) / "stdout").read_bytes() == whole
    assert client.fetch(f"{job.href}/stdout") == whole
    left_out = 3 * LOG_MAX + len("THE END\n") - LOG_MAX
    assert f"\n[provstore: {left_out} bytes left out]\n".encode() in whole
    assert whole.endswith(b"aTHE END\n")
    for text in came:  # the first bytes as they came, then the line that says what is missing, and the end
        assert text.startswith(b"a" * (LOG_MAX // 2))
        assert text.replace(b"a", b"") == whole.replace(b"a", b"")

    assert _read(job) == whole
    assert _read(job, lines=1) == whole.rpartition(b"left out]\n")[2]


def _read(job: RemoteJob, **query: int) -> bytes:
    return httpx.get(f"{job.href}/stdout", params={"follow": "true", **query}, timeout=60).content


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def test_a_log_on_a_cluster_that_can_not_be_reached_is_what_came_so_far(
    slurm: SlurmCluster, make_served: MakeServed
) -> None:
    served = make_served(slurm).start()
    with served.client() as client:
        job = reach(client, client.run("one", parameters={"code": TALK}), "EXECUTING")
        say(served, job, "say0")
        until(lambda: client.fetch(f"{job.href}/stdout") == b"line 0\n")
        slurm.stop_sshd()
        slurm.drop_connections()
        say(served, job, "say1")
        assert client.fetch(f"{job.href}/stdout") == b"line 0\n"
        slurm.start_sshd()
        until(lambda: client.fetch(f"{job.href}/stdout") == b"line 0\nline 1\n")
        say(served, job, "go")
        assert client.wait(job).phase == "COMPLETED"
        assert client.fetch(f"{job.href}/stdout") == b"line 0\nline 1\nover\n"
