"""Texts that many rows share, by number: the readers of nodes, the keys of attributes, the ids of bundles."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

__all__ = ["AUDIENCES", "WORDS", "Numbering"]

AUDIENCES: Final = ("audience", "pk", "readers")
WORDS: Final = ("word", "number", "text")
"""Tables of numbers and texts, to which rows are only ever added."""

_KEPT: Final = 50_000
"""When so many are known, no more are remembered: other threads are reading them."""


class Numbering:
    """The numbers of texts, for one batch of changes.

    Args:
        table: AUDIENCES or WORDS.
        known: What committed batches have shown; added to when this one is committed.
    """

    def __init__(self, table: tuple[str, str, str], known: dict[str, int]) -> None:
        self._table = table
        self._known = known
        self._found: dict[str, int] = {}

    def of(self, connection: sqlite3.Connection, texts: AbstractSet[str]) -> Mapping[str, int]:
        """Give the numbers of texts, and perhaps of more; those that are new get one."""
        missing = texts - self._known.keys()
        if not missing:
            return self._known
        self._found.update((one, self._number(connection, one)) for one in missing)
        return {**self._known, **self._found}

    def _number(self, connection: sqlite3.Connection, one: str) -> int:
        table, number, text = self._table
        row = connection.execute(f"SELECT {number} FROM {table} WHERE {text} = ?", (one,)).fetchone()
        if row is None:
            return connection.execute(f"INSERT INTO {table} ({text}) VALUES (?)", (one,)).lastrowid or 0
        return int(row[0])

    def committed(self) -> None:
        """Note what need not be asked for again."""
        if len(self._known) < _KEPT:
            self._known.update(self._found)
