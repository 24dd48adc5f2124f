"""Tables and indexes of the embedded store, and how a file is made or brought up to date when it is opened."""

from __future__ import annotations

import hashlib
import sqlite3
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from provstore.errors import Invalid
from provstore.graph.model import Kind, Label
from provstore.graph.rules import INDEXES
from provstore.graph.sqlite_upgrade import from_version_1

__all__ = ["VERSION", "Layout", "prepare"]

Word = TypeVar("Word", bound=StrEnum)

VERSION: Final = 2
"""Raised when an older program could no longer read the file."""

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS label (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS kind (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    occurs INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS audience (pk INTEGER PRIMARY KEY, readers TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS node (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    labels INTEGER NOT NULL,
    audience INTEGER NOT NULL,
    attrs TEXT,
    props TEXT
);
CREATE TABLE IF NOT EXISTS edge (
    pk INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    kind INTEGER NOT NULL,
    source INTEGER NOT NULL,
    target INTEGER NOT NULL,
    role TEXT,
    time TEXT,
    relation_id TEXT,
    args TEXT,
    attrs TEXT,
    said INTEGER
);
CREATE TABLE IF NOT EXISTS word (number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS attr (
    node INTEGER NOT NULL,
    key INTEGER NOT NULL,
    value NOT NULL,
    source INTEGER NOT NULL,
    edge INTEGER NOT NULL,
    rest TEXT NOT NULL,
    PRIMARY KEY (node, key, value, source, edge, rest)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS several (key INTEGER NOT NULL, node INTEGER NOT NULL, PRIMARY KEY (key, node)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS several_node ON several (node);
"""
# An edge's ``said`` is the bundle that says so. An attribute's ``key`` is a word; its ``edge`` is the relation of the
# node ``source`` that tells it, both 0 for what the node has itself; for ``value`` see `sqlite_attributes`. Nodes that
# ever had several values of one key stand in ``several``.
_INDEXES: Final = """
CREATE INDEX IF NOT EXISTS edge_forwards ON edge (source, kind, target, said);
CREATE INDEX IF NOT EXISTS edge_backwards ON edge (target, kind, source, said);
CREATE INDEX IF NOT EXISTS edge_told ON edge (said, key) WHERE said IS NOT NULL;
CREATE INDEX IF NOT EXISTS attr_value ON attr (key, value, node);
"""
# No ANALYZE, ever: with statistics the planner builds a Bloom filter over all edges at each walk (6 ms, not 0.2).


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What one file knows: its namespace, its numbers for labels (bits) and kinds, the properties with a column."""

    namespace: str
    labels: Mapping[Label, int]
    kinds: Mapping[Kind, int]
    columns: tuple[str, ...]

    def column(self, name: str) -> str | None:
        """Give the column of a property, None if it has none and stands in the JSON text."""
        return f'"p_{name}"' if name in self.columns else None


def prepare(connection: sqlite3.Connection, *, namespace: str) -> Layout:
    """Make the tables, or add what this program knows and the file does not yet.

    Args:
        connection: In autocommit mode.
        namespace: For a new file; empty for one of our own making.

    Raises:
        Invalid: the file was written by a newer program.
    """
    _refuse_newer(connection)
    if not _is_current(connection):
        connection.execute("BEGIN IMMEDIATE")
        _refuse_newer(connection)
        _bring_up_to_date(connection, namespace or f"urn:uuid:{uuid.uuid4()}#")
        connection.execute("COMMIT")
    return _layout(connection)


def _refuse_newer(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise Invalid(
            f"the store has schema version {version}, this program reads up to {VERSION}: install a newer provstore",
            field="PROVSTORE_GRAPH_URL",
        )


def _is_current(connection: sqlite3.Connection) -> bool:
    """Tell by a fingerprint whether there is nothing to do: opening must not wait for somebody's long write."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
        return False
    row = connection.execute("SELECT value FROM meta WHERE name = 'made_for'").fetchone()
    return row is not None and row[0] == _fingerprint()


def _fingerprint() -> str:
    told = repr((VERSION, _TABLES, _INDEXES, [str(label) for label in Label], [str(kind) for kind in Kind], INDEXES))
    return hashlib.sha256(told.encode()).hexdigest()


def _bring_up_to_date(connection: sqlite3.Connection, namespace: str) -> None:
    _make_tables(connection)
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('namespace', ?)", (namespace,))
    for table, words in (("label", Label), ("kind", Kind)):
        connection.executemany(f"INSERT OR IGNORE INTO {table} (name) VALUES (?)", [(str(word),) for word in words])
    present = _columns(connection)
    for name in dict.fromkeys(name for _, names in INDEXES for name in names):
        if name not in present:
            _add_column(connection, name)
    for label, bit in _bits(connection).items():
        connection.execute(f"CREATE INDEX IF NOT EXISTS node_{label} ON node (id) WHERE labels & {bit}")
        for names in (names for owner, names in INDEXES if owner is label):
            columns = ", ".join(f'"p_{name}"' for name in names)
            connection.execute(
                f"CREATE INDEX IF NOT EXISTS node_{label}_{'_'.join(names)} ON node ({columns}, id)"
                f" WHERE labels & {bit}"
            )
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('made_for', ?)", (_fingerprint(),))
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _make_tables(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for statement in _TABLES.split(";\n"):
        connection.execute(statement)
    if version == 1:
        from_version_1(connection)
    for statement in _INDEXES.split(";\n"):
        connection.execute(statement)


def _add_column(connection: sqlite3.Connection, name: str) -> None:
    """Give a property a column (without a type: values keep theirs) and move it there from the JSON text."""
    connection.execute(f'ALTER TABLE node ADD COLUMN "p_{name}"')
    path = f'$."{name}"'
    connection.execute(
        f"""UPDATE node SET props = json_remove(props, ?1), "p_{name}" = CASE json_type(props, ?1)
            WHEN 'true' THEN x'01' WHEN 'false' THEN x'00' WHEN 'object' THEN x'6e616e'
            ELSE json_extract(props, ?1) END
            WHERE json_type(props, ?1) IS NOT NULL""",
        (path,),
    )


def _columns(connection: sqlite3.Connection) -> tuple[str, ...]:
    names = [row[1] for row in connection.execute("PRAGMA table_info(node)")]
    return tuple(name.removeprefix("p_") for name in names if name.startswith("p_"))


def _numbers(connection: sqlite3.Connection, table: str, words: type[Word]) -> dict[Word, int]:
    known = {str(word) for word in words}
    rows = connection.execute(f"SELECT name, number FROM {table} ORDER BY number")
    return {words(name): number for name, number in rows if name in known}


def _bits(connection: sqlite3.Connection) -> dict[Label, int]:
    return {label: 1 << number - 1 for label, number in _numbers(connection, "label", Label).items()}


def _layout(connection: sqlite3.Connection) -> Layout:
    (namespace,) = connection.execute("SELECT value FROM meta WHERE name = 'namespace'").fetchone()
    return Layout(
        namespace=namespace,
        labels=_bits(connection),
        kinds=_numbers(connection, "kind", Kind),
        columns=_columns(connection),
    )
