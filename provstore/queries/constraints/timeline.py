"""Times against the order of events (constraints 28-49, as far as times tell).

What must not come after an event may not have a later time. Between two events with times there may be any number
without: the latest time before an event is handed on through them, so that one pass sees every contradiction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final, NamedTuple

from provstore.graph.statements import Statement, instant_of
from provstore.queries.constraints.events import STRICT, Event, Events, What, told_by
from provstore.queries.constraints.facts import Fact
from provstore.queries.constraints.network import Step, components, way
from provstore.queries.constraints.ordering import MOST, circles, nodes_of, records_of
from provstore.queries.constraints.uniqueness import Facts
from provstore.queries.constraints.violation import Violation, numbered, shown

__all__ = ["Claim", "Claims", "claims_of", "disordered"]


class Claim(NamedTuple):
    """When an event happened, and what record says so."""

    at: datetime
    text: str
    record: Statement


Claims = dict[int, Claim]
"""Number of an event -> when it happened."""

_ONE_TIME: Final = {
    What.START: (28, 31),
    What.END: (29, 32),
    What.GENERATION: (39, 39),
    What.INVALIDATION: (40, 40),
    What.USE: (23, 23),
}
"""The rules that an event has one time: against the activity's own record, and between others."""


_MOST_STEPS: Final = 20
"""So many steps between two events are told, those nearest to the later one."""


class _Trail(NamedTuple):
    """The way back from an event to the one whose time it inherits."""

    step: Step
    before: _Trail | None


class _Bound(NamedTuple):
    """What came before happened then, or after that if ``strict``; ``origin`` is the event with that time."""

    at: datetime
    strict: bool
    origin: int
    trail: _Trail | None


def claims_of(facts: Facts, events: Events, into: Claims) -> Iterator[Violation]:
    """Find out when each event happened; find those to which two times are given (28, 29, 31, 32, 39, 40)."""
    for key, fact in facts.items():
        for event, text in told_by(key, fact):
            at = instant_of(text)
            if at is not None:
                claim = Claim(at, text, _teller(fact, text))
                first = into.setdefault(events.number(event), claim)
                if first.at != at:
                    yield _two_times(event, first, claim)


def _teller(fact: Fact, text: str) -> Statement:
    """Give the record that brought a time into a fact."""
    return next((one for one in fact.records if text in one.arguments.values()), fact.records[0])


def _two_times(event: Event, first: Claim, second: Claim) -> Violation:
    with_activity, otherwise = _ONE_TIME[event.what]
    activity = "activity" in (first.record.kind, second.record.kind)
    return Violation(
        rule=with_activity if activity else otherwise,
        records=numbered((first.record, second.record)),
        nodes=event.elements(),
        text=f"the {event} has one time, but is told to be at {shown(first.text)} and at {shown(second.text)}",
    )


def disordered(events: Events, claims: Claims) -> Iterator[Violation]:
    """Find events that come before themselves, and times that contradict the order of events."""
    groups = list(components(events))
    for group in groups:
        if len(group) > 1 or any(edge.target == group[0] for edge in events.edges[group[0]]):
            yield from circles(events, group)
            yield from _simultaneous(events, group, claims)
    yield from _Timeline(events, claims, groups).contradictions()


def _simultaneous(events: Events, group: Sequence[int], claims: Claims) -> Iterator[Violation]:
    """Find different times among events that must be at one, as each comes before all the others."""
    timed = sorted((number for number in group if number in claims), key=lambda number: claims[number].at)
    inside = frozenset(group)
    different = [pair for pair in pairwise(timed) if claims[pair[0]].at < claims[pair[1]].at]
    for earlier, later in different[:MOST]:
        yield _contradiction(events, claims, way(events, later, earlier, inside), (later, earlier))


class _Timeline:
    """Walks through the groups of simultaneous events in their order and hands on the latest time so far."""

    def __init__(self, events: Events, claims: Claims, groups: Sequence[Sequence[int]]) -> None:
        self.events = events
        self.claims = claims
        self.groups = groups
        self.group_of = [0] * len(events.names)
        self.timed: dict[int, tuple[int, int]] = {}
        self.inherited: dict[int, _Bound] = {}
        for place, group in enumerate(groups):
            for number in group:
                self.group_of[number] = place
            timed = sorted((number for number in group if number in claims), key=lambda number: claims[number].at)
            if timed:
                self.timed[place] = timed[0], timed[-1]

    def contradictions(self) -> Iterator[Violation]:
        """Give what is too late for what comes after it."""
        for place in range(len(self.groups) - 1, -1, -1):
            bound = self._bound(place)
            if bound is not None:
                for step in self._leaving(place):
                    yield from self._hand_on(bound, step)

    def _bound(self, place: int) -> _Bound | None:
        """Give what events after a group must not be earlier than: its own latest time, if there is one."""
        inherited = self.inherited.pop(place, None)
        if place not in self.timed:
            return inherited
        latest = self.timed[place][1]
        return _Bound(self.claims[latest].at, strict=False, origin=latest, trail=None)

    def _leaving(self, place: int) -> Iterator[Step]:
        for number in self.groups[place]:
            for edge in self.events.edges[number]:
                if self.group_of[edge.target] != place:
                    yield Step(number, edge)

    def _hand_on(self, bound: _Bound, step: Step) -> Iterator[Violation]:
        target = self.group_of[step.edge.target]
        strict = bound.strict or step.edge.rule == STRICT
        if target in self.timed:
            earliest = self.timed[target][0]
            if (bound.at, strict) > (self.claims[earliest].at, False):
                yield _contradiction(self.events, self.claims, self._way(bound, step), (bound.origin, earliest))
            return
        known = self.inherited.get(target)
        if known is None or (known.at, known.strict) < (bound.at, strict):
            self.inherited[target] = _Bound(bound.at, strict, bound.origin, _Trail(step, bound.trail))

    @staticmethod
    def _way(bound: _Bound, last: Step) -> list[Step]:
        steps = [last]
        trail = bound.trail
        while trail is not None and len(steps) < _MOST_STEPS:
            steps.append(trail.step)
            trail = trail.before
        return steps[::-1]


def _contradiction(events: Events, claims: Claims, steps: Sequence[Step], ends: tuple[int, int]) -> Violation:
    """Tell that the first of two events has a later time than the last. The way may skip simultaneous events."""
    before, after = ends
    rules = [step.edge.rule for step in steps]
    must = "must be before" if STRICT in rules else "must not be later than"
    told = claims[before], claims[after]
    return Violation(
        rule=rules[-1],
        records=tuple(dict.fromkeys([*records_of(steps), *numbered(claim.record for claim in told)])),
        nodes=nodes_of(events, [before, *(step.source for step in steps[1:]), after]),
        text=f"the {events.names[before]} at {shown(told[0].text)} {must} "
        f"the {events.names[after]} at {shown(told[1].text)}",
        others=tuple(sorted(set(rules) - {rules[-1]})),
    )
