"""``provstore run`` and ``jobs``: jobs from the command line."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import click

from provstore.app import Provstore
from provstore.cli.opening import opened
from provstore.cli.rerunning import run_again, tell_differences
from provstore.errors import Invalid
from provstore.uws.files import Files
from provstore.uws.inputs.sources import Upload
from provstore.uws.jobs import Job, JobResult
from provstore.uws.phases import FINAL, OPEN, Phase
from provstore.uws.records import JobFilter
from provstore.uws.submissions import Submission

__all__ = ["finish", "list_jobs", "pair", "run"]

_BRIEF: Final = 0.05
_PATIENT: Final = 1.0
_EXIT: Final = {Phase.COMPLETED: 0, Phase.ABORTED: 2}


@click.command()
@click.argument("service", required=False)
@click.option("--from", "again", metavar="JOB", help="Run that job again, but for what is given here.")
@click.option("-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter.")
@click.option("-i", "--input", "inputs", multiple=True, metavar="NAME=FILE", help="A file, or the id of an entity.")
@click.option("--wait", is_flag=True, help="Wait for the end; exit with 0 only if the job is COMPLETED.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def run(
    service: str | None,
    parameters: tuple[str, ...],
    inputs: tuple[str, ...],
    *,
    again: str | None,
    wait: bool,
    as_json: bool,
) -> None:
    """Run a job of SERVICE. It is looked after by the server of this data directory, or by this command itself."""
    if (service is None) == (again is None):
        raise click.UsageError("choose: run SERVICE, or run --from JOB")
    with opened() as provstore, ExitStack() as stack:
        submission = _submission(parameters, inputs, stack)
        if again is not None:
            job_id = run_again(provstore, again, submission)
        else:
            job_id = provstore.service.create(provstore.accounts.administrator(), str(service), submission)
        job = finish(provstore, job_id, wait=wait)
        click.echo(json.dumps(_facts(job, provstore.files)) if as_json else _line(job, provstore.files))
        if again is not None and job.phase in FINAL:
            tell_differences(provstore, again, job)
        if wait:
            raise SystemExit(_EXIT.get(job.phase, 1))


def _submission(parameters: tuple[str, ...], inputs: tuple[str, ...], stack: ExitStack) -> Submission:
    values = {"PHASE": "RUN", **dict(map(pair, parameters))}
    uploads: defaultdict[str, list[Upload]] = defaultdict(list)
    for name, text in map(pair, inputs):
        file = Path(text)
        if file.is_file():
            stream = stack.enter_context(file.open("rb"))
            uploads[name].append(Upload(file_name=file.name, content_type="", stream=stream))
        else:
            values[name] = f"{values[name]} {text}" if name in values else text
    return Submission(values=values, uploads=uploads)


def pair(text: str) -> tuple[str, str]:
    """Read NAME=VALUE.

    Raises:
        Invalid: it is none.
    """
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise Invalid(f"{text!r}: NAME=VALUE is needed", value=text)
    return name, value


def finish(provstore: Provstore, job_id: str, *, wait: bool) -> Job:
    """Supervise until the job is over if nobody else does and we wait; a job left alone waits for the next server."""
    pause = _BRIEF
    provstore.supervisor.tick()
    while wait and provstore.records.phase(job_id) not in FINAL:
        time.sleep(pause)
        pause = min(pause * 1.2, _PATIENT)
        provstore.supervisor.tick()
    return provstore.records.read(job_id)


@click.command("jobs")
@click.option("--service", help="Only those of one service.")
@click.option("--phase", "phases", multiple=True, type=click.Choice(list(Phase)), help="Only those in a phase.")
@click.option("--last", type=click.IntRange(1), default=20, show_default=True, help="Only the newest so many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_jobs(service: str | None, phases: tuple[str, ...], last: int, *, as_json: bool) -> None:
    """List jobs, newest first."""
    with opened() as provstore:
        wanted = frozenset(Phase(one) for one in phases) or OPEN
        which = JobFilter(service=service, phases=wanted, last=last)
        jobs = provstore.service.jobs(provstore.accounts.administrator(), which)
        if as_json:
            items = [
                {
                    "jobId": one.id,
                    "service": one.service,
                    "phase": one.phase,
                    "creationTime": one.created_at.isoformat(),
                }
                for one in jobs
            ]
            click.echo(json.dumps({"items": items, "next": None}))
            return
        for one in jobs:
            click.echo(f"{one.id}  {one.phase:<9}  {one.created_at:%Y-%m-%d %H:%M:%S}Z  {one.service}")
        if not jobs:
            click.echo("no jobs yet; run one with: provstore run sleep --wait", err=True)


def _facts(job: Job, files: Files) -> dict[str, object]:
    return {
        "jobId": job.id,
        "service": job.service,
        "phase": job.phase,
        "results": {
            one.name: {"entity": one.entity, "location": one.location if _is_here(one, files) else None}
            for one in job.results
        },
        "errorSummary": job.failure and job.failure.message,
    }


def _line(job: Job, files: Files) -> str:
    lines = [f"{job.id}  {job.phase}  {job.service}"]
    lines += [f"  {one.name}: {_place(job, one, files)} ({one.size} bytes)" for one in job.results]
    if job.failure:
        lines.append(f"  {job.failure.message}")
        lines += [f"    {line}" for line in job.failure.detail.splitlines()[-10:]]
    return "\n".join(lines)


def _is_here(result: JobResult, files: Files) -> bool:
    """Tell whether the file of a result is on this machine: a cluster may keep it until somebody asks for it."""
    return bool(result.location) and files.data.joinpath(result.location).is_file()


def _place(job: Job, result: JobResult, files: Files) -> str:
    if _is_here(result, files):
        return result.location
    return f"on {job.executor}, fetched from there when its address is opened" if result.location else "removed"
