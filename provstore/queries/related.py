"""What stands next to a thing: what made it, of what and what else, and what was made of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from provstore.graph.model import Kind, Label, Node, NodeId, Relation, Subgraph, Viewer
from provstore.graph.rules import Step
from provstore.graph.store import GraphStore, Walk
from provstore.queries.told import with_told_of

__all__ = ["Neighbours", "Tie", "related"]

_STUB: Final = "urn:stub:"
_AROUND: Final = (
    Step(Kind.WAS_GENERATED_BY),
    Step(Kind.WAS_DERIVED_FROM),
    Step(Kind.WAS_DERIVED_FROM, backwards=True),
)
_OF_ACTIVITY: Final = (Step(Kind.USED), Step(Kind.WAS_GENERATED_BY, backwards=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """A thing, and the relation that leads there."""

    relation: Relation
    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """A thing and what stands next to it, as far as the viewer may see it.

    ``activity``: what made it, or the thing itself where it is an activity; ``used`` and ``made`` are that activity's,
    in the order of its description. ``sources`` and ``derived``: what it was derived from, and what from it.
    """

    node: Node
    activity: Node | None = None
    used: tuple[Tie, ...] = ()
    made: tuple[Tie, ...] = ()
    sources: tuple[Tie, ...] = ()
    derived: tuple[Tie, ...] = ()


def related(store: GraphStore, ids: Sequence[NodeId], viewer: Viewer) -> tuple[Mapping[NodeId, Neighbours], bool]:
    """Give the neighbours of those things that are known and may be seen; and whether there are too many to tell.

    What documents tell of them is among their attributes. The number of questions to the store does not depend on the
    number of things.
    """
    nodes = {node.id: node for node in store.get(ids, viewer)}
    near = store.walk(Walk(starts=tuple(nodes), steps=_AROUND, depth=1), viewer)
    known = {one.node.id: one.node for one in near.reached}
    made_by = [edge for edge in _seen(near) if edge.kind is Kind.WAS_GENERATED_BY]
    made_by.sort(key=lambda edge: (Label.JOB in known[edge.target].labels, edge.key))
    makers = {edge.source: edge.target for edge in made_by}  # a step inside a job is no maker beside the job
    makers |= {node.id: node.id for node in nodes.values() if Label.ACTIVITY in node.labels}
    activities = tuple(dict.fromkeys(makers[one] for one in nodes if one in makers))
    around = store.walk(Walk(starts=activities, steps=_OF_ACTIVITY, depth=1), viewer)
    known |= {one.node.id: one.node for one in around.reached}
    foreign = tuple(node for node in {**nodes, **known}.values() if not node.id.startswith(store.namespace))
    known |= with_told_of(store, foreign, viewer)
    used = _ties(around, Kind.USED, known)
    made = _ties(around, Kind.WAS_GENERATED_BY, known, backwards=True)
    sources = _ties(near, Kind.WAS_DERIVED_FROM, known)
    derived = _ties(near, Kind.WAS_DERIVED_FROM, known, backwards=True)
    found = {
        one: Neighbours(
            node=known.get(one, node),
            activity=known.get(makers[one]) if one in makers else None,
            used=tuple(used[makers[one]]) if one in makers else (),
            made=tuple(made[makers[one]]) if one in makers else (),
            sources=tuple(sources[one]),
            derived=tuple(derived[one]),
        )
        for one, node in nodes.items()
    }
    return found, near.truncated or around.truncated


def _seen(answer: Subgraph) -> Iterable[Relation]:
    return (edge for edge in answer.edges if not edge.source.startswith(_STUB) and not edge.target.startswith(_STUB))


def _ties(
    answer: Subgraph, kind: Kind, known: Mapping[NodeId, Node], *, backwards: bool = False
) -> Mapping[NodeId, list[Tie]]:
    """Give the relations of a kind by the end they are looked at from, in the order of their keys."""
    found: defaultdict[NodeId, list[Tie]] = defaultdict(list)
    for edge in sorted(_seen(answer), key=lambda one: one.key):
        if edge.kind is kind:
            here, there = (edge.target, edge.source) if backwards else (edge.source, edge.target)
            found[here].append(Tie(relation=edge, node=known[there]))
    return found
