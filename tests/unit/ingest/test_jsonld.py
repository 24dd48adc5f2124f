"""Reading PROV-JSONLD: its one shape, exact texts, prefixes from the document, and nothing from the network."""

from __future__ import annotations

import json
import socket
from io import BytesIO
from typing import Any

import pytest

from provstore.errors import Malformed, TooLarge
from provstore.graph.model import PROV, QNAME, XSD, Attribute
from provstore.graph.statements import Statement
from provstore.ingest.jsonld import read_provjsonld
from provstore.ingest.reading import Reading
from provstore.ingest.whole import MOST_BYTES

EX = "http://example.org/"
ADDRESS = "https://openprovenance.org/prov-jsonld/context.jsonld"
TIME = "2026-03-01T12:00:00.50+01:00"
KINDS = {
    "Entity": "entity",
    "Agent": "agent",
    "Attribution": "wasAttributedTo",
    "Specialization": "specializationOf",
    "Alternate": "alternateOf",
}


def begin(*graph: Any, context: Any = ({"ex": EX}, ADDRESS)) -> Reading:
    text = json.dumps({"@context": context, "@graph": list(graph)})
    return read_provjsonld(BytesIO(text.encode()), unqualified="urn:no:")


def said(*graph: Any) -> list[Statement]:
    return list(begin(*graph).statements)


def entity(**facts: Any) -> dict[str, Any]:
    return {"@type": "prov:Entity", "@id": "ex:e", **facts}


def value(given: Any, key: str = "ex:k") -> Attribute:
    ((_, _, _, (attribute,), _, _),) = said(entity(**{key: [given]}))
    return attribute


def refusal(data: bytes) -> str:
    with pytest.raises(Malformed) as caught:
        list(read_provjsonld(BytesIO(data), unqualified="urn:no:").statements)
    return str(caught.value)


def refused(*graph: Any) -> str:
    return refusal(json.dumps({"@context": {"ex": EX}, "@graph": list(graph)}).encode())


def test_arguments_ids_and_times_are_read_as_written() -> None:
    derivation = {"@type": "Derivation", "generatedEntity": "ex:b", "usedEntity": "ex:a", "usage": "_:u"}
    usage = {"@type": "Usage", "@id": "_:u", "activity": "ex:c", "time": TIME, "prov:entity": "ex:a"}
    assert [(one.kind, one.id, dict(one.arguments), one.place) for one in said(derivation, usage)] == [
        (
            "wasDerivedFrom",
            "",
            {"generatedEntity": f"{EX}b", "usedEntity": f"{EX}a", "usage": "_:u"},
            "@graph[0]",
        ),
        ("used", "_:u", {"activity": f"{EX}c", "time": TIME, "entity": f"{EX}a"}, "@graph[1]"),
    ]


@pytest.mark.parametrize("term", KINDS)
def test_a_term_is_a_kind_of_statement(term: str) -> None:
    assert [one.kind for one in said({"@type": term, "@id": "ex:x"})] == [KINDS[term]]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"@value": "1.00", "@type": "xsd:double"}, ("1.00", f"{XSD}double", None)),
        ({"@value": "chat", "@language": "fr"}, ("chat", None, "fr")),
        ({"@value": "plain"}, ("plain", None, None)),
        ({"@value": 1.50}, ("1.5", f"{XSD}double", None)),
        ({"@value": 3000000000}, ("3000000000", f"{XSD}long", None)),
        ({"@value": True}, ("true", f"{XSD}boolean", None)),
        ({"@value": "ex:a", "@type": "xsd:QName"}, (f"{EX}a", QNAME, None)),
        ({"@value": "no:a", "@type": "xsd:QName"}, ("no:a", f"{PROV}QUALIFIED_NAME", None)),
        ({"@id": "ex:a"}, (f"{EX}a", QNAME, None)),
        ("ex:a", ("ex:a", None, None)),
    ],
)
def test_a_value_keeps_its_text_its_type_and_its_language(
    given: Any, wanted: tuple[str, str | None, str | None]
) -> None:
    assert value(given) == Attribute(f"{EX}k", *wanted)


@pytest.mark.parametrize("key", ["type", "role", "location", "prov:type"])
def test_plain_texts_of_these_terms_are_names(key: str) -> None:
    assert value("ex:a", key) == Attribute(PROV + key.removeprefix("prov:"), f"{EX}a", QNAME)


def test_a_membership_of_several_is_a_statement_each() -> None:
    found = said({"@type": "Membership", "collection": "ex:c", "entity": ["ex:a", "ex:b"]})
    assert [dict(one.arguments) for one in found] == [
        {"collection": f"{EX}c", "entity": f"{EX}a"},
        {"collection": f"{EX}c", "entity": f"{EX}b"},
    ]


def test_bundles_have_their_own_context_and_a_name_in_it() -> None:
    inner = {"@type": "Bundle", "@id": "in:b", "@context": [{"in": "http://in/", "@vocab": "http://d/"}]}
    reading = begin({**inner, "@graph": [{"@type": "Agent", "@id": "a"}]}, entity())
    assert [(one.bundle, one.id, one.place) for one in reading.statements] == [
        ("http://in/b", "http://d/a", "@graph[0].@graph[0]"),
        ("", f"{EX}e", "@graph[1]"),
    ]
    assert reading.namespaces == {"": {"ex": EX}, "http://in/b": {"in": "http://in/", "default": "http://d/"}}


def test_an_unknown_context_is_not_fetched_but_remarked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", None)
    reading = begin(entity(), context=[{"ex": EX}, "http://127.0.0.1:9/context.json"])
    assert len(list(reading.statements)) == 1
    (remark,) = map(str, reading.remarks)
    assert remark.startswith("@context: 'http://127.0.0.1:9/context.json' was not fetched")


@pytest.mark.parametrize(
    ("graph", "wanted"),
    [
        ([{"@type": "Thing"}], "@graph[0]: @type is 'Thing'; one of Entity, "),
        ([{"@type": ["Entity"]}], "@graph[0]: @type is a list; one of Entity, "),
        ([{"@type": "Entity"}], "@graph[0]: Entity needs an '@id'"),
        ([[]], "@graph[0]: an object is needed instead of a list"),
        ([entity(**{"no:k": []})], "@graph[0].no:k: 'no:k' needs the prefix 'no' in the @context"),
        ([entity(k=[])], "@graph[0].k: 'k' needs '@vocab' in the @context"),
        ([entity(**{"ex:k": [None]})], "@graph[0].ex:k: a text, a number, a truth value or a '@value' is needed"),
        ([entity(**{"ex:k": ["\0"]})], "@graph[0].ex:k: a text with the character 0 or half a surrogate pair"),
        ([entity(**{"ex:k": ["\ud800"]})], "@graph[0].ex:k: a text with the character 0 or half a surrogate pair"),
        ([{"@type": "Usage", "activity": ["ex:a"]}], "@graph[0].activity: one value is needed instead of a list of 1"),
        ([{"@type": "Usage", "activity": 7}], "@graph[0].activity: a name is needed instead of a number"),
        ([{"@type": "Usage", "time": "now"}], "@graph[0].time: 'now' is no xsd:dateTime that can be kept"),
        ([{"@type": "Membership", "entity": []}], "@graph[0].entity: one value is needed instead of a list of 0"),
        ([{"@type": "Bundle", "@id": "ex:b"}] * 2, f"@graph[1]: the bundle '{EX}b' stands there twice"),
        ([{"@type": "Bundle", "@id": "ex:b", "@graph": 1}], "@graph[0].@graph: a list is needed instead of a number"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(graph: list[Any], wanted: str) -> None:
    assert refused(*graph)[: len(wanted)] == wanted


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b'{"@context": {},\n "@graph": [}', "line 2, column 13: no JSON: Expecting value"),
        (b"[]", "document: an object is needed instead of a list"),
        (b"{}", "document: PROV-JSONLD has a '@context' and a list '@graph' with an object for each statement"),
        (b"[" * 200_000, "document: no JSON of provenance: it is nested too deeply"),
        (b'{"@context": 1, "@graph": []}', "@context: an object is needed instead of a number"),
        (b"\xff", "line 1: the byte 0xff at 0 is no UTF-8"),
    ],
)
def test_what_is_no_such_document_is_refused(data: bytes, wanted: str) -> None:
    assert refusal(data) == wanted


def test_more_than_the_limit_is_refused_unread() -> None:
    source = BytesIO()
    source.seek(MOST_BYTES)
    source.write(b" ")
    with pytest.raises(TooLarge, match="67108865 bytes; at most 67108864 are read"):
        read_provjsonld(source, unqualified="")
