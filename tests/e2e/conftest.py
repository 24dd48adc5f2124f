"""Real servers for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from provstore.client import Client
from tests.e2e.served import Served, write_services
from tests.neo4j_server import Neo4jServer, wipe

MakeServed = Callable[..., Served]
"""Makes a data directory of the test's own (not started); keyword arguments are variables of its server."""


@pytest.fixture(scope="module")
def sqlite_environment() -> Mapping[str, str]:
    """The embedded store needs no setting."""
    return {}


@pytest.fixture(scope="module")
def neo4j_environment(neo4j_url: Neo4jServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The server of this worker, emptied."""
    password = tmp_path_factory.mktemp("neo4j") / "password"
    password.write_text(neo4j_url.password)
    wipe(neo4j_url)
    yield {
        "PROVSTORE_GRAPH_URL": neo4j_url.url,
        "PROVSTORE_GRAPH_USER": neo4j_url.user,
        "PROVSTORE_GRAPH_PASSWORD_FILE": str(password),
        "PROVSTORE_ANONYMOUS": "true",
    }
    wipe(neo4j_url)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("neo4j", marks=pytest.mark.neo4j)])
def any_store(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """The variables that choose a store, for each store."""
    found: Mapping[str, str] = request.getfixturevalue(f"{request.param}_environment")
    return found


@pytest.fixture(scope="module")
def make_served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeServed]:
    """Give a function that makes data directories with our services; what still runs on them is ended."""
    services = write_services(tmp_path_factory.mktemp("services"))
    with ExitStack() as stack:

        def make(**environment: str) -> Served:
            variables = {"PROVSTORE_DESCRIPTIONS": str(services)} | environment
            served = Served(tmp_path_factory.mktemp("served"), variables)
            stack.callback(served.clear)
            return served

        yield make


@pytest.fixture(scope="module")
def served(make_served: MakeServed) -> Served:
    """A running server on the embedded store, shared by the tests of a file."""
    return make_served().start()


@pytest.fixture(scope="module")
def served_on_any(make_served: MakeServed, any_store: Mapping[str, str]) -> Served:
    """A running server on each store, shared by the tests of a file."""
    return make_served(**any_store).start()


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    """A client of the shared server."""
    with served.client() as opened:
        yield opened


@pytest.fixture
def any_client(served_on_any: Served) -> Iterator[Client]:
    """A client of the shared server on each store."""
    with served_on_any.client() as opened:
        yield opened


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file outside of every job's directory."""
    return tmp_path / "outside"
