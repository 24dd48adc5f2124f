"""Where the client finds the server's address and its user's token: never in an address, so that no log shows it."""

from __future__ import annotations

from collections.abc import Mapping
from netrc import NetrcParseError, netrc
from pathlib import Path
from typing import Final

import httpx

from provstore.errors import Invalid

__all__ = ["find_address", "find_token", "is_same_place"]

_ADDRESS: Final = "PROVSTORE_URL"
_TOKEN: Final = "PROVSTORE_TOKEN"  # noqa: S105 - the name of a variable
_PORTS: Final = {"http": 80, "https": 443}


def find_address(given: str, environment: Mapping[str, str]) -> httpx.URL:
    """Give the address of the server: as given, else as in ``PROVSTORE_URL``.

    Raises:
        Invalid: there is none, or it holds a password, or is no address of the web.
    """
    text = given or environment.get(_ADDRESS, "")
    if not text:
        raise Invalid(f"no server is named: give its address, or set {_ADDRESS}", field="url")
    try:
        address = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise Invalid(f"url={text!r}: {error}", field="url", value=text) from error
    if address.userinfo:
        shown = str(address.copy_with(userinfo=b""))
        raise Invalid(f"the address {shown} came with a password: give a token by token= or {_TOKEN}", field="url")
    if address.scheme not in _PORTS or not address.host:
        raise Invalid(f"url={text!r}: an address such as https://prov.example.org is needed", field="url", value=text)
    return address


def find_token(address: httpx.URL, environment: Mapping[str, str]) -> str:
    """Give the token for a server, "" for none: ``PROVSTORE_TOKEN``, else the password of its host in ``~/.netrc``.

    Where ``PROVSTORE_URL`` is set, ``PROVSTORE_TOKEN`` belongs to that server and is told to no other.

    Raises:
        Invalid: the netrc file can't be read.
    """
    token, place = environment.get(_TOKEN, "").strip(), environment.get(_ADDRESS, "")
    if token and (not place or is_same_place(find_address(place, {}), address)):
        return token
    return _in_netrc(address.host, environment)


def is_same_place(one: httpx.URL, other: httpx.URL) -> bool:
    """Tell whether two addresses lead to one server: scheme, host and port."""
    return _place(one) == _place(other)


def _place(address: httpx.URL) -> tuple[str, str, int | None]:
    return address.scheme, address.host, address.port or _PORTS.get(address.scheme)


def _in_netrc(host: str, environment: Mapping[str, str]) -> str:
    """An entry ``default`` is for any host, strangers' ones as well: it does not count."""
    named = environment.get("NETRC", "")
    file = Path(named) if named else Path.home() / ".netrc"
    if not file.is_file():
        return ""
    try:
        entry = netrc(str(file)).hosts.get(host)
    except (NetrcParseError, OSError, UnicodeDecodeError) as error:
        right = f'token="" for the anonymous visitor, or {_TOKEN}'
        raise Invalid(f"{file} can't be read: {error}; mend it, or give {right}", field="token") from error
    return entry[2] or "" if entry else ""
