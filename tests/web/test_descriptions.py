"""The descriptions of services over HTTP."""

from __future__ import annotations

import io

import pytest
from astropy.io.votable import parse

from provstore.uws.descriptions.votable import read_votable
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
        "revision": "stack@1",
        "href": "http://localhost/jdl/stack",
    }


@pytest.mark.parametrize("name", ["stack", "stack@1"])
@pytest.mark.parametrize(
    "accept", ["", "*/*", "application/x-votable+xml", "text/html,application/xml;q=0.9,*/*;q=0.8"]
)
def test_a_description_is_a_votable_that_reads_back(served: Served, name: str, accept: str) -> None:
    answer = served.anonymous.get(f"/jdl/{name}", headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.content_type) == (200, "application/x-votable+xml")
    assert read_votable(answer.data, source=name).description.parameters == STACK.parameters
    assert_valid(answer.data, schema="VOTable-1.4.xsd")
    assert [one.name for one in parse(io.BytesIO(answer.data)).resources] == ["stack"]


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
            "message": "format='yaml': one of votable, json is needed",
            "field": "format",
            "value": "yaml",
        }
    }
