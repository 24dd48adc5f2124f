"""Conditions of the port as SQL terms. Names come from our tables; values are parameters, label bits are schema."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from provstore.graph.model import TIME_SUFFIX, Label, Value, format_instant
from provstore.graph.rules import INDEXES
from provstore.graph.sqlite_attribute_filters import attribute_term
from provstore.graph.sqlite_schema import Layout
from provstore.graph.sqlite_terms import ALWAYS, NEVER, Sight, Term, text_is_sound
from provstore.graph.store import Condition, Filter, Op, is_attribute

__all__ = ["Column", "column", "condition_term", "has_label", "is_looked_up"]


_COLUMN_TYPES: Final = {"number": "('integer', 'real')", "text": "('text')", "truth": "('blob')"}
_JSON_TYPES: Final = {"number": "('integer', 'real')", "text": "('text')", "truth": "('true', 'false')"}

_RANGES: Final = {"number": ("-9e999", "''"), "text": ("''", "x''"), "truth": ("x''", "x'02'")}
"""Where each sort lies in SQLite's order of values: numbers, texts, blobs."""


class Column(NamedTuple):
    """A property in SQL: terms for its value and for the name of its type, and the names of types in that place."""

    value: Term
    type: Term
    types: dict[str, str]

    def is_a(self, sort: str) -> Term:
        """Test the sort of the value: number, text or truth."""
        return Term(f"{self.type.text} IN {self.types[sort]}", self.type.values)

    def compared(self, operator: str, right: Term) -> Term:
        """Compare the value."""
        return Term(f"{self.value.text} {operator} {right.text}", self.value.values + right.values)


def column(name: str, *, layout: Layout, alias: str) -> Column | None:
    """Give a property in SQL; None for a name under which nothing can be stored."""
    if (plain := layout.column(name)) is not None:
        return Column(Term(f"{alias}.{plain}"), Term(f"typeof({alias}.{plain})"), _COLUMN_TYPES)
    if '"' in name or "\\" in name or not name.isprintable() or not text_is_sound(name):
        return None
    path = (f'$."{name}"',)
    return Column(
        Term(f"json_extract({alias}.props, ?)", path), Term(f"json_type({alias}.props, ?)", path), _JSON_TYPES
    )


def has_label(label: Label, *, layout: Layout, alias: str) -> Term:
    """Test a label with the very text of the partial indexes, so that the planner sees that they fit."""
    return Term(f"{alias}.labels & {layout.labels[label]}")


def condition_term(condition: Condition, *, layout: Layout, alias: str, sight: Sight) -> Term:
    """Test label, filters and whether the node may be seen."""
    term = has_label(condition.label, layout=layout, alias=alias) & sight.node(alias)
    for one in condition.filters:
        if is_attribute(one.property):
            term &= attribute_term(one, alias=alias, sight=sight)
        else:
            term &= _filter(one, column(one.property, layout=layout, alias=alias))
    return term


def is_looked_up(condition: Condition) -> bool:
    """Tell whether an index leads to what the condition asks for, so that counting it is cheap."""
    exact = {one.property for one in condition.filters if one.op in (Op.EQ, Op.IN)}
    if any(is_attribute(one.property) and one.op not in (Op.NE, Op.ABSENT) for one in condition.filters):
        return True
    return any(label is condition.label and names[0] in exact for label, names in INDEXES)


def _filter(question: Filter, col: Column | None) -> Term:
    if col is None:
        return ALWAYS if question.op in (Op.ABSENT, Op.NE) else NEVER
    if question.op is Op.ABSENT:
        return Term(f"{col.type.text} IS NULL", col.type.values) if col.types is _JSON_TYPES else _is_null(col)
    values = question.value if isinstance(question.value, tuple) else (question.value,)
    kept = [one for value in values if value is not None and (one := _stored(question.property, value)) is not None]
    if question.op in (Op.EQ, Op.IN):
        return _equal(col, kept)
    if question.op is Op.NE:
        equal = _equal(col, kept)
        return Term(f"NOT coalesce({equal.text}, 0)", equal.values)
    return _ordered_or_contained(col, question.op, kept[0]) if kept else NEVER


def _is_null(col: Column) -> Term:
    return Term(f"{col.value.text} IS NULL", col.value.values)


def _stored(name: str, value: Value) -> tuple[str, Any] | None:
    """Give the sort of a value and what stands for it in the file; None if no property of that name can equal it."""
    if isinstance(value, datetime) is not name.endswith(TIME_SUFFIX):
        return None
    if isinstance(value, datetime):
        return "text", format_instant(value)
    if isinstance(value, str):
        return ("text", value) if text_is_sound(value) else None
    if isinstance(value, bool):
        return "truth", value
    return "number", _number(value)


def _number(value: float) -> float:
    """Keep whole numbers that SQLite can hold; larger ones are compared as floats."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    return value


def _equal(col: Column, values: Sequence[tuple[str, Any]]) -> Term:
    """Match any of the values; a column needs no test of the type, for SQLite compares by type there."""
    terms = []
    for sort in dict.fromkeys(sort for sort, _ in values):
        same = [value for other, value in values if other == sort]
        if sort == "truth":
            same = [_truth(col, value) for value in same]
        match = col.compared("=", Term("?", (same[0],))) if len(same) == 1 else col.compared("IN", _list(sort, same))
        terms.append(match if col.types is _COLUMN_TYPES else col.is_a(sort) & match)
    if not terms:
        return NEVER
    return Term(
        "(" + " OR ".join(term.text for term in terms) + ")", tuple(value for term in terms for value in term.values)
    )


def _list(sort: str, values: Sequence[Any]) -> Term:
    if sort == "text":
        return Term("(SELECT value FROM json_each(?))", (json.dumps(values),))
    return Term(f"({', '.join('?' for _ in values)})", tuple(values))


def _truth(col: Column, value: bool) -> bytes | int:  # noqa: FBT001  (a value, not a switch)
    return bytes([value]) if col.types is _COLUMN_TYPES else int(value)


def _of_sort(col: Column, sort: str) -> Term:
    """Keep to one sort of value; in columns as a range with two ends, for which the planner prefers the index."""
    if col.types is _JSON_TYPES:
        return col.is_a(sort)
    least, beyond = _RANGES[sort]
    return Term(f"{col.value.text} >= {least} AND {col.value.text} < {beyond}")


def _ordered_or_contained(col: Column, op: Op, wanted: tuple[str, Any]) -> Term:
    sort, value = wanted
    if sort == "truth":
        value = _truth(col, value)
    if op is not Op.CONTAINS:
        return col.compared(op.value, Term("?", (value,))) & _of_sort(col, sort)
    if sort != "text":
        return NEVER
    return col.is_a("text") & Term(f"instr({col.value.text}, ?) > 0", (*col.value.values, value))
