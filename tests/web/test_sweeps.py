"""Sweeps: many jobs by one request, under one activity, counted and led as one."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from flask.testing import FlaskClient

from provstore.accounts.callers import ANONYMOUS, Grant, Role
from provstore.graph.model import Kind, Label
from provstore.graph.rules import Step
from provstore.graph.store import Change, GraphStore, Walk
from provstore.uws.admission import Admission
from provstore.uws.idempotency import Idempotency
from provstore.uws.phases import Phase
from provstore.uws.records import Move, Records
from provstore.uws.sweeps import Sweeps
from provstore.web import bodies
from tests.web.conftest import Serve
from tests.web.documents import assert_valid, parsed
from tests.web.served import Served, job_id, told

LONG = 60.0
"""Seconds; what is quadratic takes minutes."""

ROWS = [{"text": "a"}, {"text": "b", "duration": 2}, {"TEXT": "c"}]


def send(served: Served, body: Any, *, by: FlaskClient | None = None, query: str = "") -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = "text/csv" if isinstance(body, bytes) else "application/json"
    return (by or served.anonymous).post(f"/uws/sleep{query}", data=content, content_type=kind)


def sweep(served: Served, body: Any = None, *, by: FlaskClient | None = None, query: str = "") -> str:
    """Make a sweep; give its path."""
    answer = send(served, ROWS if body is None else body, by=by, query=query)
    assert answer.status_code == 303, answer.text
    assert answer.location.startswith("http://localhost/uws/sleep/sweeps/s")
    return str(answer.location.removeprefix(served.base))


def jobs(served: Served, place: str) -> list[dict[str, Any]]:
    """The jobs of a sweep, in the order of its rows."""
    items = served.json(f"/uws/sleep?SWEEP={job_id(place)}")["items"][::-1]
    return [served.json(f"/uws/sleep/{one['jobId']}") for one in items]


def phases(served: Served, place: str) -> Any:
    return served.json(place)["phases"]


def test_each_row_becomes_a_job_and_the_sweep_counts_them(served: Served) -> None:
    place = sweep(served, by=served.curie)
    assert [one["parameters"] for one in jobs(served, place)] == [
        {"duration": "1", "exit_code": "0", "text": "a"},
        {"duration": "2", "exit_code": "0", "text": "b"},
        {"duration": "1", "exit_code": "0", "text": "c"},
    ]
    assert served.json(place, by=served.curie) == {
        "sweepId": job_id(place),
        "href": f"http://localhost{place}",
        "service": "sleep",
        "runId": None,
        "ownerId": "curie",
        "creationTime": "2026-03-01T12:00:00.000Z",
        "total": 3,
        "phases": {"PENDING": 3},
        "jobs": f"http://localhost/uws/sleep?SWEEP={job_id(place)}",
    }


def test_what_all_have_in_common_is_said_once_and_a_row_may_say_otherwise(served: Served) -> None:
    body = {
        "sweep": [{"text": "a"}, {"duration": 7, "RUNID": "own"}],
        "common": {"duration": 3, "text": "all"},
        "runId": "night",
        "executionDuration": 30,
        "destruction": "2026-03-05",
        "run": True,
    }
    place = sweep(served, body)
    assert served.json(place)["runId"] == "night"
    seen = [
        (one["parameters"]["text"], one["parameters"]["duration"], one["runId"], one["executionDuration"], one["phase"])
        for one in jobs(served, place)
    ]
    assert seen == [("a", "3", "night", 30, "QUEUED"), ("all", "7", "own", 30, "QUEUED")]
    assert {one["destruction"] for one in jobs(served, place)} == {"2026-03-05T00:00:00.000Z"}


@pytest.mark.parametrize(
    "content",
    [
        b'text,duration\na,1\n"b, ""c""",2.50\n,3\n',
        b'\xef\xbb\xbftext, duration \r\na,1\r\n\r\n"b, ""c""",2.50\r\n,3',
    ],
)
def test_a_table_in_csv_is_a_sweep(served: Served, content: bytes) -> None:
    place = sweep(served, content, query="?RUNID=night&PHASE=RUN")
    seen = [(one["parameters"]["text"], one["parameters"]["duration"], one["runId"]) for one in jobs(served, place)]
    assert seen == [("a", "1", "night"), ('b, "c"', "2.50", "night"), ("hello", "3", "night")]
    assert phases(served, place) == {"QUEUED": 3}


def test_columns_of_a_table_may_be_controls(served: Served) -> None:
    place = sweep(served, b"runid,text,PHASE\nr1,a,RUN\nr2,b,\n")
    assert [(one["runId"], one["phase"]) for one in jobs(served, place)] == [("r1", "QUEUED"), ("r2", "PENDING")]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "a sweep without rows makes no jobs; at least one is needed"),
        (b"", "the CSV is empty; a header of parameter names and a line for each job are needed"),
        (b"text\n", "a sweep without rows makes no jobs; at least one is needed"),
        (b"text,duration\na,1\nb\n", "row 2 (line 3) has 1 values; the header names 2 columns"),
        (b"text,text\na,b\n", "the CSV's header names the column 'text' twice, or not at all"),
        (b"text,\na,b\n", "the CSV's header names the column '' twice, or not at all"),
        (b'text\n"a"b\n', "malformed CSV at line 2: "),
        (b'text\n"a\n', "malformed CSV at line 2: unexpected end of data"),
        (b"text\n\xff\n", "the value is no UTF-8 text: invalid start byte at byte 5"),
        (b"text,duration\na,1\nb,x\n", "row 2: parameter duration: 'x' is not a finite number"),
        (b"text,colour\na,1\n", "row 1: unknown name 'colour'; known: duration, exit_code, text"),
        ([{"text": "a"}, {"exit_code": 300}], "row 2: parameter exit_code: '300' is not at most 255"),
        ([{"text": "a"}, "b"], "row 2 is text or a number; an object is needed"),
        ([{"text": "a"}, {"text": {}}], "row 2, text: an object can't be a value"),
        ([{"text": "a", "TEXT": "b"}], "row 1: parameter text is given twice, as 'text' and 'TEXT'"),
        ({"sweep": {}}, "sweep is an object; an array of objects is needed"),
        ({"sweep": [{}], "parameters": {}}, "unknown member 'parameters'; known: sweep, common, runId"),
        ({"sweep": [{}], "common": []}, "common is an array; an object is needed"),
        ({"sweep": [{}], "runId": "x" * 65}, "RUNID has 65 characters; at most 64 are allowed"),
        ({"sweep": [{}], "phase": "ABORT"}, "PHASE='ABORT': a new job takes only RUN"),
    ],
)
def test_what_is_wrong_is_said_by_row_and_name_and_nothing_is_made(lasting: Served, body: Any, words: str) -> None:
    before = sum(1 for _ in lasting.provstore.store.scan().nodes())
    answer = send(lasting, body)
    assert answer.status_code == 400
    assert answer.text.startswith(words)
    assert sum(1 for _ in lasting.provstore.store.scan().nodes()) == before


def test_a_wrong_row_is_named_as_field_and_value_in_json(lasting: Served) -> None:
    answer = lasting.anonymous.post("/uws/sleep", json=[{}, {"duration": "x"}], headers={"Accept": "application/json"})
    assert answer.json is not None
    assert (answer.json["error"]["field"], answer.json["error"]["value"]) == ("duration", "x")


def test_more_rows_than_the_site_allows_are_refused(serve: Serve) -> None:
    served = serve(sweep_max=2)
    assert told(send(served, ROWS)) == (413, "a sweep may have 2 rows here; this one has more")
    assert told(send(served, b"text\na\nb\nc\n")) == (413, "a sweep may have 2 rows here; this one has more")
    sweep(served, ROWS[:2])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'[{"text": "' + b"[" * 1_000_001 + b'"}]', "the JSON holds more than 1000000 brackets"),
        (b"[" + b"{}," * 1_000_001 + b"{}]", "the JSON holds more than 1000000 brackets"),
        (b"a\n" + b"b\n" * 1_000_000, "a sweep may have 10000 rows here; this one has more"),
        (b",".join(b"c%d" % number for number in range(200_000)) + b",c7\n1", "names the column 'c7' twice"),
        (b"{" + b",".join(b'"c%d": 1' % number for number in range(200_000)) + b', "c7": 1}', "'c7' stands twice"),
    ],
    ids=["text", "objects", "rows", "columns", "names"],
)
def test_a_body_that_would_cost_too_much_is_refused_soon(lasting: Served, body: bytes, words: str) -> None:
    kind = "application/json" if body[:1] in b"[{" else "text/csv"
    began = time.monotonic()
    answer = lasting.anonymous.post("/uws/sleep", data=body, content_type=kind)
    assert answer.status_code in {400, 413}
    assert words in answer.text
    assert time.monotonic() - began < LONG


def test_a_sweep_needs_the_right_to_run_the_service(serve: Serve) -> None:
    served = serve(restricted_services=("*",))
    assert send(served, ROWS, by=served.curie).status_code == 403
    place = sweep(served, by=served.admin)
    assert served.curie.post(f"{place}/phase", data={"PHASE": "RUN"}).status_code == 403


# --- in the graph


def test_the_jobs_were_informed_by_the_sweep_which_its_owner_made(served: Served) -> None:
    place = sweep(served, by=served.curie)
    node = served.node(job_id(place))
    steps = (Step(Kind.WAS_INFORMED_BY, backwards=True), Step(Kind.WAS_ASSOCIATED_WITH, expand=False))
    around = served.provstore.store.walk(Walk(starts=(node,), steps=steps, depth=1))
    kinds = sorted((one.kind, one.role) for one in around.edges)
    assert kinds == [("WAS_ASSOCIATED_WITH", "Operator"), *[("WAS_INFORMED_BY", None)] * 3]
    (activity,) = served.provstore.store.get([node])
    assert (set(activity.labels), activity.properties["name"]) == ({Label.ACTIVITY}, "sleep sweep")


def test_the_lineage_of_a_result_leads_to_the_sweep_and_not_to_the_other_jobs(served: Served) -> None:
    place = sweep(served)
    job = f"/uws/sleep/{jobs(served, place)[0]['jobId']}"
    served.execute(job)
    served.finish(job)
    nodes = served.json(f"/prov/lineage?id=e{job_id(job)[1:]}.result", by=served.anonymous)["nodes"]
    labels = sorted(node["label"] for node in nodes if "Activity" in node["class"])
    assert labels == ["sleep", "sleep sweep"]
    for form in ("prov-n", "prov-json", "prov-xml", "votable", "svg"):
        assert served.anonymous.get(f"{job}/prov?format={form}").status_code == 200


# --- leading them


def test_all_jobs_are_started_and_aborted_at_once_and_again(served: Served) -> None:
    place = sweep(served)
    for _ in range(2):
        answer = served.anonymous.post(f"{place}/phase", data={"phase": "RUN"})
        assert (answer.status_code, answer.location) == (303, f"http://localhost{place}")
        assert phases(served, place) == {"QUEUED": 3}
    done = f"/uws/sleep/{jobs(served, place)[0]['jobId']}"
    served.tick(2)
    served.finish(done)
    for _ in range(2):
        assert served.anonymous.post(f"{place}/phase?PHASE=ABORT").status_code == 303
    served.tick(3)
    states = phases(served, place)
    assert (states.pop("COMPLETED"), states) == (1, {"ABORTED": 2})
    assert served.anonymous.post(f"{place}/phase", data={"PHASE": "RUN"}).status_code == 303
    assert phases(served, place) == {"COMPLETED": 1, "ABORTED": 2}
    ended = [one["endTime"] for one in jobs(served, place)]
    assert None not in ended


def test_held_jobs_are_started_and_every_live_one_is_aborted(served: Served) -> None:
    place = sweep(served, [{} for _ in Phase])
    for job, phase in zip(jobs(served, place), Phase, strict=True):
        served.force(f"/uws/sleep/{job['jobId']}", phase)
    served.anonymous.post(f"{place}/phase", data={"PHASE": "RUN"})
    expected = {phase.value: 1 for phase in Phase if phase not in {Phase.PENDING, Phase.HELD}}
    assert phases(served, place) == expected | {"QUEUED": 3}
    served.anonymous.post(f"{place}/phase", data={"PHASE": "ABORT"})
    assert phases(served, place) == {"COMPLETED": 1, "ERROR": 1, "ABORTED": 7, "ARCHIVED": 1}


@pytest.mark.parametrize("word", ["", "run", "STOP"])
def test_an_unknown_word_leads_nowhere(served: Served, word: str) -> None:
    place = sweep(served)
    answer = served.anonymous.post(f"{place}/phase", data={"PHASE": word})
    assert told(answer) == (400, f"PHASE={word!r}: RUN or ABORT is needed")
    assert told(served.anonymous.post(place, data={"ACTION": "x"})) == (400, "ACTION='x': only DELETE is known")


@pytest.mark.parametrize("way", ["DELETE", "POST"])
def test_a_deleted_sweep_is_gone_with_all_its_jobs_and_their_places_stay(served: Served, way: str) -> None:
    place = sweep(served)
    ids = [one["jobId"] for one in jobs(served, place)]
    answer = served.anonymous.open(place, method=way, data={"ACTION": "DELETE"} if way == "POST" else None)
    assert (answer.status_code, answer.location) == (303, "http://localhost/uws/sleep/sweeps")
    served.tick(2)
    assert served.anonymous.get(place).status_code == 404
    assert served.anonymous.delete(place).status_code == 404
    assert {served.anonymous.get(f"/uws/sleep/{one}").status_code for one in ids} == {404}
    assert served.json("/uws/sleep/sweeps", by=served.anonymous) == {"items": [], "next": None}
    assert served.json(f"/prov/lineage?id={ids[0]}", by=served.anonymous)["nodes"] != []


def test_a_deleted_job_is_no_longer_counted(served: Served) -> None:
    place = sweep(served)
    served.anonymous.delete(f"/uws/sleep/{jobs(served, place)[0]['jobId']}")
    assert (served.json(place)["total"], phases(served, place)) == (3, {"PENDING": 2})


def test_more_jobs_than_one_transaction_takes_are_led_alike(served: Served) -> None:
    place = sweep(served, [{}] * 600)
    served.anonymous.post(f"{place}/phase", data={"PHASE": "RUN"})
    served.tick(2)
    served.anonymous.post(f"{place}/phase", data={"PHASE": "ABORT"})
    assert phases(served, place) == {"ABORTED": 600}
    served.anonymous.delete(place)
    assert served.json("/uws/sleep?PHASE=ABORTED&LAST=1")["items"] == []


class Hasty:
    """A store in which somebody else ends one of the jobs just before they are changed together."""

    def __init__(self, served: Served, ended: str) -> None:
        self.store = served.provstore.store
        self.records = served.provstore.records
        self.ended = ended

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def write(self, changes: Sequence[Change]) -> None:
        if self.ended and len(changes) > 1:
            job, self.ended = self.records.read(self.ended), ""
            at = datetime.now(UTC)
            self.records.move(job, Move(phase=Phase.ERROR, at=at, cause="supervisor", put={"ended_at": at}))
        self.store.write(changes)


@pytest.mark.parametrize("act", ["start", "abort", "delete"])
def test_a_job_that_somebody_else_changes_meanwhile_keeps_no_other_back(served: Served, act: str) -> None:
    place = sweep(served)
    ids = [one["jobId"] for one in jobs(served, place)]
    parts = replace(served.provstore.parts, records=Records(cast("GraphStore", Hasty(served, ids[1]))))
    sweeps = Sweeps(parts, Admission(parts), Idempotency(parts.records.store, parts.files.data))
    getattr(sweeps, act)(ANONYMOUS, "sleep", job_id(place))
    found = [served.provstore.records.read_even_deleted(one) for one in ids]
    other = Phase.QUEUED if act == "start" else Phase.ABORTED
    assert [one.phase for one in found] == [other, Phase.ERROR, other]
    assert {one.deleted for one in found} == {act == "delete"}


# --- looking at them


def test_the_jobs_of_a_sweep_are_a_uws_list_where_xml_is_preferred(served: Served) -> None:
    place = sweep(served)
    served.create()
    answer = served.anonymous.get(place, headers={"Accept": "application/xml"})
    assert_valid(answer.data)
    assert len(parsed(answer.data)[3]) == 3
    assert served.anonymous.get(place).content_type == "application/json"


def test_sweeps_are_listed_newest_first_and_in_parts(served: Served) -> None:
    made: list[str] = []
    for _ in range(3):
        made.insert(0, job_id(sweep(served)))
        served.clock.advance(1)
    sweep(served, by=served.curie)
    first = served.json("/uws/sleep/sweeps?LIMIT=2", by=served.anonymous)
    second = served.json(f"/uws/sleep/sweeps?LIMIT=2&NEXT={first['next']}", by=served.anonymous)
    assert [one["sweepId"] for one in (*first["items"], *second["items"])] == made
    assert {json.dumps(one["phases"]) for one in first["items"]} == {'{"PENDING": 3}'}
    assert served.json("/uws/copy/sweeps", by=served.anonymous) == {"items": [], "next": None}
    assert served.anonymous.get("/uws/sleep/sweeps?LIMIT=1&NEXT=x").status_code == 400


def test_a_sweep_is_seen_by_its_owner_curators_and_administrators_and_led_by_owner_and_administrators(
    served: Served,
) -> None:
    place = sweep(served, by=served.curie)
    curator = served.client(served.provstore.accounts.add("rubin"))
    served.provstore.accounts.grant("rubin", Grant(Role.CURATOR, "sleep"))
    assert told(served.anonymous.get(place)) == (403, f"sweep {job_id(place)} is not yours")
    assert served.json(place, by=curator)["phases"] == {"PENDING": 3}
    words = "is not yours: you may see it, but only its owner and administrators may change it"
    assert told(curator.delete(place)) == (403, f"sweep {job_id(place)} {words}")
    assert served.json("/uws/sleep/sweeps", by=served.anonymous)["items"] == []
    assert served.admin.post(f"{place}/phase", data={"PHASE": "ABORT"}).status_code == 303


def test_a_sweep_belongs_to_one_service_and_both_mounts_lead_to_it(served: Served) -> None:
    place = sweep(served)
    assert served.anonymous.get(place.replace("sleep", "copy")).status_code == 404
    old = served.json(place.replace("/uws/", "/rest/"))
    assert (old["href"], old["jobs"].partition("?")[0]) == (
        f"http://localhost{place.replace('/uws/', '/rest/')}",
        "http://localhost/rest/sleep",
    )


def test_the_documented_members_are_those_that_are_read() -> None:
    doc = bodies.__doc__ or ""
    assert all(f'"{name}"' in doc for name in ("parameters", "runId", "executionDuration", "destruction", "run"))
