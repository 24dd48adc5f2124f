"""Tests of a node in memory: what the port says of filters, with which the adapters' query languages must agree."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from datetime import datetime
from typing import Final

from provstore.graph.model import Node, Value
from provstore.graph.store import Condition, Filter, Op

__all__ = ["fails", "passes", "same"]

_ORDERINGS: Final[dict[Op, Callable[[Value, Value], bool]]] = {
    Op.LT: operator.lt,
    Op.LE: operator.le,
    Op.GT: operator.gt,
    Op.GE: operator.ge,
}


def passes(node: Node, condition: Condition) -> bool:
    """Tell whether the node has the label and passes every filter."""
    return condition.label in node.labels and all(_holds(node.properties.get(f.property), f) for f in condition.filters)


def fails(node: Node, condition: Condition) -> bool:
    """Tell whether the node has the label but not all the filters ask for: what ``where`` leaves out."""
    return condition.label in node.labels and not passes(node, condition)


def same(have: Value | None, want: Value | None) -> bool:
    """Compare number with number, text with text, instant with instant; True is no number; None is absence."""
    return _sort(have) == _sort(want) and have == want


def _holds(have: Value | None, question: Filter) -> bool:
    wanted = question.value if isinstance(question.value, tuple) else (question.value,)
    if question.op is Op.ABSENT:
        return have is None
    equal = have is not None and any(same(have, one) for one in wanted)
    if question.op in (Op.EQ, Op.IN):
        return equal
    if question.op is Op.NE:
        return not equal
    return _ordered_or_contained(have, question.op, wanted[0] if wanted else None)


def _ordered_or_contained(have: Value | None, op: Op, want: Value | None) -> bool:
    if have is None or want is None or _sort(have) != _sort(want):
        return False
    if op is Op.CONTAINS:
        return isinstance(have, str) and isinstance(want, str) and want in have
    return not _is_nan(have) and not _is_nan(want) and _ORDERINGS[op](have, want)


def _is_nan(value: Value) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _sort(value: Value | None) -> str:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, datetime):
        return "instant"
    return "text" if isinstance(value, str) else "absent"
