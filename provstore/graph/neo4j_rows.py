"""Between our nodes and relations and what Neo4j stores. Pure functions.

Times are text in UTC, which sorts as time does: the name (``…_at``) tells that it is one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, TypeGuard

from provstore.errors import Invalid
from provstore.graph.model import (
    TIME_SUFFIX,
    Attribute,
    Kind,
    Label,
    Node,
    NodeId,
    Relation,
    Value,
    check_properties,
    format_instant,
    parse_instant,
)
from provstore.graph.neo4j_schema import ATTRIBUTES, CUT, CUT_NAMES, ID, LONG, READERS, TEXTS, WORDS
from provstore.graph.neo4j_words import asserted, long_words, words

__all__ = [
    "Row",
    "attributes_from_text",
    "comparable",
    "is_text",
    "labels_from_row",
    "limit",
    "node_from_row",
    "node_row",
    "property_from_row",
    "property_rows",
    "relation_from_row",
    "relation_row",
    "stored_name",
    "words_row",
]

Row = dict[str, Any]
"""A map as the driver takes and gives it."""

_MOST_TEXT: Final = 2_000
_INTEGER_BITS: Final = 63
_FLOAT_BITS: Final = 1023
_LABELS: Final = {label.value: label for label in Label}


def stored_name(name: str) -> str:
    """Give the name under which a property is stored: ``id`` and names with ``_`` in front are ours."""
    return f"_{name}" if name == ID or name.startswith("_") else name


def property_rows(properties: Mapping[str, Value | None]) -> Row:
    """Turn properties into what is to be set; None removes.

    Raises:
        Invalid: a value that would not come back as it went in.
    """
    check_properties({name: value for name, value in properties.items() if value is not None})
    row: Row = {}
    for name, value in properties.items():
        kept = None if value is None else _stored(value, name=name)
        row[stored_name(name)] = kept
        if name in CUT_NAMES:
            is_long = isinstance(kept, str) and len(kept) > CUT
            row[LONG + name] = kept if is_long else None
            row[name] = kept[:CUT] if isinstance(kept, str) else kept
    return _checked(row)


def _stored(value: Value, *, name: str) -> str | int | float | bool:
    if isinstance(value, datetime):
        return format_instant(value)
    if _is_large(value):
        raise Invalid(f"property {name}: {value} needs more than 64 bits", field=name)
    return value


def _checked(row: Row) -> Row:
    """Refuse what is no Unicode text: the driver can't send it."""
    for name, value in row.items():
        for text in value if isinstance(value, list) else (value,):
            if not is_text(text):
                raise Invalid(f"{name}: a lone surrogate is no Unicode text: {ascii(text)[:80]}", field=name)
    return row


def is_text(value: object) -> bool:
    """Tell whether a value, if it is text, is Unicode; any other value is."""
    if not isinstance(value, str):
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def comparable(name: str, values: Iterable[Value | None]) -> list[str | int | float | bool]:
    """Give, as they are stored, those of the values that this property could equal at all."""
    is_time = name.endswith(TIME_SUFFIX)
    fitting = (value for value in values if value is not None and isinstance(value, datetime) == is_time)
    return [_stored(value, name=name) for value in fitting if not _is_large(value) and is_text(value)]


def limit(name: str, value: Value | None) -> str | int | float | bool | None:
    """Give, as it is stored, a value that this property may be more or less than; None if it can't be compared."""
    if value is not None and _is_large(value):
        return _beyond(value)
    return next(iter(comparable(name, [value])), None)


def _is_large(value: Value) -> TypeGuard[int]:
    return isinstance(value, int) and not -(1 << _INTEGER_BITS) <= value < 1 << _INTEGER_BITS


def _beyond(value: int) -> float:
    """Stand for an integer that no property can hold, beyond the float that Neo4j takes for equal to the largest."""
    end = float(value) if value.bit_length() <= _FLOAT_BITS else math.inf * (1 if value > 0 else -1)
    return math.nextafter(end, math.copysign(math.inf, end))


def property_from_row(name: str, value: Any) -> Value | None:
    """Read one property back; an absent one is None."""
    if value is not None and name.endswith(TIME_SUFFIX):
        return parse_instant(value)
    read: Value | None = value
    return read


def node_row(node: Node) -> Row:
    """Turn a node into its stored properties; those to be removed are None."""
    _check_key(node.id, what="the id of a node")
    own = {ID: node.id, ATTRIBUTES: _attributes_text(node.attributes), READERS: sorted(node.readers)}
    return property_rows(node.properties) | _checked(own) | words_row(node.attributes)


def words_row(attributes: tuple[Attribute, ...]) -> Row:
    """Turn attributes into what look-ups find them by."""
    return {WORDS: words(attributes), TEXTS: long_words(attributes)}


def _check_key(key: str, *, what: str) -> None:
    if not 0 < len(key) <= _MOST_TEXT:
        raise Invalid(f"{what} has 1 to {_MOST_TEXT} characters, not {len(key)}: {key[:80]}", field=ID)


def node_from_row(labels: Iterable[str], row: Mapping[str, Any]) -> Node:
    """Read a node back from its labels and its stored properties."""
    return Node(
        NodeId(row[ID]),
        labels_from_row(labels),
        dict(_properties(row)),
        attributes_from_text(row.get(ATTRIBUTES)),
        frozenset(row.get(READERS) or ()),
    )


def labels_from_row(labels: Iterable[str]) -> frozenset[Label]:
    """Read a node's labels back; those that are not ours (somebody's own, in the same database) are left out."""
    return _labels(tuple(labels))


@lru_cache(maxsize=1_000)
def _labels(names: tuple[str, ...]) -> frozenset[Label]:
    return frozenset(_LABELS[name] for name in names if name in _LABELS)


def _properties(row: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    for name, value in row.items():
        if name[0] == "_":
            if name.startswith("__") or name == "_id":
                yield name[1:], property_from_row(name, value)  # type: ignore[misc] # Neo4j stores no null
        elif name != ID:
            whole = row.get(LONG + name, value) if name in CUT_NAMES else value
            yield name, parse_instant(whole) if name.endswith(TIME_SUFFIX) else whole


def relation_row(relation: Relation) -> Row:
    """Turn a relation into its stored properties; those to be removed are None."""
    _check_key(relation.key, what="the key of a relation")
    _checked({"source": relation.source, "target": relation.target})
    row = {
        "key": relation.key,
        "role": relation.role,
        "time_at": None if relation.time is None else format_instant(relation.time),
        "relation_id": relation.relation_id,
        "arguments": _json(dict(relation.arguments)) if relation.arguments else None,
        "attrs": _attributes_text(relation.attributes),
        "bundle": relation.bundle,
    }
    return _checked(row) | words_row(asserted(relation))


def relation_from_row(kind: str, source: str, target: str, row: Mapping[str, Any]) -> Relation:
    """Read a relation back from its type, its ends and its stored properties."""
    at, bundle, arguments = row.get("time_at"), row.get("bundle"), row.get("arguments")
    return Relation(
        row["key"],
        Kind(kind),
        NodeId(source),
        NodeId(target),
        row.get("role"),
        None if at is None else parse_instant(at),
        row.get("relation_id"),
        json.loads(arguments) if arguments else {},
        attributes_from_text(row.get("attrs")),
        None if bundle is None else NodeId(bundle),
    )


def _attributes_text(attributes: tuple[Attribute, ...]) -> str | None:
    return _json(attributes) if attributes else None


def _json(value: object) -> str:
    """Letters of all scripts stay readable in Neo4j Browser."""
    return json.dumps(value, ensure_ascii=False)


def attributes_from_text(text: str | None) -> tuple[Attribute, ...]:
    """Read attributes back."""
    return tuple(Attribute(*parts) for parts in json.loads(text)) if text else ()
