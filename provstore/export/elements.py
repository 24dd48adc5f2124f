"""Nodes to PROV elements: which attributes a node's properties become."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from provstore.export.escapes import instant
from provstore.export.names import XSD
from provstore.export.records import Literal, Record
from provstore.export.vocabulary import (
    AGENT_TYPES,
    CLASSES,
    DATATYPES,
    DESCRIPTIONS,
    TYPE,
    Class,
    is_internal,
    is_internal_key,
    keys_of,
    rank,
)
from provstore.graph.model import Attribute, Label, Node, Value

__all__ = ["Elements", "Shape"]

_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`\x00-\x1f]*")
_BOOLEAN: Final = re.compile("true|false")
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_FLOAT: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_LEXICAL: Final = {f"{XSD}boolean": _BOOLEAN, f"{XSD}int": _INTEGER, f"{XSD}long": _INTEGER, f"{XSD}double": _FLOAT}
_INT_BOUND: Final = 1 << 31

_ACTIVITY_TIMES: Final = frozenset({"started_at", "ended_at"})
_ENTITY_TIMES: Final = frozenset({"generated_at", "invalidated_at"})


class _Cell(NamedTuple):
    """One place in a record: a constant attribute, or a property under a key.

    ``special``: a text there needs a look, any other is a plain string.
    """

    key: str
    property: str
    constant: Literal | None
    special: bool


class _Plan(NamedTuple):
    """How nodes of one shape are written as one kind of record."""

    kind: str
    cells: tuple[_Cell, ...]


class Shape(NamedTuple):
    """What nodes with the same labels and names of properties have in common.

    ``noticed``: relations will need something of them.
    """

    plans: tuple[_Plan, ...]
    noticed: bool


_SPECIAL: Final = {
    "activity": frozenset({"location"}),
    "agent": frozenset({"type"}),
    "entity": frozenset({"location", "value", "options"}),
}
"""Properties whose text needs a look, by kind of record."""

_NOTICED: Final = DESCRIPTIONS | {Label.PARAMETER, Label.CONFIG_FILE, Label.VOID}


class Elements:
    """Writes the records of nodes; remembers each shape, since a graph has few shapes and many nodes."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[frozenset[Label], tuple[str, ...]], Shape] = {}

    def shape(self, node: Node) -> Shape:
        """Give the shape of a node."""
        key = (node.labels, tuple(node.properties))
        shape = self._shapes.get(key)
        if shape is None:
            labels, names = key
            noticed = not (labels.isdisjoint(_NOTICED) and _ENTITY_TIMES.isdisjoint(names))
            shape = self._shapes[key] = Shape(tuple(_plans(labels, names)), noticed)
        return shape

    @staticmethod
    def of(node: Node, shape: Shape) -> list[Record]:
        """Give the records of a node: one, more for a node of several classes, none for one that is never written."""
        node_id, _, properties, foreign, _ = node
        records = []
        told = [_plain(one) for one in foreign if not is_internal_key(one.key)] if foreign else []
        for plan in shape.plans:
            attributes = _fill(plan, properties)
            if told:
                attributes = sorted(dict.fromkeys((*attributes, *told)), key=_by_rank)
            times = _times(properties) if plan.kind == "activity" else ()
            records.append(Record(plan.kind, node_id, times, tuple(attributes)))
        return records


def _plain(attribute: Attribute) -> Literal:
    return (attribute.key, attribute.lexical, attribute.type or None, attribute.lang or None)


def _by_rank(attribute: Literal) -> tuple[int, str]:
    return rank(attribute[0])


def _times(properties: Mapping[str, Value]) -> tuple[str | None, str | None]:
    started, ended = properties.get("started_at"), properties.get("ended_at")
    return (
        instant(started) if isinstance(started, datetime) else None,
        instant(ended) if isinstance(ended, datetime) else None,
    )


def _plans(labels: frozenset[Label], names: tuple[str, ...]) -> Iterator[_Plan]:
    if Label.VOID in labels:
        return
    classes = {label: CLASSES[label] for label in sorted(labels) if label in CLASSES}
    for kind in sorted({one.record for one in classes.values() if one.record}):
        own = [one for one in classes.values() if one.record in (kind, "" if kind == "entity" else kind)]
        elsewhere = _ENTITY_TIMES if kind == "entity" else _ACTIVITY_TIMES if kind == "activity" else frozenset()
        written = [name for name in names if not is_internal(name) and name not in elsewhere]
        special = _SPECIAL[kind]
        cells = [_Cell(TYPE, "", constant, special=False) for constant in _types(classes, own)]
        cells += [_Cell(key, name, None, name in special) for name in written for key in _keys(kind, name)]
        yield _Plan(kind, tuple(sorted(cells, key=_cell_rank)))


def _cell_rank(cell: _Cell) -> tuple[int, str]:
    return rank(cell.key)


def _types(classes: Mapping[Label, Class], own: list[Class]) -> dict[Literal, None]:
    dropped = frozenset[Label]().union(*(one.instead_of for one in own))
    kept = [one for label, one in classes.items() if one in own and label not in dropped]
    return dict.fromkeys(constant for one in kept for constant in one.types)


def _keys(kind: str, name: str) -> tuple[str, ...]:
    return (TYPE,) if kind == "agent" and name == "type" else keys_of(name)


def _fill(plan: _Plan, properties: Mapping[str, Value]) -> list[Literal]:
    attributes: list[Literal] = []
    for key, name, constant, special in plan.cells:
        if constant is not None:
            attributes.append(constant)
            continue
        value = properties[name]
        if not isinstance(value, str):
            attributes.append(_literal(key, value))
        elif special:
            attributes += _look(key, name, value, properties)
        else:
            attributes.append((key, value, None, None))
    return attributes


def _literal(key: str, value: float | datetime) -> Literal:
    if isinstance(value, bool):
        return (key, "true" if value else "false", f"{XSD}boolean", None)
    if isinstance(value, int):
        return (key, str(value), f"{XSD}long", None)
    if isinstance(value, float):
        return (key, _double(value), f"{XSD}double", None)
    return (key, instant(value), f"{XSD}dateTime", None)


def _double(value: float) -> str:
    text = repr(value)
    return {"inf": "INF", "-inf": "-INF", "nan": "NaN"}.get(text, text)


def _look(key: str, name: str, text: str, properties: Mapping[str, Value]) -> list[Literal]:
    """Write a text that may be more than a string: an address, a typed value, an agent's type, a list of options."""
    if name == "location":
        return [(key, text, f"{XSD}anyURI" if _URI.fullmatch(text) else None, None)]
    if name == "type":
        return [AGENT_TYPES.get(text, (key, text, None, None))]
    if name == "options":
        return [(key, option, None, None) for option in _options(text)]
    datatype = DATATYPES.get(str(properties.get("datatype", "")))
    typed = datatype is not None and _is_lexical(datatype, text)
    return [(key, text, datatype if typed else None, None)]


def _is_lexical(datatype: str, text: str) -> bool:
    if not _LEXICAL[datatype].fullmatch(text):
        return False
    return datatype != f"{XSD}int" or -_INT_BOUND <= int(text) < _INT_BOUND


def _options(text: str) -> list[str]:
    try:
        found = json.loads(text)
    except ValueError:
        return [text]
    return list(dict.fromkeys(map(str, found))) if isinstance(found, list) else [text]
