"""What people are told in a browser where something was wrong, and what they are offered to do next."""

from __future__ import annotations

import re
from html import unescape
from typing import Final

import pytest
from werkzeug.test import TestResponse

from tests.web.conftest import Serve
from tests.web.served import Served, job_id

HTML: Final = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
LINK: Final = re.compile(r'<a(?: class="[^"]*")? href="http://localhost([^"]*)">([^<]*)</a>')


def said(answer: TestResponse) -> tuple[int, str, str]:
    """Status, heading and message."""
    assert answer.content_type == "text/html; charset=utf-8", answer.text
    heading = re.search(r'<h1 id="refused">(.*?)</h1>', answer.text)
    message = re.search(r'<p class="wrong" role="alert"[^>]*>(.*?)</p>', answer.text)
    return answer.status_code, unescape(heading[1] if heading else ""), unescape(message[1] if message else "")


def offers(answer: TestResponse) -> dict[str, str]:
    body = answer.text.partition('<section class="refusal"')[2]
    return {word: unescape(address) for address, word in LINK.findall(body)}


def searched(answer: TestResponse) -> str | None:
    found = re.search(r'<input id="look" type="search" name="q" value="([^"]*)">', answer.text)
    return unescape(found[1]) if found else None


def test_what_is_not_there_is_named_and_can_be_searched_for(lasting: Served) -> None:
    nothing, no_page = "There is nothing here", "There is no such page"
    for path, named, message, looked_for in (
        ("/jobs/j0123", nothing, "no job 'j0123'", "j0123"),
        ("/product?id=e99", nothing, "'e99'", "e99"),
        ("/no/such%20place", no_page, "/no/such place is no address of this server.", "such place"),
    ):
        answer = lasting.curie.get(path, headers=HTML)
        status, title, told = said(answer)
        assert (status, title) == (404, named)
        assert message in told
        assert searched(answer) == looked_for
        assert "Sign in" not in offers(answer)


def test_a_visitor_may_sign_in_to_see_what_is_hidden_from_him(lasting: Served) -> None:
    offered = offers(lasting.anonymous.get("/jobs/j0123?a=%26b", headers=HTML))
    assert offered["Sign in"] == "/login?next=/jobs/j0123%3Fa%3D%2526b"
    assert "Sign in" not in offers(lasting.anonymous.get("/no/such/place", headers=HTML))


def test_a_visitor_is_asked_to_sign_in_and_comes_back_to_what_he_asked_for(serve: Serve) -> None:
    served = serve(anonymous=False)
    answer = served.anonymous.get("/jobs?phase=ERROR", headers=HTML)
    assert said(answer)[:2] == (401, "Sign in first")
    assert offers(answer)["Sign in"] == "/login?next=/jobs%3Fphase%3DERROR"
    answer = served.anonymous.post("/jobs/new", data={"service": "sleep"}, headers=HTML)
    assert offers(answer)["Sign in"] == "/login?next=/"


def test_who_may_not_is_told_whom_to_ask(lasting: Served) -> None:
    answer = lasting.curie.get("/admin/people", headers=HTML)
    assert said(answer) == (403, "You may not do this, or not now", "accounts are for administrators")
    assert "Sign in" not in offers(answer)
    assert "Sign in" in offers(lasting.anonymous.get("/metrics", headers=HTML))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/admin/draining?ACTION=perhaps", 400), ("GET", "/session/end", 405), ("POST", "/jobs", 405)],
)
def test_each_refusal_has_a_title_and_ways_on(lasting: Served, method: str, path: str, status: int) -> None:
    came_from = {"Referer": "http://localhost/definitions"}
    answer = lasting.admin.open(path, method=method, headers=HTML | came_from)
    assert said(answer)[0] == status
    assert said(answer)[1] != "This did not work"
    assert {"Home": "/", "Back": "/definitions"}.items() <= offers(answer).items()


def test_only_our_own_pages_are_gone_back_to(lasting: Served) -> None:
    answer = lasting.curie.get("/jobs/j0123", headers=HTML | {"Referer": "http://localhost.example/x"})
    assert "Back" not in offers(answer)


def test_what_fails_within_the_server_shows_nothing_of_it_and_can_be_tried_again(served: Served) -> None:
    def fail() -> str:
        raise RuntimeError("the inside")

    served.app.add_url_rule("/failing", view_func=fail)
    answer = served.curie.get("/failing?x=1", headers=HTML)
    assert said(answer)[:2] == (500, "Something went wrong in this server")
    assert "the inside" not in answer.text
    assert offers(answer)["Try again"] == "/failing?x=1"


def test_a_site_that_drains_says_so_above_the_form_of_who_wants_a_job(served: Served) -> None:
    served.provstore.draining.begin("new disks")
    answer = served.curie.post("/uws/sleep", data={"text": "what I wrote"}, headers=HTML)
    assert answer.status_code == 503
    assert "new disks" in answer.text.partition('id="refused"')[2].partition("<form")[0]
    assert 'value="what I wrote"' in answer.text


def test_what_is_too_large_and_too_often_says_what_to_do(serve: Serve) -> None:
    served = serve(form_max=2000, login_failures_max=1)
    answer = served.curie.post("/uws/sleep", data={"text": "a" * 5000}, headers=HTML)
    assert said(answer)[:2] == (413, "This is too large")
    wrong = {"name": "curie", "password": "not the right one", "next": "//elsewhere.example"}
    answers = [served.anonymous.post("/session", data=wrong | {"next": "/jobs"}, headers=HTML) for _ in range(2)]
    assert [one.status_code for one in answers] == [403, 429]
    assert "try again in 15 min" in said(answers[1])[2]
    for one in answers:
        assert '<input id="name" name="name" value="curie"' in one.text
        assert 'name="next" value="/jobs"' in one.text
    answer = served.anonymous.post("/session", data=wrong, headers=HTML)
    assert (answer.status_code, "elsewhere" in answer.text.partition('<form class="column"')[2]) == (400, False)


def test_a_form_of_an_account_is_shown_again_with_what_was_wrong(served: Served) -> None:
    answer = served.curie.post("/account", data={"ACTION": "TOKEN", "name": "x", "days": "0"}, headers=HTML)
    assert answer.status_code == 400
    assert "days=&#39;0&#39;: a whole number, 1 or above, is needed" in answer.text
    assert 'id="tokens"' in answer.text
    answer = served.admin.post("/admin/people/curie", data={"ACTION": "UNGRANT", "role": "run:*"}, headers=HTML)
    assert (answer.status_code, "curie does not have the role run:*" in answer.text) == (404, True)
    answer = served.admin.post("/admin/people/admin", data={"ACTION": "DEACTIVATE"}, headers=HTML)
    assert (answer.status_code, "let another administrator deactivate it" in answer.text) == (400, True)
    answer = served.admin.post("/admin/people/nobody", data={"ACTION": "ACTIVATE"}, headers=HTML)
    assert said(answer)[0] == 404


@pytest.mark.parametrize("path", ["/account", "/admin/people/curie"])
def test_a_secret_is_shown_to_no_cache(served: Served, path: str) -> None:
    answer = served.admin.post(path, data={"ACTION": "TOKEN", "name": "x", "days": ""})
    (secret,) = re.findall(r'id="secret" class="whole">(pvs_[^<]+)<', answer.text)
    assert answer.headers["Cache-Control"] == "no-store"
    assert served.client(secret).get("/session").status_code == 200
    assert secret not in served.admin.get(path).text


def test_the_people_are_found_by_a_part_of_their_name_and_when_they_were_seen(served: Served) -> None:
    accounts = served.provstore.accounts
    for name in ("Meitner", "meissner"):
        accounts.make(name)
    accounts.sessions.begin(accounts.agent_of("Meitner"), duration=served.provstore.settings.session_duration)
    assert [one.name for one in accounts.persons(part="MEI")] == ["Meitner", "meissner"]
    assert accounts.person("Meitner").seen_at == served.clock()
    assert accounts.person("meissner").seen_at is None
    shown = served.admin.get("/admin/people?q=meiss").text
    assert ("/admin/people/meissner" in shown, "/admin/people/Meitner" in shown) == (True, False)


def test_an_administrator_finds_people_by_kind_and_sees_what_a_deactivated_account_still_runs(served: Served) -> None:
    served.create(by=served.curie, PHASE="RUN")
    served.provstore.accounts.set_active("curie", active=False)
    listed = served.admin.get("/admin/people?who=deactivated").text
    assert ("/admin/people/curie" in listed, "/admin/people/admin" in listed) == (True, False)
    assert served.admin.get("/admin/people?who=nobody").status_code == 400
    assert "1 is under way</a>" in served.admin.get("/admin/people/curie").text


def test_what_fills_the_disk_is_told_by_person_service_and_day(served: Served) -> None:
    first, second = (served.completed(text="x") for _ in range(2))
    keeping, space = served.provstore.service.keeping, served.provstore.service.space
    keeping.keep(served.provstore.accounts.administrator(), job_id(first))
    served.clock.advance(60)
    held = space.held()
    assert (held.total.jobs, held.total.kept * 2) == (2, held.total.size)
    assert [(one.service, one.total.jobs) for one in held.shares] == [("sleep", 2)]
    assert {str(day): total.jobs for day, total in held.days.items()} == {"2026-03-31": 1}
    assert space.held(frozenset({"stack"})).total.jobs == 0
    assert served.json(second)["destruction"].startswith("2026-03-31")
    assert "<td>sleep" in served.admin.get("/admin/disk").text.replace(
        '<a href="http://localhost/jobs?service=sleep">', ""
    )
