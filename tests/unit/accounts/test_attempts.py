from datetime import timedelta
from pathlib import Path

import pytest

from provstore.accounts.attempts import Attempts
from provstore.accounts.database import Database
from provstore.errors import TooMany
from tests.unit.accounts.conftest import Clock

HERE = "192.0.2.1"


@pytest.fixture
def attempts(tmp_path: Path, clock: Clock) -> Attempts:
    return Attempts(Database(tmp_path / "accounts.sqlite"), clock=clock, most=3)


def test_an_account_with_too_many_failures_is_closed_from_everywhere_for_a_quarter_of_an_hour(
    attempts: Attempts, clock: Clock
) -> None:
    for host in range(3):
        attempts.begin(name="curie", address=f"192.0.2.{host}")
    clock.advance(timedelta(minutes=5))
    words = r"^3 log-ins of this account, or from this address, failed lately: try again in 10 min$"
    with pytest.raises(TooMany, match=words) as caught:
        attempts.begin(name="curie", address="198.51.100.7")
    assert caught.value.seconds == 600
    attempts.begin(name="meitner", address="198.51.100.7")
    clock.advance(timedelta(minutes=10))
    attempts.begin(name="curie", address="198.51.100.7")


def test_an_address_with_too_many_failures_is_closed_for_every_account(attempts: Attempts) -> None:
    for number in range(3):
        attempts.begin(name=f"guess{number}", address=HERE)
    with pytest.raises(TooMany):
        attempts.begin(name="curie", address=HERE)


def test_of_ipv6_the_network_of_one_client_counts(attempts: Attempts) -> None:
    for number in range(3):
        attempts.begin(name=f"guess{number}", address=f"2001:db8::{number}")
    with pytest.raises(TooMany):
        attempts.begin(name="curie", address="2001:db8::ffff")
    attempts.begin(name="curie", address="2001:db8:0:1::1")


def test_a_refused_attempt_does_not_prolong_the_wait(attempts: Attempts, clock: Clock) -> None:
    for _ in range(3):
        attempts.begin(name="curie", address=HERE)
    clock.advance(timedelta(minutes=14))
    with pytest.raises(TooMany):
        attempts.begin(name="curie", address=HERE)
    clock.advance(timedelta(minutes=1))
    attempts.begin(name="curie", address=HERE)


def test_who_signs_in_starts_anew_while_his_address_keeps_its_failures(attempts: Attempts) -> None:
    for _ in range(2):
        attempts.begin(name="curie", address=HERE)
    attempts.succeed(attempts.begin(name="curie", address=HERE))
    for _ in range(3):
        attempts.begin(name="curie", address="198.51.100.7")
    attempts.begin(name="meitner", address=HERE)
    with pytest.raises(TooMany):
        attempts.begin(name="hahn", address=HERE)


def test_failures_are_counted_for_all_processes_together(tmp_path: Path, attempts: Attempts, clock: Clock) -> None:
    other = Attempts(Database(tmp_path / "accounts.sqlite"), clock=clock, most=3)
    for one in (attempts, other, attempts):
        one.begin(name="curie", address=HERE)
    with pytest.raises(TooMany):
        other.begin(name="curie", address=HERE)


def test_without_a_limit_nothing_is_closed(tmp_path: Path, clock: Clock) -> None:
    attempts = Attempts(Database(tmp_path / "accounts.sqlite"), clock=clock, most=0)
    for _ in range(30):
        attempts.begin(name="curie", address=HERE)


def test_a_name_of_a_megabyte_does_not_fill_the_file(tmp_path: Path, attempts: Attempts) -> None:
    attempts.begin(name="x" * 1_000_000, address="nowhere")
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 500_000
