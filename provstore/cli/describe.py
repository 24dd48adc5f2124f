"""``provstore describe``: the services on offer, and the way of a definition to one of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import click

from provstore.app import Provstore
from provstore.cli.describing.comparing import diff, history
from provstore.cli.describing.files import check, convert
from provstore.cli.describing.new import new, try_file
from provstore.cli.describing.steps import (
    accept,
    address,
    names,
    proposals,
    propose,
    reject,
    restore,
    retract,
    withdraw,
)
from provstore.cli.describing.terminal import show_script
from provstore.cli.opening import opened
from provstore.uws.descriptions.dialects.jsonform import to_json
from provstore.uws.descriptions.dialects.votable_writer import write_votable
from provstore.uws.descriptions.forms.form import form_json
from provstore.uws.descriptions.model import Description
from provstore.uws.publishing.revisions import Revision
from provstore.web.jdl.shapes import definition_json, listed_json
from provstore.web.job_forms import form_granted

__all__ = ["describe"]

_HELP: Final = frozenset({"-h", "--help"})


class _Group(click.Group):
    """A group in which the name of a service stands for ``show`` and that name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        words = [word for word in args if not word.startswith("-")]
        if not (words and words[0] in self.commands) and not (not words and _HELP.intersection(args)):
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Group)
def describe() -> None:
    """Services and their definitions.

    \b
    provstore describe                    lists the services on offer
    provstore describe SERVICE[@N]        shows one of them, as `show` does

    Definitions are proposed, looked at and accepted; each acceptance makes a revision, and none is ever changed.
    Exit codes: 0 done, 1 an error, 2 a command that is written wrongly.
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped


@describe.command("show")
@click.argument("service", required=False, metavar="[SERVICE[@N]]")
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "votable", "script", "form"]),
    default="json",
    show_default=True,
    help="The definition, its script alone, or the form of a new job.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what HTTP would answer: with the facts of the revision.")
def show(service: str | None, form: str, *, as_json: bool) -> None:
    """List the services on offer, or show the definition of one."""
    with opened() as provstore:
        if service is None:
            _list(provstore, as_json=as_json)
            return
        revision = provstore.catalog.revision(service)
        if as_json and form == "json":
            click.echo(_json_text(definition_json(revision, name_of=names(provstore))))
            return
        granted = form_granted(revision, provstore.settings)
    if form == "script":
        show_script(revision.description)
    elif form == "form":
        click.echo(_json_text(form_json(granted)))
    else:
        click.echo(_WRITERS[form](revision))


def _list(provstore: Provstore, *, as_json: bool) -> None:
    services = provstore.catalog.services()
    if as_json:
        items = [listed_json(one, base=address(provstore)) for one in services]
        click.echo(json.dumps({"items": items, "next": None}, ensure_ascii=False))
        return
    for one in services:
        click.echo(f"{one.description.name:<24} {_first_line(one.description)}")


def _first_line(description: Description) -> str:
    return next(iter(description.description.splitlines()), description.label)


def _json_text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


_WRITERS: Final[Mapping[str, Callable[[Revision], str | bytes]]] = {
    "json": lambda revision: _json_text(to_json(revision.description)),
    "votable": lambda revision: write_votable(revision.description).rstrip(),
}

_COMMANDS: Final = (
    new,
    try_file,
    check,
    convert,
    propose,
    proposals,
    diff,
    accept,
    reject,
    retract,
    history,
    restore,
    withdraw,
)

for _command in _COMMANDS:
    describe.add_command(_command)
