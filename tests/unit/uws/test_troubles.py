from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provstore.errors import Conflict, Unavailable
from provstore.uws.queue.troubles import TROUBLES_FILE, Troubles

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Hand:
    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def troubles(tmp_path: Path, clock: Hand) -> Troubles:
    return Troubles(tmp_path / TROUBLES_FILE, clock=clock)


def ask(troubles: Troubles, executor: str, message: str = "no route") -> None:
    with pytest.raises(Unavailable), troubles.asking(executor):
        raise Unavailable(message)


def test_an_executor_that_answers_is_asked_whenever_one_likes(troubles: Troubles) -> None:
    for _ in range(3):
        assert troubles.may_ask("local")
        with troubles.asking("local"):
            pass
    assert (troubles.told(), troubles.any("local")) == ({}, False)


def test_one_that_does_not_answer_is_left_alone_for_longer_and_longer(troubles: Troubles, clock: Hand) -> None:
    ask(troubles, "cluster")
    asked = []
    for second in range(300):
        clock.at = NOON + timedelta(seconds=second)
        if troubles.may_ask("cluster"):
            ask(troubles, "cluster")
            asked.append(second)
    assert asked == [1, 3, 7, 15, 31, 63, 123, 183, 243]
    assert troubles.may_ask("local")


def test_after_a_pause_one_asker_is_let_through_and_not_all(troubles: Troubles, clock: Hand) -> None:
    ask(troubles, "cluster")
    clock.at += timedelta(seconds=1)
    assert [troubles.may_ask("cluster") for _ in range(3)] == [True, False, False]


def test_many_that_fail_at_once_make_one_pause(troubles: Troubles, clock: Hand) -> None:
    for _ in range(8):
        ask(troubles, "cluster")
    clock.at += timedelta(seconds=1)
    assert troubles.may_ask("cluster")


def test_a_clock_that_was_set_back_does_not_make_the_pause_longer(troubles: Troubles, clock: Hand) -> None:
    ask(troubles, "cluster")
    clock.at -= timedelta(hours=5)
    assert troubles.may_ask("cluster")


def test_every_process_is_told_until_the_executor_answers(tmp_path: Path, troubles: Troubles, clock: Hand) -> None:
    other = Troubles(tmp_path / TROUBLES_FILE, clock=clock)
    ask(troubles, "cluster", "no route")
    ask(troubles, "local", "no process")
    ask(troubles, "cluster", "time-out")
    assert other.told() == {"cluster": "time-out", "local": "no process"}
    troubles.answered("cluster")
    assert other.told() == {"local": "no process"}
    troubles.answered("local")
    troubles.answered("local")
    assert other.told() == {}
    assert list(tmp_path.iterdir()) == []


def test_a_new_supervisor_forgets_what_an_old_one_said(tmp_path: Path, troubles: Troubles, clock: Hand) -> None:
    ask(troubles, "cluster")
    new = Troubles(tmp_path / TROUBLES_FILE, clock=clock)
    new.forget()
    assert (new.told(), new.may_ask("cluster")) == ({}, True)


def test_other_errors_are_no_trouble_of_the_executor(troubles: Troubles) -> None:
    with pytest.raises(Conflict), troubles.asking("local"):
        raise Conflict("faster")
    assert troubles.told() == {}


def test_a_word_that_cannot_be_written_or_read_stops_nothing(tmp_path: Path, clock: Hand) -> None:
    troubles = Troubles(tmp_path / "no folder" / TROUBLES_FILE, clock=clock)
    ask(troubles, "local")
    assert (troubles.any("local"), troubles.told()) == (True, {})
    torn = tmp_path / TROUBLES_FILE
    torn.write_text('{"local"', encoding="utf-8")
    assert Troubles(torn, clock=clock).told() == {}
