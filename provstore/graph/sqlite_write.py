"""Batches of changes into the embedded store: checked and encoded by the caller's thread, applied by the writer's."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from provstore.errors import Conflict, NotFound
from provstore.graph.model import Kind, Node, NodeId, Relation
from provstore.graph.rules import check_ends
from provstore.graph.sqlite_attributes import Told, attributes_of, forget, forget_nodes, said_of, tell
from provstore.graph.sqlite_drafts import Draft, Drafts
from provstore.graph.sqlite_rows import Codec, attributes_text
from provstore.graph.sqlite_schema import Layout
from provstore.graph.sqlite_terms import insert, json_list
from provstore.graph.sqlite_words import AUDIENCES, WORDS, Numbering
from provstore.graph.store import Change, Create, Ensure, Update

__all__ = ["Batch", "Known", "delete"]

Row = Sequence[Any]


_Edge = tuple[int, int, int, Row, Sequence[Told]]
"""A relation on its way into the file: its number, its ends', its row without both, what it tells of its target."""
_Telling = tuple[int, str, str | int | float | bytes, int, int, str]
"""An attribute on its way into the file, its key not yet a number."""


class _StoredEdge(NamedTuple):
    """A relation that is there already; an upsert keeps its ends."""

    pk: int
    source: NodeId
    target: NodeId


@dataclass(frozen=True, slots=True)
class Known:
    """What committed batches have shown of a file, and what only grows: no further batch needs to ask for it.

    ``audiences`` and ``words``: their numbers, by their texts; ``kinds``: numbers of those that occur.
    """

    audiences: dict[str, int] = field(default_factory=dict)
    words: dict[str, int] = field(default_factory=dict)
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
        self._audiences = Numbering(AUDIENCES, known.audiences)
        self._words = Numbering(WORDS, known.words)
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
        self._said = [said_of(relation) for relation, _ in self._relations]

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
        self._audiences.committed()
        self._words.committed()
        self._known.kinds.update(row[1] for row in self._edge_rows)

    def _apply(self, connection: sqlite3.Connection) -> None:
        drafts = Drafts(self._codec, connection)
        looks = self._looks_first or not all(is_new for _, is_new in self._relations)
        stored = self._stored_edges(connection) if looks else {}
        self._load(drafts, {end for edge in stored.values() for end in (edge.source, edge.target)})
        tellings: list[_Telling] = []
        new: set[int] = set()
        if self._node_changes:
            drafts.change(self._node_changes, self._rows)
            new = {draft.pk for draft in drafts.new()}
            tellings = self._write_nodes(connection, drafts)
        if self._relations:
            tellings += self._write_relations(connection, drafts, stored)
        if tellings:
            keys = self._words.of(connection, {one[1] for one in tellings})
            tell(connection, [(one[0], keys[one[1]], *one[2:]) for one in tellings], new=new)

    # --- nodes

    def _load(self, drafts: Drafts, ends: set[NodeId]) -> None:
        whole: set[NodeId] = set()
        brief: set[NodeId] = set()
        new: set[NodeId] = set()
        for change in self._node_changes:
            if isinstance(change, Update):
                whole.add(change.node)
            elif isinstance(change, Ensure):
                brief.add(change.item.id)
            elif isinstance(change, Create) and not self._looks_first:
                new.add(NodeId(change.item[0]))
            else:
                whole.add(NodeId(change.item[0]))
        ends.update(end for relation, _ in self._relations for end in (relation.source, relation.target))
        drafts.load(whole, brief=brief, ends=ends - new)

    def _write_nodes(self, connection: sqlite3.Connection, drafts: Drafts) -> list[_Telling]:
        new, changed = drafts.new(), drafts.changed()
        if new:
            self._insert_nodes(connection, new)
        readers = {draft.pk: self._codec.readers_text(draft.readers) for draft in changed if draft.is_restated}
        audiences = self._audiences.of(connection, set(readers.values()))
        for draft in changed:
            self._update_node(connection, draft, audience=audiences.get(readers.get(draft.pk, "")))
        if replaced := [draft.pk for draft in changed if draft.item is not None and draft.had_attributes]:
            forget(connection, nodes=replaced, edges=[0])
        return [
            (draft.pk, key, value, 0, 0, rest)
            for draft in (*new, *changed)
            if draft.item is not None and draft.item.attributes
            for key, value, rest in attributes_of(draft.item.attributes)
        ]

    def _insert_nodes(self, connection: sqlite3.Connection, drafts: Sequence[Draft]) -> None:
        """Insert nodes; those without properties, of which documents speak by the million, with less ado."""
        rows = [(draft.pk, self._row(draft)) for draft in drafts]
        numbers = self._audiences.of(connection, {row[2] for _, row in rows})
        values = [(pk, row[0], row[1], numbers[row[2]], *row[3:]) for pk, row in rows]
        every = ("pk", "id", "labels", "audience", "attrs", *(f'"p_{name}"' for name in self._layout.columns), "props")
        for columns in (every[:5], every):
            some = [row for row in values if len(row) == len(columns)]
            insert(connection, f"INSERT INTO node ({', '.join(columns)}) VALUES", some)

    def _row(self, draft: Draft) -> Row:
        """Take the row made before, unless later changes of the batch added to the node."""
        assert draft.item is not None, "a new node was written whole"  # noqa: S101  (for the type checker)
        if not draft.is_changed:
            return self._rows[id(draft.item)]
        labels = self._codec.labels(draft.mask)
        whole = draft.item._replace(labels=labels, properties=draft.properties, readers=draft.readers)
        return self._codec.node_row(whole)

    def _update_node(self, connection: sqlite3.Connection, draft: Draft, *, audience: int | None) -> None:
        """Set only the columns that were touched: SQLite rewrites the indexes of those it is told of."""
        sets: dict[str, Any] = {}
        if draft.touched:
            hot, cold = self._codec.split(draft.properties)
            columns = self._layout.columns
            sets = {f'"p_{name}" = ?': value for name, value in zip(columns, hot, strict=True) if name in draft.touched}
            if not draft.touched.issubset(columns):
                sets["props = ?"] = cold
        if draft.item is not None:
            sets["attrs = ?"] = attributes_text(draft.item.attributes)
        if draft.is_restated:
            sets["labels = ?"] = draft.mask
            sets["audience = ?"] = audience
        connection.execute(f"UPDATE node SET {', '.join(sets)} WHERE pk = ?", (*sets.values(), draft.pk))

    # --- relations

    def _stored_edges(self, connection: sqlite3.Connection) -> dict[str, _StoredEdge]:
        rows = connection.execute(
            "SELECT e.key, e.pk, s.id, t.id FROM json_each(?) j CROSS JOIN edge e ON e.key = j.value"
            " CROSS JOIN node s ON s.pk = e.source CROSS JOIN node t ON t.pk = e.target",
            (json_list({relation.key for relation, _ in self._relations}),),
        )
        return {key: _StoredEdge(pk, NodeId(source), NodeId(target)) for key, pk, source, target in rows}

    def _write_relations(
        self, connection: sqlite3.Connection, drafts: Drafts, stored: Mapping[str, _StoredEdge]
    ) -> list[_Telling]:
        (number,) = connection.execute("SELECT coalesce(max(pk), 0) FROM edge").fetchone()
        fresh: dict[str, _Edge] = {}
        changed: dict[str, _Edge] = {}
        for (relation, is_new), row, told in zip(self._relations, self._edge_rows, self._said, strict=True):
            key = relation.key
            if is_new and (key in stored or key in fresh):
                raise Conflict(f"relation {key} exists already", field="key", value=key)
            if key in stored:
                pk, source, target = stored[key]
                ends = self._checked_ends(relation._replace(source=source, target=target), drafts)
                changed[key] = (pk, *ends, row, told)
            elif key in fresh:
                fresh[key] = (*fresh[key][:3], row, told)
            else:
                number += 1
                fresh[key] = (number, *self._checked_ends(relation, drafts), row, told)
        self._put_edges(connection, fresh.values(), changed.values())
        return [
            (target, key, value, source, pk, rest)
            for pk, source, target, _, told in (*fresh.values(), *changed.values())
            for key, value, rest in told
        ]

    def _put_edges(self, connection: sqlite3.Connection, fresh: Collection[_Edge], changed: Collection[_Edge]) -> None:
        said = self._words.of(connection, {row[-1] for row in self._edge_rows if row[-1] is not None})
        rows = [(*row[:-1], said.get(row[-1]), source, target, pk) for pk, source, target, row, _ in fresh]
        insert(connection, _INSERT_EDGE, rows)
        if changed:
            forget(connection, nodes={edge[2] for edge in changed}, edges={edge[0] for edge in changed})
            updates = [(*row[1:-1], said.get(row[-1]), pk) for pk, _, _, row, _ in changed]
            connection.executemany(_UPDATE_EDGE, updates)
        if kinds := {row[1] for row in self._edge_rows} - self._known.kinds:
            connection.executemany(_KIND_OCCURS, [(number,) for number in kinds])

    def _checked_ends(self, relation: Relation, drafts: Drafts) -> tuple[int, int]:
        source, target = drafts.end(relation.source), drafts.end(relation.target)
        if source is None or target is None:
            end = relation.target if source else relation.source
            raise NotFound(f"{relation.kind} {relation.key}: its end {end} does not exist", value=end)
        if relation.bundle is None:
            check_ends(relation, self._codec.labels(source.mask), self._codec.labels(target.mask))
        return source.pk, target.pk


_INSERT_EDGE: Final = """INSERT INTO edge (key, kind, role, time, relation_id, args, attrs, said, source, target, pk)
    VALUES"""
_UPDATE_EDGE: Final = """UPDATE edge SET kind = ?, role = ?, time = ?, relation_id = ?, args = ?, attrs = ?, said = ?
    WHERE pk = ?"""
_KIND_OCCURS: Final = "UPDATE kind SET occurs = 1 WHERE number = ? AND NOT occurs"
"""A walk asks only for kinds that occur: each one costs a look into the index at each node."""


def delete(connection: sqlite3.Connection, ids: Collection[NodeId]) -> int:
    """Remove nodes, the relations that touch them and all that these tell; give the number of nodes."""
    rows = connection.execute(
        "SELECT DISTINCT n.pk FROM json_each(?) j CROSS JOIN node n ON n.id = j.value", (json_list(ids),)
    )
    nodes = [pk for (pk,) in rows]
    pks = json_list(nodes)
    told = connection.execute(
        "SELECT e.target, e.pk FROM json_each(?) j CROSS JOIN edge e ON e.source = j.value"
        " AND e.kind = (SELECT number FROM kind WHERE name = ?)",
        (pks, str(Kind.ASSERTS)),
    ).fetchall()
    if told:
        forget(connection, nodes={target for target, _ in told}, edges=[edge for _, edge in told])
    forget_nodes(connection, pks)
    for table, column in (("edge", "source"), ("edge", "target"), ("node", "pk")):
        connection.execute(f"DELETE FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))", (pks,))
    return len(nodes)
