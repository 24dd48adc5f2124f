"""A lineage as a short tree for a terminal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from provstore.graph.model import Kind, Label, Node, NodeId, Relation, Subgraph
from provstore.graph.titles import called
from provstore.queries.lineage import Direction
from provstore.uws.jobs import text

__all__ = ["lineage_tree"]

_FLOW = frozenset({Kind.USED, Kind.WAS_GENERATED_BY, Kind.WAS_INFORMED_BY})


def lineage_tree(answer: Subgraph, starts: Sequence[NodeId], *, direction: Direction, namespace: str) -> Iterator[str]:
    """Give the lines of a tree: products and the jobs that made them; a branch that stands above is only named."""
    nodes = {one.node.id: one.node for one in answer.reached}
    below: defaultdict[NodeId, list[NodeId]] = defaultdict(list)
    for edge in (*(one for one in answer.edges if one.kind in _FLOW), *_by_derivation_only(answer.edges)):
        near, far = (edge.source, edge.target) if direction is Direction.UP else (edge.target, edge.source)
        below[near].append(far)
    tree = _Tree(nodes, below, namespace)
    for start in starts:
        if start in nodes:
            yield tree.name(start)
            yield from tree.branches(start, "")
    if answer.truncated:
        yield "(more than shown)"


def _by_derivation_only(edges: Sequence[Relation]) -> Iterator[Relation]:
    """Give the derivations that no activity on the way shows, as a script may tell them."""
    makers: defaultdict[NodeId, set[NodeId]] = defaultdict(set)
    for edge in edges:
        if edge.kind is Kind.WAS_GENERATED_BY:
            makers[edge.source].add(edge.target)
    uses = {(edge.source, edge.target) for edge in edges if edge.kind is Kind.USED}
    for edge in edges:
        shown = any((maker, edge.target) in uses for maker in makers[edge.source])
        if edge.kind is Kind.WAS_DERIVED_FROM and not shown:
            yield edge


class _Tree:
    def __init__(self, nodes: dict[NodeId, Node], below: dict[NodeId, list[NodeId]], namespace: str) -> None:
        self._nodes = nodes
        self._below = below
        self._namespace = namespace
        self._shown: set[NodeId] = set()

    def name(self, node_id: NodeId) -> str:
        node = self._nodes[node_id]
        name = called(node) or node_id.removeprefix(self._namespace)
        if Label.ACTIVITY in node.labels:
            phase = text(node.properties, "phase").lower()
            return " ".join(word for word in (f"[{name}]", phase, node_id.removeprefix(self._namespace)) if word)
        kind = text(node.properties, "content_type")
        return f"{name} ({kind})" if kind else name

    def branches(self, node_id: NodeId, indent: str) -> Iterator[str]:
        self._shown.add(node_id)
        children = sorted(set(self._below[node_id]), key=self.name)
        for number, child in enumerate(children, start=1):
            last = number == len(children)
            again = child in self._shown and bool(self._below[child])
            yield f"{indent}{'└── ' if last else '├── '}{self.name(child)}{' (see above)' if again else ''}"
            if not again:
                yield from self.branches(child, indent + ("    " if last else "│   "))
