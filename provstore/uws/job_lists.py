"""Lists of jobs for pages: a part at a time, to go on from in both directions, with what each row shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from provstore.accounts.callers import Caller
from provstore.errors import Invalid
from provstore.graph.model import NodeId, Viewer, format_instant, parse_instant
from provstore.uws.catalog import Catalog
from provstore.uws.job_rows import JobRow, rows_of
from provstore.uws.jobs import JobReference
from provstore.uws.phases import Phase
from provstore.uws.records import JobFilter, Records

__all__ = ["JobLists", "Place", "RowPage", "parse_place"]

_PLACE: Final = re.compile(r"(?P<at>[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)~(?P<job>j[0-9a-f]{32})\Z")
_LEAST: Final = timedelta(microseconds=1)


class Place(NamedTuple):
    """A place in a list of jobs: that of the job which was created then, and has that id."""

    at: datetime
    job: str

    def __str__(self) -> str:
        """Write it as it stands in addresses."""
        return f"{format_instant(self.at)}~{self.job}"


def parse_place(given: str, *, field: str) -> Place:
    """Read a place as an address has it.

    Raises:
        Invalid: it is none.
    """
    found = _PLACE.match(given)
    try:
        return Place(parse_instant(found["at"]), found["job"]) if found else _no_place(given, field)
    except ValueError:
        return _no_place(given, field)


def _no_place(given: str, field: str) -> Place:
    raise Invalid(f"{field}={given!r}: the place that the page before linked to is needed", field=field, value=given)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPage:
    """A part of a list; ``newer`` and ``older`` are the places beyond which there is more, None at the list's ends."""

    items: tuple[JobRow, ...]
    newer: Place | None
    older: Place | None


class JobLists:
    """Lists jobs for people; each method sees what its caller may.

    Args:
        records: The jobs.
        catalog: The services: what is asked of one that there is not is refused.
    """

    def __init__(self, records: Records, catalog: Catalog) -> None:
        self._records = records
        self._catalog = catalog

    def first(self, caller: Caller, which: JobFilter, *, limit: int) -> RowPage:
        """Give the beginning of a list."""
        self._check(which)
        found, more = self._beyond(which, caller.viewer, None, limit)
        return self._page(caller.viewer, which, found, before=None, after=_place(found[-1]) if more else None)

    def newer(self, caller: Caller, which: JobFilter, place: Place, *, limit: int) -> RowPage:
        """Give the part next to a place, on its newer side."""
        return self._beside(caller, which, place, limit, oldest_first=True)

    def older(self, caller: Caller, which: JobFilter, place: Place, *, limit: int) -> RowPage:
        """Give the part next to a place, on its older side."""
        return self._beside(caller, which, place, limit, oldest_first=False)

    def these(self, caller: Caller, ids: Iterable[str]) -> tuple[JobRow, ...]:
        """Give the rows of some jobs; those that are gone, or may not be seen, are left out."""
        store = self._records.store
        nodes = self._records.visible([NodeId(store.namespace + one) for one in ids], caller.viewer)
        return rows_of(store, list(nodes), caller.viewer)

    def counts(self, caller: Caller, which: JobFilter) -> dict[Phase, int] | None:
        """Count the jobs of a list by phase; None where that would take a look at each."""
        self._check(which)
        return None if which.values or which.configured else self._records.counts(which, caller.viewer)

    def _check(self, which: JobFilter) -> None:
        if which.service is not None:
            self._catalog.newest(which.service)

    def _beside(self, caller: Caller, which: JobFilter, place: Place, limit: int, *, oldest_first: bool) -> RowPage:
        self._check(which)
        found, more = self._beyond(replace(which, oldest_first=oldest_first), caller.viewer, place, limit)
        beyond = _place(found[-1]) if more else None
        if oldest_first is which.oldest_first:
            return self._page(caller.viewer, which, found, before=_place(found[0]) if found else place, after=beyond)
        found = found[::-1]
        return self._page(caller.viewer, which, found, before=beyond, after=_place(found[-1]) if found else place)

    def _page(
        self,
        viewer: Viewer,
        which: JobFilter,
        found: Sequence[JobReference],
        *,
        before: Place | None,
        after: Place | None,
    ) -> RowPage:
        store = self._records.store
        rows = rows_of(store, [NodeId(store.namespace + one.id) for one in found], viewer)
        newer, older = (after, before) if which.oldest_first else (before, after)
        return RowPage(items=rows, newer=newer, older=older)

    def _beyond(
        self, which: JobFilter, viewer: Viewer, place: Place | None, limit: int
    ) -> tuple[Sequence[JobReference], bool]:
        """Give the next jobs in the order of a list, and whether there are more behind them."""
        found: list[JobReference] = []
        which, key = _narrowed(which, place), None
        while len(found) <= limit:
            page = self._records.page(which, viewer, limit=limit + 1, after=key)
            found += (one for one in page.items if place is None or _is_beyond(one, place, which))
            key = page.next
            if key is None:
                break
        return found[:limit], len(found) > limit


def _place(job: JobReference) -> Place:
    return Place(job.created_at, job.id)


def _is_beyond(job: JobReference, place: Place, which: JobFilter) -> bool:
    return _place(job) > place if which.oldest_first else _place(job) < place


def _narrowed(which: JobFilter, place: Place | None) -> JobFilter:
    """Begin at a place: with the jobs that were created at its very instant, of which some may lie beyond it."""
    if place is None:
        return which
    if which.oldest_first:
        after = place.at - _LEAST
        return replace(which, after=after if which.after is None else max(after, which.after))
    before_at = place.at + _LEAST
    return replace(which, before_at=before_at if which.before_at is None else min(before_at, which.before_at))
