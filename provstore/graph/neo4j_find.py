"""Makes Cypher of questions: the tests of nodes, pages, counts. Pure functions; values are always parameters."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from provstore.errors import Invalid
from provstore.graph.model import TIME_SUFFIX, Value, Viewer
from provstore.graph.neo4j_attributes import found_by, leading_attribute, sees, sees_bundle, tests_attribute
from provstore.graph.neo4j_rows import comparable, limit, stored_name
from provstore.graph.neo4j_schema import ATTRIBUTES, CUT, CUT_NAMES, ID, LONG, READERS, is_plain, quote
from provstore.graph.rules import INDEXES
from provstore.graph.store import Condition, Filter, Find, Op, is_attribute

__all__ = ["Cypher", "count_cypher", "next_key", "page_cyphers"]

_NEVER: Final = "false"
_BY_ID: Final = "n.id"


class Cypher(NamedTuple):
    """A query's text and its parameters."""

    text: str
    parameters: dict[str, Any]


@dataclass(slots=True)
class _Parameters:
    """Hands out a name for each value."""

    viewer: Viewer
    values: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        """Begin with what the tests of `sees` need."""
        self.values = {"readers": sorted(self.viewer.readers)}

    def add(self, value: Any) -> str:
        """Keep the value; give its place in the query."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"${name}"

    def property(self, variable: str, name: str) -> str:
        """Write a node's property; a name that is not plain becomes a value, too."""
        stored = stored_name(name)
        return f"{variable}.{quote(stored)}" if is_plain(stored) else f"{variable}[{self.add(stored)}]"

    def whole(self, variable: str, name: str) -> str:
        """Write a node's property, in full also where the indexed one holds only the beginning of a text."""
        short = self.property(variable, name)
        return f"coalesce({variable}.{quote(LONG + name)}, {short})" if name in CUT_NAMES else short


def _tests(variable: str, condition: Condition, parameters: _Parameters, *, but: Filter | None = None) -> Iterator[str]:
    for question in condition.filters:
        if question is but:
            continue
        if is_attribute(question.property):
            yield tests_attribute(variable, question, sees=sees("b", parameters.viewer), add=parameters.add)
        else:
            yield _TESTS[question.op](variable, question, parameters)


def _values(question: Filter) -> tuple[Value | None, ...]:
    return question.value if isinstance(question.value, tuple) else (question.value,)


def _may_be_cut(question: Filter) -> bool:
    """Tell whether the index may know only the beginning of what is asked for."""
    return question.property in CUT_NAMES and any(isinstance(one, str) and len(one) >= CUT for one in _values(question))


def _equals(variable: str, question: Filter, parameters: _Parameters) -> str:
    """The beginning of a text is compared first: that is what an index can find."""
    name = question.property
    values = comparable(name, _values(question))
    if not values:
        return _NEVER
    seen = [value[:CUT] if name in CUT_NAMES and isinstance(value, str) else value for value in values]
    test = f"{parameters.property(variable, name)} {_among(seen, parameters)}"
    if not _may_be_cut(question):
        return test
    return f"{test} AND {parameters.whole(variable, name)} {_among(values, parameters)}"


def _among(values: list[Any], parameters: _Parameters) -> str:
    return f"= {parameters.add(values[0])}" if len(values) == 1 else f"IN {parameters.add(values)}"


def _differs(variable: str, question: Filter, parameters: _Parameters) -> str:
    return f"NOT coalesce({_equals(variable, question, parameters)}, false)"


def _ordered(variable: str, question: Filter, parameters: _Parameters) -> str:
    value = limit(question.property, next(iter(_values(question)), None))
    if value is None:
        return _NEVER
    return f"{parameters.whole(variable, question.property)} {question.op.value} {parameters.add(value)}"


def _contains(variable: str, question: Filter, parameters: _Parameters) -> str:
    if not isinstance(question.value, str) or question.property.endswith(TIME_SUFFIX):
        return _NEVER
    return f"{parameters.whole(variable, question.property)} CONTAINS {parameters.add(question.value)}"


def _absent(variable: str, question: Filter, parameters: _Parameters) -> str:
    return f"{parameters.property(variable, question.property)} IS NULL"


_TESTS: Final[dict[Op, Callable[[str, Filter, _Parameters], str]]] = {
    Op.EQ: _equals,
    Op.IN: _equals,
    Op.NE: _differs,
    Op.LT: _ordered,
    Op.LE: _ordered,
    Op.GT: _ordered,
    Op.GE: _ordered,
    Op.CONTAINS: _contains,
    Op.ABSENT: _absent,
}


def count_cypher(condition: Condition, by: tuple[str, ...], viewer: Viewer) -> Cypher:
    """Ask how many nodes pass, by the values of some properties: rows of a list and a number."""
    parameters = _Parameters(viewer)
    led = leading_attribute(condition)
    tests = [*_tests("n", condition, parameters, but=led), *sees("n", viewer)]
    values = ", ".join(parameters.whole("n", name) for name in by)
    match = f"{_led('n', led, parameters)}MATCH (n:{condition.label.value}){_where(tests)}"
    # Grouped by a constant, nothing would be counted where nothing passes.
    counted = f"[{values}] AS values, count(*) AS count" if by else "count(*) AS count WITH [] AS values, count"
    return Cypher(f"{match} WITH {counted} RETURN values, count ORDER BY values", parameters.values)


def _where(tests: list[str]) -> str:
    return f" WHERE {' AND '.join(f'({test})' for test in tests)}" if tests else ""


def _led(variable: str, leader: Filter | None, parameters: _Parameters) -> str:
    """Begin a query with the nodes that pass the filter of an attribute, if one leads."""
    if leader is None:
        return ""
    return f"{found_by(leader, variable, sees=sees('b', parameters.viewer), add=parameters.add)} "


def page_cyphers(question: Find, viewer: Viewer) -> Iterator[Cypher]:
    """Ask for a page: first the nodes that have the property of the order, then, if the page isn't full, the others.

    Rows are: labels, properties, value of the order, id. ``$limit`` is left to the caller.
    """
    begin = _read_key(question.after) if question.after is not None else None
    name = question.order.property if question.order else None
    if name is None or begin is None or begin.value is not None:
        yield _page(question, viewer, by=name, begin=begin)
        begin = None
    if name is not None and not _needs(question.condition, name):
        yield _page(question, viewer, by=None, begin=begin)


def _needs(condition: Condition, name: str) -> bool:
    """Tell whether only nodes that have the property can pass."""
    return any(one.property == name and one.op not in (Op.NE, Op.ABSENT) for one in condition.filters)


def _page(question: Find, viewer: Viewer, *, by: str | None, begin: _Key | None) -> Cypher:
    """Ask for the nodes that have ``by``, sorted by it; or, without it, for those that lack the order's property."""
    parameters = _Parameters(viewer)
    descending = question.order is not None and question.order.descending
    sorting = _Sorting(by=by, descending=descending, parameters=parameters)
    led = leading_attribute(question.condition)
    leader = None if led else _leader(question, by)
    tests = [*_tests("n", question.condition, parameters, but=led or leader), *sees("n", viewer)]
    if led is None and question.hop is None and all(is_attribute(one.property) for one in question.condition.filters):
        tests.append(f"{_BY_ID} IS NOT NULL")  # lets the planner take the index of ids; with filters it must not
    if question.order is not None:
        tests.append(f"{parameters.property('n', question.order.property)} IS {'NOT NULL' if by else 'NULL'}")
    if begin is not None:
        tests += sorting.beyond(begin)
    match = _match(question, tests, parameters) if leader is None else _each(leader, question, tests, sorting)
    text = (
        f"{_led('n', led, parameters)}{match} "
        f"RETURN labels(n) AS labels, {_wanted(question.fields)} AS properties, {sorting.value} AS value,"
        f" {_BY_ID} AS id ORDER BY {sorting.columns()} LIMIT $limit"
    )
    return Cypher(text, parameters.values)


def _leader(question: Find, by: str | None) -> Filter | None:
    """Find the filter which, together with the order, an index answers in order."""
    if by is None or question.hop is not None:
        return None
    indexed = {names[0] for label, names in INDEXES if label == question.condition.label and names[1:2] == (by,)}
    filters = (one for one in question.condition.filters if one.property in indexed and one.op in (Op.EQ, Op.IN))
    return next((one for one in filters if not _may_be_cut(one)), None)


def _each(leader: Filter, question: Find, tests: list[str], sorting: _Sorting) -> str:
    """Take the first of each value by itself: the index gives them sorted, so that no more is read than is wanted.

    The planner sees that only if the sorting names the leading property, too.
    """
    values = sorting.parameters.add(comparable(leader.property, _values(leader)))
    led = sorting.parameters.property("n", leader.property)
    found = f"MATCH (n:{question.condition.label.value}){_where([f'{led} = one', *tests])}"
    return (
        f"UNWIND {values} AS one CALL (one) {{ {found} RETURN n ORDER BY {led}{sorting.direction}, {sorting.columns()} "
        "LIMIT $limit } WITH DISTINCT n"
    )


def _match(question: Find, tests: list[str], parameters: _Parameters) -> str:
    node = f"(n:{question.condition.label.value})"
    if question.hop is None:
        return f"MATCH {node}{_where(tests)}"
    condition, step, viewer = question.hop.condition, question.hop.step, parameters.viewer
    arrow = f"<-[r:{step.kind.value}]-" if step.backwards else f"-[r:{step.kind.value}]->"
    other = f"(m:{condition.label.value})"
    led = None if leading_attribute(question.condition) else leading_attribute(condition)
    others = [*_tests("m", condition, parameters, but=led), *sees("m", viewer), *sees_bundle("r", viewer)]
    if led or _is_looked_up(condition):
        begin = _led("m", led, parameters)
        return f"{begin}MATCH {node}{arrow}{other}{_where([*tests, *others])} WITH DISTINCT n"
    return f"MATCH {node}{_where([*tests, f'EXISTS {{ MATCH (n){arrow}{other}{_where(others)} }}'])}"


def _is_looked_up(condition: Condition) -> bool:
    """Tell whether an index finds the neighbours: then the query may begin there, else it tests node after node."""
    exact = {one.property for one in condition.filters if one.op in (Op.EQ, Op.IN)}
    return any(label == condition.label and names[0] in exact for label, names in INDEXES)


def _wanted(fields: tuple[str, ...] | None) -> str:
    if fields is None or not all(map(is_plain, fields)):
        return "properties(n)"
    names = [ID, ATTRIBUTES, READERS]
    for name in fields:
        names += [stored_name(name), LONG + name] if name in CUT_NAMES else [stored_name(name)]
    return f"n {{{', '.join(f'.{quote(name)}' for name in names)}}}"


class _Key(NamedTuple):
    """Where a page ended: the last node's value of the order (None: it has none), as stored, and its id."""

    value: str | int | float | bool | None
    id: str


def next_key(value: Any, node_id: str) -> str:
    """Write the key of the page after this node."""
    return json.dumps([value, node_id])


def _read_key(text: str) -> _Key:
    try:
        value, node_id = json.loads(text)
    except (ValueError, TypeError) as error:
        raise _bad_key(text) from error
    if not isinstance(node_id, str) or not isinstance(value, str | int | float | None):
        raise _bad_key(text)
    return _Key(value, node_id)


def _bad_key(text: str) -> Invalid:
    return Invalid(f"{text!r} is no key of a page: give back what the page before gave", field="after")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sorting:
    """An order of nodes: by a property that all have (or none), then by id."""

    by: str | None
    descending: bool
    parameters: _Parameters

    @property
    def value(self) -> str:
        """The value that the order goes by."""
        return "null" if self.by is None else self.parameters.whole("n", self.by)

    @property
    def direction(self) -> str:
        """What follows each column."""
        return " DESC" if self.descending else ""

    def columns(self) -> str:
        """What to sort by. The indexed beginning of a text comes first, then the whole: the same order, but found."""
        by = [] if self.by is None else [self.parameters.property("n", self.by), self.value]
        return ", ".join(f"{column}{self.direction}" for column in dict.fromkeys([*by, _BY_ID]))

    def beyond(self, key: _Key) -> list[str]:
        """Test that a node comes after the key, such that an index finds the first one that does."""
        sign, behind = ("<", ">=") if self.descending else (">", "<=")
        if self.by is None:
            return [f"{_BY_ID} {sign} {self.parameters.add(key.id)}"]
        short, value = self.parameters.property("n", self.by), self.parameters.add(key.value)
        beginning = key.value[:CUT] if self.by in CUT_NAMES and isinstance(key.value, str) else key.value
        tests = [
            f"{short} {sign}= {self.parameters.add(beginning)}",
            f"{self.value} {sign}= {value}",
            f"NOT ({self.value} = {value} AND {_BY_ID} {behind} {self.parameters.add(key.id)})",
        ]
        return tests if self.by in CUT_NAMES else tests[1:]
