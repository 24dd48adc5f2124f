from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from provstore.uws.patience import Patience

NOON: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Hand:
    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def patience(clock: Hand) -> Patience:
    return Patience(timedelta(seconds=1), timedelta(seconds=5), clock=clock)


def test_who_never_failed_may_try_and_who_is_well_again_too(patience: Patience) -> None:
    assert patience.may_try("a")
    patience.failed("a")
    assert [patience.may_try(one) for one in ("a", "b")] == [False, True]
    patience.well("a")
    patience.well("b")
    assert patience.may_try("a")
    assert patience.failed("a") == timedelta(seconds=1)


def test_pauses_grow_up_to_the_longest(patience: Patience, clock: Hand) -> None:
    tried = []
    for second in range(20):
        clock.at = NOON + timedelta(seconds=second)
        if patience.may_try("a"):
            tried.append((second, patience.failed("a").total_seconds()))
    assert tried == [(0, 1), (1, 2), (3, 4), (7, 5), (12, 5), (17, 5)]


def test_a_clock_that_was_set_back_prolongs_no_pause(patience: Patience, clock: Hand) -> None:
    patience.failed("a")
    clock.at -= timedelta(hours=1)
    assert patience.may_try("a")
