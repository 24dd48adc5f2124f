"""Who starts next, and why a job waits: the rules of the queue, as pure functions.

Fair between people: the next job is the oldest one of the person with the fewest jobs running. `next_owners` picks one
job so; `in_order` lays out the whole queue, and begins with the very job that `next_owners` leads to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from provstore.accounts.callers import ANONYMOUS
from provstore.clusters import LOCAL
from provstore.settings import Settings
from provstore.uws.jobs import JobId

__all__ = ["NOT_WAITING", "Crowd", "Limits", "Queued", "Wait", "in_order", "limits_of", "next_owners", "reason"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many jobs may run at the same time: ``slots`` of each executor by name; of each person, 0 for no limit."""

    slots: Mapping[str, int]
    user: int = 0
    anonymous: int = 0

    def of(self, owner: str) -> int:
        """Give how many jobs an owner may run at the same time, 0 for no limit."""
        return self.anonymous if owner == ANONYMOUS.agent else self.user

    def reached(self, owner: str, running: int) -> bool:
        """Tell whether an owner with so many running jobs may start no further one."""
        return 0 < self.of(owner) <= running


def limits_of(settings: Settings) -> Limits:
    """Give the limits that a site has set."""
    slots = {LOCAL: settings.local_slots} | {one.name: one.slots for one in settings.clusters}
    return Limits(slots=slots, user=settings.user_slots, anonymous=settings.anonymous_slots)


class Queued(NamedTuple):
    """What the queue needs to know of a job that waits in QUEUED. Tuples sort by age."""

    created_at: datetime
    id: JobId
    owner: str


def next_owners(owners: Iterable[str], running: Mapping[str, int], limits: Limits) -> tuple[str, ...]:
    """Give those of the owners whose oldest job is next: below their limit, and with the fewest running jobs.

    Args:
        owners: Those who have queued jobs.
        running: How many jobs of each owner run, or were chosen to.
        limits: How many may.
    """
    numbers = {owner: running.get(owner, 0) for owner in owners}
    allowed = {owner: number for owner, number in numbers.items() if not limits.reached(owner, number)}
    fewest = min(allowed.values(), default=0)
    return tuple(sorted(owner for owner, number in allowed.items() if number == fewest))


def in_order(queued: Sequence[Queued], running: Mapping[str, int], limits: Limits) -> tuple[Queued, ...]:
    """Sort queued jobs into the order in which they start if none of the running ones ends before.

    The n-th oldest job of a person starts when n - 1 further ones of his run: that number is its rank. Those beyond
    their owner's limit come last.
    """
    before: Counter[str] = Counter(running)
    ranked: list[tuple[bool, int, Queued]] = []
    for one in sorted(queued):
        ranked.append((limits.reached(one.owner, before[one.owner]), before[one.owner], one))
        before[one.owner] += 1
    return tuple(one for _, _, one in sorted(ranked))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Where a job stands in the queue (1 is next, None for one that is not queued), and what keeps it from starting."""

    place: int | None = None
    reason: str = ""


NOT_WAITING: Final = Wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """What runs while a job waits: jobs of its owner, and jobs of its executor."""

    of_owner: int
    of_executor: int


def reason(owner: str, executor: str, *, place: int, crowd: Crowd, limits: Limits) -> str:
    """Say why a queued job waits that nothing but other jobs keeps from starting; "" if it starts at any moment."""
    most, slots = limits.of(owner), limits.slots.get(executor)
    if limits.reached(owner, crowd.of_owner):
        who = "visitors without a token" if owner == ANONYMOUS.agent else "its owner"
        jobs, run = "job" if most == 1 else "jobs", "is" if crowd.of_owner == 1 else "are"
        return f"{who} may run {most} {jobs} at a time, and {crowd.of_owner} {run} running"
    if slots is not None and slots <= crowd.of_executor:
        return f"all {slots} slots of {executor} are taken"
    before = place - 1
    return f"{before} other {'job is' if before == 1 else 'jobs are'} started before it" if before else ""
