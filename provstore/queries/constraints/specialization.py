"""Specialization: nothing is a specialization of itself (52; inference 19, PROV-LINKS inference 1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from provstore.queries.constraints.facts import Fact
from provstore.queries.constraints.network import Network, circle_through, components
from provstore.queries.constraints.violation import Violation, chained, numbered, shown

__all__ = ["SPECIALIZATIONS", "specialized"]

SPECIALIZATIONS: Final = frozenset({"specializationOf", "mentionOf"})
"""Who mentions an entity specializes it."""


def specialized(facts: Iterable[Fact]) -> Iterator[Violation]:
    """Find what is a specialization of itself, directly or by way of others (52 with inference 19)."""
    network: Network[str] = Network()
    for fact in facts:
        if fact.kind in SPECIALIZATIONS and fact.get("specificEntity") and fact.get("generalEntity"):
            network.join(fact.get("specificEntity"), fact.get("generalEntity"), 52, fact.records[0])
    for component in components(network):
        steps = circle_through(network, component)
        if steps:
            nodes = tuple(network.names[step.source] for step in steps)
            chain = chained([shown(node) for node in (*nodes, nodes[0])], " of ")
            records = numbered(step.edge.record for step in steps if step.edge.record)
            yield Violation(rule=52, records=records, nodes=nodes, text=f"specialization of itself: {chain}")
