"""What is written of a job whose resources, cluster or execution duration are changed before it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from provstore.accounts.callers import Caller
from provstore.errors import Forbidden
from provstore.graph.model import Value
from provstore.graph.store import Update
from provstore.settings import Settings
from provstore.uws.clusters.durations import Fitted, fitted
from provstore.uws.clusters.placement import Placement, account_on, choose, resources_of, resources_text
from provstore.uws.descriptions.model import Description
from provstore.uws.descriptions.names import CLUSTER_CONTROL, CLUSTER_PREFIX
from provstore.uws.jobs import Job, JobParameter
from provstore.uws.records import guarded

__all__ = ["asked_before", "change_of_duration", "change_of_resources", "control_of"]


def change_of_duration(job: Job, duration: timedelta, settings: Settings) -> Update:
    """Give a job another execution duration, if nobody changed it meanwhile.

    Raises:
        Invalid: it is longer than the time limit that was asked of the cluster.
    """
    placement = Placement(executor=job.executor, account=job.cluster_account, resources=resources_of(job.resources))
    return _guarded(job, fitted(placement, duration, settings))


def change_of_resources(
    job: Job, description: Description, asked: Mapping[str, str], *, caller: Caller, settings: Settings
) -> Update:
    """Give a job what is asked for now, and what was asked for before and is not asked for otherwise.

    What is asked for as empty is taken back: the job gets what it would have had without. It stays on its cluster,
    unless that is what is taken back.

    Raises:
        Invalid: an unknown resource or cluster, a value of the wrong form or beyond what is allowed.
        Forbidden: there is no account for this person on the cluster, or somebody else's job would change its account.
    """
    lower = {name.lower() for name in asked}
    before = asked_before(job, description, settings)
    kept = {name: value for name, value in before.items() if name not in lower}
    placement = choose(description, {**kept, **asked}, settings)
    account = _account(job, placement.executor, caller, settings)
    return _guarded(job, fitted(replace(placement, account=account), job.execution_duration, settings))


def control_of(job: Job, name: str) -> JobParameter | None:
    """Give what a job asks of a cluster under the name of a control parameter; None if it asks nothing so called."""
    control = name.lower()
    asks = {f"{CLUSTER_PREFIX}{one}": value for one, value in resources_of(job.resources).items()}
    value = (asks | {CLUSTER_CONTROL: job.executor}).get(control, "")
    return JobParameter(name=control, value=value) if value else None


def asked_before(job: Job, description: Description, settings: Settings) -> dict[str, str]:
    """Give what differs from what every job of the service gets on the job's cluster."""
    cluster = settings.cluster(job.executor)
    if cluster is None:
        return {}
    controls = {name: value for name, value in description.controls if value}
    usual = {f"{CLUSTER_PREFIX}{name}": value for name, value in cluster.defaults.items()} | controls
    have = {f"{CLUSTER_PREFIX}{name}": value for name, value in resources_of(job.resources).items()}
    return {name: value for name, value in have.items() if usual.get(name) != value} | {CLUSTER_CONTROL: job.executor}


def _account(job: Job, executor: str, caller: Caller, settings: Settings) -> str:
    """An account once given stays; on another cluster it is the owner's, which only he himself brings along."""
    if executor == job.executor:
        return job.cluster_account
    cluster = settings.cluster(executor)
    if caller.agent != job.owner and cluster is not None and cluster.accounts:
        words = f"job {job.id}: only its owner can send it to {executor}, where people have accounts of their own"
        raise Forbidden(words)
    return account_on(executor, caller.name, settings)


def _guarded(job: Job, found: Fitted) -> Update:
    """Change where a job runs and how long, if both are what was read."""
    placement = found.placement
    put: dict[str, Value | None] = {
        "executor": placement.executor,
        "resources": resources_text(placement.resources) or None,
        "cluster_account": placement.account or None,
        "execution_duration": int(found.execution_duration / timedelta(seconds=1)),
    }
    update = guarded(job, put)
    read: dict[str, Value | None] = {
        "executor": job.executor or None,
        "resources": job.resources or None,
        "execution_duration": int(job.execution_duration / timedelta(seconds=1)),
    }
    return replace(update, expected={**update.expected, **read})
