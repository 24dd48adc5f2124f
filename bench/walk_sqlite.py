"""How the embedded store's walk compares with the best query written by hand, and whether it stays flat as graphs grow.

Prints two ratios: walk to hand-written recursive query (the same nodes and edges, fetched as raw rows), and walk in a
graph of 1,000,000 nodes to the same walk in one of 10,000.

Usage: python -m bench.walk_sqlite [NODES]      (default 1000000; the file takes about 1 GB)
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.diamonds import DIAMONDS, load, typical
from provstore.graph.model import Kind, NodeId, format_instant, now
from provstore.graph.rules import TO_CAUSES
from provstore.graph.sqlite import open_sqlite
from provstore.graph.store import Walk

SMALL: Final = 10_000

# The walk by hand: what somebody would write for this one question (up, no bound), with full rows for the answer.
_REACH: Final = """
WITH RECURSIVE reach(pk) AS (
    SELECT pk FROM node WHERE id = ?
    UNION SELECT e.target FROM reach CROSS JOIN edge e ON e.source = reach.pk AND e.kind IN ({kinds})
)
"""
_NODES: Final = "SELECT n.* FROM reach CROSS JOIN node n ON n.pk = reach.pk"
_EDGES: Final = """
SELECT e.key, e.kind, s.id, t.id, e.role, e.time, e.relation_id, e.args, e.attrs, e.said
FROM reach CROSS JOIN edge e ON e.source = reach.pk AND e.kind IN ({kinds})
CROSS JOIN node s ON s.pk = e.source CROSS JOIN node t ON t.pk = e.target
"""


def by_hand(path: Path, start: str) -> Callable[[], tuple[int, int]]:
    """Prepare the hand-written query on a connection of its own."""
    connection = sqlite3.connect(path, isolation_level=None)
    found = connection.execute("SELECT number FROM kind WHERE name IN (?, ?)", [Kind.USED, Kind.WAS_GENERATED_BY])
    kinds = ", ".join(str(number) for (number,) in found)
    nodes, edges = ((_REACH + part).format(kinds=kinds) for part in (_NODES, _EDGES))
    return lambda: (
        len(connection.execute(nodes, [start]).fetchall()),
        len(connection.execute(edges, [start]).fetchall()),
    )


def measure(folder: Path, nodes: int) -> tuple[float, float]:
    """Fill a store, print what its walk costs, give walk and hand-written query in milliseconds."""
    path = folder / f"{nodes}.db"
    store = open_sqlite(path)
    begin = time.perf_counter()
    load(store, chains=range(nodes // (3 * DIAMONDS + 1)))
    seconds = time.perf_counter() - begin
    middle = nodes // (3 * DIAMONDS + 1) // 2
    start = NodeId(f"urn:bench:c{middle}-e0")
    walk = Walk(starts=(start,), steps=TO_CAUSES)
    answer = store.walk(walk)
    hand = by_hand(path, start)
    assert (len(answer.reached), len(answer.edges)) == hand() == (3 * DIAMONDS + 1, 4 * DIAMONDS)
    walked, queried = typical(lambda: store.walk(walk), hand)
    rate = nodes * (1 + 4 / 3) / seconds
    print(f"{nodes:>9} nodes: walk {walked:.3f} ms, by hand {queried:.3f} ms; loaded {rate:,.0f} records/s")
    store.close()
    return walked, queried


def main() -> None:
    """Measure and print."""
    large = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(f"made {format_instant(now())}, SQLite {sqlite3.sqlite_version}")
    with tempfile.TemporaryDirectory() as folder:
        small_walk, small_hand = measure(Path(folder), SMALL)
        large_walk, _ = measure(Path(folder), large)
    print(f"walk : hand-written query = {small_walk / small_hand:.2f}")
    print(f"walk in {large:,} nodes : walk in {SMALL:,} = {large_walk / small_walk:.2f}")


if __name__ == "__main__":
    main()
