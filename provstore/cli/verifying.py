"""``provstore verify``: files read again and compared with what was recorded of them."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Final

import click

from provstore.cli.opening import opened
from provstore.queries.names import resolve_all
from provstore.uws.verifying import Outcome, Verified, Verifying

__all__ = ["verify"]

_BAD: Final = frozenset({Outcome.CHANGED, Outcome.MISSING})


@click.command()
@click.argument("ids", metavar="[ID...]", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All entities that have a file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a line a file.")
def verify(ids: tuple[str, ...], *, everything: bool, as_json: bool) -> None:
    """Read the files of entities again and tell which are fine, changed or missing; exit with 1 if one is not fine.

    The graph tells it afterwards: who looked, when, and what was found.
    """
    if bool(ids) == everything:
        raise click.UsageError("name entities, or give --all")
    counts: Counter[Outcome] = Counter()
    with opened() as provstore:
        caller, store = provstore.accounts.administrator(), provstore.store
        verifying = Verifying(store, provstore.files)
        found = verifying.verify_all(caller) if everything else verifying.verify(caller, resolve_all(store, ids))
        for one in found:
            counts[one.outcome] += 1
            if as_json or not everything or one.outcome in _BAD:
                click.echo(_line(one, store.namespace, as_json=as_json))
    click.echo(
        ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome]) or "no file", err=True
    )
    sys.exit(1 if any(counts[outcome] for outcome in _BAD) else 0)


def _line(one: Verified, namespace: str, *, as_json: bool) -> str:
    local = one.entity.removeprefix(namespace)
    if as_json:
        told = {"id": local, "location": one.location, "outcome": one.outcome, "detail": one.detail}
        return json.dumps({**told, "checksums": dict(one.checksums)})
    return f"{one.outcome:9}  {local}  {one.location}{f'  ({one.detail})' if one.detail else ''}"
