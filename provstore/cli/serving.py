"""``provstore serve``: one process with many threads, and the supervisor among them."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import click
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.net import SocketHolder  # type: ignore[attr-defined]  # of a stub without it in __all__
from granian.server.mt import MTServer

from provstore.app import Provstore, create_app, open_provstore
from provstore.errors import Unavailable
from provstore.settings import Settings, load_settings
from provstore.web.access import serves_anonymous

__all__ = ["listen", "serve", "serve_app"]

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_CONNECTIONS: Final = 1000
_GRACE: Final = 2
"""Seconds that requests under way have to end after SIGTERM."""
_SLOWEST_HEAD: Final = 75_000
"""Milliseconds that a client may take for the head of a request, and be silent before it: more than proxies keep."""
_JOINED: Final = 1 << 20
"""Answers up to so many bytes are handed over in one piece: ten times faster than as a stream."""
_NEAR: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not listened on: where this machine reaches itself


@click.command()
@click.option("--host", help="Address to listen on (127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on (8080); 0 takes a free one.")
def serve(host: str | None, port: int | None) -> None:
    """Serve jobs and their provenance over HTTP. SIGTERM stops the server; jobs go on."""
    settings = load_settings(os.environ)
    given = {"host": host, "port": port}
    _serve(replace(settings, **{name: value for name, value in given.items() if value is not None}))  # type: ignore[arg-type]  # both have their field's type


def _serve(settings: Settings) -> None:
    listener = listen(settings.host, settings.port)
    host, port = listener.getsockname()[:2]
    near = _NEAR.get(host, host)
    address = f"http://[{near}]:{port}" if ":" in near else f"http://{near}:{port}"
    with open_provstore(replace(settings, port=port), signals_url=f"{address}/signals") as provstore:
        tempfile.tempdir = str(settings.data.absolute() / "spool")
        app = create_app(provstore)
        provstore.supervisor.start()
        code = serve_app(
            app,
            listener,
            threads=settings.threads,
            ready=lambda: _greet(provstore, address),
            stopping=provstore.hang_up,
        )
    # Threads that still answer somebody would keep the process; what they write is all or nothing.
    sys.stdout.flush()
    os._exit(code)


def serve_app(
    app: Wsgi,
    listener: socket.socket,
    *,
    threads: int,
    ready: Callable[[], None],
    stopping: Callable[[], None] = lambda: None,
) -> int:
    """Serve a WSGI application in this process, from its main thread, until SIGTERM or SIGINT.

    Args:
        app: The application.
        listener: A socket that listens already.
        threads: So many requests are worked on at a time.
        ready: Called once, when a request was answered.
        stopping: Called once, before those whose requests are under way are cut off.

    Returns:
        The exit code: 1 if Granian failed. Threads may be at work still.
    """
    server = _Server(
        "provstore",
        interface=Interfaces.WSGI,
        blocking_threads=threads,
        backpressure=_CONNECTIONS,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=_SLOWEST_HEAD),
        log_enabled=False,
        workers_kill_timeout=_GRACE,
    )
    server.main_loop_interrupt = _Polled()
    server.listener = listener
    server.stopping = stopping
    hang_up = signal.getsignal(signal.SIGHUP)
    server.on_startup(lambda: signal.signal(signal.SIGHUP, hang_up))  # no new start of workers: there is but one
    threading.Thread(target=_when_answered, args=(listener, ready), daemon=True).start()
    with suppress(SystemExit):
        server.serve(target_loader=lambda: _joined(app), wrap_loader=False)
    return int(bool(server.interrupt_children))


class _Polled(threading.Event):
    """An event whose waiter looks up twice a second.

    The system may hand a signal to any thread; the main one, whose business it is in Python, learns of it only when it
    runs, and in an endless wait it never did: about one SIGTERM in six was lost while a client waited.
    """

    def wait(self, timeout: float | None = None) -> bool:
        if timeout is not None:
            return super().wait(timeout)
        while not super().wait(_LOOK_UP):
            pass
        return True


_LOOK_UP: Final = 0.5
"""Seconds."""


class _Server(MTServer):
    """Granian with its worker as a thread of this process, on a socket that is taken already.

    So Granian runs where Python has no lock; it does as well where it has one, as the embedded server shows. Should a
    newer version have other names for what is replaced here, it refuses to start. See docs/decisions/0005.
    """

    listener: socket.socket
    stopping: Callable[[], None]

    def _check_gil(self) -> None:
        """Let the lock be."""

    def _stop_workers(self) -> None:
        self.stopping()
        super()._stop_workers()  # type: ignore[no-untyped-call]  # of Granian

    def _init_shared_socket(self) -> None:
        self._shd = SocketHolder(self.listener.fileno(), False, self.backlog)  # type: ignore[call-arg, assignment]  # noqa: FBT003 - no Unix socket; the stub tells neither


def _joined(app: Wsgi) -> Wsgi:
    """Hand over short answers in one piece, as a list; Granian sends what else is iterated as it comes.

    A body that breaks off looks to Granian like one that has ended: where its length was told, the application is let
    to count.
    """

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if "CONTENT_LENGTH" in environ:
            del environ["wsgi.input_terminated"]
        lengths: list[int] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
            lengths.extend(int(value) for name, value in headers if name == "Content-Length")
            return start_response(status, headers, exc_info)

        body = app(environ, start)
        if not lengths or lengths[0] > _JOINED:
            return body
        try:
            return [b"".join(body)]
        finally:
            if hasattr(body, "close"):
                body.close()

    return answer


def _when_answered(listener: socket.socket, ready: Callable[[], None]) -> None:
    """Ask for the server's health until it answers: it does as soon as it takes connections from the listener."""
    host, port = listener.getsockname()[:2]
    connection = http.client.HTTPConnection(_NEAR.get(host, host), port)
    with suppress(OSError):  # it was stopped before
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        connection.close()
        ready()


def _greet(provstore: Provstore, address: str) -> None:
    for refusal in provstore.refusals:
        click.echo(f"description refused: {refusal}", err=True)
    settings = provstore.settings
    who = "anyone on this machine" if serves_anonymous(settings) else "holders of a token"
    known_as = f" as {settings.base_url}" if settings.base_url else ""
    click.echo(f"provstore serves {address}{known_as} to {who}; data in {settings.data.absolute()}")
    sys.stdout.flush()


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else is opened, so that a second server on it fails at once.

    Raises:
        Unavailable: the address can't be listened on; somebody else does, perhaps.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_CONNECTIONS)  # only one may listen, while two that don't yet could share the port
    except OSError as error:
        listener.close()
        raise Unavailable(
            f"can't listen on {host} port {port}: {error.strerror}; choose another with --port"
        ) from error
    return listener
