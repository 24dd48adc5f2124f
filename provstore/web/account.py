"""One's own tokens and password, and for administrators everybody's accounts, roles and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from flask import Blueprint, Response, jsonify, request
from werkzeug.wrappers import Response as Answer

from provstore.accounts.callers import Caller, Scope
from provstore.accounts.persons import parse_grant
from provstore.errors import Forbidden, Invalid, Unauthenticated
from provstore.web.access import present_session
from provstore.web.accounts_json import issued_json, person_json, token_json
from provstore.web.fields import flag, needed, read_fields
from provstore.web.forms import one_value, whole_number
from provstore.web.sessions import signed_in
from provstore.web.site import base_url, caller, site

__all__ = ["account"]

account: Final = Blueprint("account", __name__)

_CREATED: Final = 201
_GONE: Final = 204
_PAGE: Final = 100
_MOST: Final = 1000
_MOST_DAYS: Final = 3650


# --- one's own


@account.get("/account/tokens")
def list_tokens() -> Response:
    """GET /account/tokens: one's tokens, without their secrets, and when they were used last."""
    return _tokens(_person().agent)


@account.post("/account/tokens")
def create_token() -> Answer:
    """POST /account/tokens: a new token (``name``, ``scope``, ``days``), shown this once."""
    return _issued(_person().agent, place=f"{base_url()}/account/tokens")


@account.delete("/account/tokens/<token_id>")
def revoke_token(token_id: str) -> Response:
    """DELETE /account/tokens/{id}: the token is worth nothing from now on."""
    site().accounts.tokens.revoke(_person().agent, token_id)
    return Response(status=_GONE)


@account.post("/account/password")
def change_password() -> Answer:
    """POST /account/password: a new ``password``, for the ``current`` one if there is one; all sessions end."""
    given = read_fields("password", "current")
    person, passwords = site().accounts.person(_person().name), site().accounts.passwords
    if person.has_password:
        passwords.check(person.name, needed(given, "current"), address=request.remote_addr or "")
    passwords.set(person, needed(given, "password"))
    return signed_in(person.agent) if present_session() else Response(status=_GONE)


# --- everybody's, for administrators


@account.get("/accounts")
def list_accounts() -> Response:
    """GET /accounts: everybody by name, ``limit`` at a time, on from the name in ``next``."""
    _check_administrator()
    most = min(whole_number(one_value(request.args, "limit") or str(_PAGE), name="limit", least=1), _MOST)
    found = site().accounts.persons(after=one_value(request.args, "next") or "", most=most + 1)
    following = found[most - 1].name if len(found) > most else None
    return jsonify({"items": [person_json(one) for one in found[:most]], "next": following})


@account.post("/accounts")
def create_account() -> Answer:
    """POST /accounts: a new account (``name``, ``admin``), without token or password."""
    _check_administrator()
    given = read_fields("name", "admin")
    person = site().accounts.make(needed(given, "name"), admin=flag(given, "admin"))
    return _created(person_json(person), f"{base_url()}/accounts/{person.name}")


@account.get("/accounts/<name>")
def show_account(name: str) -> Response:
    """GET /accounts/{name}: an account and its roles."""
    _check_administrator()
    return jsonify(person_json(site().accounts.person(name)))


@account.patch("/accounts/<name>")
def change_account(name: str) -> Response:
    """PATCH /accounts/{name}: ``active`` and ``admin``."""
    _check_administrator()
    given = read_fields("active", "admin")
    if "active" in given:
        site().accounts.set_active(name, active=flag(given, "active"))
    if "admin" in given:
        site().accounts.set_admin(name, admin=flag(given, "admin"))
    return show_account(name)


@account.post("/accounts/<name>/roles")
def grant_role(name: str) -> Response:
    """POST /accounts/{name}/roles: one ``role`` more, as ``curator:stack`` or ``run:*``."""
    _check_administrator()
    site().accounts.grant(name, parse_grant(needed(read_fields("role"), "role")))
    return show_account(name)


@account.delete("/accounts/<name>/roles")
def take_role(name: str) -> Response:
    """DELETE /accounts/{name}/roles?role=: one role less."""
    _check_administrator()
    site().accounts.ungrant(name, parse_grant(needed(read_fields("role"), "role")))
    return show_account(name)


@account.get("/accounts/<name>/tokens")
def list_tokens_of(name: str) -> Response:
    """GET /accounts/{name}/tokens: somebody's tokens, without their secrets."""
    _check_administrator()
    return _tokens(site().accounts.person(name).agent)


@account.post("/accounts/<name>/tokens")
def create_token_for(name: str) -> Answer:
    """POST /accounts/{name}/tokens: a new token for somebody, to be handed over."""
    _check_administrator()
    return _issued(site().accounts.person(name).agent, place=f"{base_url()}/accounts/{name}/tokens")


@account.delete("/accounts/<name>/tokens/<token_id>")
def revoke_token_of(name: str, token_id: str) -> Response:
    """DELETE /accounts/{name}/tokens/{id}: somebody's token is worth nothing from now on."""
    _check_administrator()
    site().accounts.tokens.revoke(site().accounts.person(name).agent, token_id)
    return Response(status=_GONE)


def _person() -> Caller:
    """Give who calls, if he has an account."""
    who = caller()
    if not who.name:
        raise Unauthenticated("sign in first: visitors without an account have neither tokens nor a password")
    return who


def _check_administrator() -> None:
    """Refuse everybody else, in the same words whether the account asked for is there or not."""
    if not _person().admin:
        raise Forbidden("accounts are for administrators")


def _issued(agent: str, *, place: str) -> Answer:
    given = read_fields("name", "scope", "days")
    issued = site().accounts.tokens.issue(
        agent, name=needed(given, "name"), scope=_scope(given), expires_at=_end(given)
    )
    return _created(issued_json(issued), f"{place}/{issued.token.id}")


def _scope(given: Mapping[str, str]) -> Scope:
    text = given.get("scope", Scope.ALL.value)
    if text not in set(Scope):
        raise Invalid(f"scope={text!r}: one of {', '.join(Scope)} is needed", field="scope", value=text)
    return Scope(text)


def _end(given: Mapping[str, str]) -> datetime | None:
    text = given.get("days")
    if text is None:
        return None
    days = whole_number(text, name="days", least=1)
    return site().accounts.now() + timedelta(days=min(days, _MOST_DAYS))


def _created(body: dict[str, Any], place: str) -> Answer:
    answer = jsonify(body)
    answer.status_code = _CREATED
    answer.headers["Location"] = place
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _tokens(agent: str) -> Response:
    return jsonify({"items": [token_json(one) for one in site().accounts.tokens.of(agent)], "next": None})
