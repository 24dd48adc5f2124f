"""``provstore check``: whether everything that provstore needs is there, and what to do about what is not."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from provstore.app import open_store
from provstore.cli.clusters import check_cluster
from provstore.cli.graph_checks import check_graph
from provstore.cli.report import is_well, tell
from provstore.errors import Invalid, ProvstoreError, Unavailable
from provstore.settings import Settings, load_settings
from provstore.uws.descriptions.load import load_directory
from provstore.uws.findings import Finding, fault, note, well
from provstore.uws.start_up import shipped_descriptions

__all__ = ["check"]


@click.group(invoke_without_command=True)
@click.pass_context
def check(context: click.Context) -> None:
    """Check settings, data directory, store, descriptions and graphviz; say what to do about each fault.

    A cluster is checked by itself: provstore check cluster NAME; so is the graph: provstore check graph.
    """
    if context.invoked_subcommand is None:
        raise SystemExit(not is_well(tell(_findings())))


check.add_command(check_cluster)
check.add_command(check_graph)


def _findings() -> Iterator[Finding]:
    try:
        settings = load_settings(os.environ)
    except Invalid as error:
        yield fault("settings", error.message, "correct the variable or the settings file")
        return
    yield well("settings", "read")
    checks: tuple[Callable[[Settings], Finding], ...] = (_data, _store, _descriptions, _shell, _graphviz)
    for one in checks:
        yield one(settings)
    if settings.clusters:
        names = ", ".join(one.name for one in settings.clusters)
        yield well("clusters", f"{names}; each is checked with: provstore check cluster NAME")


def _data(settings: Settings) -> Finding:
    directory = settings.data.absolute()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=directory) as probe:
            probe.write(b"x")
            probe.flush()
        free = shutil.disk_usage(directory).free / 1e9
    except OSError as error:
        remedy = "make it writable for this user, or set PROVSTORE_DATA to another directory"
        return fault("data directory", f"{directory}: {error.strerror}", remedy)
    return well("data directory", f"{directory} is writable, {free:.1f} GB free")


def _store(settings: Settings) -> Finding:
    where = "the embedded store" if not settings.graph_url else settings.graph_url.rpartition("@")[2]
    try:
        store = open_store(settings)
    except (ProvstoreError, OSError) as error:
        remedy = "check PROVSTORE_GRAPH_URL, PROVSTORE_GRAPH_USER and PROVSTORE_GRAPH_PASSWORD_FILE, and that it runs"
        return fault("graph store", f"{where}: {' '.join(str(error).split())}", remedy)
    namespace = store.namespace
    store.close()
    return well("graph store", f"{where} answers; namespace {namespace}")


def _descriptions(settings: Settings) -> Finding:
    served, refused = 0, []
    for directory in (shipped_descriptions(), *settings.descriptions):
        try:
            shipped, refusals = load_directory(directory)
        except (Invalid, Unavailable) as error:
            return fault("descriptions", error.message, "correct PROVSTORE_DESCRIPTIONS")
        served += len(shipped)
        refused += [one.reason for one in refusals]
    if refused:
        return fault("descriptions", "; ".join(refused), "correct these files; the others are served")
    return well("descriptions", f"{served} services")


def _shell(settings: Settings) -> Finding:
    if shutil.which("bash", path=settings.job_path):
        return well("bash", "found")
    return fault("bash", f"not in {settings.job_path}", "install bash, or set PROVSTORE_JOB_PATH")


def _graphviz(_settings: Settings) -> Finding:
    dot = shutil.which("dot")
    if dot:
        return well("graphviz", str(Path(dot)))
    remedy = "install graphviz for PNG and nicer small pictures; SVG works without it"
    return note("graphviz", "no dot program", remedy)
