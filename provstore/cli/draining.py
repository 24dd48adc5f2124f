"""``provstore drain``: take no new jobs, and wait for those that run, before the machine or the store is touched."""

from __future__ import annotations

import os
import sys
import threading

import click

from provstore.app import Provstore
from provstore.cli.opening import opened
from provstore.settings import load_settings
from provstore.uws.draining import DRAINING_FILE, Draining
from provstore.uws.phases import Phase
from provstore.uws.queue.backlog import Backlog

__all__ = ["drain"]


@click.command()
@click.argument("reason", nargs=-1)
@click.option("--end", is_flag=True, help="Take new jobs again.")
@click.option("--status", is_flag=True, help="Only tell whether the site is drained, and why.")
@click.option("--wait", is_flag=True, help="Return when no job runs any more.")
def drain(reason: tuple[str, ...], *, end: bool, status: bool, wait: bool) -> None:
    """Take no new jobs and start none that are queued; those that run come to their end.

    REASON is what users are told with the refusal (503) and in /availability. It holds for every process on the data
    directory, and until --end, also after a restart.
    """
    if (end and (reason or wait or status)) or (status and reason):
        raise click.UsageError("choose: drain [REASON] [--wait], drain --status [--wait], or drain --end")
    draining = Draining(load_settings(os.environ).data.absolute() / DRAINING_FILE)
    if end:
        draining.end()
    elif not status and (reason or not draining.reason()):  # without words an older reason stays
        draining.begin(" ".join(reason))
    said = draining.reason()
    click.echo(f"draining: {said}" if said else "not draining: new jobs are taken")
    if wait:
        with opened() as provstore:
            _wait(provstore)


def _wait(provstore: Provstore) -> None:
    """Look every tick, and after the jobs as well if no server does; who stops waiting stops nothing else."""
    pause, seconds = threading.Event(), max(0.1, provstore.settings.tick.total_seconds())
    shown = -1
    while True:
        provstore.supervisor.tick()
        left = _running(provstore)
        if left != shown and sys.stderr.isatty():
            click.echo(f"{left} still run", err=True)
        shown = left
        if not left:
            break
        pause.wait(seconds)
    click.echo("no job runs")


def _running(provstore: Provstore) -> int:
    """Count what is not at rest; a queued job whose start is under way, or that a cluster has, counts."""
    backlog = Backlog(provstore.store)
    starting = (one for queue in backlog.queued().values() for one in queue if provstore.files.run(one.id).exists())
    return sum(one.phase is not Phase.HELD for one in backlog.in_hand()) + sum(1 for _ in starting)
