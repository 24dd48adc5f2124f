"""Elements for cytoscape.js: a JSON document that ``cytoscape({elements: …})`` draws as it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import count
from typing import BinaryIO, Final

from provstore.export.document import Document
from provstore.export.escapes import encode
from provstore.export.iris import Iris
from provstore.export.names import PROV, QNAME, XSD, Namespaces
from provstore.export.records import BUNDLE, ELEMENTS, FORMALS, TIMES, Literal, Record
from provstore.export.remarks import Remarks, wording
from provstore.export.spool import Spool
from provstore.export.statements import ANSWER, statements
from provstore.export.vocabulary import LABEL, ROLE, TYPE
from provstore.graph.model import VOPROV, Subgraph
from provstore.graph.statements import ARGUMENTS, Sort

__all__ = ["write", "write_records"]

_OWN_PLACE: Final = frozenset({TYPE, LABEL, f"{VOPROV}name"})
"""Attributes that are no properties: they are the class and the label."""

_ROLES: Final = frozenset({ROLE, f"{VOPROV}role"})
"""Attributes that are the role of an edge."""

_NUMBERS: Final = frozenset(XSD + name for name in ("int", "long", "integer", "short"))
_SORTS: Final = {Sort.ACTIVITY: "activity", Sort.AGENT: "agent"}


def write(document: Document, out: BinaryIO) -> None:
    """Write a document as elements of cytoscape.js; nodes of a walk's answer have their distance."""
    graph = document.graph
    distances: dict[str, int] = {}
    if isinstance(graph, Subgraph):
        distances = {one.node.id: one.distance for one in graph.reached}
    told = {"model": str(document.model), "truncated": document.truncated, "restricted": document.restricted}
    records = (record for record in statements(document) if record.id != ANSWER)
    elements = _Elements(Namespaces.of(document), distances)
    for note in document.notes:
        elements.remarks.add(note)
    _pour(elements, records, told, out)


def write_records(records: Iterable[Record], namespaces: Namespaces, out: BinaryIO) -> None:
    """Write any stream of records as elements of cytoscape.js. The ids of all nodes are held in memory."""
    _pour(_Elements(namespaces, {}), records, {}, out)


def _pour(elements: _Elements, records: Iterable[Record], told: Mapping[str, object], out: BinaryIO) -> None:
    with Spool() as nodes, Spool() as edges:
        for record in records:
            if record.kind == BUNDLE:
                continue
            if record.kind in ELEMENTS:
                nodes.add(elements.node(record))
            else:
                edges.add(elements.edge(record))
        nodes.add(elements.close())
        out.write(b'{"elements": {"nodes": [')
        nodes.pour(out)
        out.write(b'\n], "edges": [')
        edges.pour(out)
        out.write(encode(f'\n]}},\n"data": {_json({**told, "notes": [*elements.remarks]})}}}\n'))


class _Elements:
    """The JSON of nodes and edges. A node has its id once, whatever is said of it in however many bundles."""

    def __init__(self, namespaces: Namespaces, distances: Mapping[str, int]) -> None:
        self.remarks = Remarks()
        self._distances = distances
        self._name = Iris(namespaces, lambda split: f"{split.prefix}:{split.local}")
        self._local = Iris(namespaces, lambda split: split.local)
        self._open: tuple[str, str | None, list[Record]] = ("", None, [])
        self._written: set[str] = set()
        self._needed: dict[str, str] = {}
        self._numbers = count(1)
        self._commas = {"nodes": "", "edges": ""}

    def node(self, record: Record) -> str:
        """Take an element; give the node before it, if it is complete."""
        node_id = record.id or ""
        if (node_id, record.bundle) == self._open[:2]:
            self._open[2].append(record)
            return ""
        done = self._close()
        if node_id in self._written:
            self.remarks.add(f"a node is drawn once: {wording(record)} is left out")
            return done
        self._written.add(node_id)
        self._needed.pop(node_id, None)
        self._open = (node_id, record.bundle, [record])
        return done

    def edge(self, record: Record) -> str:
        """Give the edge of a relation, from effect to cause; nothing where it has no two ends."""
        kind, relation_id, arguments, attributes, bundle = record
        source, target = arguments[:2]
        if source is None or target is None:
            self.remarks.add(f"an edge has two ends: {wording(record)} is left out")
            return ""
        for node, argument in zip((source, target), ARGUMENTS[kind], strict=False):
            if node not in self._written:
                self._needed.setdefault(node, _SORTS.get(argument.sort, "entity"))
        data: dict[str, object] = {"id": f"edge{next(self._numbers)}", "source": source, "target": target, "kind": kind}
        data |= {"relation": relation_id} if relation_id is not None else {}
        role = next((one[1] for one in attributes if one[0] in _ROLES), None)
        data |= {"role": role} if role is not None else {}
        data |= {
            name if name in TIMES else f"{name}Id": value
            for name, value in zip(FORMALS[kind][2:], arguments[2:], strict=False)
            if value is not None
        }
        data |= {"class": self._classes(attributes)} | ({"bundle": bundle} if bundle is not None else {})
        data["properties"] = self._properties(tuple(one for one in attributes if one[0] not in _ROLES))
        return self._element("edges", data, kind)

    def close(self) -> str:
        """Give the last node, and those that relations name and nothing describes."""
        done = [self._close()]
        for node_id, kind in self._needed.items():
            data = {"id": node_id, "label": self._local[node_id], "class": [], "kind": kind, "declared": False}
            done.append(self._element("nodes", {**data, "properties": {}}, kind))
        return "".join(done)

    def _close(self) -> str:
        node_id, bundle, records = self._open
        if not records:
            return ""
        self._open = ("", None, [])
        attributes = tuple(one for record in records for one in record.attributes)
        kind = records[0].kind
        label = next((one[1] for one in attributes if one[0] == LABEL), None)
        data: dict[str, object] = {"id": node_id, "label": label if label is not None else self._local[node_id]}
        kinds = dict.fromkeys(record.kind for record in records)
        data |= {"class": self._classes(attributes), "kind": kind}
        data |= {"kinds": list(kinds)} if len(kinds) > 1 else {}
        data |= {"distance": self._distances[node_id]} if node_id in self._distances else {}
        data |= {"bundle": bundle} if bundle is not None else {}
        for record in records:
            times = zip(FORMALS[record.kind], record.arguments, strict=False)
            data |= {name: time for name, time in times if time is not None}
        data["properties"] = self._properties(attributes)
        return self._element("nodes", data, kind)

    def _element(self, group: str, data: Mapping[str, object], kind: str) -> str:
        comma, self._commas[group] = self._commas[group], ","
        return f'{comma}\n{{"data": {_json(data)}, "classes": "{kind}"}}'

    def _classes(self, attributes: tuple[Literal, ...]) -> list[str]:
        found = (self._local[one[1]] if one[2] == QNAME else one[1] for one in attributes if one[0] == TYPE)
        return list(dict.fromkeys(found))

    def _properties(self, attributes: tuple[Literal, ...]) -> dict[str, object]:
        found: dict[str, list[object]] = {}
        for key, lexical, datatype, _ in attributes:
            if key not in _OWN_PLACE:
                name = self._local[key] if key.startswith((PROV, VOPROV)) else self._name[key]
                found.setdefault(name, []).append(_value(lexical, datatype))
        return {key: values[0] if len(values) == 1 else values for key, values in found.items()}


def _value(lexical: str, datatype: str | None) -> object:
    if datatype == f"{XSD}boolean" and lexical in {"true", "false"}:
        return lexical == "true"
    if datatype in _NUMBERS and lexical.lstrip("-").isdecimal() and len(lexical) < 16:
        return int(lexical)
    return lexical


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
