"""The command lines of SLURM, and what its refusals mean."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.errors import Invalid
from provstore.resources import RESOURCES
from provstore.uws.executors.slurm import commands
from provstore.uws.executors.slurm.refusals import Kind, why_refused

ENV: Final = ("env", "SLURM_TIME_FORMAT=%s", "TZ=UTC", "LC_ALL=C")
NONE: Final = timedelta(0)
GRACE: Final = timedelta(seconds=5)
POLICY: Final = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"
FAILED: Final = "sbatch: error: Batch job submission failed: "
DOS: Final = """\
sbatch: error: Batch script contains DOS line breaks (\\r\\n)
sbatch: error: instead of expected UNIX line breaks (\\n).
"""
NO_MEMORY: Final = """\
sbatch: error: Memory specification can not be satisfied
sbatch: error: Batch job submission failed: Requested node configuration is not available
"""
NO_DATABASE: Final = """\
sacct: error: Sending PersistInit msg: Connection refused
sacct: error: Problem talking to the database: Connection refused
"""


def submit(resources: Mapping[str, str], duration: timedelta = NONE) -> tuple[str, ...]:
    return commands.submit("j1", directory="/scratch/a b/j1", resources=resources, duration=duration, grace=GRACE)


def test_a_job_is_submitted_under_our_name_and_runs_in_its_directory() -> None:
    assert submit({"mem": "1G", "cpus-per-task": "2", "partition": "test", "qos": ""}) == (
        *ENV,
        "timeout",
        "--kill-after=5",
        "30",
        "sbatch",
        "--parsable",
        "--no-requeue",
        "--job-name=uws-j1",
        "--comment=uws:j1",
        "--chdir=/scratch/a b/j1",
        "--output=slurm.out",
        "--open-mode=truncate",
        "--export=NONE",
        "--mem=1G",
        "--cpus-per-task=2",
        "--partition=test",
    )


def test_each_resource_becomes_one_argument() -> None:
    value = "a'b $(c) --wrap=x"
    asked = dict.fromkeys(RESOURCES, value)
    assert submit(asked)[-len(asked) :] == tuple(f"--{name}={value}" for name in RESOURCES)


def test_a_resource_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(Invalid, match="resource 'wrap': one of mem, "):
        submit({"wrap": "true"})


@pytest.mark.parametrize(
    ("duration", "resources", "limits"),
    [
        (NONE, {}, []),
        (timedelta(seconds=1), {}, ["--time=1"]),
        (timedelta(seconds=54), {}, ["--time=1"]),
        (timedelta(seconds=55), {}, ["--time=2"]),
        (timedelta(hours=1), {}, ["--time=61"]),
        (timedelta(hours=1), {"time": "2-00:00:00"}, ["--time=2-00:00:00"]),
        (NONE, {"time": "10"}, ["--time=10"]),
    ],
)
def test_the_limit_of_slurm_lies_above_ours_and_the_grace(
    duration: timedelta, resources: dict[str, str], limits: list[str]
) -> None:
    assert [word for word in submit(resources, duration) if word.startswith("--time=")] == limits


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3650)))
def test_whole_minutes_lie_above_a_duration_by_a_minute_at_most(limit: timedelta) -> None:
    minutes = timedelta(minutes=commands.minutes_above(limit))
    assert limit < minutes <= limit + timedelta(minutes=1)


def test_the_notifier_runs_after_any_end_where_its_job_may_run() -> None:
    notify = commands.notify("j1", 17, directory="/d/j1", resources={"partition": "test", "mem": "9G", "qos": ""})
    assert notify[notify.index("sbatch") + 1 :] == (
        "--parsable",
        "--no-requeue",
        "--job-name=notify-j1",
        "--dependency=afterany:17",
        "--chdir=/d/j1",
        "--output=notify.out",
        "--export=NONE",
        "--partition=test",
        "--ntasks=1",
        "--mem=64M",
        "--time=5",
        "/d/j1/notify.sh",
        "17",
    )


SQUEUE: Final = ("squeue", "--noheader", "--states=all", "--format=%i|%T|%V|%S|%e|%M|%l|%m|%P|%N|%j|%r")
SACCT: Final = (
    "sacct",
    "--noheader",
    "--parsable2",
    "--format=JobID,State,Submit,Start,End,ExitCode,ElapsedRaw,Timelimit,ReqMem,MaxRSS,Partition,NodeList,JobName,Reason",
    "--starttime=2026-11-23T01:40:00",
)
SINCE_AT: Final = datetime(2026, 11, 23, 2, 40, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (commands.queue(), (*SQUEUE, "--me")),
        (commands.find("uws-j1"), (*SQUEUE, "--me", "--name=uws-j1")),
        (commands.accounting([3, 4], SINCE_AT), (*SACCT, "--jobs=3,4")),
        (commands.accounting_by_name("uws-j1", SINCE_AT), (*SACCT, "--name=uws-j1")),
        (commands.cancel([3, 4]), ("scancel", "3", "4")),
        (commands.cancel_named("uws-j1"), ("scancel", "--me", "--name=uws-j1")),
        (commands.ping(), ("scontrol", "ping")),
        (commands.version(), ("sbatch", "--version")),
    ],
    ids=lambda value: value[4] if value[0] == "env" else "",
)
def test_each_command_asks_for_seconds_utc_and_english(command: tuple[str, ...], words: tuple[str, ...]) -> None:
    assert command == (*ENV, *words)


REFUSALS: Final = [
    # Recorded from SLURM 22.05.8
    (f"sbatch: error: AssocMaxSubmitJobLimit\n{FAILED}{POLICY}\n", 1, Kind.BUSY, f"AssocMaxSubmitJobLimit; {POLICY}"),
    (
        f"sbatch: error: QOSMaxSubmitJobPerUserLimit\n{FAILED}{POLICY}\n",
        1,
        Kind.BUSY,
        f"QOSMaxSubmitJobPerUserLimit; {POLICY}",
    ),
    (f"sbatch: error: QOSMaxCpuPerJobLimit\n{FAILED}{POLICY}\n", 1, Kind.REFUSED, f"QOSMaxCpuPerJobLimit; {POLICY}"),
    (f"{FAILED}{POLICY}\n", 1, Kind.BUSY, POLICY),
    (
        "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying\n" * 3,
        124,
        Kind.BUSY,
        "Slurm temporarily unable to accept job, sleeping and retrying",
    ),
    (
        f"sbatch: error: invalid partition specified: nosuch\n{FAILED}Invalid partition name specified\n",
        1,
        Kind.REFUSED,
        "invalid partition specified: nosuch; Invalid partition name specified",
    ),
    (
        NO_MEMORY,
        1,
        Kind.REFUSED,
        "Memory specification can not be satisfied; Requested node configuration is not available",
    ),
    (f"{FAILED}Invalid qos specification\n", 1, Kind.REFUSED, "Invalid qos specification"),
    (
        f"{FAILED}Invalid account or account/partition combination specified\n",
        1,
        Kind.REFUSED,
        "Invalid account or account/partition combination specified",
    ),
    (
        f"{FAILED}Requested time limit is invalid (missing or exceeds some limit)\n",
        1,
        Kind.REFUSED,
        "Requested time limit is invalid (missing or exceeds some limit)",
    ),
    (f"{FAILED}Invalid feature specification\n", 1, Kind.REFUSED, "Invalid feature specification"),
    (f"{FAILED}Requested reservation is invalid\n", 1, Kind.REFUSED, "Requested reservation is invalid"),
    ("sbatch: error: Invalid --mem specification\n", 255, Kind.REFUSED, "Invalid --mem specification"),
    (
        DOS,
        1,
        Kind.REFUSED,
        "Batch script contains DOS line breaks (\\r\\n); instead of expected UNIX line breaks (\\n).",
    ),
    ("sbatch: error: Batch script is empty!\n", 1, Kind.REFUSED, "Batch script is empty!"),
    (
        "sbatch: unrecognized option '--nosuch'\nTry \"sbatch --help\" for more information\n",
        1,
        Kind.REFUSED,
        "unrecognized option '--nosuch'",
    ),
    (
        f"{FAILED}Unable to contact slurm controller (connect failure)\n",
        1,
        Kind.UNREACHABLE,
        "Unable to contact slurm controller (connect failure)",
    ),
    (
        "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n",
        1,
        Kind.UNREACHABLE,
        "Unable to contact slurm controller (connect failure)",
    ),
    (
        "scancel: error: Kill job error on job id 9999: Unable to contact slurm controller (connect failure)\n",
        8,
        Kind.UNREACHABLE,
        "Unable to contact slurm controller (connect failure)",
    ),
    (
        NO_DATABASE,
        1,
        Kind.UNREACHABLE,
        "Sending PersistInit msg: Connection refused; Problem talking to the database: Connection refused",
    ),
    ("Slurm accounting storage is disabled\n", 1, Kind.UNREACHABLE, "Slurm accounting storage is disabled"),
    ("slurm_load_jobs error: Invalid job id specified\n", 1, Kind.UNKNOWN_JOB, "Invalid job id specified"),
    (
        "env: \u2018sbatch\u2019: No such file or directory\n",
        127,
        Kind.UNREACHABLE,
        "env: \u2018sbatch\u2019: No such file or directory",
    ),
    # Known by their words only
    (
        f"{FAILED}Socket timed out on send/recv operation",
        1,
        Kind.UNREACHABLE,
        "Socket timed out on send/recv operation",
    ),
    (
        f"{FAILED}Zero Bytes were transmitted or received",
        1,
        Kind.UNREACHABLE,
        "Zero Bytes were transmitted or received",
    ),
    (f"{FAILED}Invalid authentication credential", 1, Kind.UNREACHABLE, "Invalid authentication credential"),
    (f"{FAILED}Resource temporarily unavailable", 1, Kind.BUSY, "Resource temporarily unavailable"),
    (f"{FAILED}Requested reservation not usable now", 1, Kind.BUSY, "Requested reservation not usable now"),
    (f"{FAILED}Access denied to requested reservation", 1, Kind.REFUSED, "Access denied to requested reservation"),
    (f"sbatch: error: AssocGrpSubmitJobsLimit\n{FAILED}{POLICY}", 1, Kind.BUSY, f"AssocGrpSubmitJobsLimit; {POLICY}"),
    (
        f"sbatch: error: AssocMaxWallDurationPerJobLimit\n{FAILED}{POLICY}",
        1,
        Kind.REFUSED,
        f"AssocMaxWallDurationPerJobLimit; {POLICY}",
    ),
    (
        f"sbatch: error: say which project pays\n{FAILED}Unspecified error",
        1,
        Kind.UNKNOWN,
        "say which project pays; Unspecified error",
    ),
    ("", 124, Kind.UNREACHABLE, "it ended with status 124 without a word"),
    ("", 1, Kind.UNKNOWN, "it ended with status 1 without a word"),
]


@pytest.mark.parametrize(("stderr", "code", "kind", "message"), REFUSALS, ids=[refusal[3][:60] for refusal in REFUSALS])
def test_a_refusal_is_known_by_its_words(stderr: str, code: int, kind: Kind, message: str) -> None:
    refusal = why_refused(stderr, code)
    assert (refusal.kind, refusal.message) == (kind, message)


def test_what_the_shell_says_besides_is_left_out() -> None:
    greeting = "Welcome! Invalid logins are reported. The database is down.\n"
    refusal = why_refused(f"{greeting}{FAILED}Resource temporarily unavailable\n", 1)
    assert (refusal.kind, refusal.message) == (Kind.BUSY, "Resource temporarily unavailable")


@given(st.text(), st.integers(min_value=1, max_value=255))
def test_any_text_is_judged_and_told_in_short(stderr: str, code: int) -> None:
    refusal = why_refused(stderr, code)
    assert (refusal.message != "", len(refusal.message) <= 500) == (True, True)
