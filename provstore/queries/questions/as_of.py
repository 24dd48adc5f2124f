"""What the record of something would have said at a time in the past."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from provstore.graph.model import Kind, Label, Node, NodeId, Relation, Subgraph, Value, Viewer, parse_instant
from provstore.graph.rules import TO_CAUSES, TO_EFFECTS
from provstore.graph.statements import instant_of
from provstore.graph.store import GraphStore
from provstore.queries.asking import Parameter, Question, choice, instant, many_ids, number
from provstore.queries.lineage import Attachments, Direction, attach, reach, without
from provstore.queries.lineage import Question as Way
from provstore.queries.things import instant_in
from provstore.queries.told import with_told
from provstore.queries.ways import distances, onwards

__all__ = ["QUESTION", "Asked", "as_of"]

_LIMIT: Final = 10_000
_STEPS: Final = {Direction.UP: TO_CAUSES, Direction.DOWN: TO_EFFECTS, Direction.BOTH: (*TO_CAUSES, *TO_EFFECTS)}
_BEGINNINGS: Final = {
    Label.ACTIVITY: ("started_at", "created_at"),
    Label.ENTITY: ("generated_at", "created_at"),
    Label.ACTIVITY_DESCRIPTION: ("created_at",),
}
"""Properties that tell since when a node is there; of several that are known the earliest."""
_OF_THE_END: Final = frozenset({"exit_code", "cpu_seconds", "max_rss", "disk_bytes", "elapsed_seconds"})
_OF_A_FAILURE: Final = frozenset({"error_type", "error_message", "error_detail"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The parameters of :data:`QUESTION`."""

    id: tuple[NodeId, ...]
    time: datetime
    direction: str = "both"
    depth: int | None = None
    limit: int = _LIMIT


def as_of(store: GraphStore, viewer: Viewer, asked: Asked) -> Subgraph:
    """Give the lineage of some nodes with only what had happened by a time; an empty graph if they were not there yet.

    What was made or began later is left out, and so is what is reached only through it; jobs are in the phase in which
    they were. Something of which no time is known stays, unless what made it came later.

    Raises:
        NotFound: none of the ids is known (or may be seen).
    """
    direction = Direction(asked.direction)
    way = Way(ids=asked.id, direction=direction, depth=asked.depth, limit=asked.limit)
    answer = with_told(store, reach(store, way, viewer), viewer)
    then = _past(answer, asked.time)
    starts = {one.node.id for one in then.reached if one.node.id in asked.id}
    steps = _STEPS[direction]
    near = distances(starts, onwards(then.edges, steps))
    shown = without(then, {one.node.id for one in then.reached if one.node.id not in near})
    shown = attach(store, shown, replace(way, attachments=Attachments(descriptions=1)), viewer)
    return _past(shown, asked.time)


def _past(answer: Subgraph, time: datetime) -> Subgraph:
    """Leave out what came later, with what it made."""
    edges = tuple(edge for edge in answer.edges if not _is_later(edge, time))
    later = {one.node.id for one in answer.reached if _began_later(one.node, time)}
    made: dict[NodeId, list[Relation]] = {}
    for edge in answer.edges:
        if edge.kind is Kind.WAS_GENERATED_BY:
            made.setdefault(edge.source, []).append(edge)
    later |= {product for product, ties in made.items() if _all_later(ties, later, time)}
    kept = without(replace(answer, edges=edges), later)
    return replace(kept, reached=tuple(one._replace(node=_then(one.node, time)) for one in kept.reached))


def _all_later(ties: Iterable[Relation], later: Collection[NodeId], time: datetime) -> bool:
    return all(tie.target in later or _is_later(tie, time) for tie in ties)


def _when(edge: Relation) -> datetime | None:
    return edge.time or instant_of(edge.arguments.get("time", ""))


def _is_later(edge: Relation, time: datetime) -> bool:
    when = _when(edge)
    return when is not None and when > time


def _began_later(node: Node, time: datetime) -> bool:
    names = {name for label in node.labels for name in _BEGINNINGS.get(label, ())}
    known = [when for name in names if (when := instant_in(node, name)) is not None]
    return bool(known) and min(known) > time


def _then(node: Node, time: datetime) -> Node:
    """Give a node as it was: without later times, and in its phase of then."""
    properties = {
        name: value
        for name, value in node.properties.items()
        if not (isinstance(value, datetime) and value > time and not name.startswith(_FORESEEN))
    }
    if "history" in properties:
        properties |= _phase(properties, time)
    if "ended_at" in node.properties and "ended_at" not in properties:
        properties = {name: value for name, value in properties.items() if name not in _OF_THE_END | _OF_A_FAILURE}
    return node._replace(properties=properties)


_FORESEEN: Final = ("destruction", "quote", "expires", "embargo")
"""Times that were known beforehand."""


def _phase(properties: Mapping[str, Value], time: datetime) -> dict[str, Value]:
    try:
        rows = [row for row in json.loads(str(properties["history"])) if parse_instant(row[1]) <= time]
        return {"phase": rows[-1][0], "history": json.dumps(rows, separators=(",", ":"))} if rows else {}
    except (ValueError, TypeError, LookupError):
        return {}


QUESTION: Final = Question(
    name="as-of",
    text="The lineage of something with only what had happened by a time.",
    of=Asked,
    ask=as_of,
    parameters=(
        Parameter("id", many_ids, "the local part, QName or URI of a node", many=True, needed=True),
        Parameter("time", instant, "a date, or a date with time", needed=True),
        Parameter("direction", choice(*Direction), "up to the causes, down to the effects, or both", default="both"),
        Parameter("depth", number(0, all_as_none=True), "number of relations from the nearest id", default="all"),
        Parameter("limit", number(1), f"at most so many nodes, the nearest first [{_LIMIT}]"),
    ),
)
