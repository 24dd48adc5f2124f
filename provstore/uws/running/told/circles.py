"""Circles among relations that can't have any: nothing derives from itself, by whatever way round."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["circles"]


def circles(edges: Iterable[tuple[str, str]]) -> tuple[frozenset[str], ...]:
    """Give the nodes of each circle, circles that share a node together (Kosaraju's way, linear, no recursion)."""
    onwards: defaultdict[str, list[str]] = defaultdict(list)
    backwards: defaultdict[str, list[str]] = defaultdict(list)
    loops: set[str] = set()
    for source, target in edges:
        onwards[source].append(target)
        backwards[target].append(source)
        if source == target:
            loops.add(source)
    seen: set[str] = set()
    ends = [node for start in dict.fromkeys([*onwards, *backwards]) for node in _as_left(start, onwards, seen)]
    seen.clear()
    groups = [frozenset(_as_left(start, backwards, seen)) for start in reversed(ends)]
    return tuple(group for group in groups if len(group) > 1 or group & loops)


def _as_left(start: str, neighbours: Mapping[str, Sequence[str]], seen: set[str]) -> list[str]:
    """Walk from a start to all that is not seen yet; give the nodes in the order in which they are left."""
    if start in seen:
        return []
    seen.add(start)
    left: list[str] = []
    path = [(start, iter(neighbours.get(start, ())))]
    while path:
        node, others = path[-1]
        other = next((one for one in others if one not in seen), None)
        if other is None:
            left.append(node)
            path.pop()
        else:
            seen.add(other)
            path.append((other, iter(neighbours.get(other, ()))))
    return left
