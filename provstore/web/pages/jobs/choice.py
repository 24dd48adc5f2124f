"""Which jobs the page of jobs shows: what its address says, in the names of its form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from provstore.errors import Forbidden, Invalid
from provstore.graph.model import now
from provstore.uws.control import parse_instant_of_client
from provstore.uws.records import JobFilter
from provstore.web.job_filters import filter_of

__all__ = ["ANONYMOUS_OWNER", "PERIODS", "Choice", "read_choice"]

ANONYMOUS_OWNER: Final = "anonymous"
"""The owner by whom the jobs of visitors are chosen."""

PERIODS: Final = {
    "1h": ("last hour", timedelta(hours=1)),
    "1d": ("last 24 hours", timedelta(days=1)),
    "7d": ("last 7 days", timedelta(days=7)),
    "30d": ("last 30 days", timedelta(days=30)),
    "365d": ("last year", timedelta(days=365)),
}
"""What may be asked for instead of an instant: a link to it stays true."""

_OWN: Final = ("service", "runid", "since", "ended", "owner", "sweep", "sort")
_OLDEST_FIRST: Final = "oldest"
_BESIDE: Final = frozenset({"newer", "older", "job", "phase", "parameter", *_OWN})
_FIELDS: Final = {"PHASE": "phase", "AFTER": "since", "since": "since", "ended": "since", "OWNER": "owner"}
"""Field of an error -> field of the form; all others are names of parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A choice of jobs as the form shows it; ``which`` is what the store is asked.

    ``parameters``: ``name=value`` each. ``wrong``: what is wrong, by field; nothing is shown then.
    """

    which: JobFilter
    service: str
    runid: str
    since: str
    ended: str
    owner: str
    sweep: str
    sort: str
    phases: tuple[str, ...]
    parameters: tuple[str, ...]
    wrong: tuple[tuple[str, str], ...] = ()

    @property
    def query(self) -> str:
        """The part of the address that says all this."""
        return urlencode(list(self._pairs()))

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the service keeps jobs out."""
        return any(name not in {"service", "sort"} for name, _ in self._pairs())

    def going(self, way: str, place: object) -> str:
        """Give the query of the part beyond a place; ``way``: newer or older."""
        return urlencode([*self._pairs(), (way, str(place))])

    def without(self, name: str, value: str) -> str:
        """Give the query without one of its conditions."""
        return urlencode([pair for pair in self._pairs() if pair != (name, value)])

    def owned_by(self, name: str) -> str:
        """Give the query of those jobs of this choice that are one owner's; "" stands for all visitors."""
        return replace(self, owner=name or ANONYMOUS_OWNER).query

    def turned(self) -> str:
        """Give the query of the same jobs in the opposite order."""
        return replace(self, sort="" if self.sort == _OLDEST_FIRST else _OLDEST_FIRST).query

    def _pairs(self) -> Iterator[tuple[str, str]]:
        yield from ((name, value) for name in _OWN if (value := str(getattr(self, name))))
        yield from (("phase", one) for one in self.phases)
        yield from (("parameter", one) for one in self.parameters)


def read_choice(args: MultiDict[str, str]) -> Choice:
    """Read what an address asks for; empty fields of a form say nothing.

    Raises:
        NotFound: there is no such service.
    """
    given = MultiDict((name.lower(), value.strip()) for name, value in args.items(multi=True) if value.strip())
    told: dict[str, Any] = {name: given.get(name, "") for name in _OWN}
    values = [f"{name}={value}" for name, value in args.items(multi=True) if name.lower() not in _BESIDE and value]
    choice = Choice(
        which=JobFilter(oldest_first=told["sort"] == _OLDEST_FIRST),
        phases=tuple(dict.fromkeys(one.upper() for one in given.getlist("phase"))),
        parameters=tuple(dict.fromkeys((*given.getlist("parameter"), *values))),
        **told,
    )
    try:
        return replace(choice, which=_filter(choice))
    except (Invalid, Forbidden) as error:
        field = _FIELDS.get(error.field or "", "parameter")
        return replace(choice, wrong=((field, error.message),))


def _filter(choice: Choice) -> JobFilter:
    asked = filter_of(MultiDict(_named(choice)), None).which
    changed_at = _since(choice.ended, field="ended") if choice.ended else None
    after = _since(choice.since, field="since") if choice.since else None
    return replace(
        asked, named=choice.runid, after=after, changed_at=changed_at, oldest_first=choice.which.oldest_first
    )


def _named(choice: Choice) -> Iterator[tuple[str, str]]:
    """Give a choice in the names of UWS."""
    owner = "" if choice.owner == ANONYMOUS_OWNER else choice.owner
    told: Iterable[tuple[str, str, bool]] = (
        ("SERVICE", choice.service, bool(choice.service)),
        ("SWEEP", choice.sweep, bool(choice.sweep)),
        ("OWNER", owner, bool(choice.owner)),
    )
    yield from ((name, value) for name, value, is_asked in told if is_asked)
    yield from (("PHASE", one) for one in choice.phases)
    for one in choice.parameters:
        name, sign, value = one.partition("=")
        if not sign or not name.strip():
            raise Invalid(f"{one!r}: name=value is needed, such as duration=5", field="parameter", value=one)
        yield name.strip(), value.strip()


def _since(text: str, *, field: str) -> datetime:
    if text in PERIODS:
        return now() - PERIODS[text][1]
    return parse_instant_of_client(text, field=field)
