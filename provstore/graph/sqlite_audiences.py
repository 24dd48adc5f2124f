"""The few distinct sets of readers in a file, kept in memory: a node refers to one by number."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Final

from provstore.graph.model import Viewer

__all__ = ["Audiences"]

_VIEWERS_KEPT: Final = 1_000


class Audiences:
    """Knows every audience that a read transaction can meet. They are only ever added, so a cache can't be wrong."""

    def __init__(self) -> None:
        self._readers: dict[int, frozenset[str]] = {}
        self._seen: dict[Viewer, tuple[int, list[int]]] = {}

    def refresh(self, connection: sqlite3.Connection) -> Mapping[int, frozenset[str]]:
        """Give number -> readers, for all that this transaction sees and perhaps more."""
        (last,) = connection.execute("SELECT max(pk) FROM audience").fetchone()
        if last is not None and last not in self._readers:
            rows = connection.execute("SELECT pk, readers FROM audience").fetchall()
            self._readers = {pk: frozenset(json.loads(readers)) for pk, readers in rows}
        return self._readers

    def seen_by(self, viewer: Viewer, connection: sqlite3.Connection) -> list[int]:
        """Give the numbers of the audiences that the viewer belongs to."""
        if viewer.all:
            return []
        known = self.refresh(connection)
        count, numbers = self._seen.get(viewer, (-1, []))
        if count != len(known):
            if len(self._seen) > _VIEWERS_KEPT:
                self._seen = {}
            numbers = [pk for pk, readers in known.items() if viewer.sees(readers)]
            self._seen[viewer] = (len(known), numbers)
        return numbers
