"""Answers of the client as networkx graphs and astropy tables; needs ``pip install 'provstore[notebook]'``."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from provstore.client import ListedJob, RemoteGraph, RemoteNode, RemotePage, RemoteRelation

try:
    import networkx as nx
    from astropy.table import MaskedColumn, Table
except ImportError as error:
    raise ImportError(f"{error}: provstore.notebook needs pip install 'provstore[notebook]'") from error

__all__ = ["digraph", "job_table", "multigraph", "relation_table", "table"]

_RELATION: Final = ("kind", "source", "target", "role", "time")
_RESERVED: Final = frozenset({"class", "label", "time", "distance"})
_BETWEEN: Final = " "
_LARGEST: Final = (1 << 63) - 1
_KINDS: Final[Sequence[tuple[set[type], type, object]]] = (
    ({bool}, bool, False),
    ({int}, int, 0),
    ({int, float}, float, 0.0),
)
"""Types of a column's cells -> the type of the column, and what stands where nothing is told."""

Cell = str | int | float | bool | None


def multigraph(answer: RemoteGraph) -> nx.MultiDiGraph:
    """Give a graph with an edge for each relation, from effect to cause: ``networkx.descendants`` are the causes.

    Nodes carry ``class``, ``label``, ``distance`` and their attributes by name; edges ``kind``, ``role`` and ``time``.
    All values but attributes told several times are text, number or truth value.
    """
    graph = nx.MultiDiGraph(truncated=answer.truncated, restricted=answer.restricted)
    _add_nodes(graph, answer.nodes)
    for one in answer.relations:
        graph.add_edge(one.source, one.target, **_told(kind=one.kind, role=one.role, time=one.time))
    return graph


def digraph(answer: RemoteGraph) -> nx.DiGraph:
    """Give a graph with one edge from effect to cause, whatever number of relations there are between the two.

    Its ``kind`` and ``role`` name those of all of them, with blanks between; ``relations`` counts them.
    """
    graph = nx.DiGraph(truncated=answer.truncated, restricted=answer.restricted)
    _add_nodes(graph, answer.nodes)
    between: defaultdict[tuple[str, str], list[RemoteRelation]] = defaultdict(list)
    for one in answer.relations:
        between[one.source, one.target].append(one)
    for (source, target), relations in between.items():
        kind, role = _joined(one.kind for one in relations), _joined(one.role for one in relations)
        time = min((one.time for one in relations if one.time), default="")
        graph.add_edge(source, target, relations=len(relations), **_told(kind=kind, role=role, time=time))
    return graph


def table(answer: RemoteGraph | RemotePage | Iterable[RemoteNode]) -> Table:
    """Give nodes or other rows of an answer as a table, of a page also those that follow; what is not told is masked.

    First come the members of each row, then its attributes by name.
    """
    nodes = answer.nodes if isinstance(answer, RemoteGraph) else tuple(answer)
    told = answer if isinstance(answer, RemoteGraph | RemotePage) else None
    found = _table([_row(one) for one in nodes])
    found.meta |= {"truncated": told.truncated, "restricted": told.restricted} if told else {}
    return found


def relation_table(answer: RemoteGraph) -> Table:
    """Give the relations of a graph as a table."""
    rows = [{name: getattr(one, name) or None for name in _RELATION} for one in answer.relations]
    return _table(rows, names=_RELATION)


def job_table(jobs: Iterable[ListedJob]) -> Table:
    """Give listed jobs as a table."""
    return _table([asdict(one) for one in jobs])


def _add_nodes(graph: nx.Graph, nodes: Iterable[RemoteNode]) -> None:
    for one in nodes:
        own = _told(label=one.label, time=one.time, **{"class": _BETWEEN.join(one.classes)})
        own |= {} if one.distance is None else {"distance": one.distance}
        graph.add_nodes_from([(one.id, own | _attributes(one, _RESERVED))])


def _told(**facts: str) -> dict[str, Any]:
    return {name: text for name, text in facts.items() if text}


def _joined(texts: Iterable[str]) -> str:
    return _BETWEEN.join(dict.fromkeys(filter(None, texts)))


def _attributes(node: RemoteNode, taken: Collection[str]) -> dict[str, Any]:
    """Give attributes by name; one that is called as something else is called ``attribute_…``."""
    return {f"attribute_{name}" if name in taken else name: value for name, value in node.attributes.items()}


def _row(node: RemoteNode) -> dict[str, Any]:
    members = {name: value for name, value in node.facts.items() if name != "attributes"}
    return members | _attributes(node, {*members, *_RESERVED})


def _table(rows: Sequence[Mapping[str, Any]], *, names: Sequence[str] = ()) -> Table:
    found = Table()
    for name in names or dict.fromkeys(name for row in rows for name in row):
        found[name] = _column([_cell(row.get(name)) for row in rows])
    return found


def _cell(value: object) -> Cell:
    """Make one value of it: what is listed stands with blanks between, an object as JSON."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list) and not any(isinstance(one, list | dict) for one in value):
        return _BETWEEN.join(map(str, value))
    return value.isoformat() if isinstance(value, datetime) else json.dumps(value, ensure_ascii=False)


def _column(cells: Sequence[Cell]) -> MaskedColumn:
    """Numbers and truth values stay what they are if all of a column are; else it holds texts."""
    kinds = {type(one) for one in cells if one is not None}
    kind, empty = next(((kind, empty) for fits, kind, empty in _KINDS if kinds and kinds <= fits), (str, ""))
    if kind is int and any(abs(one) > _LARGEST for one in cells if isinstance(one, int)):
        kind, empty = str, ""
    return MaskedColumn([empty if one is None else kind(one) for one in cells], mask=[one is None for one in cells])
