"""The grammar of conditions: ``activity[description=X,parameter=p:>=3]``, ``activity.ex:step>=3``, ``description:X``.

A comma joins what must all hold; the same key twice means either. Operators: ``= != < <= > >=`` and ``~`` (contains).
Values stand in double quotes where they hold commas or brackets, or to say that they are texts.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from provstore.errors import Invalid
from provstore.graph.matching import same
from provstore.graph.model import Label, Value
from provstore.graph.statements import instant_of
from provstore.graph.store import Op

__all__ = ["CLASSES", "Clause", "Test", "alternatives", "is_pattern", "parse_clause", "parse_test", "parse_values"]

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
_RANGE: Final = re.compile(r"(\S+?)\.\.(\S+)")
_INTEGER_DIGITS: Final = 18
_SPELT: Final[Mapping[str, Callable[[str], str]]] = {"sha256": str.lower, "phase": str.upper}
"""Keys whose values are written in one way only, and asked for in any."""
_RIGHT: Final = "right are key=value, key!=v, key<v, key<=v, key>v, key>=v, key~part, key:value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One comparison. ``name`` is what a keyed clause asks about; of ``values`` any may hold, each a text as written.

    ``texts``: those of the values that stood in quotes, and so are no numbers.
    """

    key: str
    op: Op
    values: tuple[str, ...]
    name: str = ""
    texts: frozenset[str] = frozenset()

    def wanted(self) -> tuple[Value, ...]:
        """Give what the values may stand for: a text, and a number, an instant or a truth value where they read so."""
        spelt = _SPELT.get(self.key, str)
        return tuple(one for value in self.values for one in alternatives(spelt(value), quoted=value in self.texts))

    def holds(self, have: Iterable[Value]) -> bool:
        """Tell whether one of the values that something has is among those wanted; for != that none is."""
        wanted = self.wanted()
        if self.op in (Op.EQ, Op.NE):
            return any(same(one, other) for one in have for other in wanted) is (self.op is Op.EQ)
        if self.op is Op.CONTAINS:
            return any(isinstance(one, str) and value in one for one in have for value in self.values)
        told = [one for one in wanted if not isinstance(one, str)] or wanted
        return any(_ordered(one, self.op, other) for one in have for other in told)


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


def alternatives(text: str, *, quoted: bool = False) -> tuple[Value, ...]:
    """Give what a value of a condition may stand for."""
    found: list[Value] = [text]
    if quoted:
        return (text,)
    if _NUMBER.fullmatch(text):
        short = text.lstrip("+-").isdecimal() and len(text) <= _INTEGER_DIGITS
        found.append(int(text) if short else float(text))
    elif text in {"true", "false"}:
        found.append(text == "true")
    elif (instant := instant_of(text) or instant_of(f"{text}T00:00:00")) is not None:
        found.append(instant)
    return tuple(found)


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
        values = tuple(_unquoted(one) for one in _parts(text, ","))
        return (Clause(key=key, op=Op.EQ, values=values, texts=frozenset(_quoted(text))),)
    name, rest = _keyed(key, text)
    parts = list(_parts(rest, ","))
    ranged = _range(key, name, parts[0]) if len(parts) == 1 else ()
    return ranged or merged([_with_op(key, name, one) for one in parts])


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
            found[place] = replace(before, values=before.values + one.values, texts=before.texts | one.texts)
        else:
            found[place] = one
    return (*found.values(), *others)


def _clause(key: str, op: Op, rest: str) -> Clause:
    if key in _KEYED and op is Op.EQ:
        name, value = _keyed(key, rest)
        return _with_op(key, name, value)
    value = _unquoted(rest)
    return Clause(key=key, op=op, values=(value,), texts=frozenset(_quoted(rest)))


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
    return Clause(
        key=key,
        op=_OPS[op] if op else Op.EQ,
        values=(_unquoted(rest),),
        name=name,
        texts=frozenset(_quoted(rest)),
    )


def _range(key: str, name: str, text: str) -> tuple[Clause, ...]:
    """Read ``low..high``, both included; ``*`` on one side leaves it open."""
    found = _RANGE.fullmatch(text.strip())
    if found is None:
        return ()
    ends = ((Op.GE, found[1]), (Op.LE, found[2]))
    return tuple(Clause(key=key, op=op, values=(end,), name=name) for op, end in ends if end != "*")


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
