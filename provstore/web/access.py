"""Who calls: found out once, before any view, and refused here if it can't be."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Request, Response, g, request
from werkzeug.datastructures import Authorization

from provstore.accounts.callers import ANONYMOUS, VISITOR, Caller, Scope
from provstore.accounts.people import Accounts
from provstore.accounts.sessions import Session
from provstore.errors import Forbidden, Unauthenticated
from provstore.queries.catalog import QUESTIONS
from provstore.settings import Settings
from provstore.web.cors import is_listed
from provstore.web.csrf import is_token
from provstore.web.errors import challenge
from provstore.web.forms import csrf_field
from provstore.web.proxies import PROXIED
from provstore.web.site import site

__all__ = ["COOKIE", "install_access", "present_session", "refuse_foreign_page", "serves_anonymous", "standing"]

COOKIE: Final = "provstore_session"

_OPEN: Final = ("/healthz", "/signals/", "/availability", "/openapi.json", "/static/", "/favicon.ico")
"""Addresses that need no caller: operation, and signals, which carry a token of their own."""

_ENTRANCE: Final = ("/session", "/login", "/oidc", "/capabilities")
"""Addresses where who has not signed in is met in any case: to sign in, and to learn how."""

_ANNOUNCED: Final = "/capabilities"
"""Here TOPCAT looks for the challenges before it uses a service, though it is let in (IVOA AuthVO)."""

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOKING: Final = frozenset(
    {
        "/provsap",
        "/datalink",
        "/prov/which",
        "/search",
        *(f"/prov/{one.name}" for one in QUESTIONS if one.takes_many_ids),
    }
)
"""Addresses where POST only looks, too: with more ids than an address holds."""

_TREES: Final = ("/uws/", "/rest/")
_SCOPES: Final[dict[Scope, tuple[str, ...]]] = {Scope.READ: (), Scope.JOBS: (*_TREES, "/jobs/new"), Scope.ALL: ("/",)}
"""Below which addresses the holder of a token may change something; he may look everywhere."""

_ONE_THING: Final = re.compile(
    r"/(?:(?:(?:uws|rest)/[^/]+|jobs)/j[0-9a-f]{32}(?:/.*)?|(?:store|id|(?:prov/)?documents)/.+"
    r"|preview(?:\.(?:png|pdf))?|graph(?:\.json|/document)?|product|lineage|impact"
    rf"|prov/(?:{'|'.join(one.name for one in QUESTIONS)})|provsap|datalink)"
)
"""Addresses of what its owner may have made public, and questions about it."""

_HOST_NAMES: Final = frozenset({"localhost"})
_RIGHT: Final = "Authorization: Bearer TOKEN, or the token as the password of HTTP Basic"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brings to prove who sends it: an Authorization, else the cookie of a session."""

    sent: bool
    authorization: Authorization | None
    cookie: str

    @classmethod
    def of(cls, request: Request) -> Credentials:
        """Read them."""
        sent = "HTTP_AUTHORIZATION" in request.environ
        cookie = request.cookies.get(COOKIE, "") if "HTTP_COOKIE" in request.environ else ""
        return cls(sent, request.authorization if sent else None, cookie)

    def prove(self, accounts: Accounts) -> tuple[Caller, Session | None]:
        """Tell who it is.

        Raises:
            Unauthenticated: what was sent proves nothing.
        """
        if self.sent:
            token, name = self._token()
            return accounts.authenticate(token, name=name), None
        if self.cookie:
            session = accounts.sessions.of(self.cookie)
            return session.caller, session
        return ANONYMOUS, None

    def _token(self) -> tuple[str, str]:
        """Give the token, and the account's name where one was sent with it."""
        sent = self.authorization
        if sent is None:  # there, and not readable: nobody becomes anonymous by a slip
            raise Unauthenticated(f"the Authorization header can't be read; right is {_RIGHT}")
        readers: dict[str, Callable[[], tuple[str | None, str | None]]] = {
            "bearer": lambda: (sent.token, ""),
            "basic": lambda: (sent.password, sent.username),
        }
        read = readers.get(sent.type.lower())
        token, name = read() if read else (None, None)
        if not token:
            raise Unauthenticated(f"no token is in the Authorization of type {sent.type!r}; right is {_RIGHT}")
        return token, name or ""


def serves_anonymous(settings: Settings) -> bool:
    """Tell whether visitors without a token are let in: as set, else where only this machine can reach the server.

    With the embedded store, on a loopback address, and without a proxy, which would let in everybody.
    """
    if settings.anonymous is not None:
        return settings.anonymous
    known_as = _part(settings.base_url, "hostname")
    alone = (not known_as or _is_loopback(known_as)) and not settings.trusted_proxies
    return alone and settings.store_url.startswith("sqlite:") and _is_loopback(settings.host)


def install_access(app: Flask, settings: Settings) -> None:
    """Find out who calls before each request, and say it with each answer."""
    anonymous = serves_anonymous(settings)
    guarded = _is_loopback(settings.host)

    @app.before_request
    def identify() -> None:
        if guarded:
            _refuse_foreign_hosts(settings)
        if not request.path.startswith(_OPEN):
            _identify(anonymous=anonymous)

    @app.after_request
    def tell(response: Response) -> Response:
        caller: Caller | None = g.get("caller")
        if caller is None:
            return response
        response.headers.add("Vary", "Authorization, Cookie")
        if caller.name:
            response.headers["X-VO-Authenticated"] = caller.name
        elif request.path == _ANNOUNCED:
            response.headers["WWW-Authenticate"] = challenge()
        return response


def present_session() -> Session | None:
    """Give the session by which the present request was proved, None for a token or nobody."""
    session: Session | None = g.get("session")
    return session


def standing() -> Callable[[], Caller]:
    """Give a question for answers that last: who calls, asked anew.

    It raises ``Unauthenticated`` as soon as the token is revoked, or the session over.
    """
    credentials, accounts = Credentials.of(request), site().accounts
    return lambda: credentials.prove(accounts)[0]


def _identify(*, anonymous: bool) -> None:
    entrance = request.path.startswith(_ENTRANCE)
    credentials = Credentials.of(request)
    if credentials.cookie and not credentials.sent:
        credentials = _without_a_stale_cookie(credentials, kept=_changes() and not entrance)
    caller, session = credentials.prove(site().accounts)
    if caller is ANONYMOUS and not anonymous and not entrance:
        caller = _visitor()
    if session is not None:
        g.csrf_token = session.csrf
        _refuse_foreign_change(session)
    elif caller is ANONYMOUS and _changes():
        _refuse_unlisted_page()  # a browser inside of a closed network would do it for any page of the world
    g.caller, g.session = _within_scope(caller), session


def _visitor() -> Caller:
    """Let somebody without a token look at one job, file or history: if it is not public, errors.py asks for a token.

    Lists ask for one at once, since VO clients learn there that they have to sign in.
    """
    if _changes() or not _ONE_THING.fullmatch(request.path):
        raise Unauthenticated(f"a token is needed: {_RIGHT}")
    return VISITOR


def _changes() -> bool:
    """Tell whether the present request may change something."""
    return request.method not in _SAFE and request.path.rstrip("/") not in _LOOKING


def _without_a_stale_cookie(credentials: Credentials, *, kept: bool) -> Credentials:
    """Take a cookie that is over for none where one only looks; what changes something must not become anonymous."""
    if kept or site().accounts.sessions.lasts(credentials.cookie):
        return credentials
    return replace(credentials, cookie="")


def _within_scope(caller: Caller) -> Caller:
    """Hold the holder of a token to its scope; as an administrator he changes something only with all of it."""
    if not _changes() or caller.scope is Scope.ALL:
        return caller
    if not request.path.startswith(_SCOPES[caller.scope]):
        raise Forbidden(
            f"the scope of this token is {caller.scope.value!r}: {request.method} {request.path} needs another one",
            field="scope",
            value=caller.scope,
        )
    return replace(caller, admin=False)


def _refuse_foreign_change(session: Session) -> None:
    """Take a change by the cookie of a browser only from our own pages, which know the session's CSRF token."""
    if not _changes():
        return
    refuse_foreign_page()
    if request.path == "/session" and request.method == "POST":
        return  # signs in anew: whoever knows the password needs no other proof
    sent = request.headers.get("X-CSRF-Token") or csrf_field()
    if not is_token(sent, session.csrf):
        raise Forbidden(
            "a change by a session needs its CSRF token (GET /session): header X-CSRF-Token or form field csrf_token",
            field="csrf_token",
        )


def refuse_foreign_page() -> None:
    """Refuse a request that a page of another site has made a browser send.

    Raises:
        Forbidden: Origin, or where there is none Referer, names another site.
    """
    origin = request.headers.get("Origin") or request.headers.get("Referer")
    if origin is not None and _part(origin, "netloc") not in _own_places():
        raise Forbidden(f"requests from pages of {origin!r} are refused", field="Origin", value=origin)


def _own_places() -> set[str]:
    """Give the host and port under which our own pages are: as asked for, and as set."""
    return {request.host, _part(site().settings.base_url, "netloc") or request.host}


def _refuse_foreign_hosts(settings: Settings) -> None:
    """Keep web pages from reaching a server on this machine through its user's browser (DNS rebinding, CSRF)."""
    if not request.environ.get(PROXIED):  # a listed proxy has said under which name we are known
        known = {settings.host, _part(settings.base_url, "hostname") or settings.host}
        host = _part(f"//{request.host}", "hostname")
        if host not in known and host not in _HOST_NAMES and not _is_loopback(host):
            raise Forbidden(f"unknown host {request.host!r}: this server answers as {settings.host}", field="Host")
    _refuse_unlisted_page()


def _refuse_unlisted_page() -> None:
    """Refuse what a page of another site has made a browser send, unless the site lists it."""
    origin = request.headers.get("Origin")
    if origin is None or is_listed(origin, site().settings.cors_origins):
        return
    if _part(origin, "netloc") not in _own_places():
        raise Forbidden(f"requests from pages of {origin!r} are refused", field="Origin", value=origin)


@lru_cache(maxsize=1024)
def _part(address: str, name: str) -> str:
    """Give a part of an address, "" where it has none or is none."""
    try:
        return getattr(urlsplit(address), name) or ""
    except ValueError:
        return ""


@lru_cache(maxsize=1024)
def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host in _HOST_NAMES
