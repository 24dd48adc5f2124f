"""Bytes: results, stored entities, logs; with ranges, tags and HEAD."""

from __future__ import annotations

import io
from hashlib import sha256

import pytest

from provstore.graph.store import Update
from tests.web.served import STACKED, Served, job_id, told

CONTENT = bytes(range(256)) * 4
TAG = f'"{sha256(CONTENT).hexdigest()}"'


@pytest.fixture(params=["results/output", "results/result", "store"])
def address(request: pytest.FixtureRequest, served: Served) -> str:
    """Every address of the same bytes."""
    job = served.completed("copy", {"results/output.dat": CONTENT}, input=(io.BytesIO(CONTENT), "a.dat"))
    return f"/store/e{job_id(job)[1:]}.output" if request.param == "store" else f"{job}/{request.param}"


def test_content_comes_whole_with_its_type_size_and_tag(served: Served, address: str) -> None:
    answer = served.anonymous.get(address)
    assert (answer.status_code, answer.data) == (200, CONTENT)
    names = ("Content-Type", "Content-Length", "ETag", "Accept-Ranges", "X-Content-Type-Options", "Content-Disposition")
    assert [answer.headers.get(name) for name in names] == [
        "application/octet-stream",
        "1024",
        TAG,
        "bytes",
        "nosniff",
        "inline; filename=output.dat",
    ]
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_head_tells_the_same_without_the_bytes(served: Served, address: str) -> None:
    whole, head = served.anonymous.get(address), served.anonymous.head(address)
    assert (head.status_code, head.data) == (200, b"")
    assert [head.headers[name] for name in ("Content-Length", "ETag", "Content-Type")] == [
        whole.headers[name] for name in ("Content-Length", "ETag", "Content-Type")
    ]


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [("bytes=0-3", 0, 3), ("bytes=1000-", 1000, 1023), ("bytes=-4", 1020, 1023), ("bytes=9-99999", 9, 1023)],
)
def test_a_range_gives_just_that_part(served: Served, address: str, wanted: str, first: int, last: int) -> None:
    answer = served.anonymous.get(address, headers={"Range": wanted})
    assert (answer.status_code, answer.data) == (206, CONTENT[first : last + 1])
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/1024"


@pytest.mark.parametrize("wanted", ["bytes=1024-", "bytes=5000-6000"])
def test_a_range_beyond_the_end_is_refused_with_the_size(served: Served, address: str, wanted: str) -> None:
    answer = served.anonymous.get(address, headers={"Range": wanted})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == "bytes */1024"


def test_who_has_the_bytes_already_gets_none(served: Served, address: str) -> None:
    answer = served.anonymous.get(address, headers={"If-None-Match": TAG})
    assert (answer.status_code, answer.data) == (304, b"")
    assert served.anonymous.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_file_name_of_a_script_can_not_break_the_header(served: Served) -> None:
    served.create()
    job = served.completed("copy", {"results/output.dat": b"x"}, input=(io.BytesIO(b"x"), "a"))
    result = served.provstore.records.read(job_id(job)).results[0]
    odd = served.provstore.files.path(result.location).with_name('o"d\r\nX: y é.dat')
    odd.write_bytes(b"odd")
    location = served.provstore.files.location(odd)
    served.provstore.store.write([Update(node=result.entity, expected={}, put={"location": location})])
    answer = served.anonymous.get(f"{job}/results/output")
    assert (answer.status_code, answer.data) == (200, b"odd")
    assert answer.headers["Content-Disposition"] == "inline; filename=o_d_X_y_.dat"


def test_the_alias_leads_to_the_main_result_only_where_none_is_called_so(served: Served) -> None:
    job = served.completed("stack", STACKED, count=1, image=(io.BytesIO(b"x"), "x"))
    assert served.anonymous.get(f"{job}/results/result").data == b"STACKED"
    assert served.anonymous.get(f"{served.completed()}/results/result").data == b"hello"


def test_a_missing_result_is_told_with_those_that_are_there(served: Served) -> None:
    job = served.completed()
    answer = served.anonymous.get(f"{job}/results/other")
    assert told(answer) == (404, f"job {job_id(job)} has no result 'other'; its results: result")
    pending = served.create()
    answer = served.anonymous.get(f"{pending}/results/result")
    assert told(answer) == (404, f"job {job_id(pending)} has no result 'result'; its results: none yet")


def test_a_result_that_is_not_there_any_more_is_not_found(served: Served) -> None:
    job = served.completed()
    (served.directory(job) / "results" / "result.txt").unlink()
    assert served.anonymous.get(f"{job}/results/result").status_code == 404


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_logs_can_be_read_while_the_job_runs_whole_or_their_end(served: Served, stream: str) -> None:
    job = served.create()
    assert told(served.anonymous.get(f"{job}/{stream}")) == (200, "")
    served.execute(job)
    (served.directory(job) / stream).write_bytes("one\ntwo\nthrée".encode())
    place = f"{job}/{stream}"
    assert served.anonymous.get(place).text == "one\ntwo\nthrée"
    assert served.anonymous.get(f"{place}?lines=1").text == "thrée"
    assert served.anonymous.get(f"{place}?lines=2").text == "two\nthrée"
    assert served.anonymous.get(f"{place}?lines={'9' * 5000}").text == "one\ntwo\nthrée"
    assert served.anonymous.get(place, headers={"Range": "bytes=4-6"}).data == b"two"
    assert served.anonymous.get(place).content_type == "text/plain; charset=utf-8"


@pytest.mark.parametrize("lines", ["0", "-1", "", "x", "1.5"])
def test_a_number_of_lines_that_is_none_is_refused(served: Served, lines: str) -> None:
    answer = served.anonymous.get(f"{served.create()}/stdout?lines={lines}")
    assert told(answer) == (400, f"lines={lines!r}: a whole number, 1 or above, is needed")


def test_what_is_no_file_has_no_bytes(served: Served) -> None:
    job = served.completed("stack", STACKED, count=1, image=(io.BytesIO(b"x"), "x"), observation="33794")
    inputs = {one.name: one.entity for one in served.provstore.records.read(job_id(job)).inputs}
    for entity in (inputs["observation"], served.node(job_id(job)), "no-such"):
        assert served.anonymous.get(f"/store/{entity}").status_code == 404
    answer = served.anonymous.get(f"/store/{job_id(job)}")
    assert answer.json == {
        "error": {
            "kind": "NotFound",
            "message": f"of '{job_id(job)}' no file is kept here",
            "field": "entity",
            "value": job_id(job),
        }
    }


def test_a_stored_file_is_shown_to_its_readers_only(served: Served) -> None:
    job = served.create(by=served.curie)
    served.execute(job, by=served.curie)
    served.finish(job)
    address = f"/store/e{job_id(job)[1:]}.result"
    clients = (served.curie, served.admin, served.anonymous)
    assert [client.get(address).status_code for client in clients] == [200, 200, 404]
