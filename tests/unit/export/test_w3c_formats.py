"""PROV-N, PROV-JSON and PROV-XML, read back by the PROV library and judged by the published schemas."""

from __future__ import annotations

import copy
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lxml import etree
from prov.identifier import Identifier, QualifiedName
from prov.model import Literal, ProvDocument

from provstore.export import provjson, provn, provxml
from provstore.export.document import Document, Model
from provstore.export.names import Namespaces
from provstore.export.records import Record
from provstore.graph.model import Attribute, Label, Node, NodeId

READERS = {"prov-n": "provn", "prov-json": "json", "prov-xml": "xml"}
SUFFIXES = {"prov-n": "provn", "prov-json": "json", "prov-xml": "xml"}
NAMESPACE = "urn:uuid:01975c3e-0000-7000-8000-000000000000#"
FOREIGN = "http://example.org/said#"


def read(text: str, name: str) -> ProvDocument:
    found = ProvDocument.deserialize(content=text, format=READERS[name])
    assert isinstance(found, ProvDocument)
    return found


NOON, ONE = datetime(2026, 5, 1, 12, tzinfo=UTC), datetime(2026, 5, 1, 13, 0, 0, 250000, tzinfo=UTC)


class ByHand:
    """The document of the fixture ``job``, as somebody who knows the mapping would build it."""

    def __init__(self, *, ivoa: bool = True) -> None:
        self.doc = ProvDocument()
        self.doc.add_namespace("id", NAMESPACE)
        self.doc.add_namespace("voprov", "http://www.ivoa.net/documents/ProvenanceDM/index.html#")
        self.doc.add_namespace("provstore", "urn:provstore:terms#")
        self.doc.add_namespace("said", FOREIGN)
        self.add_elements()
        self.add_relations("id:d1" if ivoa else None)
        if ivoa:
            self.add_descriptions()
            self.add_influences()
        else:
            self.add_uses_of_parameters()

    def name(self, text: str) -> QualifiedName:
        found = self.doc.valid_qualified_name(text)
        assert found is not None
        return found

    def typed(self, text: str, datatype: str) -> Literal:
        return Literal(text, self.name(f"xsd:{datatype}"))

    def types(self, *names: str) -> list[tuple[str, Any]]:
        return [("prov:type", self.name(one)) for one in names]

    def add_elements(self) -> None:
        doc, typed, types = self.doc, self.typed, self.types
        state = [("provstore:service", "stack"), ("provstore:phase", "COMPLETED"), ("provstore:createdAt", NOON)]
        state += [("provstore:exitCode", typed("0", "long")), ("provstore:cpuSeconds", 1.5)]
        doc.activity("id:j1", NOON, ONE, [*types("voprov:Activity"), *named("stack"), *state])
        location = ("prov:location", Identifier("https://example.org/raw.fits"))
        size = ("provstore:size", typed("2880", "long"))
        doc.entity("id:e1", [*types("voprov:DatasetEntity"), *named("raw.fits"), location, size])
        kept = [("prov:location", "sum.fits"), ("voprov:contentType", "image/fits")]
        doc.entity("id:e2", [*types("voprov:DatasetEntity"), *named('sum "A&B" <1>'), *kept])
        doc.entity("id:e3", [*types("voprov:ValueEntity"), ("prov:value", "3.5")])
        value = [("prov:value", typed("2", "int")), ("voprov:valueType", "int"), ("voprov:unit", "adu")]
        doc.entity("id:p1", [*types("voprov:Parameter"), *named("gain"), *value, ("provstore:given", True)])
        configuration = [("prov:location", "/etc/stack.ini"), ("provstore:sha256", "00ff")]
        doc.entity("id:c1", [*types("voprov:ConfigFile"), *named("settings"), *configuration])
        email = ("voprov:email", "ada@example.org")
        doc.agent("id:a1", [*types("voprov:Agent", "prov:Person"), *named("Ada"), email])
        doc.agent("id:a2", [*types("voprov:Agent", "prov:Organization"), *named("Observatory")])

    def add_relations(self, plan: str | None) -> None:
        doc = self.doc
        doc.usage("id:j1", "id:e1", NOON, other_attributes={"prov:role": "input"})
        doc.generation("id:e2", "id:j1", ONE, other_attributes={"prov:role": "result"})
        doc.derivation("id:e2", "id:e1", "id:j1")
        doc.association("id:j1", "id:a1", plan, other_attributes={"prov:role": "Operator"})
        doc.attribution("id:e2", "id:a1", other_attributes={"voprov:role": "Creator"})
        doc.delegation("id:a1", "id:a2")
        doc.start("id:j1", None, None, NOON)
        doc.generation("id:e3", None, NOON)
        doc.invalidation("id:e3", None, ONE)
        doc.bundle("said:b1").alternate("id:e1", "id:e2")

    def add_uses_of_parameters(self) -> None:
        for parameter, role in (("id:p1", "gain"), ("id:c1", "settings")):
            said = {"prov:role": role, "voprov:usageType": "Setup"}
            self.doc.usage("id:j1", parameter, other_attributes=said)

    def add_descriptions(self) -> None:
        doc, types = self.doc, self.types
        version = [("voprov:version", "1.2"), ("provstore:revision", self.typed("3", "long"))]
        doc.entity("id:d1", [*types("voprov:ActivityDescription", "prov:Plan"), *named("stack"), *version])
        usage = [("voprov:role", "input"), ("voprov:type", "Main"), ("voprov:multiplicity", "1")]
        doc.entity("id:d2", [*types("voprov:UsageDescription"), *usage])
        choice = [("voprov:options", one) for one in "12"]
        choice += [("voprov:default", "1"), ("voprov:valueType", "int")]
        doc.entity("id:d3", [*types("voprov:ParameterDescription"), *named("gain"), *choice])
        content = ("voprov:contentType", "image/fits")
        doc.entity("id:d4", [*types("voprov:EntityDescription"), *named("image"), content])

    def add_influences(self) -> None:
        for source, target, kind in (
            ("j1", "d1", "Description"),
            ("p1", "d3", "Description"),
            ("d2", "d1", "RelatedTo"),
            ("d3", "d1", "RelatedTo"),
            ("d4", "d2", "RelatedTo"),
        ):
            mark = self.types(f"voprov:{kind}Relation")
            self.doc.influence(f"id:{source}", f"id:{target}", other_attributes=mark)
        for target, artefact in (("p1", "Parameter"), ("c1", "ConfigFile")):
            marks = [*self.types("voprov:ConfigurationRelation"), ("voprov:artefactType", artefact)]
            self.doc.influence("id:j1", f"id:{target}", other_attributes=marks)


def named(text: str) -> list[tuple[str, Any]]:
    return [("prov:label", text), ("voprov:name", text)]


@pytest.mark.parametrize("name", READERS)
def test_a_job_comes_out_as_one_would_build_it_by_hand(name: str, job: Document, write: Any) -> None:
    assert read(write(job, name), name) == ByHand().doc


@pytest.mark.parametrize("name", READERS)
def test_the_w3c_form_leaves_descriptions_out_and_says_that_parameters_were_used(
    name: str, job: Document, write: Any
) -> None:
    assert read(write(replace(job, model=Model.W3C), name), name) == ByHand(ivoa=False).doc


@pytest.mark.parametrize("name", READERS)
def test_a_job_looks_as_in_the_golden_file(name: str, job: Document, write: Any, data: Path) -> None:
    golden = data / f"job.{SUFFIXES[name]}"
    assert write(job, name) == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("model", Model)
def test_prov_xml_is_valid_by_its_schema(model: Model, job: Document, write: Any, schemas: Path) -> None:
    schema = etree.XMLSchema(etree.parse(schemas / "prov.xsd", etree.XMLParser(no_network=True)))
    schema.assertValid(etree.fromstring(write(replace(job, model=model, truncated=True), "prov-xml").encode()))


def corrected_schema(schemas: Path) -> dict[str, Any]:
    """The published schema, where it spells a relation wrongly (wasEndedby)."""
    schema: dict[str, Any] = json.loads((schemas / "prov-json.schema.json").read_text(encoding="utf-8"))
    fixed = copy.deepcopy(schema)
    fixed["properties"]["wasEndedBy"] = fixed["properties"].pop("wasEndedby")
    return fixed


@pytest.mark.parametrize("model", Model)
def test_prov_json_is_valid_by_its_schema(model: Model, job: Document, write: Any, schemas: Path) -> None:
    schema = corrected_schema(schemas)
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert list(validator.iter_errors(json.loads(write(replace(job, model=model, truncated=True), "prov-json")))) == []


@pytest.mark.parametrize("name", READERS)
def test_an_answer_says_what_is_missing(name: str, node: Any, document: Any, write: Any) -> None:
    told = document([node("e1", "Entity")], [], truncated=True, restricted=True, notes=("no such id: x",))
    found = read(write(told, name), name)
    (answer,) = found.get_record("provstore:answer")
    said = {(str(key), value) for key, value in answer.attributes}
    assert {
        ("provstore:truncated", True),
        ("provstore:restricted", True),
        ("provstore:note", "no such id: x"),
    } <= said


@pytest.mark.parametrize("name", READERS)
def test_a_plan_without_agent_is_said(name: str, node: Any, relation: Any, document: Any, write: Any) -> None:
    given = document(
        [node("j1", "Activity"), node("d1", "ActivityDescription")], [relation("IS_DESCRIBED_BY", "j1", "d1")]
    )
    assert "wasAssociatedWith(id:j1, -, id:d1)" in read(write(given, name), name).get_provn()


@pytest.mark.parametrize("name", READERS)
def test_a_node_of_two_classes_is_two_elements(name: str, node: Any, document: Any, write: Any) -> None:
    found = read(write(document([node("x", "Entity Agent", name="robot")], []), name), name)
    assert sorted(str(record.get_type()) for record in found.get_record("id:x")) == ["prov:Agent", "prov:Entity"]


@pytest.mark.parametrize("name", READERS)
def test_relations_with_one_id_are_kept_apart(name: str, node: Any, relation: Any, document: Any, write: Any) -> None:
    nodes = [node("j1", "Activity"), node("e1", "Entity"), node("e2", "Entity")]
    twice = [relation("USED", "j1", file, relation_id=f"{FOREIGN}u1") for file in ("e1", "e2")]
    found = read(write(document(nodes, twice), name), name)
    assert len([record for record in found.get_records() if str(record.identifier).endswith("u1")]) == 2


def test_elements_with_one_id_become_a_list_in_json() -> None:
    out = io.BytesIO()
    twice = [Record("entity", "http://e.org/a", (), (("http://e.org/k", text, None, None),)) for text in "xy"]
    provjson.write_records(twice, Namespaces([("id", "http://own#")]), out)
    assert json.loads(out.getvalue())["entity"] == {"ns1:a": [{"ns1:k": "x"}, {"ns1:k": "y"}]}


def test_an_empty_document_is_a_document(document: Any, write: Any) -> None:
    found = [read(write(document([], []), name), name) for name in READERS]
    assert found == [ProvDocument()] * 3


def test_a_document_gets_its_own_prefixes_back(document: Any, write: Any) -> None:
    foreign = Node(NodeId(f"{FOREIGN}e1"), frozenset({Label.ENTITY}))
    text = write(document([foreign], [], prefixes={"said": FOREIGN, "prov": "http://else.org/", "1": "x"}), "prov-n")
    assert "  prefix said <http://example.org/said#>\n" in text
    assert "entity(said:e1" in text
    assert "else.org" not in text


def test_attributes_that_a_node_carries_are_written_as_they_are(node: Any, document: Any, write: Any) -> None:
    carried = (
        Attribute(f"{FOREIGN}k", "1.00", "http://www.w3.org/2001/XMLSchema#decimal"),
        Attribute(f"{FOREIGN}k", "Gut", None, "de"),
        Attribute("http://www.w3.org/ns/prov#type", f"{FOREIGN}T", "http://www.w3.org/2001/XMLSchema#QName"),
    )
    given = document([node("e1", "Entity", name="x")._replace(attributes=carried)], [])
    found = [read(write(given, name), name) for name in READERS]
    assert found[0] == found[1] == found[2]
    assert 'ns1:k="1.00" %% xsd:decimal, ns1:k="Gut"@de' in write(given, "prov-n")


def test_control_characters_survive_in_json_and_prov_n_and_are_marked_as_lost_in_xml(
    node: Any, document: Any, write: Any
) -> None:
    given = document([node("e1", "Entity", name="a\x01b\x0c\ud800")], [])
    labels = {name: str(read(write(given, name), name).get_record("id:e1")[0].label) for name in READERS}
    assert labels == {"prov-n": "a\x01b\x0c\ufffd", "prov-json": "a\x01b\x0c\ufffd", "prov-xml": "a\ufffdb\ufffd\ufffd"}


@pytest.mark.parametrize("writer", [provn, provjson, provxml])
def test_more_text_than_fits_into_memory_buffers_comes_out_whole(writer: Any) -> None:
    records = [Record("entity", f"http://e.org/e{number}", ()) for number in range(20_000)]
    out = io.BytesIO()
    writer.write_records(records, Namespaces([("id", "http://own#")]), out)
    assert out.getvalue().count(b"ns1:e") == 20_000
