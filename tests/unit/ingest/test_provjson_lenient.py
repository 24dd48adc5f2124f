"""Reading PROV-JSON: what a document says, and what is wrong with it, each with its place."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prov.constants import PROV_N_MAP
from prov.model import ProvDocument

from provstore.errors import Invalid, TooLarge
from provstore.export.records import FORMALS
from provstore.graph.model import QNAME, XSD, Attribute
from provstore.graph.statements import ARGUMENTS, Statement, instant_of
from provstore.ingest.problems import ReadDocument, shown
from provstore.ingest.provjson_lenient import MOST_BYTES, read_provjson
from tests.parts import require

EX = "http://example.org/ns#"
NOWHERE = "urn:nowhere#"


def read(document: object, **more: Any) -> ReadDocument:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_provjson(content, unqualified=NOWHERE, **more)


def declared(**sections: Any) -> ReadDocument:
    return read({"prefix": {"ex": EX}, **sections})


def problems(found: ReadDocument) -> list[str]:
    return [str(one) for one in found.problems]


def only(found: ReadDocument) -> Statement:
    (statement,) = found.statements
    assert problems(found) == []
    return statement


def literal(value: object) -> Attribute:
    (attribute,) = only(declared(entity={"ex:e": {"ex:k": value}})).attributes
    return attribute


def test_the_arguments_are_those_that_are_written() -> None:
    assert {kind: tuple(one.name for one in arguments) for kind, arguments in ARGUMENTS.items()} == FORMALS


@pytest.mark.parametrize("kind", ARGUMENTS)
def test_every_kind_of_record_is_read_with_all_its_arguments(kind: str) -> None:
    time = "2026-03-01T12:00:00.5+01:00"
    facts = {f"prov:{one.name}": time if "ime" in one.name else f"ex:{one.name}" for one in ARGUMENTS[kind]}
    statement = only(declared(**{kind: {"ex:x": {**facts, "ex:k": "v"}}}))
    wanted = {one.name: time if "ime" in one.name else f"{EX}{one.name}" for one in ARGUMENTS[kind]}
    assert (statement.kind, statement.id, statement.arguments) == (kind, f"{EX}x", wanted)
    assert statement.attributes == (Attribute(f"{EX}k", "v"),)


def test_several_records_may_have_one_id() -> None:
    found = declared(used={"ex:u": [{"prov:activity": "ex:a"}, {"prov:activity": "ex:b"}, 7]})
    assert [(one.id, one.arguments) for one in found.statements] == [
        (f"{EX}u", {"activity": f"{EX}a"}),
        (f"{EX}u", {"activity": f"{EX}b"}),
    ]
    assert problems(found) == ["used.ex:u[3]: an object, or a list of objects, is needed"]


def test_one_membership_of_several_is_one_statement_each() -> None:
    found = declared(hadMember={"_:m": {"prov:collection": "ex:c", "prov:entity": ["ex:a", "ex:b"]}})
    assert [one.arguments["entity"] for one in found.statements] == [f"{EX}a", f"{EX}b"]
    assert {one.id for one in found.statements} == {"_:m"}


@pytest.mark.parametrize(
    ("value", "attribute"),
    [
        ("text", ("text", None, None)),
        ("a\0b\ud800", ("a\ufffdb\ufffd", None, None)),
        (True, ("true", f"{XSD}boolean", None)),
        (7, ("7", f"{XSD}int", None)),
        (2**40, (str(2**40), f"{XSD}long", None)),
        (2**80, (str(2**80), f"{XSD}integer", None)),
        (1.50, ("1.5", f"{XSD}double", None)),
        (float("inf"), ("INF", f"{XSD}double", None)),
        ({"$": "1.00", "type": "xsd:decimal"}, ("1.00", f"{XSD}decimal", None)),
        ({"$": 5, "type": "xsd:short"}, ("5", f"{XSD}short", None)),
        ({"$": "bonjour", "lang": "fr"}, ("bonjour", None, "fr")),
        ({"$": "hi", "lang": "en", "type": "prov:InternationalizedString"}, ("hi", None, "en")),
        ({"$": "ex:q", "type": "xsd:QName"}, (f"{EX}q", QNAME, None)),
        ({"$": "ex:q", "type": "prov:QUALIFIED_NAME"}, (f"{EX}q", QNAME, None)),
        ({"$": "x", "type": "ex:mine"}, ("x", f"{EX}mine", None)),
    ],
)
def test_a_literal_keeps_text_type_and_language(value: object, attribute: tuple[str, str | None, str | None]) -> None:
    assert literal(value) == Attribute(f"{EX}k", *attribute)


def test_a_number_keeps_the_text_it_was_written_in() -> None:
    found = read(b'{"entity": {"e": {"k": [1.00, 1e3, -0, %s]}}}' % (b"9" * 5000))
    assert [one.lexical for one in found.statements[0].attributes] == ["1.00", "1e3", "-0", "9" * 5000]


def test_names_become_full_uris_by_the_prefixes_of_the_document() -> None:
    document = {
        "prefix": {"default": "http://d/", "ex": EX, "xsd": "http://www.w3.org/2001/XMLSchema"},
        "entity": {"plain": {}, "ex:a/b": {"k": {"$": "1", "type": "xsd:int"}}, "http://x/y#z": {}, "_:b": {}},
    }
    found = read(document)
    assert [one.id for one in found.statements] == ["http://d/plain", f"{EX}a/b", "http://x/y#z", "_:b"]
    assert [found.locals[one.id] for one in found.statements] == ["plain", "a/b", "z", "b"]
    assert found.statements[1].attributes == (Attribute("http://d/k", "1", f"{XSD}int"),)
    assert problems(found) == []


def test_a_name_without_namespace_and_an_undeclared_prefix_have_a_place_of_their_own() -> None:
    found = read({"entity": {"plain": {}, "x:one": {}, "x:two": {}, "id:three": {}}}, known={"id": "urn:t#"})
    assert [one.id for one in found.statements] == [f"{NOWHERE}{n}" for n in ("plain", "x:one", "x:two")] + [
        "urn:t#three"
    ]
    assert found.locals[f"{NOWHERE}x:one"] == "one"
    assert problems(found) == ["prefix: 'x' is declared nowhere (as in 'x:one')"]


def test_a_bundle_has_its_own_prefixes_and_those_around_it() -> None:
    bundle = {"prefix": {"in": "http://in/"}, "entity": {"in:e": {"ex:k": "v"}}}
    statement = only(declared(bundle={"ex:b": bundle}))
    assert (statement.id, statement.bundle, statement.place) == ("http://in/e", f"{EX}b", "bundle.ex:b.entity.in:e")
    assert statement.attributes[0].key == f"{EX}k"


@pytest.mark.parametrize(
    ("sections", "problem"),
    [
        ({"nonsense": {}}, "nonsense: this section is not read"),
        ({"entity": []}, "entity: an object is needed"),
        ({"entity": {"ex:e": "x"}}, "entity.ex:e: an object, or a list of objects, is needed"),
        ({"entity": {"ex:e": {"ex:k": None}}}, "entity.ex:e: ex:k is null; a text, a number"),
        ({"entity": {"ex:e": {"ex:k": [[1]]}}}, "entity.ex:e: ex:k is a list; a text, a number"),
        ({"entity": {"ex:e": {"ex:k": {"value": 1}}}}, "entity.ex:e: ex:k is an object; a literal has $, type and"),
        ({"entity": {"ex:e": {"ex:k": {"$": "1", "type": 5}}}}, "entity.ex:e: ex:k is an object; type and lang must"),
        ({"entity": {"ex:e": {"": "x"}}}, "entity.ex:e: an attribute needs a name"),
        ({"used": {"_:u1": {"prov:time": "x"}}}, "used._:u1: prov:time 'x' is no xsd:dateTime"),
        ({"used": {"_:u1": {"prov:time": 7}}}, "used._:u1: prov:time is 7; a time is needed"),
        ({"used": {"_:u1": {"prov:entity": ""}}}, "used._:u1: prov:entity is ''; a name is needed"),
        ({"used": {"_:u1": {"prov:entity": ["ex:a", "ex:b"]}}}, "used._:u1: prov:entity needs one value, not 2"),
        ({"prefix": {"y": "no uri"}}, "prefix.y: 'no uri' is no absolute URI"),
        ({"prefix": {"y": 7}}, "prefix.y: 7 is no absolute URI"),
        ({"prefix": []}, "prefix: an object of prefixes and namespaces is needed"),
        ({"bundle": {"ex:b": {"bundle": {}}}}, "bundle.ex:b.bundle: this section is not read"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_the_rest_goes_on(sections: dict[str, Any], problem: str) -> None:
    found = declared(**{**sections, "agent": {"http://x/rest": {}}})
    (told,) = problems(found)
    assert told.startswith(problem)
    assert found.statements[-1].id == "http://x/rest"


def test_what_stands_twice_is_told() -> None:
    found = read(b'{"entity": {"e": {"a": 1, "a": 2}, "e": {}}, "entity": {"e": {"b": 1, "b": 2}}}')
    assert problems(found) == [
        "document: 'entity' stands there twice; only the last was read",
        "entity.e: 'b' stands there twice; only the last was read",
    ]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"{", b"[" * 100_000, b"[]", b"null", b'{"a":' * 100_000])
def test_what_is_no_document_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid):
        read(content)


def test_what_is_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(TooLarge):
        read(b" " * (MOST_BYTES + 1))


@pytest.mark.parametrize(
    "sections",
    [
        {"entity": {f"ex:{number}": {} for number in range(7)}},
        {"entity": {"ex:e": [{}] * 7}},
        {"hadMember": {"_:m": {"prov:collection": "ex:c", "prov:entity": [f"ex:{number}" for number in range(7)]}}},
    ],
)
def test_records_without_end_are_not_read(sections: dict[str, Any]) -> None:
    found = read({"prefix": {"ex": EX}, **sections}, most=5)
    assert len(found.statements) == 5
    assert problems(found) == ["document: only the first 5 records were read"]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-01T12:00:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T12:00:00", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        (" 2026-03-01T12:00:00.1234567+01:30 ", datetime(2026, 3, 1, 10, 30, 0, 123456, tzinfo=UTC)),
        ("2026-03-01 12:00:00", None),
        ("2026-02-30T12:00:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("12026-03-01T12:00:00Z", None),
        ("٢٠٢٦-03-01T12:00:00Z", None),
        ("", None),
    ],
)
def test_a_time_is_read_as_an_instant(text: str, instant: datetime | None) -> None:
    assert instant_of(text) == instant


def test_a_strangers_text_is_shown_in_one_short_line() -> None:
    assert shown("a\nb\u202ec" + "d" * 200) == "a\ufffdb\ufffdc" + "d" * 74 + "…"


def said(statements: tuple[Statement, ...]) -> Counter[tuple[str, str, frozenset[str]]]:
    """Kind, id and keys of attributes of each statement."""
    return Counter(
        (one.kind, "" if one.id.startswith("_:") else one.id, frozenset(key.key for key in one.attributes))
        for one in statements
    )


def said_by_the_judge(document: ProvDocument) -> Counter[tuple[str, str, frozenset[str]]]:
    return Counter(
        (
            PROV_N_MAP[record.get_type()],
            record.identifier.uri if record.identifier else "",
            frozenset(key.uri for key, _ in record.extra_attributes),
        )
        for holder in (document, *document.bundles)
        for record in holder.records
    )


def test_documents_of_other_people_are_read_as_the_prov_library_reads_them() -> None:
    folder = Path(__file__).parents[4] / "shared" / "corpus" / "valid"
    require("corpus", present=folder.is_dir(), reason="the folder shared/corpus is not beside the clone")
    files = sorted(folder.glob("*.json"))
    for file in files:
        ours = read(file.read_bytes(), most=10**6)
        judge = ProvDocument.deserialize(content=file.read_text("utf-8"), format="json")
        assert isinstance(judge, ProvDocument)
        assert (file.name, problems(ours), said(ours.statements)) == (file.name, [], said_by_the_judge(judge))
    assert len(files) > 50
