"""``provstore check``: whether everything that provstore needs is there, and what to do about what is not."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from provstore.app import open_store
from provstore.errors import Invalid, ProvstoreError, Unavailable
from provstore.settings import Settings, load_settings
from provstore.uws.descriptions.load import load_directory
from provstore.uws.start_up import shipped_descriptions

__all__ = ["check"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    """One line of the report: what was looked at, what was found, and what to do (None: nothing is wrong)."""

    part: str
    found: str
    remedy: str | None = None
    fatal: bool = True


@click.command()
def check() -> None:
    """Check settings, data directory, store, descriptions and graphviz; say what to do about each fault."""
    findings = list(_findings())
    for one in findings:
        mark = "ok  " if one.remedy is None else "FAIL" if one.fatal else "note"
        click.echo(f"{mark}  {one.part}: {one.found}")
        if one.remedy:
            click.echo(f"      {one.remedy}")
    raise SystemExit(any(one.remedy is not None and one.fatal for one in findings))


def _findings() -> Iterator[_Finding]:
    try:
        settings = load_settings(os.environ)
    except Invalid as error:
        yield _Finding(part="settings", found=error.message, remedy="correct the variable or the settings file")
        return
    yield _Finding(part="settings", found="read")
    checks: tuple[Callable[[Settings], _Finding], ...] = (_data, _store, _descriptions, _shell, _graphviz)
    for one in checks:
        yield one(settings)


def _data(settings: Settings) -> _Finding:
    directory = settings.data.absolute()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=directory) as probe:
            probe.write(b"x")
            probe.flush()
        free = shutil.disk_usage(directory).free / 1e9
    except OSError as error:
        remedy = "make it writable for this user, or set PROVSTORE_DATA to another directory"
        return _Finding(part="data directory", found=f"{directory}: {error.strerror}", remedy=remedy)
    return _Finding(part="data directory", found=f"{directory} is writable, {free:.1f} GB free")


def _store(settings: Settings) -> _Finding:
    where = "the embedded store" if not settings.graph_url else settings.graph_url.rpartition("@")[2]
    try:
        store = open_store(settings)
    except (ProvstoreError, OSError) as error:
        remedy = "check PROVSTORE_GRAPH_URL, PROVSTORE_GRAPH_USER and PROVSTORE_GRAPH_PASSWORD_FILE, and that it runs"
        return _Finding(part="graph store", found=f"{where}: {' '.join(str(error).split())}", remedy=remedy)
    namespace = store.namespace
    store.close()
    return _Finding(part="graph store", found=f"{where} answers; namespace {namespace}")


def _descriptions(settings: Settings) -> _Finding:
    served, refused = 0, []
    for directory in (shipped_descriptions(), *settings.descriptions):
        try:
            shipped, refusals = load_directory(directory)
        except (Invalid, Unavailable) as error:
            return _Finding(part="descriptions", found=error.message, remedy="correct PROVSTORE_DESCRIPTIONS")
        served += len(shipped)
        refused += [one.reason for one in refusals]
    if refused:
        return _Finding(
            part="descriptions", found="; ".join(refused), remedy="correct these files; the others are served"
        )
    return _Finding(part="descriptions", found=f"{served} services")


def _shell(settings: Settings) -> _Finding:
    if shutil.which("bash", path=settings.job_path):
        return _Finding(part="bash", found="found")
    return _Finding(part="bash", found=f"not in {settings.job_path}", remedy="install bash, or set PROVSTORE_JOB_PATH")


def _graphviz(_settings: Settings) -> _Finding:
    dot = shutil.which("dot")
    if dot:
        return _Finding(part="graphviz", found=str(Path(dot)))
    remedy = "install graphviz for PNG and nicer small pictures; SVG works without it"
    return _Finding(part="graphviz", found="no dot program", remedy=remedy, fatal=False)
