"""VOTable copies, read by astropy, and by lxml against the published schema."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from astropy.io import votable
from astropy.table import Table
from lxml import etree

from provstore.errors import Invalid
from provstore.export.embedding.registry import embed, original_sha256
from provstore.ingest.embedded import find

ID: Final = "urn:uuid:01975c3e-0000-7000-8000-000000000000#e01975c3e00007000800000000000000"

PLAIN: Final = """\
<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment with </VOTABLE> in it -->
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">
  <DESCRIPTION>é</DESCRIPTION>
  <INFO name="before" value="1"/>
  <RESOURCE type="results">
    <INFO name="QUERY_STATUS" value="OK"/>
    <TABLE ID="activity" name="stars">
      <FIELD ID="activity.id" name="ra" datatype="double" unit="deg"/>
      <DATA><TABLEDATA><TR><TD>1.5</TD></TR><TR><TD>2.5</TD></TR></TABLEDATA></DATA>
    </TABLE>
  </RESOURCE>
</VOTABLE>
"""


def serialised(kind: str) -> bytes:
    out = io.BytesIO()
    table = Table({"ra": [1.5, 2.5], "name": ["a", "b"]})
    votable.from_table(table).to_xml(out, tabledata_format=kind)
    return out.getvalue()


def named(encoding: str) -> bytes:
    return PLAIN.replace('"UTF-8"', f'"{encoding}"').encode(encoding)


PREFIXED: Final = (
    PLAIN.replace("<!-- a comment with </VOTABLE> in it -->\n", "")
    .replace("</", "</vot:")
    .replace("<VO", "<vot:VO")
    .replace(" xmlns=", " xmlns:vot=")
)
for _name in ("DESCRIPTION", "INFO", "RESOURCE", "TABLE", "FIELD", "DATA", "TABLEDATA", "TR", "TD"):
    for _end in (" ", ">"):
        PREFIXED = PREFIXED.replace(f"<{_name}{_end}", f"<vot:{_name}{_end}")  # type: ignore[misc]

ORIGINALS: Final = {
    "plain": PLAIN.encode(),
    "without line ends": PLAIN.replace(">\n", ">").encode(),
    "DOS line ends": PLAIN.replace("\n", "\r\n").encode(),
    "comment at the end": PLAIN.replace("\n</VOTABLE>", "<!-- x -->\n</VOTABLE>\n<!-- </VOTABLE> -->").encode(),
    "INFO at the end": PLAIN.replace(
        "\n</VOTABLE>", '\n <INFO name="e" value="1"/><INFO name="f" value=""/></VOTABLE>'
    ).encode(),
    "two resources": PLAIN.replace(
        "\n</VOTABLE>", '\n  <RESOURCE type="meta" utype="adhoc:service"/></VOTABLE>'
    ).encode(),
    "prefixed": PREFIXED.encode(),
    "ISO-8859-1": named("ISO-8859-1"),
    "windows-1252": named("windows-1252"),
    "UTF-16": named("UTF-16"),
    "UTF-16 big-endian": b"\xfe\xff" + PLAIN.replace('"UTF-8"', '"UTF-16"').encode("utf-16-be"),
    "byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "binary": serialised("binary"),
    "binary2": serialised("binary2"),
    "doctype": PLAIN.replace(
        "<VOTABLE", '<!DOCTYPE VOTABLE SYSTEM "http://us-vo.org/xml/VOTable.dtd">\n<VOTABLE', 1
    ).encode(),
}

every_original = pytest.mark.parametrize("original", list(ORIGINALS.values()), ids=list(ORIGINALS))


def own(data: bytes) -> Any:
    root = etree.fromstring(data)
    namespace = root.tag.rpartition("VOTABLE")[0]
    [found] = [one for one in root.iterfind(f"{namespace}RESOURCE") if one.get("utype") == "provstore:embedded"]
    return found


def infos(resource: Any, name: str) -> list[Any]:
    return [one for one in resource if one.tag.endswith("INFO") and one.get("name") == name]


@every_original
def test_the_lineage_is_in_a_resource_of_its_own(original: bytes, carried: Any) -> None:
    resource = own(carried.copy(original))
    assert resource.get("type") == "meta"
    assert [one.get("value") for one in infos(resource, "provenance_id")] == [ID]
    assert infos(resource, "provenance_history")[1].get("value") == "on 2026-05-01, run by Ada Lovelâce"
    text = "".join(one.text for one in infos(resource, "provenance_votable"))
    assert text.encode() == carried.lineage


@every_original
def test_everything_of_the_original_is_unchanged(original: bytes, carried: Any) -> None:
    copy = carried.copy(original)
    parser = etree.XMLParser(remove_blank_text=False)
    new: Any = etree.fromstring(copy, parser)
    resource = next(one for one in new if isinstance(one.tag, str) and one.get("utype") == "provstore:embedded")
    previous = resource.getprevious()
    assert resource.tail.startswith("\n")
    previous.tail = (previous.tail or "") + resource.tail[1:]
    resource.tail = None
    new.remove(resource)
    assert etree.tostring(new, method="c14n") == etree.tostring(etree.fromstring(original, parser), method="c14n")


@pytest.mark.parametrize("name", [name for name in ORIGINALS if name != "windows-1252"])
def test_astropy_reads_the_table_as_before(name: str, carried: Any) -> None:
    original = ORIGINALS[name]
    old = Table.read(io.BytesIO(original), format="votable")
    new = Table.read(io.BytesIO(carried.copy(original)), format="votable")
    assert old.colnames == new.colnames
    assert all((old[name] == new[name]).all() for name in old.colnames)


def test_astropy_reads_the_resource(carried: Any) -> None:
    found = votable.parse(io.BytesIO(carried.copy(PLAIN.encode())), verify="exception")
    told = {info.name: info.value for info in found.resources[-1].infos}
    text = "".join(info.content for info in found.resources[-1].infos if info.name == "provenance_votable")
    assert (found.resources[-1].type, told["provenance_id"]) == ("meta", ID)
    assert votable.parse(io.BytesIO(text.encode()), verify="exception").get_table_by_id("entity") is not None


@every_original
def test_the_original_can_be_had_back_byte_by_byte(original: bytes, carried: Any) -> None:
    assert original_sha256(io.BytesIO(carried.copy(original))) == hashlib.sha256(original).hexdigest()


@every_original
def test_embedding_twice_replaces_what_was_embedded(original: bytes, carried: Any) -> None:
    once = carried.copy(original)
    other = carried.copy(once, id="https://example.org/other?a=1&b=<é>", page="", summary=())
    assert infos(own(other), "provenance_id")[0].get("value") == "https://example.org/other?a=1&b=<é>"
    assert carried.copy(other, sha256=hashlib.sha256(original).hexdigest()) == once


@every_original
def test_a_copy_tells_its_record(original: bytes, carried: Any) -> None:
    found = find(io.BytesIO(carried.copy(original)))
    assert found is not None
    assert (found.id, found.sha256) == (ID, hashlib.sha256(original).hexdigest())
    assert find(io.BytesIO(original)) is None


def test_a_copy_that_astropy_wrote_anew_still_tells_its_record(carried: Any) -> None:
    out = io.BytesIO()
    votable.parse(io.BytesIO(carried.copy(PLAIN.encode()))).to_xml(out)
    found = find(out)
    assert found is not None
    assert found.id == ID


@pytest.mark.parametrize("name", ["plain", "prefixed", "INFO at the end", "two resources"])
def test_a_copy_is_valid_by_the_schema(name: str, carried: Any, schemas: Path) -> None:
    schema = etree.XMLSchema(etree.parse(schemas / "VOTable-1.4.xsd", etree.XMLParser(no_network=True)))
    schema.assertValid(etree.fromstring(carried.copy(ORIGINALS[name])))


def test_a_long_lineage_is_cut_into_texts_that_readers_take(carried: Any) -> None:
    lineage = "<TD>ñ & ü</TD>\n" * 800_000
    resource = own(carried.copy(PLAIN.encode(), votable=lambda out: out.write(lineage.encode())))
    assert "".join(one.text for one in infos(resource, "provenance_votable")) == lineage


BOMB: Final = "<!DOCTYPE v [<!ENTITY a 'x'><!ENTITY b '&a;&a;'>]>"


def broken() -> Iterator[tuple[bytes, str]]:
    yield PLAIN.encode()[:-12], "no well-formed XML"
    yield PLAIN.encode()[:300], "no well-formed XML"
    yield PLAIN.replace("</TR>", "").encode(), "no well-formed XML"
    yield PLAIN.replace("UTF-8", "no-such-code").encode(), "no well-formed XML"
    yield PLAIN.replace("<VOTABLE", BOMB + "<VOTABLE", 1).encode(), "declares entities"
    yield b"<VOTABLE/>", "no RESOURCE"
    yield b"<x><VOTABLE/></x>", "its root is 'x'"
    yield b'<VOTABLE><INFO name="e" value="x"/></VOTABLE>', "no RESOURCE"


@pytest.mark.parametrize(("data", "reason"), list(broken()))
def test_a_broken_file_is_refused_before_the_first_byte(data: bytes, reason: str, carried: Any) -> None:
    out = io.BytesIO()
    with pytest.raises(Invalid, match=reason):
        embed(io.BytesIO(data), carried.embedded(data), out)
    assert out.getvalue() == b""
