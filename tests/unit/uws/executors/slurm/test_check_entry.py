"""What is found at the address of call-backs, as seen from here: real servers, and what is none."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

import pytest

from provstore.clusters import Cluster
from provstore.uws.executors.slurm.check.entry import callback
from provstore.uws.findings import Finding, Level


def found(address: str) -> Finding:
    cluster = Cluster(
        name="meso",
        host="login",
        user="provstore",
        key_file=Path("key"),
        work_directory=PurePosixPath("/scratch/provstore"),
        callback=address,
    )
    [finding] = callback(cluster)
    return finding


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Say the same to the first who comes, whatever he says; give the place."""

    def greet() -> None:
        link, _ = listener.accept()
        with link:
            link.recv(10_000)
            link.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=greet)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


ANSWERS: Final = {
    "a server of ours": ("http", b"HTTP/1.1 200 OK\r\n\r\n", Level.OK, "answers, seen from here"),
    "one in trouble": ("http", b"HTTP/1.1 503 Unavailable\r\n\r\n", Level.OK, "answers, seen from here"),
    "another": ("http", b"HTTP/1.1 404 Not Found\r\n\r\n", Level.NOTE, "/healthz answers 404, seen from here"),
    "no HTTP": ("http", b"SSH-2.0-OpenSSH\r\n", Level.NOTE, "is no HTTP server, seen from here"),
    "silence": ("http", b"", Level.NOTE, "is no HTTP server, seen from here"),
    "no TLS": ("https", b"HTTP/1.1 400 Bad Request\r\n\r\n", Level.NOTE, "speaks no TLS, seen from here"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_listens_at_the_callback_is_told(name: str) -> None:
    scheme, answer, level, words = ANSWERS[name]
    with answering(answer) as place:
        told = found(f"{scheme}://{place}/")
    assert (told.part, told.level) == ("callback", level)
    assert words in told.found


def test_where_nothing_listens_a_server_is_missed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    told = found(address)
    assert told.found == f"nothing answers at {address}, seen from here: Connection refused"
