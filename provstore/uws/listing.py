"""Long job lists in parts: pages that shift for nobody when jobs are added in between."""

from __future__ import annotations

import re
from typing import Final

from provstore.errors import Invalid
from provstore.graph.model import Viewer
from provstore.uws.records import JobFilter, JobPage, Records

__all__ = ["next_page"]

_KEY: Final = re.compile(r"(?P<left>\d{0,10})\.(?P<after>[A-Za-z0-9_-]+)\Z", re.ASCII)


def next_page(records: Records, which: JobFilter, viewer: Viewer, *, limit: int, after: str | None) -> JobPage:
    """Give at most so many of the jobs that pass a filter, newest first.

    A page may be shorter than the limit while there is more, but never empty. The key also tells how many of the
    newest ``which.last`` are left.

    Raises:
        Invalid: ``after`` is no key of a page.
    """
    left, start = (which.last, None) if after is None else _read(after)
    most = limit if left is None else min(limit, left)
    try:
        page = records.page(which, viewer, limit=most, after=start)
        while not page.items and page.next is not None:
            page = records.page(which, viewer, limit=most, after=page.next)
    except Invalid as error:
        raise _wrong(after or "") from error
    remaining = None if left is None else left - len(page.items)
    if page.next is None or remaining == 0:
        return JobPage(page.items, None)
    return JobPage(page.items, f"{'' if remaining is None else remaining}.{page.next}")


def _read(key: str) -> tuple[int | None, str]:
    found = _KEY.match(key)
    if not found or found["left"] == "0":
        raise _wrong(key)
    return (int(found["left"]) if found["left"] else None), found["after"]


def _wrong(key: str) -> Invalid:
    return Invalid(f"NEXT={key!r}: the key that came with the page before is needed", field="NEXT", value=key)
