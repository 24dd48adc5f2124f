"""People with accounts as pages, for administrators: who there is, what each may do, and what is changed of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, g, redirect, request
from werkzeug.wrappers import Response as Answer

from provstore.accounts.callers import EVERY_SERVICE, Role
from provstore.accounts.oidc_identities import Identity
from provstore.accounts.persons import Among, Person, parse_grant
from provstore.accounts.tokens import Issued
from provstore.errors import Invalid
from provstore.uws.phases import ACTIVE
from provstore.uws.records import JobFilter
from provstore.web.account import check_administrator, issue, person_calling
from provstore.web.fields import flag, needed, read_fields
from provstore.web.oidc import identities_json
from provstore.web.pages.accounts.account import SCOPES, TERMS, Again, roles_in_words
from provstore.web.pages.rendering import page
from provstore.web.site import base_url, caller, site

__all__ = ["people", "people_again"]

people: Final = Blueprint("people", __name__, url_prefix="/admin/people", template_folder="../../templates")

_SEE_OTHER: Final = 303
_PAGE: Final = 100
_FIELDS: Final = ("ACTION", "role", "service", "name", "scope", "days", "token", "provider", "subject")
_ANSWERED: Final = frozenset({400, 404, 409})
_KINDS: Final = {
    Among.ALL: "everybody",
    Among.ADMINISTRATORS: "administrators",
    Among.WITH_ROLES: "those with roles",
    Among.DEACTIVATED: "deactivated accounts",
    Among.NEVER_SEEN: "those never seen",
}


class Shown(NamedTuple):
    """A secret that an administrator hands over: shown this once."""

    password: str = ""
    issued: Issued | None = None


@people.get("")
def list_people() -> Response:
    """GET /admin/people?q=…&who=…: everybody by name, or those with a part in theirs, or of some kind."""
    check_administrator()
    return _listed()


@people.post("")
def make_person() -> Answer:
    """POST /admin/people: an account more, of this ``name``; ``admin`` makes an administrator."""
    check_administrator()
    given = read_fields("name", "admin")
    made = site().accounts.make(needed(given, "name"), admin=flag(given, "admin"))
    return _to(made.name, done="made")


@people.get("/<name>")
def show_person(name: str) -> Response:
    """GET /admin/people/{name}: what one may do and has here."""
    check_administrator()
    return _shown(name)


@people.post("/<name>")
def change_person(name: str) -> Answer:
    """POST /admin/people/{name}: ACTION says what changes; what is secret of it is shown this once."""
    check_administrator()
    given = read_fields(*_FIELDS)
    action = given.get("ACTION", "")
    if action not in _ACTIONS:
        raise Invalid(f"ACTION={action!r}: one of {', '.join(_ACTIONS)} is needed", field="ACTION", value=action)
    secret = _ACTIONS[action](site().accounts.person(name), given)
    return _shown(name, secret=secret) if secret else _to(name, done=action.lower())


def people_again(status: int, message: str) -> Response | None:
    """Show the page again after one of its forms was refused; None for another request, or of somebody else."""
    who = g.get("caller")
    if status not in _ANSWERED or request.method != "POST" or who is None or not who.admin:
        return None
    again = Again(request.form.get("ACTION", ""), str(g.get("refused_field", "")), message)
    if request.endpoint == "people.make_person":
        return _listed(again=again)
    name = (request.view_args or {}).get("name", "")
    known = request.endpoint == "people.change_person" and site().accounts.agent_of(name)
    return _shown(name, again=again) if known else None


def _listed(*, again: Again | None = None) -> Response:
    part, after, these = request.args.get("q", "").strip(), request.args.get("after", ""), _these()
    found = site().accounts.persons(after=after, most=_PAGE + 1, part=part, these=these)
    shown = found[:_PAGE]
    query = urlencode({"q": part, "who": these, "after": shown[-1].name}) if len(found) > _PAGE else ""
    return page(
        "accounts/people.html",
        persons=shown,
        roles_of=lambda person: [role for role, _ in roles_in_words(person.grants)],
        count=site().accounts.count(part=part, these=these),
        part=part,
        these=these,
        kinds=_KINDS,
        after=after,
        following=query and f"{base_url()}/admin/people?{query}",
        again=again or Again(),
    )


def _these() -> Among:
    asked = request.args.get("who", Among.ALL)
    if asked not in _KINDS:
        raise Invalid(f"who={asked!r}: one of {', '.join(_KINDS)} is needed", field="who", value=asked)
    return Among(asked)


def _shown(name: str, *, secret: Shown | None = None, again: Again | None = None) -> Response:
    accounts, service = site().accounts, site().service
    person = accounts.person(name)
    who = person.caller()
    return page(
        "accounts/person.html",
        person=person,
        roles=roles_in_words(person.grants),
        is_oneself=person.agent == caller().agent,
        active=sum((service.lists.counts(caller(), JobFilter(owner=person.agent, phases=ACTIVE)) or {}).values()),
        usage=site().quotas.usage(who),
        keeping=service.keeping.usage(person.agent),
        tokens=accounts.tokens.of(person.agent),
        identities=identities_json(accounts.providers, name)["items"],
        providers=site().settings.oidc,
        services=[EVERY_SERVICE, *sorted(one.description.name for one in service.catalog.services())],
        kinds=[one.value for one in Role],
        secret=secret or Shown(),
        again=again or Again(),
        done=request.args.get("done", ""),
        scopes=SCOPES,
        terms=TERMS,
    )


def _to(name: str, *, done: str) -> Answer:
    return redirect(f"{base_url()}/admin/people/{quote(name)}?{urlencode({'done': done})}", _SEE_OTHER)


Given = Mapping[str, str]


def _set_active(person: Person, *, active: bool) -> None:
    if not active and person.agent == person_calling().agent:
        raise Invalid("this is your own account: let another administrator deactivate it", field="ACTION")
    site().accounts.set_active(person.name, active=active)


def _grant(person: Person, given: Given) -> None:
    site().accounts.grant(person.name, parse_grant(f"{needed(given, 'role')}:{needed(given, 'service')}"))


def _ungrant(person: Person, given: Given) -> None:
    site().accounts.ungrant(person.name, parse_grant(needed(given, "role")))


def _set_password(person: Person, _given: Given) -> Shown:
    """Give a first password that nobody has thought up; its owner changes it on the page of his account."""
    password = secrets.token_urlsafe(15)
    site().accounts.passwords.set(person, password)
    return Shown(password=password)


def _make_token(person: Person, given: Given) -> Shown:
    return Shown(issued=issue(person.agent, given))


def _revoke(person: Person, given: Given) -> None:
    site().accounts.tokens.revoke(person.agent, needed(given, "token"))


def _identity(given: Given) -> Identity:
    provider = site().accounts.providers.get(needed(given, "provider"))
    return Identity(issuer=provider.issuer, subject=needed(given, "subject"))


def _link(person: Person, given: Given) -> None:
    site().accounts.providers.identities.link(_identity(given), name=person.name)


def _unlink(person: Person, given: Given) -> None:
    site().accounts.providers.identities.unlink(_identity(given), name=person.name)


_ACTIONS: Final[Mapping[str, Callable[[Person, Given], Shown | None]]] = {
    "ACTIVATE": lambda person, _: _set_active(person, active=True),
    "DEACTIVATE": lambda person, _: _set_active(person, active=False),
    "PROMOTE": lambda person, _: site().accounts.set_admin(person.name, admin=True),
    "DEMOTE": lambda person, _: site().accounts.set_admin(person.name, admin=False),
    "GRANT": _grant,
    "UNGRANT": _ungrant,
    "PASSWORD": _set_password,
    "TOKEN": _make_token,
    "REVOKE": _revoke,
    "LINK": _link,
    "UNLINK": _unlink,
}
