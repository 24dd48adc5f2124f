"""The events of a document and which must not come after which (constraints 30-49; inferences 7-10, 14).

All starts of an activity are one event here, for they are simultaneous (31); so are its ends (32), the generations of
an entity (39) and its invalidations (40). An event that nobody tells of exists all the same (inferences 7, 8).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from provstore.queries.constraints.facts import Fact
from provstore.queries.constraints.network import Network
from provstore.queries.constraints.uniqueness import FRESH, Facts, Key, usage_of
from provstore.queries.constraints.violation import shown

__all__ = ["STRICT", "Event", "Events", "What", "events_of", "told_by"]

STRICT: Final = 42
"""The rule whose events can't be simultaneous: what is derived is generated later than its source."""


class What(StrEnum):
    """Kinds of events."""

    START = "start"
    END = "end"
    GENERATION = "generation"
    INVALIDATION = "invalidation"
    USE = "usage"


class Event(NamedTuple):
    """What happened to whom: an activity, an entity; of usages, which."""

    what: What
    of: str

    def __str__(self) -> str:
        """Name it for a message."""
        return self.what if self.of.startswith(FRESH) else f"{self.what} of {shown(self.of)}"

    def elements(self) -> tuple[str, ...]:
        """Give the element to which it happened, if that has a name."""
        return () if self.what == What.USE or self.of.startswith(FRESH) else (self.of,)


Events = Network[Event]


class _Row(NamedTuple):
    """By a rule, one event must not come after another; each by the argument that names whose it is."""

    rule: int
    first: tuple[What, str]
    second: tuple[What, str]


_SELF: Final = "id"
"""In place of an argument: the record itself."""

_START, _END, _GEN, _INV, _USE = What.START, What.END, What.GENERATION, What.INVALIDATION, What.USE


def _during(rule: int, activity: str, *event: str | What) -> tuple[_Row, _Row]:
    """Give the rows that put an event into an activity."""
    what, argument = event
    inside = What(what), argument
    return _Row(rule, (_START, activity), inside), _Row(rule, inside, (_END, activity))


def _present(rule: int, activity: str, agent: str) -> tuple[_Row, ...]:
    """Give the rows that let an agent, be it an entity or an activity, live at some time of an activity."""
    return (
        _Row(rule, (_START, activity), (_INV, agent)),
        _Row(rule, (_GEN, agent), (_END, activity)),
        _Row(rule, (_START, activity), (_END, agent)),
        _Row(rule, (_START, agent), (_END, activity)),
    )


_SPECIALIZATION: Final = (
    _Row(45, (_GEN, "generalEntity"), (_GEN, "specificEntity")),
    _Row(46, (_INV, "specificEntity"), (_INV, "generalEntity")),
)

_ROWS: Final[dict[str, tuple[_Row, ...]]] = {
    "wasGeneratedBy": _during(34, "activity", _GEN, "entity"),
    "used": (
        *_during(33, "activity", _USE, _SELF),
        _Row(37, (_GEN, "entity"), (_USE, _SELF)),
        _Row(38, (_USE, _SELF), (_INV, "entity")),
    ),
    "wasInformedBy": (_Row(35, (_START, "informant"), (_END, "informed")),),
    "wasStartedBy": (
        _Row(43, (_GEN, "trigger"), (_START, "activity")),
        _Row(43, (_START, "activity"), (_INV, "trigger")),
        *_during(34, "starter", _GEN, "trigger"),
    ),
    "wasEndedBy": (
        _Row(44, (_GEN, "trigger"), (_END, "activity")),
        _Row(44, (_END, "activity"), (_INV, "trigger")),
        *_during(34, "ender", _GEN, "trigger"),
    ),
    "wasDerivedFrom": (
        _Row(STRICT, (_GEN, "usedEntity"), (_GEN, "generatedEntity")),
        _Row(41, (_USE, "usage"), (_GEN, "generatedEntity")),
    ),
    "wasAttributedTo": (
        _Row(48, (_GEN, "agent"), (_GEN, "entity")),
        _Row(48, (_START, "agent"), (_GEN, "entity")),
    ),
    "wasAssociatedWith": _present(47, "activity", "agent"),
    "actedOnBehalfOf": (
        _Row(49, (_GEN, "responsible"), (_INV, "delegate")),
        _Row(49, (_START, "responsible"), (_END, "delegate")),
        *_present(47, "activity", "delegate"),
        *_present(47, "activity", "responsible"),
    ),
    "specializationOf": _SPECIALIZATION,
    "mentionOf": _SPECIALIZATION,
}
"""Kind of record -> what it says of the order of events. Starters generate their trigger, and enders (inferences 9,
10); delegates and who is responsible are associated with the activity (inference 14)."""

_TOLD: Final = {
    "activity": ((_START, _SELF, "startTime"), (_END, _SELF, "endTime")),
    "wasStartedBy": ((_START, "activity", "time"),),
    "wasEndedBy": ((_END, "activity", "time"),),
    "wasGeneratedBy": ((_GEN, "entity", "time"),),
    "wasInvalidatedBy": ((_INV, "entity", "time"),),
    "used": ((_USE, _SELF, "time"),),
}
"""Kind of record -> the events it tells of: what, the argument that names whose it is, and that of its time."""

_LIVES: Final = ((30, _START, _END), (36, _GEN, _INV))


def events_of(facts: Facts) -> Events:
    """Order the events of all facts, without a look at times."""
    events = Events()
    for key, fact in facts.items():
        rows = _ROWS.get(fact.kind, ())
        names = _names(key, fact) if rows else {}
        for rule, (first, before), (second, after) in rows:
            if names.get(before) and names.get(after):
                events.join(Event(first, names[before]), Event(second, names[after]), rule, fact.records[0])
        for event, _ in told_by(key, fact):
            events.number(event)
    for event in tuple(events.names):
        for rule, first, last in _LIVES:
            if event.what == first and events.find(Event(last, event.of)) is not None:
                events.join(event, Event(last, event.of), rule, None)
    return events


def _names(key: Key, fact: Fact) -> dict[str, str]:
    """Give the arguments, and fresh names of those that are not told but exist."""
    names = {**fact.arguments, _SELF: key.name}
    if key.kind == "wasDerivedFrom":
        names["usage"] = usage_of(key.name, fact) if fact.get("activity") else ""
    elif key.kind in ("wasStartedBy", "wasEndedBy"):
        names["trigger"] = fact.get("trigger") or f"{FRESH}trigger of {key.name}"
    return names


def told_by(key: Key, fact: Fact) -> Iterator[tuple[Event, str]]:
    """Give the events that a record tells of, with the text of their times, "" where there is none."""
    for what, owner, time in _TOLD.get(key.kind, ()):
        of = key.name if owner == _SELF else fact.get(owner)
        if of:
            yield Event(what, of), fact.get(time)
