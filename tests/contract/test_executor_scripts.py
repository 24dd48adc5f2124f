"""What every executor that runs real processes promises to a script, and about it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provstore.uws.executors.local import LocalExecutor
from provstore.uws.ports import Cause, Executor, Observation, State
from tests.contract.cluster_bench import NO_BWRAP
from tests.contract.executor_bench import alive, ended, environment, eventually, pids, stage

STUBBORN = "trap '' TERM; echo $BASHPID >>pids; while :; do sleep 1; done"
AWKWARD = {
    "quotes": 'it\'s "quoted"',
    "lines": "one\ntwo\n",
    "substitution": "$(touch x) `touch x` ${HOME}",
    "words": "  a  *  ; rm -rf / & #",
    "unicode": "δ é 🔭",
    "empty": "",
    "backslash": "\\n\\",
}


class Isolated(LocalExecutor):
    """The same, with all directories but the job's own hidden from the script."""

    def start(self, directory: Path) -> None:
        file = directory / "task.json"
        isolation = {"mode": "required", "hide": [str(directory.parent)]}
        file.write_text(json.dumps({**json.loads(file.read_bytes()), "isolation": isolation}), encoding="utf-8")
        super().start(directory)


EXECUTORS: dict[str, Callable[[], Executor]] = {"local": LocalExecutor, "isolated": Isolated}


@pytest.fixture(params=["local", pytest.param("isolated", marks=NO_BWRAP)])
def executor(request: pytest.FixtureRequest) -> Executor:
    return EXECUTORS[request.param]()


def run(executor: Executor, directory: Path) -> Observation:
    executor.start(directory)
    return ended(executor, directory)


def test_exit_in_the_middle_of_a_script_is_its_exit_code(executor: Executor, tmp_path: Path) -> None:
    end = run(executor, stage(tmp_path / "j1", "exit 7; exit 0"))
    assert (end.cause, end.exit_code, end.message) == (Cause.EXIT, 7, "exit code 7")


def test_a_script_killed_by_a_signal_says_which(executor: Executor, tmp_path: Path) -> None:
    end = run(executor, stage(tmp_path / "j1", "kill -KILL $$"))
    assert (end.cause, end.exit_code, end.message) == (Cause.SIGNAL, 137, "killed by SIGKILL")


def test_a_signal_without_a_name_is_told_by_its_number(executor: Executor, tmp_path: Path) -> None:
    end = run(executor, stage(tmp_path / "j1", "kill -40 $$"))
    assert (end.cause, end.exit_code, end.message) == (Cause.SIGNAL, 168, "killed by signal 40")


def test_the_execution_duration_ends_a_script(executor: Executor, tmp_path: Path) -> None:
    end = run(executor, stage(tmp_path / "j1", "sleep 60", execution_duration=0.2))
    assert (end.cause, end.exit_code, end.message) == (Cause.TIMEOUT, 143, "execution duration of 0.2 s is over")


def test_a_script_that_ends_in_time_is_not_touched(executor: Executor, tmp_path: Path) -> None:
    end = run(executor, stage(tmp_path / "j1", "sleep 0.05", execution_duration=30))
    assert (end.cause, end.exit_code) == (Cause.EXIT, 0)


def test_a_script_may_clean_up_when_it_is_aborted(executor: Executor, tmp_path: Path) -> None:
    script = "trap 'echo tidy >tidied; exit 5' TERM; echo $$ >pids; while :; do sleep 0.02; done"
    directory = stage(tmp_path / "j1", script, kill_grace=20)
    executor.start(directory)
    pids(directory / "work" / "pids", count=1)
    executor.abort(directory)
    end = ended(executor, directory)
    assert (end.cause, end.exit_code) == (Cause.ABORT, 5)
    assert (directory / "work" / "tidied").exists()


def test_an_abort_ends_the_whole_group_also_who_ignores_term(executor: Executor, tmp_path: Path) -> None:
    directory = stage(tmp_path / "j1", f"({STUBBORN}) & ({STUBBORN}) & {STUBBORN}")
    executor.start(directory)
    processes = pids(directory / "work" / "pids", count=3)
    executor.abort(directory)
    end = ended(executor, directory)
    assert (end.cause, end.exit_code) == (Cause.ABORT, 137)
    assert [pid for pid in processes if alive(pid)] == []


def test_who_leaves_the_group_is_ended_too(executor: Executor, tmp_path: Path) -> None:
    script = "(setsid bash -c 'echo $$ >>pids; setsid sleep 100 & echo $! >>pids; wait' &) ; sleep 100"
    directory = stage(tmp_path / "j1", script)
    executor.start(directory)
    processes = pids(directory / "work" / "pids", count=2)
    executor.abort(directory)
    ended(executor, directory)
    assert [pid for pid in processes if alive(pid)] == []


def test_background_processes_end_with_the_script_and_do_not_hold_it_up(executor: Executor, tmp_path: Path) -> None:
    script = f"({STUBBORN}) & until [ -s pids ]; do sleep 0.01; done; echo done; exit 4"
    directory = stage(tmp_path / "j1", script)
    end = run(executor, directory)
    assert (end.cause, end.exit_code) == (Cause.EXIT, 4)
    assert [pid for pid in pids(directory / "work" / "pids", count=1) if alive(pid)] == []
    assert (directory / "stdout").read_bytes() == b"done\n"


def test_a_stopped_process_is_ended(executor: Executor, tmp_path: Path) -> None:
    directory = stage(tmp_path / "j1", "echo $$ >pids; kill -STOP $$", kill_grace=20)
    executor.start(directory)
    pids(directory / "work" / "pids", count=1)
    executor.abort(directory)
    assert ended(executor, directory).cause is Cause.ABORT


def test_output_is_kept_whole_up_to_the_limit(executor: Executor, tmp_path: Path) -> None:
    directory = stage(tmp_path / "j1", "printf 0123456789; printf abc >&2", log_max=10)
    run(executor, directory)
    assert (directory / "stdout").read_bytes() == b"0123456789"
    assert (directory / "stderr").read_bytes() == b"abc"


def test_two_hundred_megabytes_of_output_leave_head_and_tail(executor: Executor, tmp_path: Path) -> None:
    script = "echo first >&2; head -c 200000000 /dev/zero >&2; echo last >&2"
    directory = stage(tmp_path / "j1", script, log_max=100_000)
    begun = time.monotonic()
    end = run(executor, directory)
    text = (directory / "stderr").read_bytes()
    marker = b"\n[provstore: %d bytes left out]\n" % (200_000_011 - 100_000)
    assert (end.cause, end.exit_code) == (Cause.EXIT, 0)
    assert text == b"first\n" + bytes(49_994) + marker + bytes(49_995) + b"last\n"
    assert time.monotonic() - begun < 10


def test_output_can_be_followed(executor: Executor, tmp_path: Path) -> None:
    directory = stage(tmp_path / "j1", "echo one; until [ -e told ]; do sleep 0.01; done; echo two")
    executor.start(directory)
    eventually(lambda: (directory / "stdout").exists() and (directory / "stdout").read_bytes() == b"one\n")
    assert executor.observe(directory).state is State.RUNNING
    (directory / "work" / "told").touch()
    ended(executor, directory)
    assert (directory / "stdout").read_bytes() == b"one\ntwo\n"


def test_a_closed_pipe_ends_a_program_as_in_a_terminal(executor: Executor, tmp_path: Path) -> None:
    directory = stage(tmp_path / "j1", "set -o pipefail; yes | head -n 1; exit $?")
    assert run(executor, directory).exit_code == 141


def test_the_environment_is_what_was_staged_and_nothing_of_the_server(
    executor: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVSTORE_GRAPH_PASSWORD", "secret")
    directory = stage(tmp_path / "j1", "cat /proc/$$/environ")
    run(executor, directory)
    pairs = (directory / "stdout").read_text("utf-8").rstrip("\0").split("\0")
    assert dict(pair.split("=", 1) for pair in pairs) == environment(directory)


def test_parameters_reach_the_script_as_data(executor: Executor, tmp_path: Path) -> None:
    script = f'for name in {" ".join(AWKWARD)}; do printf "%s\\0" "${{!name}}"; done; ls'
    directory = stage(tmp_path / "j1", script, parameters=AWKWARD)
    run(executor, directory)
    assert (directory / "stdout").read_bytes().decode().split("\0") == [*AWKWARD.values(), ""]


def test_a_script_works_in_its_folder_without_input_privately(executor: Executor, tmp_path: Path) -> None:
    directory = stage(tmp_path / "j1", "pwd; cat; ulimit -c; : >file; stat -c %a file")
    run(executor, directory)
    assert (directory / "stdout").read_text("utf-8").splitlines() == [str(directory / "work"), "0", "600"]


def test_what_the_job_used_is_told(executor: Executor, tmp_path: Path) -> None:
    end = run(
        executor,
        stage(tmp_path / "j1", "x=$(head -c 30000000 /dev/zero | tr '\\0' a); (for i in {1..20000}; do :; done)"),
    )
    assert end.cpu_seconds is not None
    assert end.max_rss is not None
    assert 0.01 < end.cpu_seconds < 10
    assert 30_000_000 < end.max_rss < 500_000_000


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({"shell": ["/no/such/shell"]}, "No such file or directory"),
        ({"environment": {"PATH": "/usr/bin:/bin", "x": "y" * 3_000_000}}, "Argument list too long"),
        ({"environment": {"PATH": "/usr/bin:/bin", "x": "\0"}}, "null byte"),
    ],
)
def test_what_can_not_be_started_says_why(
    executor: Executor, tmp_path: Path, task: dict[str, Any], message: str
) -> None:
    end = run(executor, stage(tmp_path / "j1", "true", **task))
    assert (end.state, end.cause, end.exit_code) == (State.ENDED, Cause.FAILED_TO_START, None)
    assert message in end.message


def test_a_missing_script_or_folder_fails_to_start(executor: Executor, tmp_path: Path) -> None:
    (stage(tmp_path / "j1", "true") / "script.sh").unlink()
    (stage(tmp_path / "j2", "true") / "work").rmdir()
    causes = [run(executor, tmp_path / name).cause for name in ("j1", "j2")]
    assert causes == [Cause.FAILED_TO_START, Cause.FAILED_TO_START]


def test_the_record_is_whole_whenever_it_is_read(executor: Executor, tmp_path: Path) -> None:
    directory = stage(tmp_path / "j1", "for i in 1 2 3; do echo $i; sleep 0.02; done")
    executor.start(directory)
    states: set[str] = set()
    deadline = time.monotonic() + 10
    while "ENDED" not in states and time.monotonic() < deadline:
        if (directory / "status.json").exists():
            states.add(json.loads((directory / "status.json").read_bytes())["state"])
            events = (directory / "events.jsonl").read_bytes()
            assert [json.loads(line)["seq"] for line in events.splitlines()] in ([1], [1, 2])
    assert states == {"EXECUTING", "ENDED"}


def test_the_events_are_the_states_in_order_and_the_last_is_the_status(executor: Executor, tmp_path: Path) -> None:
    directory = stage(tmp_path / "j1", "exit 2")
    run(executor, directory)
    events = [json.loads(line) for line in (directory / "events.jsonl").read_bytes().splitlines()]
    assert [(event["seq"], event["state"], event["cause"]) for event in events] == [
        (1, "EXECUTING", None),
        (2, "ENDED", "exit"),
    ]
    assert json.loads((directory / "status.json").read_bytes()) == events[-1]


def test_nothing_of_the_record_is_readable_by_others(executor: Executor, tmp_path: Path) -> None:
    directory = stage(tmp_path / "j1", "echo hello")
    run(executor, directory)
    written = ("claim", "lock", "stdout", "stderr", "events.jsonl", "status.json")
    assert {name: (directory / name).stat().st_mode & 0o077 for name in written} == dict.fromkeys(written, 0)
