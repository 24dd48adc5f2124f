"""ObsCore records of entities: how they are kept, found by place and time, and shown as rows of IVOA ObsCore 1.1.

An entity's record is what it says itself, and for the other columns what annotations and documents say that the viewer
may see; of several the newest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from provstore.graph.literals import typed
from provstore.graph.model import EVERYBODY, XSD, Attribute, Kind, Label, Node, NodeId, Relation, Viewer
from provstore.graph.obscore import CELL, OBSCORE, literal, record_of
from provstore.graph.rules import Step
from provstore.graph.store import Condition, Filter, Find, GraphStore, Op, Page, Walk
from provstore.queries.obscore_cells import Circle, Place, Span, asked_cells, cells_of, separation

__all__ = [
    "Wanted",
    "every_record",
    "find_records",
    "mjd_of",
    "obscore_attributes",
    "obscore_row",
    "record_cells",
    "record_told",
    "with_records_told",
]

_RECORD: Final = 0
"""The cell in which every record lies."""
_LONG: Final = f"{XSD}long"
_PLACES: Final[tuple[str, ...]] = ("s_ra", "s_dec", "s_fov", "t_min", "t_max")
_PAGE: Final = 1_000
_ASSERTED: Final = (Step(Kind.ASSERTS, backwards=True, expand=False),)
_ALL: Final = 10_000_000
_KILO: Final = 1_000
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
    return (*(literal(column, text) for column, text in record.items()), *record_cells(record))


def record_cells(record: Mapping[str, str]) -> tuple[Attribute, ...]:
    """Give the attributes that lead to a record, checked before."""
    cells = dict.fromkeys((_RECORD, *cells_of(_numbers(record))))
    return tuple(Attribute(CELL, str(cell), _LONG) for cell in cells)


def with_records_told(store: GraphStore, nodes: Sequence[Node], viewer: Viewer) -> tuple[Node, ...]:
    """Give the nodes with those columns of ObsCore that others tell of them, as far as the viewer may see who does.

    A column that the entity has itself stays as it is; of several words the newest counts.
    """
    if not nodes:
        return ()
    found = store.walk(Walk(starts=tuple(node.id for node in nodes), steps=_ASSERTED, depth=1, limit=_ALL), viewer)
    said: defaultdict[NodeId, list[Relation]] = defaultdict(list)
    for edge in found.edges:
        said[edge.target].append(edge)
    return tuple(_with(node, record_told(said[node.id])) if node.id in said else node for node in nodes)


def record_told(said: Iterable[Relation]) -> dict[str, str]:
    """Give the record that is told of one entity by ASSERTS relations; of several words the newest counts."""
    entities = (one for one in said if one.arguments.get("kind") == "entity" and "id" not in one.arguments)
    in_order = sorted(entities, key=lambda one: one.key)  # keys begin with the bundle's id, and that with its time
    return record_of(one for edge in in_order for one in edge.attributes)


def _with(node: Node, told: Mapping[str, str]) -> Node:
    own = record_of(node.attributes)
    added = (literal(column, text) for column, text in told.items() if column not in own)
    return node._replace(attributes=(*node.attributes, *added))


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
        found += (node for node in with_records_told(store, page.items, viewer) if _meets(node, wanted))
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
    """Tell whether a record is wanted: cells lead to some that are not, and to words that no longer count."""
    record = record_of(node.attributes)
    numbers = _numbers(record)
    if wanted.positions and not any(_touches(numbers, one) for one in wanted.positions):
        return False
    if wanted.times and not any(_overlaps(numbers, one) for one in wanted.times):
        return False
    return all(_says(record, column, texts) for column, texts in wanted.columns.items())


def _says(record: Mapping[str, str], column: str, texts: Sequence[str]) -> bool:
    said = {typed(literal(column, text)) for text in texts}
    return column in record and typed(literal(column, record[column])) in said


def _touches(record: Mapping[str, float], circle: Circle) -> bool:
    if "s_ra" not in record or "s_dec" not in record:
        return False
    reach = circle.radius + record.get("s_fov", 0.0) / 2
    return separation(circle.ra, circle.dec, record["s_ra"], record["s_dec"]) <= reach


def _overlaps(record: Mapping[str, float], span: Span) -> bool:
    times = [record[name] for name in ("t_min", "t_max") if name in record]
    return bool(times) and min(times) <= span.end and span.begin <= max(times)


def obscore_row(node: Node, *, base: str, namespace: str, can_give: Callable[[str], bool]) -> dict[str, str]:
    """Give a record as a row: what is known of the file itself is added where the record does not say it.

    Args:
        node: With its attributes.
        base: Address of this server, without a slash at the end.
        namespace: The store's own.
        can_give: Tells whether this server has the file of a location.
    """
    local = node.id.removeprefix(namespace)
    facts = {name: str(value) for name, value in node.properties.items()}
    location, size = facts.get("location", ""), node.properties.get("size")
    added = {
        "obs_publisher_did": node.id,
        "obs_id": local,
        "obs_collection": "provstore",
        "access_url": _address(location, f"{base}/store/{quote(local, safe='')}", can_give),
        "access_format": facts.get("content_type", ""),
        "access_estsize": str(-(-size // _KILO)) if isinstance(size, int) else "",
    }
    return added | record_of(node.attributes)


def _address(location: str, ours: str, can_give: Callable[[str], bool]) -> str:
    """Give where a file is to be had; "" for one that is on a disk of this machine and not given."""
    if not location:
        return ""
    if can_give(location):
        return ours
    return "" if location.lower().startswith(_FILE) else location
