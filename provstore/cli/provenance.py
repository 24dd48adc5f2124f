"""``provstore export`` and ``lineage``: provenance from the command line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import click

from provstore.app import Provstore
from provstore.cli.opening import opened
from provstore.cli.tree import lineage_tree
from provstore.errors import NotFound, Unavailable
from provstore.export.document import Document
from provstore.export.registry import FORMATS, by_name
from provstore.graph.model import Node
from provstore.queries.lineage import Attachments, Direction, Question, lineage
from provstore.queries.names import expand
from provstore.uws.importing import Importing
from provstore.web.answers_json import graph_json
from provstore.web.documents import write_document

__all__ = ["export", "show_lineage"]

_WAYS = {"up": Direction.UP, "down": Direction.DOWN, "both": Direction.BOTH}


@click.command()
@click.argument("ids", metavar="ID...", nargs=-1)
@click.option(
    "--format", "format_name", default="prov-n", show_default=True, help=", ".join(one.name for one in FORMATS)
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; else standard output."
)
@click.option("--direction", type=click.Choice(list(_WAYS)), default="up", show_default=True)
@click.option("--depth", type=click.IntRange(0), help="Number of relations from the nearest ID; all by default.")
@click.option("--descriptions", type=click.IntRange(0, 2), default=1, show_default=True, help="How many descriptions.")
def export(
    ids: tuple[str, ...],
    format_name: str,
    output: Path | None,
    *,
    direction: str,
    depth: int | None,
    descriptions: int,
) -> None:
    """Write the provenance of nodes, or a document that was imported, in any format; everything if no ID is given."""
    wanted = by_name(format_name)
    with opened() as provstore:
        namespace, site = provstore.store.namespace, provstore.settings.base_url
        documents = _documents(provstore, ids)
        if documents:
            _put(output, lambda sink: write_document(provstore.store, documents, wanted, sink))
            return
        if not ids:
            document = Document(graph=provstore.store.scan(), own_namespace=namespace, title="Everything", site=site)
        else:
            nodes = tuple(expand(one, namespace) for one in ids)
            question = Question(
                ids=nodes,
                direction=_WAYS[direction],
                depth=depth,
                attachments=Attachments(descriptions=descriptions),
            )
            answer = lineage(provstore.store, question)
            title = f"Lineage of {', '.join(ids)}"
            shown = Document.of_answer(answer, namespace)
            document = replace(shown, title=title, focus=frozenset(nodes), site=site)
        _put(output, lambda sink: wanted.write(document, sink))


def _documents(provstore: Provstore, ids: Sequence[str]) -> tuple[Node, ...]:
    """Give the nodes of the document that is asked for alone; none where something else is."""
    if len(ids) != 1:
        return ()
    administrator = provstore.accounts.administrator()
    with suppress(NotFound):
        return Importing(provstore.store).document(administrator, expand(ids[0], provstore.store.namespace))
    return ()


def _put(output: Path | None, write: Callable[[BinaryIO], None]) -> None:
    if output is None:
        write(sys.stdout.buffer)
    else:
        _write_whole(output, write)


def _write_whole(target: Path, write: Callable[[BinaryIO], None]) -> None:
    """Write a file aside and put it in place by one rename, so that it is whole or not there."""
    part = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with part.open("wb") as sink:
            write(sink)
        part.replace(target)
    except OSError as error:
        raise Unavailable(f"can't write {target}: {error.strerror}", field="output", value=str(target)) from error
    finally:
        part.unlink(missing_ok=True)


@click.command("lineage")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--up", "direction", flag_value="up", default=True, help="What it came from (default).")
@click.option("--down", "direction", flag_value="down", help="What came of it.")
@click.option("--depth", type=click.IntRange(0), help="Number of relations from the nearest ID; all by default.")
@click.option("--json", "as_json", is_flag=True, help="Print what HTTP would answer.")
def show_lineage(ids: tuple[str, ...], direction: str, depth: int | None, *, as_json: bool) -> None:
    """Show where products came from, or what came of them, as a tree."""
    with opened() as provstore:
        namespace = provstore.store.namespace
        nodes = tuple(expand(one, namespace) for one in ids)
        question = Question(ids=nodes, direction=_WAYS[direction], depth=depth)
        answer = lineage(provstore.store, question)
        if as_json:
            click.echo(json.dumps(graph_json(answer)))
            return
        for line in lineage_tree(answer, nodes, direction=_WAYS[direction], namespace=namespace):
            click.echo(line)
