"""``provstore check graph``: whether what is stored keeps PROV-CONSTRAINTS, document by document, and our own word."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

import click

from provstore.app import Provstore
from provstore.cli.opening import opened
from provstore.export.document import Document, Model
from provstore.export.records import FORMALS, Record
from provstore.export.statements import statements
from provstore.graph.documents import statement_of
from provstore.graph.model import Attribute, Label, Node
from provstore.graph.statements import Statement
from provstore.graph.store import Condition, Find, every
from provstore.queries.constraints.validator import violations
from provstore.queries.constraints.violation import Violation

__all__ = ["check_graph"]

_OWN = "this store"


@click.command("graph")
@click.argument("documents", metavar="[DOCUMENT...]", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each violation.")
def check_graph(documents: tuple[str, ...], *, as_json: bool) -> None:
    """Test the graph, or some documents in it, against PROV-CONSTRAINTS; exit code 1 if something breaks them.

    Each document is a history of its own, and so is what this store itself says. Holds one of them in memory at a time.
    """
    found = 0
    with opened() as provstore:
        for name, said in _histories(provstore, documents):
            for one in violations(said):
                found += 1
                click.echo(_line(name, one, as_json=as_json))
    if not as_json:
        click.echo(f"{found} violations" if found else "no violations")
    sys.exit(1 if found else 0)


def _line(name: str, one: Violation, *, as_json: bool) -> str:
    if as_json:
        return json.dumps({"document": name, **asdict(one)}, ensure_ascii=False)
    where = f"{name}, bundle {one.bundle}" if one.bundle else name
    return f"{where}: constraint {one.rule}: {one.text}"


def _histories(provstore: Provstore, documents: tuple[str, ...]) -> Iterator[tuple[str, Iterator[Statement]]]:
    """Give each history with its name: our own unless documents are asked for, then the documents."""
    namespace = provstore.store.namespace
    if not documents:
        yield _OWN, _own(provstore)
    bundles: dict[str, list[Node]] = {}
    for node in every(provstore.store, Find(condition=Condition(label=Label.BUNDLE))):
        if "document" in node.properties:
            local = str(node.properties["document"]).removeprefix(namespace)
            bundles.setdefault(local, []).append(node)
    for local in documents or sorted(bundles):
        yield local, _told(provstore, bundles.get(local.removeprefix("id:"), []))


def _told(provstore: Provstore, bundles: list[Node]) -> Iterator[Statement]:
    for node in bundles:
        name = str(node.properties.get("bundle", ""))
        for relation in provstore.store.told(node.id):
            statement = statement_of(relation, bundle=name)
            if statement is not None:
                yield statement


def _own(provstore: Provstore) -> Iterator[Statement]:
    """Give what this store itself says, in the words of W3C PROV."""
    store = provstore.store
    document = Document(graph=store.scan(), own_namespace=store.namespace, model=Model.W3C)
    return (_statement(record) for record in statements(document) if record.bundle is None)


def _statement(record: Record) -> Statement:
    arguments = {
        name: value for name, value in zip(FORMALS[record.kind], record.arguments, strict=False) if value is not None
    }
    attributes = tuple(Attribute(*one) for one in record.attributes)
    return Statement(record.kind, record.id or "", arguments, attributes)
