"""Errors of the driver, as the store tells them."""

from __future__ import annotations

import pytest
from neo4j.exceptions import ConstraintError, ResultFailedError, TransientError

from provstore.errors import Conflict, Unavailable
from provstore.graph.neo4j import _translated


def masked(cause: BaseException) -> ResultFailedError:
    """An error as the driver raises it when it closes a transaction that failed before."""
    error = ResultFailedError(None, "the result has failed")  # no result is looked at
    error.__cause__ = cause
    return error


def test_a_conflict_is_told_although_the_driver_masks_it() -> None:
    with pytest.raises(Conflict, match="exists already"), _translated("bolt://x"):
        raise masked(masked(ConstraintError("twice")))


def test_a_masked_deadlock_is_for_trying_again_later() -> None:
    with pytest.raises(Unavailable), _translated("bolt://x"):
        raise masked(TransientError("deadlock"))
