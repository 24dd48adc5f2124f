"""Pieces of SQL with their parameters, and what a viewer may see as such pieces."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

from provstore.graph.model import Viewer

__all__ = ["ALWAYS", "NEVER", "Sight", "Term", "insert", "is_encodable", "json_list", "text_is_sound"]

_AT_ONCE: Final = 100
"""So many rows go into one statement: each opens all indexes of the table, which costs more than to use them."""


class Term(NamedTuple):
    """A piece of SQL and the parameters of its question marks, in order."""

    text: str
    values: tuple[Any, ...] = ()

    def __and__(self, other: Term) -> Term:
        """Join two terms of which both must hold."""
        return Term(f"{self.text} AND {other.text}", self.values + other.values)


NEVER: Final = Term("0")
ALWAYS: Final = Term("1")


class Sight(NamedTuple):
    """What a viewer sees, given the audiences that he belongs to.

    ``last``: outside of a transaction, the greatest audience known; nodes of later ones come along (see `Unmet`).
    """

    viewer: Viewer
    audiences: Sequence[int]
    last: int | None = None

    def node(self, alias: str) -> Term:
        """Test whether he may see a node."""
        if self.viewer.all:
            return ALWAYS
        seen = self._seen(alias)
        if self.last is None:
            return seen
        return Term(f"({seen.text} OR {alias}.audience > ?)", (*seen.values, self.last))

    def edge(self, alias: str) -> Term:
        """Test whether a relation is the store's own word, or that of a bundle that he may see."""
        if self.viewer.all:
            return ALWAYS
        seen = self._seen("b")
        bundle = (
            f"SELECT 1 FROM word w CROSS JOIN node b ON b.id = w.text WHERE w.number = {alias}.said AND {seen.text}"
        )
        return Term(f"({alias}.said IS NULL OR EXISTS ({bundle}))", seen.values)

    def attribute(self, alias: str) -> Term:
        """Test whether an attribute is the node's own, or told by a bundle that he may see."""
        if self.viewer.all:
            return ALWAYS
        seen = self._seen("b")
        bundle = f"SELECT 1 FROM node b WHERE b.pk = {alias}.source AND {seen.text}"
        return Term(f"({alias}.source = 0 OR EXISTS ({bundle}))", seen.values)

    def _seen(self, alias: str) -> Term:
        return Term(f"{alias}.audience IN (SELECT value FROM json_each(?))", (json_list(self.audiences),))


def insert(connection: sqlite3.Connection, text: str, rows: Sequence[Sequence[Any]]) -> None:
    """Insert many rows by a text up to ``VALUES``."""
    if not rows:
        return
    row = f"({', '.join('?' * len(rows[0]))})"
    whole = len(rows) - len(rows) % _AT_ONCE
    many = f"{text} {', '.join([row] * _AT_ONCE)}"
    for begin in range(0, whole, _AT_ONCE):
        connection.execute(many, list(chain.from_iterable(rows[begin : begin + _AT_ONCE])))
    connection.executemany(f"{text} {row}", rows[whole:])


def json_list(values: Iterable[str | int]) -> str:
    """Write a list as a parameter for ``json_each``.

    Half characters become something that matches nothing; a text with NUL, which would end there, is left out.
    """
    listed = list(values)
    text = json.dumps(listed)
    if "\\u0000" in text:
        text = json.dumps([one for one in listed if not (isinstance(one, str) and "\x00" in one)])
    return text


def text_is_sound(text: str) -> bool:
    """Tell whether a text can be written in UTF-8 and holds no NUL."""
    return "\x00" not in text and is_encodable(text)


def is_encodable(text: str) -> bool:
    """Tell whether a text can be written in UTF-8: it holds no half of a surrogate pair."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
