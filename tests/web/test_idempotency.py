"""A request with an Idempotency-Key acts once: also concurrently, after a restart, and from two processes."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, cast

import pytest

from provstore.accounts.callers import ANONYMOUS
from provstore.errors import Conflict, Unavailable
from provstore.graph.model import EVERYBODY, Node, NodeId, Viewer
from provstore.graph.store import Change, GraphStore
from provstore.uws.draining import DRAINING_FILE, Draining
from provstore.uws.idempotency import Claim, Idempotency
from provstore.uws.inputs.sources import Upload
from provstore.uws.records import Records
from provstore.uws.service import JobService
from provstore.uws.submissions import Submission
from tests.web.conftest import Serve
from tests.web.served import Served, job_id, told

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


def post(served: Served, *, by: Any = None, service: str = "sleep", headers: Any = None, **sent: Any) -> Any:
    client = by or served.anonymous
    return client.post(f"/uws/{service}", headers=KEY if headers is None else headers, **sent)


def count(served: Served) -> int:
    return len(served.json("/uws")["items"])


@pytest.mark.parametrize(
    "sent",
    [
        {"data": {"text": "a", "PHASE": "RUN"}},
        {"json": {"parameters": {"text": "a"}, "run": True}},
        {"json": [{"text": "a"}, {"text": "b"}]},
        {"data": b"text\na\nb\n", "content_type": "text/csv"},
    ],
)
def test_the_same_request_gives_the_same_address_and_makes_nothing_new(served: Served, sent: dict[str, Any]) -> None:
    first = post(served, **sent)
    made = count(served)
    again = [post(served, **sent) for _ in range(3)]
    assert first.status_code == 303
    assert {(one.status_code, one.location) for one in again} == {(303, first.location)}
    assert count(served) == made
    assert served.anonymous.get(first.location).status_code == 200


def test_form_and_json_with_the_same_values_are_the_same_request(served: Served) -> None:
    first = post(served, data={"text": "a", "RUNID": "r"})
    assert post(served, json={"parameters": {"text": "a"}, "runId": "r"}).location == first.location


def test_the_order_of_values_is_none(served: Served) -> None:
    first = post(served, data={"text": "a", "duration": "2"})
    assert post(served, data={"duration": "2", "text": "a"}).location == first.location


@pytest.mark.parametrize(
    "other",
    [
        {"data": {"text": "b"}},
        {"data": {"text": "a", "RUNID": "r"}},
        {"data": {}},
        {"json": [{"text": "a"}]},
        {"json": {"sweep": [{}], "common": {"text": "a"}}},
    ],
)
def test_another_request_with_the_key_is_refused(served: Served, other: dict[str, Any]) -> None:
    assert post(served, data={"text": "a"}).status_code == 303
    words = "was used for another request; send another key with another request"
    assert told(post(served, **other)) == (409, f"Idempotency-Key {KEY['Idempotency-Key']!r} {words}")
    assert count(served) == 1


def test_a_key_belongs_to_one_person_and_one_service(served: Served) -> None:
    places = {
        post(served).location,
        post(served, by=served.curie).location,
        post(served, by=served.admin).location,
        post(served, service="copy", data={"input": (io.BytesIO(b"x"), "x")}).location,
        post(served, headers={"Idempotency-Key": "other"}).location,
        post(served, headers={}).location,
        post(served, headers={}).location,
    }
    assert len(places) == 7


def test_uploads_are_compared_by_their_bytes_and_those_of_the_first_stay(served: Served) -> None:
    def send(content: bytes) -> Any:
        return post(served, service="copy", data={"input": (io.BytesIO(content), "a.dat")})

    first = send(b"one")
    assert send(b"one").location == first.location
    assert send(b"two").status_code == 409
    assert served.anonymous.get(f"{first.location}/parameters/input").data == b"one"


def test_a_refused_request_uses_up_no_key(served: Served) -> None:
    assert post(served, data={"duration": "x"}).status_code == 400
    assert post(served, data={"duration": "1"}).status_code == 303


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256, "a\tb"])
def test_a_key_that_is_none_is_refused(lasting: Served, key: str) -> None:
    answer = post(lasting, headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert answer.text.endswith("1 to 255 visible ASCII characters are needed, without blanks\n")
    assert post(lasting, headers={"Idempotency-Key": "~" * 255}).status_code == 303


def test_what_was_deleted_is_not_made_again(served: Served) -> None:
    first = post(served)
    served.anonymous.delete(first.location)
    answer = post(served)
    assert answer.status_code == 409
    assert "made something that was deleted since; send another key" in answer.text
    assert count(served) == 0


def test_a_repeated_request_is_answered_also_while_the_server_drains(served: Served) -> None:
    first = post(served)
    Draining(served.provstore.settings.data / DRAINING_FILE).begin("moving house")
    assert post(served).location == first.location
    for answer in (post(served, headers={}), post(served, headers={}, json=[{}])):
        assert told(answer) == (503, "no new jobs are taken now: moving house")
        assert int(answer.headers["Retry-After"]) > 0


def test_requests_at_the_same_time_make_one_job(served: Served) -> None:
    def send(_: int) -> Any:
        data = {"input": (io.BytesIO(b"abc" * 100_000), "a.dat")}
        return post(served, by=served.app.test_client(), service="copy", data=data)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(16)))
    assert len({(one.status_code, one.location) for one in answers}) == 1
    assert answers[0].status_code == 303, answers[0].text
    assert count(served) == 1
    job = answers[0].location
    assert served.anonymous.get(f"{job}/parameters/input").data == b"abc" * 100_000
    assert not [one for one in served.provstore.settings.jobs.iterdir() if one.name != job_id(job)]


def test_after_a_restart_the_key_is_still_known(serve: Serve) -> None:
    first = post(serve(), data={"text": "a"})
    again = serve()
    assert post(again, data={"text": "a"}).location == first.location
    assert post(again, data={"text": "b"}).status_code == 409


CHILD = """
import sys
from pathlib import Path
from provstore.accounts.callers import ANONYMOUS
from provstore.app import open_provstore
from provstore.settings import Settings
from provstore.uws.submissions import Submission
with open_provstore(Settings(data=Path(sys.argv[1]))) as provstore:
    print("ready", flush=True)
    sys.stdin.readline()
    print(provstore.service.create(ANONYMOUS, "sleep", Submission(values={"text": "a"}, key=sys.argv[2])), flush=True)
"""


def test_two_processes_make_one_job(served: Served) -> None:
    command = [sys.executable, "-c", CHILD, str(served.provstore.settings.data), KEY["Idempotency-Key"]]
    children = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    told_by = {child.communicate("go\n", timeout=60)[0].strip() for child in children}
    assert told_by == {job_id(post(served, data={"text": "a"}).location)}
    assert count(served) == 1


def test_a_process_beyond_our_locks_that_was_faster_is_believed(served: Served) -> None:
    """As with two hosts on one graph: the store refuses the second, who then looks what is there."""
    first = post(served, data={"text": "a"})
    (node,) = served.provstore.store.get([served.node(job_id(first.location))])
    request = str(node.properties["request_sha256"])

    class Late:
        """A store that shows the other's job only after it has refused ours."""

        def __init__(self) -> None:
            self.answers = [(), (node,)]

        def get(self, _ids: object) -> object:
            return self.answers.pop(0)

        namespace = served.provstore.store.namespace

    def make(_local: str, _request: str) -> None:
        raise Conflict("it exists already")

    claim = Claim(caller=ANONYMOUS, service="sleep", key=KEY["Idempotency-Key"], request=lambda: request)
    late = Idempotency(Late(), served.provstore.settings.data)  # type: ignore[arg-type]  # it answers one question
    assert late.once(claim, prefix="j", make=make) == job_id(first.location)


class Faltering:
    """A store that is lost in the middle of a write; ``done``: after it was carried out."""

    def __init__(self, store: GraphStore, *, done: bool, answers: bool) -> None:
        self._store = store
        self._done = done
        self._answers = answers
        self._lost = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write(self, changes: Sequence[Change]) -> None:
        if self._done:
            self._store.write(changes)
        self._lost = True
        raise Unavailable("the store was lost during a commit")

    def get(self, ids: Sequence[NodeId], viewer: Viewer = EVERYBODY) -> tuple[Node, ...]:
        if self._lost and not self._answers:
            raise Unavailable("the store is away")
        return self._store.get(ids, viewer)


@pytest.mark.parametrize(
    ("done", "answers", "kept"), [(False, True, False), (True, True, True), (False, False, True), (True, False, True)]
)
def test_uploads_stay_while_their_job_may_be_there(served: Served, *, done: bool, answers: bool, kept: bool) -> None:
    store = cast("GraphStore", Faltering(served.provstore.store, done=done, answers=answers))
    service = JobService(replace(served.provstore.parts, records=Records(store)))
    upload = Upload(file_name="a.dat", content_type="", stream=io.BytesIO(b"abc"))
    submission = Submission(values={}, uploads={"input": [upload]}, key="k")
    with pytest.raises(Unavailable, match="was lost during a commit"):
        service.create(ANONYMOUS, "copy", submission)
    assert any(served.provstore.settings.jobs.glob("*/inputs/**/a.dat")) is kept
    again = served.provstore.service.create(ANONYMOUS, "copy", submission)
    assert served.anonymous.get(f"/uws/copy/{again}/parameters/input").data == b"abc"
