"""A script on a cluster sees its own job, and nothing of others; test_executor_scripts has the rest."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from provstore.uws.executors.status import WRAPPER
from tests.contract.cluster_bench import NO_BWRAP, PYTHONS, kept, products, run, status
from tests.contract.executor_bench import alive, eventually, pids, stage

pytestmark = NO_BWRAP
NOBODY: Final = 65534
SYSTEM: Final = "/usr/bin/python3"
"""An interpreter that every user may run."""

LOOK: Final = """
ls "$others"; cat "$others/j2/secret"; ls -A "$home"
echo mine >../results/a; cat ../parameters.json >/dev/null; touch "$others/x" "$home/x"; ls /dev/null /proc/self/exe
"""


@pytest.fixture(params=PYTHONS)
def interpreter(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def jobs() -> Iterator[Path]:
    """A folder that every user may enter, with the directory of another job."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o755)
        (place / "jobs" / "j2").mkdir(parents=True)
        (place / "jobs" / "j2" / "secret").write_text("secret", encoding="ascii")
        (place / "home").mkdir()
        (place / "home" / ".profile").touch()
        (place / "link").symlink_to("home")
        shutil.copytree(WRAPPER, place / "wrapper")
        yield place / "jobs"


def isolated(jobs: Path, script: str, *, mode: str = "required", **task: object) -> Path:
    others = {"others": str(jobs), "home": str(jobs.parent / "home")}
    isolation = {"mode": mode, "hide": [str(jobs), "~", "/no/such/folder", "/", str(jobs / "j2")]}
    return stage(jobs / "j1", script, parameters=others, isolation=isolation, **task)


def start_as(user: int, directory: Path) -> subprocess.Popen[bytes]:
    """Start the wrapper as another user, to whom the directory is given."""
    if os.geteuid() != 0 or not Path(SYSTEM).exists():
        pytest.skip("only root starts processes of others, by a Python that is theirs too")
    for file in (directory, *directory.rglob("*")):
        os.chown(file, user, user)
    command = [SYSTEM, "-I", "-S", str(directory.parents[1] / "wrapper"), str(directory)]
    return subprocess.Popen(
        command, user=user, group=user, extra_groups=[], env={"HOME": "/nonexistent"}, stdout=subprocess.DEVNULL
    )


def test_other_jobs_and_the_home_are_hidden(jobs: Path, interpreter: str) -> None:
    directory = isolated(jobs, LOOK, products=["a"])
    end = run(directory, interpreter=interpreter, HOME=str(jobs.parent / "link"))
    assert (end["isolated"], end["message"]) == (True, "")
    listing, _, rest = kept(directory).decode().partition("\n")
    assert (listing, rest.splitlines()[-2:]) == ("j1", ["/dev/null", "/proc/self/exe"])
    assert ".profile" not in rest
    told = (directory / "stderr").read_text("utf-8")
    assert ("No such file" in told, told.count("Read-only file system")) == (True, 2)
    assert [one["path"] for one in products(directory)["a"]] == ["results/a"]


def test_the_home_of_the_account_is_hidden_whatever_home_says(jobs: Path, interpreter: str) -> None:
    home = pwd.getpwuid(os.getuid()).pw_dir
    directory = isolated(jobs, f"ls -A {home} | wc -l")
    run(directory, interpreter=interpreter, HOME="/nonexistent")
    assert (any(Path(home).iterdir()), kept(directory)) == (True, b"0\n")


def test_what_is_to_be_shown_is_seen_wherever_it_lies_and_can_not_be_changed(jobs: Path, interpreter: str) -> None:
    archive, plain = jobs / "archive of all", jobs.parent / "plain"
    archive.mkdir()
    for file in (archive / "a", archive / "b", plain):
        file.write_text("x", encoding="ascii")
    (jobs / "link").symlink_to(archive / "b")
    shown = [str(archive / "a"), str(plain), str(jobs / "missing"), str(jobs / "j2" / "secret")]
    script = f"cd '{jobs}'; ls; cat 'archive of all/a' j2/secret; echo y >'archive of all/a'; echo y >{plain}"
    directory = isolated(jobs, script, show=shown)
    run(directory, interpreter=interpreter)
    assert kept(directory).decode().split("\n") == ["archive of all", "j1", "j2", "xsecret"]
    assert (directory / "stderr").read_text("utf-8").count("Read-only file system") == 2


def test_an_ordinary_user_can_isolate(jobs: Path) -> None:
    directory = isolated(jobs, "id -u; ls $others; echo a >../results/a; kill -KILL $$", products=["a"])
    start_as(NOBODY, directory).wait(30)
    end = status(directory)
    assert kept(directory).decode().split() == [str(NOBODY), "j1"]
    assert (end["isolated"], end["cause"], end["exit_code"]) == (True, "signal", 137)
    assert [one["size"] for one in products(directory)["a"]] == [2]


def test_what_is_hidden_is_not_reached_through_other_processes(jobs: Path) -> None:
    """The wrapper sees all, and runs as the same user: only in a user namespace of its own is a script kept out."""
    directory = isolated(jobs, "echo $PPID; ls /proc/$PPID/root$others/; ls /proc/$PPID/cwd/")
    process = start_as(NOBODY, directory)
    process.wait(30)
    assert kept(directory).decode().split() == [str(process.pid)]
    assert (directory / "stderr").read_text("utf-8").count("Permission denied") == 2


def test_an_abort_ends_all_that_an_ordinary_user_isolated(jobs: Path) -> None:
    stubborn = "trap '' TERM; echo $BASHPID >>pids; while :; do sleep 1; done"
    escaped = "setsid bash -c 'echo $$ >>pids; sleep 100 & echo $! >>pids; wait'"
    directory = isolated(jobs, f"({stubborn}) & ({escaped} &) ; {stubborn}")
    process = start_as(NOBODY, directory)
    processes = pids(directory / "work" / "pids", count=4)
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    assert (status(directory)["cause"], status(directory)["exit_code"]) == ("abort", 137)
    assert [pid for pid in processes if alive(pid)] == []


def test_the_time_limit_ends_an_isolated_script(jobs: Path) -> None:
    directory = isolated(jobs, "echo $$ >pids; sleep 100", execution_duration=0.3)
    end = run(directory)
    assert (end["cause"], end["exit_code"]) == ("timeout", 143)
    eventually(lambda: not any(alive(pid) for pid in pids(directory / "work" / "pids", count=1)))


def run_with(directory: Path, program: str) -> dict[str, object]:
    """Run where this program stands in place of bubblewrap."""
    place = os.path.realpath(shutil.which("bwrap") or "")
    command = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", program, place]
    subprocess.run([*command, sys.executable, "-I", "-S", str(WRAPPER), str(directory)], check=False, timeout=30)
    return status(directory)


@pytest.mark.parametrize(
    ("program", "reason"), [("/dev/null", "no bwrap in PATH"), ("/bin/false", "bwrap does not work: wait status 256")]
)
def test_without_bubblewrap_a_job_that_needs_it_fails_and_says_so(jobs: Path, program: str, reason: str) -> None:
    end = run_with(isolated(jobs, "echo ran"), program)
    message = f"its files can't be isolated from those of other jobs: {reason}"
    assert (end["cause"], end["message"], end["isolated"]) == ("failed-to-start", message, False)
    assert not (jobs / "j1" / "stdout").exists()


@pytest.mark.parametrize("program", ["/dev/null", "/bin/false"])
def test_without_bubblewrap_a_job_may_run_plainly_and_the_record_says_so(jobs: Path, program: str) -> None:
    end = run_with(isolated(jobs, "ls $others", mode="auto"), program)
    assert (end["cause"], end["exit_code"], end["isolated"]) == ("exit", 0, False)
    assert kept(jobs / "j1").decode().split() == ["j1", "j2"]
