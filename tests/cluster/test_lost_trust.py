"""Keys that were good when the server started and are not any more: the state is told, and ends when it is mended."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from tests.cluster.bench import TOLD, let_go_on, reach
from tests.cluster.breaking import trouble_of, why_waiting
from tests.cluster.conftest import MakeServed
from tests.e2e.served import finish, start, until
from tests.slurm_cluster import SlurmCluster, running_cluster

pytestmark = pytest.mark.slurm


class Keys(NamedTuple):
    """The files by which a server and its cluster trust each other: those here are of one test."""

    cluster: SlurmCluster
    known_hosts: Path
    certificate: Path

    @property
    def authorized(self) -> Path:
        """Whom sshd lets into the service's account."""
        return self.cluster.folder / "keys" / f"{self.cluster.user}.authorized"

    def another_host_key(self) -> str:
        """Give what a known host would look like that is another one: the key of a person will do."""
        kind, key = self.cluster.keys[self.cluster.user].with_suffix(".pub").read_text().split()[:2]
        return f"[{self.cluster.host}]:{self.cluster.port} {kind} {key}\n"

    def settings(self, *, certified: bool) -> dict[str, Any]:
        """Give the settings of a cluster that is reached with these."""
        if not certified:
            return {"known_hosts": self.known_hosts}
        key = self.certificate.with_name("signed")
        return {"known_hosts": self.known_hosts, "key_file": key, "certificate_file": self.certificate}


class Loss(NamedTuple):
    """How trust is lost: which file changes to what, and the words by which that is told."""

    file: Callable[[Keys], Path]
    spoilt: Callable[[Keys], str]
    words: str
    certified: bool = False


LOSSES: Final[Mapping[str, Loss]] = {
    "changed host key": Loss(lambda keys: keys.known_hosts, Keys.another_host_key, "THE HOST KEY HAS CHANGED"),
    "unknown host": Loss(lambda keys: keys.known_hosts, lambda _keys: "", "the host is not known"),
    "refused key": Loss(lambda keys: keys.authorized, lambda _keys: "", "is refused for"),
    "expired certificate": Loss(
        lambda keys: keys.certificate,
        lambda keys: keys.cluster.certificate(keys.cluster.user, valid="-2h:-1h").read_text(),
        "expired",
        certified=True,
    ),
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[SlurmCluster]:
    with running_cluster() as running:
        yield running


@pytest.fixture
def keys(cluster: SlurmCluster, tmp_path: Path) -> Keys:
    known = shutil.copy(cluster.known_hosts, tmp_path / "known_hosts")
    return Keys(cluster, Path(known), cluster.certificate(cluster.user))


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_trust_that_is_lost_while_jobs_run_is_told_and_ends_no_job(
    loss: Loss, keys: Keys, make_served: MakeServed
) -> None:
    served = make_served(keys.cluster, settings=keys.settings(certified=loss.certified)).start()
    good = loss.file(keys).read_text()
    with served.client() as client:
        running = reach(client, start(client, "one", TOLD), "EXECUTING")
        loss.file(keys).write_text(loss.spoilt(keys))
        keys.cluster.drop_connections()
        until(lambda: loss.words in why_waiting(served, running), what="the running job tells")
        waiting = start(client, "one", "echo later >out.txt")
        until(lambda: loss.words in why_waiting(served, waiting), what="the waiting job tells")
        assert trouble_of(served)[0] == ["test"]
        assert "executor test can't be reached" in trouble_of(served)[1]
        let_go_on(served, running)
        assert (client.job("one", running.id).phase, client.job("one", waiting.id).phase) == ("EXECUTING", "QUEUED")
        loss.file(keys).write_text(good)
        assert [reach(client, one, "COMPLETED").error for one in (running, waiting)] == ["", ""]
        finish(client, "one", "echo well >out.txt")
        until(lambda: trouble_of(served)[0] == [], what="all is well")
    served.stop()
