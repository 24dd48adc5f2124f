"""``provstore describe propose`` and what follows: a proposal's way to a revision, and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from provstore.app import Provstore
from provstore.cli.describing.sources import Source, read_source, tell_repairs
from provstore.cli.describing.terminal import table, visible
from provstore.cli.opening import opened
from provstore.errors import Invalid
from provstore.uws.publishing.proposals import Proposal, ProposalPage, State
from provstore.uws.publishing.revisions import Revision
from provstore.web.jdl.shapes import NameOf, by_account, proposal_json, proposed_json, revision_json

__all__ = [
    "accept",
    "address",
    "names",
    "proposals",
    "propose",
    "propose_source",
    "reject",
    "restore",
    "retract",
    "withdraw",
]

_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_as_json: Final = click.option("--json", "as_json", is_flag=True, help="Print what HTTP would answer.")
_message: Final = click.option("-m", "--message", default="", help="What to say with it.")


def address(provstore: Provstore) -> str:
    """Give the base address of the server of this data directory, as its settings tell it."""
    settings = provstore.settings
    return settings.base_url.rstrip("/") or f"http://{settings.host}:{settings.port}"


def names(provstore: Provstore) -> NameOf:
    """Give the names of people for the administrator, who may know them."""
    return by_account(provstore.accounts.name_of)


@click.command("propose")
@click.argument("file", type=_FILE)
@click.option("--script", type=_FILE, help="Its script, if it is in another file.")
@click.option("--file", "files", type=_FILE, multiple=True, help="A default file of an input; may be repeated.")
@click.option("--strict", is_flag=True, help="Refuse what would have to be repaired.")
@_message
@_as_json
def propose(
    file: Path, script: Path | None, files: tuple[Path, ...], *, strict: bool, message: str, as_json: bool
) -> None:
    """Propose the definition in FILE; print the id of the proposal.

    Nothing runs before it was accepted. The script and the default files of inputs are found beside FILE too.
    """
    source = read_source(file, script=script, files=files, strict=strict)
    if not as_json:
        tell_repairs(source.reading)
    with opened() as provstore:
        proposal = propose_source(provstore, source, message=message)
        answer = proposed_json(
            proposal, source.reading, proposal.warnings, base=address(provstore), name_of=names(provstore)
        )
    if as_json:
        _print_json(answer)
        return
    for problem in proposal.warnings:
        click.echo(visible(str(problem)), err=True)
    click.echo(proposal.id)
    click.echo(f"next: provstore describe diff {proposal.id}; provstore describe accept {proposal.id}", err=True)


def propose_source(provstore: Provstore, source: Source, *, message: str) -> Proposal:
    """Propose what was read, as the local administrator."""
    caller = provstore.accounts.administrator()
    return provstore.publication.propose(
        caller, source.reading.description, message=message.strip(), files=source.files
    )


@click.command("proposals")
@click.option("--service", help="Only those of one service.")
@click.option("--all", "every", is_flag=True, help="Also those that were decided on.")
@_as_json
def proposals(service: str | None, *, every: bool, as_json: bool) -> None:
    """List proposals, newest first."""
    states = frozenset(State) if every else frozenset({State.PROPOSED})
    with opened() as provstore:
        caller = provstore.accounts.administrator()
        found = _every(lambda key: provstore.publication.proposals(caller, service=service, states=states, after=key))
        base, name_of = address(provstore), names(provstore)
        items = [proposal_json(one, base=base, name_of=name_of) for one in found]
    if as_json:
        _print_json({"items": items, "next": None})
    elif items:
        rows = [_row(one, item) for one, item in zip(found, items, strict=True)]
        table(("PROPOSAL", "SERVICE", "STATE", "BASE", "MADE", "AUTHOR", "MESSAGE"), rows)
    else:
        click.echo("no open proposals; make one with: provstore describe propose FILE", err=True)


def _every(page_after: Callable[[str | None], ProposalPage]) -> list[Proposal]:
    """Give the proposals of all pages."""
    page = page_after(None)
    found = [*page.items]
    while page.next is not None:
        page = page_after(page.next)
        found.extend(page.items)
    return found


def _row(proposal: Proposal, item: dict[str, Any]) -> tuple[str, ...]:
    when = f"{proposal.created_at:%Y-%m-%d %H:%M}Z"
    message = proposal.decision or proposal.message
    return (item["id"], item["service"], item["state"], proposal.base or "-", when, item["author"] or "-", message)


@click.command("accept")
@click.argument("proposal_id", metavar="PROPOSAL")
@click.option("--against", metavar="SERVICE@N", help="The revision with which you compared it, if not its base.")
@_message
@_as_json
def accept(proposal_id: str, against: str | None, *, message: str, as_json: bool) -> None:
    """Make PROPOSAL the newest revision of its service."""
    with opened() as provstore:
        caller = provstore.accounts.administrator()
        told = message.strip()
        revision = provstore.publication.accept(caller, proposal_id, message=told, against=against)
        _show_revision(provstore, revision, as_json=as_json)


@click.command("reject")
@click.argument("proposal_id", metavar="PROPOSAL")
@click.option("-m", "--message", required=True, help="Why; its author reads it.")
@_as_json
def reject(proposal_id: str, *, message: str, as_json: bool) -> None:
    """Refuse PROPOSAL."""
    with opened() as provstore:
        caller = provstore.accounts.administrator()
        _show_proposal(provstore, provstore.publication.reject(caller, proposal_id, message=message), as_json=as_json)


@click.command("retract")
@click.argument("proposal_id", metavar="PROPOSAL")
@_message
@_as_json
def retract(proposal_id: str, *, message: str, as_json: bool) -> None:
    """Take back PROPOSAL, if the administrator made it."""
    with opened() as provstore:
        caller = provstore.accounts.administrator()
        taken = provstore.publication.retract(caller, proposal_id, message=message.strip())
        _show_proposal(provstore, taken, as_json=as_json)


@click.command("restore")
@click.argument("name", metavar="SERVICE@N")
@_message
@_as_json
def restore(name: str, *, message: str, as_json: bool) -> None:
    """Make what an older revision says the newest one."""
    if "@" not in name:
        raise Invalid(f"{name!r}: a revision is needed, as {name}@1; see: provstore describe history {name}")
    with opened() as provstore:
        caller = provstore.accounts.administrator()
        revision = provstore.publication.restore(caller, name, message=message.strip())
        _show_revision(provstore, revision, as_json=as_json)


@click.command("withdraw")
@click.argument("service")
@_message
@_as_json
def withdraw(service: str, *, message: str, as_json: bool) -> None:
    """Take SERVICE out of use: no new jobs are made of it; restore brings it back."""
    with opened() as provstore:
        caller = provstore.accounts.administrator()
        revision = provstore.publication.withdraw(caller, service, message=message.strip())
        _show_revision(provstore, revision, as_json=as_json)


def _show_revision(provstore: Provstore, revision: Revision, *, as_json: bool) -> None:
    if as_json:
        _print_json(revision_json(revision, base=address(provstore), name_of=names(provstore)))
    elif revision.withdrawn_at:
        click.echo(f"{revision.name} withdrawn")
    else:
        click.echo(revision.name)


def _show_proposal(provstore: Provstore, proposal: Proposal, *, as_json: bool) -> None:
    if as_json:
        _print_json(proposal_json(proposal, base=address(provstore), name_of=names(provstore)))
    else:
        click.echo(f"{proposal.id} {proposal.state}")


def _print_json(answer: dict[str, Any]) -> None:
    click.echo(json.dumps(answer, ensure_ascii=False))
