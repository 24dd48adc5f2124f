"""A server of files in the test's hand: what it answers is said path by path, and what it was asked is kept."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

__all__ = ["Archive", "Asked", "Reply", "archive", "endless", "redirect", "reply"]

PATIENCE: Final = 30.0


class Asked(BaseHTTPRequestHandler):
    """A request to the archive, for a reply to answer as it likes."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server: Any = self.server
        known: Archive = server.archive
        known.asked.append((self.path, dict(self.headers)))
        with suppress(ConnectionError):  # the client may go, and often must
            known.next_reply(self.path)(self)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        return

    def begin(self, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()


Reply = Callable[[Asked], None]


def reply(body: bytes = b"", *, status: int = 200, **headers: str) -> Reply:
    """Answer with a body of that length."""

    def answer(asked: Asked) -> None:
        asked.begin(status, **{"Content_Length": str(len(body)), **headers})
        asked.wfile.write(body)

    return answer


def redirect(place: str, *, status: int = 302) -> Reply:
    return reply(status=status, Location=place)


def endless(chunk: bytes, *, pause: float = 0.0) -> Reply:
    """Answer with a body that goes on for as long as anybody listens."""

    def answer(asked: Asked) -> None:
        asked.begin()
        while not asked.server.archive.closed.wait(pause):  # type: ignore[attr-defined]  # ours
            asked.wfile.write(chunk)

    return answer


@dataclass
class Archive:
    """A running server. Of several replies of a path each is given once, the last one for ever."""

    port: int
    scheme: str
    replies: dict[str, list[Reply]] = field(default_factory=dict)
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)

    def serve(self, path: str, *replies: Reply | bytes) -> str:
        """Say what a path answers; give its address."""
        self.replies[path] = [reply(one) if isinstance(one, bytes) else one for one in replies]
        return self.url(path)

    def url(self, path: str, *, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def next_reply(self, path: str) -> Reply:
        found = self.replies.get(path.partition("?")[0]) or [reply(status=404)]
        return found.pop(0) if len(found) > 1 else found[0]

    def hold(self, path: str, body: bytes) -> tuple[threading.Event, threading.Event]:
        """Let a path answer half its body, and the rest when it is let go; give (it was asked, let it go)."""
        begun, go = threading.Event(), threading.Event()

        def answer(asked: Asked) -> None:
            asked.begin(Content_Length=str(len(body)))
            asked.wfile.write(body[: len(body) // 2])
            begun.set()
            go.wait(PATIENCE)
            asked.wfile.write(body[len(body) // 2 :])

        self.serve(path, answer)
        return begun, go


@contextmanager
def archive(tls: ssl.SSLContext | None = None) -> Iterator[Archive]:
    """Run an archive on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    known = Archive(port=server.server_port, scheme="https" if tls else "http")
    server.archive = known  # type: ignore[attr-defined]  # for its requests
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield known
    finally:
        known.closed.set()
        server.shutdown()
        server.server_close()
        thread.join()
