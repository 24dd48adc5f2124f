"""Nodes and relations to rows of the embedded store and back.

Properties with a column stand there in SQLite's own types, truth values and NaN as blobs (SQLite has neither); the
others are one JSON text, NaN as an object. Times are text, told by the property's name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

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
from provstore.graph.sqlite_schema import Layout
from provstore.graph.sqlite_terms import text_is_sound

__all__ = ["EDGE_COLUMNS", "NODE_COLUMNS", "Codec", "column_value"]

Row = Sequence[Any]
"""What the driver gives; decoded in the function that receives it."""

NODE_COLUMNS: Final = ("id", "labels", "audience", "attrs")
EDGE_COLUMNS: Final = (
    *(f"e.{name}" for name in ("key", "kind", "source", "target", "role", "time", "relation_id", "args", "attrs")),
    "CASE WHEN e.said IS NOT NULL THEN (SELECT w.text FROM word w WHERE w.number = e.said) END",
)
"""What `Codec.relation` reads, of table ``e``."""
_TRUTHS: Final = {True: b"\x01", False: b"\x00"}
_NAN: Final = b"nan"
_BLOBS: Final[dict[bytes, Value]] = {b"\x01": True, b"\x00": False, _NAN: math.nan}
_READERS_KEPT: Final = 10_000
_LEAST, _MOST = -(2**63), 2**63 - 1
_decode = json.JSONDecoder().decode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Codec:
    """Translates for one file; made once, used by all threads."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._bits = dict(layout.labels)
        self._labels: dict[int, frozenset[Label]] = {}
        self._masks: dict[frozenset[Label], int] = {}
        self._readers: dict[frozenset[str], str] = {}
        self._kinds = {number: kind for kind, number in layout.kinds.items()}
        self._conversions = _conversions(layout.columns)
        self._every = _joined([*NODE_COLUMNS, *(f'"p_{name}"' for name in layout.columns), "props"])

    # --- nodes

    def mask(self, labels: frozenset[Label]) -> int:
        """Give labels as bits."""
        found = self._masks.get(labels)
        if found is None:
            found = self._masks[labels] = sum(self._bits[label] for label in labels)
        return found

    def labels(self, mask: int) -> frozenset[Label]:
        """Give bits as labels."""
        found = self._labels.get(mask)
        if found is None:
            found = self._labels[mask] = frozenset(label for label, bit in self._bits.items() if mask & bit)
        return found

    def node_row(self, node: Node) -> Row:
        """Give id, labels, readers, attributes; where it has properties, also the columns and the JSON text.

        Raises:
            Invalid: something in it can't be kept.
        """
        id_, labels, properties, attributes, readers = node
        _check_texts(id_, *readers)
        start = (id_, self.mask(labels), self.readers_text(readers), attributes_text(attributes))
        if not properties:
            return start
        hot, cold = self.split(properties)
        return (*start, *hot, cold)

    def readers_text(self, readers: frozenset[str]) -> str:
        """Write readers, as they stand in the table of audiences."""
        found = self._readers.get(readers)
        if found is None:
            if len(self._readers) >= _READERS_KEPT:
                self._readers.clear()
            found = self._readers[readers] = json.dumps(sorted(readers))
        return found

    def split(self, properties: Mapping[str, Value]) -> tuple[list[Any], str | None]:
        """Give the columns' values, in their order, and the JSON text of the rest.

        Raises:
            Invalid: a property can't be kept.
        """
        check_properties(properties)
        rest = dict(properties)
        hot = [column_value(name, rest.pop(name)) if name in rest else None for name in self._layout.columns]
        return hot, _properties_text(rest) if rest else None

    def columns(self, fields: Sequence[str] | None = None) -> str:
        """Give the columns that :meth:`reader` needs, of table ``n``; the JSON text only if a field is in it."""
        return self._every if fields is None else _joined(self.names(fields))

    def names(self, fields: Sequence[str]) -> list[str]:
        """Give the names of those columns."""
        names = [*NODE_COLUMNS, *(f'"p_{name}"' for name in self._hot(fields))]
        return names if self.all_hot(fields) else [*names, "props"]

    def all_hot(self, fields: Sequence[str] | None) -> bool:
        """Tell whether all of these have columns."""
        return fields is not None and len(self._hot(fields)) == len(set(fields))

    def reader(
        self, readers: Mapping[int, frozenset[str]], fields: Sequence[str] | None = None
    ) -> Callable[[Row], Node]:
        """Give a function that makes nodes of rows with :meth:`columns`.

        Args:
            readers: Of each audience.
            fields: As for :meth:`columns`.
        """
        hot = self._hot(fields)
        conversions = _conversions(hot)
        end = len(NODE_COLUMNS) + len(hot)
        wanted = None if fields is None else frozenset(fields)
        cold = wanted is None or len(hot) < len(wanted)
        known = self._labels
        if len(hot) == 1 and not cold and conversions == (None,):
            return self._reader_of_one(readers, hot[0])

        def read(row: Row) -> Node:
            properties = _hot_properties(hot, row[4:end], conversions)
            if cold and row[end]:
                rest = read_properties(row[end])
                properties.update(rest if wanted is None else {k: v for k, v in rest.items() if k in wanted})
            labels = known.get(row[1]) or self.labels(row[1])
            return Node(row[0], labels, properties, read_attributes(row[3]) if row[3] else (), readers[row[2]])

        return read

    def _reader_of_one(self, readers: Mapping[int, frozenset[str]], name: str) -> Callable[[Row], Node]:
        """Read nodes of which one property is wanted, a text mostly: lists read thousands of them."""
        known, new = self._labels, tuple.__new__

        def read(row: Row) -> Node:
            value = row[4]
            properties = {} if value is None else {name: _BLOBS[value] if type(value) is bytes else value}
            labels = known.get(row[1]) or self.labels(row[1])
            return new(Node, (row[0], labels, properties, read_attributes(row[3]), readers[row[2]]))

        return read

    def properties(self, values: Sequence[Any], text: str | None) -> dict[str, Value]:
        """Read all columns and the JSON text."""
        properties = _hot_properties(self._layout.columns, values, self._conversions)
        return {**properties, **read_properties(text)} if text else properties

    def _hot(self, fields: Sequence[str] | None) -> tuple[str, ...]:
        if fields is None:
            return self._layout.columns
        return tuple(name for name in dict.fromkeys(fields) if name in self._layout.columns)

    # --- relations

    def relation_row(self, relation: Relation) -> Row:
        """Give the row but for its ends (columns without source and target).

        Raises:
            Invalid: something in it can't be kept.
        """
        key, kind, source, target, role, time, relation_id, arguments, attributes, bundle = relation
        _check_texts(key, source, target, role or "", relation_id or "", bundle or "")
        return (
            key,
            self._layout.kinds[kind],
            role,
            None if time is None else column_value(f"time{TIME_SUFFIX}", time),
            relation_id,
            _sound_json(dict(arguments)) if arguments else None,
            _sound_json(attributes) if attributes else None,
            bundle,
        )

    def relation(self, row: Row, source: NodeId, target: NodeId) -> Relation:
        """Read a row of EDGE_COLUMNS; its ends are row numbers, so their ids are given."""
        key, kind, _, _, role, time, relation_id, arguments, attributes, bundle = row
        return Relation(
            key,
            self._kinds[kind],
            source,
            target,
            role,
            None if time is None else parse_instant(time),
            relation_id,
            _decode(arguments) if arguments else _NO_ARGUMENTS,
            read_attributes(attributes),
            None if bundle is None else NodeId(bundle),
        )

    def kind_number(self, kind: Kind) -> int:
        """Give the file's number of a kind."""
        return self._layout.kinds[kind]


def _joined(names: Sequence[str]) -> str:
    return ", ".join(f"n.{name}" for name in names)


_NO_ARGUMENTS: Final[Mapping[str, str]] = Relation("", Kind.USED, NodeId(""), NodeId("")).arguments


Conversion = Callable[[Any], Value]


def _conversions(names: Sequence[str]) -> tuple[Conversion | None, ...]:
    """Tell for each column how its text is read: as an instant, or as it is."""
    return tuple(datetime.fromisoformat if name.endswith(TIME_SUFFIX) else None for name in names)


def _hot_properties(
    names: Sequence[str], values: Sequence[Any], conversions: Sequence[Conversion | None]
) -> dict[str, Value]:
    """Read columns, in one pass: a list does it for thousands of rows."""
    properties: dict[str, Value] = {}
    for name, value, convert in zip(names, values, conversions, strict=True):
        if value is not None:
            properties[name] = convert(value) if convert else _BLOBS[value] if type(value) is bytes else value
    return properties


def column_value(name: str, value: Value) -> str | int | float | bytes:
    """Give what stands in a column for a value.

    Raises:
        Invalid: it can't be kept: a whole number of more than 64 bits, text with half characters, a year beyond 9999.
    """
    if isinstance(value, bool):
        return _TRUTHS[value]
    if isinstance(value, datetime):
        return _instant_text(name, value)
    if isinstance(value, str):
        _check_texts(value)
    elif isinstance(value, int) and not _LEAST <= value <= _MOST:
        raise Invalid(f"property {name}: {value} has more than 64 bits", field=name)
    elif value != value:  # noqa: PLR0124  (only NaN differs from itself)
        return _NAN
    return value


def blob_value(blob: bytes) -> Value:
    """Read a truth value or NaN of a column."""
    return _BLOBS[blob]


def _instant_text(name: str, instant: datetime) -> str:
    try:
        return format_instant(instant)
    except OverflowError as error:
        raise Invalid(f"property {name}: the time {instant} is beyond the calendar in UTC", field=name) from error


def _properties_text(properties: Mapping[str, Value]) -> str:
    """Write properties without a column as JSON that SQLite understands: no Infinity, no NaN."""
    parts = []
    for name, value in properties.items():
        if '"' in name or "\\" in name or not name.isprintable():
            raise Invalid(
                f"property {name!r}: a name must not hold quotes, backslashes or control characters", field=name
            )
        _check_texts(name)
        stored = column_value(name, value)
        parts.append(f'"{name}":{_json_value(value if isinstance(value, bool) else stored)}')
    return "{" + ",".join(parts) + "}"


def _json_value(value: str | float | bytes) -> str:
    if isinstance(value, bytes):
        return '{"nan":1}'
    if isinstance(value, float) and math.isinf(value):
        return "1e999" if value > 0 else "-1e999"
    return _encode(value)


def read_properties(text: str) -> dict[str, Value]:
    """Read what the JSON text of a node holds."""
    properties: dict[str, Any] = _decode(text)
    if f'{TIME_SUFFIX}":' in text or ":{" in text:
        for name, value in properties.items():
            if type(value) is dict:
                properties[name] = math.nan
            elif name.endswith(TIME_SUFFIX):
                properties[name] = parse_instant(value)
    return properties


def attributes_text(attributes: Sequence[Attribute]) -> str | None:
    """Write attributes as JSON; None for none.

    Raises:
        Invalid: a text in it can't be kept.
    """
    return _sound_json(attributes) if attributes else None


def read_attributes(text: str | None) -> tuple[Attribute, ...]:
    """Read what :func:`attributes_text` wrote."""
    return tuple(map(Attribute._make, _decode(text))) if text else ()


def _check_texts(*texts: str) -> None:
    """Refuse what is not sound; all at once, since hardly ever one is not."""
    if text_is_sound("".join(texts)):
        return
    wrong = next(text for text in texts if not text_is_sound(text))
    raise Invalid(f"text with half characters or NUL can't be stored: {wrong[:80]!r}")


def _sound_json(value: object) -> str:
    text = _encode(value)
    _check_texts(text)
    return text
