"""A job, its parameters and results, as views of nodes of the graph."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, NewType

from provstore.graph.model import PROVSTORE, Kind, Label, Node, NodeId, Relation, Value, format_instant, parse_instant
from provstore.uws.phases import Phase
from provstore.uws.run_facts import run_facts

__all__ = [
    "BROUGHT_BY",
    "CONFIG_FILE_NAME",
    "CONTENT_TYPE_ANY",
    "INPUT_NAME",
    "Change",
    "Failure",
    "Job",
    "JobId",
    "JobParameter",
    "JobReference",
    "JobResult",
    "add_change",
    "changes_of",
    "input_name",
    "instant",
    "integer",
    "is_told",
    "job_of",
    "local_part",
    "main_result",
    "reference_of",
    "text",
    "told_key",
]

JobId = NewType("JobId", str)
"""The UWS job id: the local part of the activity's id."""

CONTENT_TYPE_ANY: Final = "application/octet-stream"
BROUGHT_BY: Final = "brought_by"
"""Property of what came with a job (its local id), an input or what its script told of: it is shared with the job."""

CONFIG_FILE_NAME: Final = "config_file"
"""Property of a parameter that is a key of a configuration file: that file's name. The job was not given it."""

_TOLD: Final = ".-"
"""In the keys of relations that the script of a job told of; no family of ours is called so."""

INPUT_NAME: Final = f"{PROVSTORE}input"
"""Attribute of a USED relation: the name of the input in the job's description (its role may be shared)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of phase: when, to what, and who or what caused it (user, signal, supervisor, inferred)."""

    phase: Phase
    at: datetime
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobParameter:
    """A parameter of a job. ``by_reference``: the value is the address of a file; ``given``: not the default.

    ``url``: from where the file comes, if it was given so; it is here once it has a ``location``. ``item``: which one
    it is of several of a name, from 1. ``configures``: it is a configuration file. ``size``, ``sha256``: on record.
    """

    name: str
    value: str
    given: bool = True
    by_reference: bool = False
    entity: NodeId | None = None
    content_type: str = ""
    location: str = ""
    url: str = ""
    item: int = 1
    configures: bool = False
    size: int | None = None
    sha256: str = ""

    @property
    def to_fetch(self) -> bool:
        """Whether its file is still elsewhere."""
        return self.by_reference and not self.location


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """A product of a job: an entity of the graph. ``size`` in bytes; ``location`` below the data directory."""

    name: str
    entity: NodeId
    content_type: str = CONTENT_TYPE_ANY
    size: int = 0
    sha256: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a job failed: UWS errorSummary. ``detail`` holds the last lines of stderr."""

    message: str
    transient: bool = False
    detail: str = ""


class JobReference(NamedTuple):
    """What a job list shows of a job. A tuple, since a list makes thousands of them."""

    id: JobId
    service: str
    phase: Phase
    owner: str
    run_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A UWS job: everything is read from its node and the nodes around it.

    ``remarks``: what of the job's own words (internal provenance) could not be taken, a line each. ``sweep``: local id
    of the activity it was made with. ``waits_for``: what keeps it from starting, where only the supervisor knows.
    ``cpu_seconds`` and ``max_rss`` (bytes): of its whole process tree. ``sharing_text``: see `provstore.uws.sharing`;
    ``kept_by``, ``kept_at``: `provstore.uws.keeping`. ``config_keys`` counts the keys of its configuration files.
    ``resources``: what is asked of a cluster, a JSON object; ``cluster_account``: the account there, "" for the
    service's own; ``ran``: what is known of its way through a cluster.
    """

    id: JobId
    node: NodeId
    service: str
    phase: Phase
    owner: str
    run_id: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    quote_at: datetime | None
    destruction_at: datetime | None
    execution_duration: timedelta
    revision: str
    parameters: tuple[JobParameter, ...] = ()
    inputs: tuple[JobParameter, ...] = ()
    results: tuple[JobResult, ...] = ()
    failure: Failure | None = None
    history_text: str = ""
    executor: str = ""
    resources: str = ""
    cluster_account: str = ""
    ran: tuple[tuple[str, Value], ...] = ()
    exit_code: int | None = None
    host: str = ""
    cpu_seconds: float | None = None
    max_rss: int | None = None
    remarks: str = ""
    sweep: str = ""
    waits_for: str = ""
    sharing_text: str = ""
    kept_by: str = ""
    kept_at: datetime | None = None
    open: bool = False
    deleted: bool = False
    readers: frozenset[str] = frozenset()
    config_keys: int = 0

    @property
    def history(self) -> tuple[Change, ...]:
        """Every change of phase, oldest first."""
        return changes_of(self.history_text)


def text(properties: Mapping[str, Value], name: str) -> str:
    """Give a text property, "" where absent."""
    value = properties.get(name)
    return value if isinstance(value, str) else ""


def integer(properties: Mapping[str, Value], name: str) -> int | None:
    """Give a whole-number property, None where absent."""
    value = properties.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(properties: Mapping[str, Value], name: str) -> float | None:
    value = properties.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def instant(properties: Mapping[str, Value], name: str) -> datetime | None:
    """Give a time property, None where absent."""
    value = properties.get(name)
    return value if isinstance(value, datetime) else None


def local_part(node: NodeId, namespace: str) -> str:
    """Give the local part of one of our ids."""
    return node.removeprefix(namespace)


def told_key(job: str, number: int) -> str:
    """Give the key of a relation that the script of a job (its local id) told of."""
    return f"{job}{_TOLD}{number:05d}"


def is_told(relation: Relation) -> bool:
    """Tell whether a relation of a job to what it used or made is its script's word, and not our own record."""
    return _TOLD in relation.key


def add_change(history: str, phase: Phase, *, at: datetime, cause: str) -> str:
    """Append a change of phase to the text in which a job's node keeps its history."""
    changes: list[list[str]] = json.loads(history) if history else []
    return json.dumps([*changes, [phase.value, format_instant(at), cause]], separators=(",", ":"))


def changes_of(history: str) -> tuple[Change, ...]:
    """Read the history that a job's node keeps as text."""
    rows: list[list[str]] = json.loads(history) if history else []
    return tuple(Change(phase=Phase(phase), at=parse_instant(at), cause=cause) for phase, at, cause in rows)


def main_result(results: Sequence[JobResult], main: str) -> JobResult:
    """Give the result of that name, else the first: to where ``results/result`` leads."""
    return next((one for one in results if one.name == main), results[0])


def _failure(properties: Mapping[str, Value]) -> Failure | None:
    message = text(properties, "error_message")
    if not message:
        return None
    transient = text(properties, "error_type") == "transient"
    return Failure(message=message, transient=transient, detail=text(properties, "error_detail"))


def reference_of(node: Node, namespace: str) -> JobReference:
    """Read what a list shows from a job's node."""
    given: Mapping[str, Any] = node.properties
    return JobReference(
        JobId(node.id.removeprefix(namespace)),
        given["service"],
        _PHASES[given["phase"]],
        given["owner"],
        given.get("run_id", ""),
        given["created_at"],
    )


_PHASES: Final = {phase.value: phase for phase in Phase}


def _created(properties: Mapping[str, Value]) -> datetime:
    created_at = properties["created_at"]
    assert isinstance(created_at, datetime)  # noqa: S101 - every job is written with it
    return created_at


def job_of(node: Node, namespace: str, *, around: Mapping[NodeId, Node], relations: Iterable[Relation]) -> Job:
    """Read a job from its node and its neighbours (parameters, used and generated entities)."""
    properties = node.properties
    parameters, inputs, results, config_keys = _neighbours(node.id, around, relations)
    fields: dict[str, Any] = {
        name: instant(properties, name) for name in ("started_at", "ended_at", "quote_at", "destruction_at", "kept_at")
    }
    return Job(
        id=JobId(local_part(node.id, namespace)),
        node=node.id,
        service=text(properties, "service"),
        phase=Phase(text(properties, "phase")),
        owner=text(properties, "owner"),
        run_id=text(properties, "run_id"),
        created_at=_created(properties),
        execution_duration=timedelta(seconds=integer(properties, "execution_duration") or 0),
        revision=text(properties, "revision"),
        parameters=parameters,
        inputs=inputs,
        results=results,
        failure=_failure(properties),
        history_text=text(properties, "history"),
        executor=text(properties, "executor"),
        resources=text(properties, "resources"),
        cluster_account=text(properties, "cluster_account"),
        ran=run_facts(properties),
        exit_code=integer(properties, "exit_code"),
        host=text(properties, "host"),
        cpu_seconds=_number(properties, "cpu_seconds"),
        max_rss=integer(properties, "max_rss"),
        remarks=text(properties, "remarks"),
        sweep=text(properties, "sweep"),
        waits_for=text(properties, "waits_for"),
        sharing_text=text(properties, "sharing"),
        kept_by=text(properties, "kept_by"),
        open=properties.get("open") is True,
        deleted=properties.get("deleted") is True,
        readers=node.readers,
        config_keys=config_keys,
        **fields,
    )


def _neighbours(
    job: NodeId, around: Mapping[NodeId, Node], relations: Iterable[Relation]
) -> tuple[tuple[JobParameter, ...], tuple[JobParameter, ...], tuple[JobResult, ...], int]:
    """Sort the relations of a job into its parameters, inputs and results, in the order of their keys.

    The key's order is the description's: parameters, then inputs. The keys of configuration files are only counted.
    What a script told of besides is provenance, and no part of the UWS job.
    """
    parameters: list[JobParameter] = []
    results: list[JobResult] = []
    config_keys = 0
    for relation in sorted((one for one in relations if not is_told(one)), key=lambda one: one.key):
        if relation.kind is Kind.WAS_CONFIGURED_BY and relation.source == job:
            if CONFIG_FILE_NAME in around[relation.target].properties:
                config_keys += 1
            else:
                parameters.append(_parameter(around[relation.target]))
        elif relation.kind is Kind.USED and relation.source == job:
            parameters.append(_file(input_name(relation), around[relation.target]))
        elif relation.kind is Kind.WAS_GENERATED_BY and relation.target == job:
            results.append(_result(around[relation.source]))
    inputs = tuple(_numbered(one for one in parameters if one.entity))
    return _shown(parameters, inputs), inputs, tuple(results), config_keys


def _numbered(inputs: Iterable[JobParameter]) -> Iterator[JobParameter]:
    counts: Counter[str] = Counter()
    for one in inputs:
        counts[one.name] += 1
        yield one if counts[one.name] == 1 else replace(one, item=counts[one.name])


def _shown(parameters: Iterable[JobParameter], inputs: Sequence[JobParameter]) -> tuple[JobParameter, ...]:
    """Show what is parameter and input at once only once: as files if its value names them, else by its value."""
    values = [shown for one in parameters if one.entity is None for shown in _as_files(one, inputs)]
    names = {one.name for one in values}
    return (*values, *(one for one in inputs if one.name not in names))


def _as_files(parameter: JobParameter, inputs: Iterable[JobParameter]) -> Sequence[JobParameter]:
    files = [one for one in inputs if one.name == parameter.name and one.by_reference]
    words = [parameter.value] if len(files) == 1 else parameter.value.replace(",", " ").split()
    if not files or len(words) != len(files):
        return [parameter]
    named = all(word in {file.value, file.url} for word, file in zip(words, files, strict=True))
    return files if named else [parameter]


def input_name(relation: Relation) -> str:
    """Give the name of the input as which a job used an entity; its role where none is written."""
    named = (one.lexical for one in relation.attributes if one.key == INPUT_NAME)
    return next(named, relation.role or "")


def _parameter(node: Node) -> JobParameter:
    properties = node.properties
    if Label.CONFIG_FILE in node.labels:
        return replace(_file(text(properties, "name"), node), value=text(properties, "file_name"), configures=True)
    return JobParameter(
        name=text(properties, "name"), value=text(properties, "value"), given=properties.get("given") is not False
    )


def _file(name: str, node: Node) -> JobParameter:
    """See a used entity or configuration file as a parameter; one with neither file nor address is an identifier."""
    location, url = text(node.properties, "location"), text(node.properties, "url")
    return JobParameter(
        name=name,
        value=text(node.properties, "name"),
        by_reference=bool(location or (url and "invalidated_at" not in node.properties)),
        entity=node.id,
        content_type=text(node.properties, "content_type"),
        location=location,
        url=url,
        size=integer(node.properties, "size"),
        sha256=text(node.properties, "sha256"),
    )


def _result(node: Node) -> JobResult:
    properties = node.properties
    return JobResult(
        name=text(properties, "name"),
        entity=node.id,
        content_type=text(properties, "content_type") or CONTENT_TYPE_ANY,
        size=integer(properties, "size") or 0,
        sha256=text(properties, "sha256"),
        location=text(properties, "location"),
    )
