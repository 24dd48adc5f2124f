"""How long the plan for a replay takes, on both stores, beside the walk that finds what is affected.

A bad file with 300 jobs below it, each with five parameters and three inputs, in chains and diamonds, among 10,000 jobs
that are not affected. Prints the plan in milliseconds, and its ratio to one walk down.

Usage: python -m bench.replay [JOBS]      (default 300)

The tests' own Neo4j is started, and stopped at the end; without Java and Maven only SQLite is measured.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Final

from provstore.graph.model import EVERYBODY, NodeId
from provstore.graph.neo4j import open_neo4j
from provstore.graph.rules import TO_EFFECTS
from provstore.graph.sqlite import open_sqlite
from provstore.graph.store import Change, GraphStore, Walk
from provstore.queries.replay import Replacement, Wanted
from provstore.queries.replay_plan import Candidate, Obstacle, plan
from tests.contract.replay_graphs import made_by, ran, stored
from tests.neo4j_server import NoServer, running_server

NAMESPACE: Final = "urn:bench:"
OTHERS: Final = 10_000
_VALUES: Final = {f"p{number}": str(number) for number in range(5)}
_ROUNDS: Final = 10


def changes(jobs: int) -> Iterator[Change]:
    """Give the graph: each affected job uses the products of two earlier ones, in levels of ten, and a clean file."""
    for name in ("bad", "good", "clean"):
        yield stored(name, namespace=NAMESPACE)
    for number in range(jobs):
        used = ("bad",) if number < 10 else (made_by(f"j{number - 10}"), made_by(f"j{number // 10 * 10 - 10}"))
        yield from ran(f"j{number}", *used, "clean", namespace=NAMESPACE, values=_VALUES)
    for number in range(jobs, jobs + OTHERS):
        yield from ran(f"j{number}", "good", namespace=NAMESPACE, values=_VALUES)


def fill(store: GraphStore, jobs: int) -> None:
    """Write the graph, some thousands of changes at a time."""
    found = changes(jobs)
    while batch := list(islice(found, 10_000)):
        store.write(batch)


def nothing(_: Candidate) -> Obstacle | None:
    """Let every job run again."""
    return None


def typical(action: Callable[[], object]) -> float:
    """Give the median time in milliseconds, warmed up."""
    taken = []
    for number in range(_ROUNDS + 2):
        begin = time.perf_counter()
        action()
        if number >= 2:
            taken.append(time.perf_counter() - begin)
    return median(taken) * 1000


def measure(store: GraphStore, jobs: int, *, name: str) -> None:
    """Fill the store and print what plan and walk cost."""
    fill(store, jobs)
    bad, good = NodeId(f"{NAMESPACE}bad"), NodeId(f"{NAMESPACE}good")
    wanted = Wanted(replacements=(Replacement(bad, good),))
    found = plan(store, wanted, EVERYBODY, judge=nothing)
    assert (len(found.jobs), found.left_out) == (jobs, ()), found.left_out[:3]
    planned = typical(lambda: plan(store, wanted, EVERYBODY, judge=nothing))
    walked = typical(lambda: store.walk(Walk(starts=(bad,), steps=TO_EFFECTS)))
    print(f"{name}: {jobs} jobs in {found.levels} levels, plan {planned:.0f} ms, walk {walked:.0f} ms", end="; ")
    print(f"plan : walk = {planned / walked:.2f}")


def main() -> None:
    """Measure on SQLite, then on Neo4j."""
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        store = open_sqlite(Path(folder) / "graph.db", namespace=NAMESPACE)
        measure(store, jobs, name="SQLite")
        store.close()
        try:
            server = stack.enter_context(running_server(Path(folder) / "neo4j"))
        except NoServer as reason:
            print(f"Neo4j was not measured: {reason}")
            return
        store = open_neo4j(server.url, user=server.user, password=server.password, namespace=NAMESPACE)
        measure(store, jobs, name="Neo4j")
        store.close()


if __name__ == "__main__":
    main()
