"""Commands to copy: the same job from a terminal, and this job from Python."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Final

from provstore.uws.jobs import Job

__all__ = ["commands"]

_LONGEST: Final = 4_000
"""Characters of values that a command repeats; else it names the job that had them."""

_SIGNED: Final = '-H "Authorization: Bearer $PROVSTORE_TOKEN"'


def commands(job: Job, *, base: str, namespace: str, signed_in: bool) -> tuple[tuple[str, str], ...]:
    """Give commands as (for what, text): they hold no token, but name the variable in which it is."""
    place = f"{base}/uws/{job.service}"
    return (
        ("curl: run it again", _curl(job, place, namespace, signed_in=signed_in)),
        ("pyvo: follow it", _pyvo(job, place, signed_in=signed_in)),
        ("Python: follow it", _python(job, base)),
    )


def _curl(job: Job, place: str, namespace: str, *, signed_in: bool) -> str:
    given = [f"--data-urlencode {shlex.quote(f'{name}={value}')}" for name, value in _values(job, namespace)]
    if sum(map(len, given)) > _LONGEST:
        given = [f"-d from={job.id}"]
    return " \\\n  ".join(
        ["curl -L -H 'Accept: application/json'", *([_SIGNED] if signed_in else []), *given, f"-d PHASE=RUN {place}"]
    )


def _values(job: Job, namespace: str) -> Iterator[tuple[str, str]]:
    """Give what the job was given: values as they are, files by the ids under which they are known here."""
    inputs = {one.name for one in job.inputs}
    for one in job.parameters:
        if one.given and one.name not in inputs and not one.configures:
            yield one.name, one.value
    for one in job.inputs:
        if one.entity and not one.configures:
            yield one.name, one.entity.removeprefix(namespace) if one.by_reference else one.value


def _pyvo(job: Job, place: str, *, signed_in: bool) -> str:
    lines = ["import pyvo"]
    if signed_in:
        lines += [
            "import os, requests",
            "session = requests.Session()",
            'session.headers["Authorization"] = f"Bearer {os.environ[\'PROVSTORE_TOKEN\']}"',
        ]
    session = ", session=session" if signed_in else ""
    address = json.dumps(f"{place}/{job.id}")
    return "\n".join([*lines, f"job = pyvo.dal.AsyncTAPJob({address}{session})", "print(job.phase, job.result_uris)"])


def _python(job: Job, base: str) -> str:
    return "\n".join(
        [
            "from provstore.client import Client",
            f"client = Client({json.dumps(base)})",
            f"job = client.wait(client.job({json.dumps(job.service)}, {json.dumps(job.id)}))",
            "print(job.phase, [one.name for one in job.results])",
        ]
    )
