"""Batches of changes into the embedded store: checked and encoded by the caller's thread, applied by the writer's."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from provstore.errors import Conflict, NotFound
from provstore.graph.matching import same
from provstore.graph.model import Node, NodeId, Relation, Value
from provstore.graph.rules import check_ends
from provstore.graph.sqlite_rows import Codec, attributes_text, json_list
from provstore.graph.sqlite_schema import Layout
from provstore.graph.store import Change, Create, Update

__all__ = ["Batch", "Known", "delete"]

Row = Sequence[Any]


@dataclass(slots=True)
class _Draft:
    """A node as the batch leaves it. ``pk`` is None while it is new; ``item`` is the last whole node written."""

    pk: int | None
    mask: int
    properties: Mapping[str, Value]
    item: Node | None = None
    touched: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _StoredEdge:
    """A relation that is there already, with its ends and their labels: an upsert keeps them."""

    source: NodeId
    target: NodeId


@dataclass(frozen=True, slots=True)
class Known:
    """What committed batches have shown of a file, and what only grows: no further batch needs to ask for it.

    ``audiences``: their numbers, by their readers as text; ``kinds``: numbers of those that occur.
    """

    audiences: dict[str, int] = field(default_factory=dict)
    kinds: set[int] = field(default_factory=set)


class Batch:
    """Changes, checked and encoded, to be applied inside a transaction.

    What is to be created is not looked for, since it is hardly ever there: if it is, the file says so, the transaction
    is rolled back, and the next :meth:`apply` looks first, to tell what was wrong.

    Raises:
        Invalid: something in them can't be kept.
    """

    def __init__(self, changes: Sequence[Change], *, codec: Codec, layout: Layout, known: Known) -> None:
        self._codec = codec
        self._layout = layout
        self._known = known
        self._found: dict[str, int] = {}
        self._looks_first = False
        self._node_changes = [c for c in changes if isinstance(c, Update) or isinstance(c.item, Node)]
        self._relations = [
            (c.item, isinstance(c, Create))
            for c in changes
            if not isinstance(c, Update) and isinstance(c.item, Relation)
        ]
        self._rows: dict[int, Row] = {}
        for change in self._node_changes:
            if isinstance(change, Update):
                codec.split({name: value for name, value in change.put.items() if value is not None})
            elif isinstance(change.item, Node):
                self._rows[id(change.item)] = codec.node_row(change.item)
        self._edge_rows = [codec.relation_row(relation) for relation, _ in self._relations]

    def apply(self, connection: sqlite3.Connection) -> None:
        """Make all changes: nodes first, so that a relation may stand before its ends.

        Raises:
            Conflict: something exists already, or is not as expected.
            NotFound: something is missing.
            Invalid: a relation joins what it may not.
            IntegrityError: of SQLite: roll back, then do it again.
        """
        try:
            self._apply(connection)
        except sqlite3.IntegrityError:
            self._looks_first = True
            raise

    def committed(self) -> None:
        """Note what need not be asked for again."""
        self._known.audiences.update(self._found)
        self._known.kinds.update(row[1] for row in self._edge_rows)

    def _apply(self, connection: sqlite3.Connection) -> None:
        if self._node_changes:
            drafts = self._draft_nodes(connection)
            self._insert_nodes(connection, [draft for draft in drafts.values() if draft.pk is None])
            for draft in drafts.values():
                if draft.pk is not None and (draft.touched or draft.item):
                    self._update_node(connection, draft)
        if self._relations:
            self._write_relations(connection)

    # --- nodes

    def _draft_nodes(self, connection: sqlite3.Connection) -> dict[NodeId, _Draft]:
        looked_for = [c for c in self._node_changes if self._looks_first or not isinstance(c, Create)]
        ids = {c.node if isinstance(c, Update) else NodeId(c.item[0]) for c in looked_for}
        drafts = self._load(connection, ids) if ids else {}
        for change in self._node_changes:
            if isinstance(change, Update):
                _compare_and_set(drafts, change)
            elif isinstance(change.item, Node):
                self._put(drafts, change.item, is_new=isinstance(change, Create))
        return drafts

    def _load(self, connection: sqlite3.Connection, ids: Collection[NodeId]) -> dict[NodeId, _Draft]:
        columns = self._layout.columns
        chosen = "".join(f', n."p_{name}"' for name in columns)
        rows = connection.execute(
            f"SELECT n.id, n.pk, n.labels{chosen}, n.props FROM json_each(?) j CROSS JOIN node n ON n.id = j.value",
            (json_list(ids),),
        )
        return {row[0]: _Draft(row[1], row[2], self._codec.properties(row[3:-1], row[-1])) for row in rows}

    def _put(self, drafts: dict[NodeId, _Draft], node: Node, *, is_new: bool) -> None:
        draft = drafts.get(node.id)
        mask = self._codec.mask(node.labels)
        if draft is None:
            drafts[node.id] = _Draft(None, mask, node.properties, node)
        elif is_new:
            raise Conflict(f"node {node.id} exists already", field="id", value=node.id)
        else:
            draft.mask |= mask
            draft.properties = {**draft.properties, **node.properties}
            draft.item = node
            draft.touched.update(node.properties)

    def _insert_nodes(self, connection: sqlite3.Connection, drafts: Sequence[_Draft]) -> None:
        rows = [self._row(draft) for draft in drafts]
        numbers = self._audiences(connection, {row[2] for row in rows})
        columns = "".join(f', "p_{name}"' for name in self._layout.columns)
        marks = ", ?" * len(self._layout.columns)
        connection.executemany(
            f"INSERT INTO node (id, labels, audience, attrs{columns}, props) VALUES (?, ?, ?, ?{marks}, ?)",
            [(row[0], row[1], numbers[row[2]], *row[3:]) for row in rows],
        )

    def _row(self, draft: _Draft) -> Row:
        """Take the row made before, unless later changes of the batch added to the node."""
        assert draft.item is not None, "a new node was written whole"  # noqa: S101  (for the type checker)
        if not draft.touched and draft.properties is draft.item.properties:
            return self._rows[id(draft.item)]
        labels = self._codec.labels(draft.mask)
        return self._codec.node_row(draft.item._replace(labels=labels, properties=draft.properties))

    def _audiences(self, connection: sqlite3.Connection, readers: AbstractSet[str]) -> Mapping[str, int]:
        """Give the numbers of audiences; those that are new get one."""
        if missing := readers - self._known.audiences.keys():
            connection.executemany(
                "INSERT INTO audience (readers) SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM audience WHERE readers = ?1)",
                [(one,) for one in missing],
            )
            rows = connection.execute(
                "SELECT a.readers, a.pk FROM json_each(?) j CROSS JOIN audience a ON a.readers = j.value",
                (json_list(missing),),
            )
            self._found.update(rows.fetchall())
        return {**self._known.audiences, **self._found} if missing else self._known.audiences

    def _update_node(self, connection: sqlite3.Connection, draft: _Draft) -> None:
        """Set only the columns that were touched: SQLite rewrites the indexes of those it is told of."""
        hot, cold = self._codec.split(draft.properties)
        columns = self._layout.columns
        sets = {f'"p_{name}" = ?': value for name, value in zip(columns, hot, strict=True) if name in draft.touched}
        if not draft.touched.issubset(columns):
            sets["props = ?"] = cold
        if draft.item is not None:
            readers = self._rows[id(draft.item)][2]
            sets["labels = ?"] = draft.mask
            sets["attrs = ?"] = attributes_text(draft.item.attributes)
            sets["audience = ?"] = self._audiences(connection, {readers})[readers]
        connection.execute(f"UPDATE node SET {', '.join(sets)} WHERE pk = ?", (*sets.values(), draft.pk))

    # --- relations

    def _write_relations(self, connection: sqlite3.Connection) -> None:
        looks = self._looks_first or not all(is_new for _, is_new in self._relations)
        stored = self._stored_edges(connection) if looks else {}
        ends = self._ends(connection, stored.values())
        fresh: dict[str, Row] = {}
        for (relation, is_new), row in zip(self._relations, self._edge_rows, strict=True):
            key = relation.key
            if is_new and (key in stored or key in fresh):
                raise Conflict(f"relation {key} exists already", field="key", value=key)
            if key in stored:
                kept = relation._replace(source=stored[key].source, target=stored[key].target)
                self._checked_ends(kept, ends)
                connection.execute(_UPDATE_EDGE, (*row[1:], key))
            else:
                old = fresh.get(key)
                fresh[key] = (*row, *(old[-2:] if old else self._checked_ends(relation, ends)))
        connection.executemany(_INSERT_EDGE, fresh.values())
        kinds = {row[1] for row in self._edge_rows} - self._known.kinds
        if kinds:
            connection.executemany(_KIND_OCCURS, [(number,) for number in kinds])

    def _stored_edges(self, connection: sqlite3.Connection) -> dict[str, _StoredEdge]:
        rows = connection.execute(
            "SELECT e.key, s.id, t.id FROM json_each(?) j CROSS JOIN edge e ON e.key = j.value"
            " CROSS JOIN node s ON s.pk = e.source CROSS JOIN node t ON t.pk = e.target",
            (json_list({relation.key for relation, _ in self._relations}),),
        )
        return {key: _StoredEdge(NodeId(source), NodeId(target)) for key, source, target in rows}

    def _ends(self, connection: sqlite3.Connection, stored: Iterable[_StoredEdge]) -> dict[NodeId, tuple[int, int]]:
        ids = {end for relation, _ in self._relations for end in (relation.source, relation.target)}
        ids.update(end for edge in stored for end in (edge.source, edge.target))
        (packed,) = connection.execute(
            "SELECT json_group_array(json_array(n.id, n.pk, n.labels))"
            " FROM json_each(?) j CROSS JOIN node n ON n.id = j.value",
            (json_list(ids),),
        ).fetchone()
        return {NodeId(id_): (pk, mask) for id_, pk, mask in json.loads(packed)}

    def _checked_ends(self, relation: Relation, ends: Mapping[NodeId, tuple[int, int]]) -> tuple[int, int]:
        for end in (relation.source, relation.target):
            if end not in ends:
                raise NotFound(f"{relation.kind} {relation.key}: its end {end} does not exist", value=end)
        (source, source_mask), (target, target_mask) = ends[relation.source], ends[relation.target]
        check_ends(relation, self._codec.labels(source_mask), self._codec.labels(target_mask))
        return source, target


_INSERT_EDGE = """INSERT INTO edge (key, kind, role, time, relation_id, args, attrs, bundle, source, target)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_KIND_OCCURS = "UPDATE kind SET occurs = 1 WHERE number = ? AND NOT occurs"
"""A walk asks only for kinds that occur: each one costs a look into the index at each node."""
_UPDATE_EDGE = """UPDATE edge SET kind = ?, role = ?, time = ?, relation_id = ?, args = ?, attrs = ?, bundle = ?
    WHERE key = ?"""


def delete(connection: sqlite3.Connection, ids: Collection[NodeId]) -> int:
    """Remove nodes and the relations that touch them; give the number of nodes."""
    rows = connection.execute(
        "SELECT DISTINCT n.pk FROM json_each(?) j CROSS JOIN node n ON n.id = j.value", (json_list(ids),)
    )
    pks = json_list(pk for (pk,) in rows)
    for table, column in (("edge", "source"), ("edge", "target"), ("node", "pk")):
        connection.execute(f"DELETE FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))", (pks,))
    (count,) = connection.execute("SELECT json_array_length(?)", (pks,)).fetchone()
    return int(count)


def _compare_and_set(drafts: Mapping[NodeId, _Draft], change: Update) -> None:
    draft = drafts.get(change.node)
    if draft is None:
        raise NotFound(f"node {change.node} does not exist", field="id", value=change.node)
    for name, expected in change.expected.items():
        have = draft.properties.get(name)
        allowed = expected if isinstance(expected, tuple) else (expected,)
        if not any(same(have, one) for one in allowed):
            raise Conflict(f"node {change.node}: {name} is {have!r}, expected {expected!r}", field=name)
    changed = {**draft.properties, **change.put}
    draft.properties = {name: value for name, value in changed.items() if value is not None}
    draft.touched.update(change.put)
