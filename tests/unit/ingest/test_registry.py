"""Which notation a document is in: by what its name, its type or its first bytes say."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from provstore.errors import Invalid, UnsupportedType
from provstore.ingest.registry import NOTATIONS, by_media_type, by_name, recognise
from tests.parts import require

FORMATS = {"json": "prov-json", "xml": "prov-xml", "provn": "prov-n", "rdf": "turtle"}
NOTHING = frozenset({"empty.xml", "not_turtle.ttl"})
"""Malformed documents whose content is like nothing."""


def test_every_notation_is_found_by_its_name_in_any_case() -> None:
    assert [by_name(one.name.upper()) for one in NOTATIONS] == list(NOTATIONS)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Invalid, match=r"unknown format 'pdf'; known: prov-json, prov-xml, prov-n, prov-jsonld"):
        by_name("pdf")


def test_a_media_type_belongs_to_one_notation() -> None:
    counted = Counter(name for one in NOTATIONS for name in one.media_types)
    assert set(counted.values()) == {1}


@pytest.mark.parametrize(
    ("media_type", "name"),
    [
        ("application/json", "prov-json"),
        ("Application/JSON; charset=utf-8", "prov-json"),
        ("application/prov+json", "prov-json"),
        ("application/provenance+json", "prov-json"),
        ("application/provenance+xml", "prov-xml"),
        ("text/xml", "prov-xml"),
        ('text/provenance-notation; charset="utf-8"', "prov-n"),
        ("text/plain", "prov-n"),
        ("application/ld+json", "prov-jsonld"),
        ('application/ld+json; profile="https://w3id.org/ro/crate"', "ro-crate"),
        ("application/zip", "ro-crate"),
        ("text/turtle", "turtle"),
        ("application/x-turtle", "turtle"),
        ("application/trig", "turtle"),
    ],
)
def test_a_media_type_tells_the_notation(media_type: str, name: str) -> None:
    assert by_media_type(media_type).name == name


def test_an_unknown_media_type_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnsupportedType, match=r"no notation of type 'image/png'; known: application/json, "):
        by_media_type("image/png")


@pytest.mark.parametrize(
    ("name", "head", "notation"),
    [
        ("a.provn", "anything", "prov-n"),
        ("A.PROVN", "", "prov-n"),
        ("a.pn", "", "prov-n"),
        ("a.asn", "", "prov-n"),
        ("a.prov-asn", "", "prov-n"),
        ("a.ttl", "", "turtle"),
        ("a.trig", "", "turtle"),
        ("a.zip", "", "ro-crate"),
        ("a.json", "", "prov-json"),
        ("a.json", '{"entity": {}}', "prov-json"),
        ("a.json", "\ufeff{}", "prov-json"),
        ("", "{", "prov-json"),
        ("", "[1]", "prov-json"),
        ("a.json", '{"@context": "https://openprovenance.org/prov-jsonld/context.jsonld"}', "prov-jsonld"),
        ("a.jsonld", '{"@graph": []}', "prov-jsonld"),
        ("", '{"@context": "https://w3id.org/ro/crate/1.1/context"}', "ro-crate"),
        ("some/ro-crate-metadata.json", "{", "ro-crate"),
        ("", "PK\x03\x04", "ro-crate"),
        ("a.xml", "", "prov-xml"),
        ("", '<?xml version="1.0"?><prov:document xmlns:prov="http://www.w3.org/ns/prov#">', "prov-xml"),
        ("", "<?org.example?>\n<!-- c --><document xmlns='http://www.w3.org/ns/prov#'/>", "prov-xml"),
        ("", "<!DOCTYPE x [<!ENTITY a 'b'>]><x/>", "prov-xml"),
        ("", '<?xml version="1.0"?><voprov:document xmlns:voprov="http://www.ivoa.net/ns/voprov#">', "voprov-xml"),
        ("a.xml", "<document a='b' xmlns = 'http://www.ivoa.net/ns/voprov/' >", "voprov-xml"),
        ("a.xml", "<prov:document xmlns:voprov='http://www.ivoa.net/ns/voprov/' >", "prov-xml"),
        ("", "document\nendDocument", "prov-n"),
        ("a.txt", " // a comment\n/* and * another */ document", "prov-n"),
        ("", "@prefix prov: <http://www.w3.org/ns/prov#> .", "turtle"),
        ("", "# a comment\nPREFIX prov: <http://www.w3.org/ns/prov#>", "turtle"),
        ("", "<http://example.org/e> a <http://www.w3.org/ns/prov#Entity> .", "turtle"),
        ("", "{ <http://example.org/e> a <http://www.w3.org/ns/prov#Entity> }", "turtle"),
    ],
)
def test_name_and_content_tell_the_notation(name: str, head: str, notation: str) -> None:
    assert recognise(name, head.encode()).name == notation


def test_an_encoding_of_two_bytes_is_recognised_by_its_mark() -> None:
    assert recognise("", "<?xml version='1.0' encoding='UTF-16'?>".encode("utf-16")).name == "prov-xml"


@pytest.mark.parametrize("head", [b"", b"\x89PNG\r\n", b"hello", b"\xff\xff"])
def test_what_is_like_nothing_is_refused(head: bytes) -> None:
    with pytest.raises(UnsupportedType, match="the content is of no notation that can be read; known: prov-json"):
        recognise("a.bin", head)


def test_documents_of_other_people_are_recognised_with_and_without_their_names() -> None:
    folder = Path(__file__).parents[4] / "shared" / "corpus"
    require("corpus", present=folder.is_dir(), reason="the folder shared/corpus is not beside the clone")
    for row in json.loads((folder / "manifest.json").read_text("utf-8")):
        path = folder / row["path"]
        head = path.read_bytes()[:4096]
        names = [path.name] if path.name in NOTHING else [path.name, ""]
        assert {(path.name, recognise(name, head).name) for name in names} == {(path.name, FORMATS[row["format"]])}
