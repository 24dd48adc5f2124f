"""One id for two things: no two kinds of relation share it, nor a relation and an element (53, 54; inference 15)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise, product

from provstore.graph.statements import ARGUMENTS, ELEMENTS
from provstore.queries.constraints.facts import Fact, joined
from provstore.queries.constraints.uniqueness import FRESH, Facts
from provstore.queries.constraints.violation import Violation, named, numbered, shown, told

__all__ = ["overlaps"]


def overlaps(facts: Facts) -> Iterator[Violation]:
    """Find ids that relations of two kinds have, or a relation and an element (53, 54; 23 by inference 15)."""
    kinds: dict[str, list[Fact]] = defaultdict(list)
    for key, fact in facts.items():
        if not key.name.startswith(FRESH):
            kinds[key.name].append(fact)
    for several in kinds.values():
        if len(several) > 1:
            yield from _overlap(several)


def _overlap(facts: Iterable[Fact]) -> Iterator[Violation]:
    told_of = {fact.kind: fact for fact in facts}
    influence = told_of.pop("wasInfluencedBy", None)
    elements = [fact for kind, fact in told_of.items() if kind in ELEMENTS]
    relations = [fact for kind, fact in told_of.items() if kind not in ELEMENTS]
    for first, second in pairwise(relations):
        yield _twofold(53, first, second)
    for first, second in product(elements, [*relations, *([influence] if influence else [])]):
        yield _twofold(54, first, second)
    if influence:
        for relation in relations:
            yield from _influence(influence, relation)


def _twofold(rule: int, first: Fact, second: Fact) -> Violation:
    records = first.records[0], second.records[0]
    text = f"{shown(first.id)} is the id of {told(records[0])} and of {told(records[1])}"
    return Violation(rule=rule, records=(named(records[0]),), nodes=(first.id,) if rule == 54 else (), text=text)


def _influence(influence: Fact, relation: Fact) -> Iterator[Violation]:
    """Compare an influence with the one that a relation of the same id is (inference 15)."""
    ends = [relation.get(name) for name, _ in ARGUMENTS[relation.kind][:2]]
    implied = {"influencee": ends[0], "influencer": ends[1]}
    _, clashes = joined(influence, Fact(influence.kind, influence.id, implied, relation.records))
    if clashes:
        records = influence.records[0], relation.records[0]
        text = f"{told(records[1])} is the influence {told(records[0])}, but has other ends"
        nodes = tuple(dict.fromkeys([*influence.arguments.values(), *ends]))
        yield Violation(rule=23, records=numbered(records), nodes=nodes, text=text)
