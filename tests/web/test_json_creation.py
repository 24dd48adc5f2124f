"""Making and changing jobs by JSON: the same jobs as by forms, and clear words for what is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provstore.uws.phases import Phase
from tests.web.conftest import Serve
from tests.web.served import Served, job_id, told


def post(served: Served, body: Any, *, address: str = "/uws/sleep") -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return served.anonymous.post(address, data=content, content_type="application/json")


def test_a_job_in_json_is_the_job_of_the_same_form(served: Served) -> None:
    form = served.create(text="a", duration="2.50", RUNID="r", EXECUTIONDURATION="30", DESTRUCTION="2026-03-05")
    answer = post(
        served,
        {
            "parameters": {"text": "a", "duration": "2.50"},
            "runId": "r",
            "executionDuration": 30,
            "destruction": "2026-03-05",
        },
    )
    assert answer.status_code == 303
    by_json, by_form = served.json(answer.location), served.json(form)
    assert by_json | {"jobId": ""} == by_form | {"jobId": ""}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'"1"', "1"),
        (b"1", "1"),
        (b"1.50", "1.50"),
        (b"1e2", "1e2"),
        (b"12345678901234567890.12345678901234567890", "12345678901234567890.12345678901234567890"),
        (b"true", "true"),
        (b"false", "false"),
        (b'["a", 1, true]', "a 1 true"),
        (b"[]", ""),
        ('"\\u00fc \U0001f52d"'.encode(), "ü \U0001f52d"),
        (b"null", "hello"),
    ],
)
def test_a_value_is_taken_as_its_text(served: Served, text: bytes, value: str) -> None:
    answer = post(served, b'{"parameters": {"text": ' + text + b"}}")
    assert served.json(answer.location)["parameters"]["text"] == value


def test_a_number_reaches_a_numeric_parameter_to_the_letter(served: Served) -> None:
    answer = post(served, b'{"parameters": {"duration": 0.10, "exit_code": 3}}')
    assert served.json(answer.location)["parameters"] == {"duration": "0.10", "exit_code": "3", "text": "hello"}


@pytest.mark.parametrize(
    ("body", "address"),
    [
        ({"run": True}, "/uws/sleep"),
        ({"phase": "RUN"}, "/uws/sleep"),
        ({"PHASE": "RUN", "RunId": "x"}, "/uws/sleep"),
        ({}, "/uws/sleep?PHASE=RUN"),
    ],
)
def test_a_job_in_json_can_be_run_at_once(served: Served, body: dict[str, Any], address: str) -> None:
    assert served.phase(post(served, body, address=address).location) == Phase.QUEUED


def test_a_stored_entity_and_several_items_can_be_named(served: Served) -> None:
    ids = [f"e{job_id(served.completed(text=text))[1:]}.result" for text in "ab"]
    values = {"image": ids[0], "flats": ids, "count": 1}
    answer = post(served, {"parameters": values}, address="/uws/stack")
    assert answer.status_code == 303, answer.text
    assert served.json(answer.location)["parameters"]["flats"] == ["result", "result"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "malformed JSON at line 1, column 1: Expecting value"),
        (b"{", "malformed JSON at line 1, column 2: Expecting property name enclosed in double quotes"),
        (b'{"parameters":\n  {"text" "a"}}', "malformed JSON at line 2, column 11: Expecting ':' delimiter"),
        (b'{"parameters": {}} x', "malformed JSON at line 1, column 20: Extra data"),
        (b"\xff", "the value is no UTF-8 text: invalid start byte at byte 0"),
        (b'{"parameters": {"text": NaN}}', 'malformed JSON: NaN is no JSON; send it as text, "NaN"'),
        (b'{"parameters": {"text": "a", "text": "b"}}', "malformed JSON: 'text' stands twice in one object"),
        (b"[" * 100_000, "malformed JSON: it is nested too deeply; a sweep needs three levels"),
        (b'{"a":' * 100_000, "malformed JSON: it is nested too deeply; a sweep needs three levels"),
        (b'"text"', "the body is text or a number; an object is needed"),
        (b"null", "the body is null; an object is needed"),
        (b'{"parameters": ["text"]}', "parameters is an array; an object is needed"),
        (b'{"run": "yes"}', "run is text or a number; true or false is needed"),
        (b'{"run": 1}', "run is text or a number; true or false is needed"),
        (b'{"runId": "a", "runid": "b"}', "a second time: member 'runid'; known: "),
        (b'{"text": "a"}', "unknown member 'text'; known: parameters, runId, executionDuration, destruction, run, "),
        (b'{"parameters": {"text": {"a": 1}}}', "parameters, text: an object can't be a value; text, number, "),
        (b'{"parameters": {"text": [["a"]]}}', "parameters, text: an array can't be a value; text, number, "),
        (b'{"parameters": {"text": [null]}}', "parameters, text: null can't be a value; text, number, "),
        (b'{"parameters": {"text": "\\ud800"}}', "parameters, text: half a surrogate pair at character 0 is no text"),
        (b'{"parameters": {"\\udfff": "a"}}', "parameters, a name: half a surrogate pair at character 0 is no text"),
        (b'{"parameters": {"text": "a\\u0000b"}}', r"parameter text: 'a\x00b' is not text without NUL characters"),
        (b'{"parameters": {"colour": "red"}}', "unknown name 'colour'; known: duration, exit_code, text"),
        (b'{"parameters": {"duration": -1}}', "parameter duration: '-1' is not at least 0"),
        (b'{"phase": "ABORT"}', "PHASE='ABORT': a new job takes only RUN"),
        (b'{"destruction": 20}', "DESTRUCTION='20': an ISO 8601 instant in UTC is needed"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(lasting: Served, body: bytes, words: str) -> None:
    before = lasting.json("/uws", by=lasting.anonymous)
    answer = post(lasting, body)
    assert answer.status_code == 400
    assert answer.text.startswith(words)
    assert lasting.json("/uws", by=lasting.anonymous) == before


def test_a_body_beyond_the_limit_is_refused(serve: Serve) -> None:
    served = serve(form_max=1000)
    assert post(served, {"parameters": {"text": "x" * 1000}}).status_code == 413
    assert post(served, {"parameters": {"text": "x" * 900}}).status_code == 303


def test_parameters_can_be_changed_by_json(served: Served) -> None:
    job = served.create()
    for address, body in ((f"{job}/parameters", {"text": "b", "DURATION": 2}), (job, {"exit_code": 3})):
        assert post(served, body, address=address).status_code == 303
    assert served.json(job)["parameters"] == {"duration": "2", "exit_code": "3", "text": "b"}
    assert told(post(served, [1], address=job)) == (400, "parameters is an array; an object is needed")
    assert post(served, {"ACTION": "DELETE"}, address=job).status_code == 303
    assert served.anonymous.get(job).status_code == 404
