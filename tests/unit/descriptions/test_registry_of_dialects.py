"""One door for all dialects: the content decides."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.errors import Invalid, TooLarge
from provstore.uws.descriptions.dialects.registry import DIALECTS, read_description

DATA: Final = Path(__file__).parents[2] / "data" / "descriptions"
OURS: Final = b'{"name": "a", "parameters": [{"name": "p"}]}'
VOTABLE: Final = b'<VOTABLE xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE name="a"/></VOTABLE>'
MARK: Final = b"\xef\xbb\xbf"

SAMPLES: Final = {
    "dialects/stack_d0.xml": "D0",
    "dialects/stack_d1.xml": "D1",
    "dialects/stack_slides.xml": "slides",
    "dialects/stack_d2.xml": "D2",
    "ctbin/ctbin_d0.xml": "D0",
    "ctbin/ctbin_d1.xml": "D1",
    "ctbin/ctbin_d2.xml": "D2",
    "ctbin/ctbin_opus.json": "opus-json",
    "ctbin/ctbin.wadl": "wadl",
    "par/ctbin.par": "par",
    "par/fselect.par": "par",
}


@pytest.mark.parametrize(("name", "dialect"), SAMPLES.items())
def test_the_dialect_is_told_by_the_content_and_not_by_the_name(name: str, dialect: str) -> None:
    assert read_description((DATA / name).read_bytes(), source="upload").dialect == dialect


@pytest.mark.parametrize("name", SAMPLES)
def test_a_mark_at_the_beginning_changes_nothing(name: str) -> None:
    data = (DATA / name).read_bytes()
    assert read_description(MARK + data, source="a.par") == read_description(data, source="a.par")


@pytest.mark.parametrize(
    ("data", "dialect"),
    [
        (OURS, "json"),
        (b' \n{"name": "a"}', "json"),
        (b'{"name": "a", "parameters": {}}', "opus-json"),
        (b'{"name": "a", "used_keys": []}', "opus-json"),
        (b"\n<!-- a comment --><?pi x?>" + VOTABLE, "D2"),
        (VOTABLE.decode().encode("utf-16"), "D2"),
        (b"<!--" + b" " * 200_000 + b"-->" + VOTABLE, "D2"),
        (b"\n# comment\n\n" + b"a , s , h , x" * 1, "par"),
    ],
)
def test_what_comes_before_does_not_hide_the_content(data: bytes, dialect: str) -> None:
    assert read_description(data.strip(b"\n"), source="a").dialect == dialect


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "a.xml: the file is empty"),
        (b" \n\t", "a.xml: the file is empty"),
        (MARK, "a.xml: the file is empty"),
        (b"just text", "a file that begins with b'just text' is no description; right is one of: VOTable"),
        (b"<html/>", "XML with the root <html> of '' is no description; right is one of: VOTable"),
        (b"<", "XML without a root element is no description"),
        (b"\xff\xfe", "XML without a root element is no description"),
        (b"[]", "a JSON list is no description"),
        (b"{", "a.xml:1: no JSON"),
        (b"<application xmlns='urn:other'/>", "XML with the root <application> of 'urn:other' is no description"),
        (b"a,b,c\n1,2,3\n", "is no description"),
    ],
)
def test_what_is_no_description_is_refused_and_told_what_would_be(data: bytes, said: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_description(data, source="a.xml")
    assert said in caught.value.message


def test_every_dialect_is_named_in_the_refusal() -> None:
    with pytest.raises(Invalid) as caught:
        read_description(b"?", source="a")
    assert [dialect.name for dialect in DIALECTS if dialect.name not in caught.value.message] == []


def test_a_long_file_is_refused() -> None:
    with pytest.raises(TooLarge, match="at most 4194304"):
        read_description(b" " * (1 << 22) + b"{", source="a")


def test_strict_reading_refuses_what_would_be_repaired_and_lists_it() -> None:
    data = (DATA / "ctbin" / "ctbin.wadl").read_bytes()
    with pytest.raises(Invalid) as caught:
        read_description(data, source="ctbin.wadl", strict=True)
    assert "ctbin.wadl: not exact, in 3 places: line 9: not well-formed XML" in caught.value.message
    assert "; line 18: the choices '0' of prefix lack its default" in caught.value.message


@pytest.mark.parametrize("name", ["ctbin/ctbin_d2.xml", "ctbin/ctbin_d1.xml"])
def test_strict_reading_takes_what_is_exact(name: str) -> None:
    data = (DATA / name).read_bytes()
    assert read_description(data, source="a", strict=True) == read_description(data, source="a")


@pytest.mark.parametrize("path", sorted((DATA / "broken").iterdir()), ids=lambda path: str(path.name))
def test_broken_xml_is_refused_here_too(path: Path) -> None:
    with pytest.raises(Invalid, match=path.name):
        read_description(path.read_bytes(), source=path.name)


BOMBS: Final[dict[str, Callable[[], bytes]]] = {
    "brackets": lambda: b"[" * 4_000_000,
    "objects": lambda: b'{"a":' * 800_000,
    "quotes": lambda: b'{"' + b'\\"' * 2_000_000,
    "short lists": lambda: b'{"name": "a", "extra": [' + b"[]," * 1_300_000 + b"[]]}",
    "numbers": lambda: b'{"name": "a", "quote": ' + b"9" * 4_000_000 + b"}",
    "names": lambda: b'{"name": "a", "parameters": {' + b",".join(b'"p%d":{}' % n for n in range(250_000)) + b"}}",
    "the last name twice": lambda: (
        b'{"name": "a", "x": {' + b",".join(b'"p%d":1' % n for n in range(250_000)) + b',"p9":1}}'
    ),
    "parameters": lambda: (
        b'<application xmlns="wadl"><resource id="joblist" path="a"><request id="create_job_parameters">'
        + b"".join(b'<param name="p%d"/>' % n for n in range(150_000))
        + b"</request></resource></application>"
    ),
    "attributes": lambda: (
        b'<application xmlns="wadl"><resource id="joblist" path="a" '
        + b" ".join(b'a%d="1"' % n for n in range(300_000))
        + b"/></application>"
    ),
    "entities": lambda: (
        b'<!DOCTYPE a [<!ENTITY a0 "ha">'
        + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
        + b']><application xmlns="wadl" x="&a9;">&a9;</application>'
    ),
    "undefined entities": lambda: b'<application xmlns="wadl"><resource id="joblist" path="a">' + b"&x;" * 1_300_000,
    "elements": lambda: b'<application xmlns="wadl">' + b"<a>" * 1_300_000,
    "faults": lambda: b'<application xmlns="wadl">' + b"<" * 4_000_000,
    "parameter lines": lambda: b"".join(b"p%d,s,h,,,,\n" % n for n in range(200_000)),
    "commas": lambda: b"a,s,h," + b"," * 4_000_000,
    "open quotes": lambda: b"a,s,h," + b'"' * 4_000_001,
    "comments": lambda: b"#\n" * 2_000_000,
    "blanks": lambda: b"a,s,h" + b" " * 4_000_000 + b"x\n",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_over_soon(name: str) -> None:
    bomb = BOMBS[name]()
    start = time.process_time()
    with contextlib.suppress(Invalid, TooLarge):
        read_description(bomb, source="a")
    assert time.process_time() - start < 5


@given(st.sampled_from([*SAMPLES]), st.data())
@settings(max_examples=200, deadline=None)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(name: str, data: st.DataObject) -> None:
    whole = (DATA / name).read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    patch = data.draw(st.binary(max_size=6))
    with contextlib.suppress(Invalid):
        read_description(whole[:start] + patch + whole[start + data.draw(st.integers(0, 100)) :], source="a")


@given(st.binary(max_size=40) | st.text(max_size=20).map(str.encode))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused_and_nothing_else(data: bytes) -> None:
    with contextlib.suppress(Invalid):
        read_description(data, source="a")
