"""The stores of the contract suite: a question is answered alike by every adapter."""

from __future__ import annotations

from tests.contract.conftest import open_neo4j_again, open_sqlite_again, open_store

__all__ = ["open_neo4j_again", "open_sqlite_again", "open_store", "store"]

import pytest

from provstore.graph.store import GraphStore
from tests.contract.conftest import OpenStore
from tests.contract.graph_builders import NAMESPACE


@pytest.fixture
def store(open_store: OpenStore) -> GraphStore:
    """Give an empty store."""
    return open_store(NAMESPACE)
