"""SLURM's commands as lists of arguments. Nothing runs here; what sends them quotes each argument for the shell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from provstore.errors import Invalid
from provstore.resources import RESOURCES

__all__ = [
    "ACCOUNTING_FIELDS",
    "QUEUE_FIELDS",
    "TIMED_OUT",
    "accounting",
    "accounting_by_name",
    "cancel",
    "cancel_named",
    "find",
    "job_name",
    "minutes_above",
    "notify",
    "ping",
    "queue",
    "submit",
    "version",
]

_ENVIRONMENT: Final = ("env", "SLURM_TIME_FORMAT=%s", "TZ=UTC", "LC_ALL=C")
"""Times in seconds since 1970, whatever the zone of the cluster, and messages in English."""

TIMED_OUT: Final = 124
"""Exit status of a submission that was cut off after `_SUBMIT_LIMIT`."""

_SUBMIT_LIMIT: Final = timedelta(seconds=30)
"""How long an sbatch may live. Where the queue is full it sleeps and tries again by itself for minutes: one left behind
on a lost connection would submit long after its job was looked up and not found."""

_SBATCH: Final = (
    *_ENVIRONMENT,
    "timeout",
    "--kill-after=5",
    str(_SUBMIT_LIMIT // timedelta(seconds=1)),
    "sbatch",
    "--parsable",
    "--no-requeue",
)

_QUEUE: Final[Mapping[str, str]] = {
    "number": "%i",
    "state": "%T",
    "submitted": "%V",
    "started": "%S",
    "ended": "%e",
    "elapsed": "%M",
    "limit": "%l",
    "memory": "%m",
    "partition": "%P",
    "nodes": "%N",
    "name": "%j",
    "reason": "%r",
}
_ACCOUNTING: Final[Mapping[str, str]] = {
    "number": "JobID",
    "state": "State",
    "submitted": "Submit",
    "started": "Start",
    "ended": "End",
    "exit": "ExitCode",
    "elapsed": "ElapsedRaw",
    "limit": "Timelimit",
    "memory": "ReqMem",
    "memory used": "MaxRSS",
    "partition": "Partition",
    "nodes": "NodeList",
    "name": "JobName",
    "reason": "Reason",
}
QUEUE_FIELDS: Final = tuple(_QUEUE)
"""The columns that squeue is asked for, by our words."""
ACCOUNTING_FIELDS: Final = tuple(_ACCOUNTING)
"""The columns that sacct is asked for, by our words."""

_SQUEUE: Final = ("squeue", "--noheader", "--states=all", f"--format={'|'.join(_QUEUE.values())}")
_SACCT: Final = ("sacct", "--noheader", "--parsable2", f"--format={','.join(_ACCOUNTING.values())}")


def job_name(job: str) -> str:
    """Give the name under which SLURM knows a job of ours."""
    return f"uws-{job}"


def minutes_above(limit: timedelta) -> int:
    """Give the next whole number of minutes above a duration: SLURM's limits are whole minutes."""
    return limit // timedelta(minutes=1) + 1


def submit(
    job: str, *, directory: str, resources: Mapping[str, str], duration: timedelta, grace: timedelta
) -> tuple[str, ...]:
    """Submit a script: the path that follows, or standard input. Status `TIMED_OUT`: no answer in time, taken or not.

    Args:
        job: Our id of it.
        directory: Of the job, on the cluster, absolute.
        resources: What it asks for; a ``time`` of its own is passed on as it is.
        duration: Execution duration, which the wrapper keeps; zero: none.
        grace: What the wrapper needs above that to end it in order.

    Raises:
        Invalid: a resource is not in `RESOURCES`.
    """
    asked = {name: value for name, value in resources.items() if value}
    if unknown := sorted(set(asked) - set(RESOURCES)):
        raise Invalid(f"resource {unknown[0]!r}: one of {', '.join(RESOURCES)} was expected")
    if duration:
        asked.setdefault("time", str(minutes_above(duration + grace)))
    return (
        *_SBATCH,
        f"--job-name={job_name(job)}",
        f"--comment=uws:{job}",
        f"--chdir={directory}",
        "--output=slurm.out",
        "--open-mode=truncate",
        "--export=NONE",
        *(f"--{name}={asked[name]}" for name in RESOURCES if name in asked),
    )


def notify(
    job: str, number: int, *, directory: str, resources: Mapping[str, str] = MappingProxyType({})
) -> tuple[str, ...]:
    """Submit ``notify.sh`` of a job's directory, to run when the job is over, whatever ends it. See `submit`.

    Of the job's resources it takes those that say whose it is and where it runs. Its name is none of our jobs'.
    """
    return (
        *_SBATCH,
        f"--job-name=notify-{job}",
        f"--dependency=afterany:{number}",
        f"--chdir={directory}",
        "--output=notify.out",
        "--export=NONE",
        *(f"--{name}={resources[name]}" for name in ("partition", "account", "qos") if resources.get(name)),
        "--ntasks=1",
        "--mem=64M",
        "--time=5",
        f"{directory}/notify.sh",
        str(number),
    )


def queue() -> tuple[str, ...]:
    """List all jobs of the account that asks; those that ended lately too."""
    return (*_ENVIRONMENT, *_SQUEUE, "--me")


def find(name: str) -> tuple[str, ...]:
    """List the jobs of this name of the account that asks."""
    return (*_ENVIRONMENT, *_SQUEUE, "--me", f"--name={name}")


def accounting(numbers: Iterable[int], since: datetime) -> tuple[str, ...]:
    """Ask for jobs by number, with their steps. Numbers come again when a cluster is set up anew: hence ``since``."""
    return (*_ENVIRONMENT, *_SACCT, f"--starttime={_time(since)}", f"--jobs={','.join(map(str, numbers))}")


def accounting_by_name(name: str, since: datetime) -> tuple[str, ...]:
    """Ask for the jobs of this name, with their steps."""
    return (*_ENVIRONMENT, *_SACCT, f"--starttime={_time(since)}", f"--name={name}")


def cancel(numbers: Iterable[int]) -> tuple[str, ...]:
    """End jobs; those that are over or unknown are no error."""
    return (*_ENVIRONMENT, "scancel", *map(str, numbers))


def cancel_named(name: str) -> tuple[str, ...]:
    """End the jobs of this name of the account that asks; that there is none is no error."""
    return (*_ENVIRONMENT, "scancel", "--me", f"--name={name}")


def ping() -> tuple[str, ...]:
    """Ask whether the controller answers: status 0 if it does."""
    return (*_ENVIRONMENT, "scontrol", "ping")


def version() -> tuple[str, ...]:
    """Ask for the release."""
    return (*_ENVIRONMENT, "sbatch", "--version")


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
