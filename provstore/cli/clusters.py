"""``provstore check cluster``: whether jobs can run on a cluster, proved by one that does."""

from __future__ import annotations

import json
import os
from datetime import timedelta

import click

from provstore import app
from provstore.cli.report import is_well, tell
from provstore.clusters import Cluster
from provstore.errors import NotFound
from provstore.settings import Settings, load_settings

__all__ = ["check_cluster"]


@click.command("cluster")
@click.argument("name")
@click.option("--account", default="", help="Run the trial job in this account of the cluster (default: the first).")
@click.option(
    "--patience", type=click.IntRange(1), default=120, show_default=True, help="Seconds to wait for the trial job."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check_cluster(name: str, *, account: str, patience: int, as_json: bool) -> None:
    """Prove step by step that jobs can run on the cluster NAME, by one that does; say what to do about each fault.

    Run it as the user and with the settings of the server, while that runs: the trial job signals to it.
    """
    settings = load_settings(os.environ)
    cluster = _cluster(settings, name)
    _refuse_unknown(account, cluster)
    found = app.check_cluster(cluster, settings, account=account, patience=timedelta(seconds=patience))
    if as_json:
        findings = list(found)
        items = [
            {"part": one.part, "level": one.level, "found": one.found, "remedy": one.remedy or None} for one in findings
        ]
        click.echo(json.dumps({"cluster": name, "well": is_well(findings), "findings": items}))
    else:
        click.echo(f"cluster {name}: {cluster.user}@{cluster.host}:{cluster.port}")
        findings = tell(found)
    raise SystemExit(not is_well(findings))


def _cluster(settings: Settings, name: str) -> Cluster:
    cluster = settings.cluster(name)
    if cluster is None:
        known = ", ".join(one.name for one in settings.clusters) or "the settings have none"
        raise NotFound(f"cluster {name!r} is not in the settings; known: {known}", field="clusters", value=name)
    return cluster


def _refuse_unknown(account: str, cluster: Cluster) -> None:
    known = sorted({one.user for one in cluster.accounts.values()})
    if account and account not in known:
        words = f"account {account!r} is not in the settings; known: {', '.join(known) or 'there are none'}"
        raise NotFound(words, field="account", value=account)
