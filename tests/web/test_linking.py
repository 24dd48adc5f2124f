"""PROV-AQ: Link headers from things to their provenance, and from provenance back to the things."""

from __future__ import annotations

from typing import Final

import pytest
from prov.model import ProvDocument
from werkzeug.http import parse_list_header
from werkzeug.test import TestResponse

from provstore.graph.model import Label, Node, NodeId
from provstore.graph.store import Create
from tests.web.chains import Chain
from tests.web.served import BASE, Served, job_id

PROV: Final = "http://www.w3.org/ns/prov#"
LONG: Final = "x" * 3000


def links(answer: TestResponse, relation: str) -> list[tuple[str, str]]:
    """Give (target, anchor) of each link of a relation, in order."""
    found = []
    for one in (one for header in answer.headers.getlist("Link") for one in parse_list_header(header)):
        target, *parts = one.split("; ")
        facts = dict(part.split("=", 1) for part in parts)
        if facts["rel"].strip('"') == PROV + relation:
            found.append((target.strip("<>"), facts.get("anchor", "").strip('"')))
    return found


@pytest.fixture
def stacked(chain: Chain) -> str:
    return chain.entity(chain.second, "stacked")


@pytest.mark.parametrize("accept", ["text/xml", "application/json"])
@pytest.mark.parametrize("below", ["", "/results"])
def test_a_job_leads_to_its_provenance(chain: Chain, accept: str, below: str) -> None:
    answer = chain.served.anonymous.get(chain.second + below, headers={"Accept": accept})
    place = f"{BASE}{chain.second}"
    assert links(answer, "has_provenance") == [
        (f"{place}/prov", chain.served.node(job_id(chain.second))),
        (f"{place}/prov", place),
    ]
    assert links(answer, "has_query_service") == [(f"{BASE}/provsap", "")]


def test_so_does_a_job_in_the_other_mount_and_a_job_without_results(served: Served) -> None:
    job = served.create().replace("/uws/", "/rest/")
    assert links(served.anonymous.get(job), "has_provenance")[-1] == (f"{BASE}{job}/prov", f"{BASE}{job}")


@pytest.mark.parametrize("name", ["stacked", "log"])
def test_a_result_leads_to_the_provenance_of_its_job(chain: Chain, name: str) -> None:
    place = f"{BASE}{chain.second}"
    node = chain.served.node(chain.entity(chain.second, name))
    for method in ("GET", "HEAD"):
        answer = chain.served.anonymous.open(f"{chain.second}/results/{name}", method=method)
        assert links(answer, "has_provenance") == [
            (f"{place}/prov", node),
            (f"{place}/prov", f"{place}/results/{name}"),
        ]
        assert links(answer, "has_query_service") == [(f"{BASE}/provsap", "")]


def test_a_stored_file_leads_to_its_provenance_over_all_jobs(chain: Chain, stacked: str) -> None:
    answer = chain.served.anonymous.get(f"/store/{stacked}")
    target = f"{BASE}/provsap?ID={stacked}&DEPTH=ALL"
    assert links(answer, "has_provenance") == [
        (target, chain.served.node(stacked)),
        (target, f"{BASE}/store/{stacked}"),
    ]
    unchanged = chain.served.anonymous.get(f"/store/{stacked}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (unchanged.status_code, links(unchanged, "has_provenance")) == (304, links(answer, "has_provenance"))


@pytest.mark.parametrize("place", ["{job}", "{job}/results/stacked", "/store/{entity}"])
def test_provenance_that_is_linked_speaks_of_its_anchor_and_leads_back(chain: Chain, stacked: str, place: str) -> None:
    thing = chain.served.anonymous.get(place.format(job=chain.second, entity=stacked))
    (target, anchor), _ = links(thing, "has_provenance")
    provenance = chain.served.anonymous.get(target.removeprefix(BASE))
    document = ProvDocument.deserialize(content=provenance.text, format="json")
    assert len(document.get_record(anchor)) == 1
    asked = stacked if place.startswith("/store") else job_id(chain.second)
    assert links(provenance, "has_anchor")[0] == (chain.served.node(asked), "")


def test_provenance_names_what_was_asked_for_by_its_id_and_its_address(chain: Chain, stacked: str) -> None:
    job = job_id(chain.second)
    expected = {
        job: [(chain.served.node(job), ""), (f"{BASE}{chain.second}", "")],
        stacked: [(chain.served.node(stacked), ""), (f"{BASE}/store/{stacked}", "")],
    }
    for one, anchors in expected.items():
        for place in (f"/provsap?ID={one}", f"/prov/lineage?id={one}&format=prov-n"):
            assert links(chain.served.anonymous.get(place), "has_anchor") == anchors
    assert links(chain.served.anonymous.get(f"{chain.second}/prov?format=svg"), "has_anchor") == expected[job]
    both = links(chain.served.anonymous.get(f"/provsap?ID={job}&ID={stacked}&ID=unknown"), "has_anchor")
    assert sorted(both) == sorted(expected[job] + expected[stacked])


def test_a_deleted_job_has_no_address_any_more(served: Served) -> None:
    job = served.completed()
    served.anonymous.delete(job)
    answer = served.anonymous.get(f"/provsap?ID={job_id(job)}")
    assert links(answer, "has_anchor") == [(served.node(job_id(job)), "")]


def test_names_of_strangers_fit_in_a_header(served: Served) -> None:
    odd = [NodeId(f'http://example.org/{name}"') for name in ("é>", "a\r\nSet-Cookie: x=1", "\u202e", "a b", LONG)]
    readers = frozenset({"public"})
    served.provstore.store.write([Create(Node(one, frozenset({Label.ENTITY}), {}, readers=readers)) for one in odd])
    answer = served.anonymous.get("/provsap", query_string={"ID": odd})
    assert answer.status_code == 200
    assert sorted(target for target, _ in links(answer, "has_anchor")) == [
        "http://example.org/%C3%A9%3E%22",
        "http://example.org/%E2%80%AE%22",
        "http://example.org/a%0D%0ASet-Cookie:%20x=1%22",
        "http://example.org/a%20b%22",
    ]
    assert "Set-Cookie" not in answer.headers


def test_of_many_things_the_first_are_named(served: Served) -> None:
    ids = [NodeId(f"urn:many:{number}") for number in range(50)]
    readers = frozenset({"public"})
    served.provstore.store.write([Create(Node(one, frozenset({Label.ENTITY}), {}, readers=readers)) for one in ids])
    answer = served.anonymous.post("/provsap", data={"ID": ids})
    assert len(links(answer, "has_anchor")) == 10
