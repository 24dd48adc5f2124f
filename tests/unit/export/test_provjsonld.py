"""PROV-JSONLD, read back by the PROV library and judged by the schema of the submission."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prov.model import ProvDocument

from provstore.export import provjson, provjsonld
from provstore.export.document import Document, Model
from provstore.export.names import Namespaces
from provstore.export.records import Record
from provstore.graph.model import Subgraph
from tests.unit.export.prov_records import document as read_document
from tests.unit.export.prov_records import every_valid_document, read, written
from tests.unit.export.test_random_graphs import OWN, QUIET, any_texts, graphs

NO_MENTIONS = "mentionOf("
PREFIXES = [
    ("id", "urn:own#"),
    ("type", "http://e.org/type#"),
    ("bare", "http://e.org/bare"),
    ("a-b", "http://e.org/ab#"),
]


def objects(*records: Record) -> list[dict[str, Any]]:
    out = io.BytesIO()
    provjsonld.write_records(records, Namespaces(PREFIXES), out)
    found: list[dict[str, Any]] = json.loads(out.getvalue())["@graph"]
    return found


@pytest.mark.parametrize("model", Model)
def test_a_job_is_the_same_as_in_prov_json(model: Model, job: Document, write: Any) -> None:
    told = replace(job, model=model, truncated=True, notes=("no such id: x",))
    assert read(write(told, "prov-jsonld"), "jsonld") == read(write(told, "prov-json"), "json")


def test_a_job_looks_as_in_the_golden_file(job: Document, write: Any, data: Path) -> None:
    assert write(job, "prov-jsonld") == (data / "job.jsonld").read_text(encoding="utf-8")


@pytest.mark.parametrize("model", Model)
def test_it_is_valid_by_its_schema(model: Model, job: Document, write: Any, schemas: Path) -> None:
    schema = json.loads((schemas / "prov-jsonld.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert list(validator.iter_errors(json.loads(write(replace(job, model=model), "prov-jsonld")))) == []


@every_valid_document
def test_every_document_of_other_people_comes_back_equal(row: dict[str, Any], schemas: Path) -> None:
    given_document = read_document(row)
    text = written(provjsonld.write_records, given_document)
    schema = json.loads((schemas / "prov-jsonld.schema.json").read_text(encoding="utf-8"))
    assert list(jsonschema.validators.validator_for(schema)(schema).iter_errors(json.loads(text))) == []
    if NO_MENTIONS in given_document.get_provn():
        assert "PROV-JSONLD has no mentionOf" in text
    elif "%% xsd:QName" not in given_document.get_provn():
        assert read(text, "jsonld") == given_document


def test_an_empty_document_is_a_document(document: Any, write: Any) -> None:
    assert read(write(document([], []), "prov-jsonld"), "jsonld") == ProvDocument()


def test_two_relations_of_one_id_are_kept_apart() -> None:
    found = objects(*(Record("used", "urn:own#u", ("urn:own#a", f"urn:own#{end}", None)) for end in ("e1", "e2")))
    assert [(one["@id"], one["entity"]) for one in found] == [("id:u", "id:e1"), ("id:u", "id:e2")]


def test_a_mention_is_told_by_attributes_and_a_note() -> None:
    mention, answer = objects(Record("mentionOf", None, ("urn:own#e", "urn:own#g", "urn:own#b"), (), "urn:own#c"))
    assert answer["@graph"] == [
        {
            "@type": "Entity",
            "@id": "id:e",
            "prov:mentionOf": [{"@value": "id:g", "@type": "xsd:QName"}],
            "prov:asInBundle": [{"@value": "id:b", "@type": "xsd:QName"}],
        }
    ]
    assert mention["@id"] == "provstore:answer"
    assert mention["provstore:note"] == [
        {
            "@value": "PROV-JSONLD has no mentionOf: mentionOf(urn:own#e, urn:own#g, urn:own#b) in bundle urn:own#c "
            "is told by attributes of its first entity"
        }
    ]


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("urn:own#e", "id:e"),
        ("http://e.org/type#x", "http://e.org/type#x"),
        ("http://e.org/barex", "http://e.org/barex"),
        ("urn:own#//1", "urn:own#//1"),
        ("http://e.org/ab#x", "a-b:x"),
        ("type:x", "ns1:x"),
        ("_:b1", "_:b1"),
    ],
)
def test_a_name_is_short_only_where_json_ld_reads_it_so(uri: str, text: str) -> None:
    assert objects(Record("entity", uri, ()))[0]["@id"] == text


def test_the_key_of_an_attribute_has_no_prefix_that_the_schema_refuses() -> None:
    (found,) = objects(Record("entity", "urn:own#e", (), (("http://e.org/ab#k", "x", None, None),)))
    assert found["http://e.org/ab#k"] == [{"@value": "x"}]


def test_a_label_with_a_type_and_a_role_where_none_is_foreseen_have_their_full_names() -> None:
    label = ("http://www.w3.org/ns/prov#label", "7", "http://www.w3.org/2001/XMLSchema#int", None)
    role = ("http://www.w3.org/ns/prov#role", "x", None, "en")
    found = objects(Record("wasAttributedTo", None, ("urn:own#e", "urn:own#a"), (label, role)))
    assert found == [
        {
            "@type": "Attribution",
            "entity": "id:e",
            "agent": "id:a",
            "prov:label": [{"@value": "7", "@type": "xsd:int"}],
            "prov:role": [{"@value": "x", "@language": "en"}],
        }
    ]


@QUIET
@given(graphs(any_texts), st.sampled_from(Model))
def test_whatever_is_in_the_graph_it_says_the_same_as_prov_json(graph: Subgraph, model: Model) -> None:
    told = Document(graph=graph, own_namespace=OWN, model=model)
    texts = []
    for writer in (provjsonld, provjson):
        out = io.BytesIO()
        writer.write(told, out)
        texts.append(out.getvalue().decode())
    if "has no mentionOf" not in texts[0]:
        assert read(texts[0], "jsonld") == read(texts[1], "json")
