"""Which nodes of a batch pass a condition: clause by clause, as a table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from provstore.errors import Invalid
from provstore.graph.model import PROV, Node, NodeId, Value, Viewer
from provstore.graph.store import GraphStore, Op
from provstore.graph.titles import called, local_part
from provstore.queries.conditions import Clause, Test
from provstore.queries.facts import Facts, described_as, matches, revisions_of, types_of, values_of
from provstore.queries.names import every_key, keys, resolve, types
from provstore.queries.zones import zone_named

__all__ = ["PROPERTIES", "Judge", "weekday_of"]

PROPERTIES: Final = {
    "run-id": "run_id",
    "runId": "run_id",
    "content-type": "content_type",
    "contentType": "content_type",
    "service": "service",
    "phase": "phase",
    "location": "location",
    "sha256": "sha256",
    "size": "size",
    "owner": "owner",
    "created": "created_at",
    "started": "started_at",
    "ended": "ended_at",
    "generated": "generated_at",
    "invalidated": "invalidated_at",
}
"""Key of a condition -> property of our own nodes."""

_TOLD: Final = {"started": (f"{PROV}startTime",), "ended": (f"{PROV}endTime",), "location": (f"{PROV}location",)}
_DAY: Final = 24
_HOURS: Final = re.compile(r"\s*(\d{1,2})\s*-\s*(\d{1,2})\s*", re.ASCII)
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_NAMES: Final = frozenset(
    (*_DAYS, *(f"{one}day" for one in ("mon", "tues", "wednes", "thurs", "fri", "satur", "sun")))
)

_Rule = Callable[["Judge", Facts, Node, Clause], bool]


class Judge:
    """Tests batches of nodes against one condition.

    Args:
        store: The graph.
        test: The condition.
        viewer: Who asks.
        zone: In which weekdays and hours are meant.

    Raises:
        Invalid: a clause can't be understood.
    """

    def __init__(self, store: GraphStore, test: Test, viewer: Viewer, *, zone: str = "UTC") -> None:
        self._store = store
        self._test = test
        self._viewer = viewer
        self._zone = zone_named(zone)
        self._keys: dict[str, tuple[str, ...]] = {}
        self._parameters: dict[str, tuple[str, ...]] = {}
        self._types: dict[str, tuple[str, ...]] = {}
        self._ids: dict[str, NodeId] = {}
        for clause in test.clauses:
            if clause.key not in _RULES and clause.key not in PROPERTIES:
                self.keys(clause.name or clause.key)
            if clause.key == "weekday":
                _days(clause)
            if clause.key == "hours":
                _spans(clause)

    def passing(self, nodes: Sequence[Node]) -> list[Node]:
        """Give those of the nodes that pass, in their order, with what documents tell of them."""
        facts = Facts(self._store, [node for node in nodes if self._test.label in node.labels], self._viewer)
        return [
            node for node in facts.nodes.values() if all(self._holds(facts, node, one) for one in self._test.clauses)
        ]

    def keys(self, name: str) -> tuple[str, ...]:
        """Give the keys of attributes that a name means."""
        if name not in self._keys:
            self._keys[name] = keys(self._store, name, self._viewer)
        return self._keys[name]

    def parameter_keys(self, name: str) -> tuple[str, ...]:
        """Give the keys of attributes that are taken for a parameter: those of one vocabulary forbid no other's."""
        if name not in self._parameters:
            self._parameters[name] = every_key(self._store, name, self._viewer)
        return self._parameters[name]

    def types(self, clause: Clause) -> tuple[str, ...]:
        """Give the types that a clause names."""
        for one in clause.values:
            if one not in self._types:
                self._types[one] = types(self._store, one, self._viewer)
        return tuple(uri for one in clause.values for uri in self._types[one])

    def ids(self, clause: Clause) -> tuple[NodeId, ...]:
        """Give the ids that a clause names."""
        for one in clause.values:
            if one not in self._ids:
                self._ids[one] = resolve(self._store, one, self._viewer)
        return tuple(self._ids[one] for one in clause.values)

    def _holds(self, facts: Facts, node: Node, clause: Clause) -> bool:
        return _RULES.get(clause.key, _attribute)(self, facts, node, clause)

    # --- rules

    def by_id(self, _: Facts, node: Node, clause: Clause) -> bool:
        """Tell whether it is one of the nodes named."""
        return (node.id in self.ids(clause)) is (clause.op is not Op.NE)

    def by_name(self, _: Facts, node: Node, clause: Clause) -> bool:
        """Tell whether it is called so."""
        names = (called(node), local_part(node.id), node.id)
        if clause.op is Op.CONTAINS:
            return any(value in name for value in clause.values for name in names)
        return any(matches(one, names) for one in clause.values) is (clause.op is Op.EQ)

    def by_type(self, _: Facts, node: Node, clause: Clause) -> bool:
        """Tell whether it has a type, or a class of ours."""
        have = {*types_of(node), *node.labels, str(node.properties.get("type", ""))}
        return (not have.isdisjoint(self.types(clause))) is (clause.op is not Op.NE)

    def by_description(self, facts: Facts, node: Node, clause: Clause) -> bool:
        """Tell whether one of the descriptions or a type is meant; what has no description is known by its name."""
        if not set(types_of(node)).isdisjoint(self.types(clause)):
            return clause.op is not Op.NE
        described = facts.descriptions(node.id)
        wanted = [
            name for one in clause.values for name in dict.fromkeys((one, resolve(self._store, one, self._viewer)))
        ]
        if described:
            found = any(described_as(one, name) for one in described for name in wanted)
        else:
            found = any(matches(name, (*types_of(node), called(node))) for name in wanted)
        return found is (clause.op is not Op.NE)

    def by_revision(self, facts: Facts, node: Node, clause: Clause) -> bool:
        """Tell whether the description has this revision or version."""
        return clause.holds([one for described in facts.descriptions(node.id) for one in revisions_of(described)])

    def by_parameter(self, facts: Facts, node: Node, clause: Clause) -> bool:
        """Tell whether a parameter of that name has the value; else whether an attribute of that name has it."""
        name = clause.name or clause.key
        named = [one for one in facts.parameters(node.id) if name in (one.name, one.role)]
        values = [value for one in named for value in one.values]
        return clause.holds(values or values_of(node, self.parameter_keys(name)))

    def by_agent(self, facts: Facts, node: Node, clause: Clause) -> bool:
        """Tell whether somebody of that name or id is answerable for it."""
        wanted = self.ids(clause)
        ties = facts.agents(node.id)
        found = any(tie.node.id in wanted or matches(one, (called(tie.node),)) for tie in ties for one in clause.values)
        return found is (clause.op is not Op.NE)

    def by_used(self, facts: Facts, node: Node, clause: Clause) -> bool:
        """Tell whether the activity used it."""
        wanted = self.ids(clause)
        return any(tie.node.id in wanted for tie in facts.used(node.id))

    def by_weekday(self, _: Facts, node: Node, clause: Clause) -> bool:
        """Tell whether it started on one of the days, in the zone."""
        started_at = node.properties.get("started_at")
        return isinstance(started_at, datetime) and weekday_of(started_at, self._zone) in _days(clause)

    def by_hours(self, _: Facts, node: Node, clause: Clause) -> bool:
        """Tell whether it started within hours of the day, in the zone; ``22-4`` passes midnight."""
        started_at = node.properties.get("started_at")
        if not isinstance(started_at, datetime):
            return False
        hour = started_at.astimezone(self._zone).hour
        return any(
            first <= hour < last if first < last else hour >= first or hour < last for first, last in _spans(clause)
        )

    def by_property(self, _: Facts, node: Node, clause: Clause) -> bool:
        """Test a property of our own nodes, and what documents tell under the same word."""
        own = node.properties.get(PROPERTIES[clause.key])
        have: list[Value] = [] if own is None else [own]
        return clause.holds([*have, *values_of(node, _TOLD.get(clause.key, ()))])


def _attribute(judge: Judge, _: Facts, node: Node, clause: Clause) -> bool:
    name = clause.name or clause.key
    have = values_of(node, judge.keys(name))
    if not have and name in node.properties:
        have = (node.properties[name],)
    return clause.holds(have) or _named_so(judge, have, clause)


def _named_so(judge: Judge, have: Iterable[Value], clause: Clause) -> bool:
    """Tell whether a value is a name that the condition writes as a QName."""
    if clause.op is not Op.EQ:
        return False
    wanted = {uri for one in clause.values if ":" in one for uri in judge.keys(one)}
    return bool(wanted) and any(one in wanted for one in have)


_RULES: Final[Mapping[str, _Rule]] = {
    "id": Judge.by_id,
    "name": Judge.by_name,
    "label": Judge.by_name,
    "type": Judge.by_type,
    "description": Judge.by_description,
    "revision": Judge.by_revision,
    "parameter": Judge.by_parameter,
    "agent": Judge.by_agent,
    "used": Judge.by_used,
    "weekday": Judge.by_weekday,
    "hours": Judge.by_hours,
    **dict.fromkeys(PROPERTIES, Judge.by_property),
}
"""Key of a clause -> its rule; every other key is that of an attribute."""


def weekday_of(instant: datetime, zone: ZoneInfo) -> str:
    """Give the day of the week in a zone, as three letters."""
    return _DAYS[instant.astimezone(zone).weekday()]


def _days(clause: Clause) -> frozenset[str]:
    days = frozenset(one.strip().lower()[:3] for one in clause.values)
    if not all(one.strip().lower() in _DAY_NAMES for one in clause.values):
        wrong = ", ".join(clause.values)
        raise Invalid(f"weekday={wrong!r}: {', '.join(_DAYS)} are known", field="weekday", value=wrong)
    return days


def _spans(clause: Clause) -> list[tuple[int, int]]:
    """Give the hours from which and before which something began."""
    return [_hours(one) for one in clause.values]


def _hours(text: str) -> tuple[int, int]:
    found = _HOURS.fullmatch(text)
    first, last = (int(found[1]), int(found[2])) if found else (_DAY, _DAY)
    if max(first, last) > _DAY or found is None:
        raise Invalid(f"hours={text!r}: two hours such as 8-17 are needed", field="hours", value=text)
    if first % _DAY == last:
        right = (
            f"from {first} up to {last} is no time; {first % _DAY}-{first % _DAY + 1} is one hour, 0-24 the whole day"
        )
        raise Invalid(f"hours={text!r}: {right}", field="hours", value=text)
    return first, last
