"""One's account as a page: who one is here, password, tokens, what one's files take, and what goes when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from flask import Blueprint, Response, g, redirect, request
from werkzeug.wrappers import Response as Answer

from provstore.accounts.callers import EVERY_SERVICE, Grant, Role
from provstore.accounts.tokens import Issued
from provstore.errors import Invalid
from provstore.web.access import present_session
from provstore.web.account import issue, person_calling, set_password
from provstore.web.fields import needed, read_fields
from provstore.web.oidc import identities_json
from provstore.web.pages.rendering import page
from provstore.web.sessions import with_session
from provstore.web.site import base_url, site

__all__ = ["SCOPES", "TERMS", "Again", "account_again", "account_page", "roles_in_words"]

account_page: Final = Blueprint("account_page", __name__, template_folder="../../templates")

_SEE_OTHER: Final = 303
_LISTED: Final = 20
_FIELDS: Final = ("ACTION", "password", "again", "current", "name", "scope", "days", "token")
_ANSWERED: Final = frozenset({400, 403, 404, 409, 429})
_WRONG_PASSWORD: Final = 403

SCOPES: Final = {
    "all": "do all that its owner may",
    "jobs": "look, and make, change and delete jobs",
    "read": "only look",
}
"""Scopes of tokens, in words."""

TERMS: Final = {"30": "30 days", "90": "90 days", "365": "a year", "": "until it is revoked"}
"""How long a token may be good for, in words, by days."""

_ROLES: Final = {
    Role.CURATOR: "sees all jobs of {}, and decides on its definitions",
    Role.AUTHOR: "proposes definitions of {}",
    Role.RUN: "runs {} where it is restricted",
}


class Again(NamedTuple):
    """What was refused of a form, and why: told beside it."""

    action: str = ""
    field: str = ""
    message: str = ""


@account_page.get("/account")
def show_account() -> Response:
    """GET /account: who one is, what one may, and what one has here."""
    return _shown()


@account_page.post("/account")
def change_account() -> Answer:
    """POST /account: ACTION=PASSWORD, TOKEN or REVOKE; a new token is shown this once."""
    given = read_fields(*_FIELDS)
    action = given.get("ACTION", "")
    if action not in _ACTIONS:
        raise Invalid(f"ACTION={action!r}: one of {', '.join(_ACTIONS)} is needed", field="ACTION", value=action)
    return _ACTIONS[action](given)


def account_again(status: int, message: str) -> Response | None:
    """Show the page again after a form of it was refused; None for another request, or one that nobody made."""
    if request.endpoint != "account_page.change_account" or status not in _ANSWERED or g.get("caller") is None:
        return None
    action, field = request.form.get("ACTION", ""), str(g.get("refused_field", ""))
    if status == _WRONG_PASSWORD and action == "PASSWORD":
        field, message = "current", "This is not your present password."
    return _shown(again=Again(action, field, message))


def roles_in_words(grants: Iterable[Grant]) -> list[tuple[str, str]]:
    """Give roles as they are written, and what they mean."""
    return [(f"{one.role}:{one.service}", _ROLES[one.role].format(_every(one.service))) for one in sorted(grants)]


def _every(service: str) -> str:
    return "every service" if service == EVERY_SERVICE else service


def _shown(*, issued: Issued | None = None, again: Again | None = None) -> Response:
    who, service, session = person_calling(), site().service, present_session()
    return page(
        "accounts/account.html",
        person=site().accounts.person(who.name),
        roles=roles_in_words(who.grants),
        scope=who.scope,
        session=session,
        settings=site().settings,
        usage=site().quotas.usage(who),
        keeping=service.keeping.usage(who.agent),
        going=service.space.going(who, limit=_LISTED),
        kept=service.space.kept(who, limit=_LISTED),
        tokens=site().accounts.tokens.of(who.agent),
        identities=identities_json(site().accounts.providers, who.name)["items"],
        issued=issued,
        again=again or Again(),
        done=request.args.get("done", ""),
        scopes=SCOPES,
        terms=TERMS,
    )


def _change_password(given: Mapping[str, str]) -> Answer:
    if needed(given, "password") != given.get("again", ""):
        raise Invalid("the two new passwords are not the same", field="again")
    agent = set_password(given)
    onward = redirect(f"{base_url()}/account?done=password", _SEE_OTHER)
    return with_session(onward, agent) if present_session() else onward


def _make_token(given: Mapping[str, str]) -> Answer:
    return _shown(issued=issue(person_calling().agent, given))


def _revoke(given: Mapping[str, str]) -> Answer:
    site().accounts.tokens.revoke(person_calling().agent, needed(given, "token"))
    return redirect(f"{base_url()}/account?done=revoked#tokens", _SEE_OTHER)


_ACTIONS: Final[Mapping[str, Callable[[Mapping[str, str]], Answer]]] = {
    "PASSWORD": _change_password,
    "TOKEN": _make_token,
    "REVOKE": _revoke,
}
