"""The page of a job in its rarer states: archived, with inputs that one may not see, and without scripts."""

from __future__ import annotations

import io
from typing import Any, cast

from flask.testing import FlaskClient
from lxml import html
from lxml.html import HtmlElement
from werkzeug.test import TestResponse

from tests.web.served import BASE, Served, job_id

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def shown(client: FlaskClient, job: str) -> HtmlElement:
    answer = client.get(f"/jobs/{job_id(job)}", headers=BROWSER)
    assert answer.status_code == 200
    return cast("HtmlElement", html.document_fromstring(answer.text))


def words(page: HtmlElement, part: str) -> str:
    return " ".join(page.get_element_by_id(part).text_content().split())


def found(page: HtmlElement, path: str) -> list[Any]:
    return cast("list[Any]", page.xpath(path))


def alert(answer: TestResponse) -> str:
    return "".join(one.text_content() for one in found(html.document_fromstring(answer.text), "//*[@role='alert']"))


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


def test_a_change_that_is_refused_is_told_on_the_page_of_the_job_beside_the_value(served: Served) -> None:
    job = served.create("sleep", by=served.curie)
    answer = served.curie.post(f"{job}/parameters/duration", data={"VALUE": "soon"}, headers=BROWSER)
    assert answer.status_code == 400
    page = html.document_fromstring(answer.text)
    (beside,) = found(page, "//form[@data-inplace='duration']//*[@class='wrong']")
    assert "soon" in beside.text_content()
    assert "soon" in alert(answer)
    served.curie.post(f"{job}/phase", data={"PHASE": "ABORT"})
    refused = served.curie.post(f"{job}/phase", data={"PHASE": "RUN"}, headers=BROWSER)
    assert refused.status_code == 403
    assert "ABORTED" in alert(refused)
    assert "Parameters" not in served.anonymous.post(f"{job}/phase", data={"PHASE": "RUN"}, headers=BROWSER).text


def test_lines_that_a_browser_sends_end_as_those_of_everybody(served: Served) -> None:
    job = served.create("sleep", by=served.curie)
    served.curie.post(f"{job}/parameters/text", data={"VALUE": "a\r\nb"}, headers=BROWSER)
    assert served.curie.get(f"{job}/parameters/text").text == "a\nb"


def test_a_value_of_a_hundred_thousand_characters_does_not_fill_the_page(served: Served) -> None:
    value = "first line\n" + "x" * 100_000
    job = served.create("sleep", by=served.curie, text=value)
    (field,) = found(shown(served.curie, job), "//form[@data-inplace='text']/textarea")
    assert field.value.lstrip("\n") == value  # the first one is no part of it
    served.curie.post(f"{job}/phase", data={"PHASE": "ABORT"})
    answer = served.curie.get(f"/jobs/{job_id(job)}", headers=BROWSER)
    assert len(answer.data) < 100_000
    page = html.document_fromstring(answer.text)
    (summary,) = found(page, "//details[@class='long']/summary")
    assert summary.text_content().split() == [
        "first",
        "line",
        f"{'x' * 189}…",
        "100,011",
        "characters",
        "in",
        "2",
        "lines",
    ]
    (place,) = found(page, "//*[@id='parameters-part']//a[@download]/@href")
    assert served.curie.get(place).text == value
    commands = found(page, "//button/@data-copy[starts-with(., 'curl')]")
    assert f"-d from={job_id(job)}" in commands[0]


def test_a_remark_is_added_on_the_page_of_a_job_or_product(served: Served) -> None:
    job = finished(served, "sleep")
    local = job_id(job)
    given = {"KEY": "comment", "VALUE": "clouds after midnight", "PUBLIC": "true"}
    answer = served.curie.post("/annotate", query_string={"id": local}, data=given, headers=BROWSER)
    assert (answer.status_code, answer.location) == (303, f"{BASE}/jobs/{local}")
    told = words(shown(served.curie, job), "remarks-list")
    assert "curie" in told
    assert "comment clouds after midnight" in told
    product = {"id": f"e{local[1:]}.result"}
    given = {"KEY": "obscore.target_name", "VALUE": "Crab"}
    answer = served.curie.post("/annotate", query_string=product, data=given, headers=BROWSER)
    assert "/product?id=" in answer.location
    assert "Crab" in served.curie.get(answer.location, headers=BROWSER).text
    wrong = given | {"KEY": "obscore.s_ra", "VALUE": "far"}
    assert served.curie.post("/annotate", query_string=product, data=wrong).status_code == 400
    assert served.curie.post("/annotate", query_string=product, data={"KEY": "x", "VALUE": " "}).status_code == 400


def test_who_sees_a_job_of_another_adds_remarks_but_publishes_none(served: Served) -> None:
    job = finished(served, "sleep")
    served.curie.post(f"{job}/sharing", data={"READER": "public"})
    other = served.client(served.provstore.accounts.add("vera"))
    assert found(shown(other, job), "//form[@data-inplace='remark']//*[@name='PUBLIC']") == []
    given = {"KEY": "comment", "VALUE": "seen", "PUBLIC": "true"}
    place = {"id": job_id(job)}
    assert other.post("/annotate", query_string=place, data=given).status_code == 403
    assert other.post("/annotate", query_string=place, data=given | {"PUBLIC": "false"}).status_code == 201
    assert "seen" not in words(shown(served.curie, job), "remarks-part")


def test_a_job_and_those_that_ran_it_again_lead_to_each_other_and_to_what_differs(served: Served) -> None:
    first = finished(served, "sleep")
    again = served.create("sleep", by=served.curie, **{"from": job_id(first), "text": "other"})
    assert f"It was run again as {job_id(again)[:4]}" in words(shown(served.curie, first), "head")
    head = shown(served.curie, again).get_element_by_id("head")
    assert " again: compare." in " ".join(head.text_content().split())
    (link,) = found(head, ".//a[text()='compare']/@href")
    assert served.curie.get(link, headers=BROWSER).status_code == 200
