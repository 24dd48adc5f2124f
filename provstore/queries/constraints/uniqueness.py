"""Uniqueness: records with one id are one, and some events happen once (constraints 22-27, 58; inference 11)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from provstore.graph.statements import BLANK, ELEMENTS, TIMES, instant_of
from provstore.queries.constraints.facts import Fact, joined
from provstore.queries.constraints.violation import Violation, numbered, shown, told

__all__ = ["FRESH", "Facts", "Key", "fold", "fold_pairs", "inferred", "mentions", "repeated_usages", "usage_of"]

FRESH: Final = "?"
"""How a name begins that we give to what has none. No id begins so."""


class Key(NamedTuple):
    """Which fact it is: its kind, and its id or a fresh name."""

    kind: str
    name: str


Facts = dict[Key, Fact]


class _Pair(NamedTuple):
    """There is one event of a kind for two ends, says a rule."""

    rule: int
    word: str
    first: str
    second: str


_PAIRS: Final = {
    "wasGeneratedBy": _Pair(24, "generation", "entity", "activity"),
    "wasInvalidatedBy": _Pair(25, "invalidation", "entity", "activity"),
    "wasStartedBy": _Pair(26, "start", "activity", "starter"),
    "wasEndedBy": _Pair(27, "end", "activity", "ender"),
}


def fold(facts: Iterable[Fact], into: Facts) -> Iterator[Violation]:
    """Take facts in: those with one kind and one id become one (22, 23)."""
    for fact in facts:
        key = Key(fact.kind, fact.id or f"{FRESH}{len(into)}")
        before = into.get(key)
        if before is None:
            into[key] = fact
        else:
            into[key], clashes = joined(before, fact)
            if clashes:
                rule = 22 if fact.kind in ELEMENTS else 23
                why = f"tell of one {fact.kind}, {shown(fact.id)},"
                yield from _clashes(rule, why, (before, fact), clashes)


def fold_pairs(facts: Facts) -> Iterator[Violation]:
    """Make one of the facts that must be one event: generations of an entity by one activity, for example (24-27)."""
    firsts: dict[tuple[str, str, str], Key] = {}
    for key, fact in tuple(facts.items()):
        pair = _PAIRS.get(fact.kind)
        if pair is not None and fact.get(pair.first) and fact.get(pair.second):
            first = firsts.setdefault((fact.kind, fact.get(pair.first), fact.get(pair.second)), key)
            if first != key:
                yield from _one_event(pair, facts, first, key)


def _one_event(pair: _Pair, facts: Facts, first: Key, second: Key) -> Iterator[Violation]:
    before, after = facts[first], facts[second]
    ends = before.get(pair.first), before.get(pair.second)
    why = f"are one {pair.word}, that of {shown(ends[0])} by {shown(ends[1])},"
    if has_name(before) and has_name(after):
        records = before.records[0], after.records[0]
        text = f"{told(records[0])} and {told(records[1])} {why} but have two ids"
        yield Violation(rule=pair.rule, records=numbered(records), nodes=ends, text=text)
        return
    facts[first], clashes = joined(before, after)
    del facts[second]
    yield from _clashes(pair.rule, why, (before, after), clashes)


def has_name(fact: Fact) -> bool:
    """Tell whether a record has an id that is good outside of its document."""
    return bool(fact.id) and not fact.id.startswith((BLANK, FRESH))


def _clashes(rule: int, why: str, facts: tuple[Fact, Fact], names: Sequence[str]) -> Iterator[Violation]:
    """Tell in which arguments two facts differ that are one."""
    for name in names:
        values = [fact.get(name) for fact in facts]
        records = [
            next((one for one in fact.records if one.arguments.get(name) == value), fact.records[0])
            for fact, value in zip(facts, values, strict=True)
        ]
        nodes = [facts[0].id] if facts[0].kind in ELEMENTS else [] if name in TIMES else values
        differ = " and ".join(shown(value) or "none" for value in values)
        yield Violation(
            rule=rule,
            records=numbered(records),
            nodes=tuple(node for node in nodes if node),
            text=f"{told(records[0])} and {told(records[1])} {why} but differ in {name}: {differ}",
        )


def usage_of(name: str, derivation: Fact) -> str:
    """Give the usage that a derivation of that name rests on, by its id or a fresh name."""
    return derivation.get("usage") or f"{FRESH}usage of {name}"


def inferred(facts: Mapping[Key, Fact]) -> Iterator[Fact]:
    """Give what derivations imply that name their activity: it used the one and generated the other (inference 11)."""
    for key, fact in facts.items():
        activity = fact.get("activity")
        if key.kind == "wasDerivedFrom" and activity:
            usage = {"activity": activity, "entity": fact.get("usedEntity")}
            generation = {"entity": fact.get("generatedEntity"), "activity": activity}
            yield Fact("used", usage_of(key.name, fact), usage, fact.records)
            yield Fact("wasGeneratedBy", fact.get("generation"), generation, fact.records)


def repeated_usages(facts: Iterable[Fact]) -> Iterator[Violation]:
    """Find usages without id that can't be the one usage there is of an entity by an activity (23).

    An activity may use a thing often; but who tells of several usages gives each its id, as ProvToolbox sees it.
    """
    pairs: defaultdict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.kind == "used" and fact.get("activity") and fact.get("entity"):
            pairs[fact.get("activity"), fact.get("entity")].append(fact)
    for pair in pairs.values():
        if len(pair) > 1:
            yield from _repeated(pair)


def _repeated(pair: Sequence[Fact]) -> Iterator[Violation]:
    timed = [fact for fact in pair if not has_name(fact) and fact.get("time")]
    others = [fact for fact in pair if has_name(fact)] or timed[:1]
    if any(not other.get("time") for other in others):
        return
    instants = {instant_of(other.get("time")) or other.get("time") for other in others}
    for fact in timed:
        if (instant_of(fact.get("time")) or fact.get("time")) not in instants:
            yield from _clashes(23, "are one usage, as not each has an id,", (others[0], fact), ["time"])


def mentions(facts: Iterable[Fact]) -> Iterator[Violation]:
    """Find entities that mention more than one entity, or one in more than one bundle (58)."""
    firsts: dict[str, Fact] = {}
    for fact in facts:
        if fact.kind == "mentionOf" and fact.get("specificEntity"):
            first = firsts.setdefault(fact.get("specificEntity"), fact)
            if first is not fact:
                yield from _clashes(58, "are one mention,", (first, fact), joined(first, fact)[1])
