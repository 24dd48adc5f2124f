"""``provstore run --from``: what is told before a job runs again, and what came out differently."""

from __future__ import annotations

import click

from provstore.app import Provstore
from provstore.uws.jobs import Job, JobId
from provstore.uws.submissions import Submission

__all__ = ["run_again", "tell_differences"]


def run_again(provstore: Provstore, job_id: str, refined: Submission) -> JobId:
    """Tell of every input whether it is still there, then run the job again.

    Raises:
        NotFound: there is no such job.
        Conflict: inputs are gone and not given anew.
    """
    caller = provstore.accounts.administrator()
    local = _local(provstore, job_id)
    service = provstore.records.read(local).service
    for one in provstore.service.reruns.inputs(caller, service, local):
        click.echo(f"input {one.name}: {one.label}: {one.reason or 'still here'}", err=True)
    return provstore.service.reruns.create(caller, service, local, refined)


def tell_differences(provstore: Provstore, old_id: str, new: Job) -> None:
    """Tell which results are the same bytes as before."""
    old = provstore.records.read_even_deleted(_local(provstore, old_id))
    before = {one.name: one.sha256 for one in old.results}
    for one in new.results:
        known = before.pop(one.name, None)
        verdict = "the same as before" if known == one.sha256 else "differs"
        click.echo(f"result {one.name}: {'new' if known is None else verdict}", err=True)
    for name in before:
        click.echo(f"result {name}: was not made this time", err=True)
    click.echo(f"all differences: provstore diff {old.id} {new.id}", err=True)


def _local(provstore: Provstore, job_id: str) -> str:
    return job_id.removeprefix(provstore.store.namespace).removeprefix("id:")
