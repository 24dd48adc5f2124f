"""How many jobs, how long, how much, and how many of them came to a good end: per service, user and time."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from provstore.errors import Invalid
from provstore.graph.model import Label, Node, NodeId, Viewer
from provstore.graph.store import Condition, Filter, Find, GraphStore, Op, Order, every
from provstore.graph.titles import title
from provstore.queries.asking import Parameter, Question, instant, number, one, texts
from provstore.queries.things import cut, duration_of, instant_in, text_in
from provstore.queries.zones import zone_named

__all__ = ["QUESTION", "Asked", "Group", "Spread", "Statistics", "statistics"]

_LIMIT: Final = 1_000
_LOOKED_AT_MOST: Final = 1_000_000
_PAGE: Final = 2_000
_FIELDS: Final = (
    *("service", "owner", "phase", "history", "created_at", "started_at", "ended_at"),
    *("cpu_seconds", "max_rss", "disk_bytes"),
)
_OVER: Final = ("COMPLETED", "ERROR", "ABORTED")
_GOOD: Final = "COMPLETED"

_Part = Callable[[Node, ZoneInfo], str]


def _date(form: str) -> _Part:
    def part(node: Node, zone: ZoneInfo) -> str:
        created_at = instant_in(node, "created_at")
        return created_at.astimezone(zone).strftime(form) if created_at else ""

    return part


def _text(name: str) -> _Part:
    return lambda node, _: text_in(node, name)


_PARTS: Final[Mapping[str, _Part]] = {
    "service": _text("service"),
    "user": _text("owner"),
    "phase": lambda node, _: _outcome(node),
    "hour": _date("%Y-%m-%dT%H"),
    "day": _date("%Y-%m-%d"),
    "week": _date("%G-W%V"),
    "month": _date("%Y-%m"),
    "year": _date("%Y"),
}
"""By what jobs may be grouped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How some numbers are spread: of seconds, or of bytes. Percentiles are values that occur (nearest rank)."""

    count: int
    sum: float
    mean: float | None
    min: float | None
    p50: float | None
    p90: float | None
    p99: float | None
    max: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The jobs that share the values in ``by``.

    ``phases``: as they ended, archived ones, too. ``success``: how many of those that ended were COMPLETED, 0 to 1.
    ``duration``: from start to end; ``wait``: from creation to start; both in seconds. ``memory``: the largest, bytes.
    """

    by: Mapping[str, str]
    jobs: int
    phases: Mapping[str, int]
    success: float | None
    duration: Spread
    wait: Spread
    cpu: Spread
    memory: Spread
    disk: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Groups in the order of their values, and all of them together; ``users``: names of the owners by local id."""

    items: tuple[Group, ...]
    total: Group
    users: Mapping[str, str]
    next: str | None
    truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The parameters of :data:`QUESTION`."""

    service: str = ""
    user: str = ""
    from_: datetime | None = None
    to: datetime | None = None
    by: tuple[str, ...] = ("service",)
    tz: str = "UTC"
    limit: int = _LIMIT
    after: str | None = None


def statistics(store: GraphStore, viewer: Viewer, asked: Asked) -> Statistics:
    """Count and measure the jobs that a viewer may see, by the time of their creation.

    Raises:
        Invalid: there is no such grouping or time zone.
    """
    unknown = next((part for part in asked.by if part not in _PARTS), None)
    if unknown is not None:
        raise Invalid(f"by={unknown!r}: some of {', '.join(_PARTS)} are needed", field="by", value=unknown)
    zone = zone_named(asked.tz)
    total = _Tally()
    groups: defaultdict[tuple[str, ...], _Tally] = defaultdict(_Tally)
    jobs = _jobs(store, viewer, asked)
    for node in islice(jobs, _LOOKED_AT_MOST):
        total.add(node)
        groups[tuple(_PARTS[part](node, zone) for part in asked.by)].add(node)
    found = [tally.group(dict(zip(asked.by, key, strict=True))) for key, tally in groups.items()]
    page = cut(found, lambda group: (json.dumps(list(group.by.values())), ""), limit=asked.limit, after=asked.after)
    owners = sorted({group.by["user"] for group in page.items if group.by.get("user")})
    people = store.get([NodeId(store.namespace + owner) for owner in owners], viewer)
    return Statistics(
        items=page.items,
        total=total.group({}),
        users={person.id.removeprefix(store.namespace): title(person) for person in people},
        next=page.next,
        truncated=next(jobs, None) is not None,
    )


def _jobs(store: GraphStore, viewer: Viewer, asked: Asked) -> Iterator[Node]:
    own = {"service": asked.service, "owner": asked.user.removeprefix(store.namespace).removeprefix("id:")}
    filters = [Filter(name, Op.EQ, value) for name, value in own.items() if value]
    bounds = ((Op.GE, asked.from_), (Op.LT, asked.to))
    filters += [Filter("created_at", op, at) for op, at in bounds if at is not None]
    condition = Condition(label=Label.JOB, filters=tuple(filters))
    question = Find(condition=condition, order=Order("created_at"), limit=_PAGE, fields=_FIELDS)
    return every(store, question, viewer)


def _outcome(node: Node) -> str:
    """Give the phase of a job; of an archived one that in which it ended."""
    phase = text_in(node, "phase")
    if phase in _OVER or "ARCHIVED" not in phase:
        return phase
    try:
        phases = [str(row[0]) for row in json.loads(text_in(node, "history"))]
    except (ValueError, TypeError, LookupError):
        return phase
    return next((each for each in reversed(phases) if each in _OVER), phase)


@dataclass(slots=True)
class _Tally:
    """What is counted of a group."""

    phases: Counter[str] = field(default_factory=Counter)
    numbers: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, node: Node) -> None:
        """Count a job."""
        self.phases[_outcome(node)] += 1
        took, created_at, started_at = duration_of(node), instant_in(node, "created_at"), instant_in(node, "started_at")
        if took is not None:
            self.numbers["duration"].append(took.total_seconds())
        if created_at is not None and started_at is not None:
            self.numbers["wait"].append((started_at - created_at).total_seconds())
        for name in ("cpu_seconds", "max_rss", "disk_bytes"):
            value = node.properties.get(name)
            if isinstance(value, int | float):
                self.numbers[name].append(value)

    def group(self, by: Mapping[str, str]) -> Group:
        """Give what was counted."""
        over = sum(self.phases[phase] for phase in _OVER)
        spread = {name: _spread(self.numbers[name]) for name in _NUMBERS}
        return Group(
            by=by,
            jobs=self.phases.total(),
            phases=dict(sorted(self.phases.items())),
            success=self.phases[_GOOD] / over if over else None,
            duration=spread["duration"],
            wait=spread["wait"],
            cpu=spread["cpu_seconds"],
            memory=spread["max_rss"],
            disk=spread["disk_bytes"],
        )


_NUMBERS: Final = ("duration", "wait", "cpu_seconds", "max_rss", "disk_bytes")


def _spread(numbers: Sequence[float]) -> Spread:
    ordered = sorted(numbers)
    known = bool(ordered)
    return Spread(
        count=len(ordered),
        sum=math.fsum(ordered),
        mean=math.fsum(ordered) / len(ordered) if known else None,
        min=ordered[0] if known else None,
        p50=_percentile(ordered, 50),
        p90=_percentile(ordered, 90),
        p99=_percentile(ordered, 99),
        max=ordered[-1] if known else None,
    )


def _percentile(ordered: Sequence[float], percent: int) -> float | None:
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else None


QUESTION: Final = Question(
    name="statistics",
    text="Jobs per service, user and time: counts, success, and sums and percentiles of time, CPU, memory and disk.",
    of=Asked,
    ask=statistics,
    parameters=(
        Parameter("service", one, "jobs of this service only"),
        Parameter("user", one, "jobs of this agent (local id) only"),
        Parameter("from", instant, "created not before this date or instant"),
        Parameter("to", instant, "created before this date or instant"),
        Parameter("by", texts, f"grouped by some of {', '.join(_PARTS)}", many=True, default="service"),
        Parameter("tz", one, "time zone of hours, days, weeks, months and years", default="UTC"),
        Parameter("limit", number(1), f"at most so many groups on a page [{_LIMIT}]"),
        Parameter("after", one, "the `next` of the page before"),
    ),
)
