"""``provstore query``: the catalogue's questions, one command each, made from the catalogue."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Final

import click

from provstore.accounts.callers import Caller
from provstore.cli.opening import opened
from provstore.queries.answers import Listing, Rows, Text
from provstore.queries.asking import Asker, Question, answer, python_name
from provstore.queries.catalog import QUESTIONS
from provstore.web.answers_json import answer_csv, answer_json, rows_csv

__all__ = ["query"]

_INDENT: Final = 2


@click.group("query")
def query() -> None:
    """Ask the graph; --help of each question tells its parameters."""


def _command(question: Question) -> click.Command:
    def ask(as_csv: bool, as_json: bool, **given: tuple[str, ...]) -> None:  # noqa: FBT001 - click passes flags so
        names = {python_name(one.name): one.name for one in question.parameters}
        values = {names[name]: texts for name, texts in given.items() if texts}
        with opened() as provstore:
            caller: Caller = provstore.accounts.administrator()
            found = answer(question, values, Asker(store=provstore.store, viewer=caller.viewer))
            for part in _written(found, as_csv=as_csv, as_json=as_json):
                click.echo(part, nl=False)

    command: Callable[..., None] = ask
    for one in reversed(question.parameters):
        needed = " (needed)" if one.needed else f" [{one.default}]" if one.default else ""
        option = click.option(f"--{one.name}", python_name(one.name), multiple=True, help=one.text + needed)
        command = option(command)
    command = click.option("--csv", "as_csv", is_flag=True, help="Lists as CSV.")(command)
    command = click.option("--json", "as_json", is_flag=True, help="JSON, also of what is to be read.")(command)
    return click.command(question.name, help=question.text)(command)


def _written(found: object, *, as_csv: bool, as_json: bool) -> Iterator[str]:
    if as_csv and isinstance(found, Listing):
        yield answer_csv(found)
    elif as_csv and isinstance(found, Rows):
        yield from rows_csv(found.rows())
    elif isinstance(found, Text) and not as_json:
        yield found.text
    else:
        yield json.dumps(answer_json(found), indent=_INDENT, ensure_ascii=False) + "\n"


for _question in QUESTIONS:
    query.add_command(_command(_question))
