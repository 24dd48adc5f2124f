"""What was made with something that turned out to be wrong: a file, a calibration, a description, somebody's work."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Final

from provstore.errors import Invalid, NotFound
from provstore.graph.model import Kind, Label, Node, NodeId, Reached, Viewer
from provstore.graph.rules import Step
from provstore.graph.store import GraphStore
from provstore.graph.titles import title
from provstore.queries.answers import key_after, write_key
from provstore.queries.asking import Parameter, Question, many_ids, number, one, values_of_key
from provstore.queries.conditions import Clause, Test
from provstore.queries.descent import Descent
from provstore.queries.facts import Facts, Tie, neighbours
from provstore.queries.search import Search, search
from provstore.queries.things import Counted, Thing, by_number, instant_in, is_program, text_in, thing_of
from provstore.queries.told import with_told_of

__all__ = ["QUESTION", "Affected", "Asked", "Impact", "ImpactPage", "ImpactPart", "State", "impact"]

_LIMIT: Final = 1_000
_WALKED_MOST: Final = 1_000_000
_BATCH: Final = 1_000
_FIRST: Final = 50
_FOUND_MOST: Final = 20_000
_THINGS: Final = frozenset({Label.ENTITY, Label.ACTIVITY})
_WITH: Final = tuple(
    Step(kind, backwards=True)
    for kind in (
        *(Kind.IS_DESCRIBED_BY, Kind.WAS_CONFIGURED_BY),
        *(Kind.WAS_ASSOCIATED_WITH, Kind.WAS_ATTRIBUTED_TO, Kind.HAD_REFERENCE),
    )
)
"""From a description, a parameter, a configuration file or an agent to what was done or made with it."""


class State(StrEnum):
    """Whether a product still stands."""

    CURRENT = "current"
    INVALIDATED = "invalidated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """A product: how far it is from the cause, which activity made it, for whom, and whether it still stands."""

    id: NodeId
    class_: tuple[Label, ...]
    label: str
    distance: int
    state: State
    generated_at: datetime | None
    job: NodeId | None
    service: str
    owner: NodeId | None
    owner_name: str
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactPage:
    """A page of products, nearest first; the counts are over all, ``jobs`` counts those of the page's products."""

    items: tuple[Affected, ...]
    next: str | None
    causes: tuple[Thing, ...]
    total: int
    current: int
    services: tuple[Counted, ...]
    owners: tuple[Counted, ...]
    jobs: Mapping[NodeId, int]
    truncated: bool
    restricted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactPart:
    """Some of the products, in the order of the stream, without a look at all others.

    The counts are over those that were looked at: over all products where ``is_all``.
    """

    items: tuple[Affected, ...]
    more: bool
    total: int
    current: int
    services: tuple[Counted, ...]
    owners: tuple[Counted, ...]
    is_all: bool
    truncated: bool
    restricted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The parameters of :data:`QUESTION`."""

    id: tuple[NodeId, ...] = ()
    description: tuple[Clause, ...] = ()
    agent: tuple[Clause, ...] = ()
    limit: int = _LIMIT
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """The answer: as one page with counts, or as a stream of everything."""

    descent: Descent
    causes: tuple[Thing, ...]
    asked: Asked

    def rows(self) -> Iterator[Affected]:
        """Give every product as soon as it is known, nearest first."""
        return self._told(self._of(self.descent.stream()), first=_FIRST)

    def part(self, *, skip: int, limit: int, looked_at: int | None) -> ImpactPart:
        """Give so many products after the first ones, and counts over so many, or over all.

        Where there are very many next to the cause, those counted are fewer: the first ones do not wait for all others.
        """
        early = () if skip or looked_at is None else self._of(self.descent.early())
        seen = list(self._told(iter(early), first=_BATCH))
        more = bool(seen)
        if not seen:
            products = islice(self._of(self.descent.stream()), skip, None)
            seen = list(self._told(islice(products, looked_at), first=_BATCH))
            more = looked_at is not None and next(products, None) is not None
        states = Counter(one.state for one in seen)
        return ImpactPart(
            items=tuple(seen[:limit]),
            more=more or len(seen) > limit,
            total=len(seen),
            current=states[State.CURRENT],
            services=_counted(Counter(one.service for one in seen)),
            owners=_counted(Counter(one.owner_name for one in seen)),
            is_all=not more and not skip,
            truncated=self.descent.truncated,
            restricted=self.descent.restricted,
        )

    def _of(self, found: Iterable[Reached]) -> Iterator[Reached]:
        given = {one.id for one in self.causes}
        return (one for one in found if Label.ENTITY in one.node.labels and one.node.id not in given)

    def _told(self, products: Iterator[Reached], *, first: int) -> Iterator[Affected]:
        size = first
        while batch := list(islice(products, size)):
            yield from _affected(self.descent.store, batch, self.descent.viewer)
            size = _BATCH

    def whole(self) -> ImpactPage:
        """Give one page, and the counts over everything.

        Raises:
            Invalid: ``after`` is none of ours.
        """
        begin = key_after(self.asked.after) if self.asked.after else ("", "")
        services, owners, states = Counter[str](), Counter[str](), Counter[State]()

        def counted() -> Iterator[Affected]:
            for product in self.rows():
                services[product.service] += 1
                owners[product.owner_name] += 1
                states[product.state] += 1
                if _key(product) > begin:
                    yield product

        items = heapq.nsmallest(self.asked.limit + 1, counted(), key=_key)
        page = tuple(items[: self.asked.limit])
        return ImpactPage(
            items=page,
            next=write_key(_key(page[-1])) if len(items) > len(page) else None,
            causes=self.causes,
            total=states.total(),
            current=states[State.CURRENT],
            services=_counted(services),
            owners=_counted(owners),
            jobs=Counter(one.job for one in page if one.job is not None),
            truncated=self.descent.truncated,
            restricted=self.descent.restricted,
        )


def impact(store: GraphStore, viewer: Viewer, asked: Asked) -> Impact:
    """Give all that was made with something, at any distance.

    Raises:
        Invalid: nothing is given.
        NotFound: one of the ids is not known (or may not be seen).
    """
    if not (asked.id or asked.description or asked.agent):
        raise Invalid("id, description or agent is needed: what is wrong", field="id")
    nodes = {node.id: node for node in store.get(asked.id, viewer)}
    missing = next((given for given in asked.id if given not in nodes), None)
    if missing is not None:
        raise NotFound(f"nothing is known of {missing}", field="id", value=missing)
    starts, truncated = _found(store, asked, viewer)
    others = [node.id for node in nodes.values() if node.labels.isdisjoint(_THINGS)]
    ties = neighbours(store, set(others), _WITH, viewer)
    starts |= {tie.node.id: None for around in ties.values() for tie in around}
    starts |= {node.id: None for node in nodes.values() if not node.labels.isdisjoint(_THINGS)}
    told = nodes | dict(with_told_of(store, tuple(nodes.values()), viewer))
    descent = Descent(store=store, starts=tuple(starts), viewer=viewer, limit=_WALKED_MOST, truncated=truncated)
    return Impact(descent=descent, causes=tuple(thing_of(node) for node in told.values()), asked=asked)


def _found(store: GraphStore, asked: Asked, viewer: Viewer) -> tuple[dict[NodeId, None], bool]:
    """Give the activities of descriptions, and the activities and entities of agents, that were asked for by name."""
    wanted = [(Label.ACTIVITY, one) for one in (*asked.description, *asked.agent)]
    wanted += [(Label.ENTITY, one) for one in asked.agent]
    found: dict[NodeId, None] = {}
    truncated = False
    for label, clause in wanted:
        page = search(store, Search(test=Test(label=label, clauses=(clause,))), viewer, limit=_FOUND_MOST)
        found |= {item.node.id: None for item in page.items}
        truncated |= page.truncated
    return found, truncated


def _affected(store: GraphStore, batch: Sequence[Reached], viewer: Viewer) -> Iterator[Affected]:
    nodes = {reached.node.id: reached.node for reached in batch}
    nodes |= with_told_of(store, tuple(nodes.values()), viewer)
    ties = neighbours(store, set(nodes), (Step(Kind.WAS_GENERATED_BY), Step(Kind.WAS_INVALIDATED_BY)), viewer)
    makers = {product: maker for product, around in ties.items() if (maker := _maker(around)) is not None}
    owners = _owners(store, {maker.id: maker for maker in makers.values()}.values(), viewer)
    for reached in batch:
        node, maker = nodes[reached.node.id], makers.get(reached.node.id)
        gone = "invalidated_at" in node.properties or any(
            tie.relation.kind is Kind.WAS_INVALIDATED_BY for tie in ties.get(node.id, ())
        )
        owner = owners.get(maker.id) if maker else None
        yield Affected(
            id=node.id,
            class_=tuple(sorted(node.labels)),
            label=title(node),
            distance=reached.distance,
            state=State.INVALIDATED if gone else State.CURRENT,
            generated_at=instant_in(node, "generated_at"),
            job=maker.id if maker else None,
            service=(text_in(maker, "service") or title(maker)) if maker else "",
            owner=owner.id if owner else None,
            owner_name=title(owner) if owner else "",
            location=text_in(node, "location"),
        )


def _maker(around: Iterable[Tie]) -> Node | None:
    """Give what made something: the job, rather than a step inside of it."""
    makers = [tie.node for tie in around if tie.relation.kind is Kind.WAS_GENERATED_BY]
    return min(makers, key=lambda one: (Label.JOB not in one.labels, one.id), default=None)


def _owners(store: GraphStore, makers: Collection[Node], viewer: Viewer) -> Mapping[NodeId, Node]:
    """Give for each activity the person for whom it ran."""
    jobs = {one.id: NodeId(store.namespace + text_in(one, "owner")) for one in makers if "owner" in one.properties}
    people = {node.id: node for node in store.get(list(dict.fromkeys(jobs.values())), viewer)}
    found = {job: people[owner] for job, owner in jobs.items() if owner in people}
    facts = Facts(store, [one for one in makers if one.id not in jobs], viewer)
    for activity in facts.nodes:
        agents = sorted((tie.node for tie in facts.agents(activity)), key=lambda each: (is_program(each), each.id))
        if agents:
            found[activity] = agents[0]
    return found


def _counted(counter: Counter[str]) -> tuple[Counted, ...]:
    return tuple(Counted(name=name, count=count) for name, count in sorted(counter.items()))


def _key(product: Affected) -> tuple[str, str]:
    return by_number(product.distance, product.id)


QUESTION: Final = Question(
    name="impact",
    text="All that was made with something that turned out to be wrong; as format=csv or ndjson everything, streamed.",
    of=Asked,
    ask=impact,
    parameters=(
        Parameter("id", many_ids, "a file, an activity, a description, a parameter or an agent", many=True),
        Parameter("description", values_of_key, "a description by name, or name@revision", many=True),
        Parameter("agent", values_of_key, "somebody, or a program, by name or id", many=True),
        Parameter("limit", number(1), f"at most so many on a page [{_LIMIT}]"),
        Parameter("after", one, "the `next` of the page before"),
    ),
)
