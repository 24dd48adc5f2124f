from datetime import UTC, datetime, timedelta

import pytest

from provstore.web.pages.words import ago, duration, short, size

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "now"),
        (1, "1 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (7_199, "1 h ago"),
        (86_400 * 3, "3 d ago"),
        (-90, "in 1 min"),
    ],
)
def test_an_instant_is_told_from_now(seconds: float, words: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.0421, "42 ms"),
        (0.312, "0.312 s"),
        (2, "2 s"),
        (120, "2 min"),
        (125, "2 min 5 s"),
        (3_600, "1 h"),
        (90_000, "1 d 1 h"),
    ],
)
def test_a_duration_is_told_by_its_two_largest_units(seconds: float, words: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 B"), (999, "999 B"), (1_000, "1 kB"), (1_536_000, "1.54 MB"), (10**18, "1e+06 TB")]
)
def test_a_size_is_told_in_powers_of_a_thousand(count: int, words: str) -> None:
    assert size(count) == words


def test_a_long_id_is_shortened_in_the_middle_and_a_short_one_is_not() -> None:
    assert short("j019a204f6af4f744989a81aad926cd340") == "j019…926cd340"
    assert short("e-short") == "e-short"
