"""What a script tells of its run, over HTTP: in lineage and exports, shared with the job, and never in its way."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from astropy.io.votable import parse
from flask.testing import FlaskClient
from lxml import etree
from prov.constants import PROV_N_MAP
from prov.model import ProvDocument

from provstore.graph.model import Kind, Label, Node, Relation
from provstore.graph.store import Create
from tests.web.served import Served, job_id
from tests.web.told_by_script import HOSTILE, RICH, files_told

Lineage = Mapping[str, Any]


def run(served: Served, document: object, *, by: FlaskClient | None = None, image: str = "") -> str:
    """Run the service ``stack``; its script writes the document."""
    given = image or (io.BytesIO(b"RAW"), "raw.fits", "image/fits")
    job = served.create("stack", by=by, count=3, image=given, observation="33794")
    served.execute(job, by=by)
    served.clock.advance(5)
    served.finish(job, files_told(document))
    assert served.phase(job) == "COMPLETED"
    return job


def remarks(served: Served, job: str) -> list[str]:
    found = served.json(job)["jobInfo"]["remarks"] or ""
    return [line.removeprefix("internal_provenance.json: ") for line in found.splitlines()]


def lineage(served: Served, local: str, *, by: FlaskClient | None = None, **query: Any) -> Lineage:
    answer = (by or served.admin).get("/prov/lineage", query_string={"id": local, **query})
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    return dict(answer.json)


def locals_of(served: Served, answer: Lineage) -> set[str]:
    namespace = served.provstore.store.namespace
    return {node["id"].removeprefix(namespace) for node in answer["nodes"]}


def edges(served: Served, answer: Lineage, kind: str) -> set[tuple[str, str]]:
    namespace = served.provstore.store.namespace
    return {
        (one["source"].removeprefix(namespace), one["target"].removeprefix(namespace))
        for one in answer["relations"]
        if one["kind"] == kind
    }


def test_a_rich_document_is_taken_as_a_whole_and_leaves_the_uws_job_as_it_was(served: Served) -> None:
    plain, told = served.json(run(served, {})), served.json(job := run(served, RICH))
    assert remarks(served, job) == []
    assert told["jobInfo"]["history"][-1]["cause"] == "executor local"
    assert set(told["parameters"]) == set(plain["parameters"])
    assert [one["id"] for one in told["results"]] == [one["id"] for one in plain["results"]] == ["stacked", "log"]


def test_lineage_from_a_result_goes_through_the_steps_to_the_job_and_its_inputs(served: Served) -> None:
    job = run(served, RICH)
    name = job_id(job)[1:]
    up = lineage(served, f"e{name}.stacked")
    steps = {f"j{name}.-align", f"j{name}.-coadd"}
    (image,) = {target for source, target in edges(served, up, "USED") if source == f"j{name}.-align"}
    assert {f"j{name}", *steps, f"e{name}.-aligned", image} <= locals_of(served, up)
    assert {(f"j{name}.-align", f"j{name}"), (f"j{name}.-coadd", f"j{name}.-align")} <= edges(
        served, up, "WAS_INFORMED_BY"
    )
    assert f"j{name}" in locals_of(served, lineage(served, f"e{name}.-aligned"))
    assert f"e{name}.stacked" in locals_of(served, lineage(served, image, direction="down"))


def test_what_the_script_says_of_a_derivation_stands_instead_of_ours(served: Served) -> None:
    name = job_id(run(served, RICH))[1:]
    derived = edges(served, lineage(served, f"e{name}.stacked"), "WAS_DERIVED_FROM")
    assert {target for source, target in derived if source == f"e{name}.stacked"} == {f"e{name}.-aligned"}
    plain = job_id(run(served, {}))[1:]
    assert len(edges(served, lineage(served, f"e{plain}.stacked"), "WAS_DERIVED_FROM")) == 2


@pytest.mark.parametrize(("form", "name"), [("prov-json", "json"), ("prov-n", "provn"), ("prov-xml", "xml")])
def test_the_w3c_formats_of_such_a_job_are_read_back_and_say_everything(served: Served, form: str, name: str) -> None:
    job = run(served, RICH)
    answer = served.admin.get(f"{job}/prov?format={form}&depth=all")
    assert answer.status_code == 200
    document = ProvDocument.deserialize(content=answer.text, format=name)
    assert isinstance(document, ProvDocument)
    assert {PROV_N_MAP[one.get_type()] for one in document.records} == set(RICH) - {"prefix"}
    in_json = served.admin.get(f"{job}/prov?format=prov-json&depth=all").text
    if name != "xml":  # which can't hold control characters
        assert document == ProvDocument.deserialize(content=in_json, format="json")
        labels = {str(label) for one in document.records for label in one.get_attribute("prov:label")}
        assert set(HOSTILE) <= labels


@pytest.mark.parametrize("form", ["votable", "svg"])
def test_the_other_formats_of_such_a_job_are_well_formed(served: Served, form: str) -> None:
    answer = served.admin.get(f"{run(served, RICH)}/prov?format={form}&depth=all")
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    etree.fromstring(answer.data)
    if form == "votable":
        names = {str(one) for one in parse(io.BytesIO(answer.data)).get_table_by_id("entity").array["name"]}
        assert {HOSTILE[0], HOSTILE[3], "aligned frame"} <= names


def test_whoever_sees_a_job_sees_what_its_script_told_and_nobody_else_does(served: Served) -> None:
    job = run(served, RICH, by=served.curie)
    entity = f"e{job_id(job)[1:]}.-aligned"
    address = f"/prov/lineage?id={entity}"
    assert (served.curie.get(address).status_code, served.anonymous.get(address).status_code) == (200, 404)
    assert served.curie.post(f"{job}/sharing", data={"READER": "public"}).status_code < 400
    answer = lineage(served, entity, by=served.anonymous)
    assert locals_of(served, answer) >= {
        f"{prefix}{job_id(job)[1:]}.-{word}" for prefix, word in (("j", "align"), ("e", "catalogue"), ("a", "ada"))
    }
    assert answer["restricted"] is False


def test_a_script_touches_no_job_of_another_and_does_not_learn_that_there_is_one(served: Served) -> None:
    hers = run(served, {}, by=served.curie)
    before = served.json(hers)
    entity = f"e{job_id(hers)[1:]}.stacked"
    document = {
        "activity": {f"id:{job_id(hers)}": {"ex:x": 1}},
        "entity": {f"id:{entity}": {}, "mine": {}, "id:e-none": {}},
        "used": {"_:1": {"prov:activity": f"id:{job_id(hers)}", "prov:entity": "mine"}},
        "wasGeneratedBy": {"_:2": {"prov:entity": "mine", "prov:activity": f"id:{job_id(hers)}"}},
        "wasDerivedFrom": {"_:3": {"prov:generatedEntity": "mine", "prov:usedEntity": f"id:{entity}"}},
    }
    job = run(served, document)
    told = remarks(served, job)
    unseen = "there is nothing of this id that the job's owner may see"
    assert f"entity.id:{entity}: {unseen}" in told
    assert f"entity.id:e-none: {unseen}" in told
    assert len([one for one in told if unseen in one]) == 6
    assert served.json(hers) == before
    assert edges(served, lineage(served, job_id(hers), direction="both", depth=1), "USED") == edges(
        served, lineage(served, job_id(hers), depth=1), "USED"
    )
    assert f"e{job_id(job)[1:]}.-mine" not in locals_of(served, lineage(served, job_id(hers), direction="both"))


def test_what_is_open_to_the_owner_may_be_related_to_but_not_spoken_of(served: Served) -> None:
    first = run(served, {})
    entity = f"id:e{job_id(first)[1:]}.stacked"
    document = {
        "prefix": {"ex": "http://example.org/ns#"},
        "entity": {entity: {"ex:snr": 1}},
        "wasDerivedFrom": {
            "_:1": {"prov:generatedEntity": "stacked", "prov:usedEntity": entity},
            "_:2": {"prov:generatedEntity": entity, "prov:usedEntity": "stacked"},
        },
    }
    job = run(served, document)
    assert [one.partition(": ")[0] for one in remarks(served, job)] == [f"entity.{entity}", "wasDerivedFrom._:2"]
    assert (f"e{job_id(job)[1:]}.stacked", entity[3:]) in edges(
        served, lineage(served, f"e{job_id(job)[1:]}.stacked"), "WAS_DERIVED_FROM"
    )
    assert served.json(first)["jobInfo"]["remarks"] is None


def test_a_batch_that_the_store_refuses_is_written_without_the_scripts_words(served: Served) -> None:
    job = served.create("stack", count=3, image=(io.BytesIO(b"RAW"), "raw.fits"), observation="1")
    served.execute(job)
    used = {"_:1": {"prov:activity": "current_job", "prov:entity": "ex:x"}}
    document = {"entity": {"ex:x": {}}, "used": used, "agent": {}}
    node = served.node("e-planted")
    planted = Relation(f"{job_id(job)}.-00001", Kind.ALTERNATE_OF, node, node)
    served.provstore.store.write([Create(Node(node, frozenset({Label.ENTITY}))), Create(planted)])
    served.finish(job, files_told(document))
    assert served.phase(job) == "COMPLETED"
    assert [one["id"] for one in served.json(job)["results"]] == ["stacked", "log"]
    assert remarks(served, job)[-1].startswith("nothing of it was taken: USED: its source ")
    assert served.provstore.store.get([served.node(f"e{job_id(job)[1:]}.-x")]) == ()
    assert "remarks on internal_provenance.json" in served.json(job)["jobInfo"]["history"][-1]["cause"]


@pytest.mark.parametrize("exit_code", [1, 143])
def test_a_job_that_failed_has_the_words_of_its_script_too(served: Served, exit_code: int) -> None:
    job = served.create("stack", count=3, image=(io.BytesIO(b"RAW"), "raw.fits"), observation="1")
    served.execute(job)
    said: Lineage = {"activity": {"ex:align": {}}}
    told = {name: one for name, one in files_told(said).items() if name.startswith("work")}
    served.finish(job, told, exit_code=exit_code)
    assert served.phase(job) == "ERROR"
    assert f"{job_id(job)}.-align" in locals_of(served, lineage(served, job_id(job), direction="both", depth=1))


def test_an_aborted_job_has_the_words_of_its_script_too(served: Served) -> None:
    job = served.create("stack", count=3, image=(io.BytesIO(b"RAW"), "raw.fits"), observation="1")
    served.execute(job)
    for name, content in files_told({"activity": {"align": {}}, "nonsense": {}}).items():
        if name.startswith("work"):
            (served.directory(job) / name).write_bytes(content)
    served.anonymous.post(f"{job}/phase", data={"PHASE": "ABORT"})
    served.tick(2)
    assert served.phase(job) == "ABORTED"
    assert remarks(served, job) == ["nonsense: this section is not read"]
    assert f"{job_id(job)}.-align" in locals_of(served, lineage(served, job_id(job), direction="both", depth=1))


def test_a_step_inside_a_job_is_not_taken_for_the_maker_of_its_result(served: Served) -> None:
    job = run(served, RICH)
    answer = served.admin.get(f"/datalink?ID=e{job_id(job)[1:]}.stacked")
    assert answer.status_code == 200
    assert ".-coadd" not in answer.text


def test_the_example_of_the_documentation_is_taken_as_it_stands(served: Served) -> None:
    page = (Path(__file__).parents[2] / "docs" / "internal-provenance.md").read_text("utf-8")
    example = json.loads(page.partition("```json\n")[2].partition("```")[0])
    job = run(served, example)
    assert remarks(served, job) == []
    up = locals_of(served, lineage(served, f"e{job_id(job)[1:]}.stacked"))
    assert {f"e{job_id(job)[1:]}.-aligned", f"{job_id(job)}.-align"} <= up
