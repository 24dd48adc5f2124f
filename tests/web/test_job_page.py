"""The page of a job in its rarer states: archived, with inputs that one may not see, and without scripts."""

from __future__ import annotations

import io
from typing import cast

from flask.testing import FlaskClient
from lxml import html
from lxml.html import HtmlElement

from tests.web.served import BASE, Served, job_id

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def shown(client: FlaskClient, job: str) -> HtmlElement:
    answer = client.get(f"/jobs/{job_id(job)}", headers=BROWSER)
    assert answer.status_code == 200
    return cast("HtmlElement", html.document_fromstring(answer.text))


def words(page: HtmlElement, part: str) -> str:
    return " ".join(page.get_element_by_id(part).text_content().split())


def finished(served: Served, service: str = "copy", **values: str) -> str:
    job = served.create(service, by=served.curie, **values)
    served.execute(job, by=served.curie)
    name = "output.dat" if service == "copy" else "result.txt"
    served.finish(job, {f"results/{name}": b"made"})
    assert served.phase(job) == "COMPLETED"
    return job


def test_of_an_archived_job_the_results_are_said_to_be_removed(served: Served) -> None:
    job = served.completed()
    served.clock.advance(400 * 24 * 3600)
    served.tick(2)
    assert served.phase(job) == "ARCHIVED"
    page = shown(served.anonymous, job)
    assert "files of this job were removed" in words(page, "trouble")
    assert "result removed" in words(page, "results-part")
    assert page.xpath("//*[@id='results-part']//a[@download]") == []
    assert page.xpath("//*[@id='results-part']//a[contains(@href, '/lineage?')]") != []


def test_an_input_that_is_not_shared_has_neither_name_nor_link(served: Served) -> None:
    first = finished(served, "sleep")
    second = finished(served, input=f"e{job_id(first)[1:]}.result")
    served.curie.post(f"{second}/sharing", data={"READER": "public"})
    assert "not shared with you" in words(shown(served.anonymous, second), "inputs-part")
    own = shown(served.curie, second)
    links = [one.text_content() for one in own.xpath("//*[@id='inputs-part']//a")]
    assert links == ["result", "Download", "Preview", "What made it"]


def test_a_browser_that_shares_a_job_comes_back_to_its_page(served: Served) -> None:
    job = finished(served, "sleep")
    answer = served.curie.post(f"{job}/sharing", data={"READER": "public", "FROM": ""}, headers=BROWSER)
    assert (answer.status_code, answer.location) == (303, f"{BASE}/jobs/{job_id(job)}")
    assert "Everybody" in words(shown(served.curie, job), "sharing-list")
    assert "End" not in words(shown(served.anonymous, job), "sharing-list")


def test_only_the_page_of_a_job_may_call_a_hub_on_its_readers_machine(served: Served) -> None:
    job = served.completed()
    policy = "Content-Security-Policy"
    assert "http://localhost:21012" in served.anonymous.get(f"/jobs/{job_id(job)}").headers[policy]
    assert "21012" not in served.anonymous.get("/jobs").headers[policy]


def test_the_last_lines_of_a_long_log_stand_in_the_page(served: Served) -> None:
    job = served.create()
    served.execute(job)
    lines = b"".join(b"line %d\n" % number for number in range(200_000))
    served.finish(job, {"results/result.txt": b"x", "stderr": lines, "stdout": b"y" * 3_000_000})
    page = shown(served.anonymous, job)
    stdout, stderr = (one.xpath("string(pre)") for one in page.find_class("log"))
    assert stderr.split("\n")[-2] == "line 199999"
    assert 30 < len(stderr.split("\n")) < 50
    assert len(stdout) == 16 * 1024


def test_what_may_still_be_given_is_offered_while_a_job_waits(served: Served) -> None:
    answer = served.anonymous.post("/uws/stack", data={"count": "1", "image": (io.BytesIO(b"x"), "x")})
    offered = shown(served.anonymous, answer.location).xpath("//*[@id='parameters-part']//form/@data-inplace")
    assert offered == ["threshold", "mode", "count", "note"]
