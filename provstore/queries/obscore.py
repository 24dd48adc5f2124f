"""ObsCore records of entities: how they are kept, found by place and time, and shown as rows of IVOA ObsCore 1.1."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from provstore.graph.literals import typed
from provstore.graph.model import EVERYBODY, XSD, Attribute, Label, Node, Viewer
from provstore.graph.obscore import CELL, OBSCORE, literal, record_of
from provstore.graph.store import Condition, Filter, Find, GraphStore, Op, Page
from provstore.queries.obscore_cells import Circle, Place, Span, asked_cells, cells_of, separation

__all__ = ["Wanted", "every_record", "find_records", "mjd_of", "obscore_attributes", "obscore_row"]

_RECORD: Final = 0
"""The cell in which every record lies."""
_LONG: Final = f"{XSD}long"
_PLACES: Final[tuple[str, ...]] = ("s_ra", "s_dec", "s_fov", "t_min", "t_max")
_PAGE: Final = 1_000
_KILO: Final = 1_000
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_FILE: Final = "file:"
_MJD_0: Final = datetime(1858, 11, 17, tzinfo=UTC)
_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which records: those that meet one of the places, one of the times, and have one of each column's values."""

    positions: tuple[Circle, ...] = ()
    times: tuple[Span, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def obscore_attributes(record: Mapping[str, str]) -> tuple[Attribute, ...]:
    """Give the attributes that keep a record, checked before, and that lead to it; none for an empty one."""
    if not record:
        return ()
    told = {column: literal(column, text) for column, text in record.items()}
    cells = dict.fromkeys((_RECORD, *cells_of(_numbers(record))))
    return (*told.values(), *(Attribute(CELL, str(cell), _LONG) for cell in cells))


def _numbers(record: Mapping[str, str]) -> dict[str, float]:
    return {column: float(record[column]) for column in _PLACES if column in record}


def mjd_of(at: datetime) -> float:
    """Give an instant as a modified Julian date."""
    return (at - _MJD_0).total_seconds() / _DAY


def find_records(
    store: GraphStore, wanted: Wanted, viewer: Viewer = EVERYBODY, *, limit: int = 100, after: str | None = None
) -> Page:
    """Give a page of the entities with a record that is wanted, by id; it may hold fewer than the limit."""
    condition = Condition(label=Label.ENTITY, filters=tuple(_filters(wanted)))
    found: list[Node] = []
    while True:
        page = store.find(Find(condition=condition, limit=limit - len(found), after=after), viewer)
        found += (node for node in page.items if _meets(node, wanted))
        after = page.next
        if after is None or 2 * len(found) > limit:
            return Page(tuple(found), after)


def every_record(store: GraphStore, wanted: Wanted, viewer: Viewer = EVERYBODY) -> Iterator[Node]:
    """Give all entities with a record that is wanted, by id, in constant memory."""
    page = find_records(store, wanted, viewer, limit=_PAGE)
    yield from page.items
    while page.next is not None:
        page = find_records(store, wanted, viewer, limit=_PAGE, after=page.next)
        yield from page.items


def _filters(wanted: Wanted) -> Iterator[Filter]:
    for places in (wanted.positions, wanted.times):
        cells = _cells(places)
        if cells is not None:
            yield Filter(CELL, Op.IN, cells)
    for column, texts in wanted.columns.items():
        yield Filter(OBSCORE + column, Op.IN, tuple(typed(literal(column, text)) for text in texts))
    yield Filter(CELL, Op.EQ, _RECORD)
    yield Filter("invalidated_at", Op.ABSENT)


def _cells(places: tuple[Place, ...]) -> tuple[int, ...] | None:
    """Give the cells of several places; None if there is none, or one is too large to be led to."""
    cells: dict[int, None] = {}
    for place in places:
        asked = asked_cells(place)
        if asked is None:
            return None
        cells |= dict.fromkeys(asked)
    return tuple(cells) or None


def _meets(node: Node, wanted: Wanted) -> bool:
    if not wanted.positions and not wanted.times:
        return True
    numbers = _numbers(record_of(node.attributes))
    in_place = not wanted.positions or any(_touches(numbers, one) for one in wanted.positions)
    return in_place and (not wanted.times or any(_overlaps(numbers, one) for one in wanted.times))


def _touches(record: Mapping[str, float], circle: Circle) -> bool:
    if "s_ra" not in record or "s_dec" not in record:
        return False
    reach = circle.radius + record.get("s_fov", 0.0) / 2
    return separation(circle.ra, circle.dec, record["s_ra"], record["s_dec"]) <= reach


def _overlaps(record: Mapping[str, float], span: Span) -> bool:
    times = [record[name] for name in ("t_min", "t_max") if name in record]
    return bool(times) and min(times) <= span.end and span.begin <= max(times)


def obscore_row(node: Node, *, base: str, namespace: str) -> dict[str, str]:
    """Give a record as a row: what is known of the file itself is added where the record does not say it.

    Args:
        node: With its attributes.
        base: Address of this server, without a slash at the end.
        namespace: The store's own.
    """
    local = node.id.removeprefix(namespace)
    facts = {name: str(value) for name, value in node.properties.items()}
    location, size = facts.get("location", ""), node.properties.get("size")
    ours = f"{base}/store/{quote(local, safe='')}" if location else ""
    elsewhere = _SCHEME.match(location) is not None
    added = {
        "obs_publisher_did": node.id,
        "obs_id": local,
        "obs_collection": "provstore",
        "access_url": ours if not elsewhere else "" if location.startswith(_FILE) else location,
        "access_format": facts.get("content_type", ""),
        "access_estsize": str(-(-size // _KILO)) if isinstance(size, int) else "",
    }
    return added | record_of(node.attributes)
