"""One file over HTTP, from a real server on this machine."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from provstore.uws.inputs.download import Line, Stopped
from tests.archive import PATIENCE, Archive, Asked, archive, endless, redirect, reply
from tests.downloading import Fetch, failure, fetcher


@pytest.fixture(scope="module")
def server() -> Iterator[Archive]:
    with archive() as running:
        yield running


@pytest.fixture
def fetch(tmp_path: Path) -> Fetch:
    return fetcher(tmp_path)


def left(tmp_path: Path) -> list[str]:
    return sorted(str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*") if one.is_file())


def test_a_file_is_fetched_whole_and_measured(server: Archive, fetch: Fetch, tmp_path: Path) -> None:
    body = bytes(range(256)) * 9000
    found = fetch(server.serve("/maps/m%2031.fits", reply(body, Content_Type="image/fits; x=1")))
    assert found.file == tmp_path / "jobs/j1/inputs/e1/m_31.fits"
    assert found.file.read_bytes() == body
    assert (found.measured.size, found.measured.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert found.content_type == "image/fits"
    assert left(tmp_path) == ["jobs/j1/inputs/e1/m_31.fits"]


def test_an_empty_file_is_a_file(server: Archive, fetch: Fetch) -> None:
    assert fetch(server.serve("/empty.txt", b"")).measured.size == 0


def test_the_server_is_asked_by_its_name_and_told_who_asks_and_nothing_else(
    server: Archive, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    server.serve("/asked", b"x")
    server.asked.clear()
    fetch(server.url("/asked?ID=ivo%3A%2F%2Fx%26y", host="localhost"), resolve=lambda _host, _port: ("127.0.0.1",))
    ((path, headers),) = server.asked
    assert path == "/asked?ID=ivo%3A%2F%2Fx%26y"
    agent = headers["User-Agent"]
    assert agent.startswith("provstore/")
    assert headers == {
        "Host": f"localhost:{server.port}",
        "User-Agent": agent,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }


@pytest.mark.parametrize(
    ("path", "headers", "name"),
    [
        ("/a/b.fits", {}, "b.fits"),
        ("/get", {}, "title"),
        ("/", {}, "title"),
        ("/get", {"Content_Disposition": 'attachment; filename="../../x y.fits"'}, "x_y.fits"),
        ("/get", {"Content_Disposition": "attachment; filename*=UTF-8''m%2031.fits"}, "m_31.fits"),
        ("/a/..%2f..%2fpasswd.txt", {}, "passwd.txt"),
    ],
)
def test_a_file_is_named_as_the_server_says_or_by_its_address(
    server: Archive, fetch: Fetch, path: str, headers: dict[str, str], name: str
) -> None:
    assert fetch(server.serve(path, reply(b"x", status=200, **headers))).file.name == name


# --- redirects


def test_redirects_are_followed(server: Archive, fetch: Fetch) -> None:
    server.serve("/end.fits", b"there")
    server.serve("/two", redirect("end.fits#hdu1", status=307))
    found = fetch(server.serve("/one", redirect(server.url("/two"), status=301)))
    assert (found.file.name, found.file.read_bytes()) == ("end.fits", b"there")


def test_a_redirect_keeps_no_cookie(server: Archive, fetch: Fetch) -> None:
    server.serve("/cookie-end", b"x")
    url = server.serve("/cookie", reply(status=302, Location="/cookie-end", Set_Cookie="id=1; Path=/"))
    server.asked.clear()
    fetch(url)
    assert [("Cookie" in headers) for _, headers in server.asked] == [False, False]


def test_the_sixth_redirect_is_one_too_many(server: Archive, fetch: Fetch) -> None:
    url = server.serve("/round", redirect("/round"))
    server.asked.clear()
    assert failure(fetch, url) == ("there are more than 5 redirects", False)
    assert len(server.asked) == 6


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("http://10.0.0.1/x?k=secret", "it leads to http://10.0.0.1/x?…: 10.0.0.1 is a private or reserved address"),
        ("http://[::1]/", "it leads to http://[::1]/: ::1 is a private or reserved address"),
        ("file:///etc/passwd", "it leads to file:///etc/passwd: its scheme is not fetched here; allowed: https, http"),
        ("http://u:p@127.0.0.1/", "it leads to http://…@127.0.0.1/: it holds a user name or a password"),
        ("", "the server answered 302 and leads nowhere"),
        ("http://[", "the server answered 302 and leads nowhere"),
    ],
)
def test_a_redirect_to_what_may_not_be_fetched_is_refused(
    server: Archive, fetch: Fetch, place: str, reason: str
) -> None:
    assert failure(fetch, server.serve("/away", redirect(place))) == (reason, False)


def test_a_redirect_to_another_host_is_held_to_the_list_of_hosts(server: Archive, fetch: Fetch) -> None:
    url = server.serve("/other", redirect(server.url("/end", host="localhost")))
    reason = (
        f"it leads to {server.url('/end', host='localhost')}: nothing is fetched from localhost; allowed: 127.0.0.1"
    )
    assert failure(fetch, url, fetch_hosts=("127.0.0.1",)) == (reason, False)


# --- names and machines


def test_a_name_of_this_machine_is_refused_by_default(server: Archive, fetch: Fetch) -> None:
    server.asked.clear()
    told = failure(fetch, server.url("/end", host="localhost"), fetch_networks=())
    assert told == ("localhost has a private or reserved address", False)
    assert server.asked == []


def test_one_private_address_among_public_ones_is_enough_to_refuse(fetch: Fetch) -> None:
    told = failure(fetch, "http://a.example.org/x", resolve=lambda _host, _port: ("8.8.8.8", "10.0.0.1"))
    assert told == ("a.example.org has a private or reserved address", False)


def test_a_name_is_looked_up_once_and_the_connection_goes_to_what_was_checked(server: Archive, fetch: Fetch) -> None:
    answers = [("127.0.0.1",), ("127.0.0.9",)]
    server.serve("/once", b"x")
    fetch(server.url("/once", host="a.example.org"), resolve=lambda _host, _port: answers.pop(0))
    assert answers == [("127.0.0.9",)]


def test_the_next_address_is_tried_when_the_first_does_not_answer(server: Archive, fetch: Fetch) -> None:
    server.serve("/second", b"x")
    url = server.url("/second", host="a.example.org")
    assert fetch(url, resolve=lambda _host, _port: ("127.0.0.77", "127.0.0.1")).measured.size == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (socket.EAI_NONAME, ("there is no host a.example.org", False)),
        (socket.EAI_AGAIN, ("the address of a.example.org can't be looked up now", True)),
    ],
)
def test_a_host_that_is_not_found_is_told_from_one_that_can_not_be_looked_up(
    fetch: Fetch, error: int, told: tuple[str, bool]
) -> None:
    def resolve(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(error, "?")

    assert failure(fetch, "http://a.example.org/", resolve=resolve) == told


def test_a_host_without_addresses_is_refused(fetch: Fetch) -> None:
    assert failure(fetch, "http://a.example.org/", resolve=lambda _host, _port: ())[1] is False


def test_a_server_that_does_not_listen_may_later(fetch: Fetch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        reason, transient = failure(fetch, f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert (reason, transient) == ("the connection failed: [Errno 111] Connection refused", True)


# --- answers


@pytest.mark.parametrize(
    ("status", "reason", "transient"),
    [
        (400, "the server answered 400 Bad Request", False),
        (401, "the server answered 401 Unauthorized", False),
        (403, "the server answered 403 Forbidden", False),
        (404, "the server answered 404 Not Found", False),
        (410, "the server answered 410 Gone", False),
        (204, "the server answered 204 No Content", False),
        (304, "the server answered 304 Not Modified", False),
        (429, "the server answered 429 Too Many Requests", True),
        (500, "the server answered 500 Internal Server Error", True),
        (503, "the server answered 503 Service Unavailable", True),
        (599, "the server answered 599", True),
    ],
)
def test_an_answer_without_a_file_says_whether_it_may_go_well_later(
    server: Archive, fetch: Fetch, tmp_path: Path, status: int, reason: str, *, transient: bool
) -> None:
    assert failure(fetch, server.serve("/status", reply(b"", status=status))) == (reason, transient)
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("announced", "sent", "cut"),
    [("100", b"half", "the connection failed"), ("nonsense", b"x", "the connection failed")],
)
def test_a_body_that_is_not_what_was_announced_is_not_kept(
    server: Archive, fetch: Fetch, tmp_path: Path, announced: str, sent: bytes, cut: str
) -> None:
    reason, transient = failure(fetch, server.serve("/cut", reply(sent, Content_Length=announced)))
    assert (reason.partition(":")[0], transient) == (cut, True)
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("path", "coding", "taken"),
    [
        ("/x.fits.gz", "gzip", True),
        ("/x.fits.GZ", "x-gzip", True),
        ("/x.fits", "identity", True),
        ("/x.fits", "gzip", False),
        ("/x.fits", "br", False),
    ],
)
def test_bytes_are_kept_as_they_are_and_never_unpacked(
    server: Archive, fetch: Fetch, path: str, coding: str, *, taken: bool
) -> None:
    url = server.serve(path, reply(b"packed", Content_Encoding=coding))
    if taken:
        assert fetch(url).file.read_bytes() == b"packed"
    else:
        assert failure(fetch, url) == (f"the server sends it coded as {coding!r}, unasked", False)


# --- limits


def test_ten_gigabytes_are_refused_when_they_are_announced(server: Archive, fetch: Fetch, tmp_path: Path) -> None:
    url = server.serve("/huge", reply(b"x", Content_Length=str(10**10)))
    assert failure(fetch, url) == ("it has 10000000000 bytes; at most 2147483648 are fetched", False)
    assert left(tmp_path) == []


def test_an_endless_body_is_cut_at_the_limit(server: Archive, fetch: Fetch, tmp_path: Path) -> None:
    url = server.serve("/endless", endless(b"x" * 65536))
    assert failure(fetch, url, fetch_max=300_000) == ("it has more than the 300000 bytes allowed", False)
    assert left(tmp_path) == []


def test_a_file_of_just_the_limit_is_taken(server: Archive, fetch: Fetch) -> None:
    assert fetch(server.serve("/just", b"12345"), fetch_max=5).measured.size == 5


@pytest.mark.parametrize("part", ["body", "head"])
def test_what_comes_byte_by_byte_is_cut_by_time(server: Archive, fetch: Fetch, tmp_path: Path, part: str) -> None:
    line, dripping = Line(), threading.Event()

    def drip(asked: Asked) -> None:
        if part == "body":
            asked.begin()
        else:
            asked.wfile.write(b"HTTP/1.1 200 OK\r\n")
        dripping.set()
        while not server.closed.wait(0.01):
            asked.wfile.write(b"X-A: b\r\n")

    def expire() -> None:
        dripping.wait(PATIENCE)
        line.expire()

    threading.Thread(target=expire, daemon=True).start()
    told = failure(fetch, server.serve("/drip", drip), line=line, fetch_timeout=timedelta(seconds=60))
    assert told == ("it took more than 60 s", True)
    assert left(tmp_path) == []


def test_a_server_that_says_nothing_is_given_up(server: Archive, fetch: Fetch) -> None:
    def silent(_asked: Asked) -> None:
        server.closed.wait(5)

    url = server.serve("/silent", silent)
    assert failure(fetch, url, fetch_timeout=timedelta(seconds=0.2)) == ("the server is silent", True)


def test_a_download_that_nobody_wants_is_cut_and_leaves_nothing(server: Archive, fetch: Fetch, tmp_path: Path) -> None:
    line = Line()
    begun, go = server.hold("/unwanted", b"x" * 100_000)
    threading.Thread(target=lambda: (begun.wait(PATIENCE), line.stop()), daemon=True).start()
    with pytest.raises(Stopped):
        fetch(server.url("/unwanted"), line=line)
    go.set()
    assert left(tmp_path) == []


def test_what_was_stopped_before_it_began_asks_nobody(server: Archive, fetch: Fetch, tmp_path: Path) -> None:
    line = Line()
    line.stop()
    server.asked.clear()
    with pytest.raises(Stopped):
        fetch(server.serve("/never", b"x"), line=line)
    assert (server.asked, left(tmp_path)) == ([], [])
