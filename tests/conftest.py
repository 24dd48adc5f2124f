"""What all tests share: real parts are found or required, and hypothesis takes its time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import hypothesis
import pytest

from tests.neo4j_server import Neo4jServer, NoServer, running_server
from tests.parts import MARKED_PARTS, require, required
from tests.slurm_cluster import ACCOUNTING_PROGRAMS, PROGRAMS, SlurmCluster, running_cluster, why_missing

# Two workers on a busy machine: a deadline would measure the machine.
hypothesis.settings.register_profile("provstore", deadline=None, print_blob=True)
hypothesis.settings.load_profile("provstore")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail a test whose marker names a part that is not here."""
    for part, why in MARKED_PARTS.items():
        if item.get_closest_marker(part):
            reason = why()
            require(part, present=not reason, reason=reason)


@pytest.fixture(scope="session")
def neo4j_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neo4jServer]:
    """Give the real Neo4j of this worker: a server has one graph only, and who shares one waits for the other."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running_server(tmp_path_factory.getbasetemp() / "neo4j"))
        except NoServer as reason:
            require("neo4j", present=False, reason=str(reason))
            raise
        yield server


@pytest.fixture(scope="session")
def slurm() -> Iterator[SlurmCluster]:
    """Give a SLURM and an sshd of this worker's own; tests that break them ask for `running_cluster`."""
    reason = MARKED_PARTS["slurm"]()
    require("slurm", present=not reason, reason=reason)
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def slurm_with_accounting() -> Iterator[SlurmCluster]:
    """Give the same with slurmdbd: sacct, accounts and QOS."""
    reason = why_missing(programs=(*PROGRAMS, *ACCOUNTING_PROGRAMS), required=required("slurm"))
    require("slurm", present=not reason, reason=reason)
    with running_cluster(accounting=True) as cluster:
        yield cluster
