"""Requests that come through a reverse proxy: what a listed proxy says of them is believed, nobody else's word is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from provstore.errors import Invalid

__all__ = ["PROXIED", "Proxies"]

PROXIED: Final = "provstore.proxied"
"""Key of the WSGI environment: True for a request that a listed proxy has forwarded."""

_FOR: Final = "HTTP_X_FORWARDED_FOR"
_BEGINNINGS: Final = frozenset({"HTTP_F", "HTTP_X"})
_FORWARDING: Final = re.compile(r"HTTP_(X_FORWARDED_\w+|FORWARDED|X_REAL_IP|X_ORIGINAL_\w+|X_REWRITE_URL)")

_FACTS: Final = (
    ("HTTP_X_FORWARDED_PROTO", "wsgi.url_scheme", re.compile(r"https?")),
    ("HTTP_X_FORWARDED_HOST", "HTTP_HOST", re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")),
    ("HTTP_X_FORWARDED_PREFIX", "SCRIPT_NAME", re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*")),
)
"""Header of a proxy -> what it says of the request -> what its value may look like; anything else is not believed."""

_PORT: Final = re.compile(r"(?P<host>\[[^]]*\]|[^:]*)(:\d+)?")

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class Proxies:
    """A WSGI application in front of another, which gets to see the address that the client has used.

    Args:
        app: The application behind.
        trusted: Addresses or networks of the proxies that are believed.
        base_url: The address of the site, if it is set: it wins over what any proxy says.

    Raises:
        Invalid: something listed is neither an address nor a network, or the address of the site is none.
    """

    def __init__(self, app: Wsgi, *, trusted: Sequence[str], base_url: str) -> None:
        self._app = app
        self._networks = tuple(map(_network, trusted))
        self._base = _site(base_url)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Put right what the request says of its address, and take out all forwarding headers."""
        said = {
            name: environ.pop(name) for name in [*environ] if name[:6] in _BEGINNINGS and _FORWARDING.fullmatch(name)
        }
        client, hops = self._client(environ.get("REMOTE_ADDR", ""), said.get(_FOR, "")) if said else ("", 0)
        environ[PROXIED] = bool(hops and said)
        if environ[PROXIED]:
            environ["REMOTE_ADDR"] = client
            environ.update(_told(said, hops))
        environ.update(self._set(environ))
        return self._app(environ, start_response)

    def _client(self, remote: str, chain: str) -> tuple[str, int]:
        """Give the client's address and the number of listed proxies between: read from the near end to the far one."""
        far, hops = remote, 0
        for one in (remote, *reversed(_listed(chain))):
            address = _address(one)
            if address is None:  # no address at all: the last one that was is as far as we know
                break
            far = str(address)
            if not any(address in network for network in self._networks):
                break
            hops += 1
        return far, hops

    def _set(self, environ: Environ) -> Iterator[tuple[str, str]]:
        if self._base.netloc:
            yield "wsgi.url_scheme", self._base.scheme
            yield "SCRIPT_NAME", self._base.path.rstrip("/")
            if environ[PROXIED]:
                yield "HTTP_HOST", self._base.netloc


def _told(said: dict[str, str], hops: int) -> Iterator[tuple[str, str]]:
    """Give what the farthest listed proxy says; what stands farther left may be the client's invention."""
    for header, key, form in _FACTS:
        values = _listed(said.get(header, ""))
        value = values[-min(hops, len(values))].rstrip("/") if values else ""
        if value and form.fullmatch(value):
            yield key, value


def _listed(header: str) -> list[str]:
    return [one.strip() for one in header.split(",") if one.strip()]


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address, with or without a port; an IPv4 address in the dress of IPv6 is what it is."""
    with_port = _PORT.fullmatch(text)
    host = with_port["host"].strip("[]") if with_port else text
    try:
        address = ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _site(text: str) -> SplitResult:
    parts = urlsplit(text)
    if text and not (parts.scheme in {"http", "https"} and parts.netloc and not parts.query and not parts.fragment):
        wanted = "https://HOST or https://HOST/PATH is needed"
        raise Invalid(f"base_url: {text!r} is no address of a site; {wanted}", field="base_url", value=text)
    return parts


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError as error:
        raise Invalid(
            f"trusted_proxies: {text!r} is no address and no network; right are 127.0.0.1 and 10.1.0.0/16",
            field="trusted_proxies",
            value=text,
        ) from error
