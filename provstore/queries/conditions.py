"""The grammar of conditions: ``activity[description=X,parameter=p:>=3]``, ``activity.ex:step>=3``, ``description:X``.

A comma joins what must all hold; the same key twice means either. Operators: ``= != < <= > >=`` and ``~`` (contains).
``low..high`` is a range of numbers or times, both ends included. What reads as a number is one: values stand in double
quotes to say that they are texts, or where they hold commas or brackets.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from provstore.errors import Invalid
from provstore.graph.matching import same
from provstore.graph.model import Label, Value
from provstore.graph.statements import instant_of
from provstore.graph.store import Op

__all__ = [
    "CLASSES",
    "Clause",
    "Range",
    "Test",
    "alternatives",
    "is_pattern",
    "parse_clause",
    "parse_test",
    "parse_values",
]

CLASSES: Final = {"entity": Label.ENTITY, "activity": Label.ACTIVITY, "agent": Label.AGENT}

_OPS: Final = {"=": Op.EQ, "!=": Op.NE, "<": Op.LT, "<=": Op.LE, ">": Op.GT, ">=": Op.GE, "~": Op.CONTAINS}
_KEYED: Final = frozenset({"parameter", "attribute"})
"""Keys whose value is a further name, a colon and the value: ``parameter=exposure:>=3``."""
_CLAUSE: Final = re.compile(r"\s*([^=!<>~\"\s]+)\s*(!=|<=|>=|=|<|>|~)\s*(.*)", re.DOTALL)
_COLON: Final = re.compile(r"\s*([A-Za-z][A-Za-z-]*)\s*:\s*(.+)", re.DOTALL)
_FIRST_OP: Final = re.compile(r"(!=|<=|>=|=|<|>|~)?(.*)", re.DOTALL)
_BRACKETS: Final = re.compile(r"\s*([a-z]+)\s*\[(.*)\]\s*", re.DOTALL)
_DOTTED: Final = re.compile(r"\s*(entity|activity|agent)\.(.+)", re.DOTALL)
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_RANGE: Final = re.compile(r"([^\s\"]+?)\.\.([^\s\"]+)")
_OPEN: Final = "*"
_INTEGER_DIGITS: Final = 18
_SPELT: Final[Mapping[str, Callable[[str], str]]] = {"sha256": str.lower, "phase": str.upper}
"""Keys whose values are written in one way only, and asked for in any."""
_TEXTS: Final = frozenset(
    {
        *("id", "name", "label", "type", "description", "revision", "agent", "used", "weekday", "hours"),
        *("service", "phase", "owner", "run-id", "runId", "content-type", "contentType", "location", "sha256"),
    }
)
"""Keys whose values are texts, though they look like numbers."""
_RIGHT: Final = "right are key=value, key!=v, key<v, key<=v, key>v, key>=v, key~part, key:value"


class Range(NamedTuple):
    """All from ``low`` to ``high``, both included; ``*`` is no end."""

    low: str
    high: str

    def ends(self) -> Iterator[tuple[Op, str]]:
        """Give the comparisons of which all must hold."""
        return ((op, end) for op, end in ((Op.GE, self.low), (Op.LE, self.high)) if end != _OPEN)

    def holds(self, have: Value) -> bool:
        """Tell whether a value lies within."""
        return all(any(_ordered(have, op, one) for one in _comparable(alternatives(end))) for op, end in self.ends())


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One comparison. ``name`` is what a keyed clause asks about; of ``values`` any may hold, each a text as written.

    ``texts``: those of the values that stood in quotes, and so are no numbers. ``ranges``: what a value may lie in
    instead of being one of those wanted.
    """

    key: str
    op: Op
    values: tuple[str, ...]
    name: str = ""
    texts: frozenset[str] = frozenset()
    ranges: tuple[Range, ...] = ()

    def wanted(self) -> tuple[Value, ...]:
        """Give what the values may stand for: a number where they read so; else a text, an instant, a truth value."""
        spelt, are_texts = _SPELT.get(self.key, str), self.key in _TEXTS
        return tuple(
            one for value in self.values for one in alternatives(spelt(value), quoted=are_texts or value in self.texts)
        )

    def alone(self) -> tuple[Clause, ...]:
        """Give clauses without ranges: whatever passes this one passes one of them."""
        exact = (replace(self, ranges=()),) if self.values else ()
        firsts = (next(one.ends()) for one in self.ranges)
        return (*exact, *(replace(self, op=op, values=(end,), texts=frozenset(), ranges=()) for op, end in firsts))

    def holds(self, have: Iterable[Value]) -> bool:
        """Tell whether one of the values that something has is among those wanted; for != that none is."""
        wanted = self.wanted()
        if self.op in (Op.EQ, Op.NE):
            equal = (
                any(same(one, other) for other in wanted) or any(span.holds(one) for span in self.ranges)
                for one in have
            )
            return any(equal) is (self.op is Op.EQ)
        if self.op is Op.CONTAINS:
            return any(isinstance(one, str) and value in one for one in have for value in self.values)
        return any(_ordered(one, self.op, other) for one in have for other in _comparable(wanted))


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """What a node must be: of a class, and all of the clauses."""

    label: Label
    clauses: tuple[Clause, ...] = ()


_ORDERS: Final[Mapping[Op, Callable[[Any, Any], bool]]] = {
    Op.LT: operator.lt,
    Op.LE: operator.le,
    Op.GT: operator.gt,
    Op.GE: operator.ge,
}


def _ordered(have: Value, op: Op, wanted: Value) -> bool:
    """Compare what can be compared: number with number, instant with instant, text with text."""
    sorts = (str, datetime)
    alike = all(isinstance(have, sort) is isinstance(wanted, sort) for sort in sorts)
    return alike and not isinstance(have, bool) and _ORDERS[op](have, wanted)


def _comparable(wanted: Sequence[Value]) -> Sequence[Value]:
    """Give those by which others are ordered: texts only where there is nothing else."""
    return [one for one in wanted if not isinstance(one, str)] or wanted


def alternatives(text: str, *, quoted: bool = False) -> tuple[Value, ...]:
    """Give what a value of a condition may stand for; what reads as a number is nothing else."""
    if quoted:
        return (text,)
    if _NUMBER.fullmatch(text):
        short = text.lstrip("+-").isdecimal() and len(text) <= _INTEGER_DIGITS
        return (int(text) if short else float(text),)
    if text in {"true", "false"}:
        return text, text == "true"
    instant = instant_of(text) or instant_of(f"{text}T00:00:00")
    return (text,) if instant is None else (text, instant)


def is_pattern(text: str) -> bool:
    """Tell whether a name holds an asterisk, which stands for anything."""
    return "*" in text


def parse_test(text: str) -> Test:
    """Read ``class[clauses]`` or ``class.clause``.

    Raises:
        Invalid: it is neither.
    """
    dotted = _DOTTED.fullmatch(text)
    found = _BRACKETS.fullmatch(text)
    if dotted is not None and (found is None or found[1] not in CLASSES):
        return Test(label=CLASSES[dotted[1]], clauses=(parse_clause(dotted[2]),))
    if found is None or found[1] not in CLASSES:
        right = "entity[key=value,...], activity[...], agent[...] or activity.key=value"
        raise Invalid(f"{text!r} is no condition: {right} is needed", field="condition", value=text)
    return Test(label=CLASSES[found[1]], clauses=merged([parse_clause(part) for part in _parts(found[2], ",")]))


def parse_clause(text: str) -> Clause:
    """Read one comparison.

    Raises:
        Invalid: it is none.
    """
    found = _CLAUSE.fullmatch(text)
    if found is not None:
        return _clause(found[1], _OPS[found[2]], found[3])
    found = _COLON.fullmatch(text)
    if found is None:
        raise Invalid(f"{text!r} is no comparison: {_RIGHT}", field="condition", value=text)
    return _clause(found[1], Op.EQ, found[2])


def parse_values(key: str, text: str) -> tuple[Clause, ...]:
    """Read a value of the address: ``attribute=k:v1,v2``, ``parameter=p:>=3``, ``name=K*``; a comma means either.

    Raises:
        Invalid: it can't be read.
    """
    if key not in _KEYED:
        return merged([_compared(key, "", Op.EQ, one) for one in _parts(text, ",")])
    name, rest = _keyed(key, text)
    return merged([_with_op(key, name, one) for one in _parts(rest, ",")])


def merged(clauses: Sequence[Clause]) -> tuple[Clause, ...]:
    """Join equalities of one key: either value will do."""
    found: dict[tuple[str, str, Op], Clause] = {}
    others: list[Clause] = []
    for one in clauses:
        place = (one.key, one.name, one.op)
        if one.op is not Op.EQ:
            others.append(one)
        elif place in found:
            before = found[place]
            values, ranges = before.values + one.values, before.ranges + one.ranges
            found[place] = replace(before, values=values, texts=before.texts | one.texts, ranges=ranges)
        else:
            found[place] = one
    return (*found.values(), *others)


def _clause(key: str, op: Op, rest: str) -> Clause:
    if key in _KEYED and op is Op.EQ:
        name, value = _keyed(key, rest)
        return _with_op(key, name, value)
    return _compared(key, "", op, rest)


def _keyed(key: str, text: str) -> tuple[str, str]:
    """Split a name from its value at the last colon before a quote or an operator: names may be QNames or URIs."""
    head = re.split(r'["=!<>~]', text, maxsplit=1)[0]
    place = head.rfind(":") if text[len(head) :].startswith('"') or len(head) < len(text) else _colon(head)
    if place <= 0:
        raise Invalid(f"{key}={text!r}: {key}=name:value is needed", field=key, value=text)
    return text[:place].strip(), text[place + 1 :].strip()


def _colon(text: str) -> int:
    """Find where a name ends; the value behind may hold colons, as times do, and the name one, as QNames do."""
    found = re.match(r"(?:https?://[^\s,]*|urn:[^\s,]*|[^:,]+(?::[A-Za-z_][^:,\s]*(?=:))?)(:)", text)
    return found.start(1) if found else -1


def _with_op(key: str, name: str, text: str) -> Clause:
    found = _FIRST_OP.fullmatch(text.strip())
    op, rest = (found[1], found[2].strip()) if found else (None, text)
    return _compared(key, name, _OPS[op] if op else Op.EQ, rest)


def _compared(key: str, name: str, op: Op, text: str) -> Clause:
    """Make a comparison with a value, or with a range where the key has no texts."""
    span = _range(text) if op in (Op.EQ, Op.NE) and key not in _TEXTS else None
    if span is not None:
        return Clause(key=key, op=op, values=(), name=name, ranges=(span,))
    return Clause(key=key, op=op, values=(_unquoted(text),), name=name, texts=frozenset(_quoted(text)))


def _range(text: str) -> Range | None:
    """Read ``low..high`` of numbers or times; ``*`` on one side leaves it open."""
    found = _RANGE.fullmatch(text.strip())
    if found is None or found.groups() == (_OPEN, _OPEN):
        return None
    span = Range(found[1], found[2])
    measured = all(not isinstance(alternatives(end)[-1], str | bool) for _, end in span.ends())
    return span if measured else None


def _parts(text: str, separator: str) -> Iterator[str]:
    """Split at a separator outside of quotes."""
    part, inside = "", False
    for one in text:
        inside ^= one == '"'
        if one == separator and not inside:
            yield part
            part = ""
        else:
            part += one
    if inside:
        raise Invalid(f"{text!r}: a quote is not closed", field="condition", value=text)
    yield part


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _quoted(text: str) -> Iterator[str]:
    return (one.strip()[1:-1] for one in _parts(text, ",") if len(one.strip()) > 1 and one.strip()[0] == '"')
