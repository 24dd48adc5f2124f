"""Bytes: results, stored entities, logs; with ranges, tags and HEAD."""

from __future__ import annotations

import io
from collections.abc import Iterator
from email.parser import BytesParser
from email.policy import HTTP
from hashlib import sha256

import pytest

from provstore.graph.store import Update
from tests.web.conftest import Serve
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
        'inline; filename="output.dat"',
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


@pytest.mark.parametrize(
    "wanted", ["bytes=4-2", "bytes=x-1", "bytes=-", "lines=1-2", "bytes", "bytes=0-1023,0-1023", ""]
)
def test_a_range_that_can_not_be_read_or_asks_for_too_much_is_ignored(
    served: Served, address: str, wanted: str
) -> None:
    answer = served.anonymous.get(address, headers={"Range": wanted})
    assert (answer.status_code, answer.data) == (200, CONTENT)


def test_several_ranges_come_as_parts_in_the_order_asked_for(served: Served, address: str) -> None:
    answer = served.anonymous.get(address, headers={"Range": "bytes=512-515, -2,0-0, 5000-"})
    assert answer.status_code == 206
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    message = BytesParser(policy=HTTP).parsebytes(
        f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode() + answer.data
    )
    parts = [(part["Content-Range"], part["Content-Type"], part.get_content()) for part in message.iter_parts()]
    assert parts == [
        ("bytes 512-515/1024", "application/octet-stream", CONTENT[512:516]),
        ("bytes 1022-1023/1024", "application/octet-stream", CONTENT[-2:]),
        ("bytes 0-0/1024", "application/octet-stream", CONTENT[:1]),
    ]


def test_who_has_a_part_of_this_very_content_gets_the_rest_and_of_another_one_the_whole(
    served: Served, address: str
) -> None:
    wanted = {"Range": "bytes=1000-"}
    changed = served.anonymous.get(address).headers["Last-Modified"]
    answers = {
        validator: served.anonymous.get(address, headers={**wanted, "If-Range": validator}).status_code
        for validator in (TAG, '"other"', changed, "Sun, 01 Mar 2026 12:00:00 GMT")
    }
    assert answers == {TAG: 206, '"other"': 200, changed: 206, "Sun, 01 Mar 2026 12:00:00 GMT": 200}


def test_who_knows_the_content_or_only_asks_for_the_head_gets_no_range(served: Served, address: str) -> None:
    wanted = {"Range": "bytes=0-3"}
    assert served.anonymous.get(address, headers={**wanted, "If-None-Match": TAG}).status_code == 304
    head = served.anonymous.head(address, headers=wanted)
    assert (head.status_code, head.headers["Content-Length"]) == (200, "1024")


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
    own = "o%22d__X%3A%20y%20%C3%A9.dat"
    assert answer.headers["Content-Disposition"] == f"inline; filename=\"o_d_X_y_.dat\"; filename*=UTF-8''{own}"


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
    answer = served.anonymous.get(place)
    assert answer.content_type == "text/plain; charset=utf-8"
    assert {name for name in ("ETag", "Last-Modified") if name in answer.headers} == set()
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_log_that_grows_is_given_as_long_as_it_was_said_to_be(served: Served) -> None:
    job = served.create()
    served.execute(job)
    log = served.directory(job) / "stdout"
    log.write_bytes(b"one")
    with served.app.test_client().get(f"{job}/stdout", buffered=False) as answer:
        log.write_bytes(b"one and more")
        assert (answer.headers["Content-Length"], answer.get_data()) == ("3", b"one")
    place = f"{job}/stdout"
    assert served.anonymous.get(place, headers={"Range": "bytes=3-"}).data == b" and more"
    assert served.anonymous.get(place, headers={"Range": "bytes=3-", "If-Range": '"x"'}).data == b"one and more"
    assert served.anonymous.get(place, headers={"Range": "bytes=12-"}).status_code == 416


def test_the_log_of_a_job_that_is_over_may_be_kept_and_that_of_a_destroyed_one_is_gone(served: Served) -> None:
    job = served.create()
    served.execute(job)
    served.finish(job, {"results/result.txt": b"x", "stdout": b"one\ntwo\n"})
    whole, tail = served.anonymous.get(f"{job}/stdout"), served.anonymous.get(f"{job}/stdout?lines=1")
    assert (whole.text, tail.text) == ("one\ntwo\n", "two\n")
    assert whole.headers["ETag"] != tail.headers["ETag"]
    known = {"If-None-Match": whole.headers["ETag"]}
    assert served.anonymous.get(f"{job}/stdout", headers=known).status_code == 304
    served.clock.advance(400 * 24 * 3600)
    served.tick()
    assert served.phase(job) == "ARCHIVED"
    words = f"stdout is not kept any more: job {job_id(job)} was destroyed"
    assert told(served.anonymous.get(f"{job}/stdout")) == (404, words)
    words = "its file is not kept any more: the job it belongs to was destroyed"
    assert told(served.anonymous.get(f"{job}/results/result")) == (404, words)


def grown(served: Served, job: str, query: str = "follow=true") -> Iterator[bytes]:
    """Follow the output of a job; the pieces that are not empty."""
    answer = served.app.test_client().get(f"{job}/stdout?{query}", buffered=False)
    assert (answer.status_code, answer.content_type) == (200, "text/plain; charset=utf-8")
    assert (answer.headers["Cache-Control"], answer.headers["X-Accel-Buffering"]) == ("no-store", "no")
    return (piece for piece in answer.iter_encoded() if piece)


def test_output_is_followed_until_the_job_is_over(served: Served) -> None:
    job = served.create()
    pieces = grown(served, job)
    served.execute(job)
    log = served.directory(job) / "stdout"
    for piece in (b"one\n", b"two\n"):
        with log.open("ab") as stream:
            stream.write(piece)
        assert next(pieces) == piece
    served.finish(job, {"results/result.txt": b"x", "stdout": b"one\ntwo\nthree\n"})
    assert list(pieces) == [b"three\n"]


def test_following_begins_with_the_last_lines_where_that_is_asked_for(served: Served) -> None:
    job = served.create()
    served.execute(job)
    log = served.directory(job) / "stdout"
    log.write_bytes(b"one\ntwo\n")
    pieces = grown(served, job, "lines=1&follow=1")
    assert next(pieces) == b"two\n"
    served.anonymous.delete(job)
    assert list(pieces) == []


@pytest.mark.parametrize(
    ("asked", "rest"), [("from=4", "two\nthree\n"), ("from=4&lines=1", "three\n"), ("from=9&lines=2", "hree\n")]
)
def test_output_is_taken_up_again_from_a_byte_on(served: Served, asked: str, rest: str) -> None:
    job = served.create()
    assert served.anonymous.get(f"{job}/stdout?{asked}").text == ""
    served.execute(job)
    served.finish(job, {"results/result.txt": b"x", "stdout": b"one\ntwo\nthree\n"})
    assert served.anonymous.get(f"{job}/stdout?{asked}").text == rest
    assert b"".join(grown(served, job, f"follow=true&{asked}")).decode() == rest
    assert served.anonymous.get(f"{job}/stdout?from={'9' * 30}").text == ""


def test_following_a_job_that_is_over_gives_all_and_ends(served: Served) -> None:
    job = served.create()
    served.execute(job)
    served.finish(job, {"results/result.txt": b"x", "stdout": b"all"})
    assert list(grown(served, job)) == [b"all"]
    assert served.anonymous.get(f"{job}/stdout?follow=false").text == "all"


def test_who_follows_finds_the_end_of_a_log_whose_middle_was_left_out(serve: Serve) -> None:
    served = serve(log_max=8)
    job = served.create()
    served.execute(job)
    log = served.directory(job) / "stdout"
    log.write_bytes(b"aaaabbbb")
    pieces = grown(served, job)
    assert next(pieces) + next(pieces) == b"aaaabbbb"
    left_out = b"\n[provstore: 9 bytes left out]\nzzzz"
    served.finish(job, {"results/result.txt": b"x", "stdout": b"aaaa" + left_out})
    assert b"".join(pieces) == left_out


def test_a_surplus_follower_and_one_of_a_server_that_stops_get_what_there_is(serve: Serve) -> None:
    served = serve(waiters_max=1)
    job = served.create()
    served.execute(job)
    (served.directory(job) / "stdout").write_bytes(b"one")
    first = grown(served, job)
    assert next(first) == b"one"
    assert list(grown(served, job)) == [b"one"]
    served.provstore.hang_up()
    assert list(first) == []


@pytest.mark.parametrize("given", ["", "maybe", "2"])
def test_what_is_no_truth_value_is_refused(served: Served, given: str) -> None:
    answer = served.anonymous.get(f"{served.create()}/stdout?follow={given}")
    assert told(answer) == (400, f"follow={given!r}: true or false is needed")


def test_the_last_lines_of_a_long_log_are_found_from_its_end(served: Served) -> None:
    job = served.create()
    served.execute(job)
    lines = [f"line {number} {'x' * (number % 300)}" for number in range(3000)]
    (served.directory(job) / "stdout").write_text("\n".join(lines))
    for count in (1, 2, 700, 2999, 3000, 9999):
        assert served.anonymous.get(f"{job}/stdout?lines={count}").text == "\n".join(lines[-count:])


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
