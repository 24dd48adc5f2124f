"""All constraints on the statements of a document, bundle by bundle (PROV-CONSTRAINTS 6 and 7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from provstore.graph.statements import Statement
from provstore.queries.constraints.arguments import incomplete, lacking, unspecified
from provstore.queries.constraints.classes import disjoint, empty_collections, is_empty_collection
from provstore.queries.constraints.events import events_of
from provstore.queries.constraints.facts import fact_of
from provstore.queries.constraints.overlaps import overlaps
from provstore.queries.constraints.specialization import specialized
from provstore.queries.constraints.timeline import Claims, claims_of, disordered
from provstore.queries.constraints.uniqueness import Facts, fold, fold_pairs, inferred, mentions, repeated_usages
from provstore.queries.constraints.violation import Violation

__all__ = ["violations"]


def violations(statements: Iterable[Statement]) -> Iterator[Violation]:
    """Find what contradicts PROV-CONSTRAINTS: bundle by bundle, in each by the numbers of the rules.

    The document itself and each named bundle is a history of its own: what one says is not held against another.
    Takes all statements in before it gives the first violation; time and memory grow with their number.
    """
    bundles: dict[str, list[Statement]] = {}
    for statement in statements:
        bundles.setdefault(statement.bundle, []).append(statement)
    for bundle, said in bundles.items():
        for violation in sorted(_of_bundle(said), key=lambda one: one.rule):
            yield replace(violation, bundle=bundle)


def _of_bundle(said: Sequence[Statement]) -> Iterator[Violation]:
    facts: Facts = {}
    yield from chain.from_iterable(incomplete(statement) for statement in said)
    yield from fold((fact_of(statement) for statement in said), facts)
    yield from lacking(facts.values())
    yield from repeated_usages(facts.values())
    yield from unspecified(facts.values())
    yield from mentions(facts.values())
    yield from fold(tuple(inferred(facts)), facts)
    yield from overlaps(facts)
    yield from disjoint(facts.values())
    yield from specialized(facts.values())
    empty = {statement.id: statement for statement in said if is_empty_collection(statement)}
    yield from empty_collections(facts.values(), empty)
    yield from fold_pairs(facts)
    yield from _of_events(facts)


def _of_events(facts: Facts) -> Iterator[Violation]:
    events, claims = events_of(facts), Claims()
    yield from claims_of(facts, events, claims)
    yield from disordered(events, claims)
