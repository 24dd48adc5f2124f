"""The descriptions of services over HTTP."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from astropy.io.votable import parse

from provstore.graph.model import now
from provstore.uws.descriptions.dialects.votable import read_votable
from provstore.uws.descriptions.model import Description, Generated
from tests.web.conftest import STACK
from tests.web.documents import assert_valid
from tests.web.served import Served


def test_the_list_names_every_service_with_its_newest_revision(served: Served) -> None:
    answer = served.anonymous.get("/jdl")
    assert answer.json is not None
    items = {one["name"]: one for one in answer.json["items"]}
    assert {"sleep", "copy", "stack"} <= items.keys()
    assert answer.json["next"] is None
    assert items["stack"] == {
        "name": "stack",
        "label": "Stack",
        "description": "Stack images.",
        "version": "2",
        "revision": "stack@1",
        "revisions": 1,
        "group": "",
        "keywords": [],
        "contact": {"name": "Vera Rubin", "email": "vera@example.org"},
        "modified": items["stack"]["modified"],
        "href": "http://localhost/jdl/stack",
        "form": "http://localhost/jdl/stack/form",
    }


@pytest.mark.parametrize(
    ("words", "found"),
    [("stack", ["stack"]), ("IMAGES  stack", ["stack"]), ("stack galaxy", []), ("byte copy", ["copy"])],
)
def test_the_list_is_searched_for_words(lasting: Served, words: str, found: list[str]) -> None:
    answer = lasting.anonymous.get("/jdl", query_string={"q": words})
    assert [one["name"] for one in (answer.json or {})["items"]] == found


@pytest.mark.parametrize("name", ["stack", "stack@1"])
@pytest.mark.parametrize(
    "accept", ["", "*/*", "application/x-votable+xml", "text/html,application/xml;q=0.9,*/*;q=0.8"]
)
def test_a_description_is_a_votable_that_reads_back(served: Served, name: str, accept: str) -> None:
    answer = served.anonymous.get(f"/jdl/{name}", headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.content_type) == (200, "application/x-votable+xml")
    assert read_votable(answer.data, source=name).description.parameters == STACK.parameters
    assert_valid(answer.data, schema="VOTable-1.4.xsd")
    description, service = parse(io.BytesIO(answer.data)).resources
    assert (description.name, service.utype) == ("stack", "adhoc:service")
    places = {one.name: one.value for one in service.params}
    assert places["accessURL"] == "http://localhost/jobs/new?service=stack"


@pytest.mark.parametrize(
    ("query", "accept"), [("?format=json", ""), ("?format=JSON", "text/xml"), ("", "application/json")]
)
def test_a_description_is_json_where_asked_for(served: Served, query: str, accept: str) -> None:
    answer = served.anonymous.get(f"/jdl/stack{query}", headers={"Accept": accept} if accept else {})
    assert answer.content_type == "application/json"
    assert answer.json is not None
    assert (answer.json["name"], answer.json["revision"]) == ("stack", "stack@1")
    assert [one["name"] for one in answer.json["parameters"]] == ["threshold", "mode", "count", "note"]


@pytest.mark.parametrize(
    "name", ["none", "stack@2", "stack@0", "stack@", "stack@abc", "stack@-1", f"stack@{'9' * 5000}", "@1"]
)
def test_an_unknown_description_is_not_found(served: Served, name: str) -> None:
    answer = served.anonymous.get(f"/jdl/{name}")
    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["error"]["kind"] == "NotFound"


def test_an_unknown_format_is_refused_with_those_that_are_known(served: Served) -> None:
    answer = served.anonymous.get("/jdl/stack?format=yaml")
    assert answer.json == {
        "error": {
            "kind": "Invalid",
            "message": "format='yaml': one of votable, json, script is needed",
            "field": "format",
            "value": "yaml",
        }
    }


@pytest.mark.parametrize(
    ("place", "accept", "content_type"),
    [
        ("/jdl/stack.json", "text/xml", "application/json"),
        ("/jdl/stack@1.json", "", "application/json"),
        ("/jdl/stack/json", "text/xml", "application/json"),
        ("/jdl/stack@1/json", "", "application/json"),
        ("/jdl/stack.xml", "application/json", "application/x-votable+xml"),
        ("/jdl/stack.vot", "application/json", "application/x-votable+xml"),
        ("/jdl/stack/votable", "application/json", "application/x-votable+xml"),
        ("/jdl/stack", "text/xml", "application/x-votable+xml"),
        ("/jdl/stack", "text/plain", "text/plain; charset=utf-8"),
        ("/jdl/stack", "application/x-sh", "text/x-shellscript; charset=utf-8"),
        ("/jdl/stack?format=script", "", "text/x-shellscript; charset=utf-8"),
        ("/jdl/stack.sh", "", "text/x-shellscript; charset=utf-8"),
        ("/jdl/stack/script", "text/html,application/xhtml+xml", "text/x-shellscript; charset=utf-8"),
    ],
)
def test_a_format_is_named_by_ending_path_query_or_accept(
    lasting: Served, place: str, accept: str, content_type: str
) -> None:
    answer = lasting.anonymous.get(place, headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.content_type) == (200, content_type)
    assert answer.headers["Content-Location"] == "http://localhost/jdl/stack@1"
    if "text" in content_type:
        assert answer.text == STACK.script


def test_what_nobody_writes_is_not_acceptable(lasting: Served) -> None:
    answer = lasting.anonymous.get("/jdl/stack", headers={"Accept": "image/png"})
    assert answer.status_code == 406
    assert "application/x-votable+xml" in answer.text


def test_a_service_whose_very_name_ends_like_a_format_is_found_by_its_name(served: Served) -> None:
    publication, administrator = served.provstore.publication, served.provstore.accounts.administrator()
    named = Description(name="stack.sh", script="true\n", generated=(Generated(name="result", default="r.txt"),))
    publication.accept(administrator, publication.propose(administrator, named).id)
    assert served.json("/jdl/stack.sh")["name"] == "stack.sh"
    assert served.json("/jdl/stack.sh.json")["revision"] == "stack.sh@1"
    assert served.anonymous.get("/jdl/stack.sh@1.sh").text == "true\n"
    assert served.anonymous.get("/jdl/stack@1.sh").text == STACK.script


PLACES = ("/jdl", "/jdl/stack", "/jdl/stack.json", "/jdl/stack/script", "/jdl/stack/history", "/jdl/stack/form")


@pytest.mark.parametrize("place", PLACES)
def test_what_a_client_has_already_is_not_sent_again(lasting: Served, place: str) -> None:
    first = lasting.anonymous.get(place)
    again = lasting.anonymous.get(place, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert lasting.anonymous.get(place, headers={"If-None-Match": '"other"'}).status_code == 200


def test_each_format_has_its_own_tag_with_the_digest_in_it(lasting: Served) -> None:
    digest = lasting.json("/jdl/stack/history")["items"][0]["digest"]
    tags = {place: lasting.anonymous.get(place).headers["ETag"] for place in PLACES[1:4]}
    assert len(set(tags.values())) == 3
    assert all(digest in tag for tag in tags.values())


def test_a_change_is_seen_by_who_asks_whether_there_is_one(served: Served) -> None:
    stamp = served.anonymous.get("/jdl/stack").headers["Last-Modified"]
    asked = {"If-Modified-Since": stamp}
    assert served.anonymous.get("/jdl/stack", headers=asked).status_code == 304
    publication, administrator = served.provstore.publication, served.provstore.accounts.administrator()
    served.clock.at = now() + timedelta(hours=1)
    publication.withdraw(administrator, "stack")
    for place in ("/jdl/stack", "/jdl/stack@1", "/jdl"):
        assert served.anonymous.get(place, headers=asked).status_code == 200


def test_a_browser_is_led_to_the_page(lasting: Served) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    for place, page in (
        ("/jdl", "/definitions"),
        ("/jdl/stack", "/definitions/stack"),
        ("/jdl/stack@1", "/definitions/stack@1"),
    ):
        answer = lasting.anonymous.get(place, headers=browser)
        assert (answer.status_code, answer.location) == (303, f"http://localhost{page}")
    assert lasting.anonymous.get("/jdl/stack.json", headers=browser).content_type == "application/json"


def test_the_form_is_that_of_the_revision(lasting: Served) -> None:
    form = lasting.json("/jdl/stack@1/form")
    assert (form["service"], form["revision"], form["action"]) == ("stack", "stack@1", "uws/stack")
    names = {field["name"] for group in form["groups"] for field in group["fields"]}
    assert names >= {"threshold", "mode", "count", "note", "image", "flats"}
