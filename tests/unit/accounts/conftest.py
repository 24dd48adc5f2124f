"""Accounts in a folder of the test's own, on a clock in the test's hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provstore.accounts.people import Accounts


@dataclass
class Clock:
    """A clock that goes only when it is told to."""

    at: datetime = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def advance(self, span: timedelta) -> None:
        self.at += span


Open = Callable[..., Accounts]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_accounts(tmp_path: Path, clock: Clock) -> Iterator[Open]:
    """Give a function that opens the same file again, as another process would."""
    opened: list[Accounts] = []

    def make(*, failures_max: int = 10) -> Accounts:
        opened.append(Accounts(tmp_path / "accounts.sqlite", clock=clock, failures_max=failures_max))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def accounts(open_accounts: Open) -> Accounts:
    return open_accounts()
