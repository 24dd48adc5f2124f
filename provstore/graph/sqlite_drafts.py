"""Nodes as a batch of changes leaves them: what is there already, changed in memory before anything is written."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from provstore.errors import Conflict, NotFound
from provstore.graph.matching import same
from provstore.graph.model import NOTHING, Node, NodeId, Value
from provstore.graph.sqlite_rows import Codec
from provstore.graph.sqlite_terms import json_list
from provstore.graph.store import Create, Ensure, Update, Upsert

__all__ = ["Draft", "Drafts", "End", "NodeChange"]

NodeChange = Create | Upsert | Ensure | Update


class End(NamedTuple):
    """A node that relations touch: its row number and its labels as bits."""

    pk: int
    mask: int


@dataclass(slots=True)
class Draft:
    """A node as the batch leaves it.

    ``item`` is the last whole node written, whose attributes it has; None if they stay as they are. ``touched`` are
    the names of properties that changed; ``is_restated`` tells that labels or readers may have.
    """

    pk: int
    mask: int
    readers: frozenset[str]
    properties: Mapping[str, Value]
    item: Node | None = None
    is_new: bool = False
    had_attributes: bool = False
    is_restated: bool = False
    touched: frozenset[str] = frozenset()

    @property
    def is_changed(self) -> bool:
        """Tell whether it changed since it was loaded or made."""
        return self.is_restated or bool(self.touched)

    def ensure(self, node: Node, mask: int) -> None:
        """Add labels and readers."""
        if mask & ~self.mask or not node.readers <= self.readers:
            self.mask |= mask
            self.readers |= node.readers
            self.is_restated = True

    def upsert(self, node: Node, mask: int) -> None:
        """Bring it to this state."""
        self.mask |= mask
        self.readers = node.readers
        self.properties = {**self.properties, **node.properties}
        self.item = node
        self.is_restated = True
        self.touched = self.touched.union(node.properties)

    def compare_and_set(self, change: Update) -> None:
        """Change properties, if the expected ones hold."""
        for name, expected in change.expected.items():
            have = self.properties.get(name)
            allowed = expected if isinstance(expected, tuple) else (expected,)
            if not any(same(have, one) for one in allowed):
                raise Conflict(f"node {change.node}: {name} is {have!r}, expected {expected!r}", field=name)
        changed = {**self.properties, **change.put}
        self.properties = {name: value for name, value in changed.items() if value is not None}
        self.touched = self.touched.union(change.put)


class Drafts:
    """The nodes that a batch changes or touches.

    Args:
        codec: Of the file.
        connection: In the transaction.
    """

    def __init__(self, codec: Codec, connection: sqlite3.Connection) -> None:
        self._codec = codec
        self._connection = connection
        self._drafts: dict[NodeId, Draft] = {}
        self._ends: dict[NodeId, End] = {}

    def load(self, whole: Collection[NodeId], *, brief: Collection[NodeId], ends: Collection[NodeId]) -> None:
        """Look up those that exist: whole, or their labels and readers only, or as ends of relations."""
        if whole:
            rows = self._connection.execute(
                f"SELECT {self._codec.columns()}, n.pk, a.readers FROM json_each(?) j"
                " CROSS JOIN node n ON n.id = j.value CROSS JOIN audience a ON a.pk = n.audience",
                (json_list(whole),),
            )
            for row in rows:
                properties = self._codec.properties(row[4:-3], row[-3])
                had = row[3] is not None
                self._drafts[row[0]] = Draft(row[-2], row[1], _readers(row[-1]), properties, had_attributes=had)
        asked = {*brief, *ends}.difference(whole)
        readers: dict[str, frozenset[str]] = {}
        for id_, pk, mask, text in self._brief(asked) if asked else ():
            if id_ in brief:
                kept = readers.get(text)
                if kept is None:
                    kept = readers[text] = _readers(text)
                self._drafts[id_] = Draft(pk, mask, kept, NOTHING)
            else:
                self._ends[id_] = End(pk, mask)

    def _brief(self, ids: Collection[NodeId]) -> Sequence[tuple[NodeId, int, int, str]]:
        """Ask for them as one text: for thousands of rows that is faster."""
        (packed,) = self._connection.execute(
            "SELECT json_group_array(json_array(n.id, n.pk, n.labels, a.readers)) FROM json_each(?) j"
            " CROSS JOIN node n ON n.id = j.value CROSS JOIN audience a ON a.pk = n.audience",
            (json_list(ids),),
        ).fetchone()
        found: Sequence[tuple[NodeId, int, int, str]] = json.loads(packed)
        return found

    def change(self, changes: Iterable[NodeChange], rows: Mapping[int, Sequence[Any]]) -> None:
        """Make changes, in their order.

        Args:
            changes: Of nodes.
            rows: Of each item, by its ``id()``; the second cell holds its labels.

        Raises:
            Conflict: something exists already, or is not as expected.
            NotFound: an update of a node that is missing.
        """
        drafts, number = self._drafts, 0
        for change in changes:
            if isinstance(change, Update):
                if change.node not in drafts:
                    raise NotFound(f"node {change.node} does not exist", field="id", value=change.node)
                drafts[change.node].compare_and_set(change)
                continue
            node = change.item
            assert isinstance(node, Node), "relations are written apart"  # noqa: S101  (for the type checker)
            mask, draft = rows[id(node)][1], drafts.get(node.id)
            if draft is None:
                number = number + 1 if number else self._next()
                drafts[node.id] = Draft(number, mask, node.readers, node.properties, node, is_new=True)
            else:
                _again(draft, change, node, mask)

    def _next(self) -> int:
        (number,) = self._connection.execute("SELECT coalesce(max(pk), 0) + 1 FROM node").fetchone()
        return int(number)

    def new(self) -> list[Draft]:
        """Give the nodes to be inserted."""
        return [draft for draft in self._drafts.values() if draft.is_new]

    def changed(self) -> list[Draft]:
        """Give the nodes to be updated."""
        return [draft for draft in self._drafts.values() if draft.is_changed and not draft.is_new]

    def end(self, id_: NodeId) -> Draft | End | None:
        """Give row number and labels of a node that a relation touches; None if it does not exist."""
        return self._drafts.get(id_) or self._ends.get(id_)


def _again(draft: Draft, change: Create | Upsert | Ensure, node: Node, mask: int) -> None:
    if isinstance(change, Create):
        raise Conflict(f"node {node.id} exists already", field="id", value=node.id)
    if isinstance(change, Ensure):
        draft.ensure(node, mask)
    else:
        draft.upsert(node, mask)


def _readers(text: str) -> frozenset[str]:
    return frozenset(json.loads(text))
