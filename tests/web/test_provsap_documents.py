"""ProvSAP and DataLink over what documents tell: their ids, their attributes, their bundles."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any, Final

import pytest
from astropy.io.votable import parse as parse_votable
from prov.model import ProvDocument

from provstore.export.registry import by_name
from provstore.graph.model import NodeId
from provstore.queries.lineage import Direction, Question, lineage
from tests.web.datalink_rows import of, rows
from tests.web.documents import votable_error
from tests.web.provsap_answers import PLACE, ask, names
from tests.web.served import BASE, Served, told

OBSERVED: Final = "http://example.org/data/"
DOCUMENT: Final = """document
prefix ex <http://example.org/data/>
prefix opus_job <http://example.org/rest/>
prefix voprov <http://www.ivoa.net/documents/ProvenanceDM/index.html#>
entity(ex:made, [prov:label="a map", prov:location="https://example.org/made.fits" %% xsd:anyURI,
  voprov:contentType="image/fits", ex:quality="3.50" %% xsd:decimal])
entity(ex:raw, [prov:location="https://example.org/raw.fits"])
entity(ex:plan)
activity(opus_job:stack\\=1, 2020-01-01T00:00:00, 2020-01-01T01:00:00+02:00)
agent(ex:ada, [prov:type='prov:Person', prov:label="Ada"])
wasGeneratedBy(ex:made, opus_job:stack\\=1, 2020-01-01T01:00:00)
used(ex:u1; opus_job:stack\\=1, ex:raw, -, [prov:role="input"])
wasDerivedFrom(ex:made, ex:raw)
wasAssociatedWith(opus_job:stack\\=1, ex:ada, ex:plan)
bundle ex:night
  entity(ex:raw)
  entity(ex:sky)
  wasDerivedFrom(ex:raw, ex:sky)
endBundle
endDocument
"""


def bring(served: Served, text: str, *, public: bool = True) -> str:
    sent = served.admin.post("/prov/documents", data=text, query_string={"format": "prov-n", "public": public})
    assert sent.status_code == 201, sent.text
    assert sent.json is not None
    return str(sent.json["document"])


@pytest.fixture(scope="module")
def brought(lasting: Served) -> Served:
    bring(lasting, DOCUMENT)
    return lasting


# --- ProvSAP


def test_ids_are_uris_and_qnames_of_prefixes_that_documents_declare(brought: Served) -> None:
    expected = ask(brought, f"{OBSERVED}made")
    assert ask(brought, "ex:made") == expected
    assert ask(brought, "ex:made", f"{OBSERVED}made") == expected, "one thing under two names is one"
    job = ask(brought, "http://example.org/rest/stack=1", DIRECTION="FORTH")
    assert ask(brought, "opus_job:stack=1", DIRECTION="FORTH") == job
    assert {"made"} <= names(job, "entity")


def test_a_walk_goes_through_documents_and_their_bundles(brought: Served) -> None:
    answer = ask(brought, "ex:made", DEPTH="ALL")
    assert names(answer, "entity") == {"made", "raw", "sky"}
    assert names(answer, "activity") == {"stack=1"}
    assert names(answer, "agent") == {"ada"}
    assert names(ask(brought, "ex:sky", DEPTH="ALL", DIRECTION="FORTH"), "entity") == {"made", "raw", "sky"}
    assert names(ask(brought, "ex:made", AGENTS=0), "agent") == set()


def test_what_a_document_tells_of_a_thing_is_in_the_answer(brought: Served) -> None:
    for form in ("PROV-JSON", "PROV-XML", "PROV-N", "PROV-JSONLD", "PROV-TURTLE", "VOTABLE", "CYTOSCAPE"):
        answer = brought.anonymous.get(f"{PLACE}?ID=ex:made&RESPONSEFORMAT={form}")
        assert (form, answer.status_code) == (form, 200)
        for words in ("a map", "3.50", "https://example.org/made.fits"):
            assert words in answer.text, (form, words)
    (activity,) = ask(brought, "ex:made")["activity"].values()
    assert activity["prov:startTime"].startswith("2020-01-01T00:00:00")


def test_what_two_documents_say_alike_is_told_once_and_in_no_bundle(served: Served) -> None:
    said = "entity(q:a)\nentity(q:b)\nwasDerivedFrom(q:a, q:b)\n"
    for more in ("", 'wasDerivedFrom(q:a, q:b, -, -, -, [prov:type="copy"])\n'):
        bring(served, f"document\nprefix q <http://q.org/>\n{said}{more}endDocument\n")
    answer = served.anonymous.get(f"{PLACE}?ID=q:a&DIRECTION=BOTH&RESPONSEFORMAT=PROV-N").text
    assert "bundle" not in answer
    assert [line.strip() for line in answer.splitlines() if "wasDerivedFrom" in line] == [
        "wasDerivedFrom(q:a, q:b, -, -, -)",
        'wasDerivedFrom(q:a, q:b, -, -, -, [prov:type="copy"])',
    ]


def test_a_prefix_that_two_documents_use_differently_is_asked_back(served: Served) -> None:
    for place in ("one", "two"):
        bring(served, f"document\nprefix p <http://{place}.org/>\nentity(p:same)\nentity(p:{place})\nendDocument\n")
    asked = f"{PLACE}?ID=p:same"
    words = "'p:same' may be http://one.org/same or http://two.org/same: write the URI"
    assert told(served.anonymous.get(asked)) == (400, words)
    assert votable_error(served.anonymous.get(f"{asked}&RESPONSEFORMAT=VOTABLE").data) == words
    assert names(ask(served, "p:two")) == {"two"}
    found = rows(served.anonymous, ID=["p:same", "p:one"])
    assert [row["error_message"] for row in found if "error_message" in row] == [f"UsageFault: {words}"]
    assert {row["ID"] for row in found} == {"p:same", "p:one"}


def test_what_a_hidden_document_tells_is_neither_told_nor_walked(served: Served) -> None:
    bring(served, DOCUMENT)
    secret = "document\nprefix s <http://secret.org/>\nprefix d <http://example.org/data/>\n"
    secret += 'entity(d:made, [d:secret="yes"])\nentity(s:source)\nwasDerivedFrom(d:made, s:source)\nendDocument\n'
    bring(served, secret, public=False)
    place = f"{PLACE}?ID=ex:made&DEPTH=ALL"
    assert "secret" not in served.anonymous.get(place).text
    assert "secret.org" in served.admin.get(place).text
    assert served.anonymous.get(f"{PLACE}?ID=s:source").status_code == 404
    assert served.admin.get(f"{PLACE}?ID=s:source").status_code == 200


# --- what other servers get wrong


@pytest.mark.parametrize("form", ["PROV-JSON", "PROV-N", "PROV-XML", "VOTABLE"])
def test_what_two_ids_lead_to_is_written_once(brought: Served, form: str) -> None:
    answer = brought.anonymous.get(f"{PLACE}?ID=ex:made&ID=ex:raw&ID=ex:sky&ID=ex:made&DEPTH=ALL&RESPONSEFORMAT={form}")
    one = brought.anonymous.get(f"{PLACE}?ID=ex:made&DEPTH=ALL&RESPONSEFORMAT={form}")
    separator = "\n" if form == "PROV-N" else "<"
    assert sorted(answer.text.split(separator)) == sorted(one.text.split(separator))
    if form == "VOTABLE":
        tables = {table.ID: table.array for table in parse_votable(io.BytesIO(answer.data)).iter_tables()}
        assert len(tables["entity"]) == len(set(tables["entity"]["id"])) == 3
    elif form in {"PROV-JSON", "PROV-XML"}:
        document = ProvDocument.deserialize(content=answer.text, format=form[5:].lower())
        assert len(document.unified().records) == len(document.records)


def test_an_error_in_a_votable_is_asked_for_by_accept_too(brought: Served) -> None:
    answer = brought.anonymous.get(f"{PLACE}?ID=ex:made&DEPTH=x", headers={"Accept": "application/x-votable+xml"})
    assert (answer.status_code, votable_error(answer.data)) == (400, "DEPTH='x': 0, 1, 2, … or ALL is needed")


def test_a_walk_that_takes_too_long_keeps_what_is_nearest(brought: Served) -> None:
    ids = (NodeId(f"{OBSERVED}made"),)
    for direction in Direction:
        asked = Question(ids=ids, direction=direction, patience=timedelta(0))
        answer = lineage(brought.provstore.store, asked)
        assert answer.truncated
        assert [one.node.id for one in answer.reached if one.distance == 0] == [*ids]
        assert not any(edge.kind == "USED" for edge in answer.edges)
        whole = Question(ids=ids, direction=direction, patience=timedelta(minutes=1))
        assert lineage(brought.provstore.store, whole) == lineage(
            brought.provstore.store, Question(ids=ids, direction=direction)
        )


# --- DataLink


def test_links_of_a_thing_that_a_document_describes(brought: Served) -> None:
    found = rows(brought.anonymous, ID="ex:made")
    assert of(found, "#this") == [
        {
            "ID": "ex:made",
            "access_url": "https://example.org/made.fits",
            "description": "the file itself",
            "semantics": "#this",
            "content_type": "image/fits",
        }
    ]
    (source,) = of(found, "#progenitor")
    assert (source["access_url"], source["description"]) == ("https://example.org/raw.fits", "used to make it")
    assert of(found, "#proc") == [], "a job can't be given it by this id"
    derived = of(rows(brought.anonymous, ID=f"{OBSERVED}raw"), "#derivation")
    assert [(one["access_url"], one["description"]) for one in derived] == [
        ("https://example.org/made.fits", "made of it: a map")
    ]


def test_provenance_of_such_a_thing_is_linked_in_each_format(brought: Served) -> None:
    found = {row["local_semantics"]: row for row in rows(brought.anonymous, ID="ex:made") if "local_semantics" in row}
    for name in ("prov-json", "votable", "turtle", "ro-crate", "voprov-json"):
        row = found[f"provenance-{name}"]
        answer = brought.anonymous.get(row["access_url"].removeprefix(BASE))
        assert (answer.status_code, answer.content_type) == (200, row["content_type"])
        assert row["content_type"] == by_name(name).media_type
    whole: Any = json.loads(brought.anonymous.get(found["provenance-prov-json"]["access_url"].removeprefix(BASE)).text)
    assert "sky" in names(whole, "entity")
