"""A real Neo4j that hangs, dies and comes back under a running server: nothing hangs, and what is told is true."""

from __future__ import annotations

import http.client
import io
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pyvo.io.vosi import parse_availability

from tests import neo4j_server
from tests.e2e.conftest import MakeServed
from tests.e2e.served import Served, until
from tests.neo4j_server import NoServer
from tests.parts import require

pytestmark = [pytest.mark.neo4j, pytest.mark.slow]

SOON = 8.0
"""Seconds within which every request must have its answer, once it is known that the store is gone."""

FIRST = 20.0
"""Seconds within which the very first one has it, which must find out: twice three, and a busy machine."""


class OwnNeo4j:
    """A Neo4j of this test alone, which may be stopped, killed and started again on the same data."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.port = neo4j_server._free_port()
        self._java = neo4j_server._start_java(home, port=self.port)
        neo4j_server._wait_until_ready(self._java, home)
        self.server = neo4j_server._change_password(f"bolt://127.0.0.1:{self.port}")

    def hang(self) -> None:
        self._java.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._java.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._java.kill()
        self._java.wait()

    def start_again(self) -> None:
        shutil.move(self._home / "conf" / "neo4j.conf", self._home / "neo4j.conf")
        shutil.rmtree(self._home / "conf")
        (self._home / "logs" / "neo4j.log").unlink()
        self._java = neo4j_server._start_java(self._home, port=self.port)
        neo4j_server._wait_until_ready(self._java, self._home)


@pytest.fixture(scope="module")
def neo4j(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnNeo4j]:
    try:
        neo4j_server.jars()
        own = OwnNeo4j(tmp_path_factory.mktemp("own-neo4j"))
    except (NoServer, FileNotFoundError) as reason:
        require("neo4j", present=False, reason=str(reason))
        raise
    try:
        yield own
    finally:
        own.go_on()
        own.kill()


@pytest.fixture(scope="module")
def served(make_served: MakeServed, neo4j: OwnNeo4j, tmp_path_factory: pytest.TempPathFactory) -> Served:
    password = tmp_path_factory.mktemp("secret") / "password"
    password.write_text(neo4j.server.password)
    return make_served(
        PROVSTORE_GRAPH_URL=neo4j.server.url,
        PROVSTORE_GRAPH_USER=neo4j.server.user,
        PROVSTORE_GRAPH_PASSWORD_FILE=str(password),
        PROVSTORE_ANONYMOUS="true",
    ).start()


def ask(served: Served, path: str, method: str = "GET", body: str | None = None) -> tuple[int, bytes, float, str]:
    """Status, body, seconds and Location."""
    parts = urlsplit(served.address)
    began = time.monotonic()
    with closing(http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=120)) as connection:
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        connection.request(method, path, body, form)
        answer = connection.getresponse()
        text = answer.read()
    return answer.status, text, time.monotonic() - began, answer.headers.get("Location", "")


def availability(served: Served) -> tuple[bool, list[str]]:
    status, text, seconds, _ = ask(served, "/availability")
    assert (status, seconds < SOON) == (200, True)
    found = parse_availability(io.BytesIO(text), pedantic=True)
    return found.available, list(found.notes)


def refusals(served: Served, job: str) -> list[tuple[str, int]]:
    """Ask for everything that needs the store; tell what was not refused in good time."""
    requests = [
        ("GET", "/uws/sleep", None),
        ("GET", job, None),
        ("GET", f"{job}/phase", None),
        ("POST", "/uws/sleep", "duration=0"),
        ("DELETE", job, None),
        ("GET", "/healthz", None),
    ]
    answers = [(method, *ask(served, path, method, body)) for method, path, body in requests]
    return [
        (f"{one[0]} {requests[n][1]}: {one[3]:.1f} s", one[1])
        for n, one in enumerate(answers)
        if one[1] != 503 or one[3] > SOON
    ]


def is_well(served: Served) -> bool:
    return ask(served, "/healthz")[0] == 200


def test_a_store_that_hangs_then_goes_on(served: Served, neo4j: OwnNeo4j) -> None:
    job = urlsplit(ask(served, "/uws/sleep", "POST", "duration=0")[3]).path
    assert availability(served) == (True, [])
    neo4j.hang()
    try:
        status, _, seconds, _ = ask(served, "/uws/sleep")
        assert (status, seconds < FIRST) == (503, True)
        available, notes = availability(served)
        assert (available, notes[1:]) == (False, ["the store gives no answer within 3 s"])
        assert refusals(served, job) == []
    finally:
        neo4j.go_on()
    until(lambda: is_well(served), what="well again")
    assert availability(served) == (True, [])
    assert ask(served, job)[0] == 200


def test_a_store_that_dies_then_comes_back_with_all_it_had(served: Served, neo4j: OwnNeo4j) -> None:
    job = urlsplit(ask(served, "/uws/sleep", "POST", "duration=0")[3]).path
    neo4j.kill()
    status, _, seconds, _ = ask(served, "/uws/sleep")
    assert (status, seconds < FIRST) == (503, True)
    available, notes = availability(served)
    assert (available, notes[0].startswith("the store is gone since ")) == (False, True)
    assert refusals(served, job) == []
    neo4j.start_again()
    until(lambda: is_well(served), seconds=60, what="well again")
    assert availability(served) == (True, [])
    assert ask(served, f"{job}/phase")[1] == b"PENDING"
    assert ask(served, f"{job}/phase", "POST", "PHASE=RUN")[0] == 303
    until(lambda: ask(served, f"{job}/phase")[1] == b"COMPLETED", what="the supervisor goes on")
