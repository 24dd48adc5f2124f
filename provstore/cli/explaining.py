"""``provstore explain``: why a job is where it is."""

from __future__ import annotations

import json

import click

from provstore.app import Provstore
from provstore.cli.opening import opened
from provstore.uws.explaining import Standing, explained
from provstore.uws.running.supervisor import Lease

__all__ = ["explain"]


@click.command()
@click.argument("job_id", metavar="JOB")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(job_id: str, *, as_json: bool) -> None:
    """Say in one paragraph why JOB is where it is, and what comes next. Nothing is asked of a cluster for this."""
    with opened() as provstore:
        standing = _standing(provstore, job_id)
        text = explained(standing)
    click.echo(json.dumps(_facts(standing, text)) if as_json else text)


def _standing(provstore: Provstore, job_id: str) -> Standing:
    job = provstore.records.read_even_deleted(job_id)
    return Standing(
        job=job,
        wait=provstore.waits.of(job),
        said=provstore.elsewhere.explain(job),
        trouble=job.executor in provstore.supervisor.troubles(),
        supervised=_is_supervised(provstore),
        at=provstore.parts.clock(),
    )


def _is_supervised(provstore: Provstore) -> bool:
    """Tell whether some process has the lease. To see that it is free one must take it; who wants it tries again."""
    lease = Lease(provstore.settings.data.absolute() / "supervisor.lock")
    try:
        return not lease.take()
    finally:
        lease.release()


def _facts(standing: Standing, text: str) -> dict[str, object]:
    job, change = standing.job, standing.change
    return {
        "jobId": job.id,
        "service": job.service,
        "phase": job.phase,
        "since": change.at.isoformat(),
        "cause": change.cause,
        "executor": job.executor,
        "queuePlace": standing.wait.place,
        "waitsFor": standing.wait.reason or None,
        "said": standing.said or None,
        "supervised": standing.supervised,
        "failure": job.failure.message if job.failure else None,
        "text": text,
    }
