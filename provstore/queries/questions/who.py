"""Who made something: whom to credit, and whom to ask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from provstore.graph.model import PROV, Kind, Node, NodeId, Viewer
from provstore.graph.rules import Step
from provstore.graph.store import GraphStore
from provstore.graph.titles import local_part, title
from provstore.queries.asking import Question
from provstore.queries.chains import PARAMETERS, Asked, Chain, read_chain
from provstore.queries.facts import Tie, neighbours
from provstore.queries.things import by_number, cut, text_in

__all__ = ["QUESTION", "Contribution", "Credited", "Who", "who"]

_WALKED_MOST: Final = 10_000
_CONTRIBUTIONS_MOST: Final = 100
_MAILS: Final = frozenset({"email", "mbox", "mail"})
_PAGES: Final = frozenset({"url", "homepage", "orcid", "affiliation"})
_HEADS: Final = (Step(Kind.ACTED_ON_BEHALF_OF),)
_CONTACTS: Final = (Step(Kind.WAS_ATTRIBUTED_TO),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What an agent had to do with the product: in which role, with which activity, entity, description or agent.

    ``inherited``: not with the product itself or the activity that made it, but with something it came from.
    """

    role: str
    relation: Kind
    of: NodeId
    of_label: str
    inherited: bool
    distance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited:
    """An agent with all that it contributed, the nearest first."""

    id: NodeId
    label: str
    type: str
    email: str
    url: str
    roles: tuple[str, ...]
    inherited: bool
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A page of agents: who is nearest first, then by id."""

    items: tuple[Credited, ...]
    next: str | None
    truncated: bool
    restricted: bool


class _Part(NamedTuple):
    agent: Node
    contribution: Contribution


def who(store: GraphStore, viewer: Viewer, asked: Asked) -> Who:
    """Give everybody who is answerable for some nodes or for what they came from.

    Raises:
        NotFound: one of the nodes is not known (or may not be seen).
    """
    chain = read_chain(store, asked.id, viewer, depth=asked.depth, limit=_WALKED_MOST)
    parts = [*_direct(chain), *_contacts(store, viewer, chain)]
    parts += _heads(store, viewer, parts)
    by_agent: defaultdict[NodeId, list[_Part]] = defaultdict(list)
    for part in parts:
        by_agent[part.agent.id].append(part)
    page = cut([_credited(each) for each in by_agent.values()], _key, limit=asked.limit, after=asked.after)
    return Who(
        items=page.items,
        next=page.next,
        truncated=chain.graph.truncated,
        restricted=chain.graph.restricted,
    )


def _direct(chain: Chain) -> Iterator[_Part]:
    for node in chain.nodes():
        for tie in chain.facts.agents(node.id):
            yield _part(chain, node, tie, near=node.id)


def _contacts(store: GraphStore, viewer: Viewer, chain: Chain) -> Iterator[_Part]:
    """Give those who stand in the descriptions of the activities."""
    nearest: dict[NodeId, NodeId] = {}
    nodes: dict[NodeId, Node] = {}
    for activity in sorted(chain.activities(), key=lambda each: (chain.distance[each.id], each.id)):
        for description in chain.facts.descriptions(activity.id):
            nearest.setdefault(description.id, activity.id)
            nodes[description.id] = description
    for described, ties in neighbours(store, set(nodes), _CONTACTS, viewer).items():
        for tie in ties:
            yield _part(chain, nodes[described], tie, near=nearest[described])


def _heads(store: GraphStore, viewer: Viewer, parts: Sequence[_Part]) -> list[_Part]:
    """Give those on whose behalf the others acted, over any number of steps."""
    found: list[_Part] = []
    frontier, met = list(parts), {part.agent.id for part in parts}
    while frontier:
        nearest: dict[NodeId, _Part] = {}
        for part in sorted(frontier, key=lambda each: each.contribution.distance):
            nearest.setdefault(part.agent.id, part)
        ties = neighbours(store, set(nearest), _HEADS, viewer)
        fresh = [_on_behalf(nearest[agent], tie) for agent, around in ties.items() for tie in around]
        found += fresh
        frontier = [part for part in fresh if part.agent.id not in met]
        met |= {part.agent.id for part in fresh}
    return found


def _part(chain: Chain, node: Node, tie: Tie, *, near: NodeId) -> _Part:
    contribution = Contribution(
        role=_role(tie),
        relation=tie.relation.kind,
        of=node.id,
        of_label=title(node),
        inherited=near not in chain.own,
        distance=chain.distance[near],
    )
    return _Part(tie.node, contribution)


def _on_behalf(part: _Part, tie: Tie) -> _Part:
    contribution = Contribution(
        role=_role(tie),
        relation=tie.relation.kind,
        of=part.agent.id,
        of_label=title(part.agent),
        inherited=part.contribution.inherited,
        distance=part.contribution.distance + 1,
    )
    return _Part(tie.node, contribution)


def _role(tie: Tie) -> str:
    return local_part(tie.relation.role) if tie.relation.role else ""


def _credited(parts: Sequence[_Part]) -> Credited:
    agent = parts[0].agent
    unique = dict.fromkeys(part.contribution for part in parts)
    ordered = sorted(unique, key=lambda each: (each.distance, each.of, each.relation, each.role))
    return Credited(
        id=agent.id,
        label=title(agent),
        type=text_in(agent, "type") or next((local_part(each) for each in _told(agent, {"type"})), ""),
        email=text_in(agent, "email") or next((each.removeprefix("mailto:") for each in _told(agent, _MAILS)), ""),
        url=text_in(agent, "url") or next(iter(_told(agent, _PAGES)), ""),
        roles=tuple(sorted({each.role for each in ordered if each.role})),
        inherited=all(each.inherited for each in ordered),
        contributions=tuple(ordered[:_CONTRIBUTIONS_MOST]),
    )


def _told(agent: Node, names: Iterable[str]) -> list[str]:
    wanted = set(names)
    told: Mapping[str, str] = {each.lexical: each.key for each in agent.attributes}
    return sorted(value for value, key in told.items() if local_part(key).lower() in wanted and key != f"{PROV}label")


def _key(found: Credited) -> tuple[str, str]:
    return by_number(found.contributions[0].distance, found.id)


QUESTION: Final = Question(
    name="who",
    text="Who made something, whom to credit and whom to ask: agents with roles and e-mail, own or inherited.",
    of=Asked,
    ask=who,
    parameters=PARAMETERS,
)
