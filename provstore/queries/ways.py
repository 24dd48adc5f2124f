"""Ways through the answer of a walk: what lies next to what in its direction, and how far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from provstore.errors import NotFound
from provstore.graph.model import PROV, Attribute, Kind, NodeId, Relation, Subgraph, Viewer
from provstore.graph.rules import TO_CAUSES, Step
from provstore.graph.store import GraphStore, Walk

__all__ = ["Onwards", "distances", "is_revision", "is_stub", "onwards", "walked"]

Onwards = Mapping[NodeId, Sequence[NodeId]]
"""Node -> the nodes one step further."""

_STUB: Final = "urn:stub:"
_REVISION: Final = frozenset({f"{PROV}Revision", "prov:Revision"})
_TYPE: Final = f"{PROV}type"


def is_stub(node: str) -> bool:
    """Tell whether an id stands for a node that the viewer may not see."""
    return node.startswith(_STUB)


def walked(
    store: GraphStore,
    ids: Sequence[NodeId],
    viewer: Viewer,
    *,
    steps: Sequence[Step] = TO_CAUSES,
    limit: int = 10_000,
    depth: int | None = None,
) -> Subgraph:
    """Walk from some nodes, by default to their causes.

    Raises:
        NotFound: one of them is unknown, or may not be seen.
    """
    answer = store.walk(Walk(starts=tuple(ids), steps=tuple(steps), limit=limit, depth=depth), viewer)
    known = {one.node.id for one in answer.reached}
    missing = next((one for one in ids if one not in known), None)
    if missing is not None and not store.get([missing], viewer):
        raise NotFound(f"nothing is known of {missing}", field="id", value=missing)
    return answer


def onwards(edges: Iterable[Relation], steps: Iterable[Step]) -> Onwards:
    """Give where the relations of an answer lead by steps that are walked on from, each neighbour once."""
    ways = {(step.kind, step.backwards) for step in steps if step.expand}
    found: defaultdict[NodeId, dict[NodeId, None]] = defaultdict(dict)
    for edge in edges:
        if (edge.kind, False) in ways:
            found[edge.source][edge.target] = None
        if (edge.kind, True) in ways:
            found[edge.target][edge.source] = None
    return {one: tuple(others) for one, others in found.items()}


def distances(starts: Collection[NodeId], ways: Onwards) -> dict[NodeId, int]:
    """Give the least number of steps to every node that the ways lead to from any start."""
    found = dict.fromkeys(starts, 0)
    frontier = list(found)
    while frontier:
        fresh = dict.fromkeys(other for one in frontier for other in ways.get(one, ()) if other not in found)
        found |= dict.fromkeys(fresh, found[frontier[0]] + 1)
        frontier = list(fresh)
    return found


def is_revision(edge: Relation) -> bool:
    """Tell whether a derivation says that something replaced something (prov:wasRevisionOf)."""
    return edge.kind is Kind.WAS_DERIVED_FROM and any(map(_says_revision, edge.attributes))


def _says_revision(attribute: Attribute) -> bool:
    return attribute.key == _TYPE and attribute.lexical in _REVISION
