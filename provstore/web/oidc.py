"""Signing in at an OpenID Connect provider: the way there and back, and who its users are here."""

from __future__ import annotations

import secrets
from typing import Any, Final
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as Answer

from provstore.accounts import oidc_attempts
from provstore.accounts.oidc import Providers
from provstore.accounts.oidc_attempts import Attempt
from provstore.accounts.oidc_identities import Identity
from provstore.errors import Forbidden, Unauthenticated
from provstore.web.fields import needed, read_fields
from provstore.web.forms import one_value
from provstore.web.oidc_cookies import known_browser, remember_browser, remember_provider
from provstore.web.sessions import local_path, with_session
from provstore.web.site import base_url, caller, site

__all__ = ["identities_json", "oidc"]

oidc: Final = Blueprint("oidc", __name__)

_FOUND: Final = 302
_SEE_OTHER: Final = 303
_GONE: Final = 204


@oidc.get("/oidc")
def list_providers() -> Response:
    """GET /oidc: the providers at which one may sign in."""
    items = [
        {"name": one.name, "label": one.label or one.name, "login": f"{base_url()}/oidc/{one.name}/login"}
        for one in _providers().all()
    ]
    return jsonify({"items": items, "next": None})


@oidc.get("/oidc/<provider>/login")
def begin(provider: str) -> Answer:
    """GET /oidc/{provider}/login: to the provider, and in the end on to ``next``."""
    to = local_path(one_value(request.args, "next") or "/")
    browser = known_browser() or secrets.token_urlsafe(32)
    attempt = Attempt(provider=provider, redirect_uri=f"{base_url()}/oidc/{quote(provider)}/callback", next=to)
    return remember_browser(redirect(_providers().begin(attempt, browser=browser), _FOUND), browser)


@oidc.get("/oidc/<provider>/callback")
def finish(provider: str) -> Answer:
    """GET /oidc/{provider}/callback: back from the provider; begins the session."""
    given = {name: request.args.get(name, "") for name in ("state", "code", "error")}
    answer = oidc_attempts.Answer(**given, issuer=request.args.get("iss", ""))
    signed_in = _providers().finish(provider, answer, browser=known_browser())
    onward = with_session(redirect(base_url() + signed_in.next, _SEE_OTHER), signed_in.person.agent)
    return remember_provider(onward, provider)


@oidc.get("/accounts/<name>/identities")
def list_identities(name: str) -> Response:
    """GET /accounts/{name}/identities: by which subjects of which providers a person signs in. Administrators only."""
    _check_administrator()
    return jsonify(identities_json(_providers(), site().accounts.person(name).name))


@oidc.post("/accounts/<name>/identities")
def link(name: str) -> Response:
    """POST /accounts/{name}/identities: the ``subject`` of a ``provider`` is this person from now on."""
    _check_administrator()
    _providers().identities.link(_identity(), name=name)
    return jsonify(identities_json(_providers(), name))


@oidc.delete("/accounts/<name>/identities")
def unlink(name: str) -> Response:
    """DELETE /accounts/{name}/identities: this person is no longer the ``subject`` of a ``provider``."""
    _check_administrator()
    _providers().identities.unlink(_identity(), name=name)
    return Response(status=_GONE)


def _providers() -> Providers:
    return site().accounts.providers


def _check_administrator() -> None:
    if not caller().name:
        raise Unauthenticated("sign in first: who is who at a provider is for administrators")
    if not caller().admin:
        raise Forbidden("accounts are for administrators")


def _identity() -> Identity:
    given = read_fields("provider", "subject")
    provider = _providers().get(needed(given, "provider"))
    return Identity(issuer=provider.issuer, subject=needed(given, "subject"))


def identities_json(providers: Providers, name: str) -> dict[str, Any]:
    """Give the identities of an account; the provider is null where the settings name it no longer."""
    names = {one.issuer: one.name for one in providers.all()}
    found = providers.identities.of(name)
    items = [{"provider": names.get(one.issuer), "issuer": one.issuer, "subject": one.subject} for one in found]
    return {"items": items, "next": None}
