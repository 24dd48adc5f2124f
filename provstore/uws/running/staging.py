"""The directory in which a job runs: made aside and put in place by one rename, so that it is whole or not there."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from provstore.errors import NotFound
from provstore.uws.descriptions.model import ParameterDefinition
from provstore.uws.descriptions.names import exported_name
from provstore.uws.descriptions.values import TRUTH
from provstore.uws.files import Files, safe_name
from provstore.uws.jobs import Job, JobParameter
from provstore.uws.publishing.revisions import Revision
from provstore.uws.running.environment import HELPER, helper_text, needs_helper, shell_of

__all__ = ["StagingRules", "stage", "staged_names"]

LONGEST_VARIABLE: Final = 64 * 1024
"""Values above this many bytes reach the script in parameters.json only."""

_INTEGERS: Final = frozenset({"unsignedByte", "short", "int", "long"})
_REALS: Final = frozenset({"float", "double"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StagingRules:
    """What every job of an executor has in common: the site's limits, and where to signal ("" for nowhere).

    ``modules_init``: the file that brings the command ``module``, "" for the usual ones.
    """

    path: str
    log_max: int
    kill_grace: timedelta
    signals_url: str = ""
    modules_init: str = ""


def stage(job: Job, revision: Revision, *, files: Files, rules: StagingRules, token: str) -> Path:
    """Make the job's run directory if it is not there yet, and give it.

    Raises:
        NotFound: the file of an input is gone.
        Invalid: the description asks for a language or environment that can't be had.
        OSError: the disk is full or not writable.
    """
    final = files.run(job.id)
    if final.is_dir():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    for left in final.parent.glob(".run-*"):  # by a process that died at this: one step per job at a time
        shutil.rmtree(left, ignore_errors=True)
    aside = Path(tempfile.mkdtemp(prefix=".run-", dir=final.parent))
    try:
        _fill(aside, job, revision, files=files, rules=rules, token=token)
        _sync(aside)
        aside.rename(final)
    except OSError:
        if not final.is_dir():
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return final


def _sync(folder: Path) -> None:
    """Bring everything below a folder to the disk: after a power cut the rename must not be all that is left."""
    for place in (*folder.rglob("*"), folder):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _fill(aside: Path, job: Job, revision: Revision, *, files: Files, rules: StagingRules, token: str) -> None:
    final = files.run(job.id)
    work = aside / "work"
    work.mkdir()
    (aside / "results").mkdir()
    _refuse_removed_inputs(job, revision)
    inputs = _copy_inputs(job, work, final / "work", files)
    values = _values(job, revision, inputs)
    parameters = json.dumps(_typed(values, revision.description.parameters), ensure_ascii=False, indent=1)
    (aside / "parameters.json").write_text(parameters, encoding="utf-8")
    (aside / "script.sh").write_text(revision.description.script, encoding="utf-8")
    if needs_helper(revision.description):
        (aside / HELPER).write_text(helper_text(), encoding="utf-8")
    (aside / "token").touch(mode=0o600)
    (aside / "token").write_text(token, encoding="ascii")
    task = {
        "job": job.id,
        "environment": _environment(job, values, final, rules.path),
        "execution_duration": job.execution_duration.total_seconds(),
        "kill_grace": rules.kill_grace.total_seconds(),
        "log_max": rules.log_max,
        "shell": shell_of(revision.description, final, modules_init=rules.modules_init),
    }
    if rules.signals_url:
        task["callback"] = f"{rules.signals_url}/{job.id}"
    (aside / "task.json").write_text(json.dumps(task, ensure_ascii=False), encoding="utf-8")


def _refuse_removed_inputs(job: Job, revision: Revision) -> None:
    """A file that was removed since the job was made is no identifier for the script to look up."""
    files = {used.name for used in revision.description.inputs if used.url}
    for item in job.inputs:
        if not item.location and (item.name in files or item.content_type or item.url):
            raise NotFound(f"input {item.name}: the file of {item.entity} was removed", field=item.name)


def _copy_inputs(job: Job, work: Path, seen_as: Path, files: Files) -> dict[str, str]:
    """Copy every input file into the working directory: the job may change its copy, never the stored one.

    Returns:
        For each input the paths (or plain identifiers) that the script will see, separated by blanks.
    """
    names = {(item.name, item.entity): name for item, name in staged_names(job)}
    seen: defaultdict[str, list[str]] = defaultdict(list)
    for item in job.inputs:
        name = names.get((item.name, item.entity))
        seen[item.name].append(item.value if name is None else _copy(item, work / name, seen_as / name, files))
    return {name: " ".join(items) for name, items in seen.items()}


def staged_names(job: Job) -> Iterator[tuple[JobParameter, str]]:
    """Give each input that is a file with the name of its copy in the working directory: always the same one."""
    taken: set[str] = set()
    for item in job.inputs:
        if item.location:
            name = _free_name(safe_name(Path(item.location).name), taken)
            taken.add(name)
            yield item, name


def _copy(item: JobParameter, target: Path, seen_as: Path, files: Files) -> str:
    """Copy a file with its time of change, by which an untouched copy is told from a result."""
    source = files.path(item.location)
    facts = source.stat()
    shutil.copyfile(source, target)
    os.utime(target, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    return str(seen_as)


def _free_name(name: str, taken: Collection[str]) -> str:
    stem, dot, suffix = name.partition(".")
    number = 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}{dot}{suffix}"
    return name


def _values(job: Job, revision: Revision, inputs: Mapping[str, str]) -> dict[str, str]:
    """Give the text of every name of the description: parameters, then inputs as paths, then output file names."""
    values = {parameter.name: parameter.value for parameter in job.parameters if parameter.entity is None}
    values |= inputs
    for used in revision.description.inputs:
        values.setdefault(used.name, "")
    for generated in revision.description.generated:
        values.setdefault(generated.name, values.get(generated.ref, generated.default))
    return values


def _environment(job: Job, values: Mapping[str, str], final: Path, path: str) -> dict[str, str]:
    given = {exported_name(name): value for name, value in values.items() if len(value.encode()) <= LONGEST_VARIABLE}
    work, results = str(final / "work"), str(final / "results")
    # LANG is a parameter of TAP: where a service has it, its script is to see what the client sent.
    return (
        {"LANG": "C.UTF-8"}
        | given
        | {
            "PATH": path,
            "HOME": work,
            "TMPDIR": work,
            "PROVSTORE_JOB": job.id,
            "PROVSTORE_RESULTS": results,
            "PROVSTORE_PARAMETERS": str(final / "parameters.json"),
            "rs": results,
            "wd": work,
            "jd": str(final),
        }
    )


def _typed(values: Mapping[str, str], definitions: tuple[ParameterDefinition, ...]) -> dict[str, object]:
    """Give numbers and truth values their type in parameters.json; everything else is text."""
    scalars = {one.name: one.datatype for one in definitions if not one.arraysize}
    return {name: _typed_value(value, scalars.get(name, "char")) for name, value in values.items()}


def _typed_value(value: str, datatype: str) -> object:
    if value and datatype in _INTEGERS:
        return int(value)
    if value and datatype in _REALS:
        return float(value)
    if value and datatype == "boolean":
        return TRUTH.get(value.lower(), False)
    return value
