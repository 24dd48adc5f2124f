"""Which hidden nodes stand as stubs in an answer, and what a stub shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Final, TypeVar

from provstore.graph.model import Node, NodeId, Relation

__all__ = ["between", "disguise", "mask", "stub_id", "veil"]

R = TypeVar("R", bound=Hashable)

_STUB: Final = "urn:stub:"
_TWO_SIDES: Final = 2


def stub_id(number: int) -> NodeId:
    """Name a stub, for one answer only."""
    return NodeId(f"{_STUB}{number}")


def mask(node: Node, *, as_id: NodeId) -> Node:
    """Leave of a node its class only."""
    return Node(as_id, node.labels)


def disguise(relation: Relation, *, stubs: Mapping[NodeId, NodeId], number: int) -> Relation:
    """Leave of a relation that touches a stub its kind and its ends: roles, times and keys may tell who hides there."""
    source, target = stubs.get(relation.source, relation.source), stubs.get(relation.target, relation.target)
    return Relation(f"{_STUB}relation:{number}", relation.kind, source, target)


def veil(relation: Relation, *, hidden: Collection[str]) -> Relation:
    """Take away the arguments that name a hidden node; what a hidden bundle says is not even walked."""
    arguments = {name: value for name, value in relation.arguments.items() if value not in hidden}
    return relation if len(arguments) == len(relation.arguments) else relation._replace(arguments=arguments)


def between(
    crossings: Iterable[tuple[R, R]], *, shown: Collection[R], hidden: Collection[R], through: Collection[R]
) -> set[R]:
    """Give the hidden nodes on a path from one shown node to another.

    A path may pass hidden nodes and those in ``through`` (walked through, left out by a condition). Dead ends that a
    relation walked both ways seems to lead out of again are pruned: whoever goes back as he came is not in between.
    """
    middle: set[R] = {*hidden, *through}
    onwards, backwards = _neighbours(crossings, within=middle.union(shown))
    forth, back = _reachable(list(shown), onwards, middle), _reachable(list(shown), backwards, middle)
    kept = forth & back & middle
    _prune_dead_ends(kept, onwards=onwards, backwards=backwards, ends=set(shown))
    return kept.intersection(hidden)


def _neighbours(crossings: Iterable[tuple[R, R]], *, within: set[R]) -> tuple[dict[R, set[R]], dict[R, set[R]]]:
    onwards: dict[R, set[R]] = defaultdict(set)
    backwards: dict[R, set[R]] = defaultdict(set)
    for origin, other in crossings:
        if origin != other and origin in within and other in within:
            onwards[origin].add(other)
            backwards[other].add(origin)
    return onwards, backwards


def _reachable(starts: Iterable[R], neighbours: Mapping[R, set[R]], middle: set[R]) -> set[R]:
    found: set[R] = set()
    todo = list(starts)
    while todo:
        for other in neighbours.get(todo.pop(), ()):
            if other in middle and other not in found:
                found.add(other)
                todo.append(other)
    return found


def _prune_dead_ends(kept: set[R], *, onwards: Mapping[R, set[R]], backwards: Mapping[R, set[R]], ends: set[R]) -> None:
    todo = list(kept)
    while todo:
        node = todo.pop()
        before = {one for one in backwards.get(node, ()) if one in kept or one in ends}
        after = {one for one in onwards.get(node, ()) if one in kept or one in ends}
        if node in kept and len(before | after) < _TWO_SIDES:
            kept.discard(node)
            todo.extend((before | after) & kept)
