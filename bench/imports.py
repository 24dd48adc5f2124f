"""Import of PROV-JSON: records per second on both stores, against one transaction a record, and the memory it takes.

python -m bench.imports [RECORDS]
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Final

from provstore.graph.model import EVERYBODY, PUBLIC, Label, Node, NodeId
from provstore.graph.neo4j import open_neo4j
from provstore.graph.sqlite import open_sqlite
from provstore.graph.store import GraphStore
from provstore.ingest.documents import Author, Documents, Source
from provstore.ingest.provjson import read
from tests.neo4j_server import NoServer, running_server

_READERS: Final = frozenset({PUBLIC})
_SOURCE: Final = Source(name="bench.json", notation="prov-json", size=0, sha256="")
_ONE_BY_ONE: Final = 300


def document(records: int, salt: str) -> bytes:
    """Make a document: of seven records two entities with two attributes each, an activity, and four relations."""
    parts: dict[str, dict[str, object]] = {name: {} for name in _SECTIONS}
    for number in range(records // 7):
        file, other, step = (f"ex:{salt}{word}{number}" for word in ("in", "out", "step"))
        parts["entity"][file] = {"prov:label": f"file {number}", "ex:size": {"$": str(number), "type": "xsd:int"}}
        parts["entity"][other] = {"prov:label": f"product {number}", "ex:quality": "good"}
        parts["activity"][step] = {"prov:startTime": "2026-01-01T00:00:00Z", "prov:endTime": "2026-01-01T00:01:00Z"}
        parts["used"][f"_:u{number}"] = {"prov:activity": step, "prov:entity": file, "prov:role": "input"}
        parts["wasGeneratedBy"][f"_:g{number}"] = {"prov:entity": other, "prov:activity": step}
        parts["wasDerivedFrom"][f"_:d{number}"] = {"prov:generatedEntity": other, "prov:usedEntity": file}
        parts["wasAssociatedWith"][f"_:a{number}"] = {"prov:activity": step, "prov:agent": "ex:me"}
    return json.dumps({"prefix": {"ex": "http://example.org/bench#"}, **parts}).encode()


_SECTIONS: Final = (
    "entity",
    "activity",
    "used",
    "wasGeneratedBy",
    "wasDerivedFrom",
    "wasAssociatedWith",
)


def author(store: GraphStore) -> Author:
    """Give somebody who imports for everybody to see."""
    agent = Node(NodeId(f"{store.namespace}abench"), frozenset({Label.AGENT}), {"name": "bench"}, readers=_READERS)
    return Author(agent=agent, viewer=EVERYBODY, readers=_READERS)


def bring(store: GraphStore, data: bytes) -> int:
    """Import a document; give its number of records."""
    reading = read(io.BytesIO(data), unqualified="urn:x:")
    return Documents(store).add(reading, _SOURCE, author(store)).records


def timed(act: Callable[[], int]) -> tuple[int, float]:
    """Give what an act counted, and the seconds that it took."""
    begun = time.perf_counter()
    counted = act()
    return counted, time.perf_counter() - begun


def measure(name: str, store: GraphStore, records: int) -> None:
    """Print the figures of one store."""
    salt = f"{time.time_ns()}"
    bring(store, document(700, f"{salt}warm"))
    counted, seconds = timed(lambda: bring(store, document(records, f"{salt}many")))
    print(f"{name}: {counted} records in {seconds:.2f} s: {counted / seconds:,.0f} records/s")
    single, alone = timed(lambda: sum(bring(store, document(7, f"{salt}{n}-")) for n in range(_ONE_BY_ONE // 7)))
    each = single / alone
    ratio = counted / seconds / each
    print(f"{name}: a transaction for each 7 records: {each:,.0f} records/s; together {ratio:.1f} times")
    tracemalloc.start()
    bring(store, document(records, f"{salt}mem"))
    data = len(document(records, f"{salt}mem")) / 1e6
    print(f"{name}: peak of traced memory {tracemalloc.get_traced_memory()[1] / 1e6:.0f} MB, document {data:.0f} MB")
    tracemalloc.stop()


def run(records: int) -> None:
    """Measure both stores; Neo4j where it can be started."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_sqlite(Path(folder) / "graph.db")
        measure("SQLite", store, records)
        store.close()
    try:
        with tempfile.TemporaryDirectory() as folder, running_server(Path(folder)) as server:
            neo4j = open_neo4j(server.url, user=server.user, password=server.password)
            measure("Neo4j", neo4j, records)
            neo4j.close()
    except NoServer as error:
        print(f"Neo4j: not measured: {error}")


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
