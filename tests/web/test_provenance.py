"""Provenance over HTTP: of a job in every format, and lineage over two jobs; read back by the PROV library."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

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

from tests.web.served import STACKED, Served, job_id, told

SOFTWARE: Final = {
    "prefix": {"voprov": "http://www.ivoa.net/documents/ProvenanceDM/index.html#"},
    "agent": {"stacker": {"prov:label": "swarp", "voprov:version": "2.41"}},
    "wasAssociatedWith": {"_:1": {"prov:activity": "current_job", "prov:agent": "stacker", "prov:role": "Stacker"}},
}
FORMATS: Final = {
    "prov-json": ("application/json", ".json", ["application/provenance+json", "application/json"]),
    "prov-n": ('text/provenance-notation; charset="utf-8"', ".provn", ["text/provenance-notation", "text/plain"]),
    "prov-xml": ("application/provenance+xml", ".xml", ["application/provenance+xml", "text/xml"]),
    "votable": ("application/x-votable+xml", ".vot", ["application/x-votable+xml"]),
    "svg": ("image/svg+xml", ".svg", ["image/svg+xml"]),
    "dot": ("text/vnd.graphviz", ".dot", ["text/vnd.graphviz"]),
}


@dataclass
class Chain:
    """Two jobs, the second of which stacks the copy that the first has made."""

    served: Served
    first: str
    second: str

    @property
    def description(self) -> str:
        """Local id of the description of the second job."""
        node = self.served.provstore.catalog.newest("stack").node
        return node.removeprefix(self.served.provstore.store.namespace)

    def entity(self, job: str, name: str) -> str:
        return f"e{job_id(job)[1:]}.{name}"

    def lineage(self, **query: Any) -> dict[str, Any]:
        answer = self.served.anonymous.get("/prov/lineage", query_string=query)
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        return dict(answer.json)

    def nodes(self, **query: Any) -> dict[str, dict[str, Any]]:
        """Nodes of a lineage by the local part of their id."""
        namespace = self.served.provstore.store.namespace
        return {node["id"].removeprefix(namespace): node for node in self.lineage(**query)["nodes"]}

    def document(self, place: str) -> ProvDocument:
        answer = self.served.anonymous.get(place)
        assert answer.status_code == 200, answer.text
        return ProvDocument.deserialize(content=answer.text, format="json")

    def relations(self, answer: dict[str, Any], kind: str) -> set[tuple[str, str, str | None]]:
        namespace = self.served.provstore.store.namespace
        return {
            (one["source"].removeprefix(namespace), one["target"].removeprefix(namespace), one["role"])
            for one in answer["relations"]
            if one["kind"] == kind
        }


@pytest.fixture(scope="module")
def chain(lasting: Served) -> Chain:
    served = lasting
    first = served.create("copy", input=(io.BytesIO(b"RAW"), "raw.fits", "image/fits"))
    served.execute(first)
    served.clock.advance(2)
    served.finish(first, {"results/output.dat": b"RAW"})
    entity = f"e{job_id(first)[1:]}.output"
    second = served.create("stack", count=3, threshold="7.5", image=entity, observation="33794")
    served.execute(second)
    served.clock.advance(2)
    told_by_script = {"work/internal_provenance.json": json.dumps(SOFTWARE).encode()}
    served.finish(second, {**STACKED, **told_by_script})
    return Chain(served, first, second)


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


def ids(document: ProvDocument, kind: type) -> set[str]:
    return {str(one.identifier.localpart) for one in document.get_records(kind) if one.identifier}


def pairs(document: ProvDocument, kind: type) -> set[tuple[str, str]]:
    """Both ends of each relation of a kind; one without the second (its activity is not here) is left out."""
    return {
        (str(one.args[0].localpart), str(one.args[1].localpart)) for one in document.get_records(kind) if one.args[1]
    }


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
    parameters = {f"{job}.{name}" for name in ("threshold", "mode", "count", "config.file")}
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
        (job, f"{job}.{name}", None) for name in ("threshold", "mode", "count", "config.file")
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
