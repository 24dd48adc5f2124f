"""Previews of real files, good and hostile; who may see them; and addresses with a ticket for programs."""

from __future__ import annotations

import gzip
import io
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from lxml import html
from lxml.html import HtmlElement
from PIL import Image

from provstore.web.previews.kinds import Kind, kind_of
from provstore.web.previews.preview import has_picture
from tests.web.conftest import Serve
from tests.web.served import Served, job_id

BROWSER = {"Accept": "text/html,application/xhtml+xml"}
TABLE = Table({"energy": [1.5, 2.5], "name": ["Vega", "<b>Deneb</b>"]}, units={"energy": "TeV"})
LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE VOTABLE [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<VOTABLE><RESOURCE><TABLE><FIELD name="x" datatype="char" arraysize="*"/>
<DATA><TABLEDATA><TR><TD>&b;</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"""


def image(width: int = 40, height: int = 30, *, format: str = "PNG") -> bytes:
    sink = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(sink, format)
    return sink.getvalue()


def hdus(*given: Any) -> bytes:
    sink = io.BytesIO()
    fits.HDUList(list(given)).writeto(sink)
    return sink.getvalue()


def sky() -> Any:
    """Dark below, bright above, and a corner of which nothing is known."""
    values = np.repeat(np.linspace(0, 1, 32, dtype=np.float32)[:, None], 64, axis=1)
    values[0, 0] = np.nan
    return values


def cube() -> bytes:
    planes = np.stack([sky(), sky()[::-1]])
    table = fits.BinTableHDU(TABLE, name="EVENTS")
    return hdus(fits.PrimaryHDU(), fits.ImageHDU(planes, name="CUBE"), fits.CompImageHDU(sky(), name="PACKED"), table)


def votable(form: str) -> bytes:
    sink = io.BytesIO()
    TABLE.write(sink, format="votable", tabledata_format=form)
    return sink.getvalue()


def ecsv() -> bytes:
    sink = io.StringIO()
    TABLE.write(sink, format="ascii.ecsv", delimiter=",")
    return sink.getvalue().encode()


def product(served: Served, content: bytes, *, job: str = "") -> str:
    """Let a job make a file; give the id of its entity."""
    made = job or served.completed(files={"results/result.txt": content})
    return f"e{job_id(made)[1:]}.result"


def seen(served: Served, entity: str, **query: str) -> HtmlElement:
    answer = served.anonymous.get("/preview", query_string={"id": entity, **query}, headers=BROWSER)
    assert answer.status_code == 200, answer.text
    shown = "//*[contains(concat(' ', @class, ' '), ' preview ')]"
    (found,) = cast("list[HtmlElement]", html.document_fromstring(answer.text).xpath(shown))
    return found


def cells(page: HtmlElement) -> list[list[str]]:
    table = page.xpath(".//table[not(ancestor::details)]")[0]
    return [[" ".join(one.text_content().split()) for one in row] for row in table.iter("tr")]


def picture(served: Served, entity: str, **query: str) -> Any:
    answer = served.anonymous.get("/preview.png", query_string={"id": entity, **query})
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "image/png"
    return np.asarray(Image.open(io.BytesIO(answer.data)))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_is_made_small(served: Served, format: str) -> None:
    entity = product(served, image(800, 600, format=format))
    shape = picture(served, entity, size="100").shape
    assert shape[:2] == (75, 100)
    assert seen(served, entity).xpath(".//img/@src") == [f"http://localhost/preview.png?id={entity}&size=1024"]


def test_a_preview_that_one_has_is_not_sent_again(served: Served) -> None:
    place = f"/preview.png?id={product(served, image())}"
    tag = served.anonymous.get(place).headers["ETag"]
    again = served.anonymous.get(place, headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert served.anonymous.get(f"{place}&size=64").headers["ETag"] != tag


def test_an_image_of_the_sky_stands_upright_and_what_is_unknown_is_transparent(served: Served) -> None:
    seen_image = picture(served, product(served, hdus(fits.PrimaryHDU(sky()))), size="64", cut="100")
    shades, known = seen_image[..., 0], seen_image[..., 1]
    assert shades.shape == (32, 64)
    assert (shades[0].min(), shades[-1].max()) == (255, 0)
    assert np.argwhere(known == 0).tolist() == [[31, 0]]


def test_a_stretch_brings_out_what_is_faint(served: Served) -> None:
    entity = product(served, hdus(fits.PrimaryHDU(sky())))
    middle = {
        name: int(picture(served, entity, stretch=name, cut="100", size="64")[16, 5, 0])
        for name in ("linear", "sqrt", "asinh", "log")
    }
    assert sorted(middle, key=lambda name: middle[name]) == ["linear", "sqrt", "asinh", "log"]


def test_the_parts_and_planes_of_a_file_are_chosen_from(served: Served) -> None:
    entity = product(served, cube())
    page = seen(served, entity)
    assert page.xpath(".//select[@name='hdu']/option[@selected]/text()") == ["1 CUBE (image, 64 x 32 x 2)"]
    assert page.xpath(".//input[@name='plane']/@max") == ["1"]
    first, second = (picture(served, entity, plane=one, size="64") for one in ("0", "1"))
    assert first[0, 32, 0] > second[0, 32, 0]
    packed = picture(served, entity, hdu="2", size="64")
    assert packed[0, 32, 0] > packed[-1, 32, 0]
    rows = cells(seen(served, entity, hdu="3"))
    assert rows == [["energy TeV", "name"], ["1.5", "Vega"], ["2.5", "<b>Deneb</b>"]]
    assert "can't be shown: hdu 9" in seen(served, entity, hdu="9").text_content()


def test_a_header_is_shown_card_by_card(served: Served) -> None:
    hdu = fits.PrimaryHDU(sky())
    hdu.header["OBJECT"] = ("M 31", "what was looked at")
    header = seen(served, product(served, hdus(hdu))).find_class("header")[0]
    assert ["OBJECT", "M 31", "what was looked at"] in [[one.text for one in row] for row in header.iter("tr")]


def test_a_compressed_fits_file_is_shown_too(served: Served) -> None:
    assert picture(served, product(served, gzip.compress(hdus(fits.PrimaryHDU(sky())))), size="64").shape == (32, 64, 2)


@pytest.mark.parametrize("form", ["tabledata", "binary", "binary2"])
def test_a_votable_is_shown_with_its_units(served: Served, form: str) -> None:
    rows = cells(seen(served, product(served, votable(form))))
    assert rows == [["energy TeV", "name"], ["1.5", "Vega"], ["2.5", "<b>Deneb</b>"]]


def test_of_a_long_table_the_first_rows_are_shown(served: Served) -> None:
    sink = io.BytesIO()
    Table({"n": np.arange(5000)}).write(sink, format="votable", tabledata_format="tabledata")
    page = seen(served, product(served, sink.getvalue()))
    assert [row[0] for row in cells(page)] == ["n", *map(str, range(20))]


def test_comma_separated_values_are_a_table(served: Served) -> None:
    rows = cells(seen(served, product(served, ecsv())))
    assert rows == [["energy TeV", "name"], ["1.5", "Vega"], ["2.5", "<b>Deneb</b>"]]


def test_text_is_shown_as_text_and_long_text_by_its_beginning(served: Served) -> None:
    assert seen(served, product(served, b"<script>alert(1)</script>")).xpath(".//pre/text()") == [
        "<script>alert(1)</script>"
    ]
    page = seen(served, product(served, b"a line\n" * 20_000))
    assert 60_000 < len(page.xpath("string(.//pre)")) <= 64 * 1024
    assert "the whole file" in page.text_content()


def test_json_is_shown_in_lines(served: Served) -> None:
    assert seen(served, product(served, b'{"a":[1]}')).xpath("string(.//pre)") == '{\n  "a": [\n    1\n  ]\n}'


def test_json_that_would_become_mostly_indent_stays_as_it_is(served: Served) -> None:
    deep = f"{'[' * 900}{'1,' * 30_000}1{']' * 900}"
    assert seen(served, product(served, deep.encode())).xpath("string(.//pre)") == deep


def test_what_has_no_preview_says_so(served: Served) -> None:
    assert "have no preview" in seen(served, product(served, bytes(range(256)))).text_content()
    assert "empty" in seen(served, product(served, b"")).text_content()
    pdf = seen(served, product(served, b"%PDF-1.7 \xff"))
    assert pdf.xpath(".//a/text()") == ["Open the PDF"]


@pytest.mark.parametrize(
    "content",
    [
        image(9000, 9000),
        image()[:60],
        hdus(fits.PrimaryHDU(sky()))[:4000],
        fits.Header([("SIMPLE", True), ("BITPIX", -64), ("NAXIS", 2), ("NAXIS1", 1 << 40), ("NAXIS2", 9)])
        .tostring()
        .encode(),
        b"SIMPLE  =                    T" + b"\xff" * 5000,
        b"\x1f\x8b\x08 no gzip",
    ],
    ids=["too many pixels", "cut picture", "cut image", "claims more than it has", "no header", "no gzip"],
)
def test_a_hostile_or_damaged_file_is_refused_and_does_no_harm(served: Served, content: bytes) -> None:
    entity = product(served, content)
    assert served.anonymous.get(f"/preview.png?id={entity}").status_code == 415
    seen(served, entity)


def test_entities_of_xml_are_not_expanded(served: Served) -> None:
    assert "haha" not in seen(served, product(served, LAUGHS)).text_content()


@pytest.mark.parametrize(("name", "value"), [("stretch", "wild"), ("cut", "0"), ("plane", "-1"), ("size", "1")])
def test_a_wrong_choice_is_named(served: Served, name: str, value: str) -> None:
    answer = served.anonymous.get("/preview.png", query_string={"id": product(served, image()), name: value})
    assert (answer.status_code, (answer.json or {})["error"]["field"]) == (400, name)


def test_who_may_not_read_a_file_sees_no_preview_of_it(served: Served) -> None:
    job = served.create(by=served.curie)
    served.execute(job, by=served.curie)
    served.finish(job, {"results/result.txt": image()})
    entity = product(served, b"", job=job)
    for place in ("/preview", "/preview.png"):
        assert served.curie.get(f"{place}?id={entity}").status_code == 200
        assert served.anonymous.get(f"{place}?id={entity}").status_code == 404
        assert served.curie.get(place).status_code == 400


def test_a_public_picture_is_seen_without_a_token_where_all_else_needs_one(serve: Serve) -> None:
    served = serve(anonymous=False)
    job = served.create(by=served.curie)
    served.execute(job, by=served.curie)
    served.finish(job, {"results/result.txt": image()})
    entity = product(served, b"", job=job)
    place = f"/preview.png?id={entity}"
    assert served.anonymous.get(place).status_code == 401
    served.curie.post(f"{job}/sharing", data={"READER": "public"})
    assert served.anonymous.get(place).status_code == 200
    assert served.anonymous.get(f"/preview.pdf?id={entity}").status_code == 415
    assert served.anonymous.get(f"/graph.json?id={entity}").status_code == 200


def test_a_pdf_is_given_to_the_reader_of_browsers_and_nothing_else_is(served: Served) -> None:
    entity = product(served, b"%PDF-1.4\n")
    (place,) = seen(served, entity).xpath(".//a/@href")
    answer = served.anonymous.get(place)
    assert (answer.data, answer.mimetype) == (b"%PDF-1.4\n", "application/pdf")
    assert "sandbox" not in answer.headers["Content-Security-Policy"]
    page = product(served, b"<script>alert(1)</script> %PDF-1.4\n")
    assert served.anonymous.get(f"/preview.pdf?id={page}").status_code == 415
    assert "sandbox" in served.anonymous.get(f"/store/{page}").headers["Content-Security-Policy"]


def test_of_a_file_that_is_gone_that_is_told(served: Served) -> None:
    job = served.completed(files={"results/result.txt": image()})
    entity = product(served, b"", job=job)
    served.anonymous.delete(job)
    served.tick()
    assert "not kept" in seen(served, entity).text_content()
    assert served.anonymous.get(f"/preview.png?id={entity}").status_code == 404


@pytest.mark.parametrize(
    ("name", "content", "content_type", "kind"),
    [
        ("a.png", image(), "text/plain", Kind.PICTURE),
        ("a.csv", b"a,b\n1,2\n", "", Kind.TABLE),
        ("a", b"a\tb\n", "text/tab-separated-values", Kind.TABLE),
        ("a.txt", b'{"a": 1}', "text/plain", Kind.JSON),
        ("a.svg", b"<svg xmlns='x'/>", "image/svg+xml", Kind.SVG),
        ("a.svg", b"<svg xmlns='x'/>", "text/plain", Kind.TEXT),
        ("a.vot", b"<?xml version='1.0'?><v:VOTABLE xmlns:v='x'>", "", Kind.VOTABLE),
        ("a.txt", "é".encode() * 4000, "", Kind.TEXT),
        ("a.png", b"text", "image/png", Kind.TEXT),
        ("a.reg", b"# Region file format: DS9 version 4.1\ncircle(1,2,3)\n", "text/plain", Kind.REGIONS),
        ("a.bin", b"a\0b", "text/plain", Kind.OTHER),
        ("a.bin", b"\xff\xfe", "text/plain", Kind.OTHER),
    ],
)
def test_a_kind_is_told_by_content(tmp_path: Any, name: str, content: bytes, content_type: str, kind: Kind) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    assert kind_of(file, content_type) is kind


@pytest.mark.parametrize(
    ("content", "pictured"),
    [
        (image(), True),
        (hdus(fits.PrimaryHDU(sky())), True),
        (hdus(fits.PrimaryHDU(), fits.CompImageHDU(sky())), True),
        (hdus(fits.PrimaryHDU(), fits.BinTableHDU(TABLE)), False),
        (b"text", False),
    ],
)
def test_lists_know_quickly_what_has_a_picture(tmp_path: Any, content: bytes, *, pictured: bool) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert has_picture(file, "") is pictured


# --- tickets


def private(served: Served) -> str:
    job = served.create(by=served.curie)
    served.execute(job, by=served.curie)
    served.finish(job)
    return product(served, b"", job=job)


def test_a_ticket_lets_a_program_read_one_file(served: Served) -> None:
    entity, other = private(served), private(served)
    answer = served.curie.post(f"/store/{entity}/tickets")
    assert answer.status_code == 201
    place = (answer.json or {})["href"].removeprefix("http://localhost")
    read = served.anonymous.get(place)
    assert (read.text, read.headers["Cache-Control"]) == ("hello", "private, no-store")
    assert served.anonymous.get(place.replace(entity, other)).status_code == 403
    assert served.anonymous.get(f"/store/{entity}").status_code == 404


def test_a_ticket_is_over_after_minutes(served: Served) -> None:
    entity = private(served)
    at = datetime.now(UTC)
    answer = served.curie.post(f"/store/{entity}/tickets").json or {}
    until_at = datetime.fromisoformat(answer["until"])
    assert timedelta(minutes=5) < until_at - at < timedelta(minutes=15)
    ticket = answer["href"].partition("ticket=")[2]
    later = f"{int(until_at.timestamp()) + 3600}.{ticket.partition('.')[2]}"
    for wrong in (later, ticket[:-1], "", "x", f"0.{ticket}"):
        assert served.anonymous.get(f"/store/{entity}?ticket={wrong}").status_code == 403


def test_only_who_may_read_a_file_gets_a_ticket(serve: Serve) -> None:
    served = serve(anonymous=False)
    entity = private(served)
    assert served.anonymous.post(f"/store/{entity}/tickets").status_code == 401
    other = served.client(served.provstore.accounts.add("other"))
    assert other.post(f"/store/{entity}/tickets").status_code == 404
    place = (served.curie.post(f"/store/{entity}/tickets").json or {})["href"]
    assert served.anonymous.get(place.removeprefix("http://localhost")).text == "hello"
