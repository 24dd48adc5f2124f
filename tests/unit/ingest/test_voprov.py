"""Documents of voprov 0.0.4 and of OPUS, read into the shape of plain PROV."""

from __future__ import annotations

import json
from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest

from provstore.errors import Malformed
from provstore.graph.dialect import CLASSES, INFLUENCES
from provstore.graph.model import PROV, QNAME, VOPROV, XSD, Attribute
from provstore.graph.statements import Statement
from provstore.ingest import provjson
from provstore.ingest.provxml import read_provxml
from provstore.ingest.reading import Reading
from provstore.ingest.voprov import SECTIONS, read_voprov_xml
from tests.unit.ingest.prov_judge import read, theirs
from tests.voprov_judge import make_documents

DATA = Path(__file__).parents[2] / "data"
EX = "http://example.org/"
OTHER = "http://www.ivoa.net/ns/voprov#"
TYPE = f"{PROV}type"
DESCRIPTOR = f"{VOPROV}descriptor"

Said = tuple[str, str, frozenset[tuple[str, str]], frozenset[Attribute], str]


def read_json(data: bytes) -> Reading:
    return provjson.read(BytesIO(data), unqualified="urn:nowhere#", sections=SECTIONS)


def read_xml(data: bytes) -> Reading:
    return read_voprov_xml(BytesIO(data), unqualified="urn:nowhere#")


def from_json(**sections: object) -> list[Statement]:
    prefix = {"ex": EX, "voprov": VOPROV, "ivoa": OTHER}
    return list(read_json(json.dumps({"prefix": prefix, **sections}).encode()).statements)


def from_xml(inside: str, *, space: str = VOPROV) -> list[Statement]:
    text = f'<v:document xmlns:v="{space}" xmlns:prov="{PROV}" xmlns:ex="{EX}">{inside}</v:document>'
    return list(read_xml(text.encode()).statements)


def said(statements: list[Statement]) -> Counter[Said]:
    """Give what is said, in any order; names in their two spellings, and texts with and without a type, as one."""
    return Counter(
        (one.kind, one.id, frozenset(one.arguments.items()), frozenset(map(plain, one.attributes)), one.bundle)
        for one in statements
    )


def plain(attribute: Attribute) -> Attribute:
    if attribute.key == DESCRIPTOR:
        return Attribute(DESCRIPTOR, attribute.lexical.removeprefix("ex:").removeprefix(EX))
    return attribute._replace(type=None) if attribute.type == f"{XSD}string" else attribute


def marks(statement: Statement) -> list[str]:
    return [one.lexical for one in statement.attributes if one.key == TYPE]


@pytest.mark.parametrize(("section", "name"), CLASSES.items())
def test_a_class_of_ivoa_is_an_entity_of_its_type(section: str, name: str) -> None:
    (statement,) = from_json(**{section: {"ex:e": {"prov:name": "it", "ex:k": "v"}}})
    (same,) = from_xml(f'<v:{section} v:id="ex:e"><prov:name>it</prov:name><ex:k>v</ex:k></v:{section}>')
    assert (statement.kind, statement.id) == ("entity", f"{EX}e")
    assert set(statement.attributes) == {
        Attribute(TYPE, VOPROV + name, QNAME),
        Attribute(f"{VOPROV}name", "it"),
        Attribute(f"{EX}k", "v"),
    }
    assert set(same.attributes) == set(statement.attributes)


@pytest.mark.parametrize("space", ["voprov", "ivoa"])
@pytest.mark.parametrize("section", INFLUENCES)
def test_a_relation_of_ivoa_is_an_influence_of_its_type(section: str, space: str) -> None:
    name, effect, cause = INFLUENCES[section]
    (statement,) = from_json(**{section: {"_:r": {f"{space}:{effect}": "ex:a", f"{space}:{cause}": "ex:b"}}})
    assert statement == Statement(
        "wasInfluencedBy",
        "",
        {"influencee": f"{EX}a", "influencer": f"{EX}b"},
        (Attribute(TYPE, VOPROV + name, QNAME),),
        place=f"{section}._:r",
    )


@pytest.mark.parametrize("space", [VOPROV, OTHER, "http://www.ivoa.net/ns/voprov/"])
def test_elements_of_each_namespace_in_use_are_read(space: str) -> None:
    (statement,) = from_xml(
        '<v:isRelatedTo><v:related v:ref="ex:a"/><v:relator v:ref="ex:b"/></v:isRelatedTo>', space=space
    )
    assert statement.arguments == {"influencee": f"{EX}a", "influencer": f"{EX}b"}
    assert marks(statement) == [f"{VOPROV}RelatedToRelation"]


def test_the_role_of_a_description_is_no_role_of_prov() -> None:
    (statement,) = from_json(usageDescription={"ex:d": {"prov:role": "input"}})
    assert Attribute(f"{VOPROV}role", "input") in statement.attributes


def test_what_prov_knows_stays_as_it_was_written() -> None:
    (statement,) = from_json(entity={"ex:e": {"prov:name": "it", "ivoa:location": "here"}})
    assert statement.attributes == (Attribute(f"{PROV}name", "it"), Attribute(f"{OTHER}location", "here"))


def test_the_two_notations_of_voprov_say_the_same() -> None:
    told = [*read_json((DATA / "voprov" / "all.json").read_bytes()).statements]
    same = [*read_xml((DATA / "voprov" / "all.xml").read_bytes()).statements]
    assert len(told) == 57
    assert said(told) == said(same)


def test_every_class_and_relation_of_voprov_is_read() -> None:
    told = [*read_json((DATA / "voprov" / "all.json").read_bytes()).statements]
    expected = {VOPROV + name for name in (*CLASSES.values(), *(one.type for one in INFLUENCES.values()))}
    assert expected <= {mark for one in told for mark in marks(one)}
    assert {one.bundle for one in told} == {"", f"{EX}bundle"}


def test_what_voprov_makes_for_w3c_has_the_same_shape_but_for_names() -> None:
    """It marks more (activities, uses), leaves out kinds of configuration, and calls names prov:name."""
    marked = {
        (one.kind, one.id, frozenset(one.arguments.items()), mark)
        for one in read_json((DATA / "voprov" / "all.json").read_bytes()).statements
        for mark in marks(one)
    }
    for_w3c = {
        (one.kind, one.id, frozenset(one.arguments.items()), mark)
        for one in read_json((DATA / "voprov" / "w3c.json").read_bytes()).statements
        for mark in marks(one)
    }
    assert {one for one in marked if one[3].startswith(VOPROV)} - for_w3c == set()


@pytest.mark.slow
def test_the_files_are_what_voprov_writes(tmp_path: Path) -> None:
    make_documents(tmp_path)
    names = ("all.json", "all.xml", "w3c.json")
    assert {name: (tmp_path / name).read_bytes() for name in names} == {
        name: (DATA / "voprov" / name).read_bytes() for name in names
    }


def test_the_documents_of_the_slides_are_read() -> None:
    xml, text = ((DATA / "opus" / name).read_bytes() for name in ("ctbin.xml", "anactools.json"))
    assert read(read_provxml, xml) == theirs(xml, "xml")
    reading = read_json(text)
    statements = list(reading.statements)
    assert Counter(one.kind for one in statements) == {
        "entity": 5,
        "wasGeneratedBy": 2,
        "agent": 1,
        "activity": 1,
        "wasAssociatedWith": 1,
    }
    assert reading.namespaces[""]["voprov"] == OTHER
    assert read(provjson.read, text) == theirs(text, "json")


def test_a_document_of_opus_keeps_its_bundles_and_its_strange_names() -> None:
    reading = read_json((DATA / "opus" / "configured.json").read_bytes())
    found = {one.id or one.kind: one for one in reading.statements}
    default, job = "http://uws-server.readthedocs.io#", "https://opus.example.org/rest/copy/0194"
    assert set(reading.namespaces) == {"", f"{default}#0194#configuration", f"{default}#copy#description"}
    parameter = found[f"{job}#text"]
    assert parameter.bundle == f"{default}#0194#configuration"
    assert marks(parameter) == [f"{VOPROV}Parameter"]
    assert found[f"{default}Ada Lovelace"].attributes == (
        Attribute("http://xmlns.com/foaf/0.1/mbox", "<mailto:ada@example.org>"),
    )
    assert (
        Attribute(f"{OTHER}content_type", "text/plain")
        in found["https://opus.example.org/store/?ID=0194_output"].attributes
    )
    assert found[f"{default}input.txt"].kind == "entity"


@pytest.mark.parametrize(
    ("inside", "problem"),
    [
        ("<v:parameter/>", "line 1, parameter: parameter needs voprov:id"),
        ("<v:novel v:id='ex:a'/>", "'novel' of"),
        ("<v:used><prov:activity/></v:used>", "activity needs voprov:ref"),
        ("<v:activity v:id='ex:a'><prov:startTime>noon</prov:startTime></v:activity>", "'noon' is no xsd:dateTime"),
        ("<v:entity v:id='nobody:a'/>", "the prefix 'nobody' to be declared"),
        ("<v:bundleContent/>", "a bundle needs voprov:id"),
        ("<v:entity v:id='ex:a'>", "no XML"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(inside: str, problem: str) -> None:
    with pytest.raises(Malformed, match="line 1") as caught:
        from_xml(inside)
    assert problem in str(caught.value)


def test_a_document_of_w3c_is_not_of_this_dialect() -> None:
    with pytest.raises(Malformed, match="it must be voprov:document"):
        list(read_xml(f'<prov:document xmlns:prov="{PROV}"/>'.encode()).statements)


def test_entities_of_xml_are_refused() -> None:
    text = f'<!DOCTYPE d [<!ENTITY a "aaaa">]><v:document xmlns:v="{VOPROV}">&a;</v:document>'
    with pytest.raises(Malformed, match="not allowed"):
        list(read_xml(text.encode()).statements)


def test_names_without_prefix_have_a_place_of_their_own() -> None:
    (statement,) = from_xml('<v:agent v:id="Ada Lovelace"/>')
    assert statement.id == "urn:nowhere#Ada Lovelace"
