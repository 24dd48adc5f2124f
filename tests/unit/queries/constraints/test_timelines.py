"""Whatever really happened on one timeline breaks no constraint, however it is told; and nothing depends on order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations, product
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.queries.constraints.notation import found, rules, said
from tests.unit.queries.constraints.test_rules import BROKEN

HOURS = st.integers(0, 20)


class Life(NamedTuple):
    """From when to when something is there: an entity, or an activity."""

    name: str
    first: int
    last: int


def lives(prefix: str) -> st.SearchStrategy[list[Life]]:
    spans = st.lists(st.tuples(HOURS, HOURS).map(sorted), min_size=1, max_size=4)
    return spans.map(lambda all_of: [Life(f"{prefix}{at}", *span) for at, span in enumerate(all_of)])


def usages(entities: list[Life], activities: list[Life]) -> Iterator[str]:
    for at, (e, a) in enumerate(product(entities, activities)):
        if max(e.first, a.first) <= min(e.last, a.last):
            yield f"used(u{at}; {a.name}, {e.name}, {max(e.first, a.first)})"


def makings(entities: list[Life], activities: list[Life]) -> Iterator[str]:
    for e, a in product(entities, activities):
        if a.first <= e.first <= a.last:
            yield f"wasGeneratedBy({e.name}, {a.name}, {e.first})"
            yield f"wasInvalidatedBy({e.name}, {a.name}, {e.last})"
        yield f"wasGeneratedBy({e.name}, -, {e.first})"


def causes(entities: list[Life], activities: list[Life]) -> Iterator[str]:
    for a, b in product(activities, activities):
        if b.first <= a.last:
            yield f"wasInformedBy({a.name}, {b.name})"
        if b.first <= a.first:
            yield f"wasStartedBy({a.name}, -, {b.name}, {a.first})"
        if b.first <= a.last:
            yield f"wasEndedBy({a.name}, -, {b.name}, {a.last})"
    for e, a in product(entities, activities):
        if e.first <= a.first <= e.last:
            yield f"wasStartedBy({a.name}, {e.name}, -, {a.first})"


def derivations(entities: list[Life], activities: list[Life]) -> Iterator[str]:
    for e, f in product(entities, entities):
        if f.first < e.first:
            yield f"wasDerivedFrom({e.name}, {f.name})"
            for a in activities:
                if a.first <= e.first <= a.last and max(f.first, a.first) <= min(f.last, e.first):
                    yield f"wasDerivedFrom({e.name}, {f.name}, {a.name})"
    for at, e in enumerate(entities):
        for f in entities[:at]:
            if f.first <= e.first and e.last <= f.last:
                yield f"specializationOf({e.name}, {f.name})"


def responsibilities(entities: list[Life], activities: list[Life]) -> Iterator[str]:
    for a, e in product(activities, entities):
        yield f"wasAssociatedWith({a.name}, somebody, {e.name})"
        yield f"wasAttributedTo({e.name}, somebody)"
        if a.first <= e.last and e.first <= a.last:
            yield f"wasAssociatedWith({a.name}, {e.name}, -)"
            yield f"actedOnBehalfOf({e.name}, somebody, {a.name})"
    for e, f in product(entities, entities):
        if f.first <= e.first:
            yield f"wasAttributedTo({e.name}, {f.name})"
        if f.first <= e.last:
            yield f"actedOnBehalfOf({e.name}, {f.name}, -)"


PARTS: tuple[Callable[[list[Life], list[Life]], Iterator[str]], ...] = (
    usages,
    makings,
    causes,
    derivations,
    responsibilities,
)


def timeless(record: str) -> str:
    """Take the time off a record that ends in one."""
    head, _, time = record.removesuffix(")").rpartition(", ")
    return f"{head})" if time.isdecimal() else record


@st.composite
def histories(draw: st.DrawFn) -> str:
    entities, activities = draw(lives("e")), draw(lives("a"))
    true = [f"entity({one.name})" for one in entities]
    true += [f"activity({one.name}, {one.first}, {one.last})" for one in activities]
    true += [record for part in PARTS for record in part(entities, activities)]
    told = draw(st.lists(st.sampled_from(true), max_size=40))
    silent = draw(st.lists(st.booleans(), min_size=len(told), max_size=len(told)))
    return " ".join(timeless(record) if quiet else record for record, quiet in zip(told, silent, strict=True))


@given(histories())
def test_what_happened_on_one_timeline_breaks_nothing(history: str) -> None:
    assert found(history) == []


@given(histories(), st.sampled_from([(rule, one) for rule, several in BROKEN.items() for one in several]))
def test_a_contradiction_is_found_within_any_history(history: str, broken: tuple[int, str]) -> None:
    """The names of the two do not overlap: histories number theirs."""
    rule, document = broken
    assert rule in rules(f"{history} {document}")


def test_the_order_of_records_changes_nothing() -> None:
    for several in BROKEN.values():
        for document in several:
            statements = said(document)
            assert {frozenset(rules(one)) for one in permutations(statements)} == {frozenset(rules(statements))}
