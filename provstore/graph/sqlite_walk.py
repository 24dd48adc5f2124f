"""What a walk sees of the embedded store: many levels at once by a recursive query, in row numbers."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final

from provstore.graph.model import Node, NodeId, Reached, Relation, Subgraph, Viewer
from provstore.graph.rules import Step
from provstore.graph.sqlite_rows import EDGE_COLUMNS, Codec
from provstore.graph.sqlite_terms import Sight, Term, json_list
from provstore.graph.store import Walk
from provstore.graph.walking import Chunk

__all__ = ["SqliteTerrain", "Stars"]

_AHEAD: Final = 1_000
"""So many nodes beyond the frontier are expanded with it at most: saves a query for each level."""

_FRONTIER: Final = "SELECT value AS pk FROM json_each(?)"


class Stars:
    """Answers walks that are but one node and its neighbours by one statement: every reading of a job is such a walk.

    One statement sees one state of the graph, and each further one costs more than all that is done here.
    """

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._queries: dict[tuple[Step, ...], tuple[str, tuple[int, ...]]] = {}

    @staticmethod
    def fits(walk: Walk, viewer: Viewer) -> bool:
        """Tell whether a walk is of that kind, with all of it to be seen."""
        return (
            walk.depth == 1
            and len(walk.starts) == 1
            and viewer.all
            and walk.patience is None
            and not (walk.stop or walk.where or walk.stop_at)
            and all(step.most is None for step in walk.steps)
        )

    def answer(
        self, walk: Walk, connection: sqlite3.Connection, read: Callable[[tuple[Any, ...]], Node]
    ) -> Subgraph | None:
        """Answer such a walk; None if there is more than its limit."""
        if walk.steps not in self._queries:
            self._queries[walk.steps] = _star_query(walk.steps, self._codec)
        text, kinds = self._queries[walk.steps]
        rows = connection.execute(text, (walk.starts[0], *kinds, walk.limit + 1)).fetchall()
        if len(rows) > walk.limit:
            return None
        if not rows:
            return Subgraph(reached=(), edges=())
        edge = len(rows[0]) - len(EDGE_COLUMNS) - 1
        start = read(rows[0])
        nodes, relations = {start.id: start}, {}
        for row in rows[1:]:
            node = nodes.get(row[0]) or nodes.setdefault(row[0], read(row))
            source, target = (start.id, node.id) if row[-1] else (node.id, start.id)
            relations[row[edge]] = self._codec.relation(row[edge:-1], source, target)
        del nodes[start.id]
        around = (Reached(nodes[id_], 1) for id_ in sorted(nodes))
        return Subgraph(reached=(Reached(start, 0), *around), edges=tuple(relations[key] for key in sorted(relations)))


def _star_query(steps: Sequence[Step], codec: Codec) -> tuple[str, tuple[int, ...]]:
    """Give the query for a node, then each neighbour with the relation to it, and the numbers of kinds in it."""
    chosen = codec.columns()
    relation = ", ".join(EDGE_COLUMNS)
    text = "WITH start AS MATERIALIZED (SELECT pk FROM node WHERE id = ?)"
    text += f" SELECT {chosen}, {', '.join('NULL' for _ in EDGE_COLUMNS)}, 0 FROM start CROSS JOIN node n USING (pk)"
    numbers: tuple[int, ...] = ()
    for near, far, forwards in (("source", "target", 1), ("target", "source", 0)):
        kinds = sorted({codec.kind_number(step.kind) for step in steps if step.backwards is not bool(forwards)})
        if kinds:
            text += (
                f" UNION ALL SELECT {chosen}, {relation}, {forwards} FROM start CROSS JOIN edge e"
                f" ON e.{near} = start.pk AND e.kind IN ({', '.join('?' for _ in kinds)})"
                f" CROSS JOIN node n ON n.pk = e.{far}"
            )
        numbers += tuple(kinds)
    return f"{text} LIMIT ?", numbers


class SqliteTerrain:
    """Implements `Terrain` over one connection in a read transaction; nodes and relations by row number.

    Args:
        connection: In a read transaction.
        steps: Of the walk.
        codec: Of the file.
        read: Makes a node of a row with the codec's columns.
        sight: What the viewer sees.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        steps: Sequence[Step],
        codec: Codec,
        read: Callable[[tuple[Any, ...]], Node],
        sight: Sight,
    ) -> None:
        self._connection = connection
        self._codec = codec
        self._read = read
        self._sight = sight
        self._bundles: dict[int | None, bool] = {None: True}
        self._ids: dict[int, NodeId] = {}
        occurring = {number for (number,) in connection.execute("SELECT number FROM kind WHERE occurs")}
        self._sql = _ChunkQuery(steps, codec, occurring=occurring, seen=sight.node("n"))

    def locate(self, ids: Collection[NodeId]) -> list[int]:
        """Give the row numbers of those that exist."""
        rows = self._connection.execute(
            "SELECT n.pk FROM json_each(?) j CROSS JOIN node n ON n.id = j.value", (json_list(ids),)
        )
        return [pk for (pk,) in rows]

    def fetch(self, frontier: Collection[int], *, hops: int | None, room: int) -> Chunk[int, int]:
        """Expand the frontier and, if more than one level is wanted, what lies behind it."""
        ahead = 0 if hops == 1 else min(_AHEAD, room)
        text, values = self._sql.of(frontier, ahead=ahead)
        expands = self._sql.expands
        rows = self._connection.execute(text, values).fetchall()
        expanded = {row[0] for row in rows}
        if not self._sight.viewer.all:
            rows = self._heard(rows)
        return Chunk(expanded, [(row[0], row[1], row[2] in expands, row[3]) for row in rows if row[3] is not None])

    def _heard(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Leave out what bundles say that the viewer may not see."""
        bundles = self._bundles
        new = {row[4] for row in rows}.difference(bundles)
        if new:
            seen = self._sight.node("n")
            found = self._connection.execute(
                "SELECT w.number FROM json_each(?) j CROSS JOIN word w ON w.number = j.value"
                f" CROSS JOIN node n ON n.id = w.text WHERE {seen.text}",
                (json_list(new), *seen.values),
            )
            bundles.update(dict.fromkeys(new, False) | {number: True for (number,) in found})
        return [row for row in rows if bundles[row[4]]]

    def names(self, refs: Collection[int]) -> dict[int, NodeId]:
        """Give ids."""
        rows = self._connection.execute(
            "SELECT n.pk, n.id FROM json_each(?) j CROSS JOIN node n ON n.pk = j.value", (json_list(refs),)
        )
        return {pk: NodeId(id_) for pk, id_ in rows}

    def load(self, refs: Collection[int]) -> dict[int, Node]:
        """Give whole nodes."""
        rows = self._connection.execute(
            f"SELECT {self._codec.columns()}, n.pk FROM json_each(?) j CROSS JOIN node n ON n.pk = j.value",
            (json_list(refs),),
        )
        read = self._read
        loaded = {row[-1]: read(row) for row in rows}
        self._ids.update((pk, node.id) for pk, node in loaded.items())
        return loaded

    def relations(self, handles: Collection[int]) -> Iterator[Relation]:
        """Give whole relations."""
        rows = self._connection.execute(
            f"SELECT {', '.join(EDGE_COLUMNS)} FROM json_each(?) j CROSS JOIN edge e ON e.pk = j.value",
            (json_list(handles),),
        )
        ids, relation = self._ids, self._codec.relation
        for row in rows:
            yield relation(row, ids[row[2]], ids[row[3]])


class _ChunkQuery:
    """The text of a walk's queries. A step is told by its kind's number, negative for a step backwards.

    Args:
        steps: Of the walk.
        codec: Of the file.
        occurring: Numbers of the kinds that there are.
        seen: Tests that the viewer may see node ``n``.
    """

    def __init__(self, steps: Sequence[Step], codec: Codec, *, occurring: Collection[int], seen: Term) -> None:
        told = [(step, codec.kind_number(step.kind)) for step in steps]
        signed = [(-number if step.backwards else number, step) for step, number in told if number in occurring]
        self.expands = {number for number, step in signed if step.expand}
        self._forwards = sorted({number for number, step in signed if number > 0 and step.most is None})
        self._backwards = sorted({-number for number, step in signed if number < 0 and step.most is None})
        self._limited = [(number, step.most) for number, step in signed if step.most is not None]
        self._seen = seen

    def of(self, frontier: Collection[int], *, ahead: int) -> tuple[str, tuple[Any, ...]]:
        """Give the query for a frontier and up to so many nodes ahead, and its parameters."""
        reach, values = (self._recursion(len(frontier) + ahead)) if ahead else (_FRONTIER, ())
        crossings, kinds = self._crossings()
        limited = [self._few(number, most) for number, most in self._limited]
        text = f"WITH RECURSIVE reach(pk) AS MATERIALIZED ({reach}) {crossings}{''.join(one.text for one in limited)}"
        return text, (json_list(frontier), *values, *kinds, *(value for one in limited for value in one.values))

    def _recursion(self, limit: int) -> tuple[str, tuple[int, ...]]:
        """Reach on through expanding steps. UNION visits each node once; the queue is first in, first out."""
        onwards = [number for number in self._forwards if number in self.expands]
        back = [number for number in self._backwards if -number in self.expands]
        text = _FRONTIER
        for kinds, near, far in ((onwards, "source", "target"), (back, "target", "source")):
            if kinds:
                text += f" UNION SELECT e.{far} FROM reach CROSS JOIN edge e ON {_matching(near, kinds)}"
        if text == _FRONTIER:
            return _FRONTIER, ()
        return f"{text} LIMIT ?", (*onwards, *back, limit)

    def _crossings(self) -> tuple[str, tuple[int, ...]]:
        """Give each crossing of what was reached, and each node reached at least once."""
        text = "SELECT pk, NULL, NULL, NULL, NULL FROM reach"
        if self._forwards:
            match = _matching("source", self._forwards)
            text += (
                f" UNION ALL SELECT reach.pk, e.target, e.kind, e.pk, e.said FROM reach CROSS JOIN edge e ON {match}"
            )
        if self._backwards:
            match = _matching("target", self._backwards)
            text += (
                f" UNION ALL SELECT reach.pk, e.source, -e.kind, e.pk, e.said FROM reach CROSS JOIN edge e ON {match}"
            )
        return text, (*self._forwards, *self._backwards)

    def _few(self, number: int, most: int) -> Term:
        """Give the crossings to the nodes made last: the index has them in the order of their row numbers."""
        near, far, sign = ("source", "target", "") if number > 0 else ("target", "source", "-")
        text = (
            f" UNION ALL SELECT reach.pk, e.{far}, {sign}e.kind, e.pk, e.said FROM reach CROSS JOIN edge e ON e.pk IN ("
            f"SELECT f.pk FROM edge f CROSS JOIN node n ON n.pk = f.{far}"
            f" WHERE f.{near} = reach.pk AND f.kind = ? AND {self._seen.text} ORDER BY f.{far} DESC LIMIT ?)"
        )
        return Term(text, (abs(number), *self._seen.values, most))


def _matching(near: str, kinds: Sequence[int]) -> str:
    return f"e.{near} = reach.pk AND e.kind IN ({', '.join('?' for _ in kinds)})"
