"""The words of SLURM, the whole tables: states, reasons, and what a row of them is told as."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.uws.executors.slurm.parsing import Row
from provstore.uws.executors.slurm.reasons import HOLDS, NO_REASON, REASONS, why_waiting
from provstore.uws.executors.slurm.states import SHORT, STATES, by_whom, full_word, meaning
from provstore.uws.executors.slurm.telling import observed
from provstore.uws.ports import Cause, State

AT: Final = datetime(2026, 11, 23, 2, 40, tzinfo=UTC)
ROW: Final = Row(number=7, name="uws-j1", word="RUNNING", nodes="n[1-2]", started_at=AT)

EXPECTED: Final[dict[str, tuple[State | None, Cause | None]]] = {
    "PENDING": (State.WAITING, None),
    "CONFIGURING": (State.WAITING, None),
    "POWER_UP_NODE": (State.WAITING, None),
    "EXPEDITING": (State.WAITING, None),
    "REQUEUED": (State.WAITING, None),
    "REQUEUE_FED": (State.WAITING, None),
    "REQUEUE_HOLD": (State.HELD, None),
    "SPECIAL_EXIT": (State.HELD, None),
    "RESV_DEL_HOLD": (State.HELD, None),
    "RUNNING": (State.RUNNING, None),
    "RESIZING": (State.RUNNING, None),
    "SIGNALING": (State.RUNNING, None),
    "SUSPENDED": (State.SUSPENDED, None),
    "STOPPED": (State.SUSPENDED, None),
    "COMPLETING": (None, None),
    "STAGE_OUT": (None, None),
    "UPDATE_DB": (None, None),
    "COMPLETED": (State.ENDED, Cause.EXIT),
    "FAILED": (State.ENDED, Cause.EXIT),
    "OUT_OF_MEMORY": (State.ENDED, Cause.MEMORY),
    "TIMEOUT": (State.ENDED, Cause.TIMEOUT),
    "DEADLINE": (State.ENDED, Cause.TIMEOUT),
    "CANCELLED": (State.ENDED, Cause.ABORT),
    "BOOT_FAIL": (State.ENDED, Cause.TAKEN_BACK),
    "NODE_FAIL": (State.ENDED, Cause.TAKEN_BACK),
    "LAUNCH_FAILED": (State.ENDED, Cause.TAKEN_BACK),
    "RECONFIG_FAIL": (State.ENDED, Cause.TAKEN_BACK),
    "PREEMPTED": (State.ENDED, Cause.TAKEN_BACK),
    "REVOKED": (State.ENDED, Cause.TAKEN_BACK),
}


def told(word: str, **known: Any) -> tuple[State, Cause | None, int | None, str]:
    """What a row with this state is told as."""
    seen = observed(replace(ROW, word=word, **known))
    assert seen is not None
    return seen.state, seen.cause, seen.exit_code, seen.message


def test_each_state_means_what_the_table_of_the_design_says() -> None:
    assert {word: (means.state, means.cause) for word, means in STATES.items()} == EXPECTED


def test_each_short_word_is_that_of_a_state() -> None:
    assert set(SHORT.values()) <= set(STATES)


@pytest.mark.parametrize("page", ["squeue", "sacct"])
def test_every_state_of_the_installed_manual_is_in_the_table(page: str) -> None:
    if shutil.which("man") is None:
        pytest.skip("no man on this machine")
    shown = subprocess.run(
        ["man", "-P", "cat", page],
        capture_output=True,
        text=True,
        check=False,
        env={"MANWIDTH": "200", "PATH": "/usr/bin:/bin"},
    )
    section = shown.stdout.partition("\nJOB STATE CODES\n")[2]
    words = dict(re.findall(r"^       ([A-Z]{1,3}) +([A-Z_]{5,}) ", re.split(r"\n[A-Z]", section)[0], re.MULTILINE))
    if not words:
        pytest.skip(f"no manual page of {page} on this machine")
    assert words == {short: SHORT.get(short) for short in words}


@pytest.mark.parametrize(
    ("text", "word", "whom"),
    [
        ("CANCELLED by 1001", "CANCELLED", "1001"),
        ("CANCELLED+", "CANCELLED", ""),
        (" CA ", "CANCELLED", ""),
        ("oom", "OUT_OF_MEMORY", ""),
        ("RUNNING", "RUNNING", ""),
        ("BLUE_MOON", "BLUE_MOON", ""),
        ("", "", ""),
    ],
)
def test_a_state_is_read_without_what_slurm_adds_to_it(text: str, word: str, whom: str) -> None:
    assert (full_word(text), by_whom(text)) == (word, whom)


def test_an_unknown_word_is_unknown_and_told_as_it_is() -> None:
    assert told("BLUE_MOON")[0] is State.UNKNOWN
    assert "'BLUE_MOON'" in told("BLUE_MOON")[3]


@given(st.text())
def test_any_word_has_a_meaning(text: str) -> None:
    assert meaning(text).state in {*State, None}


@pytest.mark.parametrize("word", [word for word, (state, _) in EXPECTED.items() if state is None])
def test_a_job_on_its_way_to_an_end_stays_what_it_was(word: str) -> None:
    assert observed(replace(ROW, word=word)) is None


@pytest.mark.parametrize("reason", sorted(HOLDS | {"job requeued in held state", "launch_failed_requeued_held"}))
def test_a_pending_job_that_somebody_must_release_is_held(reason: str) -> None:
    state, _, _, message = told("PENDING", reason=reason)
    assert (state, message.startswith("it is held"), message.endswith(f"({reason})")) == (State.HELD, True, True)


def test_a_running_job_does_not_wait_for_the_reason_that_slurm_still_shows() -> None:
    assert told("RUNNING", reason="Priority") == (State.RUNNING, None, None, "")


def test_both_the_state_and_the_reason_of_a_waiting_job_are_told() -> None:
    assert told("REQUEUED", reason="BeginTime")[3] == (
        "it was put back into the queue; its earliest start has not come yet (BeginTime)"
    )


ENDS: Final[list[tuple[str, dict[str, Any], Cause, int | None, str]]] = [
    ("COMPLETED", {"exit_code": 0, "exit_signal": 0}, Cause.EXIT, 0, ""),
    ("COMPLETED", {}, Cause.EXIT, 0, ""),
    (
        "FAILED",
        {"exit_code": 3, "exit_signal": 0, "reason": "NonZeroExitCode"},
        Cause.EXIT,
        3,
        "its script ended with exit code 3 (FAILED, NonZeroExitCode, 3:0)",
    ),
    ("FAILED", {"reason": "NonZeroExitCode"}, Cause.EXIT, None, "it failed (FAILED, NonZeroExitCode)"),
    (
        "FAILED",
        {"exit_code": 0, "exit_signal": 9, "reason": "JobLaunchFailure"},
        Cause.SIGNAL,
        137,
        "it was ended by SIGKILL (FAILED, JobLaunchFailure, 0:9)",
    ),
    ("FAILED", {"exit_code": 0, "exit_signal": 126}, Cause.SIGNAL, 254, "it was ended by signal 126 (FAILED, 0:126)"),
    (
        "FAILED",
        {"reason": "JobLaunchFailure"},
        Cause.SIGNAL,
        None,
        "its batch shell was killed, or could not be started (FAILED, JobLaunchFailure)",
    ),
    (
        "FAILED",
        {"exit_code": 0, "exit_signal": 53},
        Cause.FAILED_TO_START,
        None,
        "it could not be started: its directory or slurm.out in it can't be used on the node (FAILED, 0:53)",
    ),
    (
        "FAILED",
        {"exit_code": 1, "exit_signal": 0, "reason": "BadConstraints"},
        Cause.FAILED_TO_START,
        None,
        "it was refused: no node has what it asks for (FAILED, BadConstraints, 1:0)",
    ),
    (
        "FAILED",
        {"exit_code": 1, "exit_signal": 0, "nodes": "", "started_at": None},
        Cause.FAILED_TO_START,
        None,
        "it was refused before it had a node (FAILED, 1:0)",
    ),
    (
        "FAILED",
        {"reason": "OutOfMemory"},
        Cause.MEMORY,
        None,
        "it used more memory than it was given (FAILED, OutOfMemory)",
    ),
    (
        "OUT_OF_MEMORY",
        {"exit_code": 0, "exit_signal": 125, "memory_text": "1G"},
        Cause.MEMORY,
        253,
        "it used more memory than its limit of 1G allows (OUT_OF_MEMORY)",
    ),
    ("OUT_OF_MEMORY", {}, Cause.MEMORY, None, "it used more memory than its limit allows (OUT_OF_MEMORY)"),
    (
        "TIMEOUT",
        {"exit_code": 0, "exit_signal": 0, "limit_text": "5:00"},
        Cause.TIMEOUT,
        None,
        "it reached its time limit of 5:00 on the cluster (TIMEOUT)",
    ),
    (
        "CANCELLED",
        {"exit_code": 0, "exit_signal": 15, "cancelled_by": "1001"},
        Cause.ABORT,
        143,
        "it was cancelled on the cluster by the user with id 1001 (CANCELLED)",
    ),
    ("CANCELLED", {}, Cause.ABORT, None, "it was cancelled on the cluster (CANCELLED)"),
    (
        "NODE_FAIL",
        {"exit_code": 0, "exit_signal": 0, "reason": "NodeDown"},
        Cause.TAKEN_BACK,
        None,
        "a node on which it ran failed (NODE_FAIL: NodeDown)",
    ),
    ("PREEMPTED", {"reason": "None"}, Cause.TAKEN_BACK, None, "it had to give way to another job (PREEMPTED)"),
]


@pytest.mark.parametrize(
    ("word", "known", "cause", "code", "message"), ENDS, ids=[f"{end[0]} {end[1]}" for end in ENDS]
)
def test_an_end_is_told_with_its_cause_its_code_and_a_sentence(
    word: str, known: dict[str, Any], cause: Cause, code: int | None, message: str
) -> None:
    assert told(word, **known) == (State.ENDED, cause, code, message)


@pytest.mark.parametrize("word", [word for word, (state, _) in EXPECTED.items() if state is State.ENDED])
def test_every_bad_end_has_a_sentence_with_the_word_of_slurm(word: str) -> None:
    message = told(word)[3]
    assert (word in message) is (word != "COMPLETED")


def test_what_slurm_knows_besides_is_told_too() -> None:
    seen = observed(replace(ROW, word="COMPLETED", ended_at=AT, max_rss=4096))
    assert seen is not None
    assert (seen.started_at, seen.ended_at, seen.host, seen.max_rss) == (AT, AT, "n[1-2]", 4096)


@pytest.mark.parametrize("reason", sorted(NO_REASON))
def test_no_reason_needs_no_words(reason: str) -> None:
    assert why_waiting(reason) == ""


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("Priority", "other jobs come first (Priority)"),
        ("(Resources)", "the resources that it asks for are in use (Resources)"),
        ("ReqNodeNotAvail, UnavailableNodes:n[1-3]", "nodes that it needs are not available"),
        ("ReqNodeNotAvail, Reserved for maintenance", "nodes that it needs are reserved for maintenance"),
        ("Nodes required for job are DOWN, DRAINED or reserved for jobs", "nodes that it needs are down, drained"),
        ("PartitionTimeLimit", "it asks for more time than its partition gives"),
        ("DependencyNeverSatisfied", "it waits for another job that did not end as it must"),
        ("QOSMaxJobsPerUserLimit", "a limit of the cluster on the number of running jobs"),
        ("AssocMaxJobsLimit", "a limit of the cluster on the number of running jobs"),
        ("QOSMaxSubmitJobPerUserLimit", "a limit of the cluster on the number of waiting and running jobs"),
        ("MaxSubmitJobsPerAccount", "a limit of the cluster on the number of waiting and running jobs"),
        ("AssocGrpCPUMinutesLimit", "the time that its account may use on the cluster is used up"),
        ("QOSGrpNodeRunMinutes", "the time of its quality of service on the cluster is used up"),
        ("AssocGrpMemLimit", "its account uses as much of the cluster as it may"),
        ("AssocMaxWallDurationPerJobLimit", "it asks for more than a limit of the cluster allows one job"),
        ("QOSMaxMemoryPerNode", "it asks for more than a limit of the cluster allows one job"),
        ("QOSMaxGRESPerUser", "the account that submitted it uses as much"),
        ("MaxCpuPerAccount", "its account uses as much of the cluster as it may"),
        ("QOSMinGRES", "it asks for less than its quality of service requires"),
        ("Blue_Moon", "SLURM gives the reason (Blue_Moon)"),
    ],
)
def test_a_reason_is_told_in_words_and_its_code(reason: str, words: str) -> None:
    told_so = why_waiting(reason)
    assert (told_so.startswith(words), told_so.endswith(f"({reason.strip('()')})")) == (True, True)


@pytest.mark.parametrize("pattern", [pattern for pattern in REASONS if "*" not in pattern])
def test_no_pattern_takes_the_place_of_a_reason_below_it(pattern: str) -> None:
    assert why_waiting(pattern) == f"{REASONS[pattern]} ({pattern})"


@given(st.text())
def test_any_reason_is_told(text: str) -> None:
    assert isinstance(why_waiting(text), str)
