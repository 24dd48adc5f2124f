"""Search: nodes that pass conditions on themselves, on what they came from and on what stands beside them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from provstore.graph.model import EVERYBODY, Kind, Label, Node, NodeId, Relation, Viewer
from provstore.graph.rules import TO_CAUSES, TO_EFFECTS, Step
from provstore.graph.store import GraphStore, Walk
from provstore.queries.answers import Found, Listing, page_of
from provstore.queries.candidates import candidates, is_telling
from provstore.queries.conditions import Test
from provstore.queries.facts import neighbours
from provstore.queries.judging import Judge
from provstore.queries.names import keys
from provstore.queries.obscore import Wanted, every_record

__all__ = ["Search", "search"]

_BATCH: Final = 1_000
_FOUND_MOST: Final = 20_000
_LOOKED_AT_MOST: Final = 200_000
_WALKED_MOST: Final = 100_000
_STUB: Final = "urn:stub:"
_ANYTHING: Final = Wanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for.

    Args:
        test: What a node itself must be.
        generated_by: The activity that made it must pass each of these.
        input: A direct input of the activity that made it (for activities: of itself) must pass.
        upstream: Something at any distance towards the causes must pass: each of these.
        downstream: Something at any distance towards the effects must pass: each of these.
        observed: Its ObsCore record must pass, where something is wanted of it.
        zone: In which weekdays and hours are meant.
        attributes: Attributes are told, too.
        omit: Keys of attributes that are not.
    """

    test: Test
    generated_by: tuple[Test, ...] = ()
    input: tuple[Test, ...] = ()
    upstream: tuple[Test, ...] = ()
    downstream: tuple[Test, ...] = ()
    observed: Wanted = _ANYTHING
    zone: str = "UTC"
    attributes: bool = False
    omit: tuple[str, ...] = ()


@dataclass(slots=True)
class _State:
    truncated: bool = False
    restricted: bool = False
    witnesses: dict[NodeId, NodeId] = field(default_factory=dict)


def search(
    store: GraphStore,
    asked: Search,
    viewer: Viewer = EVERYBODY,
    *,
    limit: int = 100,
    after: str | None = None,
    descending: bool = False,
) -> Listing:
    """Find nodes.

    Raises:
        Invalid: a condition can't be understood.
    """
    run = _Run(store, viewer, asked.zone)
    omitted = {key for name in asked.omit for key in keys(store, name, viewer)}
    found = [
        Found(
            node=_without_keys(node, omitted),
            witness=run.state.witnesses.get(node.id),
            attributes=asked.attributes,
        )
        for node in run.nodes(asked)
    ]
    page = page_of(found, limit=limit, after=after, descending=descending)
    return replace(page, truncated=run.state.truncated, restricted=run.state.restricted)


def _without_keys(node: Node, omitted: Collection[str]) -> Node:
    if not omitted:
        return node
    return node._replace(attributes=tuple(one for one in node.attributes if one.key not in omitted))


class _Run:
    """One search; begins where fewest nodes are."""

    def __init__(self, store: GraphStore, viewer: Viewer, zone: str) -> None:
        self._store = store
        self._viewer = viewer
        self._zone = zone
        self.state = _State()

    def nodes(self, asked: Search) -> list[Node]:
        """Give all that pass."""
        judge = Judge(self._store, asked.test, self._viewer, zone=self._zone)
        sets = [self._beyond(test, TO_EFFECTS) for test in asked.upstream]
        sets += [self._beyond(test, TO_CAUSES) for test in asked.downstream]
        sets += [self._of_input(test, asked.test.label) for test in asked.input]
        if asked.observed != _ANYTHING:
            sets.append(self._observed(asked.observed))
        if sets:
            ids = set.intersection(*map(set, sets))
            return self._narrowed(asked, judge, self._get(ids))
        if asked.generated_by and not any(is_telling(asked.test.label, one) for one in asked.test.clauses):
            return self._narrowed(asked, judge, self._get(self._made_by(asked)))
        return self._narrowed(asked, judge, candidates(self._store, asked.test, judge, self._viewer))

    def matches(self, test: Test) -> list[Node]:
        """Give all nodes that pass a condition."""
        judge = Judge(self._store, test, self._viewer, zone=self._zone)
        return self._passing(judge, candidates(self._store, test, judge, self._viewer))

    def _narrowed(self, asked: Search, judge: Judge, nodes: Iterator[Node]) -> list[Node]:
        found = self._passing(judge, nodes)
        for test in asked.generated_by:
            found = self._kept_by_makers(found, test)
        return found

    def _passing(self, judge: Judge, nodes: Iterator[Node]) -> list[Node]:
        found: list[Node] = []
        looked_at = 0
        while batch := list(islice(nodes, _BATCH)):
            looked_at += len(batch)
            found += judge.passing(batch)
            if len(found) > _FOUND_MOST or looked_at > _LOOKED_AT_MOST:
                self.state.truncated = True
                return found[:_FOUND_MOST]
        return found

    def _beyond(self, test: Test, steps: Sequence[Step]) -> Collection[NodeId]:
        """Give what lies beyond the nodes that pass, by one walk from all of them; note one witness each."""
        starts = [node.id for node in self.matches(test)]
        if not starts:
            return ()
        walk = Walk(starts=tuple(starts), steps=tuple(steps), limit=_WALKED_MOST)
        answer = self._store.walk(walk, self._viewer)
        self.state.truncated |= answer.truncated
        self.state.restricted |= answer.restricted
        backwards = {(step.kind, step.backwards) for step in steps}
        witnesses = _witnesses(starts, answer.edges, backwards)
        reached = {one.node.id for one in answer.reached if not one.node.id.startswith(_STUB)}
        # A start is beyond itself only if another start leads there.
        beyond = {one for one in reached if one not in starts or witnesses.get(one, one) != one}
        self.state.witnesses |= {one: witnesses[one] for one in beyond if one in witnesses}
        return beyond

    def _observed(self, wanted: Wanted) -> Collection[NodeId]:
        """Give the entities whose ObsCore records pass."""
        found = list(islice(every_record(self._store, wanted, self._viewer), _FOUND_MOST + 1))
        self.state.truncated |= len(found) > _FOUND_MOST
        return {node.id for node in found[:_FOUND_MOST]}

    def _of_input(self, test: Test, label: Label) -> Collection[NodeId]:
        """Give the activities that used what passes, or what they made."""
        inputs = {node.id for node in self.matches(test)}
        users = neighbours(self._store, inputs, (Step(Kind.USED, backwards=True),), self._viewer)
        by_activity = {tie.node.id: used for used, ties in users.items() for tie in ties}
        if label is Label.ACTIVITY:
            self.state.witnesses |= by_activity
            return by_activity
        made = neighbours(self._store, by_activity, (Step(Kind.WAS_GENERATED_BY, backwards=True),), self._viewer)
        by_product = {tie.node.id: by_activity[maker] for maker, ties in made.items() for tie in ties}
        self.state.witnesses |= by_product
        return by_product

    def _made_by(self, asked: Search) -> Collection[NodeId]:
        makers = {node.id for node in self.matches(asked.generated_by[0])}
        made = neighbours(self._store, makers, (Step(Kind.WAS_GENERATED_BY, backwards=True),), self._viewer)
        return dict.fromkeys(tie.node.id for ties in made.values() for tie in ties)

    def _kept_by_makers(self, nodes: Sequence[Node], test: Test) -> list[Node]:
        """Keep what an activity made that passes."""
        judge = Judge(self._store, test, self._viewer, zone=self._zone)
        kept: list[Node] = []
        for begin in range(0, len(nodes), _BATCH):
            batch = nodes[begin : begin + _BATCH]
            step = Step(Kind.WAS_GENERATED_BY)
            makers = neighbours(self._store, {node.id for node in batch}, (step,), self._viewer)
            activities = {tie.node.id: tie.node for ties in makers.values() for tie in ties}
            right = {node.id for node in judge.passing(list(activities.values()))}
            kept += [node for node in batch if any(tie.node.id in right for tie in makers.get(node.id, ()))]
        return kept

    def _get(self, ids: Collection[NodeId]) -> Iterator[Node]:
        wanted = sorted(ids)
        for begin in range(0, len(wanted), _BATCH):
            yield from self._store.get(wanted[begin : begin + _BATCH], self._viewer)


def _witnesses(
    starts: Collection[NodeId], edges: Sequence[Relation], ways: Collection[tuple[Kind, bool]]
) -> Mapping[NodeId, NodeId]:
    """Give for each node that the edges lead to a start from which they do; for a start another one, or itself."""
    onwards: dict[NodeId, list[NodeId]] = {}
    for edge in edges:
        if (edge.kind, False) in ways:
            onwards.setdefault(edge.source, []).append(edge.target)
        if (edge.kind, True) in ways:
            onwards.setdefault(edge.target, []).append(edge.source)
    found: dict[NodeId, NodeId] = {}
    frontier = [(one, one) for one in starts]
    while frontier:
        fresh = {other: start for one, start in frontier for other in onwards.get(one, ()) if other not in found}
        found |= fresh
        frontier = [(one, start) for one, start in fresh.items() if one not in starts]
    return found
