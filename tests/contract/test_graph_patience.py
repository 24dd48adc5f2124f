"""What every store promises of a walk that may not take for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provstore.graph.model import EVERYBODY, Viewer
from provstore.graph.store import GraphStore, Walk
from tests.contract.graph_builders import diamonds, distances, lineage


@pytest.fixture
def many(store: GraphStore) -> GraphStore:
    store.write(diamonds(30))
    return store


def within(patience: timedelta, *, depth: int | None = None) -> Walk:
    asked = lineage("e0", depth=depth)
    return Walk(starts=asked.starts, steps=asked.steps, depth=depth, patience=patience)


@pytest.mark.parametrize("viewer", [EVERYBODY, Viewer()])
@pytest.mark.parametrize("depth", [None, 1])
def test_a_walk_whose_time_is_over_keeps_its_starts_and_is_truncated(
    many: GraphStore, viewer: Viewer, depth: int | None
) -> None:
    answer = many.walk(within(timedelta(0), depth=depth), viewer)
    assert (distances(answer), answer.truncated) == ({"e0": 0}, True)


def test_a_walk_in_time_is_the_same_as_one_without_a_bound(many: GraphStore) -> None:
    assert many.walk(within(timedelta(hours=1))) == many.walk(lineage("e0"))
    assert many.walk(within(timedelta(hours=1), depth=1)) == many.walk(lineage("e0", depth=1))
