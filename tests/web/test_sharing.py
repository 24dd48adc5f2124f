"""Sharing: who sees a job and all that belongs to it, at once, from a date on, and no longer."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient

from provstore.accounts.callers import Grant, Role
from provstore.graph.model import EVERYBODY, NodeId
from tests.web.conftest import Serve
from tests.web.served import Served, job_id, told

START = "2026-03-01T00:00:00Z"
SEEN = 200


@pytest.fixture
def people(served: Served) -> Mapping[str, FlaskClient]:
    """Everybody who may, or may not, see a job of Curie's."""
    accounts = served.provstore.accounts
    tokens = {name: accounts.add(name) for name in ("friend", "other", "curator", "stranger")}
    accounts.grant("curator", Grant(Role.CURATOR, "copy"))
    accounts.grant("stranger", Grant(Role.CURATOR, "sleep"))
    clients = {name: served.client(token) for name, token in tokens.items()}
    return {"owner": served.curie, "admin": served.admin, "anonymous": served.anonymous, **clients}


def running(served: Served) -> str:
    """A job of Curie's with a parameter, an upload, and output so far."""
    job = served.create("copy", by=served.curie, input=(io.BytesIO(b"secret"), "input.txt"), RUNID="hers")
    served.execute(job, by=served.curie)
    (served.directory(job) / "stdout").write_bytes(b"so far")
    return job


def finished(served: Served) -> str:
    job = running(served)
    served.finish(job, {"results/output.dat": b"result"})
    assert served.phase(job) == "COMPLETED"
    return job


def upload(served: Served, job: str) -> str:
    """The local id of what was sent with a job."""
    entity = served.provstore.records.read(job_id(job)).inputs[0].entity
    return str(entity).removeprefix(served.provstore.store.namespace)


def places(served: Served, job: str) -> list[str]:
    """Every address under which something of a finished job is seen."""
    local = job_id(job)
    return [
        job,
        f"{job}/phase",
        f"{job}/parameters",
        f"{job}/parameters/input",
        f"{job}/results",
        f"{job}/results/output",
        f"{job}/stdout",
        f"{job}/prov",
        f"/prov/lineage?id=e{local[1:]}.output",
        f"/store/e{local[1:]}.output",
        f"/id/{local}",
    ]


def seers(people: Mapping[str, FlaskClient], served: Served, job: str) -> set[str]:
    """Who sees the job: everywhere, or nowhere."""
    found = set()
    for name, client in people.items():
        answers = {place: client.get(place).status_code for place in places(served, job)}
        listed = job_id(job) in client.get("/uws/copy").text
        heard = job_id(job) in client.get("/events", query_string={"since": START, "WAIT": "0"}).text
        seen = {place for place, status in answers.items() if status in {200, 303}}
        assert seen in (set(), set(answers)), (name, answers)
        assert listed == heard == bool(seen), name
        if seen:
            found.add(name)
    return found


BORN = {"owner", "admin", "curator"}


def share(served: Served, job: str, *, by: FlaskClient | None = None, **values: Any) -> list[dict[str, object]]:
    answer = (by or served.curie).post(f"{job}/sharing", data=values)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, object]] = (answer.json or {})["items"]
    return items


def test_a_job_that_nobody_shared_is_seen_by_its_owner_curators_and_administrators(
    served: Served, people: Mapping[str, FlaskClient]
) -> None:
    job = finished(served)
    assert seers(people, served, job) == BORN
    assert served.curie.get(f"{job}/sharing").json == {"items": [], "next": None}


def test_a_job_is_shared_with_a_person_and_with_nobody_else(served: Served, people: Mapping[str, FlaskClient]) -> None:
    job = finished(served)
    assert share(served, job, READER="friend") == [{"reader": "friend", "from": None, "visible": True}]
    assert seers(people, served, job) == BORN | {"friend"}


def test_a_public_job_is_seen_by_everybody(served: Served, people: Mapping[str, FlaskClient]) -> None:
    job = finished(served)
    share(served, job, reader="Public")
    assert seers(people, served, job) == set(people)


def test_what_is_public_can_be_looked_at_without_a_token_where_all_else_needs_one(serve: Serve) -> None:
    served = serve(anonymous=False)
    job = finished(served)
    asked = [*places(served, job), f"/provsap?ID={job_id(job)}"]
    before = {place: served.anonymous.get(place) for place in asked}
    assert {answer.status_code for answer in before.values()} == {401}
    assert {"WWW-Authenticate" in answer.headers for answer in before.values()} == {True}
    share(served, job, READER="public")
    assert {served.anonymous.get(place).status_code for place in asked} <= {200, 303}
    unknown = ("/uws/copy", "/uws/copy/events", f"/uws/copy/j{'0' * 32}", "/store/e0", f"{job}/sharing", "/jdl")
    assert {served.anonymous.get(place).status_code for place in unknown} == {401}
    assert served.anonymous.delete(job).status_code == 401
    assert served.anonymous.post(f"{job}/phase", data={"PHASE": "ABORT"}).status_code == 401
    share(served, job, READER="public", ACTION="REMOVE")
    assert {served.anonymous.get(place).status_code for place in asked} == {401}


def test_a_visitor_without_a_token_does_not_see_the_jobs_of_anonymous_visitors(serve: Serve) -> None:
    job = serve().create()
    assert serve(anonymous=False).anonymous.get(job).status_code == 401


def test_sharing_ends(served: Served, people: Mapping[str, FlaskClient]) -> None:
    job = finished(served)
    share(served, job, READER=["friend", "public", "other"])
    assert share(served, job, READER="public friend", ACTION="remove") == [
        {"reader": "other", "from": None, "visible": True}
    ]
    assert seers(people, served, job) == BORN | {"other"}
    assert share(served, job, READER="other", ACTION="REMOVE") == []
    assert share(served, job, READER="other", ACTION="REMOVE") == []
    assert seers(people, served, job) == BORN


def test_what_a_running_job_makes_later_is_shared_too(served: Served, people: Mapping[str, FlaskClient]) -> None:
    job = running(served)
    share(served, job, READER="friend")
    assert people["friend"].get(f"{job}/stdout").text == "so far"
    served.finish(job, {"results/output.dat": b"result"})
    assert people["friend"].get(f"{job}/results/output").text == "result"
    assert seers(people, served, job) == BORN | {"friend"}


def test_a_parameter_that_is_set_later_is_shared_too(served: Served, people: Mapping[str, FlaskClient]) -> None:
    job = served.create("stack", by=served.curie, count=1, image=(io.BytesIO(b"x"), "x"))
    share(served, job, READER="friend")
    assert served.curie.post(job, data={"note": "later"}).status_code == 303
    assert people["friend"].get(f"{job}/parameters/note").text == "later"
    node = served.provstore.store.get([served.node(f"{job_id(job)}.note")], EVERYBODY)[0]
    assert node.readers == served.provstore.records.read(job_id(job)).readers


def test_before_the_date_nobody_sees_more_and_from_then_on_he_does(
    served: Served, people: Mapping[str, FlaskClient]
) -> None:
    job = finished(served)
    until = "2026-03-02T00:00:00.000Z"
    assert share(served, job, READER="public", FROM="2026-03-02") == [
        {"reader": "public", "from": until, "visible": False}
    ]
    served.tick()
    assert seers(people, served, job) == BORN
    served.clock.advance(12 * 3600)
    served.tick()
    assert seers(people, served, job) == set(people)
    assert served.curie.get(f"{job}/sharing").json == {
        "items": [{"reader": "public", "from": until, "visible": True}],
        "next": None,
    }
    assert served.provstore.supervisor._life._sharing.due() == ()


def test_each_reader_has_his_own_date_and_an_embargo_ends_after_a_job_is_deleted(
    served: Served, people: Mapping[str, FlaskClient]
) -> None:
    job = finished(served)
    share(served, job, READER="friend", FROM="2026-03-02")
    share(served, job, READER="other", FROM="2026-03-03")
    served.curie.delete(job)
    entity = f"/prov/lineage?id=e{job_id(job)[1:]}.output"
    seen = []
    for _ in range(3):
        served.tick(2)
        seen.append([people[name].get(entity).status_code for name in ("friend", "other")])
        served.clock.advance(24 * 3600)
    assert seen == [[404, 404], [SEEN, 404], [SEEN, SEEN]]


def test_a_date_in_the_past_is_at_once_and_a_later_one_hides_again(
    served: Served, people: Mapping[str, FlaskClient]
) -> None:
    job = finished(served)
    share(served, job, READER="friend", FROM="2020")
    assert seers(people, served, job) == BORN | {"friend"}
    share(served, job, READER="friend", FROM="2030")
    assert seers(people, served, job) == BORN


def test_a_job_that_ends_on_the_very_tick_of_its_date_loses_neither(
    served: Served, people: Mapping[str, FlaskClient]
) -> None:
    job = running(served)
    share(served, job, READER="friend", FROM="2026-03-01T12:00:30Z")
    served.clock.advance(60)
    served.finish(job, {"results/output.dat": b"result"})
    served.tick()
    assert served.phase(job) == "COMPLETED"
    assert seers(people, served, job) == BORN | {"friend"}


def test_what_was_here_before_the_job_is_not_shared_with_it(served: Served, people: Mapping[str, FlaskClient]) -> None:
    first = finished(served)
    source = f"e{job_id(first)[1:]}.output"
    second = served.create("copy", by=served.curie, input=source)
    served.execute(second, by=served.curie)
    served.finish(second, {"results/output.dat": b"again"})
    share(served, second, READER="friend")
    friend = people["friend"]
    assert friend.get(f"/store/{source}").status_code == 404
    assert friend.get(first).status_code == 403
    graph = friend.get("/prov/lineage", query_string={"id": f"e{job_id(second)[1:]}.output"}).json or {}
    assert graph["restricted"] is True
    assert served.node(source) not in {one["id"] for one in graph["nodes"]}
    answer = friend.get(f"{second}/parameters/input")
    assert told(answer) == (403, "the file of input is not shared with you")
    assert served.curie.get(f"{second}/parameters/input").text == "result"
    uploaded = upload(served, first)
    assert served.curie.get(f"/store/{uploaded}").status_code == SEEN
    assert friend.get(f"/store/{uploaded}").status_code == 404


def test_an_upload_is_shared_with_the_job_that_brought_it_only(
    served: Served, people: Mapping[str, FlaskClient]
) -> None:
    first = finished(served)
    uploaded = upload(served, first)
    second = served.create("copy", by=served.curie, input=uploaded)
    share(served, second, READER="friend")
    assert people["friend"].get(f"/store/{uploaded}").status_code == 404
    share(served, first, READER="friend")
    assert people["friend"].get(f"/store/{uploaded}").text == "secret"


def test_who_sees_a_shared_job_may_not_change_it_nor_whom_it_is_shared_with(
    served: Served, people: Mapping[str, FlaskClient]
) -> None:
    job = running(served)
    share(served, job, READER="friend public")
    words = f"job {job_id(job)} is not yours: you may see it, but only its owner and administrators may change it"
    for name in ("friend", "curator", "anonymous", "other"):
        client = people[name]
        assert told(client.get(f"{job}/sharing")) == (403, words)
        assert told(client.post(f"{job}/sharing", data={"READER": name})) == (403, words)
        assert client.post(f"{job}/phase", data={"PHASE": "ABORT"}).status_code == 403
        assert client.delete(job).status_code == 403
    assert served.phase(job) == "EXECUTING"
    assert share(served, job, by=served.admin, READER="public friend", ACTION="REMOVE") == []


def test_sharing_is_told_and_changed_in_json(served: Served, people: Mapping[str, FlaskClient]) -> None:
    job = served.create(by=served.curie)
    answer = served.curie.post(f"{job}/sharing", json={"reader": ["friend", "public"], "from": "2027-01-01"})
    assert answer.json == {
        "items": [
            {"reader": "friend", "from": "2027-01-01T00:00:00.000Z", "visible": False},
            {"reader": "public", "from": "2027-01-01T00:00:00.000Z", "visible": False},
        ],
        "next": None,
    }
    answer = served.curie.post(f"{job}/sharing", json={"reader": "public", "action": "REMOVE"})
    assert [one["reader"] for one in (answer.json or {})["items"]] == ["friend"]


def test_the_owner_needs_no_sharing(served: Served) -> None:
    job = served.create(by=served.curie)
    assert share(served, job, READER="curie", FROM="2027") == []
    assert served.curie.get(job).status_code == SEEN


def test_a_visitor_shares_with_everybody_or_nobody_and_learns_of_no_account(served: Served) -> None:
    job = served.create()
    for name in ("curie", "nobody"):
        answer = served.anonymous.post(f"{job}/sharing", data={"READER": name})
        assert told(answer) == (403, "without an account of your own you can share with public only")
    assert share(served, job, by=served.anonymous, READER="public")[0]["visible"] is True
    assert served.curie.get(job).status_code == SEEN


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "READER is needed: public, or the name of an account"),
        ({"READER": ""}, "READER is needed: public, or the name of an account"),
        ({"READER": "nobody"}, "READER='nobody': there is no such account; public stands for everybody"),
        ({"READER": "public", "ACTION": "hide"}, "ACTION='hide': ADD or REMOVE is needed"),
        ({"READER": "public", "UNTIL": "2027"}, "'UNTIL' is not known here; known: ACTION, FROM, READER"),
        (
            {"READER": "public", "FROM": "soon"},
            "FROM='soon': an ISO 8601 instant in UTC is needed, such as 2026-11-22T17:00:00Z",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    served: Served, values: Mapping[str, str], words: str
) -> None:
    job = served.create(by=served.curie)
    assert told(served.curie.post(f"{job}/sharing", data=dict(values))) == (400, words)
    assert served.curie.get(f"{job}/sharing").json == {"items": [], "next": None}


def test_a_job_has_not_any_number_of_readers(served: Served) -> None:
    job = served.create(by=served.curie)
    names = [f"p{number}" for number in range(101)]
    for name in names:
        served.provstore.accounts.make(name)
    answer = served.curie.post(f"{job}/sharing", data={"READER": " ".join(names)})
    assert told(answer) == (400, f"job {job_id(job)}: 101 readers; at most 100 are possible")
    assert len(share(served, job, READER=" ".join(names[:100]))) == 100


def test_no_name_of_an_account_reaches_the_graph(served: Served, people: Mapping[str, FlaskClient]) -> None:
    job = finished(served)
    share(served, job, READER="friend")
    nodes = served.provstore.store.scan(EVERYBODY).nodes()
    assert [node.id for node in nodes if "friend" in str(node)] == []
    node = served.provstore.store.get([NodeId(served.node(job_id(job)))])[0]
    agent = served.provstore.accounts.agent_of("friend")
    assert f"user:{agent}" in node.readers
