"""Who calls: found out once, before any view, and refused here if it can't be."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, g, request

from provstore.accounts.callers import ANONYMOUS, Caller
from provstore.errors import Forbidden, Unauthenticated
from provstore.settings import Settings
from provstore.web.site import site

__all__ = ["install_access", "serves_anonymous"]

_OPEN: Final = ("/healthz", "/signals/", "/availability", "/capabilities")
"""Addresses that need no caller: operation, and signals, which carry a token of their own."""

_HOST_NAMES: Final = frozenset({"localhost"})
_RIGHT: Final = "Authorization: Bearer TOKEN, or the token as the password of HTTP Basic"


def serves_anonymous(settings: Settings) -> bool:
    """Tell whether visitors without a token are let in: as set, else with the embedded store on a loopback address."""
    if settings.anonymous is not None:
        return settings.anonymous
    return settings.store_url.startswith("sqlite:") and _is_loopback(settings.host)


def install_access(app: Flask, settings: Settings) -> None:
    """Find out who calls before each request."""
    anonymous = serves_anonymous(settings)
    guarded = _is_loopback(settings.host)

    @app.before_request
    def identify() -> None:
        if guarded:
            _refuse_foreign_pages(settings)
        if not request.path.startswith(_OPEN):
            g.caller = _caller(anonymous)


def _caller(anonymous: bool) -> Caller:  # noqa: FBT001 - a fact, not a switch of behaviour
    if "Authorization" not in request.headers:
        if not anonymous:
            raise Unauthenticated(f"a token is needed: {_RIGHT}")
        return ANONYMOUS
    credentials = request.authorization
    if credentials is None:  # sent, and not readable: nobody becomes anonymous by a slip
        raise Unauthenticated(f"the Authorization header can't be read; right is {_RIGHT}")
    tokens: dict[str, Callable[[], str | None]] = {
        "bearer": lambda: credentials.token,
        "basic": lambda: credentials.password,
    }
    read = tokens.get(credentials.type.lower())
    token = read() if read else None
    if not token:
        raise Unauthenticated(f"no token is in the Authorization of type {credentials.type!r}; right is {_RIGHT}")
    return site().accounts.authenticate(token)


def _refuse_foreign_pages(settings: Settings) -> None:
    """Keep web pages from reaching a server on this machine through its user's browser (DNS rebinding, CSRF)."""
    known = {settings.host, urlsplit(settings.base_url).hostname or settings.host}
    host = _part(f"//{request.host}", "hostname")
    if host not in known and host not in _HOST_NAMES and not _is_loopback(host):
        raise Forbidden(f"unknown host {request.host!r}: this server answers as {settings.host}", field="Host")
    origin = request.headers.get("Origin")
    if origin is not None and _part(origin, "netloc") != request.host:
        raise Forbidden(f"requests from pages of {origin!r} are refused", field="Origin", value=origin)


def _part(address: str, name: str) -> str:
    """Give a part of an address, "" where it has none or is none."""
    try:
        return getattr(urlsplit(address), name) or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host in _HOST_NAMES
