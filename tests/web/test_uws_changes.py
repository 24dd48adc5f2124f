"""Changing jobs: phases, limits, parameters, deletion."""

from __future__ import annotations

import io
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from provstore.uws.phases import CLIENT_MOVES, Phase
from tests.web.documents import parsed
from tests.web.served import Served, job_id, told

TARGETS = {"RUN": Phase.QUEUED, "ABORT": Phase.ABORTED}


@pytest.mark.parametrize("word", TARGETS)
def test_a_request_moves_a_job_exactly_where_the_table_allows_it(served: Served, word: str) -> None:
    for phase in Phase:
        job = served.create()
        served.force(job, phase)
        answer = served.anonymous.post(f"{job}/phase", data={"PHASE": word})
        allowed = TARGETS[word] in CLIENT_MOVES[phase]
        assert (phase, answer.status_code, served.phase(job)) == (
            phase,
            303 if allowed else 403,
            TARGETS[word] if allowed else phase,
        )
        if not allowed:
            assert answer.text.startswith(f"phase {phase}: ")
            assert job_id(job) in answer.text


@pytest.mark.parametrize(("phase", "word"), list(product(("PENDING", "EXECUTING"), ("", "run", "STOP", "RUN ABORT"))))
def test_an_unknown_word_moves_nothing(served: Served, phase: str, word: str) -> None:
    job = served.create()
    served.force(job, Phase(phase))
    answer = served.anonymous.post(f"{job}/phase", data={"PHASE": word})
    assert told(answer) == (400, f"PHASE={word!r}: RUN or ABORT is needed")
    assert served.phase(job) == phase


def test_the_phase_may_be_sent_in_the_address_and_leads_back_to_the_job(served: Served) -> None:
    job = served.create()
    answer = served.anonymous.post(f"{job}/phase?phase=RUN")
    assert (answer.status_code, answer.location) == (303, f"http://localhost{job}")


def test_aborting_ends_the_run_and_keeps_what_was_made(served: Served) -> None:
    job = served.create()
    served.execute(job)
    (served.directory(job) / "results" / "result.txt").write_bytes(b"half")
    served.clock.advance(5)
    assert served.anonymous.post(f"{job}/phase", data={"PHASE": "ABORT"}).status_code == 303
    served.tick(2)
    assert served.executor.aborted == [served.directory(job)]
    assert served.anonymous.get(f"{job}/results/result").data == b"half"
    seen = served.json(job)
    assert (seen["phase"], seen["endTime"], seen["errorSummary"]) == ("ABORTED", "2026-03-01T12:00:05.000Z", None)


@pytest.mark.parametrize("values", [{}, {"PHASE": "RUN"}])
def test_aborting_before_the_run_sets_the_end_and_nothing_is_started(served: Served, values: dict[str, Any]) -> None:
    job = served.create(**values)
    served.clock.advance(5)
    served.anonymous.post(f"{job}/phase", data={"PHASE": "ABORT"})
    served.tick(3)
    seen = served.json(job)
    assert (seen["phase"], seen["startTime"], seen["endTime"]) == ("ABORTED", None, "2026-03-01T12:00:05.000Z")
    assert served.executor.started == []


@pytest.mark.parametrize("way", ["delete", "action", "ACTION in the address"])
@pytest.mark.parametrize("state", ["PENDING", "QUEUED", "EXECUTING", "COMPLETED", "ERROR"])
def test_a_deleted_job_leaves_the_tree_and_stays_in_the_graph(served: Served, way: str, state: str) -> None:
    values: dict[str, Any] = {"PHASE": "RUN"} if state != "PENDING" else {}
    job = served.create(**values)
    if state not in {"PENDING", "QUEUED"}:
        served.tick(2)
    if state in {"COMPLETED", "ERROR"}:
        served.finish(job, exit_code=0 if state == "COMPLETED" else 1)
    assert served.phase(job) == state
    ways = {
        "delete": lambda: served.anonymous.delete(job),
        "action": lambda: served.anonymous.post(job, data={"action": "delete"}),
        "ACTION in the address": lambda: served.anonymous.post(f"{job}?ACTION=DELETE"),
    }
    answer = ways[way]()
    assert (answer.status_code, answer.location) == (303, "http://localhost/uws/sleep?LAST=100")
    served.tick(3)
    for resource in ("", "/phase", "/results", "/results/result", "/parameters/text", "/prov", "/stdout", "/error"):
        assert served.anonymous.get(job + resource).status_code == 404
    assert served.anonymous.delete(job).status_code == 404
    assert job_id(job) not in served.anonymous.get("/uws/sleep").text
    assert not served.provstore.files.job(job_id(job)).exists()
    lineage = served.anonymous.get(f"/prov/lineage?id={job_id(job)}")
    assert lineage.status_code == 200
    assert lineage.json is not None
    activity = next(node for node in lineage.json["nodes"] if node["id"] == served.node(job_id(job)))
    assert activity["attributes"]["phase"] == (state if state in {"COMPLETED", "ERROR"} else "ABORTED")


def test_the_results_of_a_deleted_job_are_invalidated_and_still_have_ancestors(served: Served) -> None:
    job = served.completed()
    entity = f"e{job_id(job)[1:]}.result"
    assert served.anonymous.get(f"/store/{entity}").status_code == 200
    served.clock.advance(100)
    served.anonymous.delete(job)
    served.tick(2)
    assert told(served.anonymous.get(f"/store/{entity}"))[0] == 404
    nodes = served.json(f"/prov/lineage?id={entity}", by=served.anonymous)["nodes"]
    by_id = {node["id"]: node for node in nodes}
    assert by_id[served.node(entity)]["attributes"]["invalidated_at"] == "2026-03-01T12:01:42.000000Z"
    assert served.node(job_id(job)) in by_id


def test_an_unknown_action_is_refused(served: Served) -> None:
    job = served.create()
    assert told(served.anonymous.post(job, data={"ACTION": "COPY"})) == (400, "ACTION='COPY': only DELETE is known")
    assert served.phase(job) == "PENDING"


@pytest.mark.parametrize(
    ("text", "expected"), [("30", "30"), ("3600", "3600"), ("3601", "3600"), ("0", "3600"), (" 7 ", "7")]
)
def test_an_execution_duration_is_held_to_the_limit(served: Served, text: str, expected: str) -> None:
    job = served.create()
    answer = served.anonymous.post(f"{job}/executionduration", data={"EXECUTIONDURATION": text})
    assert (answer.status_code, answer.location) == (303, f"http://localhost{job}")
    assert served.anonymous.get(f"{job}/executionduration").text == expected


@pytest.mark.parametrize("text", ["", "-1", "1.5", "1e3", "ten", "\u0663", "NaN"])
def test_an_execution_duration_that_is_none_is_refused(served: Served, text: str) -> None:
    job = served.create()
    answer = served.anonymous.post(f"{job}/executionduration", data={"EXECUTIONDURATION": text})
    assert told(answer) == (400, f"EXECUTIONDURATION={text!r}: whole seconds are needed, 0 for unlimited")
    answer = served.anonymous.post("/uws/sleep", data={"EXECUTIONDURATION": text})
    assert answer.status_code == 400


@pytest.mark.parametrize("resource", ["executionduration", "destruction", "parameters/text"])
def test_a_change_without_its_value_is_refused_and_names_it(served: Served, resource: str) -> None:
    answer = served.anonymous.post(f"{served.create()}/{resource}", data={"other": "1"})
    name = {"parameters/text": "VALUE"}.get(resource, resource.upper())
    assert told(answer) == (400, f"{name} is needed")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02", "2026-03-02T00:00:00.000Z"),
        ("2026-03-01T12:00:00.001Z", "2026-03-01T12:00:00.001Z"),
        ("2027-03-01T12:00:00Z", "2027-03-01T12:00:00.000Z"),
        ("2027-03-01T12:00:01Z", "2027-03-01T12:00:00.000Z"),
        ("9999-12-31", "2027-03-01T12:00:00.000Z"),
    ],
)
def test_a_destruction_time_is_held_to_the_limit(served: Served, text: str, expected: str) -> None:
    job = served.create()
    assert served.anonymous.post(f"{job}/destruction", data={"DESTRUCTION": text}).status_code == 303
    assert served.anonymous.get(f"{job}/destruction").text == expected


@pytest.mark.parametrize("text", ["2026-03-01T12:00:00Z", "2026-03-01T11:59:59.999Z", "0001-01-01", "2020"])
def test_a_destruction_time_in_the_past_is_refused(served: Served, text: str) -> None:
    job = served.create()
    for answer in (
        served.anonymous.post(f"{job}/destruction", data={"DESTRUCTION": text}),
        served.anonymous.post("/uws/sleep", data={"DESTRUCTION": text}),
    ):
        assert answer.status_code == 400
        assert "lies in the past; it is 2026-03-01T12:00:00+00:00 now" in answer.text
    assert served.anonymous.get(f"{job}/destruction").text == "2026-03-31T12:00:00.000Z"


def test_destruction_archives_a_job_once_and_it_can_be_postponed_till_then(served: Served) -> None:
    job = served.completed()
    served.anonymous.post(f"{job}/destruction", data={"DESTRUCTION": "2026-03-10"})
    served.clock.at += timedelta(days=9)
    served.tick(3)
    assert served.phase(job) == "ARCHIVED"
    assert served.anonymous.get(f"{job}/results/result").status_code == 404
    answer = served.anonymous.post(f"{job}/destruction", data={"DESTRUCTION": "2026-04-10"})
    assert told(answer) == (403, f"phase ARCHIVED: its files are gone already (job {job_id(job)})")
    served.tick(2)
    history = served.json(job)["jobInfo"]["history"]
    assert [one["phase"] for one in history] == ["PENDING", "QUEUED", "EXECUTING", "COMPLETED", "ARCHIVED"]


def test_parameters_of_a_pending_job_can_be_changed_in_every_way(served: Served) -> None:
    job = served.create()
    answers = [
        served.anonymous.post(f"{job}/parameters", data={"duration": "2", "text": "a"}),
        served.anonymous.post(job, data={"exit_code": "3"}),
        served.anonymous.post(f"{job}/parameters/text", data={"VALUE": "b"}),
        served.anonymous.put(f"{job}/parameters/duration", data="4"),
        served.anonymous.put(f"{job}/parameters/text", data=" ü\n", content_type="text/plain; charset=utf-8"),
    ]
    assert [(answer.status_code, answer.location) for answer in answers] == [(303, f"http://localhost{job}")] * 5
    assert served.json(job)["parameters"] == {"duration": "4", "exit_code": "3", "text": " ü\n"}


def test_names_of_parameters_count_in_any_case(served: Served) -> None:
    job = served.create()
    answers = [
        served.anonymous.put(f"{job}/parameters/TEXT", data="a"),
        served.anonymous.post(f"{job}/parameters", data={"Duration": "7"}),
        served.anonymous.post(f"{job}/parameters/Exit_Code", data={"value": "2"}),
    ]
    assert [answer.status_code for answer in answers] == [303] * 3
    assert served.json(job)["parameters"] == {"duration": "7", "exit_code": "2", "text": "a"}
    assert told(served.anonymous.get(f"{job}/parameters/TexT")) == (200, "a")


@pytest.mark.parametrize("name", ["PHASE", "runId", "EXECUTIONDURATION", "destruction", "UPLOAD"])
def test_what_is_no_parameter_is_not_changed_as_one(served: Served, name: str) -> None:
    job = served.create()
    right = f"{name.upper()} is no parameter: it has an address of its own below the job, or is fixed at creation"
    for address in (job, f"{job}/parameters"):
        assert told(served.anonymous.post(address, data={name: "RUN"})) == (400, f"job {job_id(job)}: {right}")
    assert served.phase(job) == "PENDING"


@pytest.mark.parametrize(
    ("body", "kind", "status", "value"),
    [
        (b"VALUE=b+%26", "application/x-www-form-urlencoded", 303, "b &"),
        (b"b=c", "application/x-www-form-urlencoded", 303, "b=c"),
        (b"VALUE=b", "text/plain", 303, "VALUE=b"),
        (b"--x--", "multipart/form-data; boundary=x", 415, "a"),
    ],
)
def test_put_takes_a_bare_value_or_a_form_with_value_alone(
    served: Served, body: bytes, kind: str, status: int, value: str
) -> None:
    job = served.create(text="a")
    answer = served.anonymous.put(f"{job}/parameters/text", data=body, content_type=kind)
    assert answer.status_code == status
    assert served.anonymous.get(f"{job}/parameters/text").text == value


def test_one_parameter_in_two_spellings_is_refused(served: Served) -> None:
    job = served.create(text="a")
    answer = served.anonymous.post(f"{job}/parameters", data={"text": "b", "TEXT": "c"})
    assert told(answer) == (400, "parameter text is given twice, as 'text' and 'TEXT'")
    assert served.anonymous.get(f"{job}/parameters/text").text == "a"


def test_a_file_can_not_replace_an_input(served: Served) -> None:
    job = served.create("copy", input=(io.BytesIO(b"x"), "x"))
    answer = served.anonymous.post(f"{job}/parameters", data={"input": (io.BytesIO(b"y"), "y")})
    assert told(answer) == (400, "'input' is a file: the inputs of a job are fixed when it is made")


@pytest.mark.parametrize("phase", ["PENDING", "EXECUTING", "COMPLETED"])
def test_the_instant_of_a_deletion_is_kept_for_those_who_follow_changes(served: Served, phase: str) -> None:
    job = served.create()
    served.force(job, Phase(phase))
    served.clock.advance(60)
    served.anonymous.delete(job)
    (node,) = served.provstore.store.get([served.node(job_id(job))])
    assert node.properties["changed_at"] == served.clock.at


def test_a_parameter_without_default_can_be_given_later(served: Served) -> None:
    job = served.create("stack", count=3, image=(io.BytesIO(b"x"), "x"))
    assert "note" not in served.json(job)["parameters"]
    assert served.anonymous.put(f"{job}/parameters/note", data="late").status_code == 303
    assert served.anonymous.put(f"{job}/parameters/note", data="later").status_code == 303
    shown = [(child[1]["id"], child[2]) for child in parsed(served.anonymous.get(f"{job}/parameters").data)[3]]
    assert shown[:4] == [("threshold", "5"), ("mode", "mean"), ("count", "3"), ("note", "later")]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("duration", "-1", "parameter duration: '-1' is not at least 0"),
        ("duration", "long", "parameter duration: 'long' is not a finite number, written with a decimal point"),
        ("nothing", "1", "has no parameter 'nothing' that can be changed"),
        ("text", "a\0b", "is not text without NUL characters"),
    ],
)
def test_a_wrong_value_changes_nothing(served: Served, name: str, value: str, words: str) -> None:
    job = served.create()
    answers = [
        served.anonymous.post(f"{job}/parameters", data={"exit_code": "9", name: value}),
        served.anonymous.put(f"{job}/parameters/{name}", data=value),
    ]
    for answer in answers:
        assert answer.status_code == 400
        assert words in answer.text
    assert served.json(job)["parameters"] == {"duration": "1", "exit_code": "0", "text": "hello"}


def test_an_input_is_fixed_when_the_job_is_made(served: Served) -> None:
    job = served.create("copy", input=(io.BytesIO(b"x"), "x"))
    answer = served.anonymous.put(f"{job}/parameters/input", data="y")
    words = "has no parameter 'input' that can be changed; those that can: none"
    assert told(answer) == (400, f"job {job_id(job)} {words}")


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.PENDING])
def test_only_a_pending_job_can_be_changed(served: Served, phase: Phase) -> None:
    job = served.create()
    served.force(job, phase)
    answers = [
        served.anonymous.post(f"{job}/parameters", data={"text": "b"}),
        served.anonymous.put(f"{job}/parameters/text", data="b"),
        served.anonymous.post(f"{job}/executionduration", data={"EXECUTIONDURATION": "5"}),
    ]
    words = f"phase {phase}: only PENDING jobs can be changed (job {job_id(job)})"
    assert [told(answer) for answer in answers] == [(403, words)] * 3


def test_a_value_that_is_no_utf_8_is_refused(served: Served) -> None:
    job = served.create()
    answer = served.anonymous.put(f"{job}/parameters/text", data=b"\xff")
    assert told(answer) == (400, "the value is no UTF-8 text: invalid start byte at byte 0")


def test_a_value_beyond_the_limit_is_refused(serve: Any) -> None:
    served = serve(form_max=1000)
    job = served.create()
    answer = served.anonymous.put(f"{job}/parameters/text", data=b"x" * 1001)
    assert answer.status_code == 413
    assert served.anonymous.put(f"{job}/parameters/text", data=b"x" * 1000).status_code == 303
