"""The pages as people's browsers ask for them: what they show, what they link, what they refuse."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest
from flask.testing import FlaskClient
from lxml import html
from lxml.html import HtmlElement
from werkzeug.test import TestResponse

from provstore.accounts.callers import Grant, Role
from tests.web.conftest import Serve
from tests.web.served import BASE, Served, job_id

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def seen(client: FlaskClient, path: str) -> TestResponse:
    return client.get(path, headers={"Accept": BROWSER})


def found(answer: TestResponse, path: str) -> list[Any]:
    """Give what an XPath finds in a page."""
    return cast("list[Any]", read(answer).xpath(path))


def read(answer: TestResponse) -> HtmlElement:
    return cast("HtmlElement", html.document_fromstring(answer.text))


def words(answer: TestResponse) -> str:
    return " ".join(read(answer).text_content().split())


def test_home_shows_the_services_and_the_latest_jobs(served: Served) -> None:
    job = served.create(RUNID="first light")
    told = words(seen(served.anonymous, "/"))
    assert "sleep" in told
    assert "first light" in told
    assert f"/jobs/{job_id(job)}" in seen(served.anonymous, "/").text


def test_home_is_json_for_programs(lasting: Served) -> None:
    assert "services" in lasting.json("/", by=lasting.anonymous)


def test_an_empty_list_says_what_to_do(lasting: Served) -> None:
    assert "Run copy" in words(seen(lasting.anonymous, "/jobs?service=copy"))


def test_the_list_of_jobs_is_filtered_by_service_and_phase(served: Served) -> None:
    kept = served.create()
    served.create("gammapy_maps", by=served.admin)
    ids = re.findall(r"jobs/(j[0-9a-f]{32})", seen(served.admin, "/jobs?service=sleep&phase=PENDING").text)
    assert ids == [job_id(kept)]
    assert re.findall(r"jobs/(j[0-9a-f]{32})", seen(served.admin, "/jobs?phase=ERROR").text) == []


def test_a_browser_at_the_address_of_a_job_is_led_to_its_page(served: Served) -> None:
    job = served.create()
    answer = seen(served.anonymous, job)
    assert (answer.status_code, answer.location) == (303, f"{BASE}/jobs/{job_id(job)}")
    assert seen(served.anonymous, "/uws/sleep").location == f"{BASE}/jobs?service=sleep"


def test_the_page_of_a_failed_job_says_why(served: Served) -> None:
    job = served.create()
    served.execute(job)
    served.finish(job, {"stderr": b"no such star\n"}, exit_code=3)
    told = words(seen(served.anonymous, f"/jobs/{job_id(job)}"))
    assert "the script ended with exit code 3" in told
    assert "no such star" in told


def test_without_scripts_the_page_of_a_job_under_way_is_loaded_again_and_of_one_that_is_over_not(
    served: Served,
) -> None:
    job = served.create()
    served.execute(job)
    refresh = "//noscript/meta[@http-equiv='refresh']/@content"
    assert found(seen(served.anonymous, f"/jobs/{job_id(job)}"), refresh) == ["5"]
    served.finish(job)
    assert found(seen(served.anonymous, f"/jobs/{job_id(job)}"), refresh) == []


def test_what_people_wrote_is_shown_as_text(served: Served) -> None:
    job = served.create(text="<script>alert(1)</script>", RUNID="<b>bold</b>")
    page = seen(served.anonymous, f"/jobs/{job_id(job)}")
    assert found(page, "//script[not(@src)] | //b") == []
    assert "<script>alert(1)</script>" in found(page, "//input[@name='VALUE']/@value")
    assert "<b>bold</b>" in words(page)


def test_pages_hold_no_script_of_their_own_and_forbid_it(lasting: Served) -> None:
    for path in ("/", "/jobs", "/jobs/new?service=stack", "/login"):
        answer = seen(lasting.anonymous, path)
        assert answer.status_code == 200
        assert "script-src 'self';" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert found(answer, "//script[not(@src)] | //@style | //@onclick") == []


def test_every_field_of_a_form_has_its_label(lasting: Served) -> None:
    for path in ("/jobs", "/jobs/new?service=stack", "/login"):
        page = seen(lasting.anonymous, path)
        named = set(found(page, "//label/@for"))
        fields = found(page, "//input[not(@type='hidden' or @type='checkbox')] | //select")
        assert fields
        assert {one.get("id") for one in fields} <= named


def test_the_form_of_a_job_makes_one(served: Served) -> None:
    page = read(seen(served.anonymous, "/jobs/new?service=sleep&text=filled"))
    form = page.xpath("//main//form")[0]
    values = {name: value for name, value in form.form_values() if name != "PHASE"}
    assert form.action is not None
    assert values["text"] == "filled"
    answer = served.anonymous.post(form.action.removeprefix(BASE), data=values, headers={"Accept": BROWSER})
    assert answer.status_code == 303
    job = served.json(answer.location.removeprefix(BASE))
    assert (job["phase"], job["parameters"]["text"]) == ("PENDING", "filled")


@pytest.mark.parametrize(("path", "status"), [("/jobs/j" + "0" * 32, 404), ("/uws/nothing/x", 404), ("/nowhere", 404)])
def test_an_error_is_a_page_that_says_what_to_do(lasting: Served, path: str, status: int) -> None:
    answer = seen(lasting.anonymous, path)
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert found(answer, "//main//a/@href")


def test_another_users_job_has_no_page(served: Served) -> None:
    job = served.create(by=served.curie)
    assert seen(served.anonymous, f"/jobs/{job_id(job)}").status_code == 404
    assert seen(served.curie, f"/jobs/{job_id(job)}").status_code == 200


def test_who_must_sign_in_is_led_there_and_back(serve: Serve) -> None:
    served = serve(anonymous=False)
    answer = seen(served.anonymous, "/jobs?service=sleep")
    assert answer.status_code == 401
    assert "Basic" not in answer.headers["WWW-Authenticate"]
    assert "/login?next=/jobs%3Fservice%3Dsleep" in answer.text
    assert seen(served.anonymous, "/login?next=/jobs").status_code == 200


def test_a_wrong_password_shows_the_form_again_with_what_was_wrong(served: Served) -> None:
    sent = {"name": "curie", "password": "not this one", "next": "/jobs"}
    answer = served.anonymous.post("/session", data=sent, headers={"Accept": BROWSER})
    assert answer.status_code == 403
    page = read(answer)
    assert page.xpath("//main//form")[0].fields["next"] == "/jobs"
    assert found(answer, "//*[@role='alert']/text()")


def test_a_curator_sees_a_job_and_gets_no_buttons(served: Served) -> None:
    token = served.provstore.accounts.add("vera")
    served.provstore.accounts.grant("vera", Grant(Role.CURATOR, "sleep"))
    job = served.create(by=served.curie)
    changing = "//main//form[@method='post'][not(contains(@action, '/annotate'))]/@action"
    assert found(seen(served.client(token), f"/jobs/{job_id(job)}"), changing) == []
    own = seen(served.curie, f"/jobs/{job_id(job)}")
    assert [one.rsplit("/", 1)[-1] for one in found(own, changing)] == [
        *("phase", "phase", job_id(job)),
        *("duration", "exit_code", "text"),
        *("executionduration", "destruction", "sharing"),
    ]


def test_the_administration_is_offered_to_those_whom_it_lets_in(served: Served) -> None:
    token = served.provstore.accounts.add("vera")
    served.provstore.accounts.grant("vera", Grant(Role.CURATOR, "sleep"))
    for client in (served.anonymous, served.curie, served.client(token), served.admin):
        offered = f"{BASE}/admin" in found(seen(client, "/"), "//header//a/@href")
        assert offered is (seen(client, "/admin").status_code == 200)


def test_browsers_find_a_mark_beside_what_is_no_page(serve: Serve) -> None:
    served = serve(anonymous=False)
    answer = served.anonymous.get("/favicon.ico")
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert answer.headers["Cache-Control"] == "public, max-age=86400"
