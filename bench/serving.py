"""A real server for the measurements: a child process the product's own parts, an empty route, a toy service.

``python -m bench.serving DATA`` serves until SIGTERM.
"""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final
from urllib.parse import urlencode

from flask import Response

from bench.toy import toy
from provstore.app import create_app, open_provstore
from provstore.cli.serving import listen, serve_app
from provstore.settings import load_settings

EMPTY: Final = "/bench/empty"
"""A route that does nothing: what Flask, the server and the loopback cost."""

_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class Visitor:
    """A client that keeps its connection, and spends next to nothing itself."""

    def __init__(self, address: str) -> None:
        host, _, port = address.removeprefix("http://").partition(":")
        self._connection = http.client.HTTPConnection(host, int(port), timeout=120)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get(self, path: str) -> bytes:
        """Fetch a page; anything but 200 ends the measurement."""
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status == 200, (path, answer.status, body)
        return body

    def post(self, path: str, values: dict[str, str]) -> str:
        """Send a form; give the path of the page that the answer leads to."""
        self._connection.request("POST", path, urlencode(values), _FORM)
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status == 303, (path, answer.status, body)
        return "/" + (answer.headers["Location"] or "").split("/", 3)[-1]


def serve(data: Path) -> None:
    """Serve a data directory, and the toy beside it, until SIGTERM; the address is the first line of output."""
    settings = load_settings({**os.environ, "PROVSTORE_DATA": str(data)})
    listener = listen("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with open_provstore(settings, signals_url=f"{address}/signals") as provstore:
        app = create_app(provstore)
        app.add_url_rule(EMPTY, "empty", lambda: Response("EXECUTING", content_type="text/plain; charset=utf-8"))
        app.register_blueprint(toy(data / "toy.sqlite"))
        provstore.supervisor.start()
        code = serve_app(app, listener, threads=settings.threads, ready=lambda: print(address, flush=True))
    os._exit(code)


@contextmanager
def server(data: Path) -> Iterator[str]:
    """Run that server in a process of its own; give its address."""
    child = subprocess.Popen([sys.executable, "-m", "bench.serving", str(data)], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout
        yield child.stdout.readline().strip()
    finally:
        child.terminate()
        child.wait()


def typical(*works: Callable[[], object], times: int) -> list[float]:
    """Give the median milliseconds of each work; they take turns, so that a busy moment meets all of them."""
    spent: list[list[float]] = [[] for _ in works]
    for _ in range(times):
        for work, seconds in zip(works, spent, strict=True):
            begin = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - begin)
    return [1000 * median(seconds) for seconds in spent]


def row(what: str, taken: float, against: float, *, most: float) -> str:
    """Write a line of the table: both times in milliseconds, their ratio, and what it may be at most."""
    ratio = taken / against
    return f"{what:<56} {taken:>9.3f} {against:>9.3f} {ratio:>7.2f} {most:>6.1f}  {'' if ratio <= most else 'MISSED'}"


HEAD: Final = f"{'milliseconds (medians)':<56} {'taken':>9} {'against':>9} {'ratio':>7} {'target':>6}"


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
