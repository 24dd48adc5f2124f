"""What a provenance document says, statement by statement: the records of W3C PROV (PROV-DM 2013, section 5).

Readers make them, writers write them, validators test them; `provstore.graph.documents` keeps them in the graph.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from provstore.graph.model import Attribute

__all__ = ["ARGUMENTS", "BLANK", "ELEMENTS", "TIMES", "Argument", "Sort", "Statement", "instant_of"]

BLANK: Final = "_:"
"""How the id of a nameless thing begins; it is good within its document only."""

_NO_ARGUMENTS: Final[Mapping[str, str]] = {}  # no proxy: statements are pickled
_INSTANT: Final = re.compile(
    r"(?P<seconds>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?P<fraction>\.\d+)?(?P<zone>Z|[+-]\d\d:?\d\d)?", re.ASCII
)
_MIDNIGHT: Final = re.compile(r"T24:00:00(?:\.0+)?(?=\Z|[Z+-])")
"""The end of a day, which XML Schema writes so, too."""
_MICROSECONDS: Final = 7


class Sort(StrEnum):
    """What an argument names. ANYTHING is any element; MEMBER an entity of which there may be several."""

    ENTITY = "entity"
    MEMBER = "member"
    ACTIVITY = "activity"
    AGENT = "agent"
    ANYTHING = "anything"
    RELATION = "relation"
    BUNDLE = "bundle"
    TIME = "time"


class Argument(NamedTuple):
    """A formal argument of a kind of statement, by its PROV name."""

    name: str
    sort: Sort


_TIME: Final = Argument("time", Sort.TIME)


def _two(first: str, second: str, sort: Sort) -> tuple[Argument, ...]:
    return Argument(first, sort), Argument(second, sort)


ARGUMENTS: Final[dict[str, tuple[Argument, ...]]] = {
    "entity": (),
    "activity": (Argument("startTime", Sort.TIME), Argument("endTime", Sort.TIME)),
    "agent": (),
    "wasGeneratedBy": (Argument("entity", Sort.ENTITY), Argument("activity", Sort.ACTIVITY), _TIME),
    "used": (Argument("activity", Sort.ACTIVITY), Argument("entity", Sort.ENTITY), _TIME),
    "wasInformedBy": _two("informed", "informant", Sort.ACTIVITY),
    "wasStartedBy": (
        Argument("activity", Sort.ACTIVITY),
        Argument("trigger", Sort.ENTITY),
        Argument("starter", Sort.ACTIVITY),
        _TIME,
    ),
    "wasEndedBy": (
        Argument("activity", Sort.ACTIVITY),
        Argument("trigger", Sort.ENTITY),
        Argument("ender", Sort.ACTIVITY),
        _TIME,
    ),
    "wasInvalidatedBy": (Argument("entity", Sort.ENTITY), Argument("activity", Sort.ACTIVITY), _TIME),
    "wasDerivedFrom": (
        *_two("generatedEntity", "usedEntity", Sort.ENTITY),
        Argument("activity", Sort.ACTIVITY),
        Argument("generation", Sort.RELATION),
        Argument("usage", Sort.RELATION),
    ),
    "wasAttributedTo": (Argument("entity", Sort.ENTITY), Argument("agent", Sort.AGENT)),
    "wasAssociatedWith": (
        Argument("activity", Sort.ACTIVITY),
        Argument("agent", Sort.AGENT),
        Argument("plan", Sort.ENTITY),
    ),
    "actedOnBehalfOf": (*_two("delegate", "responsible", Sort.AGENT), Argument("activity", Sort.ACTIVITY)),
    "wasInfluencedBy": _two("influencee", "influencer", Sort.ANYTHING),
    "specializationOf": _two("specificEntity", "generalEntity", Sort.ENTITY),
    "alternateOf": _two("alternate1", "alternate2", Sort.ENTITY),
    "hadMember": (Argument("collection", Sort.ENTITY), Argument("entity", Sort.MEMBER)),
    "mentionOf": (*_two("specificEntity", "generalEntity", Sort.ENTITY), Argument("bundle", Sort.BUNDLE)),
}
"""Kind of statement -> its arguments behind the id, in the order of PROV-N (W3C PROV-DM 2013, section 5).

The first two of a relation are its ends. Any may be missing: there are documents without what PROV-DM demands.
"""

ELEMENTS: Final = frozenset({"entity", "activity", "agent"})
TIMES: Final = frozenset({"startTime", "endTime", "time"})


class Statement(NamedTuple):
    """One record. ``id`` is a full URI, ``_:x`` for a blank one, "" for none.

    ``arguments``: by PROV name, full URIs or the text of times as written (see `instant_of`). ``bundle``: full URI of
    the bundle that says so, "" for the document itself. ``place``: where it stands, for messages.
    """

    kind: str
    id: str = ""
    arguments: Mapping[str, str] = _NO_ARGUMENTS
    attributes: tuple[Attribute, ...] = ()
    bundle: str = ""
    place: str = ""


def instant_of(text: str) -> datetime | None:
    """Read an xsd:dateTime; one without zone is UTC. None for what is none, or lies outside of the years 1 to 9999."""
    text, late = _MIDNIGHT.subn("T00:00:00", text.strip())
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    fraction = (found["fraction"] or "")[:_MICROSECONDS]
    try:
        instant = datetime.fromisoformat(f"{found['seconds']}{fraction.ljust(_MICROSECONDS, '0') if fraction else ''}")
        zone = datetime.fromisoformat(f"2000-01-01T00:00:00{found['zone'] or 'Z'}").tzinfo
        return instant.replace(tzinfo=zone).astimezone(UTC) + timedelta(days=late)
    except (ValueError, OverflowError):
        return None
