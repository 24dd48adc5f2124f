"""Signals of jobs on a cluster are hints: whoever sends what, how often and when, it changes nothing by itself."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from provstore.client import Client, RemoteJob
from tests.cluster.bench import ClusterServed, let_go_on, reach
from tests.cluster.breaking import commands_sent, read_job, trouble_of
from tests.cluster.conftest import MakeServed
from tests.e2e.served import Served, finish, start
from tests.slurm_cluster import SlurmCluster

pytestmark = pytest.mark.slurm

OVER: Final = json.dumps({"seq": 9, "state": "ENDED", "cause": "exit", "exit_code": 0}).encode()
BEGUN: Final = json.dumps({"seq": 1, "state": "EXECUTING"}).encode()
MADE: Final = "echo made >out.txt"
UNKNOWN: Final = "j" + "0" * 32
TOO_LONG: Final = b"x" * 70_000


def signal(served: Served, job_id: str, token: str, body: bytes = OVER) -> httpx.Response:
    """Send a signal, as the wrapper would."""
    return httpx.post(f"{served.address}/signals/{job_id}", content=body, headers={"Authorization": f"Bearer {token}"})


def token_of(served: Served, job: RemoteJob) -> str:
    return (served.run_directory(job) / "token").read_text()


@pytest.fixture
def running(served: ClusterServed, client: Client) -> Iterator[RemoteJob]:
    """A job that runs until it is let go."""
    job = start(client, "one", f'{MADE}; until [ -e "$jd/go" ]; do sleep 0.1; done')
    yield reach(client, job, "EXECUTING")
    let_go_on(served, job)
    reach(client, job, "COMPLETED")


def facts(served: ClusterServed, job: RemoteJob) -> tuple[dict[str, Any], list[str]]:
    """All that is told of a job, and its phases."""
    return read_job(served, job), served.phases(job)


def test_a_signal_with_a_wrong_token_is_refused_in_the_words_of_one_for_an_unknown_job(
    served: ClusterServed, running: RemoteJob
) -> None:
    before = facts(served, running)
    token = token_of(served, running)
    wrong = [
        signal(served, running.id, "0" * 64),
        signal(served, UNKNOWN, "0" * 64),
        signal(served, UNKNOWN, token),
        httpx.post(f"{served.address}/signals/{running.id}", content=OVER),
        httpx.post(f"{served.address}/signals/{running.id}?token={token}", content=OVER),
    ]
    assert {one.status_code for one in wrong} == {401}
    assert len({one.text for one in wrong}) == 1
    assert facts(served, running) == before


def test_forged_repeated_and_reordered_signals_of_a_running_job_change_nothing(
    served: ClusterServed, running: RemoteJob
) -> None:
    token = token_of(served, running)
    for body in (OVER, BEGUN, OVER, OVER, BEGUN, b"", b"\xff\x00", b"phase COMPLETED", b'{"scheduler": "COMPLETED"}'):
        assert signal(served, running.id, token, body).status_code == 204
    with served.client() as client:
        finish(client, "one", MADE)  # meanwhile all were looked at
    assert served.phases(running) == ["PENDING", "QUEUED", "EXECUTING"]


def test_signals_after_the_end_change_nothing(served: ClusterServed, client: Client) -> None:
    job = finish(client, "one", MADE)
    token = token_of(served, job)
    before = facts(served, job)
    for body in (BEGUN, OVER, b'{"state": "ENDED", "cause": "signal"}', BEGUN):
        assert signal(served, job.id, token, body).status_code == 204
    finish(client, "one", MADE)
    assert facts(served, job) == before
    assert before[1] == ["PENDING", "QUEUED", "EXECUTING", "COMPLETED"]


def test_a_signal_that_is_too_long_is_not_read(served: ClusterServed, running: RemoteJob) -> None:
    answer = signal(served, running.id, token_of(served, running), TOO_LONG)
    assert answer.status_code == 413
    assert served.phases(running)[-1] == "EXECUTING"


def test_a_signal_for_a_job_of_this_machine_asks_no_cluster(
    slurm: SlurmCluster, make_served: MakeServed, tmp_path: Path
) -> None:
    served = make_served(slurm, environment={"PROVSTORE_EXECUTOR": "local"}).start()
    go = tmp_path / "go"
    with served.client() as client:
        job = start(client, "one", f"{MADE}; until [ -e {go} ]; do sleep 0.1; done")
        reach(client, job, "EXECUTING")
        assert signal(served, job.id, token_of(served, job)).status_code == 204
        assert signal(served, job.id, "0" * 64).status_code == 401
        assert not (served.run_directory(job) / "heard").exists()
        go.touch()
        reach(client, job, "COMPLETED")
    assert (commands_sent(served), trouble_of(served)[0]) == ({}, [])


def test_the_token_is_nowhere_but_in_a_file_of_the_account_s_own(
    served: ClusterServed, running: RemoteJob, slurm: SlurmCluster
) -> None:
    token, number = token_of(served, running), served.number(running)
    file = served.there(running) / "token"
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode), file.owner()) == (token, 0o600, slurm.user)
    assert served.processes(running)
    assert [pid for pid, told in everything_told_of_processes().items() if token.encode() in told] == []
    shown = slurm.scontrol("show", "job", "-dd", number) + slurm.scontrol("write", "batch_script", number, "-")
    assert f"uws-{running.id}" in shown
    assert token not in shown
    holders = [one.name for one in served.there(running).rglob("*") if one.is_file() and token in one.read_text()]
    assert holders == ["token"]
    logs = [*(slurm.folder / "log").iterdir(), served.log]
    assert [one.name for one in logs if token in one.read_text(errors="replace")] == []


def everything_told_of_processes() -> Mapping[int, bytes]:
    """Read the command line and the environment of every process."""
    told = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            told[int(process.name)] = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    return told


def test_the_calls_of_a_job_carry_its_token_in_a_header_and_its_id_in_the_path_alone(
    served: ClusterServed, running: RemoteJob
) -> None:
    task = json.loads((served.there(running) / "task.json").read_bytes())
    assert re.fullmatch(rf"http://127\.0\.0\.1:\d+/signals/{running.id}", task["callback"])
    assert token_of(served, running) not in json.dumps(task)
