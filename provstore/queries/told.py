"""What documents say of the nodes of an answer, put beside them, as far as the viewer may see those documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from provstore.errors import TooLarge
from provstore.graph.model import Attribute, Kind, Node, NodeId, Reached, Relation, Subgraph, Value, Viewer
from provstore.graph.rules import Step
from provstore.graph.statements import ELEMENTS, instant_of
from provstore.graph.store import GraphStore, Walk

__all__ = ["told_graph", "with_told", "with_told_of"]

_STUB: Final = "urn:stub:"
_WORDS: Final = 50
"""Words of so many records stand beside a node, the newest ones: some nodes are in each of a thousand documents."""
_ASSERTED: Final = (Step(Kind.ASSERTS, backwards=True, expand=False, most=_WORDS),)
_ALL: Final = 10_000_000
_HELD_MOST: Final = 100_000
_TIMES: Final = {"startTime": "started_at", "endTime": "ended_at"}


def with_told(store: GraphStore, answer: Subgraph, viewer: Viewer) -> Subgraph:
    """Give the answer with the attributes and times that documents tell of its nodes.

    What several say of one node is joined, the newest so many records of it, and what they say alike of two is said
    once and by nobody in particular; each document's own words are in its export.
    """
    if any(edge.bundle is not None for edge in answer.edges):
        answer = replace(answer, edges=tuple(_once(answer.edges)))
    nodes = {one.node.id: one.node for one in answer.reached}
    told = with_told_of(store, tuple(nodes.values()), viewer)
    if not told:
        return answer
    return replace(answer, reached=tuple(one._replace(node=told.get(one.node.id, one.node)) for one in answer.reached))


def _once(edges: Iterable[Relation]) -> Iterable[Relation]:
    """Give what is said, whoever says so; the store's own word first where it is the same."""
    said: dict[object, Relation] = {}
    for edge in sorted(edges, key=lambda one: one.bundle is not None):
        words = edge._replace(key="", bundle=None, arguments={})
        said.setdefault((words[:-3], words.attributes, *sorted(edge.arguments.items())), edge._replace(bundle=None))
    return said.values()


def with_told_of(store: GraphStore, nodes: Sequence[Node], viewer: Viewer) -> Mapping[NodeId, Node]:
    """Give those of the nodes of which documents tell something, with it."""
    starts = tuple(node.id for node in nodes if not node.id.startswith(_STUB))
    if not starts:
        return {}
    found = store.walk(Walk(starts=starts, steps=_ASSERTED, depth=1, limit=_ALL), viewer)
    said: defaultdict[NodeId, list[Relation]] = defaultdict(list)
    for edge in _elements(found.edges):
        said[edge.target].append(edge)
    return {node.id: _with(node, said[node.id]) for node in nodes if node.id in said}


def told_graph(store: GraphStore, bundles: Sequence[NodeId], viewer: Viewer) -> Subgraph:
    """Give what bundles say as a graph in memory, with no other bundle's word in it; stated relations only.

    Raises:
        TooLarge: they say more than may be held.
    """
    edges: list[Relation] = []
    for bundle in bundles:
        edges += islice(store.told(bundle), _HELD_MOST - len(edges) + 1)
    if len(edges) > _HELD_MOST:
        raise TooLarge(f"the document has more than {_HELD_MOST} records: ask for one of the W3C formats instead")
    said: defaultdict[NodeId, list[Relation]] = defaultdict(list)
    for edge in edges:
        if edge.kind is Kind.ASSERTS:
            said[edge.target].append(edge)
    between = tuple(edge for edge in edges if edge.kind not in (Kind.ASSERTS, Kind.ARGUMENT))
    ids = dict.fromkeys((*said, *(end for edge in between for end in (edge.source, edge.target))))
    nodes = store.get([one for one in ids if one not in bundles], viewer)
    shown = {node.id for node in nodes}
    return Subgraph(
        reached=tuple(Reached(_with(node, _elements(said[node.id])), 0) for node in nodes),
        edges=tuple(edge for edge in between if edge.source in shown and edge.target in shown),
    )


def _elements(said: Iterable[Relation]) -> list[Relation]:
    return [edge for edge in said if edge.arguments.get("kind") in ELEMENTS and "id" not in edge.arguments]


def _with(node: Node, said: Iterable[Relation]) -> Node:
    attributes: dict[Attribute, None] = dict.fromkeys(node.attributes)
    times: dict[str, Value] = {}
    for edge in said:
        attributes |= dict.fromkeys(edge.attributes)
        for argument, name in _TIMES.items():
            instant = instant_of(edge.arguments.get(argument, ""))
            if instant is not None:
                times.setdefault(name, instant)
    return node._replace(properties={**times, **node.properties}, attributes=tuple(attributes))
