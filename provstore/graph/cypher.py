"""Cypher as an administrator asks it: a statement that only reads, and its answer in our words.

A second, small port: stores that speak Cypher have it, the embedded one does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Protocol, runtime_checkable

from provstore.errors import Invalid
from provstore.graph.cypher_text import refuse_changes

__all__ = ["MOST_ROWS", "MOST_TIME", "CypherReader", "CypherStatement", "Foreign", "Path", "Rows"]

MOST_ROWS: Final = 10_000
MOST_TIME: Final = timedelta(seconds=60)
_ROWS: Final = 1_000
_TIME: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class CypherStatement:
    """One statement with its parameters, how many rows are wanted, and how long it may take.

    Raises:
        Invalid: it would change something or reach beyond the graph, or a limit is out of bounds.
    """

    statement: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    limit: int = _ROWS
    timeout: timedelta = _TIME

    def __post_init__(self) -> None:
        if not 0 < self.limit <= MOST_ROWS:
            raise Invalid(f"limit {self.limit}: 1 to {MOST_ROWS} rows are given", field="limit", value=str(self.limit))
        if not timedelta() < self.timeout <= MOST_TIME:
            seconds, most = self.timeout.total_seconds(), MOST_TIME.total_seconds()
            words = f"timeout {seconds:g}: more than 0 and at most {most:g} seconds are allowed"
            raise Invalid(words, field="timeout", value=f"{seconds:g}")
        refuse_changes(self.statement)


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A path of an answer, from its start to its end."""

    nodes: tuple[object, ...]
    relations: tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """A node or relation in the database that is none of provstore's: its labels (or its type) and its properties."""

    labels: tuple[str, ...]
    properties: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The answer: a value for each column in each row; ``truncated`` tells that there were more rows.

    A value is null, text, a number, a truth value, a `Node`, a `Relation`, a `Path`, a `Foreign`, or a list or a map
    of values. Instants, dates and durations are text (ISO 8601), and so is a number that is none (NaN, Infinity).
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    truncated: bool


@runtime_checkable
class CypherReader(Protocol):
    """A store that answers Cypher."""

    def cypher(self, question: CypherStatement) -> Rows:
        """Answer, changing nothing: the database itself refuses what would.

        Raises:
            Invalid: the statement is wrong, lacks a parameter, would change something, or takes too long.
            Unavailable: the store can't be reached, or has no memory left for the answer.
        """
