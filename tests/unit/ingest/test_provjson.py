"""PROV-JSON read strictly: what a document says, statement by statement, or what is wrong with it and where."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from io import BytesIO, RawIOBase
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.errors import Malformed
from provstore.graph.model import PROV, QNAME, XSD, Attribute
from provstore.graph.statements import ARGUMENTS, Statement
from provstore.ingest.provjson import SectionRule, read
from provstore.ingest.provjson_records import MOST_VALUES
from provstore.ingest.reading import Reading
from tests.parts import require
from tests.unit.ingest.prov_judge import judged, theirs

EX = "http://example.org/ns#"
NOWHERE = "urn:nowhere#"
CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
OWN = {
    "isDescribedBy": SectionRule(
        "wasInfluencedBy", formals={f"{EX}described": "influencee"}, types=(Attribute(f"{PROV}type", f"{EX}D", QNAME),)
    ),
    "parameter": SectionRule("entity", keys={f"{PROV}name": f"{PROV}label"}),
}
FULL: dict[str, Any] = {
    "prefix": {"ex": EX, "default": "http://d/"},
    "entity": {
        "ex:e1": {"prov:label": {"$": "é\U0001f600", "lang": "fr"}, "ex:k": [1, 2.50, True, "x"]},
        "e2": {"prov:type": {"$": "ex:T", "type": "prov:QUALIFIED_NAME"}, "ex:n": {"$": "1.0", "type": "xsd:double"}},
    },
    "activity": {"ex:a": {"prov:startTime": "2024-01-01T12:00:00.50+01:00", "prov:endTime": "2024-01-01T12:00:00"}},
    "agent": {"ex:g": [{}, {"prov:type": {"$": "prov:Person", "type": "xsd:QName"}}]},
    "used": {"ex:u": {"prov:activity": "ex:a", "prov:entity": "e2"}, "_:u": [{"prov:activity": "ex:a"}, {}]},
    "wasGeneratedBy": {"_:g": {"prov:entity": "ex:e1", "prov:time": "2024-01-01T12:00:00Z", "prov:role": "out"}},
    "wasDerivedFrom": {
        "_:d": {"prov:generatedEntity": "ex:e1", "prov:usedEntity": "e2", "prov:usage": "ex:u", "prov:activity": "ex:a"}
    },
    "hadMember": {"_:m": {"prov:collection": "ex:c", "prov:entity": ["ex:e1", "e2"]}},
    "wasEndedBy": {"_:e": {"prov:activity": "ex:a", "prov:ender": "ex:b"}},
    "bundle": {"ex:b": {"prefix": {"ex": "http://inner/"}, "entity": {"ex:e1": {"k": "v"}, "e2": {}}}},
    "mentionOf": {"_:1": {"prov:specificEntity": "e2", "prov:generalEntity": "ex:e1", "prov:bundle": "ex:b"}},
}


def begun(document: object, **more: Any) -> Reading:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read(BytesIO(content), unqualified=NOWHERE, **more)


def statements(document: object, **more: Any) -> list[Statement]:
    return list(begun(document, **more).statements)


def declared(**sections: Any) -> list[Statement]:
    return statements({"prefix": {"ex": EX}, **sections})


def remarks(document: object) -> list[str]:
    reading = begun(document)
    assert list(reading.statements)
    return [str(one) for one in reading.remarks]


def refusal(document: object) -> str:
    with pytest.raises(Malformed) as caught:
        statements(document)
    return caught.value.message


@pytest.mark.parametrize("kind", ARGUMENTS)
def test_every_kind_of_record_is_read_with_all_its_arguments(kind: str) -> None:
    time = "2026-03-01T12:00:00.5+01:00"
    facts = {f"prov:{one.name}": time if "ime" in one.name else f"ex:{one.name}" for one in ARGUMENTS[kind]}
    wanted = {one.name: time if "ime" in one.name else f"{EX}{one.name}" for one in ARGUMENTS[kind]}
    found = declared(**{kind: {"ex:x": {**facts, "ex:k": "v"}}})
    assert found == [Statement(kind, f"{EX}x", wanted, (Attribute(f"{EX}k", "v"),), "", f"{kind}.ex:x")]


@pytest.mark.parametrize(
    "document",
    [
        FULL,
        {},
        {"entity": {"ex:e": {}}, "prefix": {"ex": EX}},
        {"bundle": {"ex:b": {"entity": {"in:e": {}}, "prefix": {"in": EX}}, "ex:c": {}}, "prefix": {"ex": EX}},
        {"bundle": {"in:b": {"prefix": {"in": EX}, "entity": {"in:e": {}}}}},
        {"prefix": {"default": "http://d/"}, "bundle": {"b": {"entity": {"e": {}}}}},
        {"prefix": {"ex": EX}, "entity": {f"{EX}e": {f"{EX}k": "v"}}},
        {"prefix": {"ex": "urn:x:", "ex2": "urn:x:"}, "entity": {"ex:e": {}, "ex2:e": {}, "urn:x:f": {}}},
        {"prefix": {"ex": EX}, "used": {"u1": {"prov:activity": "ex:a"}, "_:u2": {"prov:entity": "ex:e"}}},
        {"prefix": {"ex": EX, "prov": "http://other/"}, "agent": {"ex:g": {"prov:label": "x"}}},
        {"prefix": {"ex": "relative/"}, "entity": {"ex:e": {}}},
        {"prefix": {"default": "http://d/"}, "entity": {":e": {}}},
        {"prefix": {"ex": EX}, "entity": {"ex:a:b/c#d": {"ex:k": None}, "ex:": {}}},
        {"prefix": {"ex": EX}, "entity": {"ex:e": {"ex:k": [], "xsi:k": "v"}}},
        {"prefix": {"ex": EX}, "wasDerivedFrom": {"_:d": {"prov:generatedEntity": "ex:a", "prov:usage": "_:x"}}},
        {"prefix": {"ex": EX}, "wasAttributedTo": {"_:a": {"prov:entity": "ex:e", "prov:activity": "ex:a"}}},
        {
            "prefix": {"ex": EX},
            "wasInformedBy": {"_:a": {"prov:informed": "ex:e", "prov:time": "2024-01-01T12:00:00Z"}},
        },
        {"prefix": {"ex": EX}, "used": {"_:u": {"prov:time": {"$": "2024-01-01T12:00:00Z", "type": "xsd:dateTime"}}}},
        {"prefix": {"ex": EX}, "used": {"_:u": {"prov:entity": ["ex:e"]}}},
        {"prefix": {"ex": EX}, "entity": {"ex:e": {"ex:k": [2**31, 2**63, 1e400, {"$": 5, "type": "xsd:int"}]}}},
        {"prefix": {"ex": EX}, "entity": {"ex:e": {"ex:k": {"$": "x", "lang": "en", "type": "xsd:string"}}}},
    ],
    ids=str,
)
def test_the_library_reads_the_same(document: dict[str, Any]) -> None:
    reading = begun(document)
    found = list(reading.statements)
    ours, judge = judged(found, reading.namespaces), theirs(json.dumps(document).encode(), "json")
    assert ours == judge
    assert judge == ours


def test_documents_of_other_people_are_read_as_the_library_reads_them() -> None:
    require("corpus", present=CORPUS.is_dir(), reason="the folder shared/corpus is not beside the clone")
    rows = json.loads((CORPUS / "manifest.json").read_text("utf-8"))
    files = [row["path"] for row in rows if row["format"] == "json" and row["path"].startswith("valid/")]
    for file in files:
        content = (CORPUS / file).read_bytes()
        reading = begun(content)
        found = list(reading.statements)
        ours, judge = judged(found, reading.namespaces), theirs(content, "json")
        assert (file, ours == judge, judge == ours, reading.remarks) == (file, True, True, [])
    assert len(files) > 100


def test_malformed_documents_of_other_people_are_refused_with_place_and_reason() -> None:
    require("corpus", present=CORPUS.is_dir(), reason="the folder shared/corpus is not beside the clone")
    assert {file.name: refusal(file.read_bytes()) for file in (CORPUS / "malformed").glob("*.json")} == {
        "bad_prefix_map.json": "prefix: 'notadict' stands there; an object of prefixes and namespaces is needed",
        "bad_record_content.json": "entity.ex:e1: null stands there; an object, or a list of objects, is needed",
        "bad_record_shape.json": "entity: 'notadict' stands there; an object is needed",
        "bad_typed_literal.json": "entity.ex:e1: ex:attr is an object; a literal has $, type and lang",
        "top_level_list.json": "line 1, column 1: PROV-JSON is one object, which begins with {",
    }


def test_the_prefixes_of_each_bundle_are_told_when_all_is_read() -> None:
    reading = begun({**FULL, "bundle": {**FULL["bundle"], "ex:none": {}}})
    assert list(reading.statements)
    assert reading.namespaces == {
        "": {"ex": EX, "default": "http://d/"},
        "http://inner/b": {"ex": "http://inner/"},
        f"{EX}none": {},
    }


def test_a_statement_knows_its_bundle_and_its_place() -> None:
    found = [(one.id, one.bundle, one.place) for one in statements(FULL) if one.bundle or one.kind == "agent"]
    assert found == [
        (f"{EX}g", "", "agent.ex:g[1]"),
        (f"{EX}g", "", "agent.ex:g[2]"),
        ("http://inner/e1", "http://inner/b", "bundle.ex:b.entity.ex:e1"),
        ("http://d/e2", "http://inner/b", "bundle.ex:b.entity.e2"),
    ]


def test_a_membership_of_several_is_one_statement_each() -> None:
    found = declared(hadMember={"_:m": {"prov:collection": "ex:c", "prov:entity": ["ex:a", "ex:b"], "ex:k": "v"}})
    assert [(one.id, one.arguments, one.attributes) for one in found] == [
        ("", {"collection": f"{EX}c", "entity": f"{EX}{member}"}, (Attribute(f"{EX}k", "v"),)) for member in "ab"
    ]


@pytest.mark.parametrize("name", ["_:g", "g"])
@pytest.mark.parametrize("order", [["wasGeneratedBy", "wasDerivedFrom"], ["wasDerivedFrom", "wasGeneratedBy"]])
def test_a_blank_relation_keeps_its_name_only_where_another_refers_to_it(name: str, order: list[str]) -> None:
    sections = {
        "wasGeneratedBy": {name: {"prov:entity": "ex:e"}, "_:h": {"prov:entity": "ex:e"}},
        "wasDerivedFrom": {"_:d": {"prov:generatedEntity": "ex:e", "prov:generation": {"$": name}}},
    }
    found = declared(**{section: sections[section] for section in order})
    assert {(one.kind, one.id, one.arguments.get("generation")) for one in found} == {
        ("wasGeneratedBy", "_:g", None),
        ("wasGeneratedBy", "", None),
        ("wasDerivedFrom", "", "_:g"),
    }


def test_a_blank_element_keeps_its_name() -> None:
    assert [one.id for one in declared(entity={"_:e": {}})] == ["_:e"]


def test_names_without_prefix_have_a_namespace_of_their_own_where_no_default_is_declared() -> None:
    document = {"entity": {"e": {"k": "v"}}, "used": {"_:u": {"prov:entity": "e"}}}
    entity, use = statements(document)
    assert (entity.id, entity.attributes, use.arguments) == (
        f"{NOWHERE}e",
        (Attribute(f"{NOWHERE}k", "v"),),
        {"entity": f"{NOWHERE}e"},
    )
    assert remarks(document) == ["document: no default namespace is declared for names without prefix, such as 'k'"]


@pytest.mark.parametrize(
    ("document", "remark"),
    [
        ({"prefix": {"xsd": "http://x/", "ex": EX}}, "prefix.xsd: 'http://x/' was not taken: this prefix has one"),
        ({"prefix": {"ex": "not absolute/"}}, "prefix.ex: 'not absolute/' is no absolute URI; it was taken as it is"),
        ({"prefix": {"ex": EX}, "agent": {"ex:g": {"ex:k": None}}}, "agent.ex:g: ex:k is null: nothing was taken of"),
        (b'{"prefix": {"ex": "urn:x:"}, "entity": {}, "entity": {}}', "document: 'entity' stands there twice; both"),
        ({"prefix": {"ex": EX, "xsd": XSD.removesuffix("#")}}, ""),
    ],
)
def test_what_was_understood_in_another_way_is_told(document: Any, remark: str) -> None:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    told = remarks(content.removesuffix(b"}") + b', "activity": {"ex:a": {}}}')
    assert told == [] if not remark else told[0].startswith(remark)


def test_remarks_do_not_fill_the_memory() -> None:
    assert len(remarks({"entity": {f"urn:e:{number}": {"prov:k": None} for number in range(500)}})) == 100


@pytest.mark.parametrize("place", ["first", "last"])
def test_sections_of_a_dialect_are_read_as_their_rule_says(place: str) -> None:
    sections = {
        "parameter": {"ex:p": {"prov:name": "n", "prov:value": 5}},
        "isDescribedBy": {"_:i": {"ex:described": "ex:p", "prov:influencer": "ex:d", "ex:k": "v"}},
    }
    prefix = {"prefix": {"ex": EX}}
    parameter, description = statements(
        {**sections, **prefix} if place == "last" else {**prefix, **sections}, sections=OWN
    )
    assert (parameter.kind, parameter.attributes) == (
        "entity",
        (Attribute(f"{PROV}label", "n"), Attribute(f"{PROV}value", "5", f"{XSD}int")),
    )
    assert description == Statement(
        "wasInfluencedBy",
        "",
        {"influencee": f"{EX}p", "influencer": f"{EX}d"},
        (Attribute(f"{PROV}type", f"{EX}D", QNAME), Attribute(f"{EX}k", "v")),
        "",
        "isDescribedBy._:i",
    )


@pytest.mark.parametrize(
    ("sections", "problem"),
    [
        ({"nonsense": {}}, "nonsense: there is no such section; there are prefix, bundle, entity, activity, agent, "),
        ({"": {}}, '"": there is no such section'),
        ({"hadDictionaryMember": {}}, "hadDictionaryMember: PROV-Dictionary is not supported"),
        ({"entity": []}, "entity: a list stands there; an object is needed"),
        ({"entity": {"ex:e": "x"}}, "entity.ex:e: 'x' stands there; an object, or a list of objects, is needed"),
        ({"entity": {"ex:e": [{}, 7]}}, "entity.ex:e[2]: 7 stands there; an object, or a list of objects, is needed"),
        ({"entity": {"ex:e": {"ex:k": [None]}}}, "entity.ex:e: ex:k is null; a text, a number"),
        ({"entity": {"ex:e": {"ex:k": [[1]]}}}, "entity.ex:e: ex:k is a list; a text, a number"),
        ({"entity": {"ex:e": {"ex:k": {"value": 1}}}}, "entity.ex:e: ex:k is an object; a literal has $, type and"),
        ({"entity": {"ex:e": {"ex:k": {"$": None}}}}, "entity.ex:e: ex:k is an object; a literal has $, type and"),
        ({"entity": {"ex:e": {"ex:k": {"$": "1", "type": 5}}}}, "entity.ex:e: ex:k is an object; type and lang must"),
        ({"entity": {"ex:e": {"ex:k": {"$": "y:q", "type": "xsd:QName"}}}}, "entity.ex:e: ex:k has the prefix 'y'"),
        ({"entity": {"ex:e": {"": "x"}}}, 'entity.ex:e: "" is empty; a name is needed'),
        ({"entity": {"ex:e": {"_:k": "x"}}}, "entity.ex:e: _:k is a blank name; an attribute needs a full one"),
        ({"entity": {"": {}}}, 'entity."": its name is empty; a name is needed'),
        ({"entity": {"y:e": {}}}, "entity.y:e: its name has the prefix 'y', which is declared nowhere (in 'y:e')"),
        ({"used": {"y:u": {}}}, "used.y:u: its name has the prefix 'y', which is declared nowhere"),
        ({"used": {"_:u": {"prov:time": "x"}}}, "used._:u: prov:time 'x' is no xsd:dateTime"),
        ({"used": {"_:u": {"prov:time": 7}}}, "used._:u: prov:time is 7; a time is needed"),
        ({"used": {"_:u": {"prov:entity": ""}}}, "used._:u: prov:entity is ''; a name is needed"),
        ({"used": {"_:u": {"prov:entity": "y:e"}}}, "used._:u: prov:entity has the prefix 'y', which is declared no"),
        ({"used": {"_:u": {"prov:entity": []}}}, "used._:u: prov:entity needs one value, not 0"),
        ({"used": {"_:u": {"prov:entity": ["ex:a", "ex:b"]}}}, "used._:u: prov:entity needs one value, not 2"),
        ({"hadMember": {"_:m": {"prov:entity": []}}}, "hadMember._:m: prov:entity is an empty list; a name is needed"),
        ({"hadMember": {"_:m": {"prov:entity": [1]}}}, "hadMember._:m: prov:entity is 1; a name is needed"),
        ({"used": {"_:u": {"prov:agent": 5}}}, "used._:u: prov:agent is 5; a name is needed"),
        ({"prefix": {"y": 7}}, "prefix.y: is no text; the URI of a namespace is needed"),
        ({"prefix": {"y": ""}}, "prefix.y: '' is no URI of a namespace"),
        ({"prefix": {"y": "_:"}}, "prefix.y: '_:' is no URI of a namespace"),
        ({"bundle": []}, "bundle: a list stands there; an object is needed"),
        ({"bundle": {"ex:b": []}}, "bundle.ex:b: an object of sections is needed"),
        ({"bundle": {"y:b": {}}}, "bundle.y:b: its name has the prefix 'y', which is declared nowhere"),
        ({"bundle": {"ex:b": {}, f"{EX}b": {}}}, f"bundle.{EX}b: this bundle stands there twice"),
        ({"bundle": {"ex:b": {"bundle": {}}}}, "bundle.ex:b.bundle: a bundle holds no bundles"),
        ({"bundle": {"ex:b": {"prefix": 1}}}, "bundle.ex:b.prefix: 1 stands there; an object of prefixes and names"),
        ({"entity": {"ex:e": {"ex:k": [""] * (MOST_VALUES + 1)}}}, "entity.ex:e: ex:k has 100001 values; at most 100"),
    ],
    ids=lambda one: str(one)[:60],
)
def test_what_is_wrong_is_told_with_its_place(sections: dict[str, Any], problem: str) -> None:
    assert refusal({"prefix": {"ex": EX}, **sections}).startswith(problem)
    late = sections if "prefix" in sections else {**sections, "prefix": {"ex": EX}}
    assert refusal(late).startswith(problem)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "line 1, column 1: PROV-JSON is one object, which begins with {"),
        (
            b'{"prefix": {"x": "urn:x:", "x": "urn:y:"}}',
            "prefix.x: this prefix stands there twice, with two namespaces",
        ),
        (b'{"prefix": {}, "prefix": {}}', "document: prefix stands there twice"),
        (b'{"entity": {}, "prefix": {}, "prefix": {}}', "line 1, column 40: prefix stands there twice"),
        (b'{"prefix": {}, "bundle": {"urn:b": {"entity": {}, "prefix": 1, "prefix": 2}}}', "line 1, column 74: prefix"),
        (b'{"used": {"_:u": {"prov:entity": "urn:a", "prov:entity": "urn:b"}}}', "used._:u: prov:entity stands there"),
        (b'{"prefix": {}, "entity": {"urn:a": {}', "line 1, column 38: the end where a comma or } is needed"),
        (b'{"prefix": {}} {}', "line 1, column 16: '{' behind the end of the document"),
        (b'{"prefix": {}, "entity": {"urn:a": {"urn:k": "\\u0000"}}}', "line 1, column 36: a NUL character"),
    ],
)
def test_what_is_wrong_with_the_text_is_told_with_its_place(content: bytes, problem: str) -> None:
    assert refusal(content).startswith(problem)


def test_too_many_attributes_are_refused() -> None:
    facts = {f"prov:k{number}": "" for number in range(MOST_VALUES + 1)}
    assert refusal({"entity": {"urn:e": facts}}) == (
        "entity.urn:e: more than 100000 attributes can't be kept in one record"
    )


class Endless(RawIOBase):
    """A document that is made while it is read."""

    def __init__(self, records: int) -> None:
        self._records = records
        self._pieces = self._made()
        self._left = b""

    def _made(self) -> Iterator[bytes]:
        yield b'{"prefix": {"ex": "http://example.org/ns#"}, "entity": {"ex:e": {}'
        for number in range(self._records):
            yield b',"ex:e%d": {"prov:label": "number %d", "ex:size": {"$": "%d", "type": "xsd:int"}}' % ((number,) * 3)
        yield b"}}"

    def read(self, size: int = -1, /) -> bytes:
        made = [self._left]
        length = len(self._left)
        while length < size and (piece := next(self._pieces, b"")):
            made.append(piece)
            length += len(piece)
        whole = b"".join(made)
        self._left = whole[size:]
        return whole[:size]

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._pieces, self._left = self._made(), b""
        return 0


def test_the_memory_does_not_grow_with_the_document() -> None:
    source = cast("BinaryIO", Endless(60_000))
    assert len(source.read(1 << 30)) > 4 << 20
    tracemalloc.start()
    try:
        assert sum(1 for _ in read(source, unqualified=NOWHERE).statements) == 60_001
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()


CONTENTS = tuple(json.dumps(FULL, ensure_ascii=ascii_only).encode() for ascii_only in (False, True))
LATE = json.dumps({**{key: FULL[key] for key in FULL if key != "prefix"}, "prefix": FULL["prefix"]}).encode()


@given(st.sampled_from([*CONTENTS, LATE]), st.data())
def test_damaged_documents_are_statements_or_refused(content: bytes, data: st.DataObject) -> None:
    damaged = bytearray(content)
    places = st.integers(0, len(content) - 1)
    for _ in range(data.draw(st.integers(0, 3))):
        damaged[data.draw(places)] = data.draw(st.integers(0, 255) | st.sampled_from(list(b'{}[]",:_$\\0')))
    begin, end = sorted((data.draw(places), data.draw(places | st.just(len(content)))))
    del damaged[begin : begin + data.draw(st.sampled_from([0, 0, end - begin]))]
    try:
        found = statements(bytes(damaged))
    except Malformed as error:
        found = []
        place = error.place
    else:
        place = "nowhere"
    assert place
    assert all(isinstance(one, Statement) for one in found)
