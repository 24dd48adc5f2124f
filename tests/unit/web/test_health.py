"""The question whether the store answers, put to stores that answer, refuse and hang."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from provstore.errors import Unavailable
from provstore.web.health import Health, Probe

BIRTH = datetime(2026, 3, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.at = BIRTH

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


class Store:
    """A store that does what it is told, and counts how often it was asked."""

    def __init__(self) -> None:
        self.down = False
        self.asked = 0
        self.answers = threading.Event()
        self.answers.set()

    def ask(self) -> None:
        self.asked += 1
        self.answers.wait(30)
        if self.down:
            raise Unavailable("no store at bolt://db")

    @contextmanager
    def hanging(self) -> Iterator[None]:
        self.answers.clear()
        try:
            yield
        finally:
            self.answers.set()


def test_a_store_that_answers_is_well_since_the_start() -> None:
    probe = Probe(Store().ask, clock=Clock())
    assert [probe.look(), probe.look()] == [Health(well=True, since_at=BIRTH + timedelta(seconds=1), trouble="")] * 2


def test_since_when_is_told_of_each_change_and_not_of_each_look() -> None:
    store = Store()
    probe = Probe(store.ask, clock=Clock())
    seen = []
    for down in (False, True, True, False):
        store.down = down
        seen.append(probe.look())
    assert [(one.well, (one.since_at - BIRTH).seconds, one.trouble) for one in seen] == [
        (True, 1, ""),
        (False, 2, "no store at bolt://db"),
        (False, 2, "no store at bolt://db"),
        (True, 3, ""),
    ]


def test_a_store_that_hangs_is_not_waited_for_and_not_asked_again_while_it_hangs() -> None:
    store = Store()
    probe = Probe(store.ask, clock=Clock(), patience=0.05)
    with store.hanging():
        seen = [probe.look().trouble for _ in range(20)]
    assert (set(seen), store.asked) == ({"the store gives no answer within 0.05 s"}, 1)


def test_it_is_well_again_when_the_store_answers_again() -> None:
    store = Store()
    probe = Probe(store.ask, clock=Clock(), patience=0.05)
    with store.hanging():
        assert not probe.look().well
    answered = next(one for one in threading.enumerate() if one.name == "probe")
    answered.join()
    assert probe.look().well


def test_a_check_asks_only_when_there_is_a_suspicion_or_trouble() -> None:
    store = Store()
    probe = Probe(store.ask, clock=Clock())
    probe.check()
    asked = [store.asked]
    probe.suspect()
    for _ in range(3):
        probe.check()
        asked.append(store.asked)
    assert asked == [0, 1, 1, 1]


def test_a_check_refuses_while_the_store_is_gone_and_no_longer() -> None:
    store = Store()
    probe = Probe(store.ask, clock=Clock())
    store.down = True
    probe.suspect()
    for _ in range(2):
        with pytest.raises(Unavailable, match="no store at bolt://db"):
            probe.check()
    store.down = False
    probe.check()
    assert store.asked == 3
