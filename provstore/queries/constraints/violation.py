"""What is reported of a document that breaks a constraint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from provstore.graph.statements import ARGUMENTS, BLANK, ELEMENTS, Statement

__all__ = ["RULES", "Violation", "chained", "named", "numbered", "shown", "told"]

RULES: Final[dict[int, str]] = {
    22: "key-object",
    23: "key-properties",
    24: "unique-generation",
    25: "unique-invalidation",
    26: "unique-wasStartedBy",
    27: "unique-wasEndedBy",
    28: "unique-startTime",
    29: "unique-endTime",
    30: "start-precedes-end",
    31: "start-start-ordering",
    32: "end-end-ordering",
    33: "usage-within-activity",
    34: "generation-within-activity",
    35: "wasInformedBy-ordering",
    36: "generation-precedes-invalidation",
    37: "generation-precedes-usage",
    38: "usage-precedes-invalidation",
    39: "generation-generation-ordering",
    40: "invalidation-invalidation-ordering",
    41: "derivation-usage-generation-ordering",
    42: "derivation-generation-generation-ordering",
    43: "wasStartedBy-ordering",
    44: "wasEndedBy-ordering",
    45: "specialization-generation-ordering",
    46: "specialization-invalidation-ordering",
    47: "wasAssociatedWith-ordering",
    48: "wasAttributedTo-ordering",
    49: "actedOnBehalfOf-ordering",
    50: "typing",
    51: "impossible-unspecified-derivation-generation-use",
    52: "impossible-specialization-reflexive",
    53: "impossible-property-overlap",
    54: "impossible-object-property-overlap",
    55: "entity-activity-disjoint",
    56: "membership-empty-collection",
    57: "required-argument",
    58: "unique-mention",
}
"""Number of a constraint -> its name in PROV-CONSTRAINTS.

57 and 58 are numbers of ours: what PROV-DM demands of a statement alone, and the constraint of PROV-LINKS.
"""

_SHOWN: Final = 160
_MOST_IN_A_ROW: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A constraint that does not hold.

    ``records``: the id of each record that has part in it, or its place, or what it says. ``nodes``: the elements.
    ``others``: further rules without which it would hold. ``bundle``: whose statements they are.
    """

    rule: int
    records: tuple[str, ...]
    nodes: tuple[str, ...]
    text: str
    others: tuple[int, ...] = ()
    bundle: str = ""


def named(statement: Statement) -> str:
    """Give the name of a record for a message: its id, or its place, or what it says."""
    if statement.id and not statement.id.startswith(BLANK):
        return shown(statement.id)
    return shown(statement.place) if statement.place else told(statement)


def told(statement: Statement) -> str:
    """Give what a record says, much as PROV-N would, but with full URIs."""
    given = [statement.arguments.get(name) or "-" for name, _ in ARGUMENTS[statement.kind]]
    while given and given[-1] == "-":
        given.pop()
    arguments = ", ".join(shown(value) for value in given)
    own = shown(statement.id)
    joint = "" if not own or not given else ", " if statement.kind in ELEMENTS else "; "
    return f"{statement.kind}({own}{joint}{arguments})"


def numbered(statements: Iterable[Statement]) -> tuple[str, ...]:
    """Give the names of records, each once."""
    return tuple(dict.fromkeys(named(statement) for statement in statements))


def chained(names: Sequence[object], joint: str) -> str:
    """Give names in a row, of many the first ones."""
    row = joint.join(str(name) for name in names[:_MOST_IN_A_ROW])
    return row if len(names) <= _MOST_IN_A_ROW else f"{row} and so on, {len(names)} in all"


def shown(text: str) -> str:
    """Give a text of a stranger as a message may hold it: one line, short, nothing that turns the writing round."""
    plain = "".join(one if one.isprintable() else "\ufffd" for one in text[: _SHOWN + 1])
    return plain if len(plain) <= _SHOWN else f"{plain[: _SHOWN - 1]}…"
