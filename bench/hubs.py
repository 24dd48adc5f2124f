"""Nodes that very many speak of: a bad file with 100,000 users, and descriptions that stand in each of many documents.

python -m bench.hubs [USERS]
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.imports import bring
from provstore.graph.model import EVERYBODY, PUBLIC, Kind, Label, Node, NodeId, Relation
from provstore.graph.neo4j import open_neo4j
from provstore.graph.sqlite import open_sqlite
from provstore.graph.store import Change, Create, GraphStore
from provstore.queries.lineage import Question, lineage
from provstore.queries.questions.impact import Asked, impact
from tests.neo4j_server import NoServer, running_server

_READERS: Final = frozenset({PUBLIC})
_AT_ONCE: Final = 2_000
_ROUNDS: Final = 7
_EX: Final = "http://example.org/bench#"
_SHARED: Final = 5
_DOCUMENTS: Final = (10, 160, 1_000)


def users_of_one_file(store: GraphStore, count: int) -> NodeId:
    """Store a file and so many activities that used it, each with one product; give the file."""
    bad = NodeId(f"{store.namespace}ebench")
    store.write([Create(Node(bad, frozenset({Label.ENTITY}), {"name": "bad"}, readers=_READERS))])
    for begin in range(0, count, _AT_ONCE):
        changes: list[Change] = []
        for number in range(begin, min(begin + _AT_ONCE, count)):
            user, product = (NodeId(f"{store.namespace}{letter}bench{number:07d}") for letter in "je")
            changes += [
                Create(Node(user, frozenset({Label.ACTIVITY}), readers=_READERS)),
                Create(Node(product, frozenset({Label.ENTITY}), readers=_READERS)),
                Create(Relation(f"bench.u{number}", Kind.USED, user, bad)),
                Create(Relation(f"bench.g{number}", Kind.WAS_GENERATED_BY, product, user)),
            ]
        store.write(changes)
    return bad


def document(number: int) -> bytes:
    """Make a document: one product, derived from the things that all such documents describe."""
    shared = {f"ex:shared{one}": {"prov:label": f"thing {one}", "ex:number": number} for one in range(_SHARED)}
    derived = {
        f"_:d{one}": {"prov:generatedEntity": f"ex:product{number}", "prov:usedEntity": name}
        for one, name in enumerate(shared)
    }
    parts = {"entity": {**shared, f"ex:product{number}": {}}, "wasDerivedFrom": derived}
    return json.dumps({"prefix": {"ex": _EX}, **parts}).encode()


def milliseconds(act: Callable[[], object]) -> float:
    """Give the median of some rounds."""
    times = []
    for _ in range(_ROUNDS):
        begun = time.perf_counter()
        act()
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def measure(name: str, store: GraphStore, users: int) -> None:
    """Print the figures of one store."""
    done, asked = 0, Question(ids=(NodeId(f"{_EX}product0"),))
    for count in _DOCUMENTS:
        for number in range(done, count):
            bring(store, document(number))
        done = count
        took = milliseconds(lambda: lineage(store, asked))
        print(f"{name}: lineage over {_SHARED} things that {count:,} documents describe: {took:.1f} ms")
    bad = users_of_one_file(store, users)
    first = milliseconds(lambda: next(impact(store, EVERYBODY, Asked(id=(bad,))).rows()))
    print(f"{name}: impact of a file with {users:,} direct users, first row: {first:.0f} ms")


def run(users: int) -> None:
    """Measure both stores; Neo4j where it can be started."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_sqlite(Path(folder) / "graph.db")
        measure("SQLite", store, users)
        store.close()
    try:
        with tempfile.TemporaryDirectory() as folder, running_server(Path(folder)) as server:
            neo4j = open_neo4j(server.url, user=server.user, password=server.password)
            measure("Neo4j", neo4j, users)
            neo4j.close()
    except NoServer as error:
        print(f"Neo4j: not measured: {error}")


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
