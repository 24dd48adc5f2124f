"""What a bundle says, as a stream, and how it is taken back."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from typing import Final

from provstore.graph.model import NodeId, Relation
from provstore.graph.sqlite_attributes import forget, forget_nodes
from provstore.graph.sqlite_rows import EDGE_COLUMNS, Codec
from provstore.graph.sqlite_terms import is_encodable, json_list

__all__ = ["retract", "told"]

_PIECE: Final = 5_000
"""So many relations are removed in one transaction: others want to write as well."""
_SAID: Final = "e.said = (SELECT number FROM word WHERE text = ?)"


def told(connection: sqlite3.Connection, bundle: NodeId, codec: Codec) -> Iterator[Relation]:
    """Give what a bundle says, by key."""
    if not is_encodable(bundle):
        return
    rows = connection.execute(
        f"SELECT {', '.join(EDGE_COLUMNS)}, s.id, t.id FROM edge e"
        " CROSS JOIN node s ON s.pk = e.source CROSS JOIN node t ON t.pk = e.target"
        f" WHERE {_SAID} ORDER BY e.key",
        (bundle,),
    )
    for row in rows:
        yield codec.relation(row[:-2], row[-2], row[-1])


def retract(connection: sqlite3.Connection, *, bundle: NodeId, namespace: str) -> tuple[int, bool]:
    """Remove a piece of what a bundle says; with the last piece, the bundle and what touches it.

    Returns:
        How many relations were removed, and whether there are more.
    """
    found = is_encodable(bundle) and connection.execute("SELECT pk FROM node WHERE id = ?", (bundle,)).fetchone()
    if not found:
        return 0, False
    edges = connection.execute(
        f"SELECT e.pk, e.source, e.target FROM edge e WHERE {_SAID} LIMIT ?", (bundle, _PIECE)
    ).fetchall()
    if len(edges) == _PIECE:
        return _remove(connection, edges, namespace=namespace), True
    for end in ("source", "target"):
        edges += connection.execute(f"SELECT pk, source, target FROM edge WHERE {end} = ?", found)
    count = _remove(connection, set(edges), namespace=namespace)
    forget_nodes(connection, json_list(found))
    connection.execute("DELETE FROM node WHERE pk = ?", found)
    return count, False


def _remove(connection: sqlite3.Connection, edges: Collection[tuple[int, int, int]], *, namespace: str) -> int:
    """Remove relations, and nodes of foreign namespaces that nothing touches any more."""
    pks = [pk for pk, _, _ in edges]
    ends = json_list({end for _, source, target in edges for end in (source, target)})
    forget(connection, nodes={target for _, _, target in edges}, edges=pks)
    connection.execute("DELETE FROM edge WHERE pk IN (SELECT value FROM json_each(?))", (json_list(pks),))
    orphans = connection.execute(
        "SELECT n.pk FROM json_each(?) j CROSS JOIN node n ON n.pk = j.value WHERE substr(n.id, 1, ?) <> ?"
        " AND NOT EXISTS (SELECT 1 FROM edge e WHERE e.source = n.pk)"
        " AND NOT EXISTS (SELECT 1 FROM edge e WHERE e.target = n.pk)",
        (ends, len(namespace), namespace),
    )
    gone = json_list([pk for (pk,) in orphans])
    forget_nodes(connection, gone)
    connection.execute("DELETE FROM node WHERE pk IN (SELECT value FROM json_each(?))", (gone,))
    return len(pks)
