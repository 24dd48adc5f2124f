"""Who calls: found out once, before any view, and refused here if it can't be."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, g, request

from provstore.accounts.people import ANONYMOUS, Caller
from provstore.errors import Forbidden, Unauthenticated
from provstore.settings import Settings
from provstore.web.site import site

__all__ = ["install_access", "serves_anonymous"]

_OPEN: Final = ("/healthz", "/signals/", "/availability", "/capabilities")
"""Addresses that need no caller: operation, and signals, which carry a token of their own."""

_HOST_NAMES: Final = frozenset({"localhost"})


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
    credentials = request.authorization
    if credentials is None:
        if not anonymous:
            raise Unauthenticated("a token is needed: Authorization: Bearer ..., or as the password of HTTP Basic")
        return ANONYMOUS
    tokens: dict[str, Callable[[], str | None]] = {
        "bearer": lambda: credentials.token,
        "basic": lambda: credentials.password,
    }
    read = tokens.get(credentials.type.lower())
    token = read() if read else None
    if not token:
        raise Unauthenticated(f"authorization of type {credentials.type!r} is not understood; send Bearer or Basic")
    return site().accounts.authenticate(token)


def _refuse_foreign_pages(settings: Settings) -> None:
    """Keep web pages from reaching a server on this machine through its user's browser (DNS rebinding, CSRF)."""
    known = {settings.host, urlsplit(settings.base_url).hostname or settings.host}
    host = urlsplit(f"//{request.host}").hostname or ""
    if host not in known and host not in _HOST_NAMES and not _is_loopback(host):
        raise Forbidden(f"unknown host {request.host!r}: this server answers as {settings.host}", field="Host")
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise Forbidden(f"requests from pages of {origin!r} are refused", field="Origin", value=origin)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host in _HOST_NAMES
