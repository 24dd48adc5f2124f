"""PROV-O in Turtle and TriG, read back by the PROV library and by an RDF library."""

from __future__ import annotations

import importlib
import importlib.util
import io
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from provstore.errors import NotAcceptable
from provstore.export import turtle
from provstore.export.document import Document
from provstore.export.names import PROV, QNAME, XSD, Namespaces
from provstore.export.records import Literal, Record
from provstore.export.vocabulary import CLASSES
from provstore.graph.model import Subgraph
from tests.parts import require
from tests.unit.export.prov_records import document as read_document
from tests.unit.export.prov_records import every_valid_document, read, records, written
from tests.unit.export.test_random_graphs import OWN, QUIET, any_texts, graphs

E, G, A, B = (f"urn:own#{local}" for local in "egab")


@pytest.fixture(autouse=True)
def rdf(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The library for RDF; it gives back the text of a literal as it was."""
    there = importlib.util.find_spec("rdflib") is not None
    require("rdflib", present=there, reason="the package rdflib is not installed")
    library: Any = importlib.import_module("rdflib")
    monkeypatch.setattr(library, "NORMALIZE_LITERALS", False)
    return library


def quads(text: str) -> list[tuple[Any, ...]]:
    """Read a text with the library for RDF."""
    found: Any = importlib.import_module("rdflib").Dataset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of itself
        found.parse(data=text, format="trig")
        return [*found.quads()]


def text(*given_records: Record) -> str:
    out = io.BytesIO()
    turtle.write_trig_records(given_records, Namespaces([("id", "urn:own#")]), out)
    return out.getvalue().decode()


def body(*given_records: Record) -> str:
    return text(*given_records).partition(" .\n\n")[2].strip()


def test_a_job_is_the_same_as_in_prov_json(job: Document, write: Any) -> None:
    assert read(write(job, "trig"), "rdf", rdf_format="trig") == read(write(job, "prov-json"), "json")


def test_a_job_looks_as_in_the_golden_file(job: Document, write: Any, data: Path) -> None:
    assert write(job, "trig") == (data / "job.trig").read_text(encoding="utf-8")


def test_turtle_is_trig_without_bundles(node: Any, relation: Any, document: Any, write: Any) -> None:
    given_document = document([node("j1", "Activity"), node("e1", "Entity")], [relation("USED", "j1", "e1")])
    assert write(given_document, "turtle") == write(given_document, "trig")


def test_a_bundle_is_refused_in_turtle_before_anything_is_written(job: Document) -> None:
    out = io.BytesIO()
    with pytest.raises(NotAcceptable, match=r"http://example\.org/said#b1 is one: ask for trig"):
        turtle.write(job, out)
    assert out.getvalue() == b""


def told_apart(given_records: list[Record]) -> bool:
    """Whether RDF holds these records, and its readers give back their names: each id is said once."""
    ids = Counter((record.bundle, record.id) for record in given_records if record.id is not None)
    keys = {one[0] for record in given_records for one in record.attributes}
    odd = any(str(name).startswith("file://") for _, name in ids)
    return all(number == 1 for number in ids.values()) and f"{PROV}atLocation" not in keys and not odd


@every_valid_document
def test_every_document_whose_ids_are_said_once_comes_back_equal(row: dict[str, Any]) -> None:
    given_document = read_document(row)
    found = written(turtle.write_trig_records, given_document)
    if not told_apart(list(records(given_document))) or "%% xsd:QName" in given_document.get_provn():
        return
    assert "# provstore" not in found
    assert read(found, "rdf", rdf_format="trig") == given_document


@pytest.mark.parametrize(
    ("record", "triples"),
    [
        (Record("used", None, (A, E, None)), "id:a prov:used id:e ."),
        (
            Record("used", None, (A, E, "2026-05-01")),
            'id:a prov:qualifiedUsage [ a prov:Usage ; prov:entity id:e ; prov:atTime "2026-05-01"^^xsd:dateTime ] .',
        ),
        (Record("used", None, (None, E, None)), "[ a prov:Usage ; prov:entity id:e ] ."),
        (
            Record("wasGeneratedBy", G, (E, A, None)),
            "id:e prov:qualifiedGeneration id:g . id:g a prov:Generation ; prov:activity id:a .",
        ),
        (
            Record("wasInformedBy", None, (E, A)),
            (
                "id:e prov:wasInformedBy id:a . "
                "id:e prov:qualifiedCommunication [ a prov:Communication ; prov:activity id:a ] ."
            ),
        ),
        (
            Record("wasDerivedFrom", None, (E, G, None, None, None), (("http://e#k", "1", f"{XSD}int", None),)),
            'id:e prov:qualifiedDerivation [ a prov:Derivation ; prov:entity id:g ; ns1:k "1"^^xsd:int ] .',
        ),
        (Record("mentionOf", None, (E, G, B)), "id:e prov:mentionOf id:g ; prov:asInBundle id:b ."),
    ],
)
def test_a_relation_is_a_triple_or_a_node(record: Record, triples: str) -> None:
    assert " ".join(body(record).split()) == triples


def of_type(name: str) -> tuple[Literal, ...]:
    return ((f"{PROV}type", PROV + name, QNAME, None),)


@pytest.mark.parametrize(
    ("record", "triples"),
    [
        (Record("entity", E, (), of_type("Plan")), "id:e a prov:Entity, prov:Plan ."),
        (Record("entity", E, (), of_type("Agent")), "id:e a prov:Entity ; prov:type prov:Agent ."),
        (
            Record("entity", E, (), ((f"{PROV}type", "thing", None, "en"),)),
            'id:e a prov:Entity ; prov:type "thing"@en .',
        ),
        (
            Record("wasDerivedFrom", None, (E, G, None, None, None), of_type("Revision")),
            "id:e prov:qualifiedRevision [ a prov:Revision ; prov:entity id:g ] .",
        ),
    ],
)
def test_a_type_is_a_class_where_that_makes_no_other_thing(record: Record, triples: str) -> None:
    assert " ".join(body(record).split()) == triples


def test_a_second_relation_of_one_id_is_another_node_and_that_is_said() -> None:
    first, second = Record("used", G, (A, E, None)), Record("used", G, (B, E, None))
    assert body(first, second).partition("\n\n")[2] == (
        "id:b prov:qualifiedUsage [ a prov:Usage ;\n    prov:entity id:e ;\n    provstore:relationId id:g ] .\n\n"
        "# provstore: RDF cannot tell relations of one id apart: used(urn:own#g; urn:own#b, urn:own#e, -) "
        "has provstore:relationId"
    )


def test_relations_of_one_id_that_differ_in_what_they_lead_to_are_one_node() -> None:
    two = [Record("used", G, (A, end, None)) for end in (E, B)]
    assert len([*read(text(*two), "rdf", rdf_format="trig").get_records()]) == 2


@pytest.mark.parametrize(
    ("given_records", "remark"),
    [
        ([Record("entity", E, ()), Record("agent", E, ())], "several records of one id: agent(urn:own#e)"),
        ([Record("mentionOf", None, (E, G, bundle)) for bundle in (A, B)], "mentioned in another bundle already"),
        ([Record("entity", "urn:own#a b", ())], "'urn:own#a b' is no IRI"),
        ([Record("entity", E, (), (("http://e#k", "x", None, "no language"),))], "'no language' is no language"),
    ],
)
def test_what_rdf_cannot_hold_is_said(given_records: list[Record], remark: str) -> None:
    (comment,) = [line for line in text(*given_records).splitlines() if line.startswith("# provstore: ")]
    assert remark in comment


def test_a_remark_stays_on_its_line() -> None:
    assert "\n# provstore: " in text(Record("entity", "urn:own#a\nid:x a prov:Entity", ()))
    assert "\nid:x a" not in text(Record("entity", "urn:own#a\nid:x a prov:Entity", ()))


@pytest.mark.parametrize(
    "local", ['a"b', "a b", "<a>", "a\\b", "a|b", "{a}", "a^`", "a.", "é", "\u202e", "a\x00b", "a;b,c"]
)
def test_a_hostile_name_is_one_name(local: str) -> None:
    assert len(quads(text(Record("entity", f"urn:own#{local}", ())))) == 1


@QUIET
@given(graphs(any_texts))
def test_whatever_is_in_the_graph_can_be_read_and_keeps_its_texts(graph: Subgraph) -> None:
    out = io.BytesIO()
    turtle.write_trig(Document(graph=graph, own_namespace=OWN), out)
    texts = {str(value) for _, _, value, _ in quads(out.getvalue().decode())}
    names = {node.properties.get("comment") for node in graph.nodes() if not node.labels.isdisjoint(CLASSES)}
    assert names - {None} <= texts
