"""The connection to a server: the token to nobody else, errors as ours, and patience with a server that asks for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from provstore.client.refusals import facts_of, is_refused, refusal, retry_after, unreachable
from provstore.client.tokens import is_same_place

__all__ = ["ANYTHING", "JSON", "Call", "Connection", "Query", "lines_of"]

JSON: Final = {"Accept": "application/json"}
ANYTHING: Final = {"Accept": "*/*"}
"""For files: they are sent as they are, and an error comes with its field."""

_TIMEOUT: Final = httpx.Timeout(120.0, connect=20.0)
_REPEATABLE: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_KEY: Final = "Idempotency-Key"

Query = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request.

    ``path``: below the server's address, or a whole address. ``body``: gives httpx's words for it (``data``,
    ``files``, ``json``, ``content``), anew for each try.
    """

    path: str
    method: str = "GET"
    query: Query = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)
    body: Callable[[], Mapping[str, Any]] = dict

    @property
    def is_repeatable(self) -> bool:
        """Whether it does the same if it is sent twice."""
        return self.method in _REPEATABLE or _KEY in self.headers


class Connection:
    """Sends requests to one server.

    A request that may be sent twice is sent again if the server answers 503 and says when (``Retry-After``); nothing
    else is.

    Args:
        address: Of the server.
        token: Of its user, "" for the anonymous visitor.
        patience: So many seconds a server that is not available is waited for, in all of one request.
        pause: Waits.
    """

    def __init__(
        self, address: httpx.URL, *, token: str, patience: float, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._http = httpx.Client(base_url=address, timeout=_TIMEOUT, follow_redirects=False)
        self._authorization = {"Authorization": f"Bearer {token}"} if token else {}
        self._patience = patience
        self._pause = pause

    @property
    def address(self) -> str:
        """The server's address, without a slash at its end."""
        return str(self._http.base_url).rstrip("/")

    def close(self) -> None:
        """Close it."""
        self._http.close()

    def facts(self, path: str, query: Query | None = None) -> Any:
        """Get an answer in JSON.

        Raises:
            ProvstoreError: of the kind that the server's answer tells, with its message.
        """
        return facts_of(self.send(Call(path=path, query=query or {})))

    def send(self, call: Call) -> httpx.Response:
        """Send a request and read the whole answer.

        Raises:
            ProvstoreError: of the kind that the server's answer tells, with its message.
            Unavailable: there is no answer.
        """
        with self.stream(call) as response:
            response.read()
        return response

    @contextmanager
    def stream(self, call: Call) -> Iterator[httpx.Response]:
        """Send a request and give the answer, to be read piece by piece.

        Raises:
            ProvstoreError: of the kind that the server's answer tells, with its message.
            Unavailable: there is no answer, or it breaks off.
        """
        try:
            response = self._answered(call)
            try:
                yield response
            finally:
                response.close()
        except httpx.RequestError as error:
            raise unreachable(error) from error

    def _answered(self, call: Call) -> httpx.Response:
        waited = 0.0
        while True:
            response = self._once(call)
            if not is_refused(response):
                return response
            response.read()
            response.close()
            seconds = retry_after(response) if call.is_repeatable else None
            if seconds is None or waited + seconds > self._patience:
                raise refusal(response)
            self._pause(seconds)
            waited += max(seconds, 1.0)  # a server that says 0 is not asked for ever

    def _once(self, call: Call) -> httpx.Response:
        query = {name: list(value) if not isinstance(value, str) else value for name, value in call.query.items()}
        request = self._http.build_request(
            call.method, call.path, params=query or None, headers=dict(call.headers), **call.body()
        )
        if is_same_place(request.url, self._http.base_url):
            request.headers.update(self._authorization)
        return self._http.send(request, stream=True)


def lines_of(response: httpx.Response) -> Iterator[str]:
    """Give the lines of an answer as they come; only a line feed ends one, as in JSON lines and events."""
    rest = b""
    for chunk in response.iter_bytes():
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line.decode(errors="replace").removesuffix("\r") for line in whole)
    if rest:
        yield rest.decode(errors="replace")
