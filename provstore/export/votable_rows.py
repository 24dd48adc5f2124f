"""PROV records to the rows of our VOTable serialisation: IVOA classes are found again by their marks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from provstore.export.names import PROV, QNAME, VOPROV, XSD, Namespaces
from provstore.export.records import ELEMENTS, FORMALS, TIMES, Literal, Record
from provstore.export.vocabulary import LABEL, LOCATION, ROLE, TYPE, VALUE
from provstore.export.votable_tables import TABLES, Table

__all__ = ["rows"]

_TABLES: Final = {table.name: table for table in TABLES}
_COLUMNS: Final = {table.name: frozenset(column.name for column in table.columns) for table in TABLES}
_ELEMENT_TABLES: Final = {
    f"{VOPROV}{name[0].upper()}{name[1:]}": name
    for name in (
        *("parameter", "configFile", "activityDescription", "entityDescription", "usageDescription"),
        *("generationDescription", "parameterDescription", "configFileDescription"),
    )
}
"""prov:type -> table of an entity that is none in IVOA."""

_CLASSES: Final = ("DatasetEntity", "ValueEntity", "Collection", "Entity")
_IMPLIED: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "activity": {"": (f"{VOPROV}Activity",)},
    "agent": {"": (f"{VOPROV}Agent",)},
    "activityDescription": {"": (f"{VOPROV}ActivityDescription", f"{PROV}Plan")},
    "entity": {
        "Collection": (f"{VOPROV}Collection", f"{PROV}Collection"),
        **{name: (VOPROV + name,) for name in ("Entity", "DatasetEntity", "ValueEntity")},
    },
}
_AGENT_TYPES: Final = ("Person", "Organization", "SoftwareAgent")
_KEYS: Final = {"name": LABEL, "location": LOCATION, "value": VALUE}
_NAME: Final = f"{VOPROV}name"
_OPTIONS: Final = f"{VOPROV}options"
_BELONGING: Final = frozenset(
    {"usageDescription", "generationDescription", "parameterDescription", "configFileDescription"}
)
_LINKS: Final = {
    ("activity", "activityDescription"): "activityDescription",
    ("entity", "entityDescription"): "entityDescription",
    ("parameter", "parameterDescription"): "parameterDescription",
    ("configFile", "configFileDescription"): "configFileDescription",
}
_ROLED: Final = {"used": "usageDescription", "wasGeneratedBy": "generationDescription"}

Row = tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class _Line:
    """A row in the making; ``order`` is how relations are sorted."""

    table: str
    cells: dict[str, str]
    attributes: list[Literal] = field(default_factory=list)
    order: tuple[str, ...] = ()


def rows(records: Iterable[Record], namespaces: Namespaces) -> dict[str, list[Row]]:
    """Give the sorted rows of each table that has any. Holds everything: rows are sorted, names are numbered by URI."""
    held = list(records)
    for uri in sorted(_uris(held)):
        namespaces.split(uri)
    return _Tables(namespaces).fill(held)


def _uris(records: Iterable[Record]) -> set[str]:
    found: set[str] = set()
    for record in records:
        found.update(uri for uri in (record.id, record.bundle) if uri is not None)
        formals = FORMALS[record.kind]
        found.update(
            uri for name, uri in zip(formals, record.arguments, strict=False) if uri is not None and name not in TIMES
        )
        for key, lexical, datatype, _ in record.attributes:
            found.update((key, datatype) if datatype else (key,))
            if datatype == QNAME:
                found.add(lexical)
    return found


class _Tables:
    """All rows of a document."""

    def __init__(self, namespaces: Namespaces) -> None:
        self._namespaces = namespaces
        self._lines: dict[str, list[_Line]] = defaultdict(list)
        self._elements: dict[tuple[str, str], _Line] = {}
        self._ways = {
            f"{VOPROV}ConfigurationRelation": self._configuration,
            f"{VOPROV}DescriptionRelation": self._description,
            f"{VOPROV}RelatedToRelation": self._relation_of_descriptions,
            f"{VOPROV}HadReference": self._reference,
        }

    def fill(self, records: list[Record]) -> dict[str, list[Row]]:
        """Take all records, elements first, since what an influence means depends on its ends."""
        for record in records:
            if record.kind in ELEMENTS:
                self._element(record)
        for record in records:
            if record.kind not in ELEMENTS:
                self._relation(record)
        self._name_descriptions()
        return self._finish()

    def _name(self, uri: str | None) -> str:
        return "" if uri is None else ":".join(self._namespaces.split(uri))

    def _element(self, record: Record) -> None:
        types = [one[1] for one in record.attributes if one[0] == TYPE and one[2] == QNAME]
        table = next((_ELEMENT_TABLES[uri] for uri in types if uri in _ELEMENT_TABLES), record.kind)
        cells = {"id": self._name(record.id), "bundle": self._name(record.bundle)}
        left = list(record.attributes)
        if "class" in _COLUMNS[table]:
            cells["class"] = _class(table, types, left)
        if table == "activity":
            cells |= dict(zip(FORMALS["activity"], (time or "" for time in record.arguments), strict=False))
        if table == "agent":
            _take_agent_type(cells, left)
        implied = _IMPLIED.get(table, {}).get(cells.get("class", ""), (f"{VOPROV}{table[0].upper()}{table[1:]}",))
        left = [one for one in left if not (one[0] == TYPE and one[2] == QNAME and one[1] in implied)]
        line = _Line(table=table, cells=cells)
        self._take_options(line, left)
        _take_columns(line, left)
        self._lines[table].append(line)
        self._elements.setdefault((record.id or "", record.bundle or ""), line)

    def _take_options(self, line: _Line, attributes: list[Literal]) -> None:
        if line.table != "parameterDescription":
            return
        options = [one for one in attributes if one[0] == _OPTIONS]
        attributes[:] = [one for one in attributes if one[0] != _OPTIONS]
        for place, option in enumerate(options, start=1):
            cells = {"parameterDescription": line.cells["id"], "seq": str(place), "value": option[1]}
            self._lines["parameterOption"].append(
                _Line(table="parameterOption", cells={**cells, "bundle": line.cells["bundle"]})
            )

    def _relation(self, record: Record) -> None:
        marks = [one for one in record.attributes if one[0] == TYPE and one[1] in self._ways]
        if record.kind == "wasInfluencedBy" and len(marks) == 1 and self._ways[marks[0][1]](record):
            return
        table = record.kind
        cells = {"id": self._name(record.id), "bundle": self._name(record.bundle)}
        for formal, value in zip(FORMALS[table], record.arguments, strict=False):
            column = "mentionedBundle" if formal == "bundle" else formal
            cells[column] = (value or "") if formal in TIMES else self._name(value)
        self._add_relation(_Line(table=table, cells=cells), list(record.attributes))
        self._tell_entity(record)

    def _add_relation(self, line: _Line, attributes: list[Literal]) -> None:
        description = _ROLED.get(line.table)
        for one in list(attributes):
            if description and one[0] == VOPROV + description:
                line.cells[description] = self._name(one[1])
                attributes.remove(one)
        _take_columns(line, attributes)
        ends = [line.cells.get(column.name, "") for column in _TABLES[line.table].columns if column.name != "bundle"]
        ends = ends[1:3] if _TABLES[line.table].has_id else ends
        rest = [line.cells.get(name, "") for name in ("role", "time", "id")]
        line.order = (*ends, *rest, *(word or "" for one in line.attributes for word in one))
        self._lines[line.table].append(line)

    def _tell_entity(self, record: Record) -> None:
        """Put the time of a generation or invalidation beside its entity as well."""
        column = {"wasGeneratedBy": "generatedAtTime", "wasInvalidatedBy": "invalidatedAtTime"}.get(record.kind)
        line = self._elements.get((record.arguments[0] or "", record.bundle or ""))
        if column and line and line.table == "entity" and record.arguments[2]:
            known = line.cells.get(column) or record.arguments[2]
            line.cells[column] = min(known, record.arguments[2])

    def _ends(self, record: Record) -> tuple[_Line, _Line] | None:
        first, second = (self._elements.get((end or "", record.bundle or "")) for end in record.arguments)
        return (first, second) if first and second else None

    def _link(self, record: Record, line: _Line, column: str, target: _Line) -> bool:
        """Say an anonymous, bare influence in a column; tell whether that was possible."""
        if line.cells.get(column) or record.id is not None or len(record.attributes) > 1:
            return False
        line.cells[column] = target.cells["id"]
        return True

    def _description(self, record: Record) -> bool:
        ends = self._ends(record)
        column = _LINKS.get((ends[0].table, ends[1].table)) if ends else None
        return bool(ends and column and self._link(record, ends[0], column, ends[1]))

    def _reference(self, record: Record) -> bool:
        ends = self._ends(record)
        fits = ends is not None and (ends[0].table, ends[1].table) == ("parameter", "entity")
        return bool(ends and fits and self._link(record, ends[0], "valueEntity", ends[1]))

    def _relation_of_descriptions(self, record: Record) -> bool:
        ends = self._ends(record)
        if ends is None:
            return False
        first, second = ends if ends[0].table != "activityDescription" else (ends[1], ends[0])
        if first.table in _BELONGING and second.table == "activityDescription":
            return self._link(record, first, "activityDescription", second)
        entity, other = (first, second) if first.table == "entityDescription" else (second, first)
        if entity.table != "entityDescription" or other.table not in _ROLED.values() or record.id is not None:
            return False
        cells = {"description": other.cells["id"], "entityDescription": entity.cells["id"]}
        bundle = self._name(record.bundle)
        self._lines["describedEntity"].append(_Line(table="describedEntity", cells={**cells, "bundle": bundle}))
        return True

    def _configuration(self, record: Record) -> bool:
        artefact = next((one[1] for one in record.attributes if one[0] == f"{VOPROV}artefactType"), "")
        column = {"Parameter": "parameter", "ConfigFile": "configFile"}.get(artefact)
        if column is None:
            return False
        cells = {"id": self._name(record.id), "bundle": self._name(record.bundle)}
        cells |= {"activity": self._name(record.arguments[0]), column: self._name(record.arguments[1])}
        marks = {f"{VOPROV}ConfigurationRelation"}
        left = [one for one in record.attributes if not (one[0] == TYPE and one[1] in marks)]
        self._add_relation(_Line(table="wasConfiguredBy", cells=cells), left)
        return True

    def _name_descriptions(self) -> None:
        """Say which usage (generation) description a use follows: the one of its activity's description and role."""
        activities = {line.cells["id"]: line.cells.get("activityDescription", "") for line in self._lines["activity"]}
        for table, description in _ROLED.items():
            known: dict[tuple[str, str], list[str]] = defaultdict(list)
            for line in self._lines[description]:
                known[line.cells.get("activityDescription", ""), line.cells.get("role", "")].append(line.cells["id"])
            for line in self._lines[table]:
                found = known.get((activities.get(line.cells["activity"]) or "-", line.cells.get("role", "")), [])
                if len(found) == 1:
                    line.cells.setdefault(description, found[0])

    def _finish(self) -> dict[str, list[Row]]:
        done: dict[str, list[Row]] = {}
        number = 0
        attributes: list[tuple[str, str, int, Row]] = []
        for table in TABLES:
            lines = self._lines[table.name]
            lines.sort(key=_order if table.has_id else _order_without_id(table))
            for line in lines:
                if table.has_id and not line.cells["id"]:
                    number += 1
                    line.cells["id"] = f"_:r{number}"
                attributes += self._attribute_rows(line)
            done[table.name] = [tuple(line.cells.get(column.name, "") for column in table.columns) for line in lines]
        done["attribute"] = [row for *_, row in sorted(attributes)]
        return {name: found for name, found in done.items() if found}

    def _attribute_rows(self, line: _Line) -> Iterator[tuple[str, str, int, Row]]:
        counts: dict[str, int] = defaultdict(int)
        owner, bundle = line.cells.get("id", ""), line.cells["bundle"]
        for key, lexical, datatype, language in line.attributes:
            counts[key] += 1
            text = self._name(lexical) if datatype == QNAME else lexical
            row = (
                *(owner, line.table, str(counts[key]), self._name(key), text),
                *(self._name(datatype), language or "", bundle),
            )
            yield owner, line.table, counts[key], row


def _class(table: str, types: list[str], attributes: list[Literal]) -> str:
    if table == "entity":
        return next((name for name in _CLASSES if VOPROV + name in types), "Entity")
    keys = {one[0] for one in attributes}
    if f"{VOPROV}contentType" in keys:
        return "DatasetDescription"
    return "ValueDescription" if f"{VOPROV}valueType" in keys else "EntityDescription"


def _take_agent_type(cells: dict[str, str], attributes: list[Literal]) -> None:
    found = [name for name in _AGENT_TYPES if (TYPE, PROV + name, QNAME, None) in attributes]
    if len(found) == 1:
        cells["type"] = found[0]
        attributes.remove((TYPE, PROV + found[0], QNAME, None))


def _take_columns(line: _Line, attributes: list[Literal]) -> None:
    """Put attributes into columns; rows are for what a column can't hold: several values, an empty or a typed one."""
    by_key: dict[str, list[Literal]] = defaultdict(list)
    for one in attributes:
        by_key[one[0]].append(one)
    if by_key.get(_NAME) and "name" in _COLUMNS[line.table]:
        labels = {one[1:] for one in by_key.get(LABEL, [])}
        by_key[_NAME] = [one for one in by_key[_NAME] if one[1:] not in labels]
    taken: set[str] = set()
    for column in _COLUMNS[line.table] - {"id", "bundle", "class", "type", *line.cells}:
        taken |= _take_column(line, column, by_key)
    if line.table != "agent":
        taken |= _take_column(line, "type", by_key)
    line.attributes = [one for key in sorted(by_key) if key not in taken for one in by_key[key]]


def _take_column(line: _Line, column: str, by_key: dict[str, list[Literal]]) -> set[str]:
    """Fill one column; give the keys that need no rows then."""
    if column not in _COLUMNS[line.table]:
        return set()
    key = _KEYS.get(column, VOPROV + column)
    if column == "role" and line.table in ("used", "wasGeneratedBy", "wasAssociatedWith"):
        key = ROLE
    values = by_key.get(key, [])
    if not values:
        return set()
    line.cells[column] = values[0][1]
    plain = values[0][2] in (None, f"{XSD}string") and values[0][3] is None and values[0][1] != ""
    return {key} if len(values) == 1 and plain and values[0][2] is None else set()


def _order(line: _Line) -> tuple[str | int, ...]:
    return (line.cells["bundle"], *(line.order or (line.cells["id"],)))


def _order_without_id(table: Table) -> Callable[[_Line], tuple[str | int, ...]]:
    def order(line: _Line) -> tuple[str | int, ...]:
        cells = (line.cells.get(column.name, "") for column in table.columns)
        names = (column.name for column in table.columns)
        return tuple(int(text) if name == "seq" else text for name, text in zip(names, cells, strict=True))

    return order
