"""The way of a job through its phases as a line of stations: those behind it, where it is, and those ahead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from provstore.uws.jobs import Change
from provstore.uws.phases import FINAL, Phase

__all__ = ["Station", "stations"]

_AHEAD: Final[Mapping[Phase, tuple[Phase, ...]]] = {
    Phase.PENDING: (Phase.QUEUED, Phase.EXECUTING, Phase.COMPLETED),
    Phase.HELD: (Phase.QUEUED, Phase.EXECUTING, Phase.COMPLETED),
    Phase.QUEUED: (Phase.EXECUTING, Phase.COMPLETED),
    Phase.EXECUTING: (Phase.COMPLETED,),
    Phase.SUSPENDED: (Phase.COMPLETED,),
    Phase.UNKNOWN: (Phase.COMPLETED,),
}
"""Where a job gets if all goes well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A phase on the line. ``at``: when the job first came there, None if it lies ahead.

    ``took``: how long it was in it altogether, None in the last phase. ``place``: done, here or ahead.
    """

    phase: Phase
    place: str
    at: datetime | None = None
    cause: str = ""
    took: timedelta | None = None


def stations(history: Sequence[Change], *, now: datetime) -> tuple[Station, ...]:
    """Give the line: each phase once, in the order in which the job first came to it."""
    if not history:
        return ()
    current = history[-1].phase
    first = {one.phase: one for one in reversed(history)}
    seen = dict.fromkeys(one.phase for one in history)
    spent = _spent(history, now)
    line = [
        Station(
            phase=phase,
            place="here" if phase is current else "done",
            at=first[phase].at,
            cause=first[phase].cause,
            took=None if phase in FINAL else spent[phase],
        )
        for phase in sorted(seen, key=lambda one: one is current)  # stable: a job that came back is at the end
    ]
    ahead = (Station(phase=one, place="ahead") for one in _AHEAD.get(current, ()) if one is not current)
    return (*line, *ahead)


def _spent(history: Sequence[Change], now: datetime) -> dict[Phase, timedelta]:
    spent: dict[Phase, timedelta] = {}
    for phase, length in _lengths(history, now):
        spent[phase] = spent.get(phase, timedelta()) + length
    return spent


def _lengths(history: Sequence[Change], now: datetime) -> Iterator[tuple[Phase, timedelta]]:
    ends = [*(one.at for one in history[1:]), now]
    return ((one.phase, end - one.at) for one, end in zip(history, ends, strict=True))
