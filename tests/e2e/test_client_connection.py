"""The client and a server that breaks off, asks for patience, or is another one; and what it never sends."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from provstore.client import Client, RemoteResult
from provstore.client.connection import Connection
from provstore.errors import Invalid, NotFound, Unavailable
from tests.archive import Archive, Asked, Reply, archive, endless, redirect, reply

TOKEN = "not-for-others"
BODY = b"a whole file" * 100_000
SHA256 = hashlib.sha256(BODY).hexdigest()
CATALOGUE = json.dumps({"items": [], "next": None}).encode()


@pytest.fixture
def server() -> Iterator[Archive]:
    with archive() as running:
        yield running


@pytest.fixture
def other() -> Iterator[Archive]:
    with archive() as running:
        yield running


@pytest.fixture
def client(server: Archive) -> Iterator[Client]:
    with Client(server.url("/"), token=TOKEN) as opened:
        yield opened


def busy(retry_after: str) -> Reply:
    headers = {"Retry_After": retry_after} if retry_after else {}
    return reply(b'{"error": {"message": "the site is drained"}}', status=503, **headers)


class Pauses(list[float]):
    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def ask(server: Archive, pauses: Pauses, *, patience: float = 60.0) -> object:
    connection = Connection(httpx.URL(server.url("")), token="", patience=patience, pause=pauses)
    with closing(connection):
        return connection.facts("/jdl")


def test_a_server_that_says_when_to_come_back_is_asked_again_then(server: Archive) -> None:
    server.serve("/jdl", busy("5"), busy("7"), CATALOGUE)
    pauses = Pauses()
    assert ask(server, pauses) == {"items": [], "next": None}
    assert pauses == [5, 7]


@pytest.mark.parametrize("retry_after", ["", "3600"])
def test_without_such_a_word_or_for_too_long_it_is_not_asked_again(server: Archive, retry_after: str) -> None:
    server.serve("/jdl", busy(retry_after))
    pauses = Pauses()
    with pytest.raises(Unavailable, match="the site is drained"):
        ask(server, pauses)
    assert (pauses, len(server.asked)) == ([], 1)


def test_patience_ends_also_with_a_server_that_always_says_at_once(server: Archive) -> None:
    server.serve("/jdl", busy("0"))
    pauses = Pauses()
    with pytest.raises(Unavailable):
        ask(server, pauses, patience=3)
    assert pauses == [0, 0, 0, 0]


def test_other_errors_are_not_tried_again(server: Archive) -> None:
    server.serve("/jdl", reply(b"broken", status=500, Retry_After="1"), CATALOGUE)
    with pytest.raises(Exception, match="broken"):
        ask(server, Pauses())
    assert len(server.asked) == 1


def test_the_token_goes_to_its_server_only(client: Client, server: Archive, other: Archive) -> None:
    assert client.fetch(server.serve("/own", b"own")) == b"own"
    assert client.fetch(other.serve("/theirs", b"theirs")) == b"theirs"
    assert server.asked[0][1]["Authorization"] == f"Bearer {TOKEN}"
    assert "Authorization" not in other.asked[0][1]
    assert not any(TOKEN in path for path, _ in (*server.asked, *other.asked))


def test_being_led_elsewhere_is_told_and_not_followed(client: Client, server: Archive, other: Archive) -> None:
    place = other.serve("/jdl", CATALOGUE)
    server.serve("/jdl", redirect(place))
    with pytest.raises(Invalid, match=f"answers {place} and no JSON"):
        client.services()
    assert other.asked == []


def cut(asked: Asked) -> None:
    asked.begin(Content_Length=str(len(BODY)))
    asked.wfile.write(BODY[: len(BODY) // 2])


def result(server: Archive, *, sha256: str = SHA256) -> RemoteResult:
    return RemoteResult(name="image", href=server.url("/file"), size=len(BODY), mime_type="image/fits", sha256=sha256)


def test_a_file_is_written_when_it_is_whole(client: Client, server: Archive, tmp_path: Path) -> None:
    server.serve("/file", reply(BODY, Content_Disposition='inline; filename="m31.fits"'))
    assert client.download(result(server), tmp_path) == tmp_path / "m31.fits"
    assert client.download(result(server), tmp_path / "mine") == tmp_path / "mine"
    assert client.read(result(server)) == BODY
    assert sorted(one.name for one in tmp_path.iterdir()) == ["m31.fits", "mine"]
    assert (tmp_path / "mine").read_bytes() == BODY


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (reply(BODY[:-1] + b"!"), f"{SHA256} is right; fetch it again"),
        (cut, "no answer from"),
        (reply(b"gone", status=404), "gone"),
    ],
    ids=["changed", "cut short", "not there"],
)
def test_a_file_that_is_not_whole_leaves_what_was_there(
    client: Client, server: Archive, tmp_path: Path, sent: Reply, words: str
) -> None:
    server.serve("/file", sent)
    mine = tmp_path / "mine"
    mine.write_text("before")
    with pytest.raises((Unavailable, NotFound), match=words):
        client.download(result(server), mine)
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("mine", "before")]


def test_the_hash_of_an_entity_is_the_one_that_the_server_tells(client: Client, server: Archive) -> None:
    server.serve("/store/e1.image", reply(BODY, ETag=f'"{"0" * 64}"'), reply(BODY, ETag=f'W/"{SHA256}"'))
    with pytest.raises(Unavailable, match="is not the file"):
        client.read("e1.image")
    assert client.read("e1.image") == BODY


def test_an_id_that_is_an_address_stays_one_part_of_the_path(client: Client, server: Archive) -> None:
    server.serve("/store/http%3A%2F%2Fexample.org%2Fraw%23m31", b"raw")
    assert client.read("http://example.org/raw#m31") == b"raw"


def test_nobody_there_is_told_with_the_address() -> None:
    with archive() as gone:
        address = gone.url("")
    with Client(address, token="") as client, pytest.raises(Unavailable, match=f"no answer from {address}/jdl: "):
        client.services()


def test_a_log_is_given_line_by_line_while_it_is_written(client: Client, server: Archive) -> None:
    server.serve("/uws/sleep/j1", job_json())
    server.serve("/uws/sleep/j1/stdout", endless("é\u2028x\r\n".encode()))
    lines = client.follow_log(client.job("sleep", "j1"))
    assert [next(lines), next(lines)] == ["é\u2028x", "é\u2028x"]


def test_who_finds_too_many_waiting_already_asks_once_a_second_at_most(client: Client, server: Archive) -> None:
    server.serve("/uws/sleep/j1", job_json())
    job = client.wait(client.job("sleep", "j1"), seconds=1.5)
    assert job.phase == "QUEUED"
    assert len(server.asked) <= 4


def listed(*ids: str, further: str | None) -> bytes:
    facts = {"href": "", "service": "sleep", "phase": "QUEUED", "creationTime": "2026-03-01T12:00:00.000Z"}
    return json.dumps({"items": [facts | {"jobId": one} for one in ids], "next": further}).encode()


def test_a_list_is_read_to_its_end_unless_a_part_of_it_is_asked_for(client: Client, server: Archive) -> None:
    server.serve("/uws/sleep", listed("j3", "j2", further="key"), listed("j1", further=None))
    assert client.jobs("sleep", PHASE="QUEUED") == ("j3", "j2", "j1")
    server.serve("/uws/sleep", listed("j3", "j2", further="key"))
    assert client.jobs("sleep", limit=2) == ("j3", "j2")
    paths = [path.partition("?")[2] for path, _ in server.asked]
    assert paths == ["PHASE=QUEUED&LIMIT=500", "PHASE=QUEUED&NEXT=key&LIMIT=500", "limit=2"]


def job_json() -> bytes:
    return json.dumps({"jobId": "j1", "phase": "QUEUED", "results": [], "errorSummary": None}).encode()
