"""What questions of the catalogue cost as the graph grows, with the same answers.

    python -m bench.questions [RUNS]

Loads runs of a small workflow (39 nodes each) as documents, and asks the same of the first of them.
"""

from __future__ import annotations

import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.imports import author
from provstore.graph.model import EVERYBODY
from provstore.graph.neo4j import open_neo4j
from provstore.graph.sqlite import open_sqlite
from provstore.graph.store import GraphStore
from provstore.ingest.documents import Documents, Source
from provstore.ingest.provjson import read
from provstore.queries.asking import Asker, answer
from provstore.queries.catalog import by_name
from tests.neo4j_server import NoServer, running_server
from tests.web.challenge import challenge

_ASKED: Final[Mapping[str, tuple[str, Mapping[str, Sequence[str]]]]] = {
    "K1 everything upstream": ("lineage", {"id": ["ex:Atlas_x_Graphic_0"]}),
    "K2 not before softmean": ("lineage", {"id": ["ex:Atlas_x_Graphic_0"], "stop": ["description:softmean"]}),
    "K3 stages from 3 on": ("lineage", {"id": ["ex:Atlas_x_Graphic_0"], "where": ["activity.ex:stage>=3"]}),
    "K4 by parameter and day": (
        "search",
        {"class": ["activity"], "description": ["align_warp"], "parameter": ["m:first"], "weekday": ["mon"]},
    ),
    "K5 below an attribute": ("search", {"name": ["Atlas*Graphic*"], "upstream": ["entity[ex:mark=first]"]}),
    "K6 outputs below a step": (
        "search",
        {"generated-by": ["softmean"], "upstream": ["activity[description=align_warp,parameter=m:first]"]},
    ),
    "K8 outputs of an input": ("search", {"generated-by": ["align_warp"], "input": ["entity[ex:mark=first]"]}),
    "K9 annotations": ("search", {"attribute": ["ex:mark:first"], "fields": ["attributes"]}),
    "impact": ("lineage", {"id": ["ex:anatomy1.img_0"], "direction": ["down"]}),
}
_ROUNDS: Final = 7
_SOURCE: Final = Source(name="run.json", notation="prov-json", size=0, sha256="")
_TOGETHER: Final = 4_000


def load(store: GraphStore, runs: range) -> None:
    """Import runs, several to a document; the first of all carries marks that no other has."""
    documents = Documents(store)
    for begin in range(runs.start, runs.stop, _TOGETHER):
        whole: dict[str, dict[str, object]] = {}
        for number in range(begin, min(begin + _TOGETHER, runs.stop)):
            for section, members in challenge(f"_{number}").items():
                is_nameless = section.startswith("was") or section == "used"
                names = {name: f"{name}x{number}" if is_nameless else name for name in members}
                whole.setdefault(section, {}).update({names[name]: facts for name, facts in members.items()})
        if begin == 0:
            mark(whole)
        reading = read(io.BytesIO(json.dumps(whole).encode()), unqualified="urn:x:")
        documents.add(reading, _SOURCE, author(store))


def mark(whole: Mapping[str, dict[str, object]]) -> None:
    """Mark the first run."""
    entities: dict[str, dict[str, object]] = whole["entity"]  # type: ignore[assignment]  # of PROV-JSON
    entities["ex:anatomy1.img_0"]["ex:mark"] = "first"
    for number in range(1, 5):
        entities[f"ex:align{number}_0.m"]["prov:value"] = "first"


def measure(store: GraphStore) -> dict[str, tuple[float, int]]:
    """Give for each question the median of its milliseconds, and the size of its answer."""
    asker = Asker(store=store, viewer=EVERYBODY)
    found: dict[str, tuple[float, int]] = {}
    for title, (name, given) in _ASKED.items():
        question = by_name(name)
        assert question is not None
        times = []
        for _ in range(_ROUNDS):
            begun = time.perf_counter()
            got = answer(question, given, asker)
            times.append((time.perf_counter() - begun) * 1000)
        found[title] = statistics.median(times), len(getattr(got, "items", getattr(got, "reached", ())))
    return found


def compare(name: str, store: GraphStore, *, small: int, large: int) -> None:
    """Print what the questions cost in a small and in a large graph."""
    load(store, range(small))
    before = measure(store)
    load(store, range(small, large))
    after = measure(store)
    print(f"{name}: {small * 39:,} and {large * 39:,} nodes")
    for title, (milliseconds, size) in after.items():
        ratio = milliseconds / before[title][0]
        same = "" if before[title][1] == size else f" (ANSWERS DIFFER: {before[title][1]})"
        print(f"  {title:<26} {before[title][0]:8.1f} ms {milliseconds:8.1f} ms  x{ratio:.2f}  {size} rows{same}")


def run(large: int) -> None:
    """Measure both stores; Neo4j, where it can be started, with a third of the runs."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_sqlite(Path(folder) / "graph.db")
        compare("SQLite", store, small=large // 100 or 1, large=large)
        store.close()
    try:
        with tempfile.TemporaryDirectory() as folder, running_server(Path(folder)) as server:
            neo4j = open_neo4j(server.url, user=server.user, password=server.password)
            compare("Neo4j", neo4j, small=large // 100 or 1, large=large // 3)
            neo4j.close()
    except NoServer as error:
        print(f"Neo4j: not measured: {error}")


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 25_600)
