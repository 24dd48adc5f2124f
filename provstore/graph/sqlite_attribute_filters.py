"""Filters of attributes as SQL terms over the table of attributes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from provstore.graph.model import Value
from provstore.graph.sqlite_attributes import Stored, stored
from provstore.graph.sqlite_terms import ALWAYS, NEVER, Sight, Term, is_encodable
from provstore.graph.store import Filter, Op, is_attribute

__all__ = ["attribute_term", "leads"]

_KEY: Final = "a.key = (SELECT number FROM word WHERE text = ?)"
_DENIALS: Final = (Op.NE, Op.ABSENT)


class _Sort(NamedTuple):
    """Where a sort lies in SQLite's order of values: numbers, texts, blobs; terms for "not before" and "not behind"."""

    types: tuple[type, ...]
    lower: Term
    upper: Term


_SORTS: Final = (
    _Sort((bool,), Term("a.value >= x''"), Term("a.value < x'02'")),
    _Sort((datetime,), Term("a.value >= x'02'"), ALWAYS),
    _Sort((str,), Term("a.value >= ''"), Term("a.value < x''")),
    _Sort((int, float), ALWAYS, Term("a.value < ''")),
)
"""In this order: a truth value is an int to Python."""
_LOWER: Final = (Op.GT, Op.GE)
_UPPER: Final = (Op.LT, Op.LE)


def attribute_term(question: Filter, *, alias: str, sight: Sight) -> Term:
    """Test a node, by its few attributes of that key."""
    match = _match(question)
    # The plus keeps SQLite from looking up each value of a long list for each node.
    test = match.text.replace("a.value", "+a.value")
    told = f"SELECT 1 FROM attr a WHERE a.node = {alias}.pk AND {_KEY} AND {test}"
    seen = sight.attribute("a")
    denial = "NOT " if question.op in _DENIALS else ""
    return Term(f"{denial}EXISTS ({told} AND {seen.text})", (_key(question), *match.values, *seen.values))


def leads(filters: Sequence[Filter], *, sight: Sight) -> Iterator[Term]:
    """Give queries for nodes, each of which an index leads to and which together hold all that pass the filters.

    They may give nodes that do not pass, and one node repeatedly.
    """
    positive = [one for one in filters if is_attribute(one.property) and one.op not in _DENIALS]
    for one in positive:
        yield _nodes(one, _match(one), sight)
    for lower in (one for one in positive if one.op in _LOWER):
        for upper in (one for one in positive if one.op in _UPPER and one.property == lower.property):
            if (match := _between(lower, upper)) is not None:
                yield _either(_nodes(lower, match, sight), lower)


def _nodes(question: Filter, match: Term, sight: Sight) -> Term:
    seen = sight.attribute("a")
    text = f"SELECT a.node FROM attr a INDEXED BY attr_value WHERE {_KEY} AND {match.text} AND {seen.text}"
    return Term(text, (_key(question), *match.values, *seen.values))


def _either(within: Term, question: Filter) -> Term:
    """Add the few nodes with several values of the key: one may lie above the lower end, another below the upper."""
    text = f"{within.text} UNION ALL SELECT a.node FROM several a WHERE {_KEY}"
    return Term(text, (*within.values, _key(question)))


def _between(lower: Filter, upper: Filter) -> Term | None:
    first, last = _wanted(lower), _wanted(upper)
    if not first or not last or _sort(first[0]) is not _sort(last[0]):
        return None
    return _compared(first[0], lower.op) & _compared(last[0], upper.op)


def _key(question: Filter) -> str:
    return question.property if is_encodable(question.property) else ""


def _match(question: Filter) -> Term:
    if question.op is Op.ABSENT:
        return ALWAYS
    sound = _wanted(question)
    if question.op in (Op.EQ, Op.NE, Op.IN):
        return _equal(list(dict.fromkeys(map(stored, sound))))
    return _ordered_or_contained(sound[0], question.op) if sound else NEVER


def _wanted(question: Filter) -> list[Value]:
    wanted = question.value if isinstance(question.value, tuple) else (question.value,)
    return [one for one in wanted if one is not None and (not isinstance(one, str) or is_encodable(one))]


def _equal(wanted: Sequence[Stored]) -> Term:
    if not wanted:
        return NEVER
    if len(wanted) == 1:
        return Term("a.value = ? AND a.rest = ?", wanted[0])
    short = _list([value for value, rest in wanted if not rest])
    whole = _list([str(value) + rest for value, rest in wanted if rest])
    heads = _list([value for value, _ in wanted])
    return Term(
        f"a.value IN {heads.text} AND CASE a.rest WHEN '' THEN a.value IN {short.text}"
        f" ELSE a.value || a.rest IN {whole.text} END",
        (*heads.values, *short.values, *whole.values),
    )


def _list(values: Sequence[Any]) -> Term:
    """Write a list, of any length if it is one of texts and whole numbers; JSON in SQLite ends at a NUL."""
    plain = [one for one in values if _is_plain(one)]
    others = [one for one in values if not _is_plain(one)]
    text = "SELECT value FROM json_each(?)"
    if others:
        text += f" UNION ALL VALUES {', '.join('(?)' for _ in others)}"
    return Term(f"({text})", (json.dumps(plain), *others))


def _is_plain(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and "\x00" not in value)


def _ordered_or_contained(wanted: Value, op: Op) -> Term:
    sort = _sort(wanted)
    if op is Op.CONTAINS:
        contained = Term("instr(a.value || a.rest, ?) > 0", (wanted,))
        return sort.lower & sort.upper & contained if isinstance(wanted, str) else NEVER
    return _compared(wanted, op) & (sort.upper if op in _LOWER else sort.lower)


def _compared(wanted: Value, op: Op) -> Term:
    value, rest = stored(wanted)
    strict = op.value[0]
    return Term(f"a.value {strict}= ? AND (a.value {strict} ? OR a.rest {op.value} ?)", (value, value, rest))


def _sort(value: Value) -> _Sort:
    return next(sort for sort in _SORTS if isinstance(value, sort.types))
