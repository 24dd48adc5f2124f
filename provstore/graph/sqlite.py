"""The embedded store: the whole graph in one SQLite file, for one machine and without a server.

One writer at a time (group commit inside a process, a short lock between processes), any number of readers; a local
disk, no network file system.
"""

from __future__ import annotations

import sqlite3
import time
import weakref
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from provstore.graph.model import EVERYBODY, Graph, Node, NodeId, Relation, Subgraph, Viewer
from provstore.graph.sqlite_audiences import Audiences, Met
from provstore.graph.sqlite_connections import PATIENCE, GroupWriter, ReaderPool, connect, translated
from provstore.graph.sqlite_documents import retract, told
from provstore.graph.sqlite_find import Finder
from provstore.graph.sqlite_rows import EDGE_COLUMNS, Codec
from provstore.graph.sqlite_schema import Layout, prepare
from provstore.graph.sqlite_terms import Sight, json_list
from provstore.graph.sqlite_walk import SqliteTerrain, Stars
from provstore.graph.sqlite_write import Batch, Known, delete
from provstore.graph.store import Change, Condition, Count, Find, Page, Walk, is_attribute
from provstore.graph.walking import search

__all__ = ["SqliteStore", "open_sqlite"]

Record = TypeVar("Record", Node, Relation)

_PAUSE: Final = 0.01
"""Seconds until a switch to WAL is tried again."""


def open_sqlite(path: Path, *, namespace: str = "", patience: timedelta = PATIENCE) -> SqliteStore:
    """Open the store in a file, making it at the first time.

    Args:
        path: The file; its directory must exist.
        namespace: For a file that is made now; empty for ``urn:uuid:<random>#``. A file keeps the one it has.
        patience: How long a write waits while another process writes.

    Raises:
        Unavailable: the file can't be opened, is locked or is no store.
        Invalid: a newer program wrote it.
    """
    with translated(path):
        connection = connect(path, patience=patience)
        try:
            _keep_a_log(connection, patience)
            connection.execute("PRAGMA cache_size = -16000")  # the one writer; readers are many and keep the default
            layout = prepare(connection, namespace=namespace)
        except BaseException:
            connection.close()
            raise
    return SqliteStore(path, connection=connection, layout=layout)


def _keep_a_log(connection: sqlite3.Connection, patience: timedelta) -> None:
    """Switch to WAL; where another process does so in the same instant, SQLite gives up without the usual patience."""
    deadline = time.monotonic() + patience.total_seconds()
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
        else:
            return


class SqliteStore:
    """Implements `GraphStore`, whose text holds here, over one file; made by :func:`open_sqlite`."""

    def __init__(self, path: Path, *, connection: sqlite3.Connection, layout: Layout) -> None:
        self._path = path
        self._layout = layout
        self._codec = Codec(layout)
        self._audiences = Audiences()
        self._known = Known()
        self._stars = Stars(self._codec)
        self._writer = GroupWriter(connection, path)
        self._pool = ReaderPool(path)

    @property
    def namespace(self) -> str:
        """Give the namespace that the file was made with."""
        return self._layout.namespace

    def write(self, changes: Sequence[Change]) -> None:
        """Make all changes or none; concurrent callers share one sync of the disk."""
        if changes:
            batch = Batch(changes, codec=self._codec, layout=self._layout, known=self._known)
            self._writer.run(batch.apply)
            batch.committed()

    def delete(self, ids: Collection[NodeId]) -> int:
        """Remove nodes with their relations."""
        count: int = self._writer.run(partial(delete, ids=ids))
        return count

    def get(self, ids: Sequence[NodeId], viewer: Viewer = EVERYBODY) -> tuple[Node, ...]:
        """Give nodes in the order asked for."""
        text = (
            f"SELECT {self._codec.columns()} FROM json_each(?) j CROSS JOIN node n ON n.id = j.value"
            " WHERE {seen} ORDER BY j.key"
        )
        asked = json_list(ids)

        def question(met: Met) -> tuple[Node, ...]:
            seen = Sight(viewer, met.seen, met.readers.last).node("n")
            rows = connection.execute(text.format(seen=seen.text), (asked, *seen.values)).fetchall()
            return tuple(map(self._codec.reader(met.readers), rows))

        with self._pool.asking() as connection:
            return self._audiences.ask(viewer, connection, question)

    def find(self, question: Find, viewer: Viewer = EVERYBODY) -> Page:
        """Give one page."""
        if question.hop is not None or any(is_attribute(one.property) for one in question.condition.filters):
            with self._pool.reading() as connection:
                readers = self._audiences.refresh(connection)
                return self._finder(connection, viewer).page(question, codec=self._codec, readers=readers)

        def ask(met: Met) -> Page:
            sight = Sight(viewer, met.seen, met.readers.last)
            finder = Finder(connection, layout=self._layout, sight=sight)
            return finder.page(question, codec=self._codec, readers=met.readers)

        with self._pool.asking() as connection:
            return self._audiences.ask(viewer, connection, ask)

    def aggregate(self, condition: Condition, by: tuple[str, ...], viewer: Viewer = EVERYBODY) -> tuple[Count, ...]:
        """Count by values."""
        with self._pool.reading() as connection:
            return self._finder(connection, viewer).counts(condition, by)

    def walk(self, walk: Walk, viewer: Viewer = EVERYBODY) -> Subgraph:
        """Walk breadth-first; many levels by one recursive query."""
        if self._stars.fits(walk, viewer) and (found := self._star(walk)) is not None:
            return found
        with self._pool.reading() as connection:
            read = self._codec.reader(self._audiences.refresh(connection))
            sight = self._sight(connection, viewer)
            terrain = SqliteTerrain(connection, steps=walk.steps, codec=self._codec, read=read, sight=sight)
            return search(walk, terrain, viewer)

    def _star(self, walk: Walk) -> Subgraph | None:
        def question(met: Met) -> Subgraph | None:
            return self._stars.answer(walk, connection, self._codec.reader(met.readers))

        with self._pool.asking() as connection:
            return self._audiences.ask(EVERYBODY, connection, question)

    def told(self, bundle: NodeId) -> Iterator[Relation]:
        """Stream what a bundle says; the state of the graph is that of the first step."""
        with self._pool.reading() as connection:
            yield from told(connection, bundle, self._codec)

    def retract(self, bundle: NodeId) -> int:
        """Remove a bundle, some thousand relations in each transaction, between which others may write."""
        count, more = 0, True
        while more:
            removed, more = self._writer.run(partial(retract, bundle=bundle, namespace=self.namespace))
            count += removed
        return count

    def scan(self, viewer: Viewer = EVERYBODY) -> Graph:
        """Give the graph as it is now; its read transaction ends when the caller lets go of it."""
        with translated(self._path):
            connection = self._pool.take()
            graph = _Scan(connection, path=self._path, codec=self._codec, audiences=self._audiences, viewer=viewer)
            weakref.finalize(graph, self._pool.give_back, connection)
            graph.begin()
            return graph

    def close(self) -> None:
        """Wait for the write under way, then close the file."""
        self._pool.close()
        self._writer.close()

    def _finder(self, connection: sqlite3.Connection, viewer: Viewer) -> Finder:
        return Finder(connection, layout=self._layout, sight=self._sight(connection, viewer))

    def _sight(self, connection: sqlite3.Connection, viewer: Viewer) -> Sight:
        return Sight(viewer, self._audiences.seen_by(viewer, connection))


class _Scan:
    """One state of the graph, streamed from a read transaction."""

    def __init__(
        self, connection: sqlite3.Connection, *, path: Path, codec: Codec, audiences: Audiences, viewer: Viewer
    ) -> None:
        self._connection = connection
        self._path = path
        self._codec = codec
        self._audiences = audiences
        self._viewer = viewer

    def begin(self) -> None:
        """Read something: only then SQLite takes its picture of the file."""
        self._connection.execute("SELECT pk FROM node LIMIT 1").fetchone()
        self._readers = self._audiences.refresh(self._connection)
        self._sight = Sight(self._viewer, self._audiences.seen_by(self._viewer, self._connection))

    def nodes(self) -> Iterator[Node]:
        """Give each node, in the order of their creation."""
        seen = self._sight.node("n")
        text = f"SELECT {self._codec.columns()} FROM node n WHERE {seen.text} ORDER BY n.pk"
        return self._rows(text, seen.values, self._codec.reader(self._readers))

    def relations(self) -> Iterator[Relation]:
        """Give each relation of which the bundle, if any, and both ends may be seen."""
        seen = self._sight.edge("e") & self._sight.node("s") & self._sight.node("t")
        text = (
            f"SELECT {', '.join(EDGE_COLUMNS)}, s.id, t.id FROM edge e"
            " CROSS JOIN node s ON s.pk = e.source CROSS JOIN node t ON t.pk = e.target"
            f" WHERE {seen.text} ORDER BY e.pk"
        )
        relation = self._codec.relation
        return self._rows(text, seen.values, lambda row: relation(row[:-2], row[-2], row[-1]))

    def _rows(self, text: str, values: tuple[Any, ...], read: Callable[[tuple[Any, ...]], Record]) -> Iterator[Record]:
        with translated(self._path):
            yield from map(read, self._connection.execute(text, values))
