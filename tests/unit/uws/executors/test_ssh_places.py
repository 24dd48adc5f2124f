"""How many channels are open at a time, and what of them is kept."""

from collections.abc import Iterator
from itertools import count

import pytest

from provstore.errors import Unavailable
from provstore.uws.executors.ssh.places import Places


@pytest.fixture
def closed() -> list[int]:
    return []


@pytest.fixture
def places(closed: list[int]) -> Places[int]:
    return Places(3, most=2, close=closed.append, patience=0.0)


@pytest.fixture
def numbers() -> Iterator[int]:
    return count(1)


def test_one_more_than_all_places_is_refused(places: Places[int]) -> None:
    with places.place(), places.place(), places.place(), pytest.raises(Unavailable, match="all 3 channels were busy"):
        places.place().__enter__()


def test_a_place_is_given_back_also_after_an_error(places: Places[int]) -> None:
    for _ in range(5):
        with pytest.raises(ZeroDivisionError), places.place():
            raise ZeroDivisionError
    with places.place(), places.place(), places.place():
        pass


def test_a_kept_thing_is_used_again(places: Places[int], numbers: Iterator[int]) -> None:
    seen = []
    for _ in range(3):
        with places.lent(lambda: next(numbers), good=lambda _: True) as thing:
            seen.append(thing)
    assert seen == [1, 1, 1]


def test_a_kept_thing_that_is_not_good_is_replaced(
    places: Places[int], closed: list[int], numbers: Iterator[int]
) -> None:
    with places.lent(lambda: next(numbers), good=lambda _: True):
        pass
    with places.lent(lambda: next(numbers), good=lambda _: False) as thing:
        assert (thing, closed) == (2, [1])


def test_a_thing_is_not_kept_after_an_error(places: Places[int], closed: list[int], numbers: Iterator[int]) -> None:
    with pytest.raises(ZeroDivisionError), places.lent(lambda: next(numbers), good=lambda _: True):
        raise ZeroDivisionError
    with places.lent(lambda: next(numbers), good=lambda _: True) as thing:
        assert (thing, closed) == (2, [1])


def test_a_thing_that_could_not_be_made_leaves_its_place_free(places: Places[int]) -> None:
    for _ in range(5):
        with pytest.raises(ZeroDivisionError), places.lent(lambda: 1 // 0, good=lambda _: True):
            pass
    with places.place(), places.place(), places.place():
        pass


def test_no_more_things_are_kept_than_allowed(places: Places[int], numbers: Iterator[int]) -> None:
    lent = [places.lent(lambda: next(numbers), good=lambda _: True) for _ in range(3)]
    with lent[0], lent[1], pytest.raises(Unavailable):
        lent[2].__enter__()


def test_who_needs_a_place_takes_that_of_an_idle_thing(
    places: Places[int], closed: list[int], numbers: Iterator[int]
) -> None:
    with places.lent(lambda: next(numbers), good=lambda _: True):
        pass
    with places.place(), places.place():
        assert closed == []
        with places.place():
            assert closed == [1]


def test_all_idle_things_can_be_let_go(places: Places[int], closed: list[int], numbers: Iterator[int]) -> None:
    with (
        places.lent(lambda: next(numbers), good=lambda _: True),
        places.lent(lambda: next(numbers), good=lambda _: True),
    ):
        pass
    places.empty()
    assert sorted(closed) == [1, 2]
