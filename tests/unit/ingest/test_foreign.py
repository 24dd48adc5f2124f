"""Reading PROV-O in Turtle and TriG through the library: what comes through, and what is refused."""

from __future__ import annotations

import logging
import socket
from io import BytesIO

import pytest

from provstore.errors import Malformed, TooLarge
from provstore.graph.model import PROV, QNAME, XSD, Attribute
from provstore.graph.statements import Statement
from provstore.ingest.foreign import MOST_BYTES_OF_TURTLE, read_turtle
from provstore.ingest.reading import Reading

EX = "http://example.org/"
HEAD = f"@prefix prov: <{PROV}> .\n@prefix ex: <{EX}> .\n@prefix xsd: <{XSD}> .\n"
RELATIVE = "urn:here:"


def begin(text: str, *, head: str = HEAD) -> Reading:
    return read_turtle(BytesIO((head + text).encode()), unqualified=RELATIVE)


def said(text: str) -> list[Statement]:
    return list(begin(text).statements)


def refusal(text: str, *, head: str = HEAD) -> str:
    with pytest.raises(Malformed) as caught:
        list(begin(text, head=head).statements)
    return str(caught.value)


@pytest.fixture(autouse=True)
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rdflib logs what it can't make a value of."""
    monkeypatch.setattr(logging.root.manager, "disable", logging.CRITICAL)


def test_plain_and_qualified_relations_are_read() -> None:
    text = (
        "ex:e a prov:Entity ; prov:wasAttributedTo ex:g .\n"
        "ex:a a prov:Activity ; prov:startedAtTime '2026-03-01T12:00:00Z'^^xsd:dateTime ;"
        " prov:qualifiedUsage [ a prov:Usage ; prov:entity ex:e ; prov:hadRole ex:main ] .\n"
    )
    assert [(one.kind, one.id, dict(one.arguments), one.attributes) for one in said(text)] == [
        ("activity", f"{EX}a", {"startTime": "2026-03-01T12:00:00+00:00"}, ()),
        ("entity", f"{EX}e", {}, ()),
        ("used", "", {"activity": f"{EX}a", "entity": f"{EX}e"}, (Attribute(f"{PROV}role", f"{EX}main", QNAME),)),
        ("wasAttributedTo", "", {"entity": f"{EX}e", "agent": f"{EX}g"}, ()),
    ]


def test_values_keep_their_types_and_languages_in_a_fixed_order() -> None:
    values = "1, 1.50, 2e3, true, 'b'@en, 'a', 'x'^^ex:own, 'u:v'^^xsd:anyURI, ex:q, 'inf'^^xsd:double"
    (found,) = said(f"ex:e a prov:Entity ; ex:k {values} .")
    assert [one[1:] for one in found.attributes] == [
        ("1", f"{XSD}integer", None),
        ("1.50", f"{XSD}decimal", None),
        ("2000.0", f"{XSD}double", None),
        ("INF", f"{XSD}double", None),
        ("a", None, None),
        ("b", None, "en"),
        (f"{EX}q", QNAME, None),
        ("true", f"{XSD}boolean", None),
        ("u:v", f"{XSD}anyURI", None),
        ("x", f"{EX}own", None),
    ]


def test_named_graphs_are_bundles() -> None:
    reading = begin("ex:b { ex:e a prov:Entity . } ex:z a prov:Agent .")
    assert [(one.bundle, one.id) for one in reading.statements] == [("", f"{EX}z"), (f"{EX}b", f"{EX}e")]
    assert reading.namespaces == {"": {"prov": PROV, "ex": EX, "xsd": XSD}, f"{EX}b": {}}


def test_names_need_no_prefix_and_blank_ones_are_kept_within_the_document() -> None:
    text = "<urn:x:1> a prov:Entity ; prov:wasDerivedFrom _:raw . _:raw a prov:Entity . <#r> a prov:Agent ."
    found = said(text)
    assert {one.id for one in found if one.kind != "wasDerivedFrom"} == {"urn:x:1", "_:b1", f"{RELATIVE}#r"}
    assert {tuple(one.arguments.values()) for one in found if one.kind == "wasDerivedFrom"} == {("urn:x:1", "_:b1")}


def test_a_nameless_relation_has_an_id_only_if_another_means_it() -> None:
    text = (
        "@prefix : <http://default/> . :e a prov:Entity ; prov:qualifiedGeneration _:g , [ a prov:Generation ;"
        " prov:activity :other ] . _:g a prov:Generation ; prov:activity :a ."
        " :f a prov:Entity ; prov:qualifiedDerivation [ a prov:Derivation ; prov:entity :e ; prov:hadGeneration _:g ] ."
    )
    reading = begin(text)
    found = list(reading.statements)
    assert {(one.arguments["activity"], one.id) for one in found if one.kind == "wasGeneratedBy"} == {
        ("http://default/a", "_:b1"),
        ("http://default/other", ""),
    }
    assert [one.arguments["generation"] for one in found if one.kind == "wasDerivedFrom"] == ["_:b1"]
    assert reading.namespaces[""]["default"] == "http://default/"


def test_what_the_library_leaves_out_is_remarked() -> None:
    reading = begin("ex:e a prov:Entity ; prov:wasDerivedFrom ex:f . ex:nothing ex:k 'v' .")
    assert len(list(reading.statements)) == 2
    assert [one.text for one in reading.remarks] == [
        f"what is said of 1 things that are no records was left out ({EX}nothing)"
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ex:e a prov:Entity ; .\nex:f ,", "line 5: no Turtle: "),
        ("ex:e a prov:Entity", "lines 1 to 4: no Turtle, it may be cut off: "),
        ("ex:e a " + "[" * 3000, "document: it is nested too deeply"),
        (r'ex:e a prov:Entity ; ex:k "\U00FFFFFF" .', "line 4: no Turtle: bad string literal hex escape: 00FFFFFF"),
        (r'ex:e a prov:Entity ; ex:k "\u0000" .', "document: a text with the character 0 or half a surrogate pair"),
        ("ex:e a prov:Activity ; prov:startedAtTime 'now' .", "document: no provenance as PROV-O has it: "),
        ("<http://a b> a prov:Entity .", "document: 'http://a b' is no absolute URI"),
        ("ex:e ex:k ex:f .", "document: nothing in it is said in PROV-O"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, wanted: str) -> None:
    assert refusal(text)[: len(wanted)] == wanted


def test_an_empty_file_is_no_document_but_one_without_statements_is() -> None:
    assert refusal(" ", head="") == "document: nothing in it is said in PROV-O"
    assert said("") == []


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", None)
    text = f"@base <http://127.0.0.1:9/> . <a> a prov:Entity ; <{'http://www.w3.org/2002/07/owl#'}imports> <b> ."
    assert [one.id for one in said(text)] == ["http://127.0.0.1:9/a"]


def test_more_than_the_limit_is_refused_unread() -> None:
    source = BytesIO()
    source.seek(MOST_BYTES_OF_TURTLE)
    source.write(b" ")
    with pytest.raises(TooLarge, match="16777217 bytes; at most 16777216 are read"):
        read_turtle(source, unqualified=RELATIVE)
