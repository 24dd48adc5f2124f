"""What the use cases of a job service are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from provstore.accounts.callers import Caller
from provstore.settings import Settings
from provstore.uws.catalog import Catalog
from provstore.uws.files import Files
from provstore.uws.ports import Clock
from provstore.uws.records import Records
from provstore.uws.submissions import Submissions
from provstore.uws.watching.waiting import Waiting

__all__ = ["Parts"]


def _never() -> str:
    return ""


def _room_for_all(_caller: Caller) -> None:
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a job service is made of.

    ``wake`` tells the supervisor that a job needs it, or many (None). ``draining`` gives the reason why no new jobs are
    taken, "" if they are. ``refuse_if_full`` raises Forbidden for a caller whose jobs fill all the space he may have.
    ``people`` gives everybody with an account.
    """

    records: Records
    catalog: Catalog
    submissions: Submissions
    files: Files
    settings: Settings
    waiting: Waiting
    clock: Clock
    wake: Callable[[str | None], None]
    draining: Callable[[], str] = _never
    refuse_if_full: Callable[[Caller], None] = _room_for_all
    people: Callable[[], tuple[Caller, ...]] = tuple
