"""``provstore embed`` and ``which``: provenance that travels inside the file, and the way back to its record."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import BinaryIO, Final

import click

from provstore.app import Provstore
from provstore.cli.opening import opened
from provstore.errors import Conflict, NotFound, Unavailable
from provstore.export.embedding.copies import Embedded
from provstore.export.embedding.provenance import provenance_of
from provstore.export.embedding.registry import embed
from provstore.graph.model import Node, NodeId
from provstore.queries.lineage import Question, lineage
from provstore.queries.names import expand
from provstore.web.recognition import Likeness, Recognised, recognise

__all__ = ["embed_provenance", "which"]

_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_WORDS: Final = {
    Likeness.SAME: "this very file",
    Likeness.COPY: "a copy of it that carries its provenance",
    Likeness.NAMED: "carries its id, but is not that file: changed since, or made of it",
    Likeness.UNKNOWN: "not known here",
}


@click.command("embed")
@click.argument("file", type=_FILE)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Else NAME.provenance.SUFFIX.")
@click.option("--id", "name", help="The record, where several files have these bytes or none has.")
@click.option("--depth", type=click.IntRange(0), help="Number of relations back from the file; all by default.")
def embed_provenance(file: Path, output: Path | None, name: str | None, *, depth: int | None) -> None:
    """Write a copy of a FITS, VOTable or PNG file that carries its own provenance and the id of its record."""
    target = output or file.with_name(f"{file.stem}.provenance{file.suffix}")
    if target.exists() and target.samefile(file):
        raise Conflict(f"{file} itself is not changed: name another file", field="output", value=str(target))
    with opened() as provstore, _open(file) as source:
        recognised = recognise(provstore.store, source)
        node = _chosen(provstore, recognised, name, file)
        answer = lineage(provstore.store, Question(ids=(node.id,), depth=depth))
        given = provenance_of(
            node,
            answer,
            namespace=provstore.store.namespace,
            site=provstore.settings.base_url.rstrip("/"),
            sha256=recognised.sha256,
        )
        _write(target, source, given)
    click.echo(target)


def _open(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise Unavailable(f"can't read {file}: {error.strerror}", field="file", value=str(file)) from error


def _chosen(provstore: Provstore, recognised: Recognised, name: str | None, file: Path) -> Node:
    """Give the record that is meant.

    Raises:
        NotFound: there is none.
        Conflict: there are several.
    """
    if name is not None:
        found = provstore.store.get([NodeId(expand(name, provstore.store.namespace))])
        if not found:
            raise NotFound(f"no entity {name!r}", field="id", value=name)
        return found[0]
    if recognised.likeness not in {Likeness.SAME, Likeness.COPY}:
        raise NotFound(f"no record of {file} (sha256 {recognised.sha256}); --id names one", field="file")
    if len(recognised.nodes) > 1:
        ids = ", ".join(one.id for one in recognised.nodes)
        raise Conflict(f"several records have the bytes of {file}: choose with --id: {ids}", field="id")
    return recognised.nodes[0]


def _write(target: Path, source: BinaryIO, given: Embedded) -> None:
    """Write a file aside and put it in place by one rename, so that it is whole or not there."""
    part = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with part.open("wb") as sink:
            embed(source, given, sink)
        part.replace(target)
    except OSError as error:
        raise Unavailable(f"can't write {target}: {error.strerror}", field="output", value=str(target)) from error
    finally:
        part.unlink(missing_ok=True)


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print what HTTP would answer, one line a file.")
def which(files: tuple[Path, ...], *, as_json: bool) -> None:
    """Tell the records of files, from their bytes or from the provenance they carry; exit code 1 if one is unknown."""
    unknown = False
    with opened() as provstore:
        for file in files:
            with _open(file) as source:
                found = recognise(provstore.store, source)
            unknown |= found.likeness is Likeness.UNKNOWN
            click.echo(json.dumps(_as_json(file, found)) if as_json else _as_text(file, found))
    sys.exit(1 if unknown else 0)


def _as_json(file: Path, found: Recognised) -> dict[str, object]:
    told = None if found.told is None else {"id": found.told.id, "page": found.told.page, "sha256": found.told.sha256}
    ids = [one.id for one in found.nodes]
    return {"file": str(file), "likeness": found.likeness, "ids": ids, "sha256": found.sha256, "told": told}


def _as_text(file: Path, found: Recognised) -> str:
    told = found.told if found.likeness is Likeness.UNKNOWN else None
    ids = [one.id for one in found.nodes]
    elsewhere = f"; it says {' '.join(one for one in (told.id, told.page) if one)}" if told is not None else ""
    return f"{' '.join(ids) or '-'}  {file}: {_WORDS[found.likeness]}{elsewhere}"
