"""``provstore describe history`` and ``diff``: what a service was, and what is different."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import click

from provstore.app import Provstore
from provstore.cli.describing.sources import read_source, tell_repairs
from provstore.cli.describing.steps import address, names
from provstore.cli.describing.terminal import show_diff, table
from provstore.cli.opening import opened
from provstore.errors import NotFound
from provstore.uws.descriptions.model import Description
from provstore.uws.publishing.revisions import Revision
from provstore.web.jdl.shapes import diff_json, revision_json

__all__ = ["diff", "history"]

_PROPOSAL: Final = re.compile(r"d[0-9a-f]{32}\Z")
_Named = tuple[str, Description]


@click.command("history")
@click.argument("service")
@click.option("--json", "as_json", is_flag=True, help="Print what HTTP would answer.")
def history(service: str, *, as_json: bool) -> None:
    """List the revisions of SERVICE, newest first: when they came, by whom, and why."""
    with opened() as provstore:
        found = provstore.catalog.history(service.partition("@")[0])
        base, name_of = address(provstore), names(provstore)
        items = [revision_json(one, base=base, name_of=name_of) for one in found]
    if as_json:
        click.echo(json.dumps({"items": items, "next": None}, ensure_ascii=False))
        return
    rows = [
        (
            one.name,
            one.description.version or "-",
            f"{one.created_at:%Y-%m-%d %H:%M}Z",
            item["author"] or "-",
            item["validator"] or "-",
            _said(one),
        )
        for one, item in zip(found, items, strict=True)
    ]
    table(("REVISION", "VERSION", "PUBLISHED", "AUTHOR", "ACCEPTED BY", "MESSAGE"), rows)


def _said(revision: Revision) -> str:
    if revision.withdrawn_at is None:
        return revision.message
    return f"{revision.message} [withdrawn {revision.withdrawn_at:%Y-%m-%d}: {revision.withdrawal}]".strip()


@click.command("diff")
@click.argument("new")
@click.argument("other", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print what HTTP would answer.")
def diff(new: str, other: str | None, *, as_json: bool) -> None:
    """Compare definitions.

    \b
    provstore describe diff SERVICE@2 SERVICE@5   two revisions (or proposals, or files)
    provstore describe diff SERVICE@2             a revision and the newest one
    provstore describe diff SERVICE               the newest revision and the one before
    provstore describe diff PROPOSAL              the newest revision and a proposal (or its base, if it is decided)
    provstore describe diff FILE                  the newest revision and a file
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    with opened() as provstore:
        before, after = _pair(provstore, new, other)
    found = diff_json(before, after)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        show_diff(found, old=before[1] if before else None, new=after[1])


def _pair(provstore: Provstore, new: str, other: str | None) -> tuple[_Named | None, _Named]:
    """Give what is compared, the older one first."""
    catalog = provstore.catalog
    if other is not None:
        return _one(provstore, new), _one(provstore, other)
    if _PROPOSAL.match(new):
        return _pair_of_proposal(provstore, new)
    if _is_file(provstore, new):
        read = _one(provstore, new)
        return _newest(provstore, read[1].name), read
    if "@" in new:
        return _one(provstore, new), _named(catalog.newest(new.partition("@")[0]))
    newest = catalog.newest(new)
    before = _named(catalog.revision(f"{new}@{newest.number - 1}")) if newest.number > 1 else None
    return before, _named(newest)


def _is_file(provstore: Provstore, text: str) -> bool:
    """Tell a file from a service: one that has the name of a service is meant only as ``./NAME``."""
    known = {one.description.name for one in provstore.catalog.known()}
    return text.partition("@")[0] not in known and ("/" in text or Path(text).is_file())


def _one(provstore: Provstore, text: str) -> _Named:
    """Give a definition by what names it: a proposal, a file, or a revision."""
    if _PROPOSAL.match(text):
        proposal = provstore.publication.proposal(provstore.accounts.administrator(), text)
        return f"proposal {proposal.id}", proposal.description
    if _is_file(provstore, text):
        reading = read_source(Path(text)).reading
        tell_repairs(reading)
        return text, reading.description
    return _named(provstore.catalog.revision(text))


def _pair_of_proposal(provstore: Provstore, local: str) -> tuple[_Named | None, _Named]:
    proposal = provstore.publication.proposal(provstore.accounts.administrator(), local)
    new = (f"proposal {proposal.id}", proposal.description)
    if proposal.decided_at is None:
        return _newest(provstore, proposal.description.name), new
    return (_named(provstore.catalog.revision(proposal.base)) if proposal.base else None), new


def _newest(provstore: Provstore, service: str) -> _Named | None:
    try:
        return _named(provstore.catalog.newest(service))
    except NotFound:
        return None


def _named(revision: Revision) -> _Named:
    return revision.name, revision.description
