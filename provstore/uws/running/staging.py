"""The directory in which a job runs: made aside and put in place by one rename, so that it is whole or not there."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path, PurePath
from typing import Final

from provstore.clusters import LOCAL, Cluster, FileWay, Isolation
from provstore.errors import NotFound
from provstore.settings import Settings
from provstore.uws.descriptions.model import ParameterDefinition
from provstore.uws.descriptions.names import exported_name
from provstore.uws.descriptions.values import TRUTH
from provstore.uws.files import Files, is_elsewhere, safe_name
from provstore.uws.jobs import Job, JobParameter
from provstore.uws.ports import REQUEST_FILE
from provstore.uws.publishing.revisions import Revision
from provstore.uws.running.environment import HELPER, helper_text, needs_helper, shell_of
from provstore.uws.running.inventory import patterns_of

__all__ = ["SPOOL", "StagingRules", "rules_of", "stage", "staged_names"]

LONGEST_VARIABLE: Final = 64 * 1024
"""Values above this many bytes reach the script in parameters.json only."""

SPOOL: Final = ".spool"
"""The folder beside the job directories of a cluster into which its jobs drop their signals."""

_INHERITED: Final = (
    "SLURM_*",
    "CUDA_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    "GPU_DEVICE_ORDINAL",
    "ZE_AFFINITY_MASK",
)
"""What a scheduler tells the scripts that it starts."""

_INTEGERS: Final = frozenset({"unsignedByte", "short", "int", "long"})
_REALS: Final = frozenset({"float", "double"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StagingRules:
    """What every job of an executor has in common: the site's limits, and where to signal ("" for nowhere).

    ``modules_init``: the file that brings the command ``module``, "" for the usual ones. ``cluster``: where the jobs
    run that don't run in our own directory.
    """

    path: str
    log_max: int
    kill_grace: timedelta
    signals_url: str = ""
    modules_init: str = ""
    cluster: Cluster | None = None

    def place(self, job: Job, run: Path) -> PurePath:
        """Give the directory of a job as the machine sees it that runs the job."""
        return self.cluster.directory(job.cluster_account) / job.id if self.cluster else run


def rules_of(settings: Settings, signals_url: str) -> dict[str, StagingRules]:
    """Give the rules of every executor: of this machine, which signals at this address, and of each cluster."""
    local = StagingRules(
        path=settings.job_path,
        log_max=settings.log_max,
        kill_grace=settings.kill_grace,
        signals_url=signals_url,
        modules_init=str(settings.modules_init or ""),
    )
    return {LOCAL: local} | {
        one.name: StagingRules(
            path=one.path,
            log_max=settings.log_max,
            kill_grace=settings.kill_grace,
            signals_url=f"{one.callback.rstrip('/')}/signals" if one.callback else "",
            modules_init=one.modules_init,
            cluster=one,
        )
        for one in settings.clusters
    }


def stage(job: Job, revision: Revision, *, files: Files, rules: StagingRules, token: str) -> Path:
    """Make the run directory of a job that was not started, if it is not there yet, and give it.

    One that was made for another place, before the settings were changed, is made anew.

    Raises:
        NotFound: the file of an input is gone.
        Invalid: the description asks for a language or environment that can't be had.
        OSError: the disk is full or not writable.
    """
    final = files.run(job.id)
    if final.is_dir() and _made_for(final) in {"", str(rules.place(job, final))}:
        return final
    shutil.rmtree(final, ignore_errors=True)
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


def _made_for(run: Path) -> str:
    """Give the place for which a run directory was made, as the job would see it."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads((run / "task.json").read_bytes())["environment"]["jd"])
    return ""


def _sync(folder: Path) -> None:
    """Bring everything below a folder to the disk: after a power cut the rename must not be all that is left."""
    for place in (*folder.rglob("*"), folder):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _fill(aside: Path, job: Job, revision: Revision, *, files: Files, rules: StagingRules, token: str) -> None:
    place = rules.place(job, files.run(job.id))
    described = revision.description
    if rules.cluster:
        described = replace(described, modules=(*rules.cluster.modules, *described.modules))
    (aside / "work").mkdir()
    (aside / "results").mkdir()
    _refuse_removed_inputs(job, revision)
    _refuse_changed_inputs(job, files)
    if rules.cluster:
        request = _Request(work=place / "work", files=files, cluster=rules.cluster, modules=described.modules)
        inputs = _request_inputs(job, aside, request)
    else:
        inputs = _copy_inputs(job, aside / "work", place / "work", files)
    values = _values(job, revision, inputs)
    parameters = json.dumps(_typed(values, described.parameters), ensure_ascii=False, indent=1)
    (aside / "parameters.json").write_text(parameters, encoding="utf-8")
    (aside / "script.sh").write_text(described.script, encoding="utf-8")
    if needs_helper(described):
        (aside / HELPER).write_text(helper_text(), encoding="utf-8")
    (aside / "token").touch(mode=0o600)
    (aside / "token").write_text(token, encoding="ascii")
    task = {
        "job": job.id,
        "environment": _environment(job, values, place, rules.path),
        "execution_duration": job.execution_duration.total_seconds(),
        "kill_grace": rules.kill_grace.total_seconds(),
        "log_max": rules.log_max,
        "shell": shell_of(described, place, modules_init=rules.modules_init),
    }
    if rules.signals_url:
        task["callback"] = f"{rules.signals_url}/{job.id}"
    if rules.cluster:
        task |= _on_cluster(job, revision, files, rules.cluster)
    (aside / "task.json").write_text(json.dumps(task, ensure_ascii=False), encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What is needed to say what a cluster is asked for. ``work``: the working directory, as it is seen there."""

    work: PurePath
    files: Files
    cluster: Cluster
    modules: tuple[str, ...]


def _on_cluster(job: Job, revision: Revision, files: Files, cluster: Cluster) -> dict[str, object]:
    """Give what a wrapper must know besides, if it runs on a cluster."""
    directory = cluster.directory(job.cluster_account)
    seen_there = (_path_there(files.place(item.location), cluster) for item in job.inputs if item.location)
    words: dict[str, object] = {
        "inherit": _INHERITED,
        "products": patterns_of(revision, job),
        "spool": str(directory / SPOOL),
        "callback_ca": cluster.callback_ca,
    }
    if cluster.isolation is not Isolation.NONE:
        words["isolation"] = {"mode": cluster.isolation, "hide": [str(directory), "~"]}
        words["show"] = [path for path in seen_there if path]
    return words


def _request_inputs(job: Job, aside: Path, request: _Request) -> dict[str, str]:
    """Write down which files the job needs and what the cluster is asked for; nothing is copied here."""
    wanted: list[dict[str, str]] = []

    def ask(item: JobParameter, name: str) -> str:
        there = _path_there(request.files.place(item.location), request.cluster)
        wanted.append({"name": name, "location": item.location, "path": there})
        return there or str(request.work / name)

    seen = _seen_inputs(job, ask)
    resources = json.loads(job.resources) if job.resources else {}
    words = {"account": job.cluster_account, "resources": resources, "inputs": wanted, "modules": request.modules}
    (aside / REQUEST_FILE).write_text(json.dumps(words), encoding="utf-8")
    return seen


def _path_there(file: Path, cluster: Cluster) -> str:
    """Give where a file is seen on a cluster that shares its folder with us; "" if it is not."""
    if cluster.files is not FileWay.SHARED:
        return ""
    real = file.resolve()
    for here, there in cluster.shared_inputs.items():
        root = here.resolve()
        if real.is_file() and real.is_relative_to(root):
            return str(there / real.relative_to(root))
    return ""


def _refuse_removed_inputs(job: Job, revision: Revision) -> None:
    """A file that was removed since the job was made is no identifier for the script to look up."""
    files = {used.name for used in revision.description.inputs if used.url}
    for item in job.inputs:
        if not item.location and (item.name in files or item.content_type or item.url):
            raise NotFound(f"input {item.name}: the file of {item.entity} was removed", field=item.name)


def _refuse_changed_inputs(job: Job, files: Files) -> None:
    """What lies in an archive is not ours to protect: the job uses the file of the record, or none."""
    for item in job.inputs:
        if is_elsewhere(item.location):
            try:
                files.path(item.location, size=item.size, sha256=item.sha256)
            except NotFound as error:
                raise NotFound(f"input {item.name}: {error.message}", field=item.name) from error


def _copy_inputs(job: Job, work: Path, seen_as: PurePath, files: Files) -> dict[str, str]:
    """Copy every input file into the working directory: the job may change its copy, never the stored one."""

    def copy(item: JobParameter, name: str) -> str:
        """Copy a file with its time of change, by which an untouched copy is told from a result."""
        source = files.path(item.location)
        facts = source.stat()
        shutil.copyfile(source, work / name)
        os.utime(work / name, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        return str(seen_as / name)

    return _seen_inputs(job, copy)


def _seen_inputs(job: Job, put: Callable[[JobParameter, str], str]) -> dict[str, str]:
    """Give for each input the paths (or plain identifiers) that the script will see, separated by blanks.

    Args:
        job: The job.
        put: Brings a file into the working directory under a name; gives the path by which the script finds it.
    """
    names = {(item.name, item.entity): name for item, name in staged_names(job)}
    seen: defaultdict[str, list[str]] = defaultdict(list)
    for item in job.inputs:
        name = names.get((item.name, item.entity))
        seen[item.name].append(item.value if name is None else put(item, name))
    return {name: " ".join(items) for name, items in seen.items()}


def staged_names(job: Job) -> Iterator[tuple[JobParameter, str]]:
    """Give each input that is a file with the name of its copy in the working directory: always the same one."""
    taken: set[str] = set()
    for item in job.inputs:
        if item.location:
            name = _free_name(safe_name(Path(item.location).name), taken)
            taken.add(name)
            yield item, name


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


def _environment(job: Job, values: Mapping[str, str], place: PurePath, path: str) -> dict[str, str]:
    given = {exported_name(name): value for name, value in values.items() if len(value.encode()) <= LONGEST_VARIABLE}
    work, results = str(place / "work"), str(place / "results")
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
            "PROVSTORE_PARAMETERS": str(place / "parameters.json"),
            "rs": results,
            "wd": work,
            "jd": str(place),
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
