"""The list of jobs for people: chosen, in parts, and kept up to date by its scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from flask import Blueprint, Response, request

from provstore.accounts.callers import Caller, Role
from provstore.uws.defaults import runs_with_defaults
from provstore.uws.job_lists import JobLists, Place, RowPage, parse_place
from provstore.uws.job_rows import JobRow
from provstore.uws.permissions import may_change, may_run
from provstore.uws.phases import OPEN, Phase
from provstore.web.forms import one_value
from provstore.web.pages.jobs.choice import PERIODS, Choice, read_choice
from provstore.web.pages.rendering import page
from provstore.web.site import caller, site

__all__ = ["Showing", "job_list"]

job_list: Final = Blueprint("job_list", __name__, template_folder="../../templates")

_ROWS: Final = 100
_NONE: Final = RowPage(items=(), newer=None, older=None)
_WRONG: Final = 400
_BEFORE_ALL: Final = Place(datetime(1970, 1, 1, tzinfo=UTC), "j" + 32 * "0")
_USUAL: Final = (Phase.PENDING, Phase.QUEUED, Phase.EXECUTING, Phase.COMPLETED, Phase.ERROR, Phase.ABORTED)
"""Phases that can be chosen although no job is in them."""


@job_list.get("/jobs")
def show_jobs() -> Response:
    """GET /jobs?service=…&phase=…&runid=…&since=…&owner=…&parameter=name=value: the jobs that one may see."""
    choice = read_choice(request.args)
    rows = _NONE if choice.wrong else _part(choice)
    response = page(
        "jobs/list.html",
        choice=choice,
        rows=rows,
        place=_newest(rows.items) if rows.newer is None and not choice.which.oldest_first else "",
        counted=_counted(choice),
        periods=PERIODS,
        show=Showing.to(caller(), choice),
        services=site().service.services(caller()),
        startable=[one.description.name for one in site().service.services(caller()) if _may_run(one.description.name)],
        testable=_testable(choice.service),
    )
    if choice.wrong:
        response.status_code = _WRONG
    return response


@job_list.get("/jobs/rows")
def show_rows() -> Response:
    """GET /jobs/rows?job=…, or ?newer=…: rows and counts of that list, as they are now, for its scripts."""
    choice = read_choice(request.args)
    lists, newer = site().service.lists, one_value(request.args, "newer")
    rows = (
        lists.newer(caller(), choice.which, parse_place(newer, field="newer"), limit=_ROWS).items
        if newer
        else lists.these(caller(), request.args.getlist("job")[:_ROWS])
    )
    return page(
        "jobs/rows.html",
        choice=choice,
        rows=rows,
        place=_newest(rows),
        counted=_counted(choice),
        show=Showing.to(caller(), choice),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """What a list shows of its jobs to one person: whether their owners, and what he can do with each."""

    caller: Caller
    owners: bool
    usual: str = "again delete"
    """What can be done with most jobs: it stands once in the page."""

    @classmethod
    def to(cls, asking: Caller, choice: Choice) -> Showing:
        """Show owners to those who see the jobs of others."""
        services = {one.service for one in asking.grants if one.role is Role.CURATOR}
        owners = asking.admin or (asking.has(Role.CURATOR, choice.service) if choice.service else bool(services))
        return cls(caller=asking, owners=owners)

    def owner(self, row: JobRow) -> str:
        """Give the name of a job's owner, "" for an anonymous visitor."""
        return site().accounts.name_of(row.owner)

    def acts(self, row: JobRow) -> tuple[str, ...]:
        """Give what can be done with a job, the likeliest first."""
        own, runs = may_change(self.caller, owner=row.owner), _may_run(row.service)
        offered = (
            ("start", own and runs and Phase.QUEUED in row.moves),
            ("abort", own and Phase.ABORTED in row.moves),
            ("again", runs and row.phase is not Phase.PENDING),
            ("delete", own),
        )
        return tuple(name for name, is_possible in offered if is_possible)


def _newest(rows: Sequence[JobRow]) -> Place:
    """Give the place of the first job of a list, beyond which newer ones will be."""
    return Place(rows[0].created_at, rows[0].id) if rows else _BEFORE_ALL


def _may_run(service: str) -> bool:
    return may_run(caller(), service, site().settings)


def _part(choice: Choice) -> RowPage:
    """Give the part that is asked for; on the way back to the list's beginning, a full one."""
    lists: JobLists = site().service.lists
    back = "older" if choice.which.oldest_first else "newer"
    for way, beyond in (("newer", lists.newer), ("older", lists.older)):
        given = one_value(request.args, way)
        if not given:
            continue
        rows = beyond(caller(), choice.which, parse_place(given, field=way), limit=_ROWS)
        if way != back or getattr(rows, way) is not None:
            return rows
    return lists.first(caller(), choice.which, limit=_ROWS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """``phases``: those that can be chosen, each with its number of jobs; None where they were not counted."""

    total: int | None
    phases: tuple[tuple[Phase, int | None], ...]


def _counted(choice: Choice) -> _Counted:
    """Count the jobs of every phase as if all were chosen: that tells what another choice would show."""
    every = replace(choice.which, phases=frozenset(Phase))
    counts = None if choice.wrong else site().service.lists.counts(caller(), every)
    shown = [one for one in Phase if one in _USUAL or one.value in choice.phases or (counts or {}).get(one)]
    if counts is None:
        return _Counted(total=None, phases=tuple((one, None) for one in shown))
    chosen = set(choice.phases) or OPEN
    total = sum(count for phase, count in counts.items() if phase in chosen)
    return _Counted(total=total, phases=tuple((one, counts.get(one, 0)) for one in shown))


def _testable(service: str) -> bool:
    if not service or not _may_run(service):
        return False
    newest = site().service.catalog.newest(service)
    return newest.withdrawn_at is None and runs_with_defaults(newest.description)
