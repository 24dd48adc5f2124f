"""``provstore serve``: one process with many threads, and the supervisor among them."""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
from dataclasses import replace
from types import FrameType
from typing import Final

import click
from waitress.server import create_server
from waitress.wasyncore import ExitNow

from provstore.app import Provstore, create_app, open_provstore
from provstore.errors import Unavailable
from provstore.settings import Settings, load_settings
from provstore.web.access import serves_anonymous

__all__ = ["serve"]

_CONNECTIONS: Final = 1000
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
    listener = _listen(settings.host, settings.port)
    host, port = listener.getsockname()[:2]
    near = _NEAR.get(host, host)
    address = f"http://[{near}]:{port}" if ":" in near else f"http://{near}:{port}"
    with open_provstore(replace(settings, port=port), signals_url=f"{address}/signals") as provstore:
        tempfile.tempdir = str(settings.data.absolute() / "spool")
        server = create_server(
            create_app(provstore),
            sockets=[listener],
            threads=settings.threads,
            connection_limit=_CONNECTIONS,
            max_request_body_size=settings.upload_max,
            clear_untrusted_proxy_headers=True,
            ident="provstore",
        )
        try:
            _stop_on_signals()
            provstore.supervisor.start()
            _greet(provstore, address)
            server.run()
        except _Stopped:
            server.close()


def _greet(provstore: Provstore, address: str) -> None:
    for refusal in provstore.refusals:
        click.echo(f"description refused: {refusal}", err=True)
    settings = provstore.settings
    who = "anyone on this machine" if serves_anonymous(settings) else "holders of a token"
    known_as = f" as {settings.base_url}" if settings.base_url else ""
    click.echo(f"provstore serves {address}{known_as} to {who}; data in {settings.data.absolute()}")
    sys.stdout.flush()


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else is opened, so that a second server on it fails at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # only one may listen, while two that don't yet could share the port
    except OSError as error:
        listener.close()
        raise Unavailable(
            f"can't listen on {host} port {port}: {error.strerror}; choose another with --port"
        ) from error
    return listener


class _Stopped(ExitNow):
    """Raised in the main thread by SIGTERM and SIGINT; of a class that waitress lets through wherever it is then."""


def _stop_on_signals() -> None:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise _Stopped

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
