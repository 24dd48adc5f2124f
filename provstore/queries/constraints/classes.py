"""Typing: nothing is an entity and an activity, and an empty collection has no member (50, 55, 56; inference 21)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from provstore.graph.model import PROV
from provstore.graph.statements import ARGUMENTS, Sort, Statement
from provstore.queries.constraints.facts import Fact
from provstore.queries.constraints.specialization import SPECIALIZATIONS
from provstore.queries.constraints.violation import Violation, numbered, shown, told

__all__ = ["disjoint", "empty_collections", "is_empty_collection"]

_CLASSES: Final = {Sort.ENTITY: "entity", Sort.MEMBER: "entity", Sort.ACTIVITY: "activity"}
_PLACES: Final = {
    kind: tuple((name, _CLASSES[sort]) for name, sort in arguments if sort in _CLASSES)
    for kind, arguments in ARGUMENTS.items()
}
"""Kind -> its arguments that are entities or activities (50)."""

_TYPE: Final = f"{PROV}type"
_EMPTY: Final = f"{PROV}EmptyCollection"


def disjoint(facts: Iterable[Fact]) -> Iterator[Violation]:
    """Find what is an entity and an activity at once, by its own record or its place in others (50, 55)."""
    found: dict[str, dict[str, Statement]] = {"entity": {}, "activity": {}}
    for fact in facts:
        if fact.kind in found:
            found[fact.kind].setdefault(fact.id, fact.records[0])
        for name, sort in _PLACES[fact.kind]:
            if name in fact.arguments:
                found[sort].setdefault(fact.arguments[name], fact.records[0])
    for node in sorted(found["entity"].keys() & found["activity"].keys() - {""}):
        records = found["entity"][node], found["activity"][node]
        for rule, text in (
            (50, f"{told(records[0])} makes {shown(node)} an entity, {told(records[1])} makes it an activity"),
            (55, f"{shown(node)} is an entity and an activity"),
        ):
            yield Violation(rule=rule, records=numbered(records), nodes=(node,), text=text)


def empty_collections(facts: Iterable[Fact], empty: Mapping[str, Statement]) -> Iterator[Violation]:
    """Find members of empty collections, also of what specializes one (56 with inference 21)."""
    if not empty:
        return
    said = list(facts)
    specific: defaultdict[str, list[str]] = defaultdict(list)
    for fact in said:
        if fact.kind in SPECIALIZATIONS:
            specific[fact.get("generalEntity")].append(fact.get("specificEntity"))
    why = dict(empty)
    waiting = list(why)
    while waiting:
        node = waiting.pop()
        new = [other for other in specific.get(node, ()) if other not in why]
        why.update(dict.fromkeys(new, why[node]))
        waiting.extend(new)
    for fact in said:
        collection = fact.get("collection")
        if fact.kind == "hadMember" and collection in why:
            records = why[collection], fact.records[0]
            text = f"{shown(collection)} is an empty collection, but has a member: {told(records[1])}"
            yield Violation(rule=56, records=numbered(records), nodes=(collection, fact.get("entity")), text=text)


def is_empty_collection(statement: Statement) -> bool:
    """Tell whether a record says that it is of an empty collection."""
    return any(one.key == _TYPE and one.lexical == _EMPTY for one in statement.attributes)
