"""How long a job may run on a cluster: its execution duration and the time limit of the cluster must agree."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil, inf, isfinite
from typing import Final

from provstore.clusters import Cluster
from provstore.errors import Invalid
from provstore.resources import seconds_of
from provstore.settings import Settings
from provstore.uws.clusters.placement import Placement

__all__ = ["Fitted", "fitted"]

_TIME: Final = "time"
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A placement and an execution duration that agree."""

    placement: Placement
    execution_duration: timedelta


def fitted(placement: Placement, duration: timedelta, settings: Settings) -> Fitted:
    """Make a placement and an execution duration (0: unlimited) agree.

    The duration is held to what the cluster gives at most, less the grace for ending the job; an unlimited one to the
    ``time`` asked for. A ``time`` that is only the cluster's default is left out where it is too short: the executor
    asks for what the duration needs.

    Raises:
        Invalid: the ``time`` asked for is shorter than the job may run.
    """
    cluster = settings.cluster(placement.executor)
    if cluster is None:
        return Fitted(placement=placement, execution_duration=duration)
    grace = settings.kill_grace.total_seconds()
    held = _held(duration.total_seconds() or inf, cluster.maxima.get(_TIME, ""), grace)
    time = placement.resources.get(_TIME, "")
    if time and isfinite(held) and _whole_minutes(time) < held + grace:
        _refuse_unless_default(time, held + grace, cluster)
        without = {name: value for name, value in placement.resources.items() if name != _TIME}
        placement = replace(placement, resources=without)
    elif not isfinite(held):
        held = _held(held, time, grace)
    seconds = held if isfinite(held) else 0
    return Fitted(placement=placement, execution_duration=timedelta(seconds=seconds))


def _held(seconds: float, most: str, grace: float) -> float:
    """Hold a duration to a limit of the cluster, "" for none; in whole seconds, and at least one."""
    limit = seconds_of(most) - grace if most else inf
    return seconds if seconds <= limit else max(1, int(limit))


def _whole_minutes(time: str) -> float:
    """Give the seconds of a time limit, which SLURM rounds up to whole minutes."""
    seconds = seconds_of(time)
    return ceil(seconds / _MINUTE) * _MINUTE if isfinite(seconds) else seconds


def _refuse_unless_default(time: str, needed: float, cluster: Cluster) -> None:
    if time != cluster.defaults.get(_TIME):
        words = f"slurm_time={time!r} is shorter than the job may run: its execution duration and the time to end it"
        right = f"are {needed:g} s; ask for more, or for a shorter EXECUTIONDURATION"
        raise Invalid(f"{words} {right}", field="slurm_time", value=time)
