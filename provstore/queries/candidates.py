"""Where a search begins: for the most telling clause of a condition, the nodes that an index finds for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from provstore.graph.model import PROV, Kind, Label, Node, NodeId, Value, Viewer
from provstore.graph.rules import Step
from provstore.graph.store import Condition, Filter, Find, GraphStore, Hop, Op, every
from provstore.graph.titles import NAMES
from provstore.queries.conditions import Clause, Test, is_pattern
from provstore.queries.facts import neighbours
from provstore.queries.judging import PROPERTIES, Judge

__all__ = ["candidates", "is_telling"]

_PAGE: Final = 1_000
_VALUE: Final = f"{PROV}value"
_TYPE: Final = f"{PROV}type"
_AFTER: Final = "\U0010ffff"
"""Comes after every character: names that begin with a text lie between it and it with this behind."""
_TIMES: Final = {"started": f"{PROV}startTime", "ended": f"{PROV}endTime"}
_INDEXED: Final = {
    (Label.ENTITY, "sha256"): Label.ENTITY,
    (Label.ENTITY, "location"): Label.ENTITY,
    (Label.ENTITY, "content-type"): Label.ENTITY,
    (Label.ENTITY, "generated"): Label.ENTITY,
    (Label.ACTIVITY, "started"): Label.ACTIVITY,
    (Label.ACTIVITY, "created"): Label.ACTIVITY,
    (Label.ACTIVITY, "service"): Label.JOB,
    (Label.ACTIVITY, "phase"): Label.JOB,
    (Label.ACTIVITY, "run-id"): Label.JOB,
    (Label.ACTIVITY, "owner"): Label.JOB,
}
"""(Class, key) of properties that have an index, and the label it is over."""
_RANGES: Final = frozenset({Op.LT, Op.LE, Op.GT, Op.GE})
_DESCRIBING: Final = (Label.ACTIVITY_DESCRIPTION, Label.ENTITY)

Source = Callable[["_Search", Clause], Iterator[Node]]


def candidates(store: GraphStore, test: Test, judge: Judge, viewer: Viewer) -> Iterator[Node]:
    """Give nodes among which all that pass are, each once, in no order; all of the class where no index helps."""
    search = _Search(store, test.label, judge, viewer)
    telling = sorted((one for one in test.clauses if is_telling(test.label, one)), key=_rank)
    found = _found(search, telling[0]) if telling else search.all()
    seen: set[NodeId] = set()
    for node in found:
        if node.id not in seen and test.label in node.labels:
            seen.add(node.id)
            yield node


def _found(search: _Search, clause: Clause) -> Iterator[Node]:
    source = _SOURCES.get(clause.key, _Search.by_attribute)
    return (node for one in clause.alone() for node in source(search, one))


def is_telling(label: Label, clause: Clause) -> bool:
    """Tell whether an index leads to what passes a clause."""
    if clause.op in (Op.NE, Op.CONTAINS) or clause.key in {"weekday", "hours", "revision"}:
        return False
    if clause.key == "name":
        return not any(one.startswith("*") for one in clause.values)
    if clause.key in PROPERTIES:
        return (label, clause.key) in _INDEXED and (clause.op is Op.EQ or clause.key in _TIMED)
    return clause.key not in _ACTIVITY_ONLY or label is Label.ACTIVITY


_TIMED: Final = frozenset({"started", "created", "generated"})
_ACTIVITY_ONLY: Final = frozenset({"description", "parameter", "used"})
_ORDER: Final = ("id", "sha256", "run-id", "used", "parameter", "name")


def _rank(clause: Clause) -> tuple[int, int]:
    """Put first what passes fewest nodes, as far as one can say without counting."""
    exact = 0 if clause.op is Op.EQ and not (clause.ranges or any(map(is_pattern, clause.values))) else 1
    known = _ORDER.index(clause.key) if clause.key in _ORDER else len(_ORDER)
    wide = clause.key in {"description", "service", "phase", "owner", "agent", "type"}
    return exact, known + wide * 10


class _Search:
    """Finds the nodes of one class."""

    def __init__(self, store: GraphStore, label: Label, judge: Judge, viewer: Viewer) -> None:
        self._store = store
        self._label = label
        self._judge = judge
        self._viewer = viewer

    def all(self) -> Iterator[Node]:
        """Give all nodes of the class."""
        return self._find(Condition(label=self._label))

    def by_id(self, clause: Clause) -> Iterator[Node]:
        """Give the nodes named."""
        return iter(self._store.get(self._judge.ids(clause), self._viewer))

    def by_name(self, clause: Clause) -> Iterator[Node]:
        """Give nodes that are called so, by their name, by what documents call them, or by their id."""
        yield from self.by_id(clause)
        for one in clause.values:
            start, star, _ = one.partition("*")
            for key in ("name", "local", *NAMES):
                yield from self._find(Condition(label=self._label, filters=_beginning(key, start, is_whole=not star)))

    def by_property(self, clause: Clause) -> Iterator[Node]:
        """Give nodes by a property that has an index, and by what documents tell under the same word."""
        label = _INDEXED[self._label, clause.key]
        values = _fitting(clause, PROPERTIES[clause.key])
        if values:
            yield from self._find(Condition(label=label, filters=(_filter(PROPERTIES[clause.key], clause.op, values),)))
        if clause.key in _TIMES:
            yield from self._find(Condition(label=self._label, filters=_attribute(_TIMES[clause.key], clause)))

    def by_attribute(self, clause: Clause) -> Iterator[Node]:
        """Give nodes that have an attribute."""
        yield from self._by_keys(clause, self._judge.keys(clause.name or clause.key))

    def _by_keys(self, clause: Clause, keys: Sequence[str]) -> Iterator[Node]:
        wanted = [uri for one in clause.values if ":" in one for uri in self._judge.keys(one)]
        for key in keys:
            yield from self._find(Condition(label=self._label, filters=_attribute(key, clause)))
            if wanted and clause.op is Op.EQ:
                yield from self._find(Condition(label=self._label, filters=(Filter(key, Op.IN, tuple(wanted)),)))

    def by_type(self, clause: Clause) -> Iterator[Node]:
        """Give nodes of a type that documents tell."""
        wanted = Filter(_TYPE, Op.IN, self._judge.types(clause))
        yield from self._find(Condition(label=self._label, filters=(wanted,)))
        labels = [one for one in Label if one in clause.values]
        for one in labels:
            yield from self._find(Condition(label=one))

    def by_parameter(self, clause: Clause) -> Iterator[Node]:
        """Give activities with a parameter of a value."""
        own = Filter("name", Op.EQ, clause.name)
        texts = tuple(one for one in clause.wanted() if isinstance(one, str))
        numbers = tuple(one for one in clause.wanted() if isinstance(one, int | float) and not isinstance(one, bool))
        tests = [(own, _filter("value", clause.op, texts))] if texts and clause.op is Op.EQ else []
        tests += [(own, _filter("number", clause.op, numbers))] if numbers else []
        for filters in (*tests, _attribute(_VALUE, clause)):
            for label in (Label.PARAMETER, Label.ENTITY):
                yield from self._beside(Step(Kind.WAS_CONFIGURED_BY), Condition(label=label, filters=filters))
        if numbers:
            yield from self._described_parameters(clause.name)
        given = Condition(label=Label.ENTITY, filters=_attribute(_VALUE, clause))
        yield from self._beside(Step(Kind.USED), given)
        yield from self._by_keys(clause, self._judge.parameter_keys(clause.name))

    def _described_parameters(self, name: str) -> Iterator[Node]:
        """Give the activities with a parameter of a name, if descriptions of that name may say that it is a number."""
        called = [(Filter(key, Op.EQ, name),) for key in NAMES]
        descriptions = (Condition(label=Label.PARAMETER_DESCRIPTION, filters=one) for one in called)
        if any(next(self._find(one), None) for one in descriptions):
            for one in called:
                named = Condition(label=Label.PARAMETER, filters=one)
                yield from self._beside(Step(Kind.WAS_CONFIGURED_BY), named)

    def by_description(self, clause: Clause) -> Iterator[Node]:
        """Give activities that are described so; by type and name those that nothing describes."""
        names = [one.rpartition("@")[0] or one for one in clause.values]
        for one in dict.fromkeys((*clause.values, *names)):
            start, star, _ = one.partition("*")
            for key in ("name", "local", *NAMES):
                filters = _beginning(key, start, is_whole=not star)
                for label in _DESCRIBING:
                    described = Condition(label=label, filters=filters)
                    yield from self._beside(Step(Kind.IS_DESCRIBED_BY), described)
        ids = self._judge.ids(clause)
        yield from self._around(ids, Step(Kind.IS_DESCRIBED_BY, backwards=True))
        yield from self.by_type(clause)
        yield from self.by_name(Clause(key="name", op=Op.EQ, values=tuple(dict.fromkeys(names))))

    def by_agent(self, clause: Clause) -> Iterator[Node]:
        """Give what somebody is answerable for."""
        names = Condition(label=Label.AGENT, filters=(Filter("name", Op.IN, clause.values),))
        called = [node.id for node in self._find(names)]
        for key in NAMES:
            told = Condition(label=Label.AGENT, filters=(Filter(key, Op.IN, clause.values),))
            called += [node.id for node in self._find(told)]
        steps = (Step(one, backwards=True) for one in (Kind.WAS_ASSOCIATED_WITH, Kind.WAS_ATTRIBUTED_TO))
        return self._around((*self._judge.ids(clause), *called), *steps)

    def by_used(self, clause: Clause) -> Iterator[Node]:
        """Give the activities that used something."""
        return self._around(self._judge.ids(clause), Step(Kind.USED, backwards=True))

    def _around(self, ids: Sequence[NodeId], *steps: Step) -> Iterator[Node]:
        found = neighbours(self._store, dict.fromkeys(ids), steps, self._viewer)
        return (tie.node for ties in found.values() for tie in ties)

    def _beside(self, step: Step, condition: Condition) -> Iterator[Node]:
        question = Find(condition=Condition(label=self._label), hop=Hop(step=step, condition=condition), limit=_PAGE)
        return every(self._store, question, self._viewer)

    def _find(self, condition: Condition) -> Iterator[Node]:
        return every(self._store, Find(condition=condition, limit=_PAGE), self._viewer)


_SOURCES: Final[Mapping[str, Source]] = {
    "id": _Search.by_id,
    "name": _Search.by_name,
    "label": _Search.by_name,
    "type": _Search.by_type,
    "description": _Search.by_description,
    "parameter": _Search.by_parameter,
    "agent": _Search.by_agent,
    "used": _Search.by_used,
    **dict.fromkeys(PROPERTIES, _Search.by_property),
}


def _beginning(key: str, start: str, *, is_whole: bool) -> tuple[Filter, ...]:
    if is_whole:
        return (Filter(key, Op.EQ, start),)
    return (Filter(key, Op.GE, start), Filter(key, Op.LT, start + _AFTER))


def _filter(key: str, op: Op, values: Sequence[Value]) -> Filter:
    if op is Op.EQ:
        return Filter(key, Op.IN, tuple(values))
    return Filter(key, op, values[0])


def _attribute(key: str, clause: Clause) -> tuple[Filter, ...]:
    wanted = clause.wanted()
    if clause.op in _RANGES:
        wanted = tuple(one for one in wanted if not isinstance(one, str)) or wanted
    return (_filter(key, clause.op, wanted),)


def _fitting(clause: Clause, name: str) -> tuple[Value, ...]:
    """Give the wanted values that a property of that name can have."""
    is_time = name.endswith("_at")
    return tuple(islice((one for one in clause.wanted() if isinstance(one, datetime) is is_time), 1000))
