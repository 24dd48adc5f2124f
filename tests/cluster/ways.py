"""Services for the tests of the ways of files, and a look at what a job has left on either side."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from provstore.client import Client, RemoteJob, RemoteResult
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition, Used
from tests.cluster.bench import ClusterServed
from tests.cluster.conftest import MakeServed
from tests.e2e.served import write_services
from tests.slurm_cluster import SlurmCluster

__all__ = ["carrying", "fetched", "left_here", "sha256", "started"]

_CARRIES: Final = Description(
    name="carries",
    parameters=(ParameterDefinition(name="code"),),
    used=tuple(Used(name=name, url="file://$ID", multiplicity="0..1") for name in ("a", "b", "c")),
    generated=(Generated(name="data", default="*.dat", multiplicity="*"),),
)
"""A service with up to three input files, and any number of results."""


def carrying(make_served: MakeServed, slurm: SlurmCluster, place: Path, **settings: object) -> ClusterServed:
    """Make a server (not started) with the service ``carries``, before a cluster of these settings."""
    services = write_services(place / "carries", (_CARRIES,))
    return make_served(slurm, environment={"PROVSTORE_DESCRIPTIONS": str(services)}, settings=settings)


def started(client: Client, code: str, **inputs: Path | str) -> RemoteJob:
    """Start a job; inputs are files to be sent, or ids of entities."""
    files = {name: given for name, given in inputs.items() if isinstance(given, Path)}
    values = {name: given for name, given in inputs.items() if isinstance(given, str)}
    return client.run("carries", parameters={"code": code, **values}, files=files)


def fetched(client: Client, result: RemoteResult) -> bytes:
    """Fetch a result."""
    return client.fetch(result.href)


def left_here(served: ClusterServed, job: RemoteJob) -> set[str]:
    """List what of a job's results and inputs lies here."""
    run = served.run_directory(job)
    found = (file.relative_to(run) for folder in ("work", "results") for file in (run / folder).rglob("*"))
    return {str(file) for file in found if not file.name.startswith(".")}


def sha256(file: Path) -> str:
    """Hash a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
