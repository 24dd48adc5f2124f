"""How the site does, for administrators, and for curators as far as their services go."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from flask import Blueprint, Response, redirect
from werkzeug.wrappers import Response as Answer

from provstore.accounts.callers import Caller
from provstore.errors import Forbidden, Invalid
from provstore.graph.model import now
from provstore.uws.permissions import may_review
from provstore.uws.phases import ACTIVE
from provstore.uws.queue.loads import loads_of
from provstore.uws.records import JobFilter
from provstore.uws.space import Held, Total, services_of
from provstore.web.account import check_administrator, person_calling
from provstore.web.fields import read_fields
from provstore.web.jdl.revisions import name_of
from provstore.web.pages.rendering import page
from provstore.web.site import base_url, site

__all__ = ["administration"]

administration: Final = Blueprint("administration", __name__, url_prefix="/admin", template_folder="../../templates")

_SEE_OTHER: Final = 303
_PROPOSALS: Final = 20
_LARGEST: Final = 6
_SHARES: Final = 200
_DAYS: Final = 31
_ACTIONS: Final = ("BEGIN", "END")


class Day(NamedTuple):
    """What goes on one day; without a day, what goes later."""

    day: date | None
    total: Total


@administration.get("")
def show_administration() -> Response:
    """GET /admin: what runs and waits, what is in trouble, what is to be decided, and what fills the disk."""
    who = _looking_after()
    probe = site().probe.look()
    return page(
        "accounts/admin.html",
        trouble="" if probe.well else probe.trouble,
        draining=site().draining.reason(),
        loads=loads_of(site().store, site().settings, troubles=site().troubles()) if who.admin else (),
        active=site().service.lists.counts(who, JobFilter(phases=ACTIVE)) or {},
        proposals=_to_decide(who),
        name_of=name_of(),
        account_of=site().accounts.name_of,
        held=_held(who, most=_LARGEST),
        room=site().service.space.room() if who.admin else None,
        services=services_of(who),
    )


@administration.post("/draining")
def change_draining() -> Answer:
    """POST /admin/draining: no new jobs from now on, for a ``reason``; ACTION=END takes them again."""
    check_administrator()
    given = read_fields("ACTION", "reason")
    action = given.get("ACTION", "BEGIN")
    if action not in _ACTIONS:
        raise Invalid(f"ACTION={action!r}: {' or '.join(_ACTIONS)} is needed", field="ACTION", value=action)
    if action == "BEGIN":
        site().draining.begin(given.get("reason", ""))
    else:
        site().draining.end()
    return redirect(f"{base_url()}/admin", _SEE_OTHER)


@administration.get("/disk")
def show_disk() -> Response:
    """GET /admin/disk: what whose jobs of which service take, what is kept, and what goes when."""
    who = _looking_after()
    held = _held(who, most=_SHARES)
    return page(
        "accounts/disk.html",
        held=held,
        days=_days(held, now()),
        room=site().service.space.room() if who.admin else None,
        services=services_of(who),
        settings=site().settings,
        name_of=site().accounts.name_of,
    )


def _looking_after() -> Caller:
    """Give who calls, if he is an administrator or the curator of something."""
    who = person_calling()
    if not who.admin and not services_of(who) and services_of(who) is not None:
        raise Forbidden("these pages are for administrators, and for curators of a service")
    return who


def _to_decide(who: Caller) -> list[object]:
    found = site().publication.proposals(who, limit=_PROPOSALS).items
    return [one for one in found if may_review(who, one.description.name)]


def _held(who: Caller, *, most: int) -> Held:
    held = site().service.space.held(services_of(who))
    return Held(total=held.total, shares=held.shares[:most], days=held.days)


def _days(held: Held, at: datetime) -> list[Day]:
    """Give what goes day by day for a month; what is due already goes today, all that goes later is taken together."""
    today = at.date()
    last = today + timedelta(days=_DAYS)
    found: dict[date | None, Total] = {}
    for day, total in held.days.items():
        row = found.setdefault(None if day > last else max(day, today), Total())
        row.jobs, row.size = row.jobs + total.jobs, row.size + total.size
    return [Day(day, total) for day, total in found.items()]
