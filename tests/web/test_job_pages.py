"""Home and the list of jobs, as their addresses ask for them: what is shown, to whom, and what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import html

from provstore.accounts.callers import Grant, Role
from tests.web.served import Served, job_id
from tests.web.test_pages import found, seen, words


def listed(answer: Any) -> list[str]:
    return [str(one) for one in found(answer, "//tr/@data-job")]


def test_the_names_of_the_form_and_those_of_uws_choose_the_same_jobs(served: Served) -> None:
    chosen = served.create(RUNID="night 7", text="clear")
    served.create(RUNID="night 8", text="cloudy")
    for query in (
        "runid=night+7",
        "parameter=text=clear",
        "text=clear",
        "TEXT=clear&service=sleep",
        "parameter=text=clear&phase=PENDING&runid=&owner=&since=",
    ):
        assert listed(seen(served.anonymous, f"/jobs?{query}")) == [job_id(chosen)], query


@pytest.mark.parametrize(
    ("query", "words_of_it"),
    [
        ("phase=DONE", "PHASE='DONE'"),
        ("parameter=nonsense", "'nonsense': name=value is needed"),
        ("parameter=nothing=1", "unknown name 'nothing'"),
        ("since=yesterday", "since='yesterday'"),
        ("ended=soon", "ended='soon'"),
        ("owner=curie", "only administrators and curators"),
    ],
)
def test_what_is_wrong_with_a_filter_stands_beside_it(lasting: Served, query: str, words_of_it: str) -> None:
    answer = seen(lasting.anonymous, f"/jobs?{query}")
    assert answer.status_code == 400
    assert [words_of_it in one.text_content() for one in found(answer, "//form//*[@role='alert']")] == [True]
    assert listed(answer) == []


def test_an_unknown_service_has_no_list(lasting: Served) -> None:
    assert seen(lasting.anonymous, "/jobs?service=nothing").status_code == 404


def test_phases_are_counted_as_another_choice_would_show_them(served: Served) -> None:
    served.create()
    served.completed()
    answer = seen(served.anonymous, "/jobs?phase=PENDING")
    assert found(answer, "//*[@id='total']/text()") == ["1 job"]
    chips = {
        one.text_content().split()[0]: one.text_content().split()[1] for one in found(answer, "//label[@class='chip']")
    }
    assert (chips["PENDING"], chips["COMPLETED"], chips["ERROR"]) == ("1", "1", "0")


def test_archived_jobs_are_shown_only_if_asked_for(served: Served) -> None:
    job = served.completed()
    served.clock.advance(10_000_000)
    served.tick(3)
    assert served.phase(job) == "ARCHIVED"
    assert listed(seen(served.anonymous, "/jobs")) == []
    assert listed(seen(served.anonymous, "/jobs?phase=ARCHIVED")) == [job_id(job)]


def test_owners_are_shown_to_those_who_see_the_jobs_of_others(served: Served) -> None:
    token = served.provstore.accounts.add("vera")
    served.provstore.accounts.grant("vera", Grant(Role.CURATOR, "sleep"))
    job = served.create(by=served.curie)
    owner = "//td[@class='owner']//text()"
    assert found(seen(served.client(token), "/jobs?service=sleep"), owner) == ["curie"]
    assert found(seen(served.admin, "/jobs?owner=curie"), owner) == ["curie"]
    assert found(seen(served.curie, "/jobs"), owner) == []
    assert found(seen(served.client(token), "/jobs?service=copy"), "//input[@name='owner']") == []
    served.create()
    assert found(seen(served.admin, "/jobs?owner=anonymous"), owner) == ["anonymous"]
    assert listed(seen(served.admin, f"/jobs/rows?job={job_id(job)}")) == [job_id(job)]


def test_a_row_offers_what_may_be_done(served: Served) -> None:
    token = served.provstore.accounts.add("vera")
    served.provstore.accounts.grant("vera", Grant(Role.CURATOR, "sleep"))
    pending = served.create(by=served.curie)
    acts = "//tr/@data-acts"
    assert found(seen(served.curie, "/jobs"), acts) == ["start abort delete"]
    assert found(seen(served.client(token), "/jobs"), acts) == [""]
    served.execute(pending, by=served.curie)
    assert found(seen(served.client(token), "/jobs"), acts) == ["again"]
    assert found(seen(served.curie, "/jobs"), acts) == ["abort again delete"]
    served.finish(pending)
    usual = seen(served.curie, "/jobs")
    assert (found(usual, acts), found(usual, "//table/@data-acts")) == ([], ["again delete"])


def test_rows_are_given_as_they_are_now_and_those_of_others_are_left_out(served: Served) -> None:
    own, other = served.create(), served.create(by=served.curie)
    answer = seen(served.anonymous, f"/jobs/rows?service=sleep&job={job_id(own)}&job={job_id(other)}&job=nothing")
    assert listed(answer) == [job_id(own)]
    page = seen(served.anonymous, "/jobs?service=sleep")
    [place] = found(page, "//*[@id='list']/@data-place")
    assert listed(seen(served.anonymous, f"/jobs/rows?newer={place}")) == []
    served.clock.advance(1)
    new = served.create()
    rows = seen(served.anonymous, f"/jobs/rows?newer={place}")
    assert listed(rows) == [job_id(new)]
    assert found(rows, "//table/@data-place")[0].endswith(job_id(new))
    assert seen(served.anonymous, "/jobs/rows?newer=nowhere").status_code == 400


def test_a_test_job_is_offered_where_the_defaults_are_enough(lasting: Served) -> None:
    def button(service: str) -> list[Any]:
        return found(seen(lasting.anonymous, f"/jobs?service={service}"), "//button[text()='Create test job']")

    assert [bool(button(service)) for service in ("sleep", "copy", "stack")] == [True, False, False]


def test_home_counts_what_runs_and_what_ended_lately(served: Served) -> None:
    job = served.create(by=served.curie)
    served.execute(job, by=served.curie)
    counted = [one.text_content().split()[:2] for one in found(seen(served.curie, "/"), "//*[@id='now']/a")]
    assert counted == [["1", "running"], ["0", "waiting"], ["0", "completed"], ["0", "failed"]]
    assert [one.text_content().split()[0] for one in found(seen(served.anonymous, "/"), "//*[@id='now']/a")] == [
        "0"
    ] * 4


def test_home_and_list_show_what_people_wrote_as_text(served: Served) -> None:
    served.create(text="<script>alert(1)</script>", RUNID="<b>bold</b>")
    for path in ("/", "/jobs", "/jobs?runid=<b>"):
        answer = seen(served.anonymous, path)
        assert found(answer, "//script[not(@src)] | //main//b[text()='bold']") == []
        assert "<b>bold</b>" in words(answer)
        assert html.document_fromstring(answer.text) is not None


def test_who_may_run_nothing_is_told_what_to_do(serve: Any) -> None:
    served = serve(restricted_services=("*",))
    assert "There is no service that you may run" in words(seen(served.anonymous, "/"))
    assert found(seen(served.anonymous, "/jobs"), "//a[text()='New job']") == []
