"""What a provider publishes: its addresses and its keys, read over HTTP and kept for a while."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import httpx
from joserfc.jwk import Key

from provstore.accounts.oidc_settings import check_address
from provstore.accounts.oidc_tokens import keys_of, suitable
from provstore.errors import Invalid, Unavailable

__all__ = ["Addresses", "Published", "connect", "read_json"]

_KEPT: Final = timedelta(hours=1)
"""After this long the documents are read again."""
_KEPT_WITHOUT_PROVIDER: Final = timedelta(days=1)
"""For this long they go on to be used when the provider does not answer."""
_BETWEEN_READS: Final = timedelta(minutes=1)
"""An unknown key is looked for this often at most: anybody can invent the name of a key."""
_BETWEEN_FAILURES: Final = timedelta(seconds=10)
"""A provider that does not answer is asked this often at most: nobody waits for it again and again."""

_SECONDS: Final = 5.0
_BYTES_MAX: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """The addresses of a provider that are used here (OpenID Connect Discovery 1.0 §3); "" where it has none."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    end_session_endpoint: str
    names_itself: bool
    """Whether it says in its redirect back who it is (RFC 9207)."""
    takes_secret_in_body_only: bool
    """Whether it does not take a client's secret by HTTP Basic, as all did once."""


@dataclass(frozen=True, slots=True)
class _Read:
    addresses: Addresses
    keys: tuple[Key, ...]
    at: datetime


def connect() -> httpx.Client:
    """Open connections with time-outs; redirects are not followed, for a provider's addresses are what it publishes."""
    return httpx.Client(timeout=_SECONDS, verify=_trusted())


@cache
def _trusted() -> ssl.SSLContext:
    """Read the certificates of the authorities once: it takes longer than to ask a provider."""
    return httpx.create_ssl_context()


def read_json(client: httpx.Client, address: str, *, token: str = "") -> dict[str, Any]:
    """Read a JSON object, of limited size and in limited time.

    Args:
        client: Its connections.
        address: Where the object is.
        token: An access token to show, if one is needed.

    Raises:
        Unavailable: it can't be had.
    """
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    deadline = time.monotonic() + 2 * _SECONDS
    body = b""
    try:
        with client.stream("GET", address, headers=headers) as answer:
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > _BYTES_MAX or time.monotonic() > deadline:
                    raise Unavailable(f"{address}: the answer is too long, or takes too long")
        found = json.loads(body)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
        raise Unavailable(f"{address} can't be read now: {type(error).__name__}") from error
    if not isinstance(found, dict):
        raise Unavailable(f"{address}: a JSON object is needed")
    return found


class Published:
    """The addresses and keys of one provider.

    They are read when they are first needed. While the provider is away, what was read goes on to be used; without
    anything read the caller is told to try again later.
    """

    def __init__(
        self, issuer: str, *, clock: Callable[[], datetime], opened: Callable[[], httpx.Client] = connect
    ) -> None:
        self._issuer = issuer
        self._clock = clock
        self._opened = opened
        self._lock = threading.Lock()
        self._read: _Read | None = None
        self._failure: tuple[datetime, Unavailable] | None = None

    def addresses(self) -> Addresses:
        """Give the provider's addresses.

        Raises:
            Unavailable: it does not answer.
        """
        return self._enough(lambda _read: True).addresses

    def keys(self, key_id: str) -> tuple[Key, ...]:
        """Give the keys that may have signed with this name; none if the provider knows no such key.

        Raises:
            Unavailable: it does not answer.
        """
        return suitable(self._enough(lambda read: bool(suitable(read.keys, key_id))).keys, key_id)

    def _enough(self, suffices: Callable[[_Read], bool]) -> _Read:
        """Give what was read if it is young and suffices, else read again, unless that was just done."""
        read, now = self._read, self._clock()
        usable = read is not None and suffices(read) and now - read.at < _KEPT_WITHOUT_PROVIDER
        if read and usable and now - read.at < _KEPT:
            return read
        patient = not usable and self._failure is None
        if not self._lock.acquire(blocking=patient):  # somebody asks already: not all threads need wait for the answer
            if read and usable:
                return read
            raise Unavailable(f"{self._issuer} did not answer lately, and is being asked again")
        try:
            return self._newer(suffices)
        except Unavailable:
            if read and usable:
                return read
            raise
        finally:
            self._lock.release()

    def _newer(self, suffices: Callable[[_Read], bool]) -> _Read:
        read, now = self._read, self._clock()
        if read is None or now - read.at >= (_KEPT if suffices(read) else _BETWEEN_READS):
            read = self._read = self._read_again(now)
        return read

    def _read_again(self, now: datetime) -> _Read:
        if self._failure and now - self._failure[0] < _BETWEEN_FAILURES:
            raise Unavailable(self._failure[1].message)
        try:
            with self._opened() as client:
                addresses = self._discover(client)
                found = _Read(addresses, keys_of(read_json(client, addresses.jwks_uri)), now)
        except Unavailable as error:
            self._failure = (now, error)
            raise
        self._failure = None
        return found

    def _discover(self, client: httpx.Client) -> Addresses:
        place = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        document = read_json(client, place)
        if document.get("issuer") != self._issuer:
            raise Unavailable(f"{place}: the issuer there is {document.get('issuer')!r}, not {self._issuer!r}")
        try:
            return _addresses(document)
        except Invalid as error:
            raise Unavailable(f"{place}: {error.message}") from error


def _addresses(document: Mapping[str, Any]) -> Addresses:
    found = {}
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint"):
        found[name] = str(document.get(name, ""))
        if found[name] or name in {"authorization_endpoint", "token_endpoint", "jwks_uri"}:
            check_address(found[name], field=name)
    methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Addresses(
        **found,
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        takes_secret_in_body_only="client_secret_post" in methods and "client_secret_basic" not in methods,
    )
