"""The HTTP server itself: bodies that break off, bodies that are too large, the end by a signal."""

from __future__ import annotations

import re
import signal
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from provstore.client import Client
from tests.e2e.conftest import MakeServed
from tests.e2e.served import PATIENCE, Served, until

FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


def sent(served: Served, head: str, body: str, *, breaks_off: bool = False) -> bytes:
    """Send a request as it stands; give all that is answered."""
    host, _, port = served.address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(f"{head}Host: {host}\r\nConnection: close\r\n\r\n{body}".encode())
        if breaks_off:
            connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def jobs(served: Served) -> list[str]:
    return re.findall(r'jobref id="([^"]+)"', httpx.get(f"{served.address}/uws/sleep").text)


def metrics(served: Served) -> str:
    right = {"Authorization": f"Bearer {served.admin_token}"}
    return httpx.get(f"{served.address}/metrics", headers=right).text


def test_a_form_that_breaks_off_makes_no_job(served: Served) -> None:
    before = jobs(served)
    head = f"POST /uws/sleep HTTP/1.1\r\n{FORM}Content-Length: 100\r\n"
    answer = sent(served, head, "duration=5&text=not all of i", breaks_off=True)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert jobs(served) == before


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "text/csv", "text/plain"], ids=["form", "csv", "plain"]
)
def test_a_chunked_body_that_could_break_off_unnoticed_is_refused(served: Served, kind: str) -> None:
    before = jobs(served)
    head = f"POST /uws/sleep HTTP/1.1\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n"
    answer = sent(served, head, "5\r\ntext\n\r\n2\r\nhe\r\n", breaks_off=True)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 415 "))
    assert jobs(served) == before


def test_chunked_json_is_read(served: Served) -> None:
    head = "POST /uws/sleep HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    assert sent(served, head, "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n").startswith(b"HTTP/1.1 303 ")
    assert sent(served, head, "1\r\n{\r\n", breaks_off=True).startswith(b"HTTP/1.1 400 ")


def test_a_value_that_breaks_off_changes_no_parameter(served: Served, client: Client) -> None:
    job = httpx.post(f"{served.address}/uws/sleep", data={"text": "whole"}).headers["Location"]
    head = f"PUT {job.removeprefix(served.address)}/parameters/text HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
    assert sent(served, head, "3\r\nhal\r\n", breaks_off=True).startswith(b"HTTP/1.1 400 ")
    assert client.fetch(f"{job}/parameters/text") == b"whole"


def test_a_chunked_upload_that_breaks_off_makes_no_job(served: Served) -> None:
    part = '--frontier\r\nContent-Disposition: form-data; name="input"; filename="a"\r\n\r\nbytes'
    multipart = "Content-Type: multipart/form-data; boundary=frontier\r\nTransfer-Encoding: chunked\r\n"
    head = f"POST /uws/copy HTTP/1.1\r\n{multipart}"
    answer = sent(served, head, f"{len(part):x}\r\n{part}\r\n", breaks_off=True)
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(served: Served) -> None:
    multipart = f"Content-Type: multipart/form-data; boundary=frontier\r\nContent-Length: {1 << 40}\r\n"
    answer = sent(served, f"POST /uws/copy HTTP/1.1\r\n{multipart}Expect: 100-continue\r\n", "")
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_client_is_told_to_go_on_with_its_body(served: Served) -> None:
    host, _, port = served.address.removeprefix("http://").partition(":")
    head = f"POST /uws/sleep HTTP/1.1\r\nHost: {host}\r\n{FORM}Content-Length: 10\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(head.encode())
        assert connection.recv(1 << 16) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"duration=5")
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 303 ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_waits_is_answered_when_the_server_stops(make_served: MakeServed, number: signal.Signals) -> None:
    served = make_served().start()
    assert served.process
    answer = httpx.post(f"{served.address}/uws/sleep", data={"duration": "5"}, headers={"Accept": "text/plain"})
    told: list[str] = []
    waiting = threading.Thread(
        target=lambda: told.append(httpx.get(f"{answer.headers['Location']}?WAIT=50", timeout=PATIENCE).text)
    )
    with httpx.stream("GET", f"{served.address}/uws/sleep/events", timeout=PATIENCE) as events:
        lines: Iterator[str] = events.iter_lines()
        next(lines)
        waiting.start()
        until(lambda: re.search(r"waiters 1\b", metrics(served)) is not None, what="it waits")
        began = time.monotonic()
        served.process.send_signal(number)
        assert served.process.wait(PATIENCE) == 0
        list(lines)
    waiting.join()
    assert "PENDING" in told[0]
    assert time.monotonic() - began < PATIENCE / 3
