"""Provenance of a job over HTTP, in every format; read back by the PROV library."""

from __future__ import annotations

import io
from hashlib import sha256

import pytest
from astropy.io.votable import parse as parse_votable
from lxml import etree
from prov.model import (
    PROV,
    ProvActivity,
    ProvAgent,
    ProvAssociation,
    ProvDerivation,
    ProvDocument,
    ProvEntity,
    ProvGeneration,
    ProvUsage,
)

from tests.web.chains import FORMATS, Chain, ids, pairs
from tests.web.served import Served, job_id, told


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_can_be_asked_for_by_name_and_by_accept(chain: Chain, name: str) -> None:
    content_type, suffix, accepted = FORMATS[name]
    asked = [chain.served.anonymous.get(f"{chain.second}/prov", query_string={"format": name})]
    asked += [chain.served.anonymous.get(f"{chain.second}/prov?RESPONSEFORMAT={name.upper()}")]
    asked += [chain.served.anonymous.get(f"{chain.second}/prov", headers={"Accept": one}) for one in accepted]
    for answer in asked:
        assert (answer.status_code, answer.content_type) == (200, content_type)
        assert answer.headers["Content-Disposition"] == f'inline; filename="{job_id(chain.second)}{suffix}"'
        assert answer.data == asked[0].data


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        ("", "prov-json"),
        ("*/*", "prov-json"),
        ("text/html, image/svg+xml;q=0.9, */*;q=0.1", "svg"),
        ("application/json;q=0.2, application/x-votable+xml;q=0.3", "votable"),
    ],
)
def test_the_first_format_is_the_default_and_preferences_are_honoured(chain: Chain, accept: str, name: str) -> None:
    answer = chain.served.anonymous.get(f"{chain.second}/prov", headers={"Accept": accept} if accept else {})
    assert answer.content_type == FORMATS[name][0]


@pytest.mark.parametrize("place", ["{job}/prov", "/prov/lineage?id={id}"])
def test_a_type_that_can_not_be_written_is_refused_with_those_that_can(chain: Chain, place: str) -> None:
    place = place.format(job=chain.second, id=job_id(chain.second))
    answer = chain.served.anonymous.get(place, headers={"Accept": "image/tiff"})
    assert answer.status_code == 406
    assert "application/json, text/provenance-notation, application/provenance+xml" in answer.text


def test_the_formats_are_read_by_others(chain: Chain) -> None:
    def get(name: str) -> bytes:
        return bytes(chain.served.anonymous.get(f"{chain.second}/prov?format={name}").data)

    as_json = ProvDocument.deserialize(content=get("prov-json").decode(), format="json")
    as_xml = ProvDocument.deserialize(content=get("prov-xml").decode(), format="xml")
    assert {str(one.identifier) for one in as_xml.get_records(ProvActivity)} == {
        str(one.identifier) for one in as_json.get_records(ProvActivity)
    }
    assert len(list(as_xml.get_records())) == len(list(as_json.get_records()))
    assert len(list(parse_votable(io.BytesIO(get("votable"))).iter_tables())) > 5
    assert etree.fromstring(get("svg")).tag == "{http://www.w3.org/2000/svg}svg"
    assert get("prov-n").startswith(b"document\n")
    assert get("dot").startswith(b"digraph")


@pytest.mark.graphviz
def test_a_picture_in_png_is_one(chain: Chain) -> None:
    answer = chain.served.anonymous.get(f"{chain.second}/prov?format=png")
    assert (answer.content_type, answer.data[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")


def test_the_document_of_a_job_holds_its_times_people_software_inputs_and_outputs(chain: Chain) -> None:
    document = chain.document(f"{chain.second}/prov")
    job = job_id(chain.second)
    (activity,) = document.get_records(ProvActivity)
    times = [str(next(iter(activity.get_attribute(PROV[name])))) for name in ("startTime", "endTime")]
    assert times == ["2026-03-01 12:00:02+00:00", "2026-03-01 12:00:04+00:00"]
    output = chain.entity(chain.first, "output")
    stacked, log = chain.entity(chain.second, "stacked"), chain.entity(chain.second, "log")
    observation = next(one for one in pairs(document, ProvUsage) if one[1] != output)[1]
    assert pairs(document, ProvUsage) == {(job, output), (job, observation)}
    assert pairs(document, ProvGeneration) == {(stacked, job), (log, job)}
    assert pairs(document, ProvDerivation) == {(stacked, output), (stacked, observation)}
    people = {str(one.label) for one in document.get_records(ProvAgent)}
    assert people == {"anonymous", "provstore", "swarp", "Vera Rubin"}
    roles = {str(next(iter(one.get_attribute(PROV["role"])))) for one in document.get_records(ProvAssociation)}
    assert roles == {"Operator", "Executor", "Stacker"}


def test_the_plain_model_leaves_descriptions_out_and_says_that_parameters_were_used(chain: Chain) -> None:
    ivoa = chain.document(f"{chain.second}/prov?MODEL=IVOA")
    job = job_id(chain.second)
    parameters = {f"{job}.{name}" for name in ("threshold", "mode", "count", "config.file", "config.file.k0001")}
    for query in ("MODEL=W3C", "model=w3c"):
        plain = chain.document(f"{chain.second}/prov?{query}")
        assert ids(ivoa, ProvEntity) - ids(plain, ProvEntity) == {chain.description}
        assert ids(plain, ProvEntity) < ids(ivoa, ProvEntity)
        assert pairs(plain, ProvDerivation) == pairs(ivoa, ProvDerivation)
        assert pairs(plain, ProvUsage) - pairs(ivoa, ProvUsage) == {(job, name) for name in parameters}
    answer = chain.served.anonymous.get(f"{chain.second}/prov?MODEL=RDF")
    assert told(answer) == (400, "model='RDF': one of IVOA, W3C is needed")


def test_the_graph_of_a_job_has_every_fact_in_the_shape_of_the_contract(chain: Chain) -> None:
    answer = chain.lineage(id=job_id(chain.second), direction="both", depth=1)
    assert set(answer) == {"nodes", "relations", "truncated", "restricted"}
    assert (answer["truncated"], answer["restricted"]) == (False, False)
    assert {frozenset(node) for node in answer["nodes"]} == {
        frozenset({"id", "class", "label", "attributes", "distance"})
    }
    assert {frozenset(one) for one in answer["relations"]} == {frozenset({"kind", "source", "target", "role", "time"})}
    nodes = chain.nodes(id=job_id(chain.second), direction="both", depth=1)
    job, stacked = nodes[job_id(chain.second)], nodes[chain.entity(chain.second, "stacked")]
    assert (job["class"], job["label"], job["distance"]) == (["Activity", "Job"], "stack", 0)
    assert job["attributes"] == {
        "name": "stack",
        "service": "stack",
        "revision": "stack@1",
        "phase": "COMPLETED",
        "created_at": "2026-03-01T12:00:02.000000Z",
        "started_at": "2026-03-01T12:00:02.000000Z",
        "ended_at": "2026-03-01T12:00:04.000000Z",
        "quote_at": "2026-03-01T12:00:32.000000Z",
        "destruction_at": "2026-03-31T12:00:02.000000Z",
        "execution_duration": 120,
        "executor": "local",
        "exit_code": 0,
        "host": "fake",
        "script_sha256": sha256(b"true\n").hexdigest(),
    }
    assert (stacked["class"], stacked["label"], stacked["distance"]) == (["Dataset", "Entity"], "stacked", 1)
    assert stacked["attributes"] | {"location": ""} == {
        "name": "stacked",
        "file_name": "stacked.fits",
        "location": "",
        "content_type": "image/fits",
        "size": 7,
        "sha256": sha256(b"STACKED").hexdigest(),
        "generated_at": "2026-03-01T12:00:04.000000Z",
    }


def test_parameters_with_their_units_and_the_configuration_file_are_nodes(chain: Chain) -> None:
    answer = chain.lineage(id=job_id(chain.second), direction="both", depth=1)
    nodes = chain.nodes(id=job_id(chain.second), direction="both", depth=1)
    job = job_id(chain.second)
    assert chain.relations(answer, "WAS_CONFIGURED_BY") == {
        (job, f"{job}.{name}", None) for name in ("threshold", "mode", "count", "config.file", "config.file.k0001")
    }
    assert nodes[f"{job}.threshold"]["attributes"] == {
        "name": "threshold",
        "value": "7.5",
        "given": True,
        "datatype": "double",
        "unit": "K",
        "ucd": "phys.temperature",
    }
    assert nodes[f"{job}.mode"]["attributes"]["given"] is False
    config = nodes[f"{job}.config.file"]
    assert config["class"] == ["ConfigFile"]
    facts = config["attributes"]
    assert (facts["file_name"], facts["size"]) == ("stack.cfg", 10)
    assert facts["sha256"] == sha256(b"sigma = 3\n").hexdigest()


def test_inputs_outputs_and_derivations_are_relations_with_roles(chain: Chain) -> None:
    answer = chain.lineage(id=job_id(chain.second), direction="both", depth=1)
    job, output = job_id(chain.second), chain.entity(chain.first, "output")
    stacked, log = chain.entity(chain.second, "stacked"), chain.entity(chain.second, "log")
    assert {one for one in chain.relations(answer, "USED") if one[1] == output} == {(job, output, "science")}
    assert {role for _, _, role in chain.relations(answer, "USED")} == {"science", "run"}
    assert chain.relations(answer, "WAS_GENERATED_BY") == {(stacked, job, "stack"), (log, job, "log")}
    assert (stacked, output, None) in chain.relations(answer, "WAS_DERIVED_FROM")
    assert log not in {source for source, _, _ in chain.relations(answer, "WAS_DERIVED_FROM")}
    (generated,) = {one["time"] for one in answer["relations"] if one["kind"] == "WAS_GENERATED_BY"}
    assert generated == "2026-03-01T12:00:04.000000Z"


@pytest.mark.parametrize("end", ["ERROR", "ABORTED"])
def test_a_job_that_did_not_succeed_has_provenance_too(served: Served, end: str) -> None:
    job = served.create("copy", input=(io.BytesIO(b"RAW"), "raw.fits"))
    served.execute(job)
    served.clock.advance(3)
    if end == "ERROR":
        served.finish(job, {"stderr": b"no\n"}, exit_code=1)
    else:
        served.anonymous.post(f"{job}/phase", data={"PHASE": "ABORT"})
        served.tick(2)
    document = ProvDocument.deserialize(content=served.anonymous.get(f"{job}/prov").text, format="json")
    (activity,) = document.get_records(ProvActivity)
    facts = {name.localpart: str(value) for name, value in activity.attributes}
    assert (facts["startTime"], facts["endTime"]) == ("2026-03-01 12:00:00+00:00", "2026-03-01 12:00:03+00:00")
    assert facts["phase"] == end
    assert facts.get("errorMessage") == ("the script ended with exit code 1" if end == "ERROR" else None)
    assert len(list(document.get_records(ProvUsage))) == 1
    assert {str(one.label) for one in document.get_records(ProvAgent)} >= {"anonymous", "provstore"}


def test_software_told_by_a_script_is_associated_with_its_job(chain: Chain) -> None:
    answer = chain.lineage(id=job_id(chain.second), direction="both", depth=1)
    agents = {node["id"]: node["attributes"] for node in answer["nodes"] if "Agent" in node["class"]}
    told_agents = {
        (one["role"], agents[one["target"]]["name"], agents[one["target"]].get("version"))
        for one in answer["relations"]
        if one["kind"] == "WAS_ASSOCIATED_WITH"
    }
    assert ("Stacker", "swarp", "2.41") in told_agents
