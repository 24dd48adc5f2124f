from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from astropy.io.votable import from_table, writeto
from astropy.table import Table

from provstore.errors import Invalid, Malformed, UnsupportedType
from provstore.graph.model import XSD, Attribute
from provstore.ingest.product_tables import is_list, products_of, table_form
from provstore.ingest.products import UNQUALIFIED, Product

URL = "https://archive.example/a.fits"
MD5 = "0cc175b9c0f1b6a831c399e269772661"
PLAIN = Product(
    location=URL,
    name="a",
    size=12,
    content_type="image/fits",
    checksums={"md5": MD5, "adler32": "00620062"},
    generated_at=datetime(2026, 1, 31, 12, tzinfo=UTC),
    record={"s_ra": "83.6", "calib_level": "2"},
    attributes=(Attribute(f"{UNQUALIFIED}quality", "good"), Attribute("http://x.example/#n", "3", f"{XSD}long")),
    place="row 1",
)
CSV = f"""\
location,name,size,content_type,md5,checksum,generated_at,s_ra,calib_level,attribute.quality,http://x.example/#n
{URL},a,12,image/fits,{MD5.upper()},adler32:620062,2026-01-31T12:00:00Z,83.6,2,good,3
"""
JSON = [
    {
        "location": URL,
        "name": "a",
        "size": 12,
        "content_type": "image/fits",
        "checksums": {"md5": MD5},
        "checksum": "adler32:0x00620062",
        "generated_at": "2026-01-31 12:00:00",
        "obscore": {"s_ra": 83.6, "calib_level": 2},
        "attributes": {"quality": "good", "http://x.example/#n": 3},
        "target_name": None,
    }
]


def read(text: str | bytes, form: str = "csv", base: Path | None = None) -> list[Product]:
    return list(products_of(io.BytesIO(text.encode() if isinstance(text, str) else text), form, base=base))


def votable(**columns: Any) -> bytes:
    out = io.BytesIO()
    writeto(from_table(Table(columns)), out, tabledata_format="tabledata")
    return out.getvalue()


def without_place(product: Product) -> Product:
    return Product(**{name: getattr(product, name) for name in Product.__slots__ if name != "place"})


@pytest.mark.parametrize(
    "text",
    [CSV, CSV.replace(",", ";"), CSV.replace(",", "\t"), "\ufeff" + CSV.replace("\n", "\r\n"), CSV + "\n\n"],
)
def test_a_list_in_csv_is_read_as_it_is_meant(text: str) -> None:
    assert [without_place(one) for one in read(text)] == [without_place(PLAIN)]


@pytest.mark.parametrize("text", [json.dumps(JSON), json.dumps(JSON[0]), json.dumps(JSON[0]) + "\n"])
def test_json_lists_objects_and_lines_are_read(text: str) -> None:
    assert read(text, "json") == [PLAIN]


def test_json_lines_are_read_one_by_one() -> None:
    text = "\n".join(json.dumps({"location": f"{URL}?{number}"}) for number in range(3))
    assert [(one.location, one.place) for one in read(text, "json")] == [
        (f"{URL}?{n}", f"row {n + 1}") for n in range(3)
    ]


def test_a_votable_of_astropy_is_read() -> None:
    content = votable(location=[URL], name=["a"], size=[12], s_ra=[83.6], calib_level=[2], md5=[MD5])
    (found,) = read(content, "votable")
    assert (found.location, found.size, found.checksums) == (URL, 12, {"md5": MD5})
    assert found.record == {"s_ra": "83.6", "calib_level": "2"}


def test_the_columns_of_another_obscore_table_are_known_by_their_utypes() -> None:
    content = votable(where=[URL], ra=[83.6]).decode()
    content = content.replace('name="where"', 'name="where" utype="obscore:Access.Reference"').replace(
        'name="ra"', 'name="ra" utype="obscore:Char.SpatialAxis.Coverage.Location.Coord.Position2D.Value2.C1"'
    )
    (found,) = read(content, "votable")
    assert (found.location, found.record) == (URL, {"s_ra": "83.6"})


def test_empty_values_and_nulls_say_nothing() -> None:
    head, row = 'datatype="long"><VALUES null="-1"/></FIELD>', f"<TR><TD>{URL}</TD><TD>-1</TD><TD>NaN</TD></TR>"
    fields = f'<FIELD name="url" datatype="char" arraysize="*"/><FIELD name="size" {head}'
    fields += '<FIELD name="s_ra" datatype="double"/>'
    text = f"<VOTABLE><RESOURCE><TABLE>{fields}<DATA><TABLEDATA>{row}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    assert [without_place(one) for one in read(text, "votable")] == [Product(location=URL)]
    assert [without_place(one) for one in read(f"location,size,s_ra\n{URL},,\n")] == [Product(location=URL)]


def test_numbers_compare_as_numbers_where_they_look_like_one() -> None:
    (found,) = read(f"location,attribute.a,attribute.b,attribute.c\n{URL},7,007,1.5\n")
    assert [one.type for one in found.attributes] == [f"{XSD}long", None, f"{XSD}double"]


def test_a_text_of_json_stays_a_text() -> None:
    (found,) = read(json.dumps({"location": URL, "attributes": {"a": "7", "b": [1, True]}}), "json")
    assert [(one.lexical, one.type) for one in found.attributes] == [
        ("7", None),
        ("1", f"{XSD}long"),
        ("true", f"{XSD}boolean"),
    ]


def test_paths_count_from_the_folder_of_the_list(tmp_path: Path) -> None:
    (found,) = read("location\nraw/a b.fits\n", base=tmp_path)
    assert found.location == (tmp_path / "raw" / "a b.fits").as_uri()


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("s_ra", "400", "row 1 (line 2): s_ra: 400 is not within 0 to 360"),
        ("s_dec", "-90.5", "row 1 (line 2): s_dec: -90.5 is not within -90 to 90"),
        ("s_ra", "1e", "row 1 (line 2): s_ra: '1e' is not a number"),
        ("size", "-1", "row 1 (line 2): size: '-1' is no number of bytes"),
        ("size", "12.5", "row 1 (line 2): size: '12.5' is no number of bytes"),
        ("md5", "xyz", "row 1 (line 2): md5: 'xyz' is no md5: 32 hexadecimal digits are needed"),
        ("md5", "abc", "row 1 (line 2): md5: 'abc' is no md5: it has 3 digits of 32"),
        ("checksum", "0cc1", "row 1 (line 2): checksum: '0cc1' does not say which checksum it is, as md5:0cc1... does"),
        ("content_type", "fits", "row 1 (line 2): content_type: 'fits' is no media type, as application/fits"),
        ("generated_at", "soon", "row 1 (line 2): generated_at: 'soon' is no instant, such as 2026-01-31T12:00:00Z"),
        ("name", "a\u202etxt.exe", "turns the direction of writing"),
        ("dataproduct_type", "map", "'map' is none of"),
        ("colour", "red", "is no column known here; attributes of your own are called attribute.NAME, or by a URI"),
        ("attribute.a b", "x", "'a b' is no key of an attribute"),
        ("url", "https://b.example/other", "is given twice"),
    ],
)
def test_what_is_wrong_with_a_row_is_told_with_its_place(column: str, value: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(f"location,{column}\n{URL},{value}\n")
    assert words in refused.value.message
    assert refused.value.field == column


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("", "a location is needed"),
        ("raw/a.fits", "is no URI"),
        ("https://", "is no URI"),
        ("https://a.example/a b", "is no URI"),
        ("https://me:secret@a.example/a", "a user's name or password"),
        ("https://a.example/\u202ea", "turns the direction of writing"),
        (f"https://a.example/{'a' * 4000}", "at most 4000 are kept"),
    ],
)
def test_a_location_is_an_address_without_secrets(location: str, words: str) -> None:
    with pytest.raises(Invalid, match="row 1") as refused:
        read(json.dumps({"location": location, "name": "x"}), "json")
    assert words in refused.value.message
    assert "secret" not in f"{refused.value.message}{refused.value.value}"


@pytest.mark.parametrize(
    ("form", "content", "place"),
    [
        ("csv", b"", "line 1"),
        ("csv", b"location,location\n", "line 1"),
        ("csv", b"location,\nx,y\n", "line 1"),
        ("csv", b"location,name\nhttps://a.example/1\n", "row 1 (line 2)"),
        ("csv", b'location\n"https://a.example/1\n', "line 2"),
        ("csv", b"location\n\xff\xfe\n", "the list"),
        ("csv", b"location,name\nhttps://a.example/1,a\x00b\n", ""),
        ("json", b"", "the list"),
        ("json", b"[", "line 1, column 2"),
        ("json", b"[1]", "row 1"),
        ("json", b'[{"location": {"a": 1}}]', "row 1, location"),
        ("json", b'[{"location": "https://a.example/1"}', "line 1, column 37"),
        ("json", b'{"location": "a\\u0000b"}', "line 1, column 1"),
        ("json", b"[" * 100_000, "line 1"),
        ("votable", b"", "line"),
        ("votable", b"<VOTABLE>", "line"),
        ("votable", b"<VOTABLE/>", "the VOTable"),
        ("votable", b"<TABLE><FIELD name='url'/><DATA><BINARY2/></DATA></TABLE>", "the VOTable"),
        ("votable", b"<TABLE><FIELD name='url'/><TR><TD>a</TD><TD>b</TD></TR></TABLE>", "row 1"),
        ("votable", b"<TABLE>" + b"<FIELD name='a'/>" * 1001 + b"</TABLE>", "the VOTable"),
    ],
)
def test_a_list_that_can_not_be_read_is_refused_with_the_place(form: str, content: bytes, place: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(content, form)
    assert place in refused.value.message
    assert isinstance(refused.value, Malformed) or not place


def test_entities_of_xml_are_not_expanded() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY e "https://a.example/e">]><TABLE><FIELD name="url"/><TR><TD>&e;</TD></TR></TABLE>'
    with pytest.raises(Invalid):
        read(bomb, "votable")


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("a.csv", b"location,name\n", "csv"),
        ("a.csv", b"time;url\n", "csv"),
        ("a.csv", b"energy,counts\n1,2\n", None),
        ("a.vot", votable(location=["x"]), "votable"),
        ("a.vot", votable(energy=[1.0]), None),
        ("a.json", b'[{"location": "x"}]', "json"),
        ("a.json", b'{"energy": 1}', None),
        ("a.fits", b"location", None),
    ],
)
def test_a_list_is_told_from_a_product(tmp_path: Path, name: str, content: bytes, form: str | None) -> None:
    (tmp_path / name).write_bytes(content)
    assert is_list(tmp_path / name) == form


def test_lists_go_by_their_media_type() -> None:
    assert [table_form(one) for one in ("text/csv; header=present", "Application/JSON", "text/xml")] == [
        "csv",
        "json",
        "votable",
    ]
    with pytest.raises(UnsupportedType, match="application/fits"):
        table_form("application/fits")
