"""The question for products by what IVOA ObsCore tells of them: place on the sky, time, type, level of calibration."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from provstore.errors import Invalid
from provstore.graph.model import Viewer
from provstore.graph.obscore import WORDS, column_fault
from provstore.graph.statements import instant_of
from provstore.graph.store import GraphStore
from provstore.queries.answers import Found, Listing
from provstore.queries.asking import Asker, Parameter, Question, number, one, texts
from provstore.queries.obscore import Wanted, find_records, mjd_of
from provstore.queries.obscore_cells import Circle, Span

__all__ = ["QUESTION", "SELECTION", "Observed", "obscore", "wanted_of"]

_LIMIT_MOST: Final = 10_000
_ENDLESS: Final = 1e7
"""No record begins or ends so far (days) from 1858."""
_CHOICES: Final = {
    "dataproduct_type": "image, cube, spectrum, event, ...: any of them",
    "calib_level": "0 (raw) to 4: any of them",
    "target_name": "names of targets, any of them",
    "obs_collection": "names of collections, any of them",
    "obs_id": "ids of observations, any of them",
    "facility_name": "telescopes, any of them",
    "instrument_name": "instruments, any of them",
}
"""Columns of which the value is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The parameters of :data:`QUESTION`."""

    position: tuple[Circle, ...] = ()
    time: tuple[Span, ...] = ()
    dataproduct_type: tuple[str, ...] = ()
    calib_level: tuple[str, ...] = ()
    target_name: tuple[str, ...] = ()
    obs_collection: tuple[str, ...] = ()
    obs_id: tuple[str, ...] = ()
    facility_name: tuple[str, ...] = ()
    instrument_name: tuple[str, ...] = ()
    limit: int = 100
    after: str | None = None


def obscore(store: GraphStore, viewer: Viewer, asked: Observed) -> Listing:
    """Find entities by their ObsCore records."""
    page = find_records(store, wanted_of(asked), viewer, limit=min(asked.limit, _LIMIT_MOST), after=asked.after)
    return Listing(items=tuple(Found(node=node, attributes=True) for node in page.items), next=page.next)


def wanted_of(asked: Observed) -> Wanted:
    """Give which records are meant."""
    columns = {column: getattr(asked, column) for column in _CHOICES}
    told = {column: values for column, values in columns.items() if values}
    return Wanted(positions=asked.position, times=asked.time, columns=told)


def _circles(_: Asker, name: str, given: Sequence[str]) -> tuple[Circle, ...]:
    return tuple(_circle(name, text) for text in given)


def _circle(name: str, text: str) -> Circle:
    """Read ``CIRCLE ra dec radius`` (DALI), or the three numbers alone, with blanks or commas between them."""
    words = text.replace(",", " ").split()
    if words and words[0].upper() == "CIRCLE":
        words = words[1:]
    numbers = [_number(word) for word in words]
    if len(numbers) != 3 or not (0 <= numbers[0] <= 360 and -90 <= numbers[1] <= 90 and 0 <= numbers[2] <= 180):
        right = "CIRCLE ra dec radius in degrees is needed, with ra in 0..360, dec in -90..90, radius in 0..180"
        raise Invalid(f"{name}={text!r}: {right}", field=name, value=text)
    return Circle(*numbers)


def _number(word: str) -> float:
    """Read a number; what is none is no number that compares."""
    return float(word) if not column_fault("t_exptime", word) else math.nan


def _spans(_: Asker, name: str, given: Sequence[str]) -> tuple[Span, ...]:
    return tuple(_span(name, text) for text in given)


def _span(name: str, text: str) -> Span:
    """Read one instant, or two with a blank, comma or slash between them: modified Julian dates, or dates."""
    words = text.replace("/", " ").replace(",", " ").split()
    times = [_time(word) for word in words]
    if len(times) not in {1, 2} or not times[0] <= times[-1]:
        right = "an instant or two in order are needed, as 60310.5 60311 (MJD) or 2024-01-01/2024-01-02T12:00:00Z"
        raise Invalid(f"{name}={text!r}: {right}", field=name, value=text)
    return Span(times[0], times[-1])


def _time(word: str) -> float:
    if word.lstrip("+-").lower() in {"inf", "infinity"}:
        return -_ENDLESS if word.startswith("-") else _ENDLESS
    at = instant_of(word) or instant_of(f"{word}T00:00:00")
    found = _number(word) if at is None else mjd_of(at)
    return found if abs(found) <= _ENDLESS else math.nan


def _choice(column: str) -> Callable[[Asker, str, Sequence[str]], tuple[str, ...]]:
    def read(asker: Asker, name: str, given: Sequence[str]) -> tuple[str, ...]:
        found = texts(asker, name, given) if column in WORDS else tuple(given)
        for text in found:
            if fault := column_fault(column, text):
                raise Invalid(f"{name}: {fault}", field=name, value=text)
        return found

    return read


SELECTION: Final[tuple[Parameter, ...]] = (
    Parameter("position", _circles, "the record's field meets CIRCLE ra dec radius (ICRS, degrees)", many=True),
    Parameter("time", _spans, "its time meets an interval: MJD MJD, or DATE/DATE", many=True),
    *(Parameter(column, _choice(column), text, many=True) for column, text in _CHOICES.items()),
)
"""The parameters that choose records."""

QUESTION: Final = Question(
    name="obscore",
    text="Products by what ObsCore tells of them: place, time, type, calibration; by id.",
    of=Observed,
    ask=obscore,
    parameters=(
        *SELECTION,
        Parameter("limit", number(1), "at most so many on a page"),
        Parameter("after", one, "the `next` of the page before"),
    ),
)
