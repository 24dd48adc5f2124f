"""Carries out a batch of changes in one transaction, in few queries of many rows each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from provstore.errors import Conflict, NotFound
from provstore.graph.model import Kind, Label, Node, Relation
from provstore.graph.neo4j_rows import (
    Row,
    comparable,
    labels_from_row,
    node_row,
    property_rows,
    relation_row,
    stored_name,
)
from provstore.graph.neo4j_schema import BORN, ID, LONG, NODE, READERS, RELATION_KINDS, TEXTS, WORDS
from provstore.graph.rules import check_ends
from provstore.graph.store import Change, Create, Ensure, Update, Upsert

__all__ = ["Batch", "Run", "plan"]


_ROWS: Final = 5_000
"""Rows of a query that only asks: enough to forget its cost, few enough for the server's memory."""
_SENT: Final = 1_000
"""Rows of a query that changes: while the server carries it out, the next is written."""
_CREATE_NODES: Final = (
    f"UNWIND $rows AS row CREATE (n:{NODE}:$(row.labels)) SET n = row.put, n.{BORN} = timestamp() RETURN count(n)"
)
_UPSERT_NODES: Final = (
    f"UNWIND $rows AS row MERGE (n:{NODE} {{id: row.id}}) ON CREATE SET n.{BORN} = timestamp() "
    f"SET n:$(row.labels), n += row.put RETURN count(n)"
)
_ENSURE_NODES: Final = f"""
    UNWIND $rows AS row
    MERGE (n:{NODE} {{id: row[0]}})
    ON CREATE SET n = row[1], n.id = row[0], n.{READERS} = $shared, n.{BORN} = timestamp()
    SET n:%s
    WITH n WHERE any(one IN $shared WHERE NOT one IN coalesce(n.{READERS}, []))
    SET n._lock = true
    REMOVE n._lock
    WITH n, [one IN $shared WHERE NOT one IN coalesce(n.{READERS}, [])] AS more
    SET n.{READERS} = coalesce(n.{READERS}, []) + more
    RETURN count(n)"""
# Setting any property takes the write lock; what is read after that is what the last commit left.
_UPDATE_NODES: Final = f"""
    UNWIND $rows AS row
    MATCH (n:{NODE} {{id: row.id}})
    SET n._lock = true
    WITH n, row, [name IN keys(row.expected) WHERE NOT CASE
        WHEN n[name] IS NULL THEN name IN row.absent
        ELSE coalesce(n['{LONG}' + name], n[name]) IN row.expected[name] END] AS failed
    SET n += CASE WHEN size(failed) = 0 THEN row.put ELSE {{}} END
    REMOVE n._lock
    RETURN row.id, failed"""
_LABELS: Final = f"UNWIND $ids AS id MATCH (n:{NODE} {{id: id}}) RETURN n.id, labels(n)"


def _relations_where(test: str) -> str:
    """Write the query for kind and labels of both ends of the relations that are there, whatever their kind."""
    each = (
        f"MATCH (a)-[r:{kind}]->(b) WHERE {test} "
        f"RETURN r.key AS key, '{kind}' AS kind, labels(a) AS source, labels(b) AS target"
        for kind in RELATION_KINDS
    )
    return f"CALL () {{ {' UNION ALL '.join(each)} }} RETURN key, kind, source, target LIMIT $most"


_WITH_KEYS: Final = _relations_where("r.key IN $keys")
_BETWEEN_KEYS: Final = _relations_where("$first <= r.key <= $last")
_FEW: Final = 50
"""Each kind has an index of its own: of more keys, all between the first and the last are asked for.

The keys of a batch are mostly neighbours: they begin alike, or with the time of their birth.
"""
_COLUMNS: Final = ("key", "arguments", "attrs", WORDS, "relation_id", "role", "time_at", TEXTS)
"""What a new relation has of its own, the most frequent first: rows end with the last that is there."""
_PLACES: Final = ", ".join(f"{name}: row[{place}]" for place, name in enumerate(_COLUMNS, start=2))
_CREATE_RELATIONS: Final = f"""
    UNWIND $rows AS row
    MATCH (a:{NODE} {{id: row[0]}})
    MATCH (b:{NODE} {{id: row[1]}})
    CREATE (a)-[r:%s {{bundle: $shared[0], {_PLACES}}}]->(b)
    RETURN count(r)"""
_REPLACE_RELATIONS: Final = """
    UNWIND $rows AS row
    MATCH ()-[r:%s {key: row.put.key}]->()
    SET r += row.put
    RETURN count(r)"""
# A relationship's type can't change.
_CHANGE_KINDS: Final = """
    UNWIND $rows AS row
    MATCH (a)-[old:%s {key: row.put.key}]->(b)
    DELETE old
    CREATE (a)-[r:$(row.kind)]->(b) SET r = row.put
    RETURN count(r)"""


class Run(Protocol):
    """Runs a query in the transaction and gives its rows."""

    def __call__(self, text: str, **parameters: object) -> list[list[Any]]:
        """Run one query."""


class Send(Protocol):
    """Sends a query in the transaction, and does not wait for the server."""

    def __call__(self, text: str, **parameters: object) -> Callable[[], list[list[Any]]]:
        """Send one query; give what waits for its rows."""


class _Query(NamedTuple):
    """A query of many rows, and what is the same for all of them."""

    text: str
    shared: tuple[str, ...] = ()


class _NodeChange(NamedTuple):
    """One change, ready to be a row of a query."""

    key: str
    query: _Query
    row: object


class _Sent(NamedTuple):
    """A query on its way, and what waits for its answer."""

    query: _Query
    rows: Sequence[Any]
    answer: Callable[[], list[list[Any]]]


class _RelationChange(NamedTuple):
    """One relation to be there; ``is_new``: it must not be there yet."""

    key: str
    relation: Relation
    row: Row
    is_new: bool


class _Ends(NamedTuple):
    """What the store has under a relation's key."""

    kind: Kind
    source: frozenset[Label]
    target: frozenset[Label]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch made ready; it may be carried out again when the server asks for it."""

    nodes: tuple[tuple[_NodeChange, ...], ...]
    relations: tuple[tuple[_RelationChange, ...], ...]

    @property
    def upserts_relations(self) -> bool:
        """Tell whether a relation may be added that another process adds at the same time."""
        return any(not change.is_new for wave in self.relations for change in wave)

    def carry_out(self, send: Send) -> None:
        """Make the changes.

        Args:
            send: In a transaction, which must be rolled back after an error.

        Raises:
            Conflict, NotFound, Invalid: as `GraphStore.write` says.
        """
        for nodes in self.nodes:
            _write_nodes(nodes, send)
        for relations in self.relations:
            _write_relations(relations, send)


_UPDATES: Final = _Query(_UPDATE_NODES)


def plan(changes: Sequence[Change]) -> Batch:
    """Sort the changes: nodes before relations; what is about one node or relation stays in the order given.

    Raises:
        Invalid: a value that can't be kept.
    """
    nodes: list[_NodeChange] = []
    relations: list[_RelationChange] = []
    for change in changes:
        if isinstance(change, Update):
            nodes.append(_NodeChange(change.node, _UPDATES, _update_row(change)))
        elif isinstance(change.item, Node):
            nodes.append(_MAKING[type(change)](change.item))
        else:
            row = relation_row(change.item)
            relations.append(_RelationChange(change.item.key, change.item, row, isinstance(change, Create)))
    return Batch(nodes=_waves(nodes), relations=_waves(relations))


def _create(node: Node) -> _NodeChange:
    row = {"labels": sorted(node.labels), "put": _present(node_row(node))}
    return _NodeChange(node.id, _Query(_CREATE_NODES), row)


def _upsert(node: Node) -> _NodeChange:
    row = {"id": node.id, "labels": sorted(node.labels), "put": node_row(node)}
    return _NodeChange(node.id, _Query(_UPSERT_NODES), row)


def _ensure(node: Node) -> _NodeChange:
    put = _present(node_row(node))
    del put[ID]
    query = _Query(_ensuring(node.labels), tuple(put.pop(READERS)))
    return _NodeChange(node.id, query, (node.id, put))


@lru_cache(maxsize=1_000)
def _ensuring(labels: frozenset[Label]) -> str:
    return _ENSURE_NODES % ":".join(sorted({NODE, *labels}))


_MAKING: Final[Mapping[type[Change], Callable[[Node], _NodeChange]]] = {
    Create: _create,
    Upsert: _upsert,
    Ensure: _ensure,
}


def _present(row: Row) -> Row:
    """Leave out what is to be removed: there is nothing yet, and the driver takes its time for each value."""
    return {name: value for name, value in row.items() if value is not None}


def _update_row(change: Update) -> Row:
    wanted = {name: want if isinstance(want, tuple) else (want,) for name, want in change.expected.items()}
    return {
        "id": change.node,
        "expected": {stored_name(name): comparable(name, values) for name, values in wanted.items()},
        "absent": [stored_name(name) for name, values in wanted.items() if None in values],
        "put": property_rows(change.put),
    }


K = TypeVar("K", _NodeChange, _RelationChange)


def _waves(changes: Iterable[K]) -> tuple[tuple[K, ...], ...]:
    """Split so that no wave holds two changes of one thing: within a wave the order does not matter."""
    seen: Counter[str] = Counter()
    waves: defaultdict[int, list[K]] = defaultdict(list)
    for change in changes:
        waves[seen[change.key]].append(change)
        seen[change.key] += 1
    return tuple(tuple(waves[number]) for number in sorted(waves))


def _sent(pairs: Iterable[tuple[_Query, object]], send: Send) -> Iterator[_Sent]:
    """Send each query with its rows, some at a time; always in the same order, so that two batches lock alike."""
    groups: defaultdict[_Query, list[Any]] = defaultdict(list)
    for query, row in pairs:
        groups[query].append(row)
    for query in sorted(groups):
        rows = groups[query]
        for start in range(0, len(rows), _SENT):
            part = rows[start : start + _SENT]
            yield _Sent(query, part, send(query.text, rows=part, shared=query.shared))


def _write_nodes(changes: Sequence[_NodeChange], send: Send) -> None:
    """In the order of their ids, so that two batches lock the same nodes in the same order."""
    pairs = ((change.query, change.row) for change in sorted(changes, key=lambda one: one.key))
    for query, rows, answer in [*_sent(pairs, send)]:
        found = answer()
        if query == _UPDATES:
            _check_updates(rows, dict(found))


def _check_updates(rows: Sequence[Row], failed: Mapping[str, list[str]]) -> None:
    for row in rows:
        if row["id"] not in failed:
            raise NotFound(f"there is no node {row['id']}", value=row["id"])
        for name in failed[row["id"]]:
            wanted = row["expected"][name] or "nothing"
            raise Conflict(f"{row['id']}: {name} is not {wanted} any more", field=name)


def _write_relations(changes: Sequence[_RelationChange], send: Send) -> None:
    labels = _labels((change.relation for change in changes if change.relation.bundle is None), send)
    ends = _ends_there(sorted(change.key for change in changes), send)
    for change in changes:
        _check_relation(change, labels, ends.get(change.key))
    pairs = (_relation_query(change, ends.get(change.key)) for change in changes)
    for _, rows, answer in [*_sent(pairs, send)]:
        ((written,),) = answer()
        if written != len(rows):
            _find_missing_end([change.relation for change in changes], send)


def _find_missing_end(relations: Sequence[Relation], send: Send) -> None:
    """Say which end was missing: what documents say is not tested before, for their imports must be fast."""
    labels = _labels(relations, send)
    for relation in relations:
        _check_end_is_there(relation, labels)
    raise NotFound("an end of a relation was deleted in the meantime")


def _labels(relations: Iterable[Relation], send: Send) -> dict[str, frozenset[Label]]:
    """Give the labels of those ends that are there."""
    ids = sorted({end for relation in relations for end in (relation.source, relation.target)})
    parts = (ids[start : start + _ROWS] for start in range(0, len(ids), _ROWS))
    return {key: labels_from_row(labels) for part in parts for key, labels in send(_LABELS, ids=part)()}


def _ends_there(keys: Sequence[str], send: Send) -> dict[str, _Ends]:
    """Give what is there under sorted keys."""
    found: dict[str, _Ends] = {}
    for start in range(0, len(keys), _ROWS):
        for key, kind, source, target in _rows_there(keys[start : start + _ROWS], send):
            found[key] = _Ends(Kind(kind), labels_from_row(source), labels_from_row(target))
    return found


def _rows_there(keys: Sequence[str], send: Send) -> list[list[Any]]:
    if len(keys) > _FEW:
        most = 2 * len(keys)
        rows = send(_BETWEEN_KEYS, first=keys[0], last=keys[-1], most=most)()
        if len(rows) < most:
            return rows
    return send(_WITH_KEYS, keys=keys, most=len(keys))()


def _check_relation(change: _RelationChange, labels: Mapping[str, frozenset[Label]], there: _Ends | None) -> None:
    """Refuse what may not be; whether the ends of what a document says are there, is seen when it is written."""
    relation = change.relation
    if there is not None:
        if change.is_new:
            raise Conflict(f"relation {change.key} exists already", value=change.key)
        check_ends(relation, there.source, there.target)
        return
    if relation.bundle is None:
        _check_end_is_there(relation, labels)
        check_ends(relation, labels[relation.source], labels[relation.target])


def _check_end_is_there(relation: Relation, labels: Mapping[str, frozenset[Label]]) -> None:
    for end in (relation.source, relation.target):
        if end not in labels:
            raise NotFound(f"{relation.kind}: there is no node {end}", value=end)


def _relation_query(change: _RelationChange, there: _Ends | None) -> tuple[_Query, object]:
    relation = change.relation
    if there is None:
        row = [relation.source, relation.target, *map(change.row.get, _COLUMNS)]
        while row[-1] is None:
            del row[-1]
        shared = () if relation.bundle is None else (relation.bundle,)
        return _Query(_CREATE_RELATIONS % relation.kind.value, shared), row
    text = _REPLACE_RELATIONS if there.kind is relation.kind else _CHANGE_KINDS
    return _Query(text % there.kind.value), {"kind": relation.kind.value, "put": change.row}
