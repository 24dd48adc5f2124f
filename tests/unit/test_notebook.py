"""Answers as networkx graphs and astropy tables."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import networkx as nx
import pytest
from astropy.table import Table

from provstore.client import ListedJob, Picture, RemoteGraph
from provstore.client.answers import graph_of, node_of, page_of
from provstore.notebook import digraph, job_table, multigraph, relation_table, table


def node(local: str, *classes: str, distance: int = 0, **attributes: Any) -> dict[str, Any]:
    told = {"id": f"urn:x#{local}", "class": list(classes), "label": local, "distance": distance}
    return told | {"attributes": attributes}


def relation(kind: str, source: str, target: str, **more: str) -> dict[str, Any]:
    empty = {"role": "", "time": None}
    return {"kind": kind, "source": f"urn:x#{source}", "target": f"urn:x#{target}"} | empty | more


@pytest.fixture
def graph() -> RemoteGraph:
    facts = {
        "nodes": [
            node("e2", "Dataset", "Entity", size=5, key=["a", "b"]),
            node("j1", "Activity", "Job", distance=1, phase="COMPLETED", cpu=0.5, ok=True, label="mine"),
            node("e1", "Entity", distance=2, size=7, node_for_adding="x", self="y"),
        ],
        "relations": [
            relation("WAS_GENERATED_BY", "e2", "j1", role="out", time="2026-03-01T12:00:00Z"),
            relation("USED", "j1", "e1", role="dark"),
            relation("USED", "j1", "e1", role="flat", time="2026-03-01T11:00:00Z"),
        ],
        "truncated": True,
        "restricted": False,
    }
    return graph_of(facts, lambda: Picture("<svg/>"))


def test_a_multigraph_has_an_edge_for_each_relation_from_effect_to_cause(graph: RemoteGraph) -> None:
    found = multigraph(graph)
    assert sorted((u[-2:], v[-2:], data["role"]) for u, v, data in found.edges(data=True)) == [
        ("e2", "j1", "out"),
        ("j1", "e1", "dark"),
        ("j1", "e1", "flat"),
    ]
    assert nx.descendants(found, "urn:x#e2") == {"urn:x#j1", "urn:x#e1"}
    assert found.graph == {"truncated": True, "restricted": False}


def test_nodes_carry_their_attributes_and_none_hides_what_we_tell(graph: RemoteGraph) -> None:
    assert multigraph(graph).nodes["urn:x#j1"] == {
        "class": "Activity Job",
        "label": "j1",
        "distance": 1,
        "phase": "COMPLETED",
        "cpu": 0.5,
        "ok": True,
        "attribute_label": "mine",
    }


def test_a_digraph_joins_the_relations_between_two_nodes(graph: RemoteGraph) -> None:
    found = digraph(graph)
    assert found.edges["urn:x#j1", "urn:x#e1"] == {
        "relations": 2,
        "kind": "USED",
        "role": "dark flat",
        "time": "2026-03-01T11:00:00Z",
    }
    assert nx.shortest_path(found, "urn:x#e2", "urn:x#e1") == ["urn:x#e2", "urn:x#j1", "urn:x#e1"]
    assert nx.is_directed_acyclic_graph(found)


def test_graphs_can_be_written_as_graphml_where_every_attribute_is_told_once(graph: RemoteGraph) -> None:
    out = io.BytesIO()
    nx.write_graphml(multigraph(graph).subgraph(["urn:x#j1"]), out)
    again = nx.read_graphml(io.BytesIO(out.getvalue()))
    assert again.nodes["urn:x#j1"]["cpu"] == 0.5


def test_a_table_has_typed_columns_and_masks_what_is_not_told(graph: RemoteGraph) -> None:
    found = table(graph)
    assert found.colnames[:4] == ["id", "class", "label", "distance"]
    assert [found[name].dtype.kind for name in ("distance", "size", "cpu", "ok", "phase", "key")] == list("iifbUU")
    assert list(found["size"].mask) == [False, True, False]
    assert list(found["key"].filled("?")) == ["a b", "?", "?"]
    assert found["attribute_label"][1] == "mine"
    assert found.meta == {"truncated": True, "restricted": False}


def test_a_table_of_nodes_can_be_written_and_read_back(graph: RemoteGraph) -> None:
    out = io.StringIO()
    table(graph).write(out, format="ascii.ecsv")
    assert Table.read(out.getvalue(), format="ascii.ecsv")["size"][2] == 7


def test_relations_are_a_table_too(graph: RemoteGraph) -> None:
    found = relation_table(graph)
    assert found.colnames == ["kind", "source", "target", "role", "time"]
    assert list(found["time"].mask) == [False, True, False]


def test_a_page_is_a_table_with_all_that_follow() -> None:
    last = page_of({"items": [{"id": "b", "n": 1 << 70}], "next": None}, lambda _: pytest.fail("asked on"))
    first = page_of({"items": [{"id": "a", "n": 1, "owner": {"id": "p"}}], "next": "k"}, lambda _: last)
    found = table(first)
    assert list(found["n"]) == ["1", str(1 << 70)]
    assert found["owner"][0] == '{"id": "p"}'


@pytest.mark.parametrize(
    ("cells", "kind"), [([1, 2.5], "f"), ([True, 1], "U"), ([1, "x"], "U"), ([None, None], "U"), ([True, None], "b")]
)
def test_a_column_is_of_the_type_of_all_its_cells(cells: list[Any], kind: str) -> None:
    found = table(node_of({"id": str(n), "x": one}) for n, one in enumerate(cells))
    assert found["x"].dtype.kind == kind


def test_nothing_found_is_an_empty_table() -> None:
    assert len(table(())) == 0
    assert len(multigraph(graph_of({"nodes": [], "relations": []}, lambda: Picture("")))) == 0


def test_listed_jobs_are_a_table() -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    one = ListedJob(id="j1", href="h", service="sleep", phase="QUEUED", run_id="", owner="", created_at=at)
    assert list(job_table([one])["created_at"]) == ["2026-03-01T12:00:00+00:00"]


def test_the_client_needs_neither_networkx_nor_astropy_and_the_notebook_says_how_to_get_them() -> None:
    program = (
        "import sys; sys.modules |= {'networkx': None, 'astropy': None}\n"
        "import provstore.client; print(sorted(n for n in sys.modules if n.startswith('provstore.')))\n"
        "import provstore.notebook"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "needs pip install 'provstore[notebook]'" in done.stderr
    loaded = {name.split(".")[1].strip("'") for name in done.stdout.strip("[]\n").split(", ")}
    assert loaded == {"client", "errors"}
