"""Reading PROV-XML: exact texts, subtypes, prefixes anywhere, and nothing that an entity could do."""

from __future__ import annotations

from io import BytesIO

import pytest

from provstore.errors import Malformed, TooLarge
from provstore.graph.model import PROV, QNAME, XSD, Attribute
from provstore.graph.statements import ARGUMENTS, TIMES, Statement
from provstore.ingest.provxml import read_provxml
from provstore.ingest.reading import Reading
from provstore.ingest.whole import MOST_BYTES

EX = "http://example.org/"
TIME = "2026-03-01T12:00:00.50+01:00"
HEAD = (
    f'<prov:document xmlns:prov="{PROV}" xmlns:ex="{EX}" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
)
TYPE = f"{PROV}type"


def begin(text: str, *, head: str = HEAD) -> Reading:
    return read_provxml(BytesIO(f"{head}{text}</prov:document>".encode()), unqualified="urn:no:")


def said(text: str) -> list[Statement]:
    return list(begin(text).statements)


def value(text: str) -> tuple[Attribute, ...]:
    (found,) = said(f'<prov:entity prov:id="ex:e">{text}</prov:entity>')
    return found.attributes


def refusal(text: str, *, head: str = HEAD) -> str:
    with pytest.raises(Malformed) as caught:
        list(begin(text, head=head).statements)
    return str(caught.value)


@pytest.mark.parametrize("kind", ARGUMENTS)
def test_every_kind_of_statement_is_read_with_all_its_arguments(kind: str) -> None:
    names = [one.name for one in ARGUMENTS[kind]]
    parts = (f"{name}>{TIME}</prov:{name}>" if name in TIMES else f'{name} prov:ref="ex:{name}"/>' for name in names)
    inner = "".join(f"<prov:{part}" for part in parts)
    assert said(f'<prov:{kind} prov:id="ex:x">{inner}<ex:k>v</ex:k></prov:{kind}>') == [
        Statement(
            kind=kind,
            id=f"{EX}x",
            arguments={name: TIME if name in TIMES else EX + name for name in names},
            attributes=(Attribute(f"{EX}k", "v"),),
            place=f"line 2, prov:{kind}",
        )
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('<ex:k xsi:type="xsd:double">1.00</ex:k>', ("1.00", f"{XSD}double", None)),
        ('<ex:k xsi:type="xsd:string"/>', ("", f"{XSD}string", None)),
        ('<ex:k xml:lang="fr">chat</ex:k>', ("chat", None, "fr")),
        ('<ex:k xsi:type="prov:InternationalizedString" xml:lang="fr">chat</ex:k>', ("chat", None, "fr")),
        ('<ex:k xsi:type="xsd:QName"> ex:a </ex:k>', (f"{EX}a", QNAME, None)),
        ('<ex:k prov:ref="ex:a"/>', (f"{EX}a", QNAME, None)),
        ('<ex:k xsi:type="prov:QUALIFIED_NAME">no:a</ex:k>', ("no:a", f"{PROV}QUALIFIED_NAME", None)),
        ("<ex:k>prov:Plan</ex:k>", ("prov:Plan", None, None)),
        ("<ex:k> a<!-- b -->c<?d e?> </ex:k>", (" ac ", None, None)),
        ("<ex:k><![CDATA[<&>]]></ex:k>", ("<&>", None, None)),
    ],
)
def test_a_value_keeps_its_text_its_type_and_its_language(
    text: str, wanted: tuple[str, str | None, str | None]
) -> None:
    assert value(text) == (Attribute(f"{EX}k", *wanted),)


def test_escaped_letters_in_a_name_are_read() -> None:
    assert value("<ex:_x0031_st_x0000_>v</ex:_x0031_st_x0000_>") == (Attribute(f"{EX}1st_x0000_", "v"),)


def test_an_element_of_a_subtype_has_that_type_once() -> None:
    person = '<prov:person prov:id="ex:p"><prov:type xsi:type="xsd:QName">prov:Person</prov:type></prov:person>'
    plan = '<prov:plan prov:id="ex:q" xsi:type="ex:Own"/>'
    assert [(one.kind, one.attributes) for one in said(person + plan)] == [
        ("agent", (Attribute(TYPE, f"{PROV}Person", QNAME),)),
        ("entity", (Attribute(TYPE, f"{EX}Own", QNAME), Attribute(TYPE, f"{PROV}Plan", QNAME))),
    ]


def test_a_membership_of_several_is_a_statement_each_as_are_members_in_a_wrapper() -> None:
    members = '<prov:entity prov:ref="ex:a"/><prov:entity><prov:entity prov:ref="ex:b"/></prov:entity>'
    assert [
        dict(one.arguments)
        for one in said(f'<prov:hadMember><prov:collection prov:ref="ex:c"/>{members}</prov:hadMember>')
    ] == [
        {"collection": f"{EX}c", "entity": f"{EX}a"},
        {"collection": f"{EX}c", "entity": f"{EX}b"},
    ]


def test_prefixes_may_be_declared_anywhere() -> None:
    reading = begin(
        '<prov:bundleContent prov:id="in:b" xmlns:in="http://in/"><prov:entity prov:id="in:e"/></prov:bundleContent>'
        '<prov:entity prov:id="o:e" xmlns:o="http://o/"><i:k xmlns:i="http://i/" xsi:type="i:T">v</i:k></prov:entity>'
        '<prov:entity prov:id="ex:z"/><prov:bundleContent prov:id="ex:empty"/>'
    )
    found = list(reading.statements)
    assert [(one.bundle, one.id) for one in found] == [
        ("http://in/b", "http://in/e"),
        ("", "http://o/e"),
        ("", f"{EX}z"),
    ]
    assert found[1].attributes == (Attribute("http://i/k", "v", "http://i/T"),)
    assert reading.namespaces[""].items() >= {"ex": EX, "xsd": XSD, "o": "http://o/", "i": "http://i/"}.items()
    assert {name: reading.namespaces[name] for name in reading.namespaces if name} == {
        "http://in/b": {"in": "http://in/"},
        f"{EX}empty": {},
    }


def test_names_without_prefix_are_of_the_default_namespace() -> None:
    head = f'<document xmlns="{PROV}" xmlns:prov="{PROV}">'
    (found,) = read_provxml(BytesIO(f'{head}<entity prov:id="e"/></document>'.encode()), unqualified="").statements
    assert found.id == f"{PROV}e"


def test_an_old_bundle_holds_statements_and_a_bundle_without_any_is_an_entity() -> None:
    found = said('<prov:bundle prov:id="ex:b"><prov:agent prov:id="ex:a"/></prov:bundle><prov:bundle prov:id="ex:c"/>')
    assert [(one.kind, one.id, one.bundle) for one in found] == [
        ("agent", f"{EX}a", f"{EX}b"),
        ("entity", f"{EX}c", ""),
    ]


def test_what_is_left_out_is_remarked() -> None:
    reading = begin(
        "<prov:other><ex:x/></prov:other>"
        '<prov:entity prov:id="ex:e"><ex:k ex:a="1">v</ex:k><ex:l><ex:m/></ex:l></prov:entity>'
    )
    assert len(list(reading.statements)) == 1
    assert [str(one) for one in reading.remarks] == [
        "line 2: prov:other was left out: it is no provenance",
        f"line 2, k: the attribute '{{{EX}}}a' was left out",
        "line 2, l: the elements in l were left out",
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("\n<prov:entity/>", "line 3, prov:entity: prov:entity needs prov:id"),
        ('<prov:entity prov:id="no:e"/>', "line 2, prov:entity: 'no:e' needs the prefix 'no' to be declared"),
        ('<prov:entity prov:id="e"/>', "line 2, prov:entity: 'e' needs a default namespace to be declared"),
        ("<prov:used>\n<prov:entity/></prov:used>", "line 3, prov:entity: prov:entity needs prov:ref"),
        ("<prov:used><prov:time>now</prov:time></prov:used>", "line 2, prov:time: 'now' is no xsd:dateTime"),
        (
            '<prov:used><prov:entity prov:ref="ex:a"/><prov:entity prov:ref="ex:b"/></prov:used>',
            "line 2, prov:entity: prov:entity stands there twice; one is right",
        ),
        ('<prov:entity prov:id="ex:e"><k/></prov:entity>', "line 2, k: the attribute 'k' needs a namespace"),
        ("<ex:thing/>", f"line 2: 'thing' of '{EX}' is no record of PROV"),
        ("<prov:thing/>", "line 2: prov:thing is no record of PROV-XML"),
        ("<prov:hadDictionaryMember/>", "line 2: PROV-Dictionary is not supported (prov:hadDictionaryMember)"),
        ("<prov:bundleContent/>", "line 2, prov:bundleContent: a bundle needs prov:id"),
        ('<prov:bundleContent prov:id="ex:b"/>' * 2, "line 2, prov:bundleContent: the bundle 'ex:b'"),
        ('<prov:entity prov:id="ex:e">', "line 2, column 45: no XML: Opening and ending tag mismatch: entity"),
        ("<a>" * 300, "line 2, column 768: no XML: Excessive depth in document: 256, use XML_PARSE_HUGE option"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(text: str, wanted: str) -> None:
    assert refusal(text)[: len(wanted)] == wanted


@pytest.mark.parametrize(
    "subset",
    [
        '[<!ENTITY a "b">]',
        'SYSTEM "file:///etc/passwd"',
        '[<!ENTITY a SYSTEM "file:///etc/passwd">]',
        '[<!ENTITY % a SYSTEM "http://127.0.0.1:9/a"> %a;]',
    ],
)
def test_a_document_type_is_refused(subset: str) -> None:
    head = f"<!DOCTYPE d {subset}>{HEAD}"
    assert refusal("", head=head) == "line 1: a document type with its entities is not allowed"


def test_a_thousand_laughs_are_refused() -> None:
    entities = "".join(f'<!ENTITY a{one + 1} "{f"&a{one};" * 10}">' for one in range(9))
    document = f'<!DOCTYPE d [<!ENTITY a0 "{"ha" * 500}">{entities}]>{HEAD[:-2]} ex:x="&a9;">'
    assert refusal("", head=document).startswith("line 1")


@pytest.mark.parametrize("codec", ["utf-16", "iso-8859-1", "utf-8-sig"])
def test_other_encodings_are_read(codec: str) -> None:
    declaration = "" if codec == "utf-8-sig" else f'<?xml version="1.0" encoding="{codec}"?>'
    data = f'{declaration}{HEAD}<prov:entity prov:id="ex:é"/></prov:document>'.encode(codec)
    assert [one.id for one in read_provxml(BytesIO(data), unqualified="").statements] == [f"{EX}é"]


def test_a_place_beyond_what_libxml2_counts_says_so() -> None:
    assert refusal("\n" * 70_000 + "<prov:entity/>").startswith("beyond line 65534, prov:entity: ")


def test_more_than_the_limit_is_refused_unread() -> None:
    source = BytesIO()
    source.seek(MOST_BYTES)
    source.write(b" ")
    with pytest.raises(TooLarge, match="67108865 bytes; at most 67108864 are read"):
        read_provxml(source, unqualified="")
