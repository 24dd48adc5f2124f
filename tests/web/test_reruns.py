"""A job once more: with the same revision, parameters and inputs, but for what is refined."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest

from provstore.graph.model import Kind
from provstore.graph.rules import Step
from provstore.graph.store import Walk
from provstore.uws.descriptions.model import ParameterDefinition
from tests.web.served import STACKED, Served, job_id


def upload(content: bytes) -> tuple[io.BytesIO, str, str]:
    return io.BytesIO(content), "raw.fits", "image/fits"


def stacked(served: Served, **values: Any) -> str:
    given: dict[str, Any] = {"image": upload(b"RAW"), "observation": "33794", "count": 3, "threshold": "7.5"}
    return served.completed("stack", STACKED, **given, RUNID="night", **values)


def again(served: Served, job: str, status: int = 303, **values: Any) -> str:
    service = job.split("/")[2]
    answer = served.anonymous.post(f"/uws/{service}?from={job_id(job)}", data=values)
    assert answer.status_code == status, answer.text
    return answer.location.removeprefix(served.base) if status == 303 else answer.text


def facts(served: Served, job: str) -> tuple[dict[str, tuple[str, bool]], dict[str, list[str]]]:
    found = served.provstore.records.read(job_id(job))
    values = {one.name: (one.value, one.given) for one in found.parameters if one.entity is None}
    inputs: dict[str, list[str]] = {}
    for one in found.inputs:
        if not one.configures:
            inputs.setdefault(one.name, []).append(str(one.entity))
    return values, inputs


def test_a_job_runs_again_with_the_same_parameters_and_inputs(served: Served) -> None:
    first = stacked(served)
    second = again(served, first)
    assert second != first
    assert facts(served, second) == facts(served, first)
    found = served.provstore.records.read(job_id(second))
    assert (found.run_id, found.phase.value, found.revision) == ("night", "PENDING", "stack@1")


def test_refined_values_win_in_any_spelling_and_so_do_controls(served: Served) -> None:
    first = stacked(served)
    second = again(served, first, THRESHOLD="8", runid="other", PHASE="RUN")
    values, inputs = facts(served, second)
    assert values == {**facts(served, first)[0], "threshold": ("8", True)}
    assert inputs == facts(served, first)[1]
    found = served.provstore.records.read(job_id(second))
    assert (found.run_id, found.phase.value) == ("other", "QUEUED")


def test_a_refined_input_replaces_all_of_its_items(served: Served) -> None:
    first = stacked(served, flats=[upload(b"F1"), upload(b"F2")])
    assert len(facts(served, first)[1]["flats"]) == 2
    kept = facts(served, again(served, first))[1]
    assert kept == facts(served, first)[1]
    refined = facts(served, again(served, first, flats=upload(b"F3")))[1]
    assert len(refined["flats"]) == 1
    assert refined["flats"][0] not in kept["flats"]
    assert refined["image"] == kept["image"]


def test_a_configuration_file_that_was_given_is_given_again(served: Served) -> None:
    first = stacked(served, config=(io.BytesIO(b"sigma = 9\n"), "own.cfg"))
    second = again(served, first)
    assert served.anonymous.get(f"{second}/parameters/config").data == b"sigma = 9\n"
    plain = again(served, stacked(served))
    assert served.anonymous.get(f"{plain}/parameters/config").data == b"sigma = 3\n"


def test_the_new_job_was_informed_by_the_old_one(served: Served) -> None:
    first = stacked(served)
    second = again(served, first)
    starts = (served.node(job_id(second)),)
    walked = served.provstore.store.walk(Walk(starts=starts, steps=(Step(Kind.WAS_INFORMED_BY),)))
    assert served.node(job_id(first)) in {one.node.id for one in walked.reached}


def test_the_revision_that_ran_runs_again_though_there_be_a_newer_one(served: Served) -> None:
    first = stacked(served)
    publication, admin = served.provstore.publication, served.provstore.accounts.administrator()
    described = served.provstore.catalog.newest("stack").description
    more = (*described.parameters, ParameterDefinition(name="needed"))
    publication.accept(admin, publication.propose(admin, replace(described, parameters=more)).id)
    assert served.provstore.records.read(job_id(again(served, first))).revision == "stack@1"


def test_inputs_that_are_gone_are_told_and_nothing_is_made(served: Served) -> None:
    copy = served.completed("copy", {"results/output.dat": b"x"}, input=upload(b"x"))
    first = served.completed("stack", STACKED, image=f"e{job_id(copy)[1:]}.output", count=1)
    served.anonymous.delete(copy)
    served.tick()
    words = again(served, first, status=409)
    assert "image (output: its file was removed)" in words
    assert "give them anew" in words
    assert len(served.json("/uws/stack")["items"]) == 1
    again(served, first, image=upload(b"y"))
    reruns = served.provstore.service.reruns
    told = reruns.inputs(served.provstore.accounts.administrator(), "stack", job_id(first))
    assert [(one.name, one.reason) for one in told] == [("image", "its file was removed"), ("config", "")]


def test_a_request_with_a_key_runs_a_job_again_once(served: Served) -> None:
    first = stacked(served)
    headers = {"Idempotency-Key": "k"}
    places = {served.anonymous.post(f"/uws/stack?from={job_id(first)}", headers=headers).location for _ in range(2)}
    assert len(places) == 1
    other = served.anonymous.post("/uws/stack?from=j" + "0" * 32, headers=headers)
    assert other.status_code == 404


@pytest.mark.parametrize(("number", "words"), [("j" + "0" * 32, "no job"), ("x", "no job")])
def test_a_job_that_is_not_there_does_not_run_again(lasting: Served, number: str, words: str) -> None:
    answer = lasting.anonymous.post(f"/uws/sleep?from={number}")
    assert (answer.status_code, words in answer.text) == (404, True)


def test_a_job_of_another_service_or_person_does_not_run_again(served: Served) -> None:
    own = served.create("sleep", by=served.curie)
    assert served.anonymous.post(f"/uws/sleep?from={job_id(own)}").status_code == 403
    assert served.admin.post(f"/uws/copy?from={job_id(own)}").status_code == 404


def test_a_wrong_refined_value_is_refused_by_name(served: Served) -> None:
    first = stacked(served)
    assert "parameter threshold" in again(served, first, status=400, threshold="hot")


def test_a_service_that_takes_a_value_called_from_gets_it(served: Served) -> None:
    publication, admin = served.provstore.publication, served.provstore.accounts.administrator()
    described = served.provstore.catalog.newest("sleep").description
    more = (*described.parameters, ParameterDefinition(name="from", default="a"))
    publication.accept(admin, publication.propose(admin, replace(described, parameters=more)).id)
    job = served.create("sleep", by=None, **{"from": "b"})
    assert facts(served, job)[0]["from"] == ("b", True)


def test_json_names_the_job_to_run_again_too(served: Served) -> None:
    first = stacked(served)
    sent = {"parameters": {"from": job_id(first), "threshold": 9}}
    answer = served.anonymous.post("/uws/stack", json=sent)
    assert answer.status_code == 303
    assert facts(served, answer.location.removeprefix(served.base))[0]["threshold"] == ("9", True)
