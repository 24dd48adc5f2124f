"""``provstore replay``: what is affected by a bad input or a new revision is planned, run again, compared, accepted."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from provstore.app import Provstore
from provstore.cli.opening import opened
from provstore.errors import Invalid
from provstore.export.document import Document
from provstore.export.registry import by_name
from provstore.queries.replay import Plan
from provstore.uws.replaying.asking import read_wanted
from provstore.uws.replaying.record import State
from provstore.uws.replaying.replays import Status
from provstore.web.replay_json import plan_csv, plan_json, reference_json, status_csv, status_json

__all__ = ["replay"]

_PAUSE: Final = 0.2
_LISTED: Final = 100
_Command = Callable[..., None]


@click.group("replay")
def replay() -> None:
    """Run again what a bad input, or a new revision of a description, affects."""


def _what(command: _Command) -> _Command:
    """Add the options that say what changes."""
    revision = click.option("--revision", "revisions", multiple=True, metavar="SERVICE@REV", help="Run with that one.")
    bad = click.option(
        "--replace", "pairs", multiple=True, metavar="OLD=NEW", help="Use NEW where OLD was used; ids of entities."
    )
    return bad(revision(command))


def _how(command: _Command) -> _Command:
    """Add the options that say how the answer is written."""
    as_json = click.option("--json", "as_json", is_flag=True, help="Print what HTTP would answer.")
    as_csv = click.option("--csv", "as_csv", is_flag=True, help="Print a table.")
    return as_json(as_csv(command))


@replay.command("plan")
@_what
@_how
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Draw the plan into a file.")
@click.option("--keep", is_flag=True, help="Keep the plan, to be run by its id.")
def plan_command(
    pairs: tuple[str, ...], revisions: tuple[str, ...], *, as_json: bool, as_csv: bool, svg: Path | None, keep: bool
) -> None:
    """Tell which jobs would run again, in which order, with what; and which can't, and why."""
    with opened() as provstore:
        planned = _planned(provstore, pairs, revisions)
        if svg is not None:
            _draw(provstore, planned, svg)
        kept = provstore.service.replays.keep(provstore.accounts.administrator(), planned) if keep else None
        if kept is not None:
            _tell(provstore, _status(provstore, kept.id), as_json=as_json, as_csv=as_csv)
        elif as_json:
            click.echo(json.dumps(plan_json(planned, name_of=provstore.accounts.name_of)))
        elif as_csv:
            click.echo(plan_csv(planned), nl=False)
        else:
            _print(provstore, plan_json(planned, name_of=provstore.accounts.name_of))


@replay.command("run")
@click.argument("replay_id", metavar="[ID]", required=False)
@_what
@_how
@click.option("--job", "jobs", multiple=True, metavar="JOB", help="Only these jobs of the plan, by the one that ran.")
@click.option("--wait", is_flag=True, help="Wait for the end; exit with 0 only if all jobs are COMPLETED.")
def run_command(replay_id: str | None, **options: Any) -> None:
    """Run a plan that was kept, by its ID, or make one and run it at once; whole or in part."""
    changes = (*options["pairs"], *options["revisions"])
    if (replay_id is None) == (not changes):
        raise click.UsageError("choose: replay run ID, or replay run --replace OLD=NEW, --revision SERVICE@REV")
    with opened() as provstore:
        replays, caller = provstore.service.replays, provstore.accounts.administrator()
        if replay_id is None:
            replay_id = replays.keep(caller, _planned(provstore, options["pairs"], options["revisions"])).id
        replays.run(caller, replay_id, jobs=options["jobs"] or None)
        provstore.supervisor.tick()
        if options["wait"]:
            _wait(provstore, replay_id)
        status = _status(provstore, replay_id)
        _tell(provstore, status, as_json=options["as_json"], as_csv=options["as_csv"])
        if options["wait"]:
            sys.exit(0 if all(one.phase == "COMPLETED" for one in status.progress.values()) else 1)


@replay.command("status")
@click.argument("replay_id", metavar="[ID]", required=False)
@_how
def status_command(replay_id: str | None, *, as_json: bool, as_csv: bool) -> None:
    """Tell how far a replay is, and how its products compare; without ID list the newest replays."""
    with opened() as provstore:
        if replay_id is not None:
            _tell(provstore, _status(provstore, replay_id), as_json=as_json, as_csv=as_csv)
            return
        page = provstore.service.replays.page(provstore.accounts.administrator(), limit=_LISTED, after=None)
        items = [reference_json(one, name_of=provstore.accounts.name_of) for one in page.items]
        if as_json:
            click.echo(json.dumps({"items": items, "next": page.next}))
            return
        for one in items:
            click.echo(f"{one['replay']}  {one['state']:<8}  {str(one['created'])[:19]}Z  {one['total']} jobs")


@replay.command("stop")
@click.argument("replay_id", metavar="ID")
@click.option("--abort", is_flag=True, help="Abort the jobs that run; else they go on to their end.")
@_how
def stop_command(replay_id: str, *, abort: bool, as_json: bool, as_csv: bool) -> None:
    """Let a replay make no more jobs."""
    with opened() as provstore:
        provstore.service.replays.stop(provstore.accounts.administrator(), replay_id, abort=abort)
        provstore.supervisor.tick()
        _tell(provstore, _status(provstore, replay_id), as_json=as_json, as_csv=as_csv)


@replay.command("accept")
@click.argument("replay_id", metavar="ID")
@_how
def accept_command(replay_id: str, *, as_json: bool, as_csv: bool) -> None:
    """State that the new products are revisions of those that they replace."""
    with opened() as provstore:
        status = provstore.service.replays.accept(provstore.accounts.administrator(), replay_id)
        _tell(provstore, status, as_json=as_json, as_csv=as_csv)


def _planned(provstore: Provstore, pairs: tuple[str, ...], revisions: tuple[str, ...]) -> Plan:
    caller = provstore.accounts.administrator()
    wanted = read_wanted(provstore.store, caller.viewer, replace=pairs, revisions=revisions)
    return provstore.service.replays.plan(caller, wanted)


def _status(provstore: Provstore, replay_id: str) -> Status:
    return provstore.service.replays.status(provstore.accounts.administrator(), replay_id)


def _wait(provstore: Provstore, replay_id: str) -> None:
    """Look after it if no server does."""
    caller = provstore.accounts.administrator()
    while provstore.service.replays.read(caller, replay_id).state is State.RUNNING:
        time.sleep(_PAUSE)
        provstore.supervisor.tick()


def _draw(provstore: Provstore, planned: Plan, file: Path) -> None:
    graph = provstore.service.replays.graph(provstore.accounts.administrator(), planned)
    document = replace(Document.of_answer(graph, provstore.store.namespace), title="Replay")
    try:
        with file.open("wb") as sink:
            by_name("svg").write(document, sink)
    except OSError as error:
        raise Invalid(f"can't write {file}: {error.strerror}", field="svg", value=str(file)) from error


def _tell(provstore: Provstore, status: Status, *, as_json: bool, as_csv: bool) -> None:
    told = status_json(status, name_of=provstore.accounts.name_of)
    if as_json:
        click.echo(json.dumps(told))
    elif as_csv:
        click.echo(status_csv(status), nl=False)
    else:
        click.echo(f"{told['replay']}  {told['state']}")
        _print(provstore, told)


def _print(provstore: Provstore, told: dict[str, Any]) -> None:
    """Print jobs by level, what each uses, and what is left out."""
    namespace = provstore.store.namespace
    for job in told["jobs"]:
        became = job.get("phase") or job.get("standing") or ""
        revision = job["ran"] if job["ran"] == job["revision"] else f"{job['ran']} -> {job['revision']}"
        words = (f"{job['level']}.", job["job"].removeprefix(namespace), revision, became, job.get("text") or "")
        click.echo("  ".join(word for word in words if word))
        for one in job["inputs"]:
            of = f"{one['result']} of the one that replays {one['of']}" if one["of"] else one["new"]
            click.echo(f"     {one['name']}: {one['source']}, {of.replace(namespace, '')}")
        for one in job.get("products", ()):
            click.echo(f"     made {one['name']}: {one['verdict']}")
    for left in told["leftOut"]:
        click.echo(f"-   {left['activity'].removeprefix(namespace)}  {left['label']}: {left['text']}")
    if not told["jobs"]:
        click.echo("nothing runs again", err=True)
