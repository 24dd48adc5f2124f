"""Records that are one: two with the same id say one thing, in parts (PROV-CONSTRAINTS 6.1, merging)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from provstore.graph.statements import ARGUMENTS, BLANK, TIMES, Statement, instant_of

__all__ = ["Fact", "fact_of", "joined"]

_MOST_RECORDS: Final = 8
"""So many of the records that are one are kept for messages."""

_PLACEHOLDERS: Final = frozenset(
    {("wasAssociatedWith", "plan"), ("wasDerivedFrom", "activity"), ("actedOnBehalfOf", "activity")}
)
"""Arguments that are not there if they are not given. Any other that is missing exists, and only is not told."""


class Fact(NamedTuple):
    """What one record says, or several that are one. ``id`` is "" where none of them has one."""

    kind: str
    id: str
    arguments: Mapping[str, str]
    records: tuple[Statement, ...]

    def get(self, name: str) -> str:
        """Give an argument, "" if it is missing."""
        return self.arguments.get(name, "")


def fact_of(statement: Statement) -> Fact:
    """Take what a single record says."""
    return Fact(statement.kind, statement.id, statement.arguments, (statement,))


def joined(first: Fact, second: Fact) -> tuple[Fact, tuple[str, ...]]:
    """Make one of two facts of a kind; give the names of the arguments that don't agree: those of the first stay."""
    arguments = dict(first.arguments)
    clashes = []
    for name, _ in ARGUMENTS[first.kind]:
        before, after = first.get(name), second.get(name)
        if not _agree(first.kind, name, before, after):
            clashes.append(name)
        elif after and (not before or before.startswith(BLANK)):
            arguments[name] = after
    named = second.id if not first.id or first.id.startswith(BLANK) else first.id
    records = (first.records + second.records)[:_MOST_RECORDS]
    return Fact(first.kind, named or first.id, arguments, records), tuple(clashes)


def _same_instant(first: str, second: str) -> bool:
    """Tell whether two times are one; of texts that are no times, whether they are equal."""
    instant = instant_of(first)
    return first == second or (instant is not None and instant == instant_of(second))


def _agree(kind: str, name: str, first: str, second: str) -> bool:
    """Tell whether two values of an argument can be one. A blank node can be any."""
    if first == second:
        return True
    if not first or not second:
        return (kind, name) not in _PLACEHOLDERS
    if name in TIMES:
        return _same_instant(first, second)
    return first.startswith(BLANK) or second.startswith(BLANK)
