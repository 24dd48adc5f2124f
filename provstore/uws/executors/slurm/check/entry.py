"""The way into a cluster, as far as it is checked from here: keys, the host, its key, the login, the callback."""

from __future__ import annotations

import re
import shlex
import socket
import ssl
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from provstore.clusters import Cluster
from provstore.errors import ProvstoreError
from provstore.uws.executors.slurm.reach import login_for
from provstore.uws.executors.ssh.connecting import connect
from provstore.uws.executors.ssh.credentials import certificate_of, expired_at, is_public, read_key
from provstore.uws.executors.ssh.logins import Login
from provstore.uws.findings import Finding, fault, note, well

__all__ = ["callback", "host", "keys", "logins", "refused", "since", "told"]

_LIMIT: Final = 10.0
_PRIVATE: Final = 0o077
_PLACE: Final = re.compile(r"cluster \S+(?: \(\S+\))?: ")


def since(began: float) -> str:
    """Say how long something took that began at this reading of the monotonic clock."""
    seconds = time.monotonic() - began
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def refused(part: str, error: ProvstoreError) -> Finding:
    """Tell of an error of ours, which says first where, then what is wrong, then what to do."""
    found, _, remedy = told(error).partition(": ")
    return fault(part, found, remedy or "see docs/clusters.md")


def told(error: ProvstoreError) -> str:
    """Give the message of an error of ours without the place, which is known."""
    return _PLACE.sub("", error.message, count=1)


def keys(cluster: Cluster) -> Iterator[Finding]:
    """Look at the private keys here: there, nobody else's to read, and opened by their passphrase."""
    for login in _logins(cluster):
        yield from _key(login)


def _logins(cluster: Cluster) -> list[Login]:
    """Give the service's login and those of accounts that have keys of their own."""
    own = [one.user for one in cluster.accounts.values() if one.key_file]
    return [login_for(cluster, account) for account in ("", *dict.fromkeys(own))]


def _key(login: Login) -> Iterator[Finding]:
    for file in (login.key_file, login.key_passphrase_file):
        if file is not None and (wrong := _unfit(file)):
            yield wrong
            return
    try:
        key = read_key(login)
    except ProvstoreError as error:
        yield refused("key", error)
        return
    yield well("key", f"{login.key_file} for {login.user}: {key.get_name()} {key.fingerprint}")
    certificate = certificate_of(login)
    if certificate is not None:
        ends_at = expired_at(certificate)
        until = f"until {ends_at:%Y-%m-%d %H:%M:%SZ}" if ends_at else "without an end"
        yield well("certificate", f"{certificate} is valid {until}")


def _unfit(file: Path) -> Finding | None:
    try:
        return _unfit_by_content(file) or _unfit_by_mode(file)
    except FileNotFoundError as error:
        remedy = "make a key with: ssh-keygen -t ed25519 -N '' -f"
        return fault("key", f"{file}: {error.strerror}", f"{remedy} {shlex.quote(str(file))}, or correct the setting")
    except OSError as error:
        return fault("key", f"{file}: {error.strerror}", "let the user of the server read it, and nobody else")


def _unfit_by_content(file: Path) -> Finding | None:
    if file.is_dir():
        return fault("key", f"{file} is a folder", "correct the setting: it names a file")
    if is_public(file):
        return fault("key", f"{file} is the public half of a key", "name the private half, the file without .pub")
    return None


def _unfit_by_mode(file: Path) -> Finding | None:
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & _PRIVATE:
        remedy = f"chmod 600 {shlex.quote(str(file))}"
        return fault("key", f"{file} has the mode {mode:04o}: others on this machine may read it", remedy)
    return None


def host(cluster: Cluster) -> Iterator[Finding]:
    """Look whether the first host on the way has an address and answers."""
    login = login_for(cluster, "")
    first = login.jump or login
    try:
        address = socket.getaddrinfo(first.host, first.port, type=socket.SOCK_STREAM)[0][4][0]
    except OSError as error:
        words = f"{first.host} has no address: {error.strerror or error}"
        yield fault("host", words, f"correct {'jump' if login.jump else 'host'} in the settings")
        return
    began = time.monotonic()
    try:
        socket.create_connection((first.host, first.port), timeout=_LIMIT).close()
    except OSError as error:
        words = f"{first.host} ({address}), port {first.port}: {error.strerror or error}"
        yield fault("host", words, "is the host on, the port right, and does a firewall let this machine through?")
        return
    yield well("host", f"{first.host} ({address}), port {first.port}, answers in {since(began)}")


def logins(cluster: Cluster) -> Iterator[Finding]:
    """Log in as a job would: at the jump host, at the cluster, and with each key of an account."""
    service = login_for(cluster, "")
    ways = [("jump host", service.jump)] if service.jump else []
    for part, login in (*ways, *(("login", one) for one in _logins(cluster))):
        assert login is not None  # noqa: S101 - the list above has none
        began = time.monotonic()
        try:
            with closing(connect(login)) as connection:
                shown = connection.transport.get_remote_server_key()
        except ProvstoreError as error:
            about_key = "host key" in error.message.lower() or "host is not known" in error.message
            yield refused("host key" if about_key else part, error)
            return
        yield well("host key", f"{login.known_as} shows {shown.get_name()} {shown.fingerprint}, as it should")
        yield well(part, f"{login.user}@{login.host}:{login.port} lets us in, in {since(began)}")


def callback(cluster: Cluster) -> Iterator[Finding]:
    """Look whether a server of ours answers where jobs are to signal, as seen from here."""
    if not cluster.callback:
        yield well("callback", "none is set: jobs signal by files, which are looked for every second")
        return
    parts = urlsplit(cluster.callback)
    connection = _KINDS[parts.scheme](parts.hostname or "", parts.port)
    try:
        connection.request("GET", f"{parts.path.rstrip('/')}/healthz")
        code = connection.getresponse().status
    except ssl.SSLError as error:
        words = f"{cluster.callback} speaks no TLS, seen from here: {error.reason or error}"
        yield note("callback", words, "write http:// in callback, or set up TLS there")
    except HTTPException:
        words = f"what listens at {cluster.callback} is no HTTP server, seen from here"
        yield note("callback", words, "correct callback: it is the address of this server, as nodes reach it")
    except OSError as error:
        words = f"nothing answers at {cluster.callback}, seen from here: {error.strerror or error}"
        yield note("callback", words, "start the server (provstore serve), then check again: signals go there")
    else:
        yield _answered(cluster.callback, code)
    finally:
        connection.close()


def _answered(address: str, code: int) -> Finding:
    """Judge the answer to a question that each server of ours answers, without asking who asks."""
    if code in _HEALTH:
        return well("callback", f"{address} answers, seen from here")
    words = f"{address.rstrip('/')}/healthz answers {code}, seen from here: there is no provstore"
    return note("callback", words, "correct callback, its path above all: signals go to callback + /signals/…")


def _unverified() -> ssl.SSLContext:
    """Trust any certificate: it is the nodes that must trust this one, and they are asked by the trial job."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


_KINDS: Final[Mapping[str, Callable[[str, int | None], HTTPConnection]]] = {
    "http": lambda host, port: HTTPConnection(host, port, timeout=_LIMIT),
    "https": lambda host, port: HTTPSConnection(host, port, timeout=_LIMIT, context=_unverified()),
}
_HEALTH: Final = frozenset({200, 503})
