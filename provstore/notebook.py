"""Answers of the client as networkx graphs and astropy tables; needs ``pip install 'provstore[notebook]'``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from provstore.client import ListedJob, RemoteGraph, RemoteNode, RemotePage, RemoteRelation

try:
    import networkx as nx
    import numpy as np
    from astropy.table import MaskedColumn, Table
except ImportError as error:
    raise ImportError(f"{error}: provstore.notebook needs pip install 'provstore[notebook]'") from error

__all__ = ["digraph", "job_table", "multigraph", "relation_table", "table"]

_RELATION: Final = ("kind", "source", "target", "role", "time")
_BETWEEN: Final = " "
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

    An edge's ``kind`` and ``role`` name those of all its relations, with blanks between them; ``relations`` counts them.
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
    rows = [{**_row(one), **{_apart(name): _cell(value) for name, value in one.attributes.items()}} for one in nodes]
    meta = {name: getattr(answer, name) for name in ("truncated", "restricted") if hasattr(answer, name)}
    return _table(rows, meta=meta)


def relation_table(answer: RemoteGraph) -> Table:
    """Give the relations of a graph as a table."""
    rows = [{name: getattr(one, name) or None for name in _RELATION} for one in answer.relations]
    return _table(rows, names=_RELATION)


def job_table(jobs: Iterable[ListedJob]) -> Table:
    """Give listed jobs as a table."""
    return _table([{name: _cell(value) for name, value in asdict(one).items()} for one in jobs])


def _add_nodes(graph: nx.Graph, nodes: Iterable[RemoteNode]) -> None:
    for one in nodes:
        shown: dict[str, Any] = _told(label=one.label, time=one.time, **{"class": _BETWEEN.join(one.classes)})
        if one.distance is not None:
            shown["distance"] = one.distance
        graph.add_node(one.id, **{name: value for name, value in one.attributes.items() if name not in shown}, **shown)


def _told(**facts: str) -> dict[str, Any]:
    return {name: text for name, text in facts.items() if text}


def _joined(texts: Iterable[str]) -> str:
    return _BETWEEN.join(dict.fromkeys(filter(None, texts)))
