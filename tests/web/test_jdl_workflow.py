"""The way of a definition over HTTP: proposed, compared, accepted or refused, changed, restored, withdrawn."""

from __future__ import annotations

import io
from threading import Barrier, Thread
from typing import Any

import pytest
from werkzeug.test import TestResponse

from provstore.app import open_provstore
from provstore.graph.model import now
from provstore.settings import Settings
from tests.fakes import FakeExecutor
from tests.web.conftest import Serve
from tests.web.definers import ECHO, People, as_json, changed, people_of
from tests.web.served import Served, job_id


@pytest.fixture
def people(served: Served) -> People:
    return people_of(served)


def kind(answer: TestResponse) -> tuple[int, str]:
    assert answer.json is not None, answer.text
    return answer.status_code, answer.json["error"]["kind"]


def test_a_proposal_says_who_made_it_and_where_to_look(people: People) -> None:
    answer = people.author.post("/jdl?message=first", data=as_json(ECHO), content_type="application/json")
    made = answer.json
    assert made is not None
    place = f"http://localhost/jdl/proposals/{made['id']}"
    assert (answer.status_code, answer.location) == (201, place)
    expected = {
        "id": made["id"],
        "service": "echo",
        "state": "proposed",
        "base": None,
        "author": "vera",
        "message": "first",
        "created": "2026-03-01T12:00:00.000Z",
        "decided": None,
        "decidedBy": None,
        "decision": None,
        "publishedAs": None,
        "href": place,
        "diff": f"{place}/diff",
        "form": f"{place}/form",
        "problems": [],
        "repairs": [],
        "dialect": "json",
    }
    assert made == expected


def test_a_new_service_is_nowhere_before_it_is_accepted(people: People) -> None:
    proposal = people.propose()
    for client in (people.author, people.curator, people.served.anonymous):
        assert client.get("/jdl/echo").status_code == 404
        assert client.post("/uws/echo").status_code == 404
        assert "echo" not in [one["name"] for one in people.served.json("/jdl", by=client)["items"]]
    people.accept(proposal)
    assert people.served.anonymous.get("/jdl/echo").status_code == 200
    assert people.served.json(people.served.create("echo", word="a"))["parameters"]["word"] == "a"


def test_a_changed_service_runs_as_before_until_the_change_is_accepted(people: People) -> None:
    served = people.served
    people.publish()
    proposal = people.propose(changed(version="2"))
    before = served.create("echo")
    assert served.json(before)["jobInfo"]["description"] == "echo@1"
    assert served.anonymous.get("/jdl/echo/script").text == ECHO.script
    people.accept(proposal)
    after = served.create("echo")
    assert served.json(after)["jobInfo"]["description"] == "echo@2"
    assert served.json(before)["jobInfo"]["description"] == "echo@1"


def test_what_a_job_ran_is_the_same_after_its_service_was_changed(people: People) -> None:
    served = people.served
    people.publish()
    job = served.completed("echo", {"results/word.txt": b"hello"})
    asked = (f"{job}/prov?format=prov-n&descriptions=2", f"{job}/prov?format=prov-json", "/jdl/echo@1/json", job)
    before = [served.admin.get(place).data for place in asked]
    people.publish(changed(version="2"))
    served.clock.advance(60)
    people.curator.delete("/jdl/echo?message=over")
    assert [served.admin.get(place).data for place in asked] == before


def test_only_its_author_and_those_who_decide_see_a_proposal(people: People) -> None:
    proposal = people.propose()
    for suffix in ("", "/diff", "/form", "?format=script"):
        answers = [
            client.get(f"{proposal}{suffix}").status_code
            for client in (people.author, people.curator, people.served.admin, people.other, people.served.anonymous)
        ]
        assert answers == [200, 200, 200, 404, 404], suffix
    listed = [people.served.json("/jdl/proposals", by=client)["items"] for client in (people.author, people.other)]
    assert [len(items) for items in listed] == [1, 0]


@pytest.mark.parametrize(
    ("who", "status", "error"), [("anonymous", 401, "Unauthenticated"), ("other", 403, "Forbidden")]
)
def test_who_is_no_author_proposes_nothing(people: People, who: str, status: int, error: str) -> None:
    client = people.served.anonymous if who == "anonymous" else people.other
    answer = client.post("/jdl", data=as_json(ECHO), content_type="application/json")
    assert kind(answer) == (status, error)
    assert people.served.json("/jdl/proposals?state=all")["items"] == []


def test_an_author_does_not_decide(people: People) -> None:
    proposal = people.propose()
    for step in ("accept", "reject"):
        assert kind(people.author.post(f"{proposal}/{step}", json={"message": "m"})) == (403, "Forbidden")
    assert kind(people.author.delete("/jdl/stack")) == (403, "Forbidden")


def test_what_is_accepted_says_who_proposed_it_and_who_accepted_it(people: People) -> None:
    revision = people.accept(people.propose(message="a word"), message="well done")
    facts = {key: revision[key] for key in ("revision", "author", "validator", "message", "withdrawn")}
    told = {"revision": "echo@1", "author": "vera", "validator": "cecilia", "message": "well done", "withdrawn": None}
    assert facts == told
    (proposal,) = people.served.json("/jdl/proposals?service=echo&state=accepted", by=people.author)["items"]
    assert (proposal["publishedAs"], proposal["decidedBy"], proposal["decision"]) == ("echo@1", "cecilia", "well done")


def test_strangers_learn_no_account_names(people: People) -> None:
    people.publish()
    told = people.served.json("/jdl/echo/history", by=people.served.anonymous)["items"][0]
    assert told["author"].startswith("user ")
    assert "vera" not in people.served.anonymous.get("/jdl/echo.json").text
    assert people.served.json("/jdl/echo/history", by=people.other)["items"][0]["author"] == "vera"


def test_what_is_rejected_needs_a_reason_and_is_over(people: People) -> None:
    proposal = people.propose()
    assert kind(people.curator.post(f"{proposal}/reject")) == (400, "Invalid")
    rejected = people.curator.post(f"{proposal}/reject", data={"message": "no tests"})
    assert rejected.json is not None
    assert (rejected.json["state"], rejected.json["decision"]) == ("rejected", "no tests")
    assert kind(people.curator.post(f"{proposal}/accept")) == (409, "Conflict")
    assert people.served.json(proposal, by=people.author)["decision"] == "no tests"


def test_an_author_takes_his_proposal_back_and_nobody_else_does(people: People) -> None:
    first, second = people.propose(), people.propose()
    assert kind(people.curator.delete(first)) == (403, "Forbidden")
    assert people.author.delete(f"{first}?message=a+slip").status_code == 204
    retracted = people.author.post(f"{second}/retract", json={"message": "too"})
    assert (retracted.json or {})["state"] == "retracted"
    states = [one["state"] for one in people.served.json("/jdl/proposals?state=all")["items"]]
    assert states == ["retracted", "retracted"]


def test_a_long_list_of_proposals_comes_in_parts(people: People) -> None:
    paths = [people.propose(changed(version=str(number))) for number in range(3)]
    people.author.delete(paths[0])
    seen: list[list[str]] = []
    query: str | None = "state=all&limit=2"
    while query is not None:
        part: dict[str, Any] = people.author.get(f"/jdl/proposals?{query}").get_json()
        seen.append([f"/jdl/proposals/{one['id']}" for one in part["items"]])
        query = part["next"] and f"state=all&limit=2&next={part['next']}"
    assert seen == [[paths[2], paths[1]], [paths[0]]]
    for wrong in ("limit=0", "limit=x", "next=x"):
        assert people.author.get(f"/jdl/proposals?{wrong}").status_code == 400


def test_what_the_newest_revision_says_is_no_proposal(people: People) -> None:
    people.publish()
    answer = people.author.post("/jdl", data=as_json(ECHO), content_type="application/json")
    assert kind(answer) == (409, "Conflict")


def test_a_proposal_that_was_compared_with_an_older_revision_is_compared_anew(people: People) -> None:
    people.publish()
    first, second = people.propose(changed(version="2")), people.propose(changed(version="3"))
    people.accept(first)
    assert kind(people.curator.post(f"{second}/accept")) == (409, "Conflict")
    assert kind(people.curator.post(f"{second}/accept", json={"against": "echo@1"})) == (409, "Conflict")
    assert people.served.json(f"{second}/diff", by=people.curator)["from"] == "echo@2"
    assert people.accept(second, against="echo@2")["revision"] == "echo@3"


def test_of_two_who_accept_at_once_one_is_told_that_he_was_late(people: People) -> None:
    proposal, start = people.propose(), Barrier(2)
    answers: list[int] = []

    def accept() -> None:
        client = people.served.client(people.served.tokens["admin"])
        start.wait()
        answers.append(client.post(f"{proposal}/accept").status_code)

    threads = [Thread(target=accept) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 409]
    assert [one["revision"] for one in people.served.json("/jdl/echo/history")["items"]] == ["echo@1"]


def test_differences_are_told_place_by_place(people: People) -> None:
    people.publish()
    proposal = people.propose(changed(label="Louder echo"))
    found = people.served.json(f"{proposal}/diff", by=people.author)
    places = {one["place"]: (one["before"], one["after"]) for one in found["differences"]}
    assert places == {"label": ("Echo", "Louder echo"), "script": (ECHO.script, changed().script)}
    assert found["script"].splitlines()[-2:] == [f"-{ECHO.script.strip()}", f"+{changed().script.strip()}"]
    people.accept(proposal)
    assert people.served.json("/jdl/echo/diff")["differences"] == found["differences"]
    back = people.served.json("/jdl/echo/diff?from=2&to=1")["differences"]
    assert {one["place"]: (one["after"], one["before"]) for one in back} == places


def test_differences_are_text_for_people_at_a_terminal(people: People) -> None:
    people.publish()
    people.publish(changed(label="Louder echo"))
    by_accept = people.served.anonymous.get("/jdl/echo/diff", headers={"Accept": "text/plain"})
    assert by_accept.text == people.served.anonymous.get("/jdl/echo/diff?format=text&from=echo@1").text
    assert by_accept.text == (
        'from echo@1 to echo@2\n\nlabel\n- "Echo"\n+ "Louder echo"\n\n--- echo@1\n+++ echo@2\n@@ -1 +1 @@\n'
        f"-{ECHO.script}+{changed().script}"
    )


@pytest.mark.parametrize(("query", "status"), [("from=9", 404), ("from=x", 400), ("to=0", 404), ("from=1&to=-1", 400)])
def test_differences_of_what_is_not_there_are_refused(people: People, query: str, status: int) -> None:
    people.publish()
    assert people.served.anonymous.get(f"/jdl/echo/diff?{query}").status_code == status


def test_the_message_names_the_revision_that_is_not_there(people: People) -> None:
    people.publish()
    assert "'echo@0'" in people.served.anonymous.get("/jdl/echo/diff?from=0").text


def test_an_older_revision_is_restored_as_a_new_one(people: People) -> None:
    people.publish()
    people.publish(changed())
    answer = people.curator.post("/jdl/echo/restore", json={"revision": 1})
    assert (answer.status_code, answer.location) == (201, "http://localhost/jdl/echo@3")
    assert people.served.anonymous.get("/jdl/echo/script").text == ECHO.script
    told = people.served.json("/jdl/echo/history")["items"]
    assert [(one["number"], one["message"]) for one in told] == [(3, "restored from echo@1"), (2, ""), (1, "")]
    assert kind(people.curator.post("/jdl/echo/restore", data={"revision": "echo@1"})) == (409, "Conflict")
    assert kind(people.curator.post("/jdl/echo/restore", data={"revision": "9"})) == (404, "NotFound")
    assert kind(people.curator.post("/jdl/echo/restore")) == (400, "Invalid")


def test_a_withdrawn_service_is_read_and_not_run(people: People) -> None:
    served = people.served
    people.publish()
    assert people.curator.delete("/jdl/echo", json={"message": "wrong units"}).status_code == 204
    assert kind(people.curator.delete("/jdl/echo")) == (409, "Conflict")
    assert "echo" not in [one["name"] for one in served.json("/jdl")["items"]]
    assert [one["name"] for one in served.json("/jdl?withdrawn=true")["items"]] == ["echo"]
    assert served.anonymous.post("/uws/echo").status_code == 403
    told = served.json("/jdl/echo?format=json", by=people.other)["withdrawn"]
    assert told == {"at": "2026-03-01T12:00:00.000Z", "by": "cecilia", "message": "wrong units"}
    answer = served.anonymous.get("/jdl/echo/votable")
    assert answer.headers["Provstore-Withdrawn"] == "2026-03-01T12:00:00.000Z"
    assert b"adhoc:service" not in answer.data
    assert people.curator.post("/jdl/echo/restore", data={"revision": "1"}).status_code == 201
    assert served.anonymous.post("/uws/echo").status_code == 303


def test_one_revision_is_never_deleted(people: People) -> None:
    people.publish()
    assert kind(people.curator.delete("/jdl/echo@1")) == (400, "Invalid")
    assert people.served.anonymous.post("/uws/echo").status_code == 303


def test_the_list_tells_those_who_propose_how_many_proposals_wait(people: People) -> None:
    people.publish()
    people.propose(changed())

    def told(who: str) -> int | None:
        client = {"author": people.author, "other": people.other}[who]
        items = people.served.json("/jdl?q=speech+word", by=client)["items"]
        return items[0].get("proposals") if len(items) == 1 else -1

    assert (told("author"), told("other")) == (1, None)


@pytest.mark.parametrize("query", ["state=thrown", "state=proposed,thrown"])
def test_an_unknown_state_is_refused_with_those_that_are_known(people: People, query: str) -> None:
    answer = people.curator.get(f"/jdl/proposals?{query}")
    assert kind(answer) == (400, "Invalid")
    assert "proposed, accepted, rejected, retracted, all" in answer.text


def test_a_message_of_any_length_that_a_person_writes_is_kept_and_no_longer_one(people: People) -> None:
    lines = "Ünits:\r\nkeV, not TeV.\r\n"
    proposal = people.propose(message=lines)
    assert people.served.json(proposal, by=people.author)["message"] == "Ünits:\nkeV, not TeV."
    answer = people.author.post("/jdl", data={"jdl": as_json(ECHO), "message": "x" * 5000})
    assert kind(answer) == (400, "Invalid")


def test_the_id_of_a_revision_leads_to_it_and_that_of_a_proposal_to_the_proposal(people: People) -> None:
    proposal = people.propose()
    assert people.author.get(f"/id/{job_id(proposal)}").location == f"http://localhost{proposal}"
    assert people.other.get(f"/id/{job_id(proposal)}").status_code == 404
    people.accept(proposal)
    revision = people.served.provstore.catalog.newest("echo").node.rpartition("#")[2]
    assert people.served.anonymous.get(f"/id/{revision}").location == "http://localhost/jdl/echo@1"
    page = people.served.anonymous.get(f"/id/{revision}", headers={"Accept": "text/html,application/xhtml+xml"})
    assert page.location == "http://localhost/definitions/echo@1"


def test_another_process_serves_what_was_accepted_here_after_its_next_look(people: People) -> None:
    data, clock = people.served.provstore.settings.data, people.served.clock
    clock.at = now()  # after the first start, which went by the real clock
    with open_provstore(Settings(data=data), executors={"local": FakeExecutor(clock=clock)}, clock=clock) as other:
        people.publish()
        other.catalog.refresh()
        assert other.catalog.offered("echo").description == ECHO


def test_a_restricted_service_is_known_only_to_those_who_may_run_it(serve: Serve) -> None:
    served = serve(restricted_services=("stack",))
    for suffix in ("", ".json", "/json", "/form", "/history", "/diff", "@1"):
        assert served.anonymous.get(f"/jdl/stack{suffix}").status_code == 404, suffix
        assert served.admin.get(f"/jdl/stack{suffix}").status_code == 200, suffix
    assert served.anonymous.get("/definitions/stack").status_code == 404
    assert "stack" not in served.anonymous.get("/jdl").text
    assert "stack" not in served.anonymous.get("/jdl/nothing").text


def test_nothing_is_kept_of_a_refused_definition(people: People) -> None:
    files = people.served.provstore.settings.data / "files"
    before = sorted(files.rglob("*"))
    sent = {"file": (io.BytesIO(b'{"name": "echo"}'), "echo.json"), "files": (io.BytesIO(b"k = 1"), "echo.cfg")}
    assert people.author.post("/jdl", data=sent).status_code == 400
    assert sorted(files.rglob("*")) == before


def test_what_was_made_from_an_older_revision_is_told_before_it_undoes_the_newest(people: People) -> None:
    def propose(base: str) -> TestResponse:
        query = {"base": base}
        body = as_json(changed(version="3"))
        return people.author.post("/jdl", query_string=query, data=body, content_type="application/json")

    first = people.publish()
    assert propose(first).status_code == 201
    newest = people.publish(changed(version="2"))
    for base, made_from in ((first, first), ("", "nothing")):
        answer = propose(base)
        assert kind(answer) == (409, "Conflict")
        assert answer.json is not None
        assert (answer.json["error"]["field"], answer.json["error"]["value"]) == ("base", newest)
        assert f"{newest} is the newest now, the definition was made from {made_from}" in answer.text
    assert propose(newest).status_code == 201
