"""What a statement must name for itself: PROV-DM's required arguments, and the activity of a derivation (51, 57)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from provstore.graph.statements import ARGUMENTS, Statement
from provstore.queries.constraints.facts import Fact
from provstore.queries.constraints.violation import Violation, named, numbered, told

__all__ = ["incomplete", "lacking", "unspecified"]

_REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "wasGeneratedBy": ("entity",),
    "used": ("activity",),
    "wasStartedBy": ("activity",),
    "wasEndedBy": ("activity",),
    "wasInvalidatedBy": ("entity",),
    "wasAssociatedWith": ("activity",),
    **{
        kind: tuple(name for name, _ in ARGUMENTS[kind][:2])
        for kind in (
            "wasInformedBy",
            "wasDerivedFrom",
            "wasAttributedTo",
            "actedOnBehalfOf",
            "wasInfluencedBy",
            "specializationOf",
            "alternateOf",
            "hadMember",
        )
    },
    "mentionOf": tuple(name for name, _ in ARGUMENTS["mentionOf"]),
}
"""Kind -> the arguments that PROV-DM demands."""

_LATER: Final = ("actedOnBehalfOf", "responsible")
"""The one that another record of the same id may bring, as ProvToolbox sees it."""


def unspecified(facts: Iterable[Fact]) -> Iterator[Violation]:
    """Find derivations that name a usage or a generation, but no activity (51)."""
    for fact in facts:
        if fact.kind == "wasDerivedFrom" and not fact.get("activity"):
            given = [name for name in ("generation", "usage") if fact.get(name)]
            if given:
                text = f"{told(fact.records[0])} names its {' and '.join(given)}, so it must name its activity"
                nodes = fact.get("generatedEntity"), fact.get("usedEntity")
                yield Violation(rule=51, records=numbered(fact.records), nodes=nodes, text=text)


def incomplete(statement: Statement) -> Iterator[Violation]:
    """Find what PROV-DM demands of a statement and it does not say (57)."""
    for name in _REQUIRED.get(statement.kind, ()):
        if not statement.arguments.get(name) and not (statement.id and (statement.kind, name) == _LATER):
            yield _lacking(statement, name)


def lacking(facts: Iterable[Fact]) -> Iterator[Violation]:
    """Find what no record of an id says, though one of them must (57)."""
    for fact in facts:
        if fact.kind == _LATER[0] and fact.id and not fact.get(_LATER[1]):
            yield _lacking(fact.records[0], _LATER[1])


def _lacking(statement: Statement, name: str) -> Violation:
    nodes = tuple(value for value in statement.arguments.values() if value)
    text = f"{told(statement)} must name its {name}"
    return Violation(rule=57, records=(named(statement),), nodes=nodes, text=text)
