"""One page of nodes, and counts, out of the embedded store."""

from __future__ import annotations

import base64
import json
import math
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from provstore.errors import Invalid
from provstore.graph.model import TIME_SUFFIX, Value, parse_instant
from provstore.graph.sqlite_attribute_filters import leads
from provstore.graph.sqlite_filters import Column, column, condition_term, is_looked_up
from provstore.graph.sqlite_rows import Codec, blob_value
from provstore.graph.sqlite_schema import Layout
from provstore.graph.sqlite_terms import ALWAYS, NEVER, Sight, Term, text_is_sound
from provstore.graph.store import Condition, Count, Find, Op, Page

__all__ = ["Finder"]

_FEW: Final = 10_000
"""Up to so many neighbours that pass a hop's condition, the search begins with them; else with the nodes themselves."""


class _Key(NamedTuple):
    """Where a page ends: the order it belongs to, whether in the part of nodes without the property, value and id."""

    order: str
    missing: bool
    value: str | int | float | bytes | None
    id: str


class Finder:
    """Answers ``find`` and ``aggregate`` over one connection.

    Args:
        connection: In a read transaction, but for a page without hop and attributes, which is one statement.
        layout: Of the file.
        sight: What the asker sees.
    """

    def __init__(self, connection: sqlite3.Connection, *, layout: Layout, sight: Sight) -> None:
        self._connection = connection
        self._layout = layout
        self._sight = sight

    def page(self, question: Find, *, codec: Codec, readers: Mapping[int, frozenset[str]]) -> Page:
        """Give one page.

        Args:
            question: Which.
            codec: Of the file.
            readers: Of each audience.
        """
        if question.limit < 0:
            raise Invalid(f"limit={question.limit} must not be negative", field="limit")
        after = _read_key(question)
        rows = self._rows(self._query(question, after, columns=codec.columns(question.fields)), question, codec)
        kept = rows[: question.limit]
        more = len(rows) > question.limit and bool(kept)
        read = codec.reader(readers, question.fields)
        return Page(tuple(map(read, kept)), _write_key(question, kept[-1]) if more else None)

    def _query(self, question: Find, after: _Key | None, *, columns: str) -> Term:
        """Give the query for a page and one node more: what is found, whether its order is missing, and its value."""
        tables, hop = self._source(question)
        passing = self._passing(question.condition, "n") & hop
        order, limit = self._order_column(question), question.limit + 1
        parts = []
        for missing in self._parts(question, after):
            ordered = _Ordered(question, order, missing=missing, after=after)
            where = passing & ordered.restriction
            text = (
                f"SELECT {columns}, {missing:d} AS missing, {ordered.value.text} AS value FROM {tables.text}"
                f" WHERE {where.text} ORDER BY {ordered.sorting.text} LIMIT ?"
            )
            values = (*ordered.value.values, *tables.values, *where.values, *ordered.sorting.values, limit)
            parts.append(Term(text, values))
        return parts[0] if len(parts) == 1 else _one_after_the_other(parts, limit)

    def _rows(self, query: Term, question: Find, codec: Codec) -> Sequence[Sequence[Any]]:
        """Give the rows of a query: in one JSON text, if all in them are texts and whole numbers.

        At each row the driver lets other threads run, and waits until it may go on: among busy threads a thousand rows
        come three times faster as one, and no slower alone.
        """
        if question.fields is not None and codec.all_hot(question.fields):
            names = ", ".join((*codec.names(question.fields), "missing", "value"))
            packed = f"SELECT json_group_array(json_array({names})) FROM ({query.text})"
            with suppress(_Unfit):
                return self._unpacked(packed, query.values)
        return self._connection.execute(query.text, query.values).fetchall()

    def _unpacked(self, text: str, values: tuple[Any, ...]) -> list[list[Any]]:
        try:
            (packed,) = self._connection.execute(text, values).fetchone()
            rows: list[list[Any]] = _decode(packed)
        except json.JSONDecodeError as error:  # an infinite number
            raise _Unfit from error
        except sqlite3.OperationalError as error:
            if "BLOB" in str(error):
                raise _Unfit from error
            raise
        return rows

    def counts(self, condition: Condition, by: tuple[str, ...]) -> tuple[Count, ...]:
        """Count by values."""
        passing, tables = self._passing(condition, "n"), self._beginning(condition, "n")
        found = [column(name, layout=self._layout, alias="n") or _NO_COLUMN for name in by]
        terms = [term for col in found for term in (col.type, col.value)]
        chosen = "".join(f"{term.text}, " for term in terms)
        grouping = f" GROUP BY {', '.join(str(number) for number in range(1, len(terms) + 1))}" if by else ""
        values = (*(value for term in terms for value in term.values), *tables.values, *passing.values)
        rows = self._connection.execute(
            f"SELECT {chosen}count(*) FROM {tables.text} WHERE {passing.text}{grouping}", values
        )
        return tuple(
            Count(tuple(_counted(name, row[2 * rank], row[2 * rank + 1]) for rank, name in enumerate(by)), row[-1])
            for row in rows
        )

    def _passing(self, condition: Condition, alias: str) -> Term:
        return condition_term(condition, layout=self._layout, alias=alias, sight=self._sight)

    def _order_column(self, question: Find) -> Column | None:
        if question.order is None:
            return None
        return column(question.order.property, layout=self._layout, alias="n")

    def _parts(self, question: Find, after: _Key | None) -> list[bool]:
        """Tell which parts to look at: nodes with the property of the order, then those without."""
        if question.order is None:
            return [False]
        demanded = {one.op for one in question.condition.filters if one.property == question.order.property}
        parts = [True] if after and after.missing else [False, True]
        return [missing for missing in parts if not (missing and demanded - {Op.ABSENT, Op.NE})]

    def _source(self, question: Find) -> tuple[Term, Term]:
        """Give the tables to read and what remains to be tested of the hop."""
        hop = question.hop
        if hop is None:
            return self._beginning(question.condition, "n"), ALWAYS
        neighbour = self._beginning(hop.condition, "m")
        passing = self._passing(hop.condition, "m")
        crossing = self._sight.edge("e")
        kind = self._layout.kinds[hop.step.kind]
        near, far = ("target", "source") if hop.step.backwards else ("source", "target")
        if is_looked_up(hop.condition) and self._are_few(neighbour, passing):
            near_nodes = (
                f"(SELECT DISTINCT e.{near} AS pk FROM {neighbour.text} CROSS JOIN edge e"
                f" WHERE {passing.text} AND e.{far} = m.pk AND e.kind = ? AND {crossing.text})"
                " h CROSS JOIN node n ON n.pk = h.pk"
            )
            return Term(near_nodes, (*neighbour.values, *passing.values, kind, *crossing.values)), ALWAYS
        test = (
            f"EXISTS (SELECT 1 FROM edge e CROSS JOIN node m"
            f" WHERE e.{near} = n.pk AND e.kind = ? AND {crossing.text} AND m.pk = e.{far} AND {passing.text})"
        )
        return self._beginning(question.condition, "n"), Term(test, (kind, *crossing.values, *passing.values))

    def _beginning(self, condition: Condition, alias: str) -> Term:
        """Give the table of nodes, led to by the attribute that the fewest have, if there are few enough of them."""
        best, least = None, _FEW + 1
        for leading in leads(condition.filters, sight=self._sight):
            count = self._count(leading, up_to=least)
            if count < least:
                best, least = leading, count
        if best is None:
            return Term(f"node {alias}")
        led = (
            f"(SELECT DISTINCT node FROM ({best.text})) {alias}0 CROSS JOIN node {alias} ON {alias}.pk = {alias}0.node"
        )
        return Term(led, best.values)

    def _are_few(self, tables: Term, passing: Term) -> bool:
        query = Term(f"SELECT 1 FROM {tables.text} WHERE {passing.text}", (*tables.values, *passing.values))
        return self._count(query, up_to=_FEW + 1) <= _FEW

    def _count(self, query: Term, *, up_to: int) -> int:
        (count,) = self._connection.execute(
            f"SELECT count(*) FROM ({query.text} LIMIT ?)", (*query.values, up_to)
        ).fetchone()
        return int(count)


_NO_COLUMN: Final = Column(Term("NULL"), Term("NULL"), {})


def _one_after_the_other(parts: Sequence[Term], limit: int) -> Term:
    """Join ordered queries: the second is not begun where the first gives enough."""
    text = " UNION ALL ".join(f"SELECT * FROM ({one.text})" for one in parts)
    return Term(f"{text} LIMIT ?", (*(value for one in parts for value in one.values), limit))


class _Unfit(Exception):
    """Something does not come through JSON as it is: it knows no blobs, and SQLite writes 15 digits of a number."""


def _refuse(_number: str) -> float:
    raise _Unfit


_decode: Final = json.JSONDecoder(parse_float=_refuse).decode


class _Ordered:
    """The terms of one part of an ordered question: nodes with the property, or (``missing``) those without."""

    def __init__(self, question: Find, col: Column | None, *, missing: bool, after: _Key | None) -> None:
        self.missing = missing
        descending = question.order is not None and question.order.descending
        down, beyond = (" DESC", "<") if descending else ("", ">")
        start = after if after and after.missing == missing else None
        if question.order is None or missing:
            self.value = Term("NULL")
            self.sorting = Term(f"n.id{down}")
            self.restriction = Term(f"n.id {beyond} ?", (start.id,)) if start else ALWAYS
            if question.order is not None and col is not None:
                self.restriction = Term(f"{col.value.text} IS NULL", col.value.values) & self.restriction
        elif col is None:
            self.value, self.sorting, self.restriction = Term("NULL"), Term("n.id"), NEVER
        else:
            self.value = col.value
            self.sorting = Term(f"{col.value.text}{down}, n.id{down}", col.value.values)
            self.restriction = Term(f"{col.value.text} IS NOT NULL", col.value.values)
            if start:
                row = Term(f"({col.value.text}, n.id) {beyond} (?, ?)", (*col.value.values, start.value, start.id))
                self.restriction &= row


def _order_name(question: Find) -> str:
    return f"{question.order.property} {question.order.descending:d}" if question.order else ""


def _write_key(question: Find, row: Sequence[Any]) -> str:
    *node, missing, value = row
    is_blob = isinstance(value, bytes)
    told = [_order_name(question), missing, is_blob, value.hex() if is_blob else value, node[0]]
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


def _read_key(question: Find) -> _Key | None:
    if question.after is None:
        return None
    try:
        order, missing, is_blob, value, id_ = json.loads(base64.urlsafe_b64decode(question.after + "=="))
        key = _Key(order, bool(missing), bytes.fromhex(value) if is_blob else _plain(value), str(id_))
    except (ValueError, TypeError) as error:
        raise Invalid(f"after={question.after!r} is no key of a page", field="after") from error
    if key.order != _order_name(question) or not _is_sound(key):
        raise Invalid(f"after={question.after!r} is no key of a page in this order", field="after")
    return key


def _plain(value: object) -> str | int | float | None:
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(value)


def _is_sound(key: _Key) -> bool:
    """Tell whether SQLite takes what the caller sent."""
    return all(not isinstance(part, str) or text_is_sound(part) for part in (key.id, key.value))


def _counted(name: str, type_: str | None, value: Any) -> Value | None:
    if type_ is None or type_ == "null":
        return None
    if isinstance(value, bytes):
        return blob_value(value)
    if type_ in ("true", "false"):
        return type_ == "true"
    if type_ == "object":
        return math.nan
    result: Value = parse_instant(value) if name.endswith(TIME_SUFFIX) else value
    return result
