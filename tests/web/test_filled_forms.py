"""The form of a new job filled in: by an earlier job, by a dataset that is described, or by who has sent it."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any, Final, cast
from urllib.parse import urlencode

import pytest
from lxml import html
from lxml.html import HtmlElement
from werkzeug.test import TestResponse

from provstore.graph.obscore import record_of
from provstore.uws.descriptions.model import ParameterDefinition
from tests.web.conftest import Serve
from tests.web.served import BASE, STACKED, Served, job_id

BROWSER: Final = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def upload(content: bytes, name: str = "raw.fits") -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def stacked(served: Served, **values: Any) -> str:
    given: dict[str, Any] = {"image": upload(b"RAW"), "count": 3, "threshold": "7.5", "note": "mine", "RUNID": "night"}
    return job_id(served.completed("stack", STACKED, **given, **values))


def shown(served: Served, query: str) -> HtmlElement:
    answer = served.anonymous.get(f"/jobs/new?{query}", headers=BROWSER)
    assert answer.status_code == 200, answer.text
    return read(answer)


def read(answer: TestResponse) -> HtmlElement:
    return cast("HtmlElement", html.document_fromstring(answer.text))


def values(page: HtmlElement) -> dict[str, Any]:
    return dict(page.xpath("//form[contains(@class, 'new-job')]")[0].form_values())


def sent(served: Served, given: dict[str, Any], service: str = "stack") -> TestResponse:
    """Send what a browser does."""
    body = {name: value for name, value in given.items() if name != "PHASE"}
    return served.anonymous.post(f"/uws/{service}", data=body, headers=BROWSER, content_type="multipart/form-data")


def words(page: HtmlElement, path: str) -> str:
    return " ".join(" ".join(cast("list[str]", page.xpath(f"{path}//text()"))).split())


def newer(served: Served) -> None:
    """Publish a further revision, which needs one parameter more."""
    publication, admin = served.provstore.publication, served.provstore.accounts.administrator()
    described = served.provstore.catalog.newest("stack").description
    more = (*described.parameters, ParameterDefinition(name="needed"))
    publication.accept(admin, publication.propose(admin, replace(described, parameters=more)).id)


def test_without_a_service_one_chooses_among_those_one_may_run(lasting: Served) -> None:
    assert "/jobs/new?service=sleep" in lasting.anonymous.get("/jobs/new", headers=BROWSER).text


def test_a_job_fills_in_its_values_and_inputs_and_runs_again_as_it_was(served: Served) -> None:
    first = stacked(served, config=upload(b"sigma = 9\n", "own.cfg"))
    page = shown(served, f"from={first}")
    given = values(page)
    assert (given["threshold"], given["count"], given["RUNID"], given["from"]) == ("7.5", "3", "night", first)
    assert given["image"].startswith("e0")
    assert "own.cfg (config) is used again" in words(page, "//div[contains(@class, 'before')]")
    answer = sent(served, {**given, "threshold": "8", "note": "", "config": ["", upload(b"", "")]})
    assert answer.status_code == 303, answer.text
    again = served.provstore.records.read(job_id(answer.location.removeprefix(BASE)))
    found = {one.name: one.value for one in again.parameters}
    assert (found["threshold"], found["count"], again.run_id) == ("8", "3", "night")
    assert "note" not in found, "what is emptied has its default, whatever the first job had"
    assert served.anonymous.get(f"/uws/stack/{again.id}/parameters/config").data == b"sigma = 9\n"


def test_a_job_is_run_as_exactly_its_revision_or_as_the_newest(served: Served) -> None:
    first = stacked(served)
    newer(served)
    exactly = shown(served, f"from={first}")
    assert "needed" not in values(exactly)
    assert "exactly this revision; stack@2 is the newest" in words(exactly, "//div[contains(@class, 'before')]")
    newest = shown(served, f"like={first}")
    assert values(newest)["threshold"] == "7.5"
    assert "needed" in values(newest)
    assert "from" not in values(newest)
    assert "Run exactly as stack@1 instead" in words(newest, "//div[contains(@class, 'before')]")


def test_an_input_that_is_gone_is_told(served: Served) -> None:
    first = stacked(served)
    other = job_id(served.create("copy", input=f"e{first[1:]}.stacked"))
    served.anonymous.delete(f"/uws/stack/{first}")
    served.tick()
    page = shown(served, f"from={other}")
    assert "Its input input (stacked) can't be used again" in words(page, "//div[contains(@class, 'before')]")
    assert values(page)["input"] == ""


def test_the_address_wins_over_the_job(served: Served) -> None:
    first = stacked(served)
    assert values(shown(served, f"from={first}&THRESHOLD=9"))["threshold"] == "9"


def test_nobody_fills_in_a_form_by_the_job_of_another(served: Served) -> None:
    job = job_id(served.create(by=served.curie, text="secret"))
    assert "secret" not in served.anonymous.get(f"/jobs/new?from={job}", headers=BROWSER).text


def test_all_that_is_wrong_is_told_at_once_and_files_by_name(served: Served) -> None:
    given = {"threshold": "500", "count": "", "image": upload(b"RAW", "m31.fits"), "DESTRUCTION": "soon", "note": "x"}
    answer = sent(served, given)
    assert answer.status_code == 400
    page = read(answer)
    told = words(page, "//*[@id='refused']")
    for words_ in ("3 values", "threshold : '500' is not at most 100", "count : a value is needed", "m31.fits"):
        assert words_ in told
    marked = {one.get("name") for one in page.xpath("//*[@aria-invalid='true']")}
    assert marked == {"threshold", "count", "DESTRUCTION"}
    assert page.xpath("//details//*[@aria-invalid='true']") == []


def test_what_belongs_to_no_field_is_told_above_the_form(served: Served) -> None:
    given = {"count": "1", "image": upload(b"RAW"), "nonsense": "1"}
    assert "unknown name 'nonsense'" in words(read(sent(served, given)), "//*[@id='refused']")


def test_a_job_that_can_not_run_again_is_told_above_its_form(served: Served) -> None:
    first = stacked(served)
    other = job_id(served.create("copy", input=f"e{first[1:]}.stacked"))
    served.anonymous.delete(f"/uws/stack/{first}")
    served.tick()
    answer = sent(served, {"from": other}, "copy")
    assert answer.status_code == 409
    assert "its file was removed" in words(read(answer), "//*[@id='refused']")
    assert words(read(answer), "//*[@id='field-input']//*[@class='wrong']") == "a value is needed"


def test_a_described_dataset_is_an_input_and_keeps_its_record(serve: Serve) -> None:
    served = serve(anonymous=True)
    address = "https://archive.example.org/m31.fits"
    record = {"obscore.target_name": "M31", "obscore.s_ra": "10.68", "obscore.s_dec": "41.27"}
    page = shown(served, urlencode({"service": "stack", "obscore.access_url": address, **record}))
    given = values(page)
    assert given["image"] == address
    assert "M31" in words(page, "//section[contains(@class, 'dataset')]")
    answer = sent(served, {**given, "count": "1"})
    assert answer.status_code == 303, answer.text
    job = served.provstore.records.read(job_id(answer.location.removeprefix(BASE)))
    (image,) = [one.entity for one in job.inputs if one.name == "image"]
    assert image is not None
    (node,) = served.provstore.records.visible([image]).values()
    kept = record_of(node.attributes)
    assert {name: kept[name.removeprefix("obscore.")] for name in record} == record


def test_a_column_that_is_wrong_is_told_and_one_that_is_emptied_is_left_out(served: Served) -> None:
    page = shown(served, "service=sleep&obscore.s_ra=900&obscore.target_name=Crab")
    assert "s_ra : 900 is not within 0 to 360" in words(page, "//*[@id='refused']")
    answer = sent(served, {**values(page), "obscore.s_ra": ""}, "sleep")
    assert answer.status_code == 303, answer.text


@pytest.mark.parametrize("table", ["no table", "<VOTABLE/>"])
def test_a_record_that_can_not_be_read_is_told(served: Served, table: str) -> None:
    assert "obscore" in words(shown(served, urlencode({"service": "sleep", "obscore": table})), "//*[@id='refused']")
