"""What a script says itself of its run: ``internal_provenance.json`` (PROV-JSON, activity ``current_job``).

Read here: agents (the software that really ran) and their association with the job. What is not understood is told,
never dropped without a word.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from provstore.graph.model import Kind, Relation
from provstore.graph.store import Change, Create, Update, Upsert
from provstore.uws.agents import software
from provstore.uws.jobs import Job

__all__ = ["FILE_NAME", "Told", "read_internal_provenance"]

FILE_NAME: Final = "internal_provenance.json"
CURRENT_JOB: Final = "current_job"
_LARGEST: Final = 4 << 20
_LONGEST: Final = 4000
_MOST_AGENTS: Final = 1000
_KNOWN: Final = frozenset({"prefix", "agent", "wasAssociatedWith"})


@dataclass(slots=True)
class Told:
    """What a script told: changes for the graph, and remarks on what could not be taken."""

    changes: list[Change] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def read_internal_provenance(job: Job, work: Path, *, namespace: str) -> Told:
    """Read the file, if the script wrote one. Nothing in it can fail the job."""
    told = Told()
    document = _load(work / FILE_NAME, told)
    agents = _section(document, "agent", told)
    associations = _section(document, "wasAssociatedWith", told)
    told.remarks += [f"{FILE_NAME}: section {name!r} is not read" for name in sorted(set(document) - _KNOWN)]
    roles = dict(_associated(associations))
    if len(agents) > _MOST_AGENTS:
        told.remarks.append(f"{FILE_NAME}: {len(agents)} agents; only the first {_MOST_AGENTS} were read")
    for index, (name, facts) in enumerate(islice(agents.items(), _MOST_AGENTS)):
        if name in roles and isinstance(facts, dict):
            told.changes.extend(_agent(job, index, facts, name=name, role=roles[name], namespace=namespace))
    if told.remarks:
        told.changes.append(_remarked(job, told.remarks))
    return told


def _remarked(job: Job, remarks: list[str]) -> Update:
    """Keep what could not be taken with the job, where its owner sees it."""
    return Update(node=job.node, expected={}, put={"remarks": _clean("\n".join(remarks)[:_LONGEST])})


def _clean(text: str) -> str:
    """Give text that the graph can keep: JSON may hold NUL and halves of characters."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _load(file: Path, told: Told) -> dict[str, Any]:
    if not file.is_file():
        return {}
    if file.is_symlink() or file.stat().st_size > _LARGEST:
        told.remarks.append(f"{FILE_NAME}: a link, or larger than {_LARGEST} bytes; it was not read")
        return {}
    try:
        document = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        told.remarks.append(f"{FILE_NAME}: {error}")
        return {}
    if not isinstance(document, dict):
        told.remarks.append(f"{FILE_NAME}: an object is needed")
        return {}
    return document


def _section(document: Mapping[str, Any], name: str, told: Told) -> dict[str, Any]:
    section = document.get(name, {})
    if not isinstance(section, dict):
        told.remarks.append(f"{FILE_NAME}: section {name!r} must be an object")
        return {}
    return section


def _associated(associations: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for facts in associations.values():
        if isinstance(facts, dict) and str(facts.get("prov:activity", "")).rsplit(":", 1)[-1] == CURRENT_JOB:
            yield str(facts.get("prov:agent", "")), _literal(facts.get("prov:role"))


def _literal(value: object) -> str:
    """Read a PROV-JSON literal, plain or typed; of several the first."""
    if isinstance(value, list):
        value = next(iter(value), "")
    if isinstance(value, dict):
        value = value.get("$", "")
    return "" if value is None else str(value)


def _agent(job: Job, index: int, facts: Mapping[str, Any], *, name: str, role: str, namespace: str) -> Iterator[Change]:
    label = _literal(facts.get("prov:label") or facts.get("voprov:name")) or name.rsplit(":", 1)[-1]
    version = _literal(facts.get("voprov:version") or facts.get("version") or facts.get("provstore:version"))
    node = software(namespace, _clean(label), _clean(version))
    yield Upsert(node)
    key = f"{job.id}.s{index + 1:04d}"
    yield Create(Relation(key, Kind.WAS_ASSOCIATED_WITH, job.node, node.id, _clean(role) or "Software"))
