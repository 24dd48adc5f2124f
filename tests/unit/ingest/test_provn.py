"""Reading PROV-N: exact texts, and line and column of what is wrong."""

from __future__ import annotations

from io import BytesIO

import pytest

from provstore.errors import Malformed, TooLarge
from provstore.graph.model import PROV, QNAME, XSD, Attribute
from provstore.graph.statements import ARGUMENTS, ELEMENTS, TIMES, Statement
from provstore.ingest.provn import read_provn
from provstore.ingest.whole import MOST_BYTES

EX = "http://example.org/"
TIME = "2026-03-01T12:00:00.50+01:00"
HEAD = f"document\nprefix ex <{EX}>\n"


def said(text: str) -> list[Statement]:
    return list(read_provn(BytesIO(f"{HEAD}{text}\nendDocument".encode()), unqualified="urn:no:").statements)


def value(text: str) -> Attribute:
    ((_, _, _, (attribute,), _, _),) = said(f"entity(ex:e, [ex:k={text}])")
    return attribute


def refusal(text: str, *, head: str = HEAD) -> str:
    with pytest.raises(Malformed) as caught:
        list(read_provn(BytesIO((head + text).encode()), unqualified="urn:no:").statements)
    return str(caught.value)


@pytest.mark.parametrize("kind", ARGUMENTS)
def test_every_kind_of_statement_is_read_with_all_its_arguments(kind: str) -> None:
    names = [one.name for one in ARGUMENTS[kind]]
    given = ", ".join(TIME if name in TIMES else f"ex:{name}" for name in names)
    first = "ex:x" if kind in ELEMENTS else "ex:x; "
    (found,) = said(f"{kind}({first}{', ' if kind in ELEMENTS and given else ''}{given}, [ex:k='ex:v'])")
    assert found == Statement(
        kind=kind,
        id=f"{EX}x",
        arguments={name: TIME if name in TIMES else EX + name for name in names},
        attributes=(Attribute(f"{EX}k", f"{EX}v", QNAME),),
        place=f"line 3, {kind}",
    )


def test_a_missing_argument_is_left_out_and_a_missing_id_is_empty() -> None:
    assert [
        (one.id, one.arguments) for one in said(f"used(ex:a, -, {TIME})\nused(-; ex:a)\nused(ex:u; -, ex:e, -)")
    ] == [
        ("", {"activity": f"{EX}a", "time": TIME}),
        ("", {"activity": f"{EX}a"}),
        (f"{EX}u", {"entity": f"{EX}e"}),
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('"1.00" %% xsd:double', ("1.00", f"{XSD}double", None)),
        ('"x" %%ex:own', ("x", f"{EX}own", None)),
        ('"chat"@fr-CA', ("chat", None, "fr-CA")),
        ("007", ("007", f"{XSD}int", None)),
        ("-3000000000", ("-3000000000", f"{XSD}long", None)),
        ("9" * 30, ("9" * 30, f"{XSD}integer", None)),
        ('"""a"b\nc"""', ('a"b\nc', None, None)),
        (r'"\"\t\\ \u00e9\U0001F600"', ('"\t\\ é😀', None, None)),
        ("'ex:a'", (f"{EX}a", QNAME, None)),
        (r"'ex:a\,b\)'", (f"{EX}a,b)", QNAME, None)),
        ("'ex:'", (EX, QNAME, None)),
        ('"ex:a" %% xsd:QName', (f"{EX}a", QNAME, None)),
        ('"ex:a" %% prov:QUALIFIED_NAME', (f"{EX}a", QNAME, None)),
        ("'nowhere:a'", ("nowhere:a", f"{PROV}QUALIFIED_NAME", None)),
        ('"prov:Plan"', ("prov:Plan", None, None)),
    ],
)
def test_a_value_keeps_its_text_its_type_and_its_language(
    text: str, wanted: tuple[str, str | None, str | None]
) -> None:
    assert value(text) == Attribute(f"{EX}k", *wanted)


def test_names_may_hold_what_the_grammar_lets_them() -> None:
    ids = [one.id for one in said(r"entity(ex:1/a.b@c~d&e+f*g?h#i$j!k%20-l) entity(ex:a\=\'\(\:\;\[\]\.) entity(ex:π)")]
    assert ids == [f"{EX}1/a.b@c~d&e+f*g?h#i$j!k%20-l", f"{EX}a='(:;[].", f"{EX}π"]


def test_comments_and_space_of_any_kind_are_skipped() -> None:
    assert len(said("// one\r\nentity(/* two */ex:a // three\n\t,\u00a0[ ] )/**/agent ( ex:b )")) == 2


def test_bundles_have_their_own_prefixes_and_a_name_among_them() -> None:
    inner = "bundle in:b\nprefix in <http://in/>\ndefault <http://d/>\nentity(e)\nendBundle"
    text = f"entity(ex:a)\n{inner}\nbundle ex:c endBundle"
    reading = read_provn(BytesIO(f"{HEAD}{text}\nentity(ex:z)\nendDocument".encode()), unqualified="urn:no:")
    assert [(one.bundle, one.id) for one in reading.statements] == [
        ("", f"{EX}a"),
        ("http://in/b", "http://d/e"),
        ("", f"{EX}z"),
    ]
    assert reading.namespaces == {
        "": {"ex": EX},
        "http://in/b": {"in": "http://in/", "default": "http://d/"},
        f"{EX}c": {},
    }


def test_an_attribute_with_the_name_of_an_argument_is_that_argument() -> None:
    (found,) = said(f'activity(ex:a, [prov:startTime="{TIME}" %% xsd:dateTime, ex:k=1])')
    assert (dict(found.arguments), len(found.attributes)) == ({"startTime": TIME}, 1)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("entity(ex:a\nagent(ex:b)", "line 4, column 1: ',' or ')' is needed instead of 'agent'"),
        ('entity(ex:a, [ex:k="v"\nagent(ex:b)', "line 4, column 1: ',' or ']' is needed instead of 'agent'"),
        ("entity(ex:a, [ex:k='ex:b']", "line 3, column 27: ')' is needed instead of the end of the document"),
        ("entity(ex:a)", "line 3, column 13: a statement is needed instead of the end of the document"),
        ("entity ex:a", "line 3, column 1: '(' is needed behind entity"),
        ("/* a", "line 3, column 1: a statement is needed instead of a comment without end"),
        ("entity(no:a)", "line 3, column 8: 'no:a' needs the prefix 'no' to be declared"),
        ("entity(a)", "line 3, column 8: 'a' needs a default namespace to be declared"),
        ("entity(-)", "line 3, column 1: entity needs an id"),
        ("entity(ex:a; ex:b)", "line 3, column 12: ';' stands only behind the id of a relation"),
        ("used(ex:a, ex:b)", "line 3, column 1: used has 1 or 3 arguments behind its id, not 2"),
        ("used(ex:a, -, ex:b)", "line 3, column 15: time is a time: a date with 'T', hours, minutes, seconds"),
        (f"used(ex:a, {TIME}, -)", f"line 3, column 12: a name is needed here, not the time {TIME}"),
        (
            "used(ex:a, -, 2026-02-30T00:00:00)",
            "line 3, column 15: '2026-02-30T00:00:00' is no xsd:dateTime that can be kept",
        ),
        (r'entity(ex:a, [ex:k="\q"])', r"line 3, column 15: the escape '\\q' means nothing here"),
        ('entity(ex:a, [ex:k="\0"])', "line 3, column 15: a text with the character 0 can't be kept"),
        ("hadDictionaryMember(ex:a)", "line 3, column 1: PROV-Dictionary is not supported (hadDictionaryMember)"),
        ("parameter(ex:a)", "line 3, column 1: 'parameter' begins no statement of PROV-N"),
        ("bundle ex:b endDocument", "line 3, column 13: 'endBundle' is needed before 'endDocument'"),
        ("bundle ex:b bundle ex:c", "line 3, column 13: 'bundle' stands at the wrong place"),
        ("bundle ex:b endBundle bundle ex:b", f"line 3, column 23: the bundle '{EX}b' stands there twice"),
        ("prefix ex <http://x/>", "line 3, column 12: the prefix 'ex' is declared twice"),
        ("prefix xsd <http://x/>", f"line 3, column 13: the prefix 'xsd' always means {XSD}"),
        ("endDocument\nentity(ex:a)", "line 4, column 1: 'entity' stands behind 'endDocument'"),
    ],
)
def test_what_is_wrong_is_told_with_line_and_column(text: str, wanted: str) -> None:
    assert refusal(text) == wanted


def test_a_document_begins_with_its_word() -> None:
    assert refusal("entity(ex:a)", head="") == "line 1, column 1: a PROV-N document begins with 'document'"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1_000_000,
        "entity(ex:a" + "." * 1_000_000,
        "entity(ex:" + "a." * 1_000_000,
        " " * 1_000_000 + "!",
        "/**/" * 300_000 + "!",
        'entity(ex:a, [ex:k="' + r"\n" * 1_000_000,
        'entity(ex:a, [ex:k="v"@' + "a-" * 300_000,
    ],
    ids=["brackets", "dots", "letters", "spaces", "comments", "escapes", "language"],
)
def test_long_nonsense_is_refused_in_time(text: str) -> None:
    assert refusal(text).startswith("line 3, column ")


def test_what_is_no_utf_8_is_refused_with_its_line() -> None:
    with pytest.raises(Malformed, match="line 2: the byte 0xff at 9 is no UTF-8"):
        read_provn(BytesIO(b"document\n\xff"), unqualified="urn:no:")


def test_a_byte_order_mark_is_no_part_of_the_document() -> None:
    assert list(read_provn(BytesIO(b"\xef\xbb\xbfdocument endDocument"), unqualified="urn:no:").statements) == []


def test_more_than_the_limit_is_refused_unread() -> None:
    source = BytesIO()
    source.seek(MOST_BYTES)
    source.write(b" ")
    source.seek(0)
    with pytest.raises(TooLarge, match="67108865 bytes; at most 67108864 are read"):
        read_provn(source, unqualified="urn:no:")
