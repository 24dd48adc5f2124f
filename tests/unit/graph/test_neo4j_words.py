"""Attributes as words of Neo4j's index: the order of words is the order of values."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from provstore.graph.model import XSD, Attribute
from provstore.graph.neo4j_words import long_words, word, words

KEY = "http://example.com/k"
NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**80), 2**80).map(lambda one: one // 2**10 * 2**10),
    st.floats(allow_nan=False),
    st.sampled_from([0, 0.0, -0.0, 2**53, 2**53 + 1, float(2**53), 2**63 - 1, -(2**63), math.inf, -math.inf]),
)


def as_word(value: float | datetime) -> str:
    text = word(KEY, value)
    assert text is not None
    return text


@given(NUMBERS, st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False))
def test_words_of_numbers_compare_as_the_numbers_do(wanted: float, stored: float) -> None:
    mine, theirs = as_word(wanted), as_word(stored)
    assert (mine < theirs, mine == theirs) == (wanted < stored, wanted == stored)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-3, 3))
def test_neighbouring_integers_have_words_in_order(number: int, step: int) -> None:
    mine, theirs = as_word(number), as_word(number + step)
    assert (mine < theirs, mine == theirs) == (step > 0, step == 0)


def test_numbers_beyond_all_floats_lie_beyond_all_that_are_finite() -> None:
    assert as_word(1.7e308) < as_word(10**400) < as_word(math.inf)
    assert as_word(-math.inf) < as_word(-(10**400)) < as_word(-1.7e308)


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_words_of_instants_compare_as_the_instants_do(one: datetime, other: datetime) -> None:
    assert (as_word(one) < as_word(other), as_word(one) == as_word(other)) == (one < other, one == other)


def test_nan_has_no_word() -> None:
    assert word(KEY, math.nan) is None


def test_values_of_two_sorts_have_different_words() -> None:
    values = (1, "1", True, datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00.000000Z")
    assert len({word(KEY, value) for value in values}) == len(values)


def test_only_long_texts_are_kept_whole_beside_their_hash() -> None:
    short, long = Attribute(KEY, "x" * 500), Attribute(KEY, "x" * 501)
    assert long_words([short, Attribute(KEY, "7" * 501, f"{XSD}int")]) != long_words([short])
    assert long_words([short]) is None
    whole = long_words([short, long]) or []
    assert [one[-501:] for one in whole] == ["x" * 501]
    assert all(len(one) < 600 for one in words([short, long]) or ())


def test_equal_values_of_a_key_are_one_word_and_none_is_absent() -> None:
    seven = (Attribute(KEY, "7", f"{XSD}int"), Attribute(KEY, "07.0", f"{XSD}double"))
    assert len(words(seven) or ()) == 1
    assert words(()) is long_words(()) is None
