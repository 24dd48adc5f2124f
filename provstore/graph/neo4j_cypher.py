"""Answers Cypher that others have written: within a time, up to a number of rows, in READ access mode."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, Final

from neo4j import Session, Transaction
from neo4j.exceptions import ClientError
from neo4j.graph import Node as GraphNode
from neo4j.graph import Path as GraphPath
from neo4j.graph import Relationship
from neo4j.spatial import Point
from neo4j.time import Date, DateTime, Duration, Time

from provstore.errors import Invalid
from provstore.graph.cypher import CypherStatement, Foreign, Path, Rows
from provstore.graph.model import Kind
from provstore.graph.neo4j_rows import node_from_row, relation_from_row
from provstore.graph.neo4j_schema import ID, NODE

__all__ = ["answer"]

_TIMED_OUT: Final = "TransactionTimedOut"
_CHANGES: Final = "Neo.ClientError.Statement.AccessMode"
_ENDS: Final = f"MATCH (n) WHERE elementId(n) IN $ids RETURN elementId(n), CASE WHEN n:{NODE} THEN n.{ID} END"
"""The server sends relations without the properties of the nodes at their ends. No label: it would be scanned."""
_KINDS: Final = frozenset(Kind)
_DEEPEST: Final = 50
_TOO_DEEP: Final = f"lists and maps are nested in more than {_DEEPEST} levels"


def answer(session: Session, question: CypherStatement) -> Rows:
    """Run a statement in a session in READ access mode; see `provstore.graph.cypher.CypherReader`."""
    _check(question)
    try:
        with session.begin_transaction(timeout=question.timeout.total_seconds()) as transaction:
            found = transaction.run(question.statement, dict(question.parameters))
            columns = tuple(found.keys())
            rows = [record.values() for record in islice(found, question.limit + 1)]
            shown = rows[: question.limit]
            read = _Reading(_ends(transaction, shown)).row
            transaction.rollback()
    except ClientError as error:
        raise _translated(error, question) from error
    return Rows(columns=columns, rows=tuple(map(read, shown)), truncated=len(rows) > question.limit)


def _check(question: CypherStatement) -> None:
    """Refuse what the driver can't send."""
    try:
        json.dumps([question.statement, question.parameters], ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise Invalid("half a surrogate pair is no text", field="parameters") from error
    except RecursionError as error:
        raise Invalid(_TOO_DEEP, field="parameters") from error
    level: list[object] = [question.parameters]
    for _ in range(_DEEPEST):
        if any(isinstance(one, int) and not -(1 << 63) <= one < 1 << 63 for one in level):
            raise Invalid("an integer needs more than 64 bits", field="parameters")
        level = [inner for one in level for inner in _inner(one)]
    if level:
        raise Invalid(_TOO_DEEP, field="parameters")


def _inner(value: object) -> Iterable[object]:
    return value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()


def _translated(error: ClientError, question: CypherStatement) -> Invalid:
    code, words = error.code or "", error.message or ""
    if _TIMED_OUT in code:
        words = f"it took longer than {question.timeout.total_seconds():g} seconds: ask for less, or allow more time"
        return Invalid(f"Cypher: {words}", field="timeout")
    if code == _CHANGES:
        words = "it would change the graph, which is done through provstore only"
    return Invalid(f"Cypher: {words}", field="statement")


def _ends(transaction: Transaction, rows: list[list[Any]]) -> Mapping[str, str]:
    """Give the id of each node at an end of a relation of the answer, by the database's own id."""
    ids = {end.element_id for one in _relationships(rows) for end in one.nodes if end is not None}
    return dict(transaction.run(_ENDS, ids=sorted(ids)).values()) if ids else {}


def _relationships(value: object) -> list[Relationship]:
    if isinstance(value, Relationship):
        return [value]
    if isinstance(value, GraphPath):
        return list(value.relationships)
    return [found for one in _inner(value) for found in _relationships(one)]


class _Reading:
    """Turns the driver's values into ours."""

    def __init__(self, ends: Mapping[str, str]) -> None:
        self._ends = ends
        self._sorts: tuple[tuple[type | tuple[type, ...], Callable[[Any], object]], ...] = (
            (GraphNode, _node),
            (Relationship, self._relation),
            (GraphPath, self._path),
            (float, lambda value: value if math.isfinite(value) else str(value)),
            ((Date, DateTime, Duration, Time), lambda value: value.iso_format()),
            (Point, lambda value: {"srid": value.srid, "coordinates": tuple(value)}),
            ((bytes, bytearray), lambda value: value.hex()),
            (list, self.row),
            (dict, lambda value: {name: self._value(one) for name, one in value.items()}),
        )

    def row(self, values: Iterable[object]) -> tuple[object, ...]:
        """Read the values of a row, or of a list."""
        return tuple(map(self._value, values))

    def _value(self, value: object) -> object:
        read = next((read for sort, read in self._sorts if isinstance(value, sort)), None)
        return value if read is None else read(value)

    def _relation(self, one: Relationship) -> object:
        source, target = (None if end is None else self._ends.get(end.element_id) for end in one.nodes)
        if one.type not in _KINDS or source is None or target is None or "key" not in one:
            return Foreign(labels=(one.type,), properties=_plain(one))
        return relation_from_row(one.type, source, target, dict(one))

    def _path(self, path: GraphPath) -> Path:
        return Path(
            nodes=tuple(map(_node, path.nodes)),
            relations=tuple(map(self._relation, path.relationships)),
        )


def _node(one: GraphNode) -> object:
    if NODE not in one.labels or ID not in one:
        return Foreign(labels=tuple(sorted(one.labels)), properties=_plain(one))
    return node_from_row(one.labels, dict(one))


def _plain(one: GraphNode | Relationship) -> dict[str, object]:
    return dict(zip(one.keys(), _Reading({}).row(one.values()), strict=True))
