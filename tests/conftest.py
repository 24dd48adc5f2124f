"""What all tests share: real parts are found or required, and hypothesis takes its time."""

from __future__ import annotations

import hypothesis
import pytest

from tests.neo4j_server import neo4j_url
from tests.parts import MARKED_PARTS, require

__all__ = ["neo4j_url"]

# Two workers on a busy machine: a deadline would measure the machine.
hypothesis.settings.register_profile("provstore", deadline=None, print_blob=True)
hypothesis.settings.load_profile("provstore")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail a test whose marker names a part that is not here."""
    for part, (present, reason) in MARKED_PARTS.items():
        if item.get_closest_marker(part):
            require(part, present=present(), reason=reason)
