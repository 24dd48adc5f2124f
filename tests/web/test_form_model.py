"""The page of a new job: built from the form model, filled in from its address, and what browsers send of it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final, cast

import pytest
from lxml import html
from lxml.html import HtmlElement
from werkzeug.test import TestResponse

from provstore.accounts.callers import Caller
from provstore.uws.descriptions.forms.form import Field, Form, form_of
from tests.web.served import ADMIN, BASE, Served

BROWSER: Final = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SHIPPED: Final = sorted(
    file.name.removesuffix("_vot.xml") for file in (Path(__file__).parents[2] / "descriptions").glob("*_vot.xml")
)


def form_for(served: Served, service: str) -> Form:
    return form_of(served.provstore.service.catalog.offered(service).description)


def fields(form: Form) -> list[Field]:
    return [one for group in form.groups for one in group.fields if not one.fixed]


def upload(one: Field) -> tuple[io.BytesIO, str]:
    return io.BytesIO(b"bytes"), f"{one.name}.dat"


def filled(form: Form) -> dict[str, Any]:
    """What a program sends: what the fields show, and a file where one is needed and none is the default."""
    texts = {one.name: one.value for one in fields(form) if one.value}
    files = {one.file_name: upload(one) for one in fields(form) if "file" in one.sources and not one.may_be_empty}
    return texts | files


def page(served: Served, query: str) -> HtmlElement:
    answer = served.anonymous.get(f"/jobs/new?{query}", headers=BROWSER)
    assert answer.status_code == 200, answer.text
    return cast("HtmlElement", html.document_fromstring(answer.text))


def sent_by_a_browser(served: Served, document: HtmlElement, **files: Any) -> TestResponse:
    """What a browser sends when only a button is pressed: every field, the empty ones too."""
    form = document.xpath("//main//form")[0]
    assert form.action is not None
    values: dict[str, Any] = {name: value for name, value in form.form_values() if name != "PHASE"}
    for one in form.xpath(".//input[@type='file']"):
        chosen = files.get(one.get("name"), (io.BytesIO(b""), ""))
        typed = values.get(one.get("name"))
        values[one.get("name")] = [chosen] if typed is None else [typed, chosen]
    place = form.action.removeprefix(BASE)
    return served.anonymous.post(place, data=values, headers=BROWSER, content_type="multipart/form-data")


@pytest.mark.parametrize("service", SHIPPED)
def test_the_form_of_a_shipped_service_sent_as_it_is_makes_a_job(served: Served, service: str) -> None:
    form = form_for(served, service)
    answer = served.anonymous.post(f"/{form.action}", data=filled(form), content_type=form.enctype)
    assert answer.status_code == 303, answer.text
    job = served.json(answer.location.removeprefix(BASE))
    assert job["phase"] == "PENDING"
    shown = {one.name: one.value for one in fields(form) if one.value and one.name != "EXECUTIONDURATION"}
    assert {name: job["parameters"][name] for name in shown} == shown


@pytest.mark.parametrize("service", SHIPPED)
def test_the_page_of_a_shipped_service_sent_as_it_is_makes_a_job(served: Served, service: str) -> None:
    form = form_for(served, service)
    files = {one.file_name: upload(one) for one in fields(form) if "file" in one.sources and not one.may_be_empty}
    answer = sent_by_a_browser(served, page(served, f"service={service}"), **files)
    assert answer.status_code == 303, answer.text


def test_the_page_has_every_field_of_the_form_and_no_other(served: Served) -> None:
    document = page(served, "service=stack")
    names = set(cast("list[str]", document.xpath("//form[contains(@class, 'new-job')]//@name")))
    assert names - {"PHASE", "csrf_token"} == {one.name for one in fields(form_for(served, "stack"))}


def test_what_a_person_leaves_empty_has_its_default(served: Served) -> None:
    document = page(served, "service=stack&count=3&threshold=&note=")
    answer = sent_by_a_browser(served, document, image=(io.BytesIO(b"FITS"), "m31.fits"))
    assert answer.status_code == 303, answer.text
    parameters = served.json(answer.location.removeprefix(BASE))["parameters"]
    assert (parameters["threshold"], parameters["mode"], parameters["count"]) == ("5", "mean", "3")
    assert "note" not in parameters


def test_a_person_may_empty_a_text_and_a_program_is_taken_at_its_word(served: Served) -> None:
    answer = served.anonymous.post("/uws/sleep", data={"text": "", "exit_code": ""}, headers=BROWSER)
    assert served.json(answer.location.removeprefix(BASE))["parameters"] == {
        "duration": "1",
        "exit_code": "0",
        "text": "",
    }
    assert served.anonymous.post("/uws/sleep", data={"exit_code": ""}).status_code == 400


def test_lines_of_a_text_end_as_the_person_sees_them(served: Served) -> None:
    answer = served.anonymous.post("/uws/sleep", data={"text": "a\r\nb"}, headers=BROWSER)
    assert served.json(answer.location.removeprefix(BASE))["parameters"]["text"] == "a\nb"
    job = served.create(text="a\r\nb")
    assert served.json(job)["parameters"]["text"] == "a\r\nb"


def test_the_address_fills_the_form_in_and_what_does_not_fit_is_told(served: Served) -> None:
    document = page(served, "service=stack&THRESHOLD=500&mode=median&nonsense=1&flats=a&flats=b&RUNID=mine")
    values = dict(document.xpath("//main//form")[0].form_values())
    assert (values["threshold"], values["mode"]) == ("500", "median")
    assert (values["flats"], values["RUNID"]) == ("a b", "mine")
    told = " ".join(cast("list[str]", document.xpath("//*[@role='alert']//text()")))
    assert "there is no such field: nonsense" in told
    assert "threshold : '500' is not at most 100" in told
    assert document.xpath("//input[@name='threshold']/@aria-invalid") == ["true"]


def test_optional_fields_are_folded_until_they_are_filled_in(served: Served) -> None:
    assert "note" in page(served, "service=stack").xpath("//details//@name")
    assert "note" not in page(served, "service=stack&note=x").xpath("//details//@name")


def test_the_address_of_the_form_makes_jobs_too(served: Served) -> None:
    answer = served.curie.post("/jobs/new?service=sleep", data={"text": "a", "RUNID": "one"})
    assert answer.status_code == 303
    place = answer.location.removeprefix(BASE)
    assert place.startswith("/uws/sleep/j")
    same = served.create(by=served.curie, text="a", RUNID="one")
    assert served.json(place)["parameters"] == served.json(same)["parameters"]
    assert served.json(place)["ownerId"] == served.json(same)["ownerId"] != ""


def test_the_address_of_the_form_takes_what_the_list_of_jobs_takes(served: Served) -> None:
    one = served.anonymous.post("/jobs/new?service=sleep", json={"parameters": {"text": "b"}, "run": True})
    assert served.json(one.location.removeprefix(BASE))["phase"] == "QUEUED"
    many = served.anonymous.post("/jobs/new?service=sleep&text=c", json=[{"exit_code": 1}, {"exit_code": 2}])
    assert many.location.startswith(f"{BASE}/uws/sleep/sweeps/")
    again = served.anonymous.post("/jobs/new?SERVICE=sleep&text=d")
    assert served.json(again.location.removeprefix(BASE))["parameters"]["text"] == "d"


@pytest.mark.parametrize(
    ("query", "status"), [("", 404), ("service=nothing", 404), ("service=sleep&nonsense=1", 400), ("service=gone", 403)]
)
def test_what_can_not_be_run_is_refused_at_the_form_as_at_the_list(served: Served, query: str, status: int) -> None:
    publication = served.provstore.publication
    admin: Caller = served.provstore.accounts.authenticate(served.tokens[ADMIN])
    gone = served.provstore.service.catalog.newest("sleep").description
    publication.publish_file(type(gone)(name="gone", script="true\n"))
    publication.withdraw(admin, "gone")
    assert served.anonymous.post(f"/jobs/new?{query}").status_code == status


@pytest.mark.parametrize("place", ["/uws/sleep", "/jobs/new?service=sleep"])
def test_a_refused_form_is_shown_again_as_it_was_sent_with_the_error_beside_its_field(
    served: Served, place: str
) -> None:
    sent = {"exit_code": "999", "text": "mine", "duration": "1", "PHASE": "RUN"}
    answer = served.anonymous.post(place, data=sent, headers=BROWSER, content_type="multipart/form-data")
    assert answer.status_code == 400
    shown = cast("HtmlElement", html.document_fromstring(answer.text))
    values = dict(shown.xpath("//main//form")[0].form_values())
    assert (values["exit_code"], values["text"]) == ("999", "mine")
    assert [one.get("name") for one in shown.xpath("//*[@aria-invalid='true']")] == ["exit_code"]
    assert "999" in shown.xpath("string(//*[@id='help-exit_code'])")
    assert "no such field" not in answer.text


@pytest.mark.parametrize(("place", "status"), [("/uws/nothing", 404), ("/uws/sleep/nothing", 404)])
def test_where_no_form_was_sent_to_a_service_none_is_shown(served: Served, place: str, status: int) -> None:
    answer = served.anonymous.post(place, data={"text": "a"}, headers=BROWSER)
    assert (answer.status_code, "There is nothing here</h1>" in answer.text) == (status, True)
