"""What SLURM's commands print: recorded from SLURM 22.05.8, and texts that nobody should print."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.errors import Invalid
from provstore.uws.executors.slurm.parsing import Row, accounted, queue, shown, submitted, version

DATA: Final = Path(__file__).parents[4] / "data" / "slurm"
BEGUN_AT: Final = datetime.fromtimestamp(1795401660, UTC)


def after(seconds: int) -> datetime:
    """An instant of the recording."""
    return BEGUN_AT + timedelta(seconds=seconds)


def recorded(name: str) -> str:
    return (DATA / name).read_text(encoding="utf-8")


QUEUE: Final = {row.number: row for row in queue(recorded("queue.txt"))}
ACCOUNTED: Final = {row.number: row for row in accounted(recorded("accounting.txt"))}
SHOWN: Final = [shown(line) for line in recorded("shown.txt").splitlines()]


@pytest.mark.parametrize(
    ("out", "number"),
    [("17\n", 17), ("17;blue\n", 17), ("Welcome to blue!\n\n17;blue\n", 17), ("3\n4294967295", 4294967295)],
)
def test_the_number_is_what_sbatch_printed_last(out: str, number: int) -> None:
    assert submitted(out) == number


@pytest.mark.parametrize("out", ["", "Submitted batch job 17", "17x", "-1", "17_3", "९", "12345678901"])
def test_what_is_no_number_is_refused(out: str) -> None:
    with pytest.raises(Invalid, match="a job number was expected"):
        submitted(out)


def test_a_running_job_of_the_queue_has_begun_and_not_ended() -> None:
    assert QUEUE[24] == Row(
        number=24,
        name="uws-run",
        word="RUNNING",
        submitted_at=after(344),
        started_at=after(345),
        nodes="vm",
        partition="test",
        elapsed=timedelta(seconds=8),
        limit_text="1:00",
        memory_text="20M",
    )


def test_the_name_of_a_job_holds_our_id_of_it() -> None:
    assert (QUEUE[24].name, QUEUE[24].job) == ("uws-run", "run")


def test_a_waiting_job_has_an_expected_start_and_no_start() -> None:
    row = QUEUE[8]
    assert (row.started_at, row.expected_at, row.ended_at, row.reason) == (None, after(3600), None, "BeginTime")


def test_a_job_that_was_cancelled_in_the_queue_never_began() -> None:
    for row in (QUEUE[21], ACCOUNTED[5]):
        assert (row.word, row.started_at, row.expected_at, row.ended_at is not None) == ("CANCELLED", None, None, True)


def test_a_reason_may_hold_blanks() -> None:
    assert QUEUE[22].reason == "job requeued in held state"


def test_each_line_of_the_queue_is_a_row() -> None:
    assert {number: row.word for number, row in QUEUE.items()} == {
        1: "COMPLETED",
        **dict.fromkeys((2, 6, 10, 17), "FAILED"),
        **dict.fromkeys((18, 21), "CANCELLED"),
        3: "TIMEOUT",
        **dict.fromkeys((5, 7, 8, 9, 11, 12, 22), "PENDING"),
        **dict.fromkeys((4, 24), "RUNNING"),
        23: "SUSPENDED",
    }


def test_a_name_with_a_bar_hides_no_other_job() -> None:
    assert (QUEUE[4].name, QUEUE[4].reason, ACCOUNTED[4].word) == ("uws-odd", "name|None", "TIMEOUT")


def test_the_accounting_adds_the_memory_of_the_steps_to_their_job() -> None:
    assert ACCOUNTED[1] == Row(
        number=1,
        name="uws-ok",
        word="COMPLETED",
        submitted_at=BEGUN_AT,
        started_at=after(1),
        ended_at=after(8),
        exit_code=0,
        exit_signal=0,
        nodes="vm",
        partition="test",
        elapsed=timedelta(seconds=7),
        max_rss=22828 << 10,
        limit_text="00:05:00",
        memory_text="20M",
    )


def test_the_largest_step_counts() -> None:
    job = "9|COMPLETED|1|1|2|0:0|1|1:00|20M||test|vm|uws-a|None\n"
    steps = [f"9.{step}|COMPLETED|1|1|2|0:0|1|||{size}||vm|x|\n" for step, size in enumerate(["1.5M", "", "900K"])]
    assert [row.max_rss for row in accounted(job + "".join(steps))] == [1536 << 10]


def test_the_accounting_tells_how_jobs_ended_and_who_cancelled_them() -> None:
    ends = {row.number: (row.exit_code, row.exit_signal, row.cancelled_by) for row in ACCOUNTED.values()}
    assert {number: ends[number] for number in (2, 3, 6, 17, 18)} == {
        2: (3, 0, ""),
        3: (0, 0, ""),
        6: (0, 9, ""),
        17: (0, 53, ""),
        18: (0, 0, "0"),
    }


def test_a_record_that_slurm_has_only_begun_is_passed_over() -> None:
    assert 27 not in ACCOUNTED


def test_what_scontrol_shows_is_read() -> None:
    assert SHOWN[0] == Row(
        number=2,
        name="uws-fail",
        word="FAILED",
        reason="NonZeroExitCode",
        submitted_at=BEGUN_AT,
        started_at=after(1),
        ended_at=after(2),
        exit_code=3,
        exit_signal=0,
        nodes="vm",
        partition="test",
        elapsed=timedelta(seconds=1),
        limit_text="00:05:00",
        memory_text="20M",
    )


def test_scontrol_shows_no_end_of_what_runs_and_no_start_of_what_waits() -> None:
    rows = [(row.word, row.started_at is None, row.ended_at is None) for row in SHOWN[1:] if row]
    assert rows == [("RUNNING", False, True), ("PENDING", True, True)]


def test_values_that_look_like_keys_change_nothing_said_before() -> None:
    row = shown("JobId=5 JobName=uws-a JobState=RUNNING Reason=a b=c NodeList=n1 Comment=x JobState=FAILED NodeList=n2")
    assert row is not None
    assert (row.word, row.nodes, row.reason) == ("RUNNING", "n1", "a")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "|||||||||||",
        "slurm_load_jobs error: Unable to contact slurm controller (connect failure)",
        "5|RUNNING|1|1|1|0:01|1:00|1M|test|n1|uws-a",
        "5_1|RUNNING|1|1|1|0:01|1:00|1M|test|n1|uws-a|None",
        "५|RUNNING|1|1|1|0:01|1:00|1M|test|n1|uws-a|None",
        "5||1|1|1|0:01|1:00|1M|test|n1|uws-a|None",
        "5|RUNNING|1|1|1|0:01|1:00|1M|test|n1|simulation|None",
        "5|RUNNING|1|1|1|0:01|1:00|1M|test|n1|uws-|None",
        "5|RUNNING|1|1|1|0:01|1:00|1M|test|n1|uws-ä|None",
    ],
)
def test_a_line_that_is_damaged_or_a_strangers_is_passed_over(line: str) -> None:
    good = "6|RUNNING|1|1|1|0:01|1:00|1M|test|n1|uws-b|None"
    assert [row.number for row in queue(f"{line}\n{good}\n")] == [6]


@pytest.mark.parametrize("text", ["N/A", "None", "Unknown", "(null)", "", "0", "soon", "2026-13-01T00:00:00", "9" * 10])
def test_a_time_that_is_none_or_nonsense_is_not_told(text: str) -> None:
    (row,) = queue(f"6|RUNNING|{text}|1795401661|{text}|0:01|1:00|1M|test|n1|uws-b|None")
    known = {"9999999999": datetime(2286, 11, 20, 17, 46, 39, tzinfo=UTC)}
    assert (row.submitted_at, row.started_at) == (known.get(text), after(1))


def test_a_time_in_words_is_one_of_utc() -> None:
    (row,) = queue("6|RUNNING|2026-11-22T16:24:12|N/A|N/A|0:01|1:00|1M|test|n1|uws-b|None")
    assert row.submitted_at == datetime(2026, 11, 22, 16, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "elapsed"),
    [
        ("0:07", timedelta(seconds=7)),
        ("1:02:03", timedelta(hours=1, minutes=2, seconds=3)),
        ("2-01:02:03", timedelta(days=2, hours=1, minutes=2, seconds=3)),
        ("61", timedelta(seconds=61)),
        ("INVALID", None),
        ("", None),
        ("1:2:3:4", None),
    ],
)
def test_durations_are_read_in_each_of_their_forms(text: str, elapsed: timedelta | None) -> None:
    (row,) = queue(f"6|RUNNING|1|1|1|{text}|1:00|1M|test|n1|uws-b|None")
    assert row.elapsed == elapsed


@pytest.mark.parametrize(
    ("out", "release"), [("slurm-wlm 22.05.8\n", "22.05.8"), ("slurm 24.11.0-0rc1", "24.11.0-0rc1"), ("none", "")]
)
def test_the_release_is_read(out: str, release: str) -> None:
    assert version(out) == release


lines = st.text() | st.lists(
    st.text(max_size=8)
    | st.sampled_from(["5", "5.batch", "RUNNING", "uws-a", "1795401661", "0:9", "9" * 30, "1-1:1", "7K"]),
    min_size=11,
    max_size=15,
).map("|".join)


@given(st.lists(lines).map("\n".join))
def test_no_text_breaks_the_readers_of_lists(text: str) -> None:
    assert all(isinstance(row, Row) for row in (*queue(text), *accounted(text)))


keys = st.sampled_from(["JobId=", "JobName=", "JobState=", "StartTime=", "RunTime=", "ExitCode=", "MinMemoryNode="])


@given(
    st.lists(st.tuples(keys, st.text(max_size=8) | st.sampled_from(["5", "uws-a", "RUNNING"])).map("".join)).map(
        " ".join
    )
)
def test_no_text_breaks_the_reader_of_one_job(text: str) -> None:
    assert isinstance(shown(text), Row | None)


@given(st.text())
def test_no_text_breaks_the_reader_of_the_release(text: str) -> None:
    assert isinstance(version(text), str)


@given(st.lists(st.text() | st.from_regex(r"[0-9]{1,9}(;[a-z]*)?", fullmatch=True), max_size=4).map("\n".join))
def test_the_last_number_of_any_text_is_taken_and_a_text_without_one_refused(text: str) -> None:
    words = [line.strip().partition(";")[0] for line in text.splitlines()]
    numbers = [int(word) for word in words if word.isascii() and word.isdecimal() and len(word) <= 10]
    if numbers:
        assert submitted(text) == numbers[-1]
    else:
        with pytest.raises(Invalid, match="a job number was expected"):
            submitted(text)
