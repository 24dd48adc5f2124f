"""Real servers before real clusters, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

import pytest

from provstore.client import Client
from tests.cluster.bench import SERVICES, ClusterServed
from tests.e2e.served import write_services
from tests.slurm_cluster import SlurmCluster

MakeServed = Callable[..., ClusterServed]
"""Makes a server (not started) before a cluster; keyword arguments are those of `ClusterServed`."""


@pytest.fixture(scope="module")
def make_served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeServed]:
    """Give a function that makes servers; all is ended at the end."""
    services = write_services(tmp_path_factory.mktemp("services"), SERVICES)
    with ExitStack() as stack:

        def make(
            cluster: SlurmCluster, *, environment: Mapping[str, str] | None = None, **arguments: object
        ) -> ClusterServed:
            variables = {"PROVSTORE_DESCRIPTIONS": str(services), **(environment or {})}
            place = tmp_path_factory.mktemp("served")
            served = ClusterServed(cluster, place, environment=variables, **arguments)  # type: ignore[arg-type]  # those of the class
            stack.callback(served.clear)
            return served

        yield make


@pytest.fixture(scope="module")
def served(slurm: SlurmCluster, make_served: MakeServed) -> ClusterServed:
    """A running server before the shared cluster, for the tests of a file; jobs call it back."""
    return make_served(slurm).start()


@pytest.fixture
def client(served: ClusterServed) -> Iterator[Client]:
    """A client of it."""
    with served.client() as opened:
        yield opened
