"""A new definition tried once: published in a data directory of its own that is gone afterwards, and run as a job."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import click

from provstore.app import Provstore, open_provstore
from provstore.cli.describing.terminal import visible
from provstore.cli.jobs import finish, pair
from provstore.errors import Invalid, ProvstoreError
from provstore.settings import load_settings
from provstore.uws.descriptions.model import Description
from provstore.uws.descriptions.values import absent_files
from provstore.uws.inputs.sources import Upload
from provstore.uws.jobs import Job
from provstore.uws.phases import Phase
from provstore.uws.submissions import Submission

__all__ = ["TrialValues", "lacking", "trial_values", "try_once"]

_SHOWN_LINES: Final = 5
_STDERR_LINES: Final = 15
_SHOWN_BYTES: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialValues:
    """What the job that tries it gets: values of parameters, and files of inputs, by name."""

    values: Mapping[str, str]
    inputs: Sequence[tuple[str, Path]] = ()


def trial_values(values: Sequence[str], inputs: Sequence[str]) -> TrialValues:
    """Read what is given as NAME=VALUE and NAME=FILE.

    Raises:
        Invalid: one has no name.
    """
    files = tuple((name, Path(file)) for name, file in map(pair, inputs))
    return TrialValues(values=dict(map(pair, values)), inputs=files)


def lacking(description: Description, given: TrialValues, *, files: Collection[str] = ()) -> tuple[str, ...]:
    """Give the options that must be added before it can be tried with default files of these names.

    Raises:
        Invalid: a name that the description does not have, or a file that is not there.
    """
    parameters = {one.name for one in description.parameters}
    inputs = {one.name for one in description.used}
    for name in sorted({*given.values} - parameters - inputs):
        right = ", ".join(one.name for one in description.parameters) or "there are none"
        raise Invalid(f"--try {name}: no such parameter; right is one of: {right}", field=name)
    for name, file in given.inputs:
        if name not in inputs:
            right = f"right is one of: {', '.join(sorted(inputs)) or 'there are none'}"
            told = "it is a parameter (--as NAME=file makes it an input)" if name in parameters else "no such input"
            raise Invalid(f"--try-input {name}: {told}; {right}", field=name)
        if not file.is_file():
            raise Invalid(f"--try-input {name}={file}: there is no such file", field=name, value=str(file))
    had = {*given.values, *(name for name, _file in given.inputs)}
    needed = [
        f"--try {one.name}=VALUE"
        for one in description.parameters
        if one.required and one.default is None and one.name not in had
    ]
    needed += [
        f"--try-input {one.name}=FILE"
        for one in description.used
        if one.name not in had and (absent_files(one, one.default, files) or (one.required and not one.default))
    ]
    return tuple(needed)


def try_once(description: Description, given: TrialValues, *, files: Mapping[str, bytes] | None = None) -> bool:
    """Run a job of it with the defaults and what is given, and show what comes out.

    Returns:
        Whether the job is COMPLETED.
    """
    ours = load_settings(os.environ)
    with tempfile.TemporaryDirectory(prefix="provstore-trial-") as place:
        settings = replace(
            ours, data=Path(place) / "data", graph_url="", descriptions=(), restricted_services=(), oidc=()
        )
        with open_provstore(settings) as provstore:
            for name, content in (files or {}).items():
                provstore.files.keep(content, name)
            provstore.publication.publish_file(description)
            job = _run(provstore, description.name, given)
            for line in _told(provstore, job):
                click.echo(line)
    return job.phase is Phase.COMPLETED


def _run(provstore: Provstore, service: str, given: TrialValues) -> Job:
    caller = provstore.accounts.administrator()
    with ExitStack() as stack:
        uploads: defaultdict[str, list[Upload]] = defaultdict(list)
        for name, file in given.inputs:
            stream = stack.enter_context(file.open("rb"))
            uploads[name].append(Upload(file_name=file.name, content_type="", stream=stream))
        submission = Submission(values={"PHASE": "RUN", **given.values}, uploads=uploads)
        job_id = provstore.service.create(caller, service, submission)
    try:
        return finish(provstore, job_id, wait=True)
    except BaseException:
        with suppress(ProvstoreError):  # else it would run on in a directory that is gone
            provstore.service.abort(caller, service, job_id)
            provstore.supervisor.tick()
        raise


def _told(provstore: Provstore, job: Job) -> Iterator[str]:
    took = f" after {(job.ended_at - job.started_at).total_seconds():.1f} s" if job.ended_at and job.started_at else ""
    yield f"{job.phase}{took}"
    for one in job.results:
        file = provstore.files.path(one.location)
        yield f"  {one.name}: {file.name} ({one.size} bytes, {one.content_type})"
        yield from (f"    | {line}" for line in _first_lines(file))
    if job.failure:
        yield f"  {visible(job.failure.message)}"
        yield from (f"    | {visible(line)}" for line in job.failure.detail.splitlines()[-_STDERR_LINES:])
        return
    stderr = provstore.files.run(job.id) / "stderr"
    text = stderr.read_text(errors="replace") if stderr.is_file() else ""
    yield from (f"  stderr: {visible(line)}" for line in text.splitlines()[-_STDERR_LINES:])


def _first_lines(file: Path) -> Iterator[str]:
    """Give the first lines of a text; of anything else none."""
    with file.open("rb") as stream:
        start = stream.read(_SHOWN_BYTES)
    if b"\0" in start:
        return
    lines = start.decode(errors="replace").splitlines()
    yield from (visible(line)[:120] for line in lines[:_SHOWN_LINES])
    if len(lines) > _SHOWN_LINES:
        yield "..."
