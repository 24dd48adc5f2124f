"""What is wrong is refused with its status and words that name it; nothing of it stays behind."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provstore.accounts.callers import ANONYMOUS
from provstore.errors import ProvstoreError
from provstore.uws.inputs.sources import Upload
from provstore.uws.submissions import Submission
from tests.web.conftest import Serve
from tests.web.served import Served, job_id, told

BOUNDARY = "multipart/form-data; boundary=frontier"
NO_CLUSTER = "the executor local of these jobs takes no slurm_* parameters; leave it out"
QUOTE = "whole seconds or an ISO 8601 instant in UTC, such as 2026-11-22T17:00:00Z, are needed"
TOO_EARLY = "the job is only created at 2026-03-01T12:00:00+00:00"
NEITHER = "is neither an upload nor the id or address of an entity stored here"
PART = b'--frontier\r\nContent-Disposition: form-data; name="text"\r\n\r\nhello\r\n'


def file(content: bytes = b"IMAGE") -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), "m31.fits"


def afresh(value: Any) -> Any:
    """A file can be sent once only: make it anew."""
    return (io.BytesIO(b"x"), value[1]) if isinstance(value, tuple) else value


def traces(served: Served) -> tuple[list[str], int]:
    """Everything a request could leave: files of the data directory (the store's own aside), and nodes."""
    data = served.provstore.settings.data
    files = [str(path.relative_to(data)) for path in data.rglob("*") if not path.name.startswith("graph.sqlite")]
    return sorted(one for one in files if one != "jobs"), sum(1 for _ in served.provstore.store.scan().nodes())


@pytest.fixture
def untouched(lasting: Served) -> Iterator[Served]:
    """The server; at the end it must be as it was."""
    before = traces(lasting)
    yield lasting
    assert traces(lasting) == before


@pytest.mark.parametrize(
    ("service", "values", "words"),
    [
        ("sleep", {"duration": "-0.5"}, "parameter duration: '-0.5' is not at least 0"),
        (
            "sleep",
            {"duration": "1,5"},
            "parameter duration: '1,5' is not a finite number, written with a decimal point",
        ),
        ("sleep", {"exit_code": "256"}, "parameter exit_code: '256' is not at most 255"),
        ("sleep", {"exit_code": "1.0"}, "parameter exit_code: '1.0' is not an integer"),
        ("sleep", {"exit_code": ""}, "parameter exit_code: '' is not an integer"),
        ("sleep", {"seconds": "1"}, "unknown name 'seconds'; known: duration, exit_code, text"),
        ("sleep", {"text": "a", "TEXT": "b"}, "parameter text is given twice, as 'text' and 'TEXT'"),
        ("sleep", {"text": "a\0b"}, r"parameter text: 'a\x00b' is not text without NUL characters"),
        ("sleep", {"RUNID": "a\0b"}, r"RUNID='a\x00b': text without NUL characters is needed"),
        ("sleep", {"text": "param:part"}, "param:part: the request has no part 'part'"),
        ("sleep", {"PHASE": "ABORT"}, "PHASE='ABORT': a new job takes only RUN"),
        ("sleep", {"PHASE": "run"}, "PHASE='run': a new job takes only RUN"),
        ("sleep", {"text": file()}, "sleep takes no file 'text'; files it takes: none"),
        ("sleep", {"a;touch x": "1"}, "unknown name 'a;touch x'; known: duration, exit_code, text"),
        ("sleep", {"slurm_mem": "$(x)"}, f"slurm_mem='$(x)': {NO_CLUSTER}"),
        ("sleep", {"uws_quote": "-1"}, f"UWS_QUOTE='-1': {QUOTE}"),
        ("sleep", {"UWS_QUOTE": "2020-01-01"}, f"UWS_QUOTE=2020-01-01T00:00:00+00:00: {TOO_EARLY}"),
        ("copy", {}, "input input: 0 items; right is exactly 1"),
        ("copy", {"input": "a.fits"}, f"input input: 'a.fits' {NEITHER}"),
        ("copy", {"input": "id:e0"}, "input input: there is no entity 'id:e0' in the store"),
        ("copy", {"input": "id:"}, "input input: there is no entity 'id:' in the store"),
        (
            "copy",
            {"input": f"e{'0' * 32}.result"},
            f"input input: there is no entity 'e{'0' * 32}.result' in the store",
        ),
        (
            "copy",
            {"input": f"http://localhost/uws/sleep/j{'0' * 32}/results/result"},
            f"input input: there is no entity 'http://localhost/uws/sleep/j{'0' * 32}/results/result' in the store",
        ),
        (
            "copy",
            {"input": "file:///etc/passwd"},
            "input input: 'file:///etc/passwd' can't be fetched: its scheme is not fetched here; allowed: https, http",
        ),
        (
            "copy",
            {"input": "http://localhost/store/../../etc/passwd"},
            f"input input: 'http://localhost/store/../../etc/passwd' {NEITHER}",
        ),
        ("copy", {"other": file()}, "copy takes no file 'other'; files it takes: input"),
        ("copy", {"input": [file(), file()]}, "input input: 2 items; right is exactly 1"),
        ("copy", {"input": "param:x", "INPUT": file()}, "param:x: the request has no part 'x'"),
        ("stack", {"image": file()}, "parameter count is required and has no default"),
        ("stack", {"image": file(), "count": "1", "mode": "max"}, "parameter mode: 'max' is not one of: mean, median"),
        (
            "stack",
            {"image": file(), "count": "1", "threshold": "100.5"},
            "parameter threshold: '100.5' is not at most 100",
        ),
        (
            "stack",
            {"image": file(), "count": str(1 << 31)},
            "parameter count: '2147483648' is not within the range of int: -2147483648 to 2147483647",
        ),
        ("stack", {"count": "1"}, "input image: 0 items; right is exactly 1"),
        ("stack", {"image": file(), "count": "1", "flats": "e1,e2"}, f"input flats: 'e1' {NEITHER}"),
        (
            "stack",
            {"image": file(), "count": "1", "observation": "a\0b"},
            r"input observation: 'a\x00b' is not text without NUL characters",
        ),
        (
            "stack",
            {"image": file(), "count": "1", "DESTRUCTION": "tomorrow"},
            "DESTRUCTION='tomorrow': an ISO 8601 instant in UTC is needed, such as 2026-11-22T17:00:00Z",
        ),
    ],
)
def test_a_wrong_value_is_refused_with_what_would_be_right(
    untouched: Served, service: str, values: dict[str, Any], words: str
) -> None:
    sent = {
        name: [afresh(one) for one in value] if isinstance(value, list) else afresh(value)
        for name, value in values.items()
    }
    assert told(untouched.anonymous.post(f"/uws/{service}", data=sent)) == (400, words)


def test_an_input_both_as_file_and_as_value_is_refused(untouched: Served) -> None:
    body = (
        b'--frontier\r\nContent-Disposition: form-data; name="input"\r\n\r\ne1\r\n'
        b'--frontier\r\nContent-Disposition: form-data; name="input"; filename="a"\r\n\r\nhello\r\n--frontier--\r\n'
    )
    answer = untouched.anonymous.post("/uws/copy", data=body, content_type=BOUNDARY)
    assert told(answer) == (400, "input input is given twice, as a file and as the value 'e1'")


@pytest.mark.parametrize(
    ("content_type", "body", "words"),
    [
        ("multipart/form-data", PART + b"--frontier--\r\n", "names no boundary"),
        ("multipart/form-data; boundary=", PART + b"--frontier--\r\n", "names no boundary"),
        (BOUNDARY, PART, "malformed"),
        (BOUNDARY, PART[:-20], "malformed"),
        (BOUNDARY, b"garbage", "malformed"),
        (BOUNDARY, bytes(range(256)), "malformed"),
        (BOUNDARY, b"", "malformed"),
        (BOUNDARY, b"--frontier\r\nContent-Disposition: form-data\r\n\r\na\r\n--frontier--\r\n", "has no name"),
        (BOUNDARY, b"--frontier\r\n\r\nno disposition\r\n--frontier--\r\n", "malformed"),
        ("multipart/form-data; boundary=other", PART + b"--frontier--\r\n", "malformed"),
        (BOUNDARY, PART * 2001 + b"--frontier--\r\n", "larger than this server allows"),
    ],
)
def test_a_malformed_upload_is_refused(untouched: Served, content_type: str, body: bytes, words: str) -> None:
    answer = untouched.anonymous.post("/uws/sleep", data=body, content_type=content_type)
    assert answer.status_code == (413 if "larger" in words else 400)
    assert words in answer.text


@pytest.mark.parametrize("body", [b"text=%ff", b"text=\xff", b"te%ffxt=1"])
def test_a_form_that_is_no_utf_8_is_refused_and_not_guessed(untouched: Served, body: bytes) -> None:
    answer = untouched.anonymous.post("/uws/sleep", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400


@pytest.mark.parametrize("content_type", ["text/xml", "application/octet-stream", "nonsense"])
def test_a_body_of_another_type_is_refused_with_the_right_ones(untouched: Served, content_type: str) -> None:
    answer = untouched.anonymous.post("/uws/sleep", data=b'{"text": "a"}', content_type=content_type)
    assert told(answer) == (
        415,
        f"a body of type {content_type!r} is not read; send application/x-www-form-urlencoded or multipart/form-data",
    )


def test_a_body_without_a_type_is_refused(untouched: Served) -> None:
    assert untouched.anonymous.post("/uws/sleep", data=b"text=a").status_code == 415


def test_too_much_is_refused_whatever_it_is_and_leaves_nothing(serve: Serve) -> None:
    served = serve(upload_max=5000, form_max=1000)
    before = traces(served)
    answers = [
        served.anonymous.post("/uws/copy", data={"input": (io.BytesIO(b"x" * 6000), "a")}),
        served.anonymous.post("/uws/sleep", data={"text": "x" * 1001}),
        served.anonymous.post("/uws/sleep", data={"text": "x" * 6000}),
        served.anonymous.post("/uws/sleep", data={"text": "x" * 1001, "file": (io.BytesIO(b"x"), "a")}),
    ]
    assert [answer.status_code for answer in answers] == [413] * 4
    words = "the request is larger than this server allows: 5000 bytes, 1000 of them outside of files"
    assert {answer.text.strip() for answer in answers} == {words}
    assert traces(served) == before


def test_an_upload_at_the_limit_of_one_file_is_refused_by_its_true_size(serve: Serve) -> None:
    served = serve(upload_max=100)
    before = traces(served)
    upload = Upload(file_name="a", content_type="", stream=io.BytesIO(b"x" * 101))
    with pytest.raises(ProvstoreError, match="a has more than the 100 bytes allowed for one file"):
        served.provstore.service.create(ANONYMOUS, "copy", Submission(values={}, uploads={"input": (upload,)}))
    assert traces(served) == before


@pytest.mark.parametrize(
    "path",
    [
        "/uws/none",
        "/uws/none/j0",
        "/uws/sleep/1",
        "/uws/sleep/..",
        f"/uws/sleep/j{'0' * 32}",
        f"/uws/sleep/j{'0' * 32}/phase",
        "/uws/sleep/../../etc/passwd",
        "/uws/%2e%2e/%2e%2e",
        "/uws/sleep/%00",
        "/uws/none/sweeps",
        "/uws/sleep/sweeps/s0",
        f"/uws/sleep/sweeps/s{'0' * 32}",
        "/uws/sleep/sweeps/%00",
        "/rest/none",
        "/nowhere",
        "/id/none",
        "/id/%2e%2e%2fadmin-token",
        "/store/none",
        "/store/../admin-token",
        "/store/%2e%2e/admin-token",
        "/store/%00",
        "/jdl/../uws",
    ],
)
def test_what_is_not_there_is_not_found_and_no_path_leads_out(untouched: Served, path: str) -> None:
    answer = untouched.anonymous.get(path)
    assert answer.status_code == 404
    assert untouched.tokens["admin"] not in answer.text


@pytest.mark.parametrize("name", ["../stdout", "..%2fstdout", "../../token", "%2e%2e%2f%2e%2e%2ftoken", "..", "%00"])
@pytest.mark.parametrize("folder", ["results", "parameters"])
def test_no_name_below_a_job_leads_out(lasting: Served, folder: str, name: str) -> None:
    assert lasting.anonymous.get(f"{lasting.create()}/{folder}/{name}").status_code == 404


def test_a_service_that_is_unknown_is_told_with_those_that_are_known(untouched: Served) -> None:
    answer = untouched.anonymous.post("/uws/slepp")
    assert answer.status_code == 404
    assert answer.text.startswith("no service 'slepp'; known services: ")
    assert "sleep" in answer.text


def test_a_job_belongs_to_one_service(lasting: Served) -> None:
    job = lasting.create()
    assert lasting.anonymous.get(job.replace("sleep", "copy")).status_code == 404


def test_an_unknown_parameter_is_not_found_by_name(lasting: Served) -> None:
    job = lasting.create()
    answer = lasting.anonymous.get(f"{job}/parameters/none")
    assert told(answer) == (404, f"job {job_id(job)} has no parameter 'none'")


def test_an_error_is_json_for_who_prefers_it(untouched: Served) -> None:
    answer = untouched.anonymous.post(
        "/uws/sleep", data={"duration": "x" * 5000}, headers={"Accept": "application/json"}
    )
    assert (answer.status_code, answer.content_type) == (400, "application/json")
    assert answer.json is not None
    error = answer.json["error"]
    assert (error["kind"], error["field"]) == ("Invalid", "duration")
    assert error["message"].startswith("parameter duration: 'xxx")
    assert error["message"].endswith("is not a finite number, written with a decimal point")
    assert len(json.dumps(error)) < 3000


@pytest.mark.parametrize("accept", ["*/*", "text/plain", "text/xml", "application/xml,text/plain", "nonsense"])
def test_an_error_in_the_tree_is_plain_text_for_everybody_else(untouched: Served, accept: str) -> None:
    answer = untouched.anonymous.get("/uws/none", headers={"Accept": accept})
    assert (answer.status_code, answer.content_type) == (404, "text/plain; charset=utf-8")


def test_a_method_that_is_not_served_is_refused_with_those_that_are(untouched: Served) -> None:
    answer = untouched.anonymous.put("/uws/sleep")
    assert answer.status_code == 405
    assert {one.strip() for one in answer.headers["Allow"].split(",")} >= {"GET", "POST"}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "id is needed: a local part, a QName or a URI; it may be repeated"),
        ("id=", "id is needed: a local part, a QName or a URI; it may be repeated"),
        ("id=x&depth=-1", "depth='-1': a whole number, 0 or above, or all, is needed"),
        ("id=x&depth=deep", "depth='deep': a whole number, 0 or above, or all, is needed"),
        ("id=x&direction=left", "direction='left': one of up, down, both is needed"),
        ("id=x&descriptions=3", "descriptions='3': 0, 1 or 2 is needed"),
        ("id=x&format=doc", "unknown format 'doc'; known: "),
    ],
)
def test_a_question_that_can_not_be_understood_is_refused(untouched: Served, query: str, words: str) -> None:
    answer = untouched.anonymous.get(f"/prov/lineage?{query}")
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"]["message"].startswith(words)


@pytest.mark.parametrize("query", ["id=none", "id=a:b", "id=%00", "id=id:none", "id=http://[", f"id={'x' * 5000}"])
def test_lineage_of_an_unknown_id_is_not_found(untouched: Served, query: str) -> None:
    assert untouched.anonymous.get(f"/prov/lineage?{query}").status_code == 404


def test_files_of_a_refused_creation_are_gone(untouched: Served) -> None:
    values = {"count": "1", "image": file(), "flats": "e1"}
    assert untouched.anonymous.post("/uws/stack", data=values).status_code == 400
    assert not any(Path(untouched.provstore.settings.jobs).glob("*/inputs/**/*.fits"))
