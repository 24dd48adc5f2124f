"""Changes of jobs as events, read from the graph: whoever made the change, and however long ago it was written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from provstore.errors import Invalid
from provstore.graph.model import EVERYBODY, Label, Node, NodeId, Viewer, format_instant, parse_instant
from provstore.graph.store import Condition, Filter, Find, GraphStore, Op, Order, every
from provstore.uws.control import parse_instant_of_client
from provstore.uws.jobs import Change, changes_of, instant, text
from provstore.uws.phases import Phase

__all__ = ["Event", "Happening", "Since", "changed_jobs", "events_of", "jobs_by_id", "parse_since", "recent_events"]

_FIELDS: Final = ("service", "phase", "run_id", "created_at", "changed_at", "history", "deleted")
_PAGE: Final = 1000
_INFERRED: Final = "inferred"
_DELETION: Final = "deleted"
_ID: Final = re.compile(r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)/j[0-9a-f]{32}/(\d{1,9}|deleted)\Z")


class Happening(StrEnum):
    """What an event tells."""

    PHASE = "phase"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A job came to a phase, or was deleted; ``id`` is the same whenever and by whomever it is read.

    ``at``: when it happened. ``written_at``: when the job was last written before it was read. ``readers``: of the job.
    """

    id: str
    happening: Happening
    job_id: str
    service: str
    phase: Phase
    run_id: str
    created_at: datetime
    at: datetime
    written_at: datetime
    readers: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """From where on events are wanted: after the event with that id, or ("" as id) from an instant on."""

    at: datetime
    id: str = ""


def parse_since(given: str, *, field: str) -> Since:
    """Read the id of an event, or an instant.

    Raises:
        Invalid: it is neither.
    """
    found = _ID.match(given)
    if found is None:
        return Since(at=parse_instant_of_client(given, field=field))
    try:
        return Since(at=parse_instant(found["at"]), id=given)
    except ValueError as error:
        raise Invalid(f"{field}={given!r}: {error}", field=field, value=given) from error


def events_of(node: Node, namespace: str) -> tuple[Event, ...]:
    """Give all that happened to a job, oldest first; its deletion last."""
    changes = _changes(node)
    told = [_event(node, namespace, one, mark=str(index)) for index, one in enumerate(changes)]
    if _is_deleted(node) and changes:
        written_at = instant(node.properties, "changed_at") or changes[-1].at
        deletion = Change(phase=changes[-1].phase, at=written_at, cause="")
        told.append(_event(node, namespace, deletion, mark=_DELETION))
    return tuple(told)


def recent_events(node: Node, namespace: str, at: datetime) -> tuple[Event, ...]:
    """Give what can have been written to a job since an instant, of one that was written since then.

    That is what happened since then; and what the last writing brought though it happened earlier, as an executor tells
    of a job that ended while no server ran.
    """
    found = events_of(node, namespace)
    last = len(found) if _is_deleted(node) else _last_writing(_changes(node))
    first = next((index for index, one in enumerate(found) if one.at >= at), len(found))
    return found[min(first, last) :]


def _last_writing(changes: Sequence[Change]) -> int:
    """Give the place of the first change of the last move: one that was missed is entered together with the next."""
    last = len(changes) - 1
    return last - 1 if last > 0 and changes[last - 1].cause == _INFERRED else max(last, 0)


def _is_deleted(node: Node) -> bool:
    return node.properties.get("deleted") is True


def _changes(node: Node) -> tuple[Change, ...]:
    return changes_of(text(node.properties, "history"))


def _event(node: Node, namespace: str, change: Change, *, mark: str) -> Event:
    properties = node.properties
    job_id = node.id.removeprefix(namespace)
    return Event(
        id=f"{format_instant(change.at)}/{job_id}/{mark}",
        happening=Happening.DELETED if mark == _DELETION else Happening.PHASE,
        job_id=job_id,
        service=text(properties, "service"),
        phase=change.phase,
        run_id=text(properties, "run_id"),
        created_at=instant(properties, "created_at") or change.at,
        at=change.at,
        written_at=instant(properties, "changed_at") or change.at,
        readers=node.readers,
    )


def changed_jobs(
    store: GraphStore, at: datetime, *, service: str | None = None, viewer: Viewer = EVERYBODY
) -> Iterator[Node]:
    """Give the jobs that were written at an instant or after it, earliest first, as the viewer sees them."""
    filters = [Filter("changed_at", Op.GE, at)]
    if service is not None:
        filters.append(Filter("service", Op.EQ, service))
    condition = Condition(label=Label.JOB, filters=tuple(filters))
    question = Find(condition=condition, order=Order("changed_at"), limit=_PAGE, fields=_FIELDS)
    return every(store, question, viewer)


def jobs_by_id(store: GraphStore, job_ids: Sequence[str]) -> Iterator[Node]:
    """Give the jobs of these ids that are there."""
    nodes = store.get([NodeId(store.namespace + job_id) for job_id in job_ids])
    return (node for node in nodes if Label.JOB in node.labels)
