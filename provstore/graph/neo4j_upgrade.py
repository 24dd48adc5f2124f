"""Brings a database that an earlier provstore filled up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final

from provstore.graph.neo4j_rows import attributes_from_text, words_row
from provstore.graph.neo4j_schema import ATTRIBUTES, NODE
from provstore.graph.neo4j_writes import Run

__all__ = ["FORM", "bring_up_to_date"]

FORM: Final = 2
"""How the graph lies in the database: 1 had no words of attributes (and no documents that assert any)."""
_ROWS: Final = 5_000
_STORED: Final = f"MATCH (n:{NODE}) WHERE n.{ATTRIBUTES} IS NOT NULL RETURN n.id, n.{ATTRIBUTES}"
# Whoever replaced the attributes in the meantime wrote their words, too.
_FILL: Final = f"""
    UNWIND $rows AS row MATCH (n:{NODE} {{id: row.id}}) WHERE n.{ATTRIBUTES} = row.text
    SET n += row.put
    RETURN count(*)"""
_MARK: Final = "MATCH (s:Store) SET s.form = $form"

Stream = Callable[[str], Iterator[list[Any]]]
"""Runs a query whose answer may not fit in memory."""


def bring_up_to_date(form: int, *, stream: Stream, change: Run) -> None:
    """Write the words of all attributes; after an interruption, all over again."""
    if form >= FORM:
        return
    rows = ({"id": one, "text": text, "put": words_row(attributes_from_text(text))} for one, text in stream(_STORED))
    for part in _parts(rows):
        change(_FILL, rows=part)
    change(_MARK, form=FORM)


def _parts(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    waiting = iter(rows)
    while part := list(islice(waiting, _ROWS)):
        yield part
