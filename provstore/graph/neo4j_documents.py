"""What a bundle says, as it lies in Neo4j: told in order, and taken back."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from operator import attrgetter
from typing import Final, NamedTuple

from provstore.graph.model import Kind, Label, NodeId, Relation
from provstore.graph.neo4j_rows import is_text, relation_from_row
from provstore.graph.neo4j_schema import NODE, RELATION_KINDS
from provstore.graph.neo4j_writes import Run

__all__ = ["retract", "told"]

_PAGE: Final = 1_000
_PIECE: Final = 5_000
"""Relations removed in one transaction: the server keeps it in memory."""
_KINDS: Final = " UNION ALL ".join(
    f"MATCH ()-[r:{kind}]->() WHERE r.bundle = $bundle RETURN '{kind}' AS kind LIMIT 1" for kind in RELATION_KINDS
)
# Sorted by both: else the planner does not see that the index has that order, and sorts all that is left.
_PAGE_OF: Final = """
    MATCH (a)-[r:%s]->(b) WHERE r.bundle = $bundle AND r.key > $after
    RETURN a.id, b.id, r {.key, .role, .time_at, .relation_id, .arguments, .attrs, .bundle} AS said
    ORDER BY r.bundle, r.key LIMIT $most"""
_REMOVE: Final = f"""
    WITH collect(r) AS gone, collect(DISTINCT a) + collect(DISTINCT b) AS ends
    FOREACH (r IN gone | DELETE r)
    WITH size(gone) AS removed, ends
    CALL (ends) {{
        UNWIND ends AS n
        WITH DISTINCT n
        WHERE NOT n.id STARTS WITH $namespace AND n.id <> $bundle AND NOT EXISTS {{ (n)--() }}
        SET n._lock = true
        REMOVE n._lock
        WITH n WHERE NOT EXISTS {{ (n)--(:{NODE}) }}
        DELETE n
    }}
    RETURN removed"""
# Locked, then tested again: another import may just have spoken of the same node.
_REMOVE_SAID: Final = "MATCH (a)-[r:%s]->(b) WHERE r.bundle = $bundle WITH a, r, b LIMIT $most" + _REMOVE
_REMOVE_ABOUT: Final = f"MATCH (a:{NODE} {{id: $bundle}})-[r]-(b) WITH a, r, b LIMIT $most{_REMOVE}"
_IS_THERE: Final = f"MATCH (n:{NODE}:{Label.BUNDLE} {{id: $bundle}}) RETURN count(n)"
_REMOVE_BUNDLE: Final = f"MATCH (n:{NODE} {{id: $bundle}}) DETACH DELETE n"


def told(bundle: NodeId, *, read: Run) -> Iterator[Relation]:
    """Merge the kinds, each a page at a time, since each has an index of its own."""
    if is_text(bundle):
        kinds = [Kind(kind) for (kind,) in read(_KINDS, bundle=bundle)]
        yield from heapq.merge(*(_told_of(kind, bundle, read) for kind in kinds), key=attrgetter("key"))


def _told_of(kind: Kind, bundle: NodeId, read: Run) -> Iterator[Relation]:
    after, is_more = "", True
    while is_more:
        rows = read(_PAGE_OF % kind, bundle=bundle, after=after, most=_PAGE)
        for source, target, properties in rows:
            yield relation_from_row(kind, source, target, properties)
            after = properties["key"]
        is_more = len(rows) == _PAGE


class _Removal(NamedTuple):
    """Removes relations that one query finds, piece by piece."""

    text: str
    change: Run
    bundle: NodeId
    namespace: str

    def all(self) -> int:
        """Give how many there were."""
        total, removed = 0, _PIECE
        while removed == _PIECE:
            ((removed,),) = self.change(self.text, bundle=self.bundle, namespace=self.namespace, most=_PIECE)
            total += removed
        return total


def retract(bundle: NodeId, *, namespace: str, change: Run) -> int:
    """Remove what the bundle says, kind by kind, then what is said of it, then the bundle.

    Args:
        bundle: Its id.
        namespace: Nodes in it stay, also if nothing touches them any more.
        change: Runs a query in a transaction of its own.
    """
    if not is_text(bundle) or change(_IS_THERE, bundle=bundle) == [[0]]:
        return 0
    kinds = [kind for (kind,) in change(_KINDS, bundle=bundle)]
    texts = [*(_REMOVE_SAID % kind for kind in kinds), _REMOVE_ABOUT]
    removed = sum(_Removal(text, change, bundle, namespace).all() for text in texts)
    change(_REMOVE_BUNDLE, bundle=bundle)
    return removed
