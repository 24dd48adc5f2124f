"""What several products have in common: the nearest nodes from which all of them came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from provstore.errors import Invalid
from provstore.graph.model import Label, Node, NodeId, Viewer
from provstore.graph.rules import TO_CAUSES
from provstore.graph.store import GraphStore
from provstore.graph.titles import title
from provstore.queries.asking import Parameter, Question, classes, flag, many_ids, number, one
from provstore.queries.conditions import CLASSES
from provstore.queries.things import by_number, cut
from provstore.queries.told import with_told_of
from provstore.queries.ways import Onwards, distances, is_stub, onwards, walked

__all__ = ["QUESTION", "Ancestor", "Ancestors", "Common", "ancestors"]

_LIMIT: Final = 100
_WALKED_MOST: Final = 20_000
_LEAST: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestor:
    """A node from which all came, with the steps from each of them."""

    id: NodeId
    class_: tuple[Label, ...]
    label: str
    distance: int
    distances: Mapping[NodeId, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestors:
    """A page of common ancestors: the least sum of distances first, then by id."""

    items: tuple[Ancestor, ...]
    next: str | None
    truncated: bool
    restricted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """The parameters of :data:`QUESTION`."""

    id: tuple[NodeId, ...]
    all: bool = False
    class_: tuple[str, ...] = ()
    limit: int = _LIMIT
    after: str | None = None


def ancestors(store: GraphStore, viewer: Viewer, asked: Common) -> Ancestors:
    """Give the nearest common ancestors of two or more nodes: those from which no other common one came.

    Raises:
        Invalid: less than two are given.
        NotFound: one of them is not known (or may not be seen).
    """
    if len(asked.id) < _LEAST:
        raise Invalid("two ids or more are needed", field="id", value=", ".join(asked.id))
    answer = walked(store, asked.id, viewer, limit=_WALKED_MOST)
    causes = onwards(answer.edges, TO_CAUSES)
    steps = {each: distances([each], causes) for each in asked.id}
    common = set.intersection(*(set(found) for found in steps.values()))
    nodes = {node.id: node for node in answer.nodes() if node.id in common and not is_stub(node.id)}
    nodes = {**nodes, **with_told_of(store, tuple(nodes.values()), viewer)}
    if asked.class_:
        labels = {CLASSES[each] for each in asked.class_}
        nodes = {each: node for each, node in nodes.items() if not labels.isdisjoint(node.labels)}
    found = [_ancestor(node, {each: steps[each][node.id] for each in asked.id}) for node in nodes.values()]
    page = cut(found if asked.all else _nearest(found, causes), _key, limit=asked.limit, after=asked.after)
    return Ancestors(items=page.items, next=page.next, truncated=answer.truncated, restricted=answer.restricted)


def _nearest(found: Sequence[Ancestor], causes: Onwards) -> Sequence[Ancestor]:
    """Leave out those from which another one came; where all came from each other, the nearest stay."""
    behind = distances({other for each in found for other in causes.get(each.id, ())}, causes)
    nearest = [each for each in found if each.id not in behind]
    return nearest or sorted(found, key=_key)[:1]


def _ancestor(node: Node, steps: Mapping[NodeId, int]) -> Ancestor:
    return Ancestor(
        id=node.id,
        class_=tuple(sorted(node.labels)),
        label=title(node),
        distance=sum(steps.values()),
        distances=steps,
    )


def _key(found: Ancestor) -> tuple[str, str]:
    return by_number(found.distance, found.id)


QUESTION: Final = Question(
    name="ancestors",
    text="What several nodes have in common: the nearest from which all of them came.",
    of=Common,
    ask=ancestors,
    parameters=(
        Parameter("id", many_ids, "two or more nodes", many=True, needed=True),
        Parameter("all", flag, "all common ancestors, not the nearest only", default="false"),
        Parameter("class", classes, f"only these classes: {', '.join(CLASSES)}", many=True),
        Parameter("limit", number(1), f"at most so many on a page [{_LIMIT}]"),
        Parameter("after", one, "the `next` of the page before"),
    ),
)
