"""The running web server under many clients, and under rude ones."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from provstore.client import Client
from tests.e2e.served import PATIENCE, Served, finish, start, until

CLIENTS = 200


def connect(served: Served) -> socket.socket:
    host, _, port = served.address.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def answers(waiting: list[socket.socket]) -> Iterator[bytes]:
    """Give what each of the connections is answered, as it comes."""
    with selectors.DefaultSelector() as selector:
        for one in waiting:
            selector.register(one, selectors.EVENT_READ, bytearray())
        while selector.get_map():
            ready = selector.select(timeout=PATIENCE)
            assert ready, f"{len(selector.get_map())} clients were never answered"
            for key, _ in ready:
                data = key.fileobj.recv(1 << 16)  # type: ignore[union-attr]  # we registered sockets
                key.data.extend(data)
                if not data:
                    selector.unregister(key.fileobj)
                    yield bytes(key.data)


def test_two_hundred_clients_wait_while_others_are_answered_and_all_wake(served: Served, client: Client) -> None:
    job = start(client, "one", "sleep 1000")
    until(lambda: client.job("one", job.id).phase == "EXECUTING", what="EXECUTING")
    request = f"GET /uws/one/{job.id}?WAIT=60 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
    with ExitStack() as stack:
        waiting = [stack.enter_context(connect(served)) for _ in range(CLIENTS)]
        for one in waiting:
            one.sendall(request)
        for _ in range(20):
            assert httpx.get(f"{job.href}/phase", timeout=PATIENCE).text == "EXECUTING"
        for one in waiting:
            one.setblocking(False)  # noqa: FBT003 - the library's way
            with pytest.raises(BlockingIOError):
                one.recv(1)
        httpx.post(f"{job.href}/phase", data={"PHASE": "ABORT"}, timeout=PATIENCE)
        told = list(answers(waiting))
    assert len(told) == CLIENTS
    assert all(b" 200 OK\r\n" in one and b">ABORTED<" in one for one in told)


@pytest.mark.parametrize("sent", [1000, 3 << 20], ids=["in memory", "on disk"])
def test_an_upload_that_breaks_off_leaves_nothing_behind(served: Served, client: Client, sent: int) -> None:
    before = jobs(served)
    head = (
        "POST /uws/copy HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Content-Type: multipart/form-data; boundary=frontier\r\nContent-Length: 10000000\r\n\r\n"
        '--frontier\r\nContent-Disposition: form-data; name="input"; filename="big.dat"\r\n\r\n'
    )
    with connect(served) as rude:
        rude.sendall(head.encode() + b"x" * sent)
        rude.shutdown(socket.SHUT_WR)
        rude.settimeout(1)
        answer = b""
        while data := receive(rude):
            answer += data
    assert b" 303 " not in answer
    assert jobs(served) == before
    assert list((served.data / "spool").iterdir()) == []
    assert client.wait(client.run("sleep", parameters={"duration": "0"})).phase == "COMPLETED"


def receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1 << 16)
    except (TimeoutError, ConnectionError):
        return b""


def jobs(served: Served) -> tuple[set[str], str]:
    """The jobs on disk and in the list."""
    folder = served.data / "jobs"
    listed = httpx.get(f"{served.address}/uws/copy").text
    return ({one.name for one in folder.iterdir()} if folder.is_dir() else set()), listed


def test_an_upload_that_the_service_does_not_take_leaves_nothing_behind(served: Served) -> None:
    before = jobs(served)
    answer = httpx.post(f"{served.address}/uws/copy", files={"wrong": ("name", b"x" * (1 << 20))})
    assert answer.status_code == 400
    assert jobs(served) == before


def test_a_flood_of_signals_does_not_keep_the_supervisor_from_looking_around(served: Served, client: Client) -> None:
    job = finish(client, "one", "exit 1")
    token = (served.run_directory(job) / "token").read_text()
    stop = threading.Event()

    def flood() -> None:
        with httpx.Client(base_url=served.address, headers={"Authorization": f"Bearer {token}"}) as wrapper:
            while not stop.is_set():
                assert wrapper.post(f"/signals/{job.id}").status_code == 204

    with ThreadPoolExecutor() as pool:
        flooding = pool.submit(flood)
        try:
            done = served.command("run", "sleep", "-p", "duration=0", "--wait")  # only found by looking around
        finally:
            stop.set()
        flooding.result()
    assert done.returncode == 0, done.stdout + done.stderr
