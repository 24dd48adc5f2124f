"""The few distinct sets of readers in a file, kept in memory: a node refers to one by number."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

from provstore.graph.model import Viewer

__all__ = ["Audiences", "Met", "Readers", "Unmet"]

Answer = TypeVar("Answer")

_VIEWERS_KEPT: Final = 1_000


class Unmet(Exception):
    """A node has an audience that this process has not met yet."""


class Readers(dict[int, frozenset[str]]):
    """The readers of each audience met; ``last`` is the greatest number. Never changed, but replaced."""

    def __init__(self, rows: list[tuple[int, str]]) -> None:
        super().__init__((pk, frozenset(json.loads(readers))) for pk, readers in rows)
        self.last = max(self, default=0)

    def __missing__(self, _number: int) -> frozenset[str]:
        raise Unmet


class Met(NamedTuple):
    """What is known of a moment: all audiences, and the numbers of those that a viewer belongs to."""

    readers: Readers
    seen: list[int]


class Audiences:
    """Knows the audiences of a file. They are only ever added, with ever greater numbers: a cache can't be wrong."""

    def __init__(self) -> None:
        self._readers = Readers([])
        self._seen: dict[Viewer, tuple[Readers, list[int]]] = {}

    def refresh(self, connection: sqlite3.Connection) -> Readers:
        """Give number -> readers, for all that this transaction sees and perhaps more."""
        (last,) = connection.execute("SELECT max(pk) FROM audience").fetchone()
        if last is not None and last > self._readers.last:
            self._readers = Readers(connection.execute("SELECT pk, readers FROM audience").fetchall())
        return self._readers

    def seen_by(self, viewer: Viewer, connection: sqlite3.Connection) -> list[int]:
        """Give the numbers of the audiences that the viewer belongs to, of all that this transaction sees."""
        return [] if viewer.all else self._of(viewer, self.refresh(connection))

    def ask(self, viewer: Viewer, connection: sqlite3.Connection, question: Callable[[Met], Answer]) -> Answer:
        """Ask by one statement outside of a transaction, which is one state of the graph as well, and half the work.

        Args:
            viewer: Who asks.
            connection: To read new audiences with.
            question: Looks at the nodes of audiences above the last one as well, and raises `Unmet` if there are any.
        """
        while True:
            readers = self._readers
            try:
                return question(Met(readers, self._of(viewer, readers)))
            except Unmet:
                if self.refresh(connection) is readers:
                    raise

    def _of(self, viewer: Viewer, known: Readers) -> list[int]:
        if viewer.all:
            return []
        kept = self._seen.get(viewer)
        if kept is not None and kept[0] is known:
            return kept[1]
        if len(self._seen) > _VIEWERS_KEPT:
            self._seen = {}
        numbers = [pk for pk, readers in known.items() if viewer.sees(readers)]
        self._seen[viewer] = (known, numbers)
        return numbers
