"""The stores that the contract suite runs over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provstore.graph.neo4j import open_neo4j
from provstore.graph.sqlite import open_sqlite
from provstore.graph.store import GraphStore
from tests.neo4j_server import Neo4jServer, wipe

OpenStore = Callable[[str], GraphStore]
"""Opens the test's address, once more at each call; the argument is the namespace (empty for none)."""


@pytest.fixture(params=["sqlite", pytest.param("neo4j", marks=pytest.mark.neo4j)])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """Give a function that opens one address, empty at first; what it opened is closed at the end."""
    opened: list[GraphStore] = []
    maker = request.getfixturevalue(f"open_{request.param}_again")

    def open_again(namespace: str) -> GraphStore:
        opened.append(maker(namespace))
        return opened[-1]

    yield open_again
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: OpenStore) -> GraphStore:
    """Give an empty store."""
    return open_store("")


@pytest.fixture
def open_sqlite_again(tmp_path: Path) -> OpenStore:
    """Open a file of this test only."""
    return lambda namespace: open_sqlite(tmp_path / "graph.db", namespace=namespace)


@pytest.fixture
def open_neo4j_again(neo4j_url: Neo4jServer) -> OpenStore:
    """Open the server of this worker, emptied."""

    def open_again(namespace: str) -> GraphStore:
        return open_neo4j(neo4j_url.url, user=neo4j_url.user, password=neo4j_url.password, namespace=namespace)

    wipe(neo4j_url)
    return open_again
