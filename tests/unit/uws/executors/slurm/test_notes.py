"""What the connector notes of jobs: what several processes see of it, and what becomes of it where it can't be read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from provstore.errors import Unavailable
from provstore.uws.executors.slurm.executor import _is_of_scheduler, _limit, _seq
from provstore.uws.executors.slurm.parsing import Row
from provstore.uws.executors.slurm.record import HEARD_FILE, RECORD_FILE, Notes, Record, hear

AT: Final = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
ROW: Final = Row(number=17, name="uws-j1", word="RUNNING", started_at=AT, elapsed=timedelta(seconds=3))
RECORD: Final = Record(job="j1", cluster="c", account="", begun_at=AT, number=17, row=ROW)


def test_a_job_that_was_never_handed_over_has_no_record(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert [Notes().get(tmp_path / name) for name in (".", "nowhere", "file")] == [None, None, None]


def test_what_one_process_writes_another_one_reads(tmp_path: Path) -> None:
    ours, theirs = Notes(), Notes()
    ours.put(tmp_path, RECORD)
    assert theirs.get(tmp_path) == RECORD
    ours.change(tmp_path, lambda one: replace(one, heard_at=AT))
    theirs.change(tmp_path, lambda one: replace(one, aborted_at=AT))
    assert ours.get(tmp_path) == theirs.get(tmp_path) == replace(RECORD, heard_at=AT, aborted_at=AT)


def test_nothing_is_kept_in_memory_of_what_is_over(tmp_path: Path) -> None:
    notes = Notes()
    notes.put(tmp_path, RECORD)
    notes.change(tmp_path, lambda one: replace(one, brought=True))
    assert notes.get(tmp_path) == replace(RECORD, brought=True)
    assert not notes._known


def test_a_record_that_can_not_be_read_or_written_now_is_no_missing_one(tmp_path: Path) -> None:
    (tmp_path / RECORD_FILE).mkdir()
    with pytest.raises(Unavailable, match="what is noted of the job can't be used"):
        Notes().get(tmp_path)
    with pytest.raises(Unavailable, match="what is noted of the job can't be used"):
        Notes().put(tmp_path, RECORD)


def test_a_record_that_is_gone_is_not_changed(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="is gone"):
        Notes().change(tmp_path, lambda one: replace(one, brought=True))


def test_of_a_signal_64_kilobytes_are_kept(tmp_path: Path) -> None:
    hear(tmp_path, b"x" * 70_000)
    assert len((tmp_path / HEARD_FILE).read_bytes()) == 65_536
    with pytest.raises(Unavailable):
        hear(tmp_path / "nowhere", b"")


@pytest.mark.parametrize("told", [b"", b"{", b"[" * 60_000, b"7", b'{"seq": "7"}', b'{"seq": 1e999}', b"\xff"])
def test_signals_that_are_none_of_ours_tell_nothing(told: bytes) -> None:
    assert (_seq(told), _is_of_scheduler(told)) == (0, False)


def test_signals_tell_their_number_and_who_speaks() -> None:
    assert (_seq(b'{"seq": 2}'), _is_of_scheduler(b'{"source": "scheduler"}')) == (2, True)


@pytest.mark.parametrize(("duration", "limit"), [(0, timedelta.max), (60, timedelta(seconds=65))])
def test_a_job_without_a_limit_may_be_silent_without_one(tmp_path: Path, duration: int, limit: timedelta) -> None:
    (tmp_path / "task.json").write_text(json.dumps({"execution_duration": duration, "kill_grace": 5}))
    assert _limit(tmp_path) == limit
