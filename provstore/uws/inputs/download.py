"""One file over HTTP: from checked machines only, within limits of size and time, cut when nobody wants it any more.

The host's name is resolved here, every address it has is checked, and the connection goes to a checked address: a
second look-up could give another one. Redirects are followed by hand, each with all checks again.
"""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

import httpx

from provstore import __version__
from provstore.errors import FetchFailed, TooLarge
from provstore.uws.files import Files, Measured, safe_name
from provstore.uws.inputs.fetch_rules import FetchRules, shown

__all__ = ["Downloads", "Fetched", "Line", "Stopped", "Wanted", "resolve_host"]

_MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_WHOLE: Final = frozenset({200, 203})
_TRY_AGAIN: Final = frozenset({408, 425, 429})
_SERVER_ERRORS: Final = 500
_CONNECT: Final = 15.0
_SILENCE: Final = 60.0
"""Seconds without a byte after which a connection is given up."""

_PORTS: Final = {"http": 80, "https": 443}
_SOCKETS: Final = frozenset({"connection.connect_tcp.complete", "connection.start_tls.complete"})
_GZIPPED: Final = re.compile(r"\.(gz|tgz|svgz)\Z", re.IGNORECASE)
"""Names of files that are compressed by nature: some servers say so with Content-Encoding."""

_UNKNOWN_HOST: Final = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
Resolve = Callable[[str, int], Sequence[str]]
"""Gives the network addresses of a host; raises OSError."""


def resolve_host(host: str, port: int) -> Sequence[str]:
    """Ask this machine's resolver for the addresses of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


class Stopped(Exception):
    """A download was stopped from another thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A file to fetch for an input, and a folder of its own for it; ``title`` is its name where nothing tells one."""

    name: str
    url: str
    folder: Path
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A file that was fetched; ``content_type`` is what the server said, "" if nothing of use."""

    file: Path
    measured: Measured
    content_type: str


@dataclass(slots=True)
class Line:
    """What may be cut from another thread: the connection of a download, and how much has come over it."""

    received: int = 0
    stopped: bool = False
    overdue: bool = False
    writing: bool = False
    woken: threading.Event = field(default_factory=threading.Event)
    _socket: socket.socket | None = None
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def stop(self) -> bool:
        """Cut it: nobody wants the file. Tell whether it was being written, so that its end must be waited for."""
        with self._guard:
            self.stopped = True
            self._cut()
            return self.writing

    def expire(self) -> None:
        """Cut it: it took too long."""
        with self._guard:
            self.overdue = True
            self._cut()

    def trace(self, event: str, facts: Mapping[str, Any]) -> None:
        """Take note of the socket, as the library opens it."""
        if event in _SOCKETS:
            with self._guard:
                self._socket = facts["return_value"].get_extra_info("socket")
                if self.stopped or self.overdue:
                    self._cut()

    def check(self) -> None:
        """Do nothing if it may go on.

        Raises:
            Stopped: nobody wants the file.
            TimeoutError: it took too long.
        """
        if self.stopped:
            raise Stopped
        if self.overdue:
            raise TimeoutError

    def begin_writing(self) -> None:
        """Say that files are touched from now on.

        Raises:
            Stopped: nobody wants the file; nothing may be touched.
        """
        with self._guard:
            if self.stopped:
                raise Stopped
            self.writing = True

    def _cut(self) -> None:
        self.woken.set()
        if self._socket is not None:
            with suppress(OSError):  # it is closed already
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _Body:
    """The body of an answer, as something to read from: counted, and ended when its line is cut."""

    def __init__(self, answer: httpx.Response, line: Line) -> None:
        self._chunks: Iterator[bytes] = answer.iter_raw()
        self._line = line

    def read(self, _size: int, /) -> bytes:
        chunk = next((one for one in self._chunks if one), b"")
        self._line.check()  # a cut line looks like the end of the body
        self._line.received += len(chunk)
        return chunk


class Downloads:
    """Fetches files.

    Args:
        rules: What may be fetched.
        files: Writes them, whole or not at all.
        resolve: Gives the addresses of a host.
        tls: Whom to trust; the authorities of the certifi package and of this machine by default.
    """

    def __init__(
        self,
        rules: FetchRules,
        files: Files,
        *,
        resolve: Resolve = resolve_host,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._rules = rules
        self._files = files
        self._resolve = resolve
        self._given_tls = tls
        seconds = rules.timeout.total_seconds()
        self._timeout = httpx.Timeout(min(_SILENCE, seconds), connect=min(_CONNECT, seconds))

    def fetch(self, wanted: Wanted, line: Line) -> Fetched:
        """Fetch a file, in one try.

        Raises:
            FetchFailed: it can't be had; ``transient`` tells whether another try may help.
            Stopped: nobody wants it any more.
            OSError: it can't be written.
        """
        url = wanted.url
        try:
            for _ in range(_MOST_REDIRECTS + 1):
                line.check()
                with self._answer(wanted, url, line) as answer:
                    if answer.status_code not in _REDIRECTS:
                        return self._receive(wanted, url, answer, line)
                    url = _next(wanted, url, answer)
        except TimeoutError as error:
            seconds = self._rules.timeout.total_seconds()
            raise _failed(wanted, url, f"it took more than {seconds:g} s", transient=True) from error
        raise _failed(wanted, wanted.url, f"there are more than {_MOST_REDIRECTS} redirects")

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Made for the first file: it takes a while."""
        return self._given_tls or _trusted()

    @contextmanager
    def _answer(self, wanted: Wanted, url: str, line: Line) -> Iterator[httpx.Response]:
        """Ask for a file. What goes wrong on the way, also later while it is read, is told in our words."""
        if reason := self._rules.refusal(url):
            raise _failed(wanted, url, reason)
        parts = urlsplit(url)
        addresses = self._addresses(wanted, url, parts)
        client = httpx.Client(verify=self._tls, trust_env=False, timeout=self._timeout)  # anew: it keeps no cookie
        try:
            with client, _sent(client, parts, addresses, line) as answer:
                yield answer
        except httpx.HTTPError as error:
            line.check()
            raise _translated(wanted, url, error) from error

    def _addresses(self, wanted: Wanted, url: str, parts: SplitResult) -> Sequence[str]:
        host = parts.hostname or ""
        try:
            found = self._resolve(host, parts.port or _PORTS[parts.scheme.lower()])
        except socket.gaierror as error:
            unknown = error.errno in _UNKNOWN_HOST
            reason = f"there is no host {host}" if unknown else f"the address of {host} can't be looked up now"
            raise _failed(wanted, url, reason, transient=not unknown) from error
        if not found or not all(self._rules.allows(address) for address in found):
            raise _failed(wanted, url, f"{host} has a private or reserved address")
        return found

    def _receive(self, wanted: Wanted, url: str, answer: httpx.Response, line: Line) -> Fetched:
        name = _file_name(wanted, url, answer)
        if refusal := _refusal(answer, name, self._rules.most):
            raise _failed(wanted, url, refusal, transient=_may_go_well_later(answer.status_code))
        line.begin_writing()
        shutil.rmtree(wanted.folder, ignore_errors=True)  # a try before this one may have died here
        line.received = 0
        try:
            measured = self._files.receive(_Body(answer, line), wanted.folder / name, most=self._rules.most)
        except TooLarge as error:
            raise _failed(wanted, url, f"it has more than the {self._rules.most} bytes allowed") from error
        told = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Fetched(file=wanted.folder / name, measured=measured, content_type=told)


def _trusted() -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


@contextmanager
def _sent(client: httpx.Client, parts: SplitResult, addresses: Sequence[str], line: Line) -> Iterator[httpx.Response]:
    """Send the request to the first of the addresses that can be reached; it is told the name it was asked by."""
    answer = _send(client, parts, addresses, line)
    try:
        yield answer
    finally:
        answer.close()


def _send(client: httpx.Client, parts: SplitResult, addresses: Sequence[str], line: Line) -> httpx.Response:
    *others, last = addresses
    for address in others:
        with suppress(httpx.ConnectError, httpx.ConnectTimeout):
            return client.send(_request(client, parts, address, line), stream=True)
        line.check()
    return client.send(_request(client, parts, last, line), stream=True)


def _request(client: httpx.Client, parts: SplitResult, address: str, line: Line) -> httpx.Request:
    scheme = parts.scheme.lower()
    port = parts.port or _PORTS[scheme]
    place = f"[{address}]" if ":" in address else address
    query = f"?{parts.query}" if parts.query else ""
    return client.build_request(
        "GET",
        f"{scheme}://{place}:{port}{parts.path or '/'}{query}",
        headers={
            "Host": parts.netloc.lower().removesuffix(f":{_PORTS[scheme]}"),
            "User-Agent": f"provstore/{__version__}",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Connection": "close",
        },
        extensions={"sni_hostname": parts.hostname, "trace": line.trace},
    )


def _next(wanted: Wanted, url: str, answer: httpx.Response) -> str:
    """Give to where an answer leads; what it should have percent-encoded is."""
    place = quote(answer.headers.get("Location", ""), safe="%/:=&?~#+!$,;'@()*[]")
    try:
        following = urljoin(url, place)
    except ValueError:
        following = ""
    if not place or not following:
        raise _failed(wanted, url, f"the server answered {answer.status_code} and leads nowhere")
    return following.partition("#")[0]


def _refusal(answer: httpx.Response, name: str, most: int) -> str:
    """Say why an answer is not taken, "" if it is."""
    if answer.status_code not in _WHOLE:
        phrase = httpx.codes.get_reason_phrase(answer.status_code)
        return f"the server answered {answer.status_code} {phrase}".strip()
    announced = answer.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > most:
        return f"it has {announced} bytes; at most {most} are fetched"
    coding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    by_nature = coding in {"gzip", "x-gzip"} and _GZIPPED.search(name)
    return "" if coding in {"", "identity"} or by_nature else f"the server sends it coded as {coding!r}, unasked"


def _may_go_well_later(status: int) -> bool:
    return status >= _SERVER_ERRORS or status in _TRY_AGAIN


def _file_name(wanted: Wanted, url: str, answer: httpx.Response) -> str:
    """Name the file as the server does, else by the end of its address if that looks like a file, else by its title."""
    message = Message()
    message["Content-Disposition"] = answer.headers.get("Content-Disposition", "")
    ending = unquote(urlsplit(url).path).rsplit("/", 1)[-1]
    return safe_name(message.get_filename() or (ending if "." in ending else "") or wanted.title)


def _failed(wanted: Wanted, url: str, reason: str, *, transient: bool = False) -> FetchFailed:
    via = "" if url == wanted.url else f"it leads to {shown(url)}: "
    return FetchFailed(wanted.name, address=shown(wanted.url), reason=f"{via}{reason}", transient=transient)


def _translated(wanted: Wanted, url: str, error: httpx.HTTPError) -> FetchFailed:
    cause = _cause(error)
    if cause is not None:
        return _failed(wanted, url, f"its certificate is not trusted: {cause.verify_message}")
    if isinstance(error, httpx.TimeoutException):
        return _failed(wanted, url, "the server is silent", transient=True)
    return _failed(wanted, url, f"the connection failed: {str(error) or type(error).__name__}", transient=True)


def _cause(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """Find out whether an error of the library is one of the certificate."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error
