"""From where inputs may be fetched: which addresses are well formed, which hosts, and which machines behind them.

Two checks, since a name tells nothing of the machine behind it: `FetchRules.refusal` of an address as text (at once, in
the request), `FetchRules.allows` of each network address that its host turns out to have (before each connection).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

from provstore.errors import Invalid
from provstore.settings import Settings

__all__ = ["FetchRules", "fetch_rules", "is_url", "shown"]

_KNOWN_SCHEMES: Final = ("http", "https")
_URL: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://")
_LONGEST: Final = 4096
_OUTSIDE: Final = re.compile(r"[^\x21-\x7e]|[\\<>\"`{}^|]")
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_LONGEST_HOST: Final = 253
_NUMERIC: Final = re.compile(r"(0x[0-9a-f]*|[0-9]+)\Z")
"""The last part of a host that some resolvers read as a number: 127.1, 0x7f.1 and 2130706433 are all 127.0.0.1."""

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_TEREDO: Final = IPv6Network("2001::/32")
_NAT64: Final = IPv6Network("64:ff9b::/96")


def is_url(text: str) -> bool:
    """Tell whether a text starts as an address: ``scheme://``."""
    return _URL.match(text) is not None


def shown(url: str) -> str:
    """Write an address for people and logs: without password, and without the query, which may hold a secret."""
    before, question, _ = url.partition("?")
    return re.sub(r"(?<=://)[^/@]*@", "…@", before) + ("?…" if question else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRules:
    """What may be fetched. ``hosts``: patterns with ``*``, none for all; ``networks``: private ones that will do."""

    schemes: tuple[str, ...]
    hosts: tuple[str, ...]
    networks: tuple[IPv4Network | IPv6Network, ...]
    most: int
    timeout: timedelta

    def refusal(self, url: str) -> str:
        """Say why an address may not be fetched, "" if nothing speaks against it yet."""
        if len(url) > _LONGEST:
            return f"it is longer than {_LONGEST} characters"
        if found := _OUTSIDE.search(url):
            return f"it holds {found[0]!r}, which must be percent-encoded"
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            return f"it is malformed: {error}"
        return self._refusal_of_parts(parts) or self._refusal_of_host(host or "")

    def _refusal_of_parts(self, parts: SplitResult) -> str:
        if parts.scheme.lower() not in self.schemes:
            return f"its scheme is not fetched here; allowed: {', '.join(self.schemes) or 'none'}"
        if "@" in parts.netloc:
            return "it holds a user name or a password"
        if parts.fragment:
            return "it has a fragment (#…), which no server is sent"
        return ""

    def _refusal_of_host(self, host: str) -> str:
        address = _literal(host)
        if address is None and not _is_name(host):
            return f"{host!r} is no host name"
        if self.hosts and not any(fnmatchcase(host.rstrip("."), pattern) for pattern in self.hosts):
            return f"nothing is fetched from {host}; allowed: {', '.join(self.hosts)}"
        if address is not None and not self.allows(host):
            return f"{host} is a private or reserved address"
        return ""

    def allows(self, address: str) -> bool:
        """Tell whether a network address is public, or in one of the networks that are allowed nevertheless."""
        literal = _literal(address)
        if literal is None:
            return False
        meant = _meant(literal)
        return any(one.version == meant.version and meant in one for one in self.networks) or _is_public(meant)


def fetch_rules(settings: Settings) -> FetchRules:
    """Read the rules from the settings.

    Raises:
        Invalid: a scheme that can't be fetched, or a network that is none.
    """
    unknown = next((one for one in settings.fetch_schemes if one.lower() not in _KNOWN_SCHEMES), None)
    if unknown is not None:
        right = " and ".join(_KNOWN_SCHEMES)
        raise Invalid(f"setting fetch_schemes: {unknown!r} can't be fetched; {right} can", field="fetch_schemes")
    return FetchRules(
        schemes=tuple(one.lower() for one in settings.fetch_schemes),
        hosts=tuple(one.lower() for one in settings.fetch_hosts),
        networks=_networks(settings.fetch_networks),
        most=settings.fetch_max,
        timeout=settings.fetch_timeout,
    )


def _networks(texts: Sequence[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    found = []
    for text in texts:
        try:
            found.append(ip_network(text))
        except ValueError as error:
            raise Invalid(f"setting fetch_networks: {error}", field="fetch_networks", value=text) from error
    return tuple(found)


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_name(host: str) -> bool:
    labels = host.lower().removesuffix(".").split(".")
    return (
        len(host) <= _LONGEST_HOST and all(_LABEL.match(label) for label in labels) and not _NUMERIC.match(labels[-1])
    )


def _meant(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Follow an IPv6 address that only wraps an IPv4 one: mapped, 6to4, NAT64."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or address


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and (address not in _GLOBAL_UNICAST or address in _TEREDO):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)
