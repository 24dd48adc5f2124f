"""Replays: jobs that are affected run again in order, in part or whole; products are compared, and accepted."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from provstore.accounts.callers import EVERY_SERVICE, Grant, Role
from provstore.graph.model import Kind, Label
from provstore.graph.rules import Step
from provstore.graph.store import Walk
from tests.web.replay_line import COPIED, Line, bad_line, copied, entity
from tests.web.served import STACKED, Served, job_id
from tests.web.test_openapi import check


@pytest.fixture
def line(served: Served) -> Line:
    return bad_line(served)


def run_all(line: Line, replay: str) -> None:
    line.finish(replay, 0, {COPIED: b"GOOD"})
    line.finish(replay, 1, {COPIED: b"BAD"})
    line.finish(replay, 2, STACKED)
    line.served.tick()


def test_a_replay_runs_each_job_when_its_inputs_are_there_and_compares(line: Line) -> None:
    replay = line.kept()
    assert line.status(replay)["state"] == "planned"
    line.served.tick(3)
    assert [one["phase"] for one in line.status(replay)["jobs"]] == [None, None, None]
    assert line.post(replay, "run")["state"] == "running"
    line.finish(replay, 0, {COPIED: b"GOOD"})
    assert [one["phase"] for one in line.status(replay)["jobs"]][2] is None
    line.finish(replay, 1, {COPIED: b"BAD"})
    line.finish(replay, 2, STACKED)
    line.served.tick()
    told = line.status(replay)
    assert told["state"] == "over"
    verdicts = [[one["verdict"] for one in job["products"]] for job in told["jobs"]]
    assert verdicts == [["differs"], ["equal"], ["equal", "equal"]]


def test_jobs_of_a_replay_are_like_those_that_ran_and_belong_to_who_runs_it(line: Line) -> None:
    replay = line.kept()
    line.post(replay, "run")
    run_all(line, replay)
    records = line.served.provstore.records
    told = line.status(replay)["jobs"]
    new = [records.read(one["again"]) for one in told]
    assert [one.run_id for one in new] == ["night", "", ""]
    assert {one.owner for one in new} == {line.served.provstore.accounts.agent_of("admin")}
    values = {one.name: (one.value, one.given) for one in new[2].parameters if one.entity is None}
    assert (values["threshold"], values["count"], values["mode"]) == (("7.5", True), ("3", True), ("mean", False))
    assert line.local(str(new[0].inputs[0].entity)) == line.good
    assert line.local(str(new[1].inputs[0].entity)) == entity(told[0]["again"])
    assert [one.name for one in new[2].inputs if one.configures] == ["config"]


def test_the_jobs_of_a_replay_were_informed_by_it(line: Line) -> None:
    replay = line.kept()
    line.post(replay, "run")
    line.served.tick()
    store = line.served.provstore.store
    starts = (line.served.node(line.status(replay)["jobs"][0]["again"]),)
    walked = store.walk(Walk(starts=starts, steps=(Step(Kind.WAS_INFORMED_BY),)))
    assert {line.local(one.node.id) for one in walked.reached} == {line.local(starts[0]), replay}
    jobs = line.served.json(f"/uws/copy?SWEEP={replay}")["items"]
    assert [one["jobId"] for one in jobs] == [line.status(replay)["jobs"][0]["again"]]


def test_a_part_of_a_replay_leaves_out_what_needs_the_rest(line: Line) -> None:
    replay = line.kept()
    first, second, third = map(job_id, line.jobs)
    told = line.post(replay, "run", jobs=[first, third])
    assert [line.local(one["job"]) for one in told["jobs"]] == [first]
    assert sorted(line.left(told)) == sorted([(second, "not_chosen"), (third, "depends")])


def test_only_jobs_of_the_plan_can_be_chosen(line: Line) -> None:
    replay = line.kept()
    third = job_id(line.jobs[2])
    assert line.post(replay, "run", jobs=["j0"])[0] == 404
    assert line.post(replay, "run", jobs=[third])[0] == 400
    assert line.post(replay, "run", jobs="")[0] == 400
    assert line.status(replay)["state"] == "planned"


def test_a_job_that_fails_keeps_those_behind_it_from_being_made(line: Line) -> None:
    replay = line.kept()
    line.post(replay, "run")
    line.served.tick(2)
    first = line.status(replay)["jobs"][0]
    line.served.finish(f"/uws/copy/{first['again']}", {}, exit_code=1)
    line.served.tick()
    told = line.status(replay)
    assert told["state"] == "over"
    assert [one["standing"] for one in told["jobs"]] == ["made", "dropped", "dropped"]
    assert told["jobs"][1]["text"].endswith("which ended in ERROR")
    assert told["jobs"][2]["text"].endswith("which was not made")


def test_a_replay_that_is_stopped_makes_no_more_jobs_and_ends_with_those_that_run(line: Line) -> None:
    replay = line.kept()
    line.post(replay, "run")
    line.served.tick(2)
    told = line.post(replay, "stop")
    assert told["state"] == "running"
    assert told["stopped"] is not None
    assert [(one["standing"], one["text"]) for one in told["jobs"]] == [
        ("made", None),
        ("dropped", "the replay was stopped"),
        ("dropped", "the replay was stopped"),
    ]
    assert line.post(replay, "stop")["stopped"] == told["stopped"]
    line.finish(replay, 0, {COPIED: b"GOOD"})
    line.served.tick(3)
    told = line.status(replay)
    assert (told["state"], [one["phase"] for one in told["jobs"]]) == ("over", ["COMPLETED", None, None])
    assert line.post(replay, "accept")["state"] == "accepted"
    assert line.order(line.plan()) == [(1, job_id(line.jobs[1])), (2, job_id(line.jobs[2]))]


def test_what_runs_of_a_replay_is_aborted_with_it_if_asked(line: Line) -> None:
    replay = line.kept()
    line.post(replay, "run")
    line.served.tick(2)
    assert line.post(replay, "stop", abort="perhaps")[0] == 400
    line.post(replay, "stop")
    line.post(replay, "stop", abort=True)
    line.served.tick(3)
    told = line.status(replay)
    assert (told["state"], [one["phase"] for one in told["jobs"]]) == ("over", ["ABORTED", None, None])
    job = line.served.provstore.records.read(told["jobs"][0]["again"])
    assert job.history[-1].cause == f"replay {replay} was stopped"


def test_only_a_replay_that_runs_is_stopped_and_by_its_owner(line: Line) -> None:
    replay = line.kept()
    assert line.post(replay, "stop") == (
        409,
        f"replay {replay} is planned: only one that is running can be stopped",
    )
    line.post(replay, "run")
    line.served.provstore.accounts.grant("curie", Grant(Role.CURATOR, EVERY_SERVICE))
    assert line.post(replay, "stop", by=line.served.curie)[0] == 403
    run_all(line, replay)
    assert line.post(replay, "stop")[0] == 409


def test_a_result_that_is_not_made_this_time_is_told(line: Line) -> None:
    served = line.served
    stack = served.completed("stack", STACKED, image=entity(line.jobs[1]), count=3)
    copied(served, b"log", input=entity(stack, "log"))
    line.bad = str(served.node(entity(line.jobs[1])))
    replay = line.kept()
    line.post(replay, "run")
    served.tick(2)
    for one in line.status(replay)["jobs"]:
        if one["phase"] == "EXECUTING":
            served.finish(f"/uws/stack/{one['again']}", {"results/stacked.fits": b"S"})
    served.tick(2)
    told = line.status(replay)
    assert told["state"] == "over"
    assert told["jobs"][-1]["standing"] == "dropped"
    assert "made no result 'log' this time" in told["jobs"][-1]["text"]
    assert [one["verdict"] for one in told["jobs"][0]["products"]] == ["differs", "missing"]


def test_a_replay_runs_once(line: Line) -> None:
    replay = line.kept()
    line.post(replay, "run")
    assert line.post(replay, "run") == (409, f"replay {replay} is running: only one that is planned can be run")


def test_looking_twice_makes_no_job_twice(line: Line) -> None:
    replay = line.kept()
    line.post(replay, "run")
    for _ in range(3):
        line.served.provstore.service.replays.look()
    assert len(line.served.json(f"/uws/copy?SWEEP={replay}")["items"]) == 1


def test_who_lost_his_role_meanwhile_runs_nothing_any_more(line: Line) -> None:
    served = line.served
    grant = Grant(Role.CURATOR, "copy")
    served.provstore.accounts.grant("curie", grant)
    sent = {"replace": f"{line.bad}={line.good}", "dry_run": False}
    kept: Any = served.curie.post("/prov/replays", json=sent)
    replay = kept.json["replay"]
    line.post(replay, "run", by=served.curie)
    served.provstore.accounts.ungrant("curie", grant)
    served.tick()
    told = line.status(replay)
    assert [one["standing"] for one in told["jobs"]] == ["dropped", "dropped"]
    assert "has no role curator:copy any more" in told["jobs"][0]["text"]


def test_a_replay_waits_while_the_server_drains(line: Line) -> None:
    replay = line.kept()
    line.post(replay, "run")
    line.served.provstore.draining.begin("upgrade")
    line.served.tick()
    assert line.status(replay)["jobs"][0]["standing"] == "planned"
    line.served.provstore.draining.end()
    line.served.tick()
    assert line.status(replay)["jobs"][0]["standing"] == "made"


def test_a_plan_without_jobs_is_not_kept(line: Line) -> None:
    sent = {"revision": "copy@1", "dry_run": False}
    answer: Any = line.served.admin.post("/prov/replays", json=sent)
    assert answer.status_code == 400
    assert answer.json["error"]["message"] == "nothing can run again"


# --- accepting


def revisions(line: Line) -> set[tuple[str, str]]:
    store = line.served.provstore.store
    return {
        (line.local(edge.source), line.local(edge.target))
        for edge in store.scan().relations()
        if edge.kind is Kind.WAS_DERIVED_FROM and any(one.lexical.endswith("#Revision") for one in edge.attributes)
    }


def test_accepted_products_are_revisions_of_the_old_ones(line: Line) -> None:
    replay = line.kept()
    assert line.post(replay, "accept")[0] == 409
    line.post(replay, "run")
    assert line.post(replay, "accept")[0] == 409
    run_all(line, replay)
    before = revisions(line)
    told = line.post(replay, "accept")
    assert (told["state"], told["accepted"]) == ("accepted", "2026-03-01T12:00:11.000000Z")
    made = revisions(line) - before
    names = ["output", "output", "stacked", "log"]
    jobs = [0, 1, 2, 2]
    assert made == {
        (entity(told["jobs"][number]["again"], name), entity(line.jobs[number], name))
        for number, name in zip(jobs, names, strict=True)
    }
    assert line.post(replay, "accept")["state"] == "accepted"
    assert revisions(line) - before == made


def test_what_was_accepted_is_not_planned_again(line: Line) -> None:
    replay = line.kept()
    line.post(replay, "run")
    run_all(line, replay)
    line.post(replay, "accept")
    plan = line.plan()
    assert plan["jobs"] == []
    assert {reason for _, reason in line.left(plan)} == {"superseded"}


def test_the_rest_of_a_part_goes_on_with_what_was_accepted(line: Line) -> None:
    replay = line.kept()
    line.post(replay, "run", jobs=[job_id(line.jobs[0])])
    line.finish(replay, 0, {COPIED: b"GOOD"})
    line.served.tick()
    line.post(replay, "accept")
    plan = line.plan()
    assert [one["inputs"][0]["source"] for one in plan["jobs"]] == ["revised", "product"]
    newer = entity(line.status(replay)["jobs"][0]["again"])
    assert line.local(plan["jobs"][0]["inputs"][0]["new"]) == newer


# --- looking


def test_answers_are_as_they_are_described(line: Line) -> None:
    check("ReplayPlan", line.plan())
    replay = line.kept()
    check("Replay", line.status(replay))
    line.post(replay, "run")
    line.finish(replay, 0, {COPIED: b"GOOD"})
    check("Replay", line.status(replay))
    check("ReplayList", line.served.json("/prov/replays"))


def test_what_goes_wrong_beside_the_jobs_stops_none(served: Served) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    served.provstore.supervisor.look_after(fail)
    assert served.phase(served.completed()) == "COMPLETED"


def test_replays_are_listed_the_newest_first_to_who_may_see_them(line: Line) -> None:
    first = line.kept()
    line.served.clock.advance(5)
    second = line.kept()
    page = line.served.json("/prov/replays?limit=1")
    assert [one["replay"] for one in page["items"]] == [second]
    rest = line.served.json(f"/prov/replays?after={page['next']}")
    assert [(one["replay"], one["state"], one["total"]) for one in rest["items"]] == [(first, "planned", 3)]
    assert line.served.json("/prov/replays", by=line.served.curie)["items"] == []


def test_a_replay_is_a_table_and_a_graph_of_what_is_there_already(line: Line) -> None:
    replay = line.kept()
    line.post(replay, "run")
    line.finish(replay, 0, {COPIED: b"GOOD"})
    rows = list(csv.DictReader(io.StringIO(line.served.admin.get(f"/prov/replays/{replay}?format=csv").text)))
    assert next((one["standing"], one["phase"], one["products"]) for one in rows) == (
        "made",
        "COMPLETED",
        "output differs",
    )
    text = line.served.admin.get(f"/prov/replays/{replay}?format=prov-n").text
    again = [one["again"] for one in line.status(replay)["jobs"]]
    assert f"used(id:{again[1]}, id:{entity(again[0])}" in text


def test_the_plan_of_a_replay_never_leaves_the_server_as_provenance(line: Line) -> None:
    replay = line.kept()
    answer: Any = line.served.admin.get(f"/prov/lineage?id={replay}")
    (node,) = [one for one in answer.json["nodes"] if one["id"].endswith(replay)]
    assert node["class"] == [Label.ACTIVITY]
    assert set(node["attributes"]) == {"name", "created_at", "started_at", "job_count"}
