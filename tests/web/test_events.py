"""Server-sent events over HTTP: their form, who is told what, and how a stream ends."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse
from werkzeug.wrappers import Response

from tests.web.conftest import Serve
from tests.web.served import BASE, Served, job_id, told

LONG = 30.0
"""Seconds that no test may take."""

START = "2026-03-01T00:00:00Z"
"""Before all jobs of these tests."""


def parsed(text: str) -> list[dict[str, str]]:
    """Read a stream as a browser does (WHATWG HTML 9.2.6): fields of each event; comments are dropped."""
    blocks = [block for block in text.split("\n\n") if block]
    read = []
    for block in blocks:
        lines = [line for line in block.split("\n") if not line.startswith(":")]
        read.append(dict(line.split(": ", 1) for line in lines))
    return [one for one in read if "data" in one]


def phases(text: str) -> list[tuple[str, str]]:
    """Job and phase of each event."""
    return [(data["jobId"], data["phase"]) for one in parsed(text)[:-1] for data in [json.loads(one["data"])]]


def pieces(answer: Response) -> Iterator[str]:
    """Read a stream as it comes."""
    return (piece.decode() for piece in answer.iter_encoded())


def listened(client: FlaskClient, place: str = "/events", **query: str) -> TestResponse:
    return client.get(place, query_string={"WAIT": "0", **query})


def test_a_stream_has_the_form_that_browsers_read_and_proxies_pass_on(served: Served) -> None:
    job = served.create(RUNID="my run")
    answer = listened(served.anonymous, since=START)
    assert answer.status_code == 200
    assert answer.content_type == "text/event-stream; charset=utf-8"
    assert (answer.headers["Cache-Control"], answer.headers["X-Accel-Buffering"]) == ("no-store", "no")
    event, close = parsed(answer.text)
    assert answer.text.startswith("retry: 3000\n\n")
    assert (event["id"], event["event"]) == (f"2026-03-01T12:00:00.000000Z/{job_id(job)}/0", "phase")
    assert json.loads(event["data"]) == {
        "jobId": job_id(job),
        "service": "sleep",
        "phase": "PENDING",
        "runId": "my run",
        "creationTime": "2026-03-01T12:00:00.000Z",
        "changedAt": "2026-03-01T12:00:00.000Z",
        "href": BASE + job,
    }
    assert close == {"event": "close", "data": '{"reason": "the time asked for is over"}'}


def test_every_phase_of_a_job_and_its_deletion_are_told(served: Served) -> None:
    job = served.completed()
    served.anonymous.delete(job)
    events = parsed(listened(served.anonymous, since=START).text)[:-1]
    assert [(one["event"], json.loads(one["data"])["phase"]) for one in events] == [
        ("phase", "PENDING"),
        ("phase", "QUEUED"),
        ("phase", "EXECUTING"),
        ("phase", "COMPLETED"),
        ("deleted", "COMPLETED"),
    ]


def test_without_a_place_to_begin_only_later_events_are_told(served: Served) -> None:
    served.create()
    assert phases(listened(served.anonymous).text) == []


@pytest.mark.parametrize("mount", ["uws", "rest"])
def test_the_events_of_a_service_leave_out_other_services_and_lead_into_the_same_tree(
    served: Served, mount: str
) -> None:
    job = served.create("sleep")
    served.create("copy", input=(io.BytesIO(b"x"), "x"))
    (event,) = parsed(listened(served.anonymous, f"/{mount}/sleep/events", since=START).text)[:-1]
    assert json.loads(event["data"])["href"] == f"{BASE}/{mount}/sleep/{job_id(job)}"


def test_each_is_told_of_the_jobs_that_he_may_see(served: Served) -> None:
    his, open_to_all = served.create(by=served.curie), served.create()
    both = [(job_id(his), "PENDING"), (job_id(open_to_all), "PENDING")]
    seen = {
        "curie": phases(listened(served.curie, since=START).text),
        "admin": phases(listened(served.admin, since=START).text),
        "anonymous": phases(listened(served.anonymous, since=START).text),
    }
    assert seen == {"curie": both[:1], "admin": both, "anonymous": both[1:]}


def test_who_comes_back_is_told_what_he_missed_by_header_and_by_address(served: Served) -> None:
    place = "/events"
    with served.app.test_client().get(place, buffered=False) as live:
        job = served.create()
        text = next(piece for piece in pieces(live) if "event: phase" in piece)
    last = parsed(text)[-1]["id"]
    served.execute(job)
    for options in ({"headers": {"Last-Event-ID": last}}, {"query_string": {"since": last, "WAIT": "0"}}):
        answer = served.anonymous.get(place, **{"query_string": {"WAIT": "0", "since": START}, **options})
        assert phases(answer.text) == [(job_id(job), "QUEUED"), (job_id(job), "EXECUTING")]


def first_event(stream: Iterator[str]) -> dict[str, Any]:
    text = next(piece for piece in stream if "event: " in piece)
    data: dict[str, Any] = json.loads(parsed(text)[0]["data"])
    return data


def test_a_change_by_this_process_is_told_at_once(served: Served) -> None:
    with served.app.test_client().get("/events", buffered=False) as answer, ThreadPoolExecutor() as pool:
        asked = pool.submit(first_event, pieces(answer))
        job = served.create()
        assert asked.result(LONG)["jobId"] == job_id(job)


def test_an_idle_stream_shows_that_it_lives(served: Served) -> None:
    served.provstore.events.heartbeat = timedelta(seconds=0.05)
    with served.app.test_client().get("/events", buffered=False) as answer:
        assert list(islice(pieces(answer), 2, 3)) == [": still here\n\n"]


def test_who_comes_back_before_the_first_event_has_missed_nothing(served: Served) -> None:
    [begin, _] = listened(served.anonymous).text.removeprefix("retry: 3000\n\n").split("\n\n", maxsplit=1)
    job = served.create()
    again = served.anonymous.get("/events?WAIT=0", headers={"Last-Event-ID": begin.removeprefix("id: ")})
    assert json.loads(parsed(again.text)[0]["data"])["jobId"] == job_id(job)


def test_a_revoked_token_ends_the_stream_at_the_next_heartbeat(served: Served) -> None:
    served.provstore.events.heartbeat = timedelta(seconds=0.05)
    token = served.provstore.accounts.add("leaving")
    with served.client(token).get("/events", buffered=False) as answer:
        stream = pieces(answer)
        assert next(stream) == "retry: 3000\n\n"
        served.provstore.accounts.set_active("leaving", active=False)
        rest = "".join(stream)
    assert parsed(rest) == [{"event": "close", "data": '{"reason": "the token or session is no longer valid"}'}]


def test_a_server_that_stops_says_so(served: Served) -> None:
    with served.app.test_client().get("/events", buffered=False) as answer:
        stream = pieces(answer)
        assert next(stream) == "retry: 3000\n\n"
        served.provstore.hang_up()
        assert parsed("".join(stream)) == [{"event": "close", "data": '{"reason": "the server stops"}'}]


def test_a_surplus_stream_is_told_to_come_later_and_a_closed_one_makes_room(serve: Serve) -> None:
    served = serve(events_max=1)
    with served.app.test_client().get("/events", buffered=False) as answer:
        assert answer.status_code == 200
        refused = served.anonymous.get("/uws/sleep/events")
        assert told(refused) == (503, "1 event streams are open; at most 1 may be")
        assert "Retry-After" in refused.headers
    assert served.provstore.events.streams == 0
    assert listened(served.anonymous).status_code == 200


def test_head_opens_no_stream(served: Served) -> None:
    assert served.anonymous.head("/events").status_code == 200
    assert served.provstore.events.streams == 0


@pytest.mark.parametrize(
    ("place", "status", "words"),
    [
        ("/uws/nothing/events", 404, "no service 'nothing'"),
        ("/uws/sleep/events?since=soon", 400, "since='soon': an ISO 8601 instant in UTC is needed"),
        ("/uws/sleep/events?WAIT=soon", 400, "WAIT='soon': a number of seconds is needed, or -1"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_opened(
    lasting: Served, place: str, status: int, words: str
) -> None:
    answer = lasting.anonymous.get(place)
    assert (answer.status_code, answer.text.startswith(words)) == (status, True)
    assert lasting.provstore.events.streams == 0
