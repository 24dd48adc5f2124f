"""The VOTable serialisation, read by astropy in its strictest mood and judged by the published schemas."""

from __future__ import annotations

import io
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from astropy.io import votable
from lxml import etree

from provstore.export.document import Document, Model
from provstore.graph.model import Attribute, Subgraph

V = "{http://www.ivoa.net/xml/VOTable/v1.3}"


def tables(text: str) -> dict[str, list[dict[str, str]]]:
    """Rows as astropy reads them, by table and column."""
    found = votable.parse(io.BytesIO(text.encode()), verify="exception")
    return {
        str(table.ID): [{str(field.name): str(row[field.ID]) for field in table.fields} for row in table.array]
        for table in found.iter_tables()
    }


def filled(row: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in row.items() if text}


@pytest.mark.parametrize("version", ["1.4", "1.5"])
@pytest.mark.parametrize("model", Model)
def test_a_votable_is_valid_by_its_schema(version: str, model: Model, job: Document, write: Any, schemas: Path) -> None:
    schema = etree.XMLSchema(etree.parse(schemas / f"VOTable-{version}.xsd", etree.XMLParser(no_network=True)))
    schema.assertValid(etree.fromstring(write(replace(job, model=model, notes=("x",)), "votable").encode()))


def test_a_use_looks_as_in_the_golden_file(job: Document, write: Any, data: Path) -> None:
    graph = job.graph
    assert isinstance(graph, Subgraph)
    small = replace(job, graph=replace(graph, reached=graph.reached[:2], edges=graph.edges[:1]))
    assert write(small, "votable") == (data / "use.vot").read_text(encoding="utf-8")


def test_astropy_finds_each_thing_in_its_table(job: Document, write: Any) -> None:
    found = {name: [filled(row) for row in rows] for name, rows in tables(write(job, "votable")).items()}
    attributes = found.pop("attribute")
    assert found == {
        "activity": [
            {
                "id": "id:j1",
                "name": "stack",
                "startTime": "2026-05-01T12:00:00Z",
                "endTime": "2026-05-01T13:00:00.250Z",
                "activityDescription": "id:d1",
            }
        ],
        "entity": [
            {"id": "id:e1", "class": "DatasetEntity", "name": "raw.fits", "location": "https://example.org/raw.fits"},
            {
                "id": "id:e2",
                "class": "DatasetEntity",
                "name": 'sum "A&B" <1>',
                "location": "sum.fits",
                "generatedAtTime": "2026-05-01T13:00:00.250Z",
            },
            {
                "id": "id:e3",
                "class": "ValueEntity",
                "value": "3.5",
                "generatedAtTime": "2026-05-01T12:00:00Z",
                "invalidatedAtTime": "2026-05-01T13:00:00.250Z",
            },
        ],
        "agent": [
            {"id": "id:a1", "name": "Ada", "type": "Person", "email": "ada@example.org"},
            {"id": "id:a2", "name": "Observatory", "type": "Organization"},
        ],
        "used": [
            {
                "id": "_:r1",
                "activity": "id:j1",
                "entity": "id:e1",
                "role": "input",
                "time": "2026-05-01T12:00:00Z",
                "usageDescription": "id:d2",
            }
        ],
        "wasGeneratedBy": [
            {
                "id": "_:r2",
                "entity": "id:e2",
                "activity": "id:j1",
                "role": "result",
                "time": "2026-05-01T13:00:00.250Z",
            },
            {"id": "_:r3", "entity": "id:e3", "time": "2026-05-01T12:00:00Z"},
        ],
        "wasDerivedFrom": [{"id": "_:r4", "generatedEntity": "id:e2", "usedEntity": "id:e1", "activity": "id:j1"}],
        "wasAssociatedWith": [
            {"id": "_:r5", "activity": "id:j1", "agent": "id:a1", "plan": "id:d1", "role": "Operator"}
        ],
        "wasAttributedTo": [{"id": "_:r6", "entity": "id:e2", "agent": "id:a1", "role": "Creator"}],
        "wasConfiguredBy": [
            {"id": "_:r7", "activity": "id:j1", "artefactType": "ConfigFile", "configFile": "id:c1"},
            {"id": "_:r8", "activity": "id:j1", "artefactType": "Parameter", "parameter": "id:p1"},
        ],
        "parameter": [{"id": "id:p1", "name": "gain", "value": "2", "parameterDescription": "id:d3"}],
        "configFile": [{"id": "id:c1", "name": "settings", "location": "/etc/stack.ini"}],
        "activityDescription": [{"id": "id:d1", "name": "stack", "version": "1.2"}],
        "entityDescription": [
            {"id": "id:d4", "class": "DatasetDescription", "name": "image", "contentType": "image/fits"}
        ],
        "usageDescription": [
            {
                "id": "id:d2",
                "activityDescription": "id:d1",
                "role": "input",
                "type": "Main",
                "multiplicity": "1",
            }
        ],
        "parameterDescription": [
            {"id": "id:d3", "activityDescription": "id:d1", "name": "gain", "valueType": "int", "default": "1"}
        ],
        "describedEntity": [{"description": "id:d2", "entityDescription": "id:d4"}],
        "parameterOption": [
            {"parameterDescription": "id:d3", "seq": "1", "value": "1"},
            {"parameterDescription": "id:d3", "seq": "2", "value": "2"},
        ],
        "wasStartedBy": [{"id": "_:r9", "activity": "id:j1", "time": "2026-05-01T12:00:00Z"}],
        "wasInvalidatedBy": [{"id": "_:r10", "entity": "id:e3", "time": "2026-05-01T13:00:00.250Z"}],
        "actedOnBehalfOf": [{"id": "_:r11", "delegate": "id:a1", "responsible": "id:a2"}],
        "alternateOf": [{"alternate1": "id:e1", "alternate2": "id:e2", "bundle": "ns1:b1"}],
    }
    rows = {(row["owner"], row["key"]): (row["value"], row.get("type")) for row in attributes}
    assert rows["id:p1", "prov:value"] == ("2", "xsd:int")
    assert rows["id:e1", "prov:location"] == ("https://example.org/raw.fits", "xsd:anyURI")
    assert rows["id:j1", "provstore:phase"] == ("COMPLETED", None)
    assert not {key for _, key in rows} & {"prov:label", "voprov:name", "prov:type", "voprov:options"}


def test_what_stands_before_the_tables_follows_the_serialisation(job: Document, write: Any) -> None:
    root = etree.fromstring(write(replace(job, truncated=True), "votable").encode())
    resource = root[0]
    assert dict(resource.attrib.items()) == {
        "ID": "provenance",
        "name": "provenance",
        "type": "results",
        "utype": "voprov:Provenance",
    }
    infos = [(info.get("name"), info.get("value")) for info in resource.findall(f"{V}INFO")]
    assert infos == [("serialisation", "provstore-1"), ("model", "IVOA"), ("truncated", "true")]
    group = resource.find(f"{V}GROUP")
    assert group is not None
    assert [param.get("name") for param in group] == ["id", "ns1", "prov", "provstore", "voprov", "xsd"]


def test_fields_keys_and_foreign_keys_are_declared(job: Document, write: Any) -> None:
    root = etree.fromstring(write(job, "votable").encode())
    (used,) = (table for table in root.iter(f"{V}TABLE") if table.get("ID") == "used")
    assert list(used.attrib.items())[1:] == [("name", "used"), ("utype", "voprov:Used"), ("nrows", "1")]
    fields = {field.get("name"): dict(field.attrib.items()) for field in used.findall(f"{V}FIELD")}
    assert list(fields) == ["id", "activity", "entity", "role", "time", "usageDescription", "bundle"]
    assert fields["time"] == {
        "ID": "used.time",
        "name": "time",
        "datatype": "char",
        "arraysize": "*",
        "xtype": "timestamp",
        "utype": "voprov:Used.time",
    }
    assert fields["bundle"]["utype"] == "prov:Bundle.id"
    groups = [
        (group.get("name"), group.get("utype"), group[0].get("ref"), *(one.get("value") for one in list(group)[1:]))
        for group in used.findall(f"{V}GROUP")
    ]
    assert groups == [
        ("key", None, "used.id"),
        ("foreignKey", "voprov:Used.activity", "used.activity", "activity.id"),
        ("foreignKey", "voprov:Used.entity", "used.entity", "entity.id"),
        ("foreignKey", "voprov:Used.usageDescription", "used.usageDescription", "usageDescription.id"),
    ]


def test_the_order_of_the_graph_changes_no_byte(job: Document, write: Any) -> None:
    graph = job.graph
    assert isinstance(graph, Subgraph)
    shuffled = random.Random(7)  # noqa: S311 -- any order does
    for _ in range(5):
        reached = tuple(shuffled.sample(graph.reached, len(graph.reached)))
        edges = tuple(shuffled.sample(graph.edges, len(graph.edges)))
        mixed = replace(job, graph=replace(graph, reached=reached, edges=edges))
        assert write(mixed, "votable") == write(job, "votable")


def test_an_influence_with_attributes_stays_an_influence(node: Any, relation: Any, document: Any, write: Any) -> None:
    said = (Attribute("http://e.org/why", "because"),)
    given = document(
        [node("j1", "Activity"), node("d1", "ActivityDescription")],
        [relation("IS_DESCRIBED_BY", "j1", "d1", attributes=said)],
    )
    found = tables(write(given, "votable"))
    assert [filled(row) for row in found["wasInfluencedBy"]] == [
        {"id": "_:r2", "influencee": "id:j1", "influencer": "id:d1"}
    ]
    keys = [row["key"] for row in found["attribute"] if row["owner"] == "_:r2"]
    assert keys == ["ns1:why", "prov:type"]


def test_an_empty_document_is_a_votable_without_tables(document: Any, write: Any) -> None:
    assert tables(write(document([], []), "votable")) == {}


def test_several_values_of_a_column_are_rows(node: Any, document: Any, write: Any) -> None:
    comment = "http://www.ivoa.net/documents/ProvenanceDM/index.html#comment"
    more = node("e1", "Entity", comment="one")._replace(attributes=(Attribute(comment, "two"),))
    found = tables(write(document([more], []), "votable"))
    assert found["entity"][0]["comment"] == "one"
    assert [(row["seq"], row["value"]) for row in found["attribute"]] == [("1", "one"), ("2", "two")]


def test_every_relation_has_its_table(node: Any, relation: Any, document: Any, write: Any) -> None:
    nodes = [
        node("j1", "Activity"),
        node("j2", "Activity"),
        node("e1", "Entity"),
        node("e2", "Entity Collection"),
        node("p1", "Parameter", name="n", value="1"),
        node("d4", "EntityDescription", name="image"),
        node("d5", "GenerationDescription", role="out"),
        node("d6", "ActivityDescription", name="x"),
    ]
    relations = [
        relation("WAS_INFORMED_BY", "j2", "j1"),
        relation("HAD_MEMBER", "e2", "e1"),
        relation("HAD_REFERENCE", "p1", "e1"),
        relation("IS_DESCRIBED_BY", "e1", "d4"),
        relation("IS_DESCRIBED_BY", "j1", "d6"),
        relation("IS_RELATED_TO", "d5", "d4"),
        relation("IS_RELATED_TO", "d5", "d6"),
        relation("WAS_GENERATED_BY", "e1", "j1", role="out"),
        relation("WAS_INFLUENCED_BY", "e1", "j1"),
        relation("SPECIALIZATION_OF", "e1", "e2"),
        relation("MENTION_OF", "e1", "e2", arguments={"bundle": "http://e.org/b"}),
        relation("WAS_ENDED_BY", "j1", "e1", arguments={"ender": nodes[1].id}),
    ]
    found = {
        name: [filled(row) for row in rows]
        for name, rows in tables(write(document(nodes, relations), "votable")).items()
    }
    assert found["wasInformedBy"] == [{"id": "_:r2", "informed": "id:j2", "informant": "id:j1"}]
    assert found["hadMember"] == [{"collection": "id:e2", "entity": "id:e1"}]
    assert found["parameter"] == [{"id": "id:p1", "name": "n", "value": "1", "valueEntity": "id:e1"}]
    assert [row.get("entityDescription") for row in found["entity"]] == ["id:d4", None]
    assert found["describedEntity"] == [{"description": "id:d5", "entityDescription": "id:d4"}]
    assert found["wasGeneratedBy"][0]["generationDescription"] == "id:d5"
    assert found["wasInfluencedBy"] == [{"id": "_:r5", "influencee": "id:e1", "influencer": "id:j1"}]
    assert found["specializationOf"] == [{"specificEntity": "id:e1", "generalEntity": "id:e2"}]
    assert found["mentionOf"] == [{"specificEntity": "id:e1", "generalEntity": "id:e2", "mentionedBundle": "ns1:b"}]
    assert found["wasEndedBy"] == [{"id": "_:r4", "activity": "id:j1", "trigger": "id:e1", "ender": "id:j2"}]


def test_a_use_that_names_its_description_says_it_in_a_column(
    node: Any, relation: Any, document: Any, write: Any
) -> None:
    nodes = [node("j1", "Activity"), node("e1", "Entity"), node("d2", "UsageDescription", role="x")]
    uses = [relation("USED", "j1", "e1", arguments={"usageDescription": nodes[2].id})]
    found = tables(write(document(nodes, uses), "votable"))
    assert found["used"][0]["usageDescription"] == "id:d2"
    assert "attribute" not in found
