"""``provstore cypher``: a question to Neo4j in its own language."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

import click

from provstore.cli.opening import opened
from provstore.errors import Invalid
from provstore.graph.cypher import CypherReader, Rows
from provstore.graph.model import Node, Relation
from provstore.web.answers_json import answer_json
from provstore.web.cypher import cypher_statement

__all__ = ["cypher"]

_STANDARD_INPUT = "-"


@click.command()
@click.argument("statement")
@click.option("-p", "--parameter", "parameters", metavar="NAME=VALUE", multiple=True, help="VALUE is JSON, or text.")
@click.option("--limit", type=int, default=1_000, show_default=True, help="At most so many rows.")
@click.option("--timeout", type=float, default=10.0, show_default=True, help="At most so many seconds.")
@click.option("--json", "as_json", is_flag=True, help="Print what HTTP would answer.")
def cypher(statement: str, parameters: tuple[str, ...], *, limit: int, timeout: float, as_json: bool) -> None:
    """Ask Neo4j a Cypher STATEMENT that only reads (- reads it from standard input); rows are separated by tabs."""
    text = sys.stdin.read() if statement == _STANDARD_INPUT else statement
    values = dict(map(_parameter, parameters))
    question = cypher_statement({"statement": text, "parameters": values, "limit": limit, "timeout": timeout})
    with opened() as provstore:
        store = provstore.store
        if not isinstance(store, CypherReader):
            raise Invalid("the graph is the embedded SQLite store; Cypher needs Neo4j (PROVSTORE_GRAPH_URL)")
        rows = store.cypher(question)
    if as_json:
        click.echo(json.dumps(answer_json(rows), ensure_ascii=False))
    else:
        _print(rows)


def _parameter(given: str) -> tuple[str, Any]:
    name, is_there, value = given.partition("=")
    if not is_there or not name:
        raise Invalid(f"parameter {given!r}: NAME=VALUE is needed", field="parameter", value=given)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _print(rows: Rows) -> None:
    _line(rows.columns)
    for row in rows.rows:
        _line(map(_cell, row))
    if rows.truncated:
        click.echo("(more than shown)", err=True)


def _line(cells: Iterable[str]) -> None:
    click.echo("\t".join(" ".join(cell.split()) for cell in cells))


def _cell(value: object) -> str:
    if isinstance(value, Node):
        return value.id
    if isinstance(value, Relation):
        return f"{value.source} {value.kind} {value.target}"
    return value if isinstance(value, str) else json.dumps(answer_json(value), ensure_ascii=False)
