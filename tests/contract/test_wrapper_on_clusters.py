"""What the wrapper does besides on the nodes of a cluster: it lists results, and drops its signals where told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from provstore.uws.executors.status import WRAPPER
from provstore.uws.running.inventory import Found, Listed, Local
from tests.contract.cluster_bench import PYTHONS, kept, products, python, run, start, status
from tests.contract.executor_bench import eventually, stage

SLURM = {"SLURM_JOB_ID": "17", "SLURM_CLUSTER_NAME": "c1", "SLURM_NTASKS": "4", "CUDA_VISIBLE_DEVICES": "0"}

ODD = r"""
echo a >../results/a.txt; echo b >../results/b.txt; ln -s "$PWD/real" ../results/c.txt; echo c >real
ln -s nowhere ../results/dangling; ln -s loop ../results/loop; ln -s /etc/hostname ../results/outside
ln -s . ../results/up; mkdir -p ../results/folder.d/deep; mkfifo ../results/pipe
echo f >../results/folder.d/f.fits; echo g >../results/folder.d/deep/g.fits; echo h >../results/.hidden.txt
echo x >../results/$'\xff.no'; echo e >../results/é.txt; echo t >'../results/two  words.txt'; : >../results/empty
echo w >only-here.dat; echo changed >>touched.in; echo same >same.in; echo '\' >'../results/back\slash'
"""
PATTERNS = (
    *("*.txt", "a.txt", "./a.txt", "c.txt", "nothing", "", "dangling", "loop", "outside", "up", "folder.d", "pipe"),
    *("*.no", "é.txt", "é*", "two  words.txt", "empty", "*.dat", "*.in", "touched.in", "untouched.in", "same.in"),
    *("**/*.fits", "**", "*", "a**t", "[ab].txt", "?.txt", "folder.d/*", "folder.d/f.fits", "x" * 300, "back*", "*/*"),
)


@pytest.fixture(params=PYTHONS)
def interpreter(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_variables_of_the_scheduler_are_passed_on_but_not_over_those_of_the_job(
    tmp_path: Path, interpreter: str
) -> None:
    directory = stage(
        tmp_path / "j1",
        "env | sort | grep -e SLURM -e CUDA -e SECRET",
        parameters={"SLURM_NTASKS": "mine"},
        inherit=["SLURM_*", "CUDA_VISIBLE_DEVICES", "MISSING"],
    )
    run(directory, interpreter=interpreter, **SLURM, SECRET="x", CUDA_VISIBLE_DEVICES_2="y")
    expected = [f"{name}={value}" for name, value in sorted({**SLURM, "SLURM_NTASKS": "mine"}.items())]
    assert kept(directory).decode().splitlines() == expected


def test_nothing_is_passed_on_unasked(tmp_path: Path) -> None:
    directory = stage(tmp_path / "j1", "env | grep -c SLURM", products=[])
    run(directory, **SLURM)
    assert kept(directory) == b"0\n"


def test_the_record_says_what_the_scheduler_calls_the_job(tmp_path: Path) -> None:
    stage(tmp_path / "j1", "true")
    stage(tmp_path / "j2", "true")
    assert run(tmp_path / "j1", **SLURM)["scheduler"] == {"SLURM_JOB_ID": "17", "SLURM_CLUSTER_NAME": "c1"}
    plain = run(tmp_path / "j2")
    assert (plain["scheduler"], plain["isolated"]) == (None, None)


def staged_with_inputs(directory: Path, script: str) -> Path:
    stage(directory, script, products=PATTERNS)
    for name in ("touched.in", "untouched.in", "same.in"):
        (directory / "work" / name).write_text("same\n", encoding="ascii")
        os.utime(directory / "work" / name, ns=(0, 0))
    return directory


def test_the_list_says_what_a_look_into_the_directory_says(tmp_path: Path, interpreter: str) -> None:
    directory = staged_with_inputs(tmp_path / "j1", ODD)
    assert run(directory, interpreter=interpreter)["message"] == ""
    here = Local(directory, untouched={directory / "work" / "untouched.in"})
    there = Listed(directory)

    def said(look: Callable[[str], tuple[Found, ...]]) -> dict[str, tuple[Found, ...]]:
        return {pattern: look(pattern) for pattern in PATTERNS}

    assert said(there.matches) == said(here.matches)
    assert sorted(products(directory)) == sorted(PATTERNS)


def test_what_belongs_to_the_run_itself_is_no_result(tmp_path: Path) -> None:
    """Whoever fetches results must not be led to the token, nor write over files of its own."""
    directory = stage(tmp_path / "j1", "ln -s ../token ../results/a; ln -s .. ../results/b", products=["a", "b/token"])
    run(directory)
    assert [one["problem"] for found in products(directory).values() for one in found] == ["outside", "outside"]


def test_bytes_of_a_name_are_the_same_in_the_locale_of_a_compute_node(tmp_path: Path, interpreter: str) -> None:
    directory = stage(tmp_path / "j1", "echo e >../results/é.txt", products=["é.txt", "*"])
    run(directory, interpreter=interpreter, LC_ALL="POSIX")
    assert {one["path"] for found in products(directory).values() for one in found} == {"results/é.txt"}


def test_no_list_is_made_unasked(tmp_path: Path) -> None:
    stage(tmp_path / "j1", "true")
    stage(tmp_path / "j2", "true", products=[])
    run(tmp_path / "j1")
    run(tmp_path / "j2")
    assert ((tmp_path / "j1" / "products.json").exists(), products(tmp_path / "j2")) == (False, {})


def test_the_list_is_there_before_the_end_is_on_record_and_nobody_else_reads_it(tmp_path: Path) -> None:
    directory = stage(tmp_path / "j1", "echo a >../results/a; exit 3", products=["a"])
    assert run(directory)["exit_code"] == 3
    listed, recorded = (directory / name for name in ("products.json", "status.json"))
    assert listed.stat().st_mtime_ns <= recorded.stat().st_mtime_ns
    assert listed.stat().st_mode & 0o077 == 0
    assert [one["size"] for one in products(directory)["a"]] == [2]


def test_an_aborted_job_lists_what_it_has_made(tmp_path: Path) -> None:
    directory = stage(tmp_path / "j1", "echo a >../results/a; echo >ready; sleep 100", products=["a"])
    process = start(directory)
    eventually((directory / "work" / "ready").exists)
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    assert status(directory)["cause"] == "abort"
    assert [one["problem"] for one in products(directory)["a"]] == [""]


def test_an_end_asked_for_while_results_are_measured_changes_no_verdict(tmp_path: Path) -> None:
    """A file without end, nearly: measuring it takes longer than anybody waits."""
    directory = stage(tmp_path / "j1", "truncate -s 4T ../results/big; echo a >../results/z", products=["*"])
    process = start(directory)

    def measuring() -> bool:
        opened = Path(f"/proc/{process.pid}/fd").glob("*")
        return any(os.path.lexists(one) and os.path.realpath(one).endswith("/results/big") for one in opened)

    eventually(measuring)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert (status(directory)["cause"], status(directory)["exit_code"]) == ("exit", 0)
    assert {one["path"]: one["problem"] for one in products(directory)["*"]} == {
        "results/big": "unmeasured",
        "results/z": "unmeasured",
    }


def test_a_list_that_can_not_be_written_is_told_and_the_verdict_stays(tmp_path: Path) -> None:
    directory = stage(tmp_path / "j1", "mkdir ../products.json; exit 3", products=["a"])
    end = run(directory)
    assert (end["cause"], end["exit_code"]) == ("exit", 3)
    assert end["message"].startswith("exit code 3; the results could not be listed: ")


def test_no_record_is_written_through_a_link_that_a_script_has_laid(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("mine", encoding="ascii")
    names = (".products.json", ".status.json", "events.jsonl")
    script = "; ".join(f"ln -sf {other} ../{name}" for name in names)
    directory = stage(tmp_path / "j1", script, products=["a"])
    assert run(directory)["state"] == "ENDED"
    assert (other.read_text("ascii"), products(directory)) == ("mine", {"a": []})


def spooled(folder: Path) -> dict[str, str]:
    """What lies in a spool, hidden names too, with the states told."""
    return {file.name: json.loads(file.read_bytes())["state"] for file in sorted(folder.glob("*"))}


def test_without_anybody_to_call_each_state_becomes_a_file(tmp_path: Path, interpreter: str) -> None:
    spool = tmp_path / "spool"
    directory = stage(tmp_path / "j1", "until [ -e told ]; do sleep 0.01; done", spool=str(spool))
    process = start(directory, interpreter=interpreter)
    eventually((spool / "j1.1").exists)
    assert spooled(spool) == {"j1.1": "EXECUTING"}
    (directory / "work" / "told").touch()
    process.wait(30)
    assert spooled(spool) == {"j1.1": "EXECUTING", "j1.2": "ENDED"}
    assert json.loads((spool / "j1.2").read_bytes()) == status(directory)


def test_a_spool_that_can_not_be_written_changes_nothing_for_the_job(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    stage(tmp_path / "j1", "exit 3", spool=str(tmp_path / "file"))
    stage(tmp_path / "j2", "exit 3", spool=str(tmp_path), job="../j2")
    assert [run(tmp_path / name)["exit_code"] for name in ("j1", "j2")] == [3, 3]
    assert "File exists" in (tmp_path / "j1" / "callback.log").read_text("utf-8")
    assert "no name for a file: ../j2" in (tmp_path / "j2" / "callback.log").read_text("utf-8")


@pytest.mark.parametrize("job", ["j1", "../j2"])
def test_a_notifier_tells_of_a_job_and_does_nothing_to_it(tmp_path: Path, interpreter: str, job: str) -> None:
    directory = stage(tmp_path / "j1", "touch ran", spool=str(tmp_path / "spool"), job=job)
    command = [python(interpreter), "-I", "-S", str(WRAPPER), "--notify", str(directory)]
    assert subprocess.run(command, env={}, check=False, timeout=30).returncode == 0
    told = {file.name: json.loads(file.read_bytes()) for file in (tmp_path / "spool").glob("*")}
    assert told == ({"j1.scheduler": {"job": "j1", "source": "scheduler"}} if job == "j1" else {})
    assert [name for name in ("claim", "lock", "status.json") if (directory / name).exists()] == []


def test_an_aborted_start_is_spooled_too(tmp_path: Path) -> None:
    directory = stage(tmp_path / "j1", "true", spool=str(tmp_path / "spool"))
    (directory / "abort").touch()
    run(directory)
    assert spooled(tmp_path / "spool") == {"j1.1": "ENDED"}
