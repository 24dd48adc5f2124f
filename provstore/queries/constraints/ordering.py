"""Ordering without times: nothing is derived from what came of it (circles of events that hold constraint 42)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from provstore.queries.constraints.events import STRICT, Events
from provstore.queries.constraints.network import Step, way
from provstore.queries.constraints.violation import Violation, chained, numbered

__all__ = ["MOST", "circles", "nodes_of", "records_of"]

MOST: Final = 10
"""So many violations are told of events that are all entangled."""


def circles(events: Events, component: Sequence[int]) -> Iterator[Violation]:
    """Find the events of a component that would have to come before themselves."""
    inside = frozenset(component)
    strict = [
        Step(node, edge)
        for node in component
        for edge in events.edges[node]
        if edge.rule == STRICT and edge.target in inside
    ]
    told: set[tuple[int, int]] = set()
    for _ in range(MOST):
        first = next((step for step in strict if (step.source, step.edge.target) not in told), None)
        if first is None:
            return
        steps = [first, *way(events, first.edge.target, first.source, inside)]
        told.update((step.source, step.edge.target) for step in steps)
        yield _circle(events, steps)


def _circle(events: Events, steps: Sequence[Step]) -> Violation:
    chain = chained([events.names[step.source] for step in [*steps, steps[0]]], ", before the ")
    return Violation(
        rule=STRICT,
        records=records_of(steps),
        nodes=nodes_of(events, [step.source for step in steps]),
        text=f"what comes before itself: the {chain}",
        others=tuple(sorted({step.edge.rule for step in steps} - {STRICT})),
    )


def records_of(steps: Sequence[Step]) -> tuple[str, ...]:
    """Give the names of the records that made steps."""
    return numbered(step.edge.record for step in steps if step.edge.record)


def nodes_of(events: Events, numbers: Sequence[int]) -> tuple[str, ...]:
    """Give the elements to which events happened."""
    return tuple(dict.fromkeys(node for number in numbers for node in events.names[number].elements()))
