"""One embedded store in a file, for what only it promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provstore.graph.sqlite import SqliteStore, open_sqlite


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "graph.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = open_sqlite(path)
    yield store
    store.close()
