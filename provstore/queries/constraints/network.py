"""A directed graph whose edges say which rule made them, and the circles in it."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Hashable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from provstore.graph.statements import Statement

__all__ = ["Edge", "Network", "Step", "circle_through", "components", "way"]

Name = TypeVar("Name", bound=Hashable)


class Edge(NamedTuple):
    """To where it leads, by which rule, because of which record (none: by the rule alone)."""

    target: int
    rule: int
    record: Statement | None


class Step(NamedTuple):
    """An edge, and from where."""

    source: int
    edge: Edge


class Network(Generic[Name]):
    """Nodes by name, each with a number, and the edges that leave them."""

    def __init__(self) -> None:
        self.names: list[Name] = []
        self.edges: list[list[Edge]] = []
        self._numbers: dict[Name, int] = {}

    def number(self, name: Name) -> int:
        """Give the number of a node, new or not."""
        found = self._numbers.setdefault(name, len(self.names))
        if found == len(self.names):
            self.names.append(name)
            self.edges.append([])
        return found

    def find(self, name: Name) -> int | None:
        """Give the number of a node, if it is there."""
        return self._numbers.get(name)

    def join(self, source: Name, target: Name, rule: int, record: Statement | None) -> None:
        """Add an edge."""
        self.edges[self.number(source)].append(Edge(self.number(target), rule, record))


def components(network: Network[Name]) -> Iterator[list[int]]:
    """Give the strongly connected components, each before those that lead to it (Tarjan 1972, without recursion)."""
    walk = _Walk(network.edges)
    for root in range(len(network.edges)):
        if not walk.order[root]:
            yield from walk.from_root(root)


class _Walk:
    """Depth first through all nodes. ``order`` is 0 for those not met yet; ``lowest`` is beyond all when it is left."""

    def __init__(self, edges: Sequence[Sequence[Edge]]) -> None:
        self.edges = edges
        self.order = [0] * len(edges)
        self.lowest = [0] * len(edges)
        self.met = 0
        self.waiting: list[int] = []
        self.path: list[tuple[int, Iterator[Edge]]] = []

    def from_root(self, root: int) -> Iterator[list[int]]:
        self._enter(root)
        while self.path:
            node, edges = self.path[-1]
            if not self._goes_deeper(node, edges):
                self.path.pop()
                if self.path:
                    self._lower(self.path[-1][0], self.lowest[node])
                if self.lowest[node] == self.order[node]:
                    yield self._component(node)

    def _enter(self, node: int) -> None:
        self.met += 1
        self.order[node] = self.lowest[node] = self.met
        self.waiting.append(node)
        self.path.append((node, iter(self.edges[node])))

    def _goes_deeper(self, node: int, edges: Iterator[Edge]) -> bool:
        for edge in edges:
            if not self.order[edge.target]:
                self._enter(edge.target)
                return True
            self._lower(node, self.lowest[edge.target])
        return False

    def _lower(self, node: int, to: int) -> None:
        self.lowest[node] = min(self.lowest[node], to)

    def _component(self, root: int) -> list[int]:
        found: list[int] = []
        while not found or found[-1] != root:
            found.append(self.waiting.pop())
            self.lowest[found[-1]] = len(self.edges) + 1
        return found


def way(network: Network[Name], start: int, goal: int, inside: Collection[int]) -> list[Step]:
    """Give the shortest way between two nodes of a component, empty if they are one."""
    came: dict[int, Step] = {}
    waiting = deque([start])
    while waiting and goal not in came and start != goal:
        node = waiting.popleft()
        for edge in network.edges[node]:
            if edge.target in inside and edge.target not in came and edge.target != start:
                came[edge.target] = Step(node, edge)
                waiting.append(edge.target)
    steps: list[Step] = []
    while goal != start:
        steps.append(came[goal])
        goal = came[goal].source
    return steps[::-1]


def circle_through(network: Network[Name], component: Sequence[int]) -> list[Step]:
    """Give a shortest circle through the first node of a component; empty if there is none."""
    inside = frozenset(component)
    first = component[0]
    for edge in network.edges[first]:
        if edge.target in inside:
            return [Step(first, edge), *way(network, edge.target, first, inside)]
    return []
