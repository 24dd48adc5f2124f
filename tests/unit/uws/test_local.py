"""What is particular to jobs of this machine: death of the wrapper, of the server, spawns that fail."""

from __future__ import annotations

import fcntl
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from provstore.errors import Unavailable
from provstore.uws.executors.local import LocalExecutor
from provstore.uws.ports import Cause, State
from tests.contract.executor_bench import PATIENCE, alive, ended, eventually, pids, stage

ROOT = Path(__file__).parents[3]


def wrapper_pid(directory: Path) -> int:
    return int((directory / "lock").read_text("ascii"))


def orphaned(directory: Path, script: str, *, count: int) -> list[int]:
    """Start a job and kill its wrapper; gives the processes of the script."""
    LocalExecutor().start(stage(directory, script))
    processes = pids(directory / "work" / "pids", count=count)
    eventually((directory / "status.json").exists)
    os.kill(wrapper_pid(directory), signal.SIGKILL)
    eventually(lambda: not alive(wrapper_pid(directory)))
    return processes


@pytest.mark.parametrize("asked", ["observe", "abort"])
def test_a_killed_wrapper_is_lost_and_its_payload_is_ended(tmp_path: Path, asked: str) -> None:
    script = "trap '' TERM; sleep 100 & setsid sleep 100 & echo $! >>pids; echo $$ >>pids; wait"
    processes = orphaned(tmp_path / "j1", script, count=2)
    getattr(LocalExecutor(), asked)(tmp_path / "j1")
    eventually(lambda: not any(alive(pid) for pid in processes))
    lost = LocalExecutor().observe(tmp_path / "j1")
    assert (lost.state, lost.cause, lost.started_at is not None) == (State.LOST, None, True)


def test_a_lost_job_is_not_started_again(tmp_path: Path) -> None:
    orphaned(tmp_path / "j1", "echo $$ >>pids; sleep 100", count=1)
    LocalExecutor().start(tmp_path / "j1")
    assert LocalExecutor().observe(tmp_path / "j1").state is State.LOST


def test_other_jobs_survive_the_end_of_a_lost_one(tmp_path: Path) -> None:
    LocalExecutor().start(stage(tmp_path / "j2", "echo $$ >pids; sleep 100"))
    other = pids(tmp_path / "j2" / "work" / "pids", count=1)
    orphaned(tmp_path / "j1", "echo $$ >>pids; sleep 100", count=1)
    assert LocalExecutor().observe(tmp_path / "j1").state is State.LOST
    assert [alive(pid) for pid in other] == [True]
    LocalExecutor().abort(tmp_path / "j2")
    assert ended(LocalExecutor(), tmp_path / "j2").cause is Cause.ABORT


def test_a_job_outlives_the_server_that_started_it(tmp_path: Path) -> None:
    directory = stage(tmp_path / "j1", "until [ -e told ]; do sleep 0.01; done; echo written; exit 3")
    code = "import sys; from pathlib import Path; from provstore.uws.executors.local import LocalExecutor; "
    code += "LocalExecutor().start(Path(sys.argv[1])); import os; os.kill(os.getpid(), 9)"
    server = subprocess.run([sys.executable, "-c", code, str(directory)], cwd=ROOT, check=False)
    assert server.returncode == -signal.SIGKILL
    assert LocalExecutor().observe(directory).state is State.RUNNING
    (directory / "work" / "told").touch()
    assert ended(LocalExecutor(), directory).exit_code == 3
    assert (directory / "stdout").read_bytes() == b"written\n"


def test_processes_that_start_a_job_at_the_same_time_run_it_once(tmp_path: Path) -> None:
    directory = stage(tmp_path / "j1", "echo started >>starts; until [ -e told ]; do sleep 0.01; done")
    code = "import sys; from pathlib import Path; from provstore.uws.executors.local import LocalExecutor; "
    code += "LocalExecutor().start(Path(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(directory)]
    servers = [subprocess.Popen(command, cwd=ROOT) for _ in range(3)]
    assert [server.wait(PATIENCE) for server in servers] == [0, 0, 0]
    (directory / "work" / "told").touch()
    ended(LocalExecutor(), directory)
    assert (directory / "work" / "starts").read_text("ascii") == "started\n"


def test_the_end_is_told_at_once_and_the_wrapper_is_reaped(tmp_path: Path) -> None:
    told: queue.Queue[tuple[Path, State]] = queue.Queue()
    executor = LocalExecutor(on_end=lambda directory: told.put((directory, executor.observe(directory).state)))
    directory = stage(tmp_path / "j1", "exit 0")
    executor.start(directory)
    assert told.get(timeout=PATIENCE) == (directory, State.ENDED)
    eventually(lambda: not Path(f"/proc/{wrapper_pid(directory)}").exists())
    eventually(lambda: f"wait-{directory.name}" not in {thread.name for thread in threading.enumerate()})


def test_a_killed_wrapper_is_told_too(tmp_path: Path) -> None:
    told: queue.Queue[Path] = queue.Queue()
    directory = stage(tmp_path / "j1", "exec sleep 100")
    LocalExecutor(on_end=told.put).start(directory)
    os.kill(wrapper_pid(directory), signal.SIGKILL)
    assert told.get(timeout=PATIENCE) == directory


def test_the_wrapper_gets_nothing_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVSTORE_GRAPH_PASSWORD", "secret")
    directory = stage(tmp_path / "j1", "sleep 100")
    LocalExecutor().start(directory)
    assert b"secret" not in Path(f"/proc/{wrapper_pid(directory)}/environ").read_bytes()
    LocalExecutor().abort(directory)
    ended(LocalExecutor(), directory)


def test_no_interpreter_is_told_and_nothing_is_started(tmp_path: Path) -> None:
    directory = stage(tmp_path / "j1", "true")
    with pytest.raises(Unavailable, match="no process for j1"):
        LocalExecutor("/no/such/python").start(directory)
    assert LocalExecutor().observe(directory).state is State.ABSENT


def test_a_directory_that_can_not_be_written_is_told_and_nothing_is_started(tmp_path: Path) -> None:
    directory = stage(tmp_path / "j1", "true")
    (directory / "lock").mkdir()
    with pytest.raises(Unavailable, match="Is a directory"):
        LocalExecutor().start(directory)
    assert LocalExecutor().observe(directory).state is State.ABSENT


def test_an_abort_between_lock_and_claim_is_not_lost(tmp_path: Path) -> None:
    directory = stage(tmp_path / "j1", "echo ran")
    with (directory / "lock").open("w") as lock:  # a wrapper that has come as far as this
        fcntl.flock(lock, fcntl.LOCK_EX)
        LocalExecutor().abort(directory)
    LocalExecutor().start(directory)
    assert ended(LocalExecutor(), directory).cause is Cause.ABORT
    assert not (directory / "stdout").exists()


def test_an_abort_sends_no_signal_to_a_stranger_with_the_pid(tmp_path: Path) -> None:
    directory = stage(tmp_path / "j1", "true")
    (directory / "claim").touch()
    with (directory / "lock").open("w") as lock, subprocess.Popen(["sleep", "100"], cwd="/") as stranger:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(f"{stranger.pid}\n")
        lock.flush()
        LocalExecutor().abort(directory)
        assert stranger.poll() is None
        stranger.kill()


def test_those_who_look_at_the_same_time_do_not_mistake_each_other_for_a_wrapper(tmp_path: Path) -> None:
    orphaned(tmp_path / "j1", "echo $$ >>pids; sleep 100", count=1)
    with (tmp_path / "j1" / "lock").open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert LocalExecutor().observe(tmp_path / "j1").state is State.LOST
