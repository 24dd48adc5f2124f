"""How a file of an earlier program becomes one of this program."""

from __future__ import annotations

import json
import sqlite3
from itertools import count
from typing import Final

from provstore.graph.model import Attribute
from provstore.graph.sqlite_attributes import attributes_of, tell
from provstore.graph.sqlite_words import WORDS, Numbering

__all__ = ["from_version_1"]

_SLICE: Final = 10_000


def from_version_1(connection: sqlite3.Connection) -> None:
    """Let relations refer to their bundles by number, and make attributes look-ups; the tables are there."""
    connection.execute("DROP INDEX edge_forwards")
    connection.execute("DROP INDEX edge_backwards")
    connection.execute("ALTER TABLE edge ADD COLUMN said INTEGER")
    connection.execute("INSERT INTO word (text) SELECT DISTINCT bundle FROM edge WHERE bundle IS NOT NULL")
    connection.execute("UPDATE edge SET said = (SELECT number FROM word WHERE text = bundle) WHERE bundle IS NOT NULL")
    connection.execute("ALTER TABLE edge DROP COLUMN bundle")
    _tell_attributes(connection)


def _tell_attributes(connection: sqlite3.Connection) -> None:
    words = Numbering(WORDS, {})
    (last,) = connection.execute("SELECT coalesce(max(pk), 0) FROM node").fetchone()
    for begin in count(0, _SLICE):
        if begin > last:
            return
        rows = connection.execute(
            "SELECT pk, attrs FROM node WHERE pk > ? AND pk <= ? AND attrs IS NOT NULL", (begin, begin + _SLICE)
        )
        told = [(pk, attributes_of(map(Attribute._make, json.loads(text)))) for pk, text in rows.fetchall()]
        numbers = words.of(connection, {key for _, ones in told for key, _, _ in ones})
        values = [(pk, numbers[key], value, 0, 0, rest) for pk, ones in told for key, value, rest in ones]
        tell(connection, values, new={pk for pk, _ in told})
