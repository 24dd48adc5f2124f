"""Lineage over two jobs, by every spelling of an id, and what another may see of it."""

from __future__ import annotations

import io
from hashlib import sha256
from typing import Any

import pytest
from prov.model import (
    ProvActivity,
    ProvDerivation,
)

from tests.web.chains import FORMATS, Chain, ids, pairs
from tests.web.served import Served, job_id


def test_lineage_goes_up_over_both_jobs_to_the_upload(chain: Chain) -> None:
    nodes = chain.nodes(id=chain.entity(chain.second, "stacked"))
    distances = {name: node["distance"] for name, node in nodes.items() if {"Activity", "Entity"} & set(node["class"])}
    raw = next(name for name, node in nodes.items() if node["label"] == "raw.fits")
    observation = next(name for name, node in nodes.items() if node["label"] == "33794")
    assert distances == {
        chain.entity(chain.second, "stacked"): 0,
        job_id(chain.second): 1,
        chain.entity(chain.first, "output"): 1,
        observation: 1,
        job_id(chain.first): 2,
        raw: 2,
    }


def test_lineage_goes_down_over_both_jobs_to_the_stack(chain: Chain) -> None:
    up = chain.nodes(id=job_id(chain.first), direction="up")
    raw = next(name for name, node in up.items() if node["label"] == "raw.fits")
    nodes = chain.nodes(id=raw, direction="down")
    reached = {name for name, node in nodes.items() if {"Activity", "Entity"} & set(node["class"])}
    assert reached == {
        raw,
        job_id(chain.first),
        chain.entity(chain.first, "output"),
        job_id(chain.second),
        chain.entity(chain.second, "stacked"),
        chain.entity(chain.second, "log"),
    }


def test_both_ways_are_the_union_and_depth_bounds_them(chain: Chain) -> None:
    middle = chain.entity(chain.first, "output")

    def things(**query: Any) -> set[str]:
        nodes = chain.nodes(id=middle, **query)
        return {name for name, node in nodes.items() if {"Activity", "Entity"} & set(node["class"])}

    assert things(direction="both") == things(direction="up") | things(direction="down")
    assert things(direction="BOTH", depth="ALL") == things(direction="both")
    assert things(direction="both", depth=0) == {middle}
    near = things(direction="both", depth=1)
    assert {job_id(chain.first), job_id(chain.second), chain.entity(chain.second, "stacked"), middle} <= near
    assert chain.entity(chain.second, "log") not in near
    assert things(depth="9" * 5000) == things()


def test_an_id_can_be_given_in_every_spelling_and_repeated(chain: Chain) -> None:
    local = chain.entity(chain.second, "stacked")
    uri = chain.served.node(local)
    answers = [chain.lineage(id=one) for one in (local, f"id:{local}", uri)]
    answers += [chain.lineage(ID=local), chain.lineage(id=[local, f"id:{local}", "unknown"])]
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize(
    ("query", "accept", "content_type"),
    [
        ("", "", "application/json"),
        ("", "*/*", "application/json"),
        ("", "application/json", "application/json"),
        ("", "text/provenance-notation, */*;q=0.1", FORMATS["prov-n"][0]),
        ("", "application/x-votable+xml", FORMATS["votable"][0]),
        ("&format=prov-xml", "application/json", FORMATS["prov-xml"][0]),
        ("&RESPONSEFORMAT=prov-n", "", FORMATS["prov-n"][0]),
        ("&f=svg", "", FORMATS["svg"][0]),
        ("&format=image/svg%2Bxml", "", FORMATS["svg"][0]),
    ],
)
def test_lineage_comes_as_a_graph_or_in_a_format(chain: Chain, query: str, accept: str, content_type: str) -> None:
    place = f"/prov/lineage?id={chain.entity(chain.second, 'stacked')}{query}"
    answer = chain.served.anonymous.get(place, headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.content_type) == (200, content_type)


def test_the_lineage_of_two_jobs_is_one_document_that_others_read(chain: Chain) -> None:
    document = chain.document(f"/prov/lineage?id={chain.entity(chain.second, 'stacked')}&format=prov-json")
    assert ids(document, ProvActivity) == {job_id(chain.first), job_id(chain.second)}
    stacked, output = chain.entity(chain.second, "stacked"), chain.entity(chain.first, "output")
    assert {(stacked, output)} < pairs(document, ProvDerivation)
    (entity,) = document.get_record(chain.served.node(stacked))
    facts = {name.localpart: getattr(value, "value", value) for name, value in entity.attributes}
    assert (facts["sha256"], str(facts["size"])) == (sha256(b"STACKED").hexdigest(), "7")


@pytest.fixture
def redirected(chain: Chain) -> dict[str, str]:
    entity = chain.entity(chain.second, "stacked")
    return {
        job_id(chain.second): f"http://localhost{chain.second}",
        entity: f"http://localhost/prov/lineage?id={entity}&depth=1",
        f"{entity}?format=prov-n": f"http://localhost/prov/lineage?id={entity}&depth=1&format=prov-n",
    }


def test_an_id_leads_to_its_record(chain: Chain, redirected: dict[str, str]) -> None:
    for local, target in redirected.items():
        answer = chain.served.anonymous.get(f"/id/{local}")
        assert (answer.status_code, answer.location) == (303, target)
        assert chain.served.anonymous.get(answer.location).status_code == 200


def test_the_id_of_a_deleted_job_leads_to_its_lineage(served: Served) -> None:
    job = served.completed()
    served.anonymous.delete(job)
    answer = served.anonymous.get(f"/id/{job_id(job)}")
    assert answer.location == f"http://localhost/prov/lineage?id={job_id(job)}&depth=1"
    assert served.anonymous.get(answer.location).status_code == 200


def test_what_another_may_not_see_is_a_stub_between_and_absent_beyond(served: Served) -> None:
    made = served.create("copy", by=served.curie, input=(io.BytesIO(b"RAW"), "raw"))
    served.execute(made, by=served.curie)
    served.finish(made, {"results/output.dat": b"RAW"})
    entity = f"e{job_id(made)[1:]}.output"
    assert served.anonymous.get(f"/prov/lineage?id={entity}").status_code == 404
    used = served.create("copy", by=served.admin, input=entity)
    answer = served.curie.get(f"/prov/lineage?id={entity}&direction=down")
    assert answer.json is not None
    assert answer.json["restricted"] is False or job_id(used) not in answer.text
    assert job_id(used) not in answer.text
