"""How the walk over Neo4j compares with the best query written by hand, and whether it stays flat as graphs grow.

Prints two ratios: walk to hand-written query (the same nodes and relations, fetched as raw rows), and walk in a graph
of 300,000 nodes to the same walk in one of 10,000.

Usage: python -m bench.walk_neo4j [NODES]      (default 300000)

The server is that of PROVSTORE_GRAPH_URL, PROVSTORE_GRAPH_USER and PROVSTORE_GRAPH_PASSWORD_FILE, and its database must
be empty; without them the tests' own server is started, and stopped at the end.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from neo4j import Driver, GraphDatabase, Result, RoutingControl

from bench.diamonds import DIAMONDS, load, typical
from provstore.graph.model import NodeId
from provstore.graph.neo4j import open_neo4j
from provstore.graph.rules import TO_CAUSES
from provstore.graph.store import GraphStore, Walk
from tests.neo4j_server import Neo4jServer, running_server

SMALL: Final = 10_000
_START: Final = NodeId("urn:bench:c50-e0")

# Faster than whole nodes with OPTIONAL MATCH and collect(r), which was tried too.
_BY_HAND: Final = """
    MATCH (s:Node {id: $id})-[:USED|WAS_GENERATED_BY*0..]->(n)
    WITH DISTINCT n
    RETURN labels(n), properties(n),
           COLLECT { MATCH (n)-[r:USED|WAS_GENERATED_BY]->(m) RETURN [m.id, type(r), properties(r)] } AS relations
"""


def by_hand(driver: Driver) -> tuple[int, int]:
    """Run the hand-written query; give the numbers of nodes and relations."""
    rows = driver.execute_query(
        _BY_HAND, id=_START, routing_=RoutingControl.READ, database_="neo4j", result_transformer_=Result.values
    )
    return len(rows), sum(len(row[2]) for row in rows)


def measure(store: GraphStore, driver: Driver, *, nodes: int) -> tuple[float, float]:
    """Print what the walk costs; give walk and hand-written query in milliseconds."""
    walk = Walk(starts=(_START,), steps=TO_CAUSES)
    answer = store.walk(walk)
    assert (len(answer.reached), len(answer.edges)) == by_hand(driver) == (3 * DIAMONDS + 1, 4 * DIAMONDS)
    walked, queried = typical(lambda: store.walk(walk), lambda: by_hand(driver))
    print(f"{nodes:>9} nodes: walk {walked:.2f} ms, by hand {queried:.2f} ms")
    return walked, queried


def compare(server: Neo4jServer, *, large: int) -> None:
    """Fill the server's database and print the two ratios."""
    store = open_neo4j(server.url, user=server.user, password=server.password)
    if next(iter(store.scan().nodes()), None) is not None:
        sys.exit(f"the database at {server.url} is not empty")
    chain = 3 * DIAMONDS + 1
    with GraphDatabase.driver(server.url, auth=(server.user, server.password)) as driver:
        load(store, chains=range(SMALL // chain))
        small_walk, small_hand = measure(store, driver, nodes=SMALL)
        begin = time.perf_counter()
        load(store, chains=range(SMALL // chain, large // chain))
        rate = (large - SMALL) * (1 + 4 / 3) / (time.perf_counter() - begin)
        large_walk, large_hand = measure(store, driver, nodes=large)
    store.close()
    print(f"loaded {rate:,.0f} records/s")
    print(
        f"walk : hand-written query = {small_walk / small_hand:.2f}, {large_walk / large_hand:.2f} in the large graph"
    )
    print(f"walk in {large:,} nodes : walk in {SMALL:,} = {large_walk / small_walk:.2f}")


def main() -> None:
    """Find or start the server, measure, print."""
    large = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    url, file = os.environ.get("PROVSTORE_GRAPH_URL"), os.environ.get("PROVSTORE_GRAPH_PASSWORD_FILE")
    with ExitStack() as cleanup:
        if url and file:
            user = os.environ.get("PROVSTORE_GRAPH_USER", "neo4j")
            server = Neo4jServer(url, user, Path(file).read_text(encoding="utf-8").strip())
        else:
            place = cleanup.enter_context(tempfile.TemporaryDirectory())
            server = cleanup.enter_context(running_server(Path(place)))
        compare(server, large=large)


if __name__ == "__main__":
    main()
