"""One's own tokens and password, and for administrators everybody's accounts, roles and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from flask import Blueprint, Response, jsonify, request
from werkzeug.wrappers import Response as Answer

from provstore.accounts.callers import Caller, Scope
from provstore.accounts.persons import parse_grant
from provstore.accounts.tokens import Issued
from provstore.errors import Forbidden, Invalid, Unauthenticated
from provstore.web.access import present_session
from provstore.web.accounts_json import issued_json, person_json, token_json
from provstore.web.fields import flag, needed, read_fields
from provstore.web.forms import one_value, whole_number
from provstore.web.sessions import signed_in
from provstore.web.site import base_url, caller, site

__all__ = ["account", "check_administrator", "issue", "person_calling", "set_password"]

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
    return _tokens(person_calling().agent)


@account.post("/account/tokens")
def create_token() -> Answer:
    """POST /account/tokens: a new token (``name``, ``scope``, ``days``), shown this once."""
    return _issued(person_calling().agent, place=f"{base_url()}/account/tokens")


@account.delete("/account/tokens/<token_id>")
def revoke_token(token_id: str) -> Response:
    """DELETE /account/tokens/{id}: the token is worth nothing from now on."""
    site().accounts.tokens.revoke(person_calling().agent, token_id)
    return Response(status=_GONE)


@account.post("/account/password")
def change_password() -> Answer:
    """POST /account/password: a new ``password``, for the ``current`` one if there is one; all sessions end."""
    agent = set_password(read_fields("password", "current"))
    return signed_in(agent) if present_session() else Response(status=_GONE)


# --- everybody's, for administrators


@account.get("/accounts")
def list_accounts() -> Response:
    """GET /accounts: everybody by name, ``limit`` at a time, on from the name in ``next``."""
    check_administrator()
    most = min(whole_number(one_value(request.args, "limit") or str(_PAGE), name="limit", least=1), _MOST)
    found = site().accounts.persons(after=one_value(request.args, "next") or "", most=most + 1)
    following = found[most - 1].name if len(found) > most else None
    return jsonify({"items": [person_json(one) for one in found[:most]], "next": following})


@account.post("/accounts")
def create_account() -> Answer:
    """POST /accounts: a new account (``name``, ``admin``), without token or password."""
    check_administrator()
    given = read_fields("name", "admin")
    person = site().accounts.make(needed(given, "name"), admin=flag(given, "admin"))
    return _created(person_json(person), f"{base_url()}/accounts/{person.name}")


@account.get("/accounts/<name>")
def show_account(name: str) -> Response:
    """GET /accounts/{name}: an account and its roles."""
    check_administrator()
    return jsonify(person_json(site().accounts.person(name)))


@account.patch("/accounts/<name>")
def change_account(name: str) -> Response:
    """PATCH /accounts/{name}: ``active`` and ``admin``."""
    check_administrator()
    given = read_fields("active", "admin")
    if "active" in given:
        site().accounts.set_active(name, active=flag(given, "active"))
    if "admin" in given:
        site().accounts.set_admin(name, admin=flag(given, "admin"))
    return show_account(name)


@account.post("/accounts/<name>/roles")
def grant_role(name: str) -> Response:
    """POST /accounts/{name}/roles: one ``role`` more, as ``curator:stack`` or ``run:*``."""
    check_administrator()
    site().accounts.grant(name, parse_grant(needed(read_fields("role"), "role")))
    return show_account(name)


@account.delete("/accounts/<name>/roles")
def take_role(name: str) -> Response:
    """DELETE /accounts/{name}/roles?role=: one role less."""
    check_administrator()
    site().accounts.ungrant(name, parse_grant(needed(read_fields("role"), "role")))
    return show_account(name)


@account.get("/accounts/<name>/tokens")
def list_tokens_of(name: str) -> Response:
    """GET /accounts/{name}/tokens: somebody's tokens, without their secrets."""
    check_administrator()
    return _tokens(site().accounts.person(name).agent)


@account.post("/accounts/<name>/tokens")
def create_token_for(name: str) -> Answer:
    """POST /accounts/{name}/tokens: a new token for somebody, to be handed over."""
    check_administrator()
    return _issued(site().accounts.person(name).agent, place=f"{base_url()}/accounts/{name}/tokens")


@account.delete("/accounts/<name>/tokens/<token_id>")
def revoke_token_of(name: str, token_id: str) -> Response:
    """DELETE /accounts/{name}/tokens/{id}: somebody's token is worth nothing from now on."""
    check_administrator()
    site().accounts.tokens.revoke(site().accounts.person(name).agent, token_id)
    return Response(status=_GONE)


def person_calling() -> Caller:
    """Give who calls, if he has an account.

    Raises:
        Unauthenticated: he has none.
    """
    who = caller()
    if not who.name:
        raise Unauthenticated("sign in first: visitors without an account have neither tokens nor a password")
    return who


def set_password(given: Mapping[str, str]) -> str:
    """Set the password of who calls, if he knows the one before; all his sessions end. Gives his agent's local id.

    Raises:
        Forbidden: the ``current`` one is wrong.
        Invalid: the new ``password`` is none.
    """
    person, passwords = site().accounts.person(person_calling().name), site().accounts.passwords
    if person.has_password:
        passwords.check(person.name, needed(given, "current"), address=request.remote_addr or "")
    passwords.set(person, needed(given, "password"))
    return person.agent


def check_administrator() -> None:
    """Refuse everybody else, in the same words whether the account asked for is there or not.

    Raises:
        Forbidden: he has an account, and is no administrator.
    """
    if not person_calling().admin:
        raise Forbidden("accounts are for administrators")


def _issued(agent: str, *, place: str) -> Answer:
    issued = issue(agent, read_fields("name", "scope", "days"))
    return _created(issued_json(issued), f"{place}/{issued.token.id}")


def issue(agent: str, given: Mapping[str, str]) -> Issued:
    """Make a token for somebody as asked for: with a ``name``, a ``scope``, and for so many ``days``.

    Raises:
        Invalid: one of them is not what it should be.
    """
    return site().accounts.tokens.issue(agent, name=needed(given, "name"), scope=_scope(given), expires_at=_end(given))


def _scope(given: Mapping[str, str]) -> Scope:
    text = given.get("scope", Scope.ALL.value)
    if text not in set(Scope):
        raise Invalid(f"scope={text!r}: one of {', '.join(Scope)} is needed", field="scope", value=text)
    return Scope(text)


def _end(given: Mapping[str, str]) -> datetime | None:
    text = given.get("days", "")
    if not text:
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
