"""A new job as one batch: the activity with its parameters, inputs, agents and description around it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from provstore.graph.model import Attribute, Kind, Label, Node, NodeId, Relation, Value
from provstore.graph.obscore import literal
from provstore.graph.store import Change, Create, Upsert
from provstore.uws.agents import PROVSTORE_AGENT
from provstore.uws.descriptions.model import CONFIG_FILE
from provstore.uws.descriptions.values import EffectiveParameter
from provstore.uws.inputs.config_keys import MOST_KEYS
from provstore.uws.inputs.config_nodes import Configured, changes_of_keys, facts_of
from provstore.uws.inputs.items import Input
from provstore.uws.jobs import BROUGHT_BY, INPUT_NAME, add_change, integer
from provstore.uws.phases import Phase
from provstore.uws.publishing.revisions import Revision, part_local

__all__ = ["NewJob", "changes_of_new_job", "changes_of_parameter", "number_of"]

_NUMBERS: Final = frozenset({"unsignedByte", "short", "int", "long", "float", "double"})
_JOB: Final = frozenset({Label.ACTIVITY, Label.JOB})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """All that is known of a job when it is created; ``agent`` is the local id of its owner.

    ``sweep``: local id of the activity that it belongs to; ``request_sha256``: of a request with an Idempotency-Key.
    ``resources``, ``cluster_account``: as of `Job`. ``observed``: columns of ObsCore that its results are to have.
    """

    local: str
    revision: Revision
    parameters: tuple[EffectiveParameter, ...]
    inputs: tuple[Input, ...]
    agent: str
    readers: frozenset[str]
    run_id: str
    created_at: datetime
    execution_duration: timedelta
    destruction_at: datetime
    quote_at: datetime | None
    executor: str
    queued: bool
    cause: str
    resources: str = ""
    cluster_account: str = ""
    sweep: str = ""
    request_sha256: str = ""
    observed: Mapping[str, str] = field(default_factory=dict)


def changes_of_new_job(job: NewJob, *, namespace: str) -> tuple[Change, ...]:
    """Give everything that is written, in one transaction, when a job is created."""
    return tuple(_Batch(job, namespace).changes())


def changes_of_parameter(
    parameter: EffectiveParameter, job: str, revision: Revision, readers: frozenset[str], *, namespace: str
) -> Iterator[Change]:
    """Give what is written of a parameter of a job (its local id): the node, and how it stands in the description."""
    definition = parameter.definition
    node = NodeId(f"{namespace}{job}.{definition.name}")
    properties: dict[str, Value] = {
        "name": definition.name,
        "value": parameter.value,
        "given": parameter.given,
        "datatype": definition.datatype,
    }
    properties |= {key: text for key, text in (("unit", definition.unit), ("ucd", definition.ucd)) if text}
    if (number := number_of(parameter.value, definition.datatype)) is not None:
        properties["number"] = number
    yield Create(Node(node, frozenset({Label.PARAMETER}), properties, readers=readers))
    place = revision.description.parameters.index(definition)
    yield Create(Relation(f"{job}.c{place:04d}", Kind.WAS_CONFIGURED_BY, NodeId(f"{namespace}{job}"), node))
    described = NodeId(namespace + part_local(revision.node, "parameter", definition.name))
    yield Create(Relation(f"{job}.{definition.name}.description", Kind.IS_DESCRIBED_BY, node, described))


def number_of(text: str, datatype: str) -> float | None:
    """Give the number that a value is, to be found by; None for texts and lists."""
    try:
        number = float(text) if datatype in _NUMBERS else math.nan
    except ValueError:
        return None
    return None if math.isnan(number) else number


class _Batch:
    def __init__(self, job: NewJob, namespace: str) -> None:
        self._job = job
        self._namespace = namespace
        self._node = self._id(job.local)
        self._keys_left = MOST_KEYS

    def _id(self, local: str) -> NodeId:
        return NodeId(self._namespace + local)

    def changes(self) -> Iterator[Change]:
        job = self._job
        observed = tuple(literal(column, text) for column, text in job.observed.items())
        yield Create(Node(self._node, _JOB, self._properties(), observed, job.readers))
        yield self._relation("s", 0, Kind.IS_DESCRIBED_BY, job.revision.node)
        if job.sweep:
            yield self._relation("i", 0, Kind.WAS_INFORMED_BY, self._id(job.sweep))
        yield from self._agents()
        for parameter in job.parameters:
            yield from changes_of_parameter(parameter, job.local, job.revision, job.readers, namespace=self._namespace)
        for index, item in enumerate(job.inputs):
            yield from self._config_file(index, item) if item.used.type == CONFIG_FILE else self._input(index, item)

    def _properties(self) -> Mapping[str, Value]:
        job = self._job
        described = job.revision.description
        history = add_change("", Phase.PENDING, at=job.created_at, cause=job.cause)
        properties: dict[str, Value] = {
            "service": described.name,
            "name": described.name,
            "revision": job.revision.name,
            "phase": (Phase.QUEUED if job.queued else Phase.PENDING).value,
            "history": add_change(history, Phase.QUEUED, at=job.created_at, cause=job.cause) if job.queued else history,
            "owner": job.agent,
            "created_at": job.created_at,
            "changed_at": job.created_at,
            "execution_duration": int(job.execution_duration.total_seconds()),
            "destruction_at": job.destruction_at,
            "expires_at": job.destruction_at,
            "executor": job.executor,
            "script_sha256": described.script_sha256,
        }
        if job.quote_at is not None:
            properties["quote_at"] = job.quote_at
        if job.run_id:
            properties["run_id"] = job.run_id
        if job.queued:
            properties["open"] = True
        uploaded = sum(integer(item.node.properties, "size") or 0 for item in job.inputs if item.kept_with_job)
        further: dict[str, Value] = {
            "sweep": job.sweep,
            "request_sha256": job.request_sha256,
            "disk_bytes": uploaded,
            "container": described.container,
            "modules": " ".join(described.modules),
            "resources": job.resources,
            "cluster_account": job.cluster_account,
        }
        return properties | {name: value for name, value in further.items() if value}

    def _relation(
        self, family: str, index: int, kind: Kind, target: NodeId, *, role: str | None = None, name: str = ""
    ) -> Create:
        """Relate the job to something. Keys sort in the order of the description."""
        attributes = (Attribute(INPUT_NAME, name),) if name else ()
        key = f"{self._job.local}.{family}{index:04d}"
        plan = {"plan": self._job.revision.node} if kind is Kind.WAS_ASSOCIATED_WITH else {}
        return Create(Relation(key, kind, self._node, target, role, arguments=plan, attributes=attributes))

    def _agents(self) -> Iterator[Change]:
        yield self._relation("a", 0, Kind.WAS_ASSOCIATED_WITH, self._id(self._job.agent), role="Operator")
        yield self._relation("a", 1, Kind.WAS_ASSOCIATED_WITH, self._id(PROVSTORE_AGENT), role="Executor")

    def _config_file(self, index: int, item: Input) -> Iterator[Change]:
        """A configuration file is the job's own node, even when its bytes are shared."""
        before = sum(one.used.name == item.used.name for one in self._job.inputs[:index])
        local = f"{self._job.local}.{item.used.name}.file{f'-{before + 1}' if before else ''}"
        wanted = ("location", "url", "content_type", "size", "sha256")
        properties: dict[str, Value] = {"name": item.used.name, "file_name": item.node.properties["name"]}
        properties |= {key: item.node.properties[key] for key in wanted if key in item.node.properties}
        keys = None if item.keys is None else item.keys.first(self._keys_left)
        facts = {} if keys is None else facts_of(keys)
        node = Node(self._id(local), frozenset({Label.CONFIG_FILE}), properties | facts, readers=self._job.readers)
        yield Create(node)
        yield self._relation("f", index, Kind.WAS_CONFIGURED_BY, node.id)
        if keys is not None:
            self._keys_left -= len(keys.keys)
            where = Configured(self._node, node.id, item.used.name, self._job.readers)
            yield from changes_of_keys(keys, where, namespace=self._namespace)

    def _input(self, index: int, item: Input) -> Iterator[Change]:
        used = item.used
        if item.new:
            yield Upsert(item.node if item.node.readers else self._brought(item.node))
            yield from self._attribution(item)
        role = used.role or used.name
        yield self._relation("u", index, Kind.USED, item.node.id, role=role, name=used.name)

    def _brought(self, node: Node) -> Node:
        """An input that is new with the job is seen by whoever sees the job, and shared with it."""
        properties = {**node.properties, BROUGHT_BY: self._job.local}
        return node._replace(properties=properties, readers=self._job.readers)

    def _attribution(self, item: Input) -> Iterator[Change]:
        """An upload was made by nothing we know: it is attributed to the person who brought it."""
        if item.node.readers or "location" not in item.node.properties:
            return
        key = f"{item.node.id.removeprefix(self._namespace)}.a"
        yield Create(Relation(key, Kind.WAS_ATTRIBUTED_TO, item.node.id, self._id(self._job.agent), role="Provider"))
