"""Elements for cytoscape.js."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from provstore.export import cytoscape
from provstore.export.document import Document
from provstore.export.names import Namespaces
from provstore.export.records import Record
from provstore.graph.model import Reached, Subgraph
from tests.unit.export.prov_records import document as read_document
from tests.unit.export.prov_records import every_valid_document, written

E, A, B = (f"urn:own#{local}" for local in "eab")


def elements(*records: Record) -> Any:
    out = io.BytesIO()
    cytoscape.write_records(records, Namespaces([("id", "urn:own#")]), out)
    return json.loads(out.getvalue())


def test_a_job_looks_as_in_the_golden_file(job: Document, write: Any, data: Path) -> None:
    assert write(job, "cytoscape") == (data / "job.cyjs").read_text(encoding="utf-8")


def test_a_node_says_how_far_it_is(node: Any, write: Any) -> None:
    reached = (Reached(node("j1", "Activity", name="x"), 0), Reached(node("e1", "Entity"), 1))
    found = json.loads(write(Document(graph=Subgraph(reached=reached, edges=()), own_namespace=""), "cytoscape"))
    assert [one["data"]["distance"] for one in found["elements"]["nodes"]] == [0, 1]


def test_an_answer_says_what_is_missing(document: Any, write: Any) -> None:
    found = json.loads(write(document([], [], truncated=True, restricted=True, notes=("no such id",)), "cytoscape"))
    assert found["data"] == {"model": "IVOA", "truncated": True, "restricted": True, "notes": ["no such id"]}
    assert found["elements"] == {"nodes": [], "edges": []}


def test_an_edge_leads_from_effect_to_cause_and_keeps_further_arguments() -> None:
    role = (("http://www.w3.org/ns/prov#role", "input", None, None),)
    (edge,) = elements(Record("wasStartedBy", "urn:own#s", (A, E, B, "2026-05-01T12:00:00Z"), role))["elements"][
        "edges"
    ]
    assert edge["data"] == {
        "id": "edge1",
        "source": A,
        "target": E,
        "kind": "wasStartedBy",
        "relation": "urn:own#s",
        "role": "input",
        "starterId": B,
        "time": "2026-05-01T12:00:00Z",
        "class": [],
        "properties": {},
    }


def test_what_nothing_describes_is_a_node_too() -> None:
    found = elements(Record("used", None, (A, E, None)), Record("activity", A, (None, None)))["elements"]["nodes"]
    assert [(one["data"]["id"], one["data"]["kind"], one["data"].get("declared")) for one in found] == [
        (A, "activity", None),
        (E, "entity", False),
    ]


def test_records_of_one_id_are_one_node() -> None:
    found = elements(Record("entity", E, ()), Record("agent", E, ()), Record("entity", E, (), (), "urn:own#b"))
    (node,) = found["elements"]["nodes"]
    assert node["data"]["kinds"] == ["entity", "agent"]
    assert found["data"]["notes"] == ["a node is drawn once: entity(urn:own#e) in bundle urn:own#b is left out"]


def test_a_relation_without_an_end_is_left_out_and_that_is_said() -> None:
    found = elements(Record("used", None, (A, None, None)))
    assert found["elements"] == {"nodes": [], "edges": []}
    assert found["data"]["notes"] == ["an edge has two ends: used(urn:own#a, -, -) is left out"]


@every_valid_document
def test_every_edge_of_other_peoples_documents_has_its_ends(row: dict[str, Any]) -> None:
    found = json.loads(written(cytoscape.write_records, read_document(row)))["elements"]
    ids = [one["data"]["id"] for one in found["nodes"]]
    assert len(ids) == len(set(ids))
    assert {one["data"][end] for one in found["edges"] for end in ("source", "target")} <= set(ids)
