"""Plans for replays: what a bad input or a new revision affects, in which order, with what; and what can't, and why."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import pytest

from provstore.accounts.callers import Grant, Role
from provstore.uws.descriptions.model import Description
from tests.web.replay_line import Line, bad_line, copied, entity, upload
from tests.web.served import STACKED, Served, job_id


@pytest.fixture
def line(served: Served) -> Line:
    return bad_line(served)


def test_a_plan_tells_what_would_run_again_in_which_order_and_with_what(line: Line) -> None:
    plan = line.plan()
    first, second, third = map(job_id, line.jobs)
    assert line.order(plan) == [(1, first), (2, second), (3, third)]
    assert (plan["levels"], plan["leftOut"], plan["restricted"]) == (3, [], False)
    namespace = line.served.provstore.store.namespace
    assert plan["replace"] == [{"old": line.bad, "new": namespace + line.good}]
    inputs = [one["inputs"][0] for one in plan["jobs"]]
    assert [(one["name"], one["source"]) for one in inputs] == [
        ("input", "replaced"),
        ("input", "product"),
        ("image", "product"),
    ]
    assert inputs[0]["new"] == namespace + line.good
    assert (inputs[2]["of"], inputs[2]["result"], inputs[2]["new"]) == (namespace + second, "output", None)
    assert plan["jobs"][2]["revision"] == plan["jobs"][2]["ran"] == "stack@1"
    assert [one["name"] for one in plan["jobs"][2]["outputs"]] == ["stacked", "log"]


def test_a_plan_changes_nothing(line: Line) -> None:
    before = len(list(line.served.provstore.store.scan().nodes()))
    line.plan()
    assert len(list(line.served.provstore.store.scan().nodes())) == before


def test_a_plan_is_a_table(line: Line) -> None:
    sent = {"replace": f"{line.bad}={line.good}"}
    answer: Any = line.served.admin.post("/prov/replays?format=csv", data=sent)
    assert answer.content_type == "text/csv; charset=utf-8; header=present"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(one["level"], one["service"], one["input"], one["source"]) for one in rows] == [
        ("1", "copy", "input", "replaced"),
        ("2", "copy", "input", "product"),
        ("3", "stack", "image", "product"),
    ]


def test_a_plan_is_a_graph_in_any_format(line: Line) -> None:
    sent = {"replace": f"{line.bad}={line.good}"}
    answer: Any = line.served.admin.post("/prov/replays?format=cytoscape", data=sent)
    assert answer.status_code == 200
    text = line.served.admin.post("/prov/replays?format=prov-n", data=sent).text
    again = [f"id:{job_id(job)}.again" for job in line.jobs]
    assert text.count("activity(") == 3
    assert f"used({again[0]}, id:{line.good}" in text
    assert f"used({again[1]}, id:{entity(line.jobs[0])[:33]}.again.output" in text
    assert line.served.admin.post("/prov/replays?format=svg", data=sent).text.count("<svg") == 1


def test_a_new_revision_affects_the_jobs_of_its_service_and_what_came_of_them(line: Line) -> None:
    served = line.served
    publication, admin = served.provstore.publication, served.provstore.accounts.administrator()
    described = served.provstore.catalog.newest("copy").description
    publication.accept(admin, publication.propose(admin, replace(described, version="9")).id)
    plan: Any = served.admin.post("/prov/replays", json={"revision": "copy@2"}).json
    assert [(one["service"], one["ran"], one["revision"], one["level"]) for one in plan["jobs"]] == [
        ("copy", "copy@1", "copy@2", 1),
        ("copy", "copy@1", "copy@2", 1),
        ("copy", "copy@1", "copy@2", 2),
        ("stack", "stack@1", "stack@1", 3),
    ]
    assert plan["jobs"][0]["inputs"][0]["source"] == "kept"


def test_jobs_that_run_or_failed_are_left_out_and_told(line: Line) -> None:
    served = line.served
    waiting = served.create("copy", input=line.bad)
    failed = served.create("copy", input=entity(line.jobs[0]))
    served.execute(failed)
    served.finish(failed, {}, exit_code=3)
    plan = line.plan()
    assert sorted(line.left(plan)) == sorted([(job_id(waiting), "not_over"), (job_id(failed), "failed")])
    told = {line.local(one["activity"]): one["text"] for one in plan["leftOut"]}
    assert told[job_id(waiting)] == "it is not over: its phase is PENDING"
    assert told[job_id(failed)] == "it made nothing to be replaced: it ended in ERROR"


def test_a_job_whose_other_input_is_gone_is_left_out_with_all_that_needs_it(line: Line) -> None:
    served = line.served
    flat = copied(served, b"FLAT", input=upload(b"FLAT"))
    stack = served.completed("stack", STACKED, image=entity(line.jobs[1]), flats=entity(flat), count=3)
    last = copied(served, b"x", input=entity(stack, "stacked"))
    served.anonymous.delete(flat)
    served.tick()
    plan = line.plan()
    assert line.left(plan) == [(job_id(last), "depends"), (job_id(stack), "gone")]
    assert "its input flats can't be used: its file was removed" in plan["leftOut"][1]["text"]


def test_a_withdrawn_service_runs_nothing_again(line: Line) -> None:
    served = line.served
    served.provstore.publication.withdraw(served.provstore.accounts.administrator(), "stack", message="old")
    plan = line.plan()
    assert line.left(plan) == [(job_id(line.jobs[2]), "withdrawn")]


def test_a_curator_runs_only_jobs_of_his_services(line: Line) -> None:
    served = line.served
    served.provstore.accounts.grant("curie", Grant(Role.CURATOR, "copy"))
    plan = line.plan(by=served.curie)
    assert [one["service"] for one in plan["jobs"]] == ["copy", "copy"]
    plan = line.plan(by=served.admin)
    assert len(plan["jobs"]) == 3


def test_a_visitor_plans_nothing(line: Line) -> None:
    assert "only people who have signed in" in line.plan(by=line.served.anonymous, status=401)["error"]["message"]


def test_what_a_document_tells_can_not_run_here_and_needs_a_replacement(line: Line) -> None:
    served, namespace = line.served, line.served.provstore.store.namespace
    document = f"""document
prefix id <{namespace}>
prefix ex <http://example.org/>
entity(ex:cleaned)
activity(ex:cleaning)
used(ex:cleaning, id:{entity(line.jobs[0])}, -)
wasGeneratedBy(ex:cleaned, ex:cleaning, -)
endDocument
"""
    sent = served.admin.post("/prov/documents?format=prov-n", data=document, content_type="text/plain")
    assert sent.status_code == 201, sent.text
    plan = line.plan()
    assert line.left(plan) == [("http://example.org/cleaning", "not_ours")]
    assert len(plan["jobs"]) == 3


def test_a_replacement_made_of_what_it_replaces_is_not_affected_itself(line: Line) -> None:
    served = line.served
    mended = copied(served, b"MENDED", input=line.bad)
    line.good = entity(mended)
    later = copied(served, b"MENDED", input=entity(mended))
    plan = line.plan()
    jobs = [job for _, job in line.order(plan)]
    assert job_id(mended) not in jobs
    assert job_id(later) not in jobs
    assert len(jobs) == 3


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({}, 400, "nothing changes: give OLD=NEW"),
        ({"replace": "a"}, 400, "OLD=NEW is needed"),
        ({"replace": "a=b"}, 404, "nothing is known of"),
        ({"revision": "copy"}, 400, "SERVICE@REVISION is needed"),
        ({"revision": "copy@77"}, 404, "no description 'copy@77'"),
        ({"revision": ["copy@1", "copy@2"]}, 400, "two revisions of copy are given"),
        ({"reploce": "a=b"}, 400, "'reploce' is not known here"),
        ({"replace": "a=b", "dry_run": "perhaps"}, 400, "true or false is needed"),
    ],
)
def test_what_makes_no_sense_is_refused(lasting: Served, sent: Any, status: int, words: str) -> None:
    answer: Any = lasting.admin.post("/prov/replays", json=sent)
    assert answer.status_code == status, answer.text
    assert words in answer.json["error"]["message"]


def test_what_has_no_file_any_more_replaces_nothing(line: Line) -> None:
    served = line.served
    served.anonymous.delete(f"/uws/copy/j{line.good[1:33]}")
    served.tick()
    answer: Any = served.admin.post("/prov/replays", json={"replace": f"{line.bad}={line.good}"})
    assert answer.status_code == 400
    assert "can't replace anything: its file was removed" in answer.json["error"]["message"]
    answer = served.admin.post("/prov/replays", json={"replace": f"{line.bad}={line.bad}"})
    assert "by itself" in answer.json["error"]["message"]
    answer = served.admin.post("/prov/replays", json={"replace": f"{job_id(line.jobs[0])}={line.bad}"})
    assert "is no entity" in answer.json["error"]["message"]


def test_parameters_that_a_new_revision_lacks_are_told(line: Line) -> None:
    served = line.served
    publication, admin = served.provstore.publication, served.provstore.accounts.administrator()
    described = served.provstore.catalog.newest("stack").description
    left = tuple(one for one in described.parameters if one.name != "threshold")
    shorter: Description = replace(described, parameters=left)
    publication.accept(admin, publication.propose(admin, shorter).id)
    plan = line.plan(revision="stack@2")
    assert line.left(plan) == [(job_id(line.jobs[2]), "unfit")]
    assert "unknown name 'threshold'" in plan["leftOut"][0]["text"]
