"""Every format on every address of provenance: by name, by media type, with what caches must know."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from astropy.io.votable import parse as parse_votable
from lxml import etree
from prov.model import ProvDocument
from werkzeug.test import TestResponse

from provstore.export.registry import FORMATS, by_name
from provstore.queries.parts import PARTS
from tests.web.chains import Chain
from tests.web.served import Served, job_id, told

DOCUMENT: Final = """document
prefix ex <http://example.org/>
entity(ex:made, [prov:label="made", prov:location="https://example.org/made.fits" %% xsd:anyURI])
entity(ex:raw)
activity(ex:making, 2020-01-01T00:00:00, -)
wasGeneratedBy(ex:made, ex:making, -)
used(ex:making, ex:raw, -)
endDocument
"""
NAMES: Final = [
    pytest.param(form.name, marks=pytest.mark.graphviz) if form.name == "png" else form.name for form in FORMATS
]
PLACES: Final = ("job", "info", "who", "inputs", "outputs", "run", "lineage", "provsap", "document")


@pytest.fixture(scope="module")
def places(lasting: Served, chain: Chain) -> dict[str, str]:
    """Address of each sort of provenance; the document is the administrator's."""
    brought = lasting.admin.post("/prov/documents?format=prov-n", data=DOCUMENT)
    assert brought.status_code == 201, brought.text
    job, entity = chain.second, chain.entity(chain.second, "stacked")
    return {
        "job": f"{job}/prov",
        **{part: f"{job}/prov/{part}" for part in PARTS},
        "lineage": f"/prov/lineage?id={entity}",
        "provsap": f"/provsap?ID={entity}",
        "document": brought.location.partition("localhost")[2],
    }


def get(served: Served, place: str, *, accept: str = "", **query: str) -> TestResponse:
    path, _, given = place.partition("?")
    asked = dict(part.split("=") for part in given.split("&") if part) | query
    return served.admin.get(path, query_string=asked, headers={"Accept": accept} if accept else {})


def word(place: str) -> str:
    return "RESPONSEFORMAT" if place == "provsap" else "format"


def has_content(name: str, body: bytes) -> bool:
    readers: dict[str, Any] = {
        "prov-json": lambda: len(ProvDocument.deserialize(content=body.decode(), format="json").records),
        "prov-xml": lambda: len(ProvDocument.deserialize(content=body.decode(), format="xml").records),
        "votable": lambda: len(list(parse_votable(io.BytesIO(body)).iter_tables())),
        "svg": lambda: len(etree.fromstring(body)),
        "voprov-xml": lambda: len(etree.fromstring(body)),
        **dict.fromkeys(("prov-jsonld", "ro-crate", "cytoscape", "voprov-json"), lambda: len(json.loads(body))),
    }
    return bool(readers.get(name, lambda: len(body))())


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", NAMES)
def test_a_format_is_there_by_its_name(lasting: Served, places: dict[str, str], place: str, name: str) -> None:
    answer = get(lasting, places[place], **{word(place): name})
    form = by_name(name)
    assert (answer.status_code, answer.content_type) == (200, form.media_type), answer.text[:500]
    assert "Accept" in answer.headers["Vary"]
    assert answer.headers["Content-Disposition"].endswith(f'{form.suffix}"')
    assert has_content(name, answer.data)


def media_types() -> Iterator[Any]:
    """Each type that Accept gives, with the format; cytoscape and the dialects are there by name only."""
    for form in FORMATS[: next(number for number, one in enumerate(FORMATS) if one.name == "cytoscape")]:
        marks = [pytest.mark.graphviz] if form.name == "png" else []
        for one in (form.media_type, *form.also):
            yield pytest.param(one, form.name, marks=marks)


@pytest.mark.parametrize("place", ["job", "lineage", "provsap", "document"])
@pytest.mark.parametrize(("accept", "name"), [*media_types()])
def test_a_format_is_there_by_accept(
    lasting: Served, places: dict[str, str], place: str, accept: str, name: str
) -> None:
    answer = get(lasting, places[place], accept=f"{accept}, */*;q=0.1")
    assert (answer.status_code, answer.content_type) == (200, by_name(name).media_type)


@pytest.mark.parametrize("place", ["job", "who", "lineage", "document"])
def test_a_name_in_the_address_wins_over_accept(lasting: Served, places: dict[str, str], place: str) -> None:
    for name in ("format", "F", "responseformat"):
        answer = get(lasting, places[place], accept="image/png;q=0.9, text/turtle", **{name: "PROV-N"})
        assert answer.content_type == by_name("prov-n").media_type


@pytest.mark.parametrize("place", PLACES)
def test_what_can_not_be_had_is_refused(lasting: Served, places: dict[str, str], place: str) -> None:
    assert get(lasting, places[place], accept="text/csv;q=0.5, image/tiff").status_code == 406
    status, words = told(get(lasting, places[place], **{word(place): "prov-yaml"}))
    assert status == 400
    assert "prov-yaml" in words
    assert "turtle" in words.lower()


# --- parts of a job's provenance


def part(served: Served, places: dict[str, str], name: str) -> ProvDocument:
    return ProvDocument.deserialize(content=get(served, places[name]).text, format="json")


def kinds(document: ProvDocument) -> set[str]:
    return {record.get_type().localpart for record in document.records}


def test_each_part_has_the_job_and_what_the_part_is_about(lasting: Served, places: dict[str, str]) -> None:
    assert {name: kinds(part(lasting, places, name)) for name in PARTS} == {
        "info": {"Activity", "Entity", "Agent", "Influence", "Attribution", "Association"},
        "who": {"Activity", "Agent", "Association"},
        "inputs": {"Activity", "Entity", "Usage", "Influence", "Generation"},
        "outputs": {"Activity", "Entity", "Generation"},
        "run": {"Activity"},
    }


def test_the_parts_name_people_inputs_and_outputs(lasting: Served, chain: Chain, places: dict[str, str]) -> None:
    people = {str(one.label) for one in part(lasting, places, "who").get_records() if "Agent" in kinds_of(one)}
    assert people >= {"anonymous", "provstore", "swarp"}
    made = {str(one.label) for one in part(lasting, places, "outputs").get_records() if "Entity" in kinds_of(one)}
    assert made == {"stacked", "log"}
    used = {str(one.label) for one in part(lasting, places, "inputs").get_records() if "Entity" in kinds_of(one)}
    assert {"output", "33794", "threshold", "mode", "config"} <= used
    answer = get(lasting, places["who"], accept="text/plain")
    assert answer.text.startswith("document\n")
    assert f"{job_id(chain.second)}-who.provn" in answer.headers["Content-Disposition"]


def kinds_of(record: Any) -> set[str]:
    return {record.get_type().localpart}


def test_a_part_that_there_is_not_and_a_job_of_another_are_refused(lasting: Served, chain: Chain) -> None:
    assert lasting.anonymous.get(f"{chain.second}/prov/whom").status_code == 404
    job = lasting.create(by=lasting.curie)
    assert lasting.anonymous.get(f"{job}/prov/who").status_code == 403
    assert lasting.anonymous.get("/uws/sleep/j1/prov/who").status_code == 404
