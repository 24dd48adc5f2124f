"""A real server before a real cluster: what the tests of this folder drive over HTTP, and look at from all sides."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import fields
from datetime import timedelta
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, Final

import httpx

from provstore.client import Client, RemoteJob
from provstore.clusters import Account, Cluster
from provstore.graph.model import Value
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition, Used
from provstore.uws.jobs import Job
from tests.e2e import served
from tests.e2e.served import Served, processes_of, until
from tests.slurm_cluster import SlurmCluster

__all__ = [
    "FINAL",
    "MADE",
    "SERVICES",
    "TOLD",
    "ClusterServed",
    "abort",
    "kill_wrapper",
    "let_go",
    "let_go_on",
    "let_orphans_end",
    "partition_down",
    "reach",
    "table_of",
]

MADE: Final = 'echo hello >"$rs/out.txt"'
"""A script that makes its result at once."""

TOLD: Final = f'until [ -e "$jd/go" ]; do sleep 0.1; done; {MADE}'
"""A script that does so when it is told by `let_go_on`."""

FINAL: Final = frozenset({"COMPLETED", "ERROR", "ABORTED"})

_TEXTS: Final = tuple(ParameterDefinition(name=name, required=name == "code") for name in ("code", "note"))
SERVICES: Final = (
    *served.SERVICES,
    Description(
        name="survey",
        parameters=_TEXTS,
        used=(Used(name="input", url="file://$ID", multiplicity="0..1"),),
        generated=(Generated(name="data", default="*.dat", multiplicity="*"),),
    ),
)
"""Those of `tests.e2e.served`, and one with an input, a text and many results; a script does what ``code`` says."""


def table_of(cluster: Cluster) -> dict[str, Any]:
    """Write the settings of a cluster as an operator would: what is as it is by default is left out."""
    usual = Cluster(name="", host="", user="", key_file=Path(), work_directory=PurePosixPath(), known_hosts=None)
    names = [one.name for one in fields(cluster) if one.name != "name"]
    return {name: _plain(getattr(cluster, name)) for name in names if getattr(cluster, name) != getattr(usual, name)}


def _plain(value: object) -> object:
    match value:
        case timedelta():
            plain: object = value.total_seconds()
        case PurePath():
            plain = str(value)
        case Mapping():
            plain = {str(name): _plain(one) for name, one in value.items()}
        case tuple():
            plain = [_plain(one) for one in value]
        case Account():
            plain = {"user": value.user} | ({"key_file": str(value.key_file)} if value.key_file else {})
        case _:
            plain = value
    return plain


def _free_port() -> int:
    """Choose a port below those that the kernel gives to clients, so that it is still free after a while without us."""
    while True:
        port = random.SystemRandom().randrange(10_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class ClusterServed(Served):
    """A data directory whose jobs run on a test cluster, and the server on it.

    It keeps its port when it is started again, so that jobs find it. Its directory on the cluster is no other's.

    Args:
        cluster: Where the jobs run.
        place: A folder of this test.
        settings: The cluster's settings, where they differ from those of an operator who knows it.
        environment: Further variables of the server.
        calls_back: Whether jobs are told this server's address.
    """

    def __init__(
        self,
        cluster: SlurmCluster,
        place: Path,
        *,
        settings: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        calls_back: bool = True,
    ) -> None:
        self.cluster = cluster
        self.port = _free_port()
        callback = f"http://127.0.0.1:{self.port}" if calls_back else ""
        usual = {
            "callback": callback,
            "silent_after": timedelta(seconds=60),
            "work_directory": PurePosixPath(cluster.work, f"{place.name}-{self.port}"),
        }
        self.settings = cluster.cluster_settings(**{**usual, **(settings or {})})
        variables = {
            "PROVSTORE_CLUSTERS": json.dumps({self.settings.name: table_of(self.settings)}),
            "PROVSTORE_EXECUTOR": self.settings.name,
        }
        super().__init__(place, variables | dict(environment or {}))

    def start(self, *, port: int = 0) -> ClusterServed:
        """Start the server, at its own port."""
        super().start(port=port or self.port)
        return self

    def clear(self) -> None:
        """End the server and every job of its."""
        super().clear()
        numbers = [str(words["number"]) for words in self._records() if words["number"]]
        if numbers and self.cluster.conf.exists():  # its folder goes with it
            with suppress(AssertionError):  # where SLURM itself was ended
                self.cluster.run("scancel", *numbers)

    def _records(self) -> Iterator[Mapping[str, Any]]:
        for file in self.data.glob("jobs/*/run/cluster.json"):
            yield json.loads(file.read_bytes())

    # --- what is known of a job, on all sides

    def graph(self, job: RemoteJob) -> Job:
        """Read a job from the graph."""
        with self.records() as records:
            return records.read_even_deleted(job.id)

    def facts(self, job: RemoteJob) -> Mapping[str, Value]:
        """Read all properties of a job's node."""
        with self.records() as records:
            node = records.read_even_deleted(job.id).node
            return records.store.get([node])[0].properties

    def phases(self, job: RemoteJob) -> list[str]:
        """List the phases that a job has gone through."""
        return [change.phase.value for change in self.graph(job).history]

    def record(self, job: RemoteJob) -> Mapping[str, Any]:
        """Read what the connector notes of a job; nothing before its hand-over."""
        file = self.run_directory(job) / "cluster.json"
        found: Mapping[str, Any] = json.loads(file.read_bytes()) if file.exists() else {}
        return found

    def number(self, job: RemoteJob) -> str:
        """Give SLURM's number of a job, once it has one."""
        until(lambda: bool(self.record(job).get("number")), what=f"{job.id} is handed over")
        return str(self.record(job)["number"])

    def there(self, job: RemoteJob) -> Path:
        """Give the directory of a job on the cluster, which root sees."""
        account = str(self.record(job).get("account") or "")
        return Path(self.settings.directory(account)) / job.id

    def processes(self, job: RemoteJob) -> list[int]:
        """Find what runs of a job, on the node of the cluster."""
        return processes_of(self.there(job))


def reach(client: Client, job: RemoteJob, *phases: str) -> RemoteJob:
    """Wait until a job is in one of these phases; give it."""
    wanted, seen = set(phases), job

    def there() -> bool:
        nonlocal seen
        seen = client.job(job.service, job.id)
        assert seen.phase in wanted or seen.phase not in FINAL, f"{seen.phase} instead of {phases}: {seen.error}"
        return seen.phase in wanted

    until(there, what=f"{job.id} is {' or '.join(phases)}")
    return seen


def abort(job: RemoteJob) -> None:
    """Abort a job, as its owner does."""
    assert httpx.post(f"{job.href}/phase", data={"PHASE": "ABORT"}).status_code == 303


def let_go(served: ClusterServed, job: RemoteJob) -> None:
    """Wait until nothing of a job is left to be done."""
    until(lambda: not served.graph(job).open, what=f"{job.id} is let go of")


def kill_wrapper(served: ClusterServed, job: RemoteJob) -> None:
    """Kill what SLURM has started, in its back."""
    status = served.there(job) / "status.json"
    until(status.exists)
    os.kill(int(json.loads(status.read_bytes())["pid"]), signal.SIGKILL)


def let_go_on(served: ClusterServed, job: RemoteJob) -> None:
    """Let a job of `TOLD` go on."""
    (served.there(job) / "go").touch()


def let_orphans_end(served: ClusterServed, job: RemoteJob) -> None:
    """End what SLURM has left of a job: without cgroups it loses sight of orphans."""
    let_go_on(served, job)
    until(lambda: not served.processes(job), what="no process is left")


@contextmanager
def partition_down(slurm: SlurmCluster) -> Iterator[None]:
    """Let jobs wait in the partition ``long``."""
    slurm.scontrol("update", "PartitionName=long", "State=DOWN")
    try:
        yield
    finally:
        slurm.scontrol("update", "PartitionName=long", "State=UP")
