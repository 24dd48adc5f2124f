"""The file that drains a site."""

from __future__ import annotations

from pathlib import Path

import pytest

from provstore.errors import Unavailable
from provstore.uws.draining import DRAINING_FILE, Draining

GENERAL = "this server takes no new jobs at the moment"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / DRAINING_FILE


def test_a_site_is_not_drained_at_first(file: Path) -> None:
    assert Draining(file).reason() == ""


def test_every_process_sees_the_beginning_each_change_and_the_end(file: Path) -> None:
    operator, server = Draining(file), Draining(file)
    seen = [server.reason()]
    for reason in ("a new disk", "a new desk"):  # of one length
        operator.begin(reason)
        seen.append(server.reason())
    operator.end()
    assert [*seen, server.reason()] == ["", "a new disk", "a new desk", ""]


def test_ending_twice_changes_nothing(file: Path) -> None:
    draining = Draining(file)
    draining.begin("x")
    draining.end()
    draining.end()
    assert draining.reason() == ""


@pytest.mark.parametrize("reason", ["", "  \n\t"])
def test_without_words_a_general_reason_is_given(file: Path, reason: str) -> None:
    draining = Draining(file)
    draining.begin(reason)
    assert draining.reason() == GENERAL


def test_a_file_made_by_hand_drains_too(file: Path) -> None:
    file.touch()
    assert Draining(file).reason() == GENERAL


def test_a_reason_is_one_line_of_bounded_length(file: Path) -> None:
    draining = Draining(file)
    draining.begin("new\r\nX-Header: 1\n" + "é" * 5000)
    assert draining.reason() == "new X-Header: 1 " + "é" * 983


def test_bytes_that_are_no_text_still_drain(file: Path) -> None:
    file.write_bytes(b"disk \xff full")
    assert Draining(file).reason() == "disk \ufffd full"


def test_nothing_but_the_file_is_left_behind(file: Path) -> None:
    Draining(file).begin("x")
    assert [one.name for one in file.parent.iterdir()] == [DRAINING_FILE]


def test_where_no_file_can_be_made_that_is_said(file: Path) -> None:
    with pytest.raises(Unavailable, match="can't be changed: No such file or directory"):
        Draining(file.parent / "nowhere" / "draining").begin("x")
