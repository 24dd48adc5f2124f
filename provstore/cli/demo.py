"""``make demo``: a server, a chain of real jobs over HTTP, and the lineage of what the last one made."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from provstore.app import open_provstore
from provstore.cli.tree import lineage_tree
from provstore.client import Client, RemoteJob
from provstore.errors import ProvstoreError
from provstore.export.registry import by_name
from provstore.queries.lineage import Direction, Question, lineage
from provstore.queries.names import expand
from provstore.settings import load_settings

__all__ = ["demo"]

_FORMATS: Final = ("prov-n", "prov-json", "prov-xml", "votable", "svg")
_SUFFIXES: Final = {"votable": ".vot"}
_SOURCE: Final = {"RA": "329.7169379", "Dec": "-30.2255883"}
_LATER: Final = "http://127.0.0.1:8080"
"""Where `make serve` will answer: links in what the demo leaves behind lead there."""

_OBSERVATION: Final = "provstore-sample/reproject/tests/data/aia_171_level1.fits"


@click.command()
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), default=Path("demo"), show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the server; a free one by default.")
def demo(output: Path, port: int) -> None:
    """Run a chain of jobs, each using a product of the one before, and write the lineage of the last product."""
    started = time.monotonic()
    with _server(port) as address, Client(address, token="") as client:
        click.echo(f"server at {address}\n")
        events = _run(client, "simulate_events", {**_SOURCE, "seed": "2155", "ontime": "18000"})
        maps = _run(client, "gammapy_maps", {**_SOURCE, "obs_ids": events.entity("events")})
        spectra = _run(
            client,
            "gammapy_spectra",
            {
                **_SOURCE,
                "obsids": events.entity("events"),
                "exclusion_map": maps.entity("significance_map"),
                "nbins": "8",
            },
        )
        observation = _run(client, "image_summary", {}, files={"image": _observation()})
        product = spectra.entity("spectrum")
        click.echo(f"\nlineage of {spectra.service}'s spectrum, across all jobs:")
        for file in _write(client, product, output):
            click.echo(f"  {file}  {file.stat().st_size:,} bytes")
    click.echo()
    _print_tree(product)
    _say_where_to_look(maps, spectra, observation, seconds=time.monotonic() - started)


@contextmanager
def _server(port: int) -> Iterator[str]:
    """Start the server as anyone would, and stop it at the end."""
    command = [sys.executable, "-m", "provstore", "serve", "--port", str(port)]
    environment = {"PROVSTORE_ORGANIZATION": "The demonstration site", "PROVSTORE_BASE_URL": _LATER, **os.environ}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        line = server.stdout.readline() if server.stdout else ""
        if "http://" not in line:
            raise click.ClickException("the server did not start; see the message above")
        yield next(word for word in line.split() if word.startswith("http://"))
    finally:
        server.terminate()
        server.wait()


def _run(
    client: Client, service: str, parameters: Mapping[str, str], *, files: Mapping[str, Path] | None = None
) -> RemoteJob:
    """Run a job to its end and show its way there; anything but COMPLETED ends the demo."""
    started = time.monotonic()
    click.echo(f"{service:<16} ", nl=False)
    job = client.run(service, parameters=parameters, files=files)
    click.echo(job.phase, nl=False)
    job = client.wait(job, told=lambda one: click.echo(f" > {one.phase}", nl=False))
    click.echo(f"  {time.monotonic() - started:.1f} s")
    if job.phase != "COMPLETED":
        raise click.ClickException(f"{service} ended as {job.phase}: {job.error}")
    for result in job.results.values():
        click.echo(f"{'':<18}{result.name:<18}{result.mime_type:<18}{result.size:>10,} bytes")
    return job


def _observation() -> Path:
    """Find the real SDO/AIA image that make set-up took from a package."""
    file = Path(sys.prefix) / "share" / _OBSERVATION
    if not file.is_file():
        raise click.ClickException(f"the observation {file} is missing; run make setup")
    return file


def _write(client: Client, product: str, output: Path) -> Iterator[Path]:
    output.mkdir(parents=True, exist_ok=True)
    for name in _FORMATS:
        file = output / f"lineage{_SUFFIXES.get(name, by_name(name).suffix)}"
        query = {"id": product, "direction": "up", "depth": "all", "format": name}
        file.write_bytes(client.fetch("/prov/lineage", query=query))
        yield file


def _print_tree(product: str) -> None:
    with open_provstore(load_settings(os.environ)) as provstore:
        node = expand(product, provstore.store.namespace)
        answer = lineage(provstore.store, Question(ids=(node,)))
        for line in lineage_tree(answer, (node,), direction=Direction.UP, namespace=provstore.store.namespace):
            click.echo(line)


def _say_where_to_look(*jobs: RemoteJob, seconds: float) -> None:
    click.echo(f"\ndone in {seconds:.0f} s. Keep the server with 'make serve', then look at")
    for job in jobs:
        path = f"/uws/{job.service}/{job.id}"
        click.echo(f"  {_LATER}{path}\n  {_LATER}{path}/prov?format=svg")
    last = jobs[1]
    click.echo(f"  {_LATER}/prov/lineage?id={last.entity('spectrum')}&format=svg")


if __name__ == "__main__":
    try:
        demo(prog_name="make demo")
    except ProvstoreError as error:
        click.echo(f"demo: {error.message}", err=True)
        sys.exit(1)
