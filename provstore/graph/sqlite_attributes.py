"""Attributes as rows, for look-ups: those that nodes have themselves, and those that bundles say of them.

SQLite never takes numbers, texts and blobs for equal: truth values and instants are blobs of different beginnings. Of a
long text the index holds the beginning; the rest stands beside it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Final

from provstore.graph.literals import typed
from provstore.graph.model import PROV, XSD, Attribute, Kind, Relation, Value, format_instant
from provstore.graph.sqlite_terms import insert, json_list
from provstore.graph.statements import ELEMENTS

__all__ = [
    "Stored",
    "Telling",
    "Told",
    "attributes_of",
    "forget",
    "forget_nodes",
    "said_of",
    "stored",
    "tell",
]

CUT: Final = 500
_INSERT: Final = "INSERT OR IGNORE INTO attr (node, key, value, source, edge, rest) VALUES"
"""Ignores what is there: values that are equal, such as 1 and 1.0, are one value to every question."""
_LEAST, _MOST = -(2**63), 2**63 - 1
_TRUTHS: Final = {True: b"\x01", False: b"\x00"}
_TIMES: Final = ("startTime", "endTime")
_DATE_TIME: Final = f"{XSD}dateTime"


Stored = tuple[str | int | float | bytes, str]
"""What stands in the table for a value: its beginning, and the rest of a long text. No class: imports make millions."""
Told = tuple[str, str | int | float | bytes, str]
"""A key, and what stands for the value."""
Telling = tuple[int, int, str | int | float | bytes, int, int, str]
"""A row: node, key, value, source, edge, rest of the value."""


def stored(value: Value) -> Stored:
    """Give what stands for a value."""
    if isinstance(value, str):
        return (value, "") if len(value) <= CUT else (value[:CUT], value[CUT:])
    if isinstance(value, bool):
        return _TRUTHS[value], ""
    if isinstance(value, datetime):
        return format_instant(value).encode(), ""
    return _number(value), ""


def _number(value: float) -> float:
    """Keep whole numbers that SQLite can hold; larger ones are compared as floats."""
    if isinstance(value, int) and not _LEAST <= value <= _MOST:
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    return value


def attributes_of(attributes: Iterable[Attribute]) -> list[Told]:
    """Give what a node's own attributes tell of it."""
    return [(one[0], *stored(typed(one))) for one in attributes]


def said_of(relation: Relation) -> list[Told]:
    """Give what a relation tells of its target: nothing, unless it is a bundle's word of an element."""
    is_own_word = relation.kind is not Kind.ASSERTS or relation.source == relation.target
    if is_own_word or relation.arguments.get("kind") not in ELEMENTS:
        return []
    told = attributes_of(relation.attributes)
    if len(relation.arguments) > 1:
        told += attributes_of(_times(relation))
    return told


def _times(relation: Relation) -> Iterator[Attribute]:
    for name in _TIMES:
        if (text := relation.arguments.get(name)) is not None:
            yield Attribute(PROV + name, text, _DATE_TIME)


def tell(connection: sqlite3.Connection, tellings: Sequence[Telling], *, new: AbstractSet[int]) -> None:
    """Write attributes.

    Args:
        connection: In the transaction.
        tellings: Of nodes.
        new: The nodes that had none before.
    """
    insert(connection, _INSERT, tellings)
    met: set[tuple[int, int]] = set()
    suspects: set[int] = set()
    for node, key, _, _, _, _ in tellings:
        if node not in new or (node, key) in met:
            suspects.add(node)
        met.add((node, key))
    if suspects:
        connection.execute(
            "INSERT OR IGNORE INTO several (key, node) SELECT a.key, a.node FROM json_each(?) j"
            " CROSS JOIN attr a ON a.node = j.value GROUP BY a.node, a.key"
            " HAVING min(a.value) <> max(a.value) OR min(a.rest) <> max(a.rest)",
            (json_list(suspects),),
        )


def forget(connection: sqlite3.Connection, *, nodes: Iterable[int], edges: Iterable[int]) -> None:
    """Remove what relations (0: the nodes themselves) tell of nodes: each node's rows are looked at once."""
    connection.execute(
        "DELETE FROM attr WHERE node IN (SELECT value FROM json_each(?)) AND +edge IN (SELECT value FROM json_each(?))",
        (json_list(nodes), json_list(edges)),
    )


def forget_nodes(connection: sqlite3.Connection, nodes: str) -> None:
    """Remove all that is told of nodes (a list for ``json_each``)."""
    for table in ("attr", "several"):
        connection.execute(f"DELETE FROM {table} WHERE node IN (SELECT value FROM json_each(?))", (nodes,))
