"""What is seen of a part of the graph: the boxes and arrows of a view, grouped, limited, with facts to filter by."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple

from provstore.export.document import Document, Model
from provstore.export.folding import fold
from provstore.export.growing import place_grown
from provstore.export.picture import Arrow, Box, Form, Picture, picture_of
from provstore.export.placement import Placement
from provstore.export.views import View, data_only, with_agents
from provstore.graph.model import Node
from provstore.queries.exploring import Explored, Unseen, explore
from provstore.queries.names import prefixes_of
from provstore.web.pages.graph.asked import Filters, GraphAsked
from provstore.web.pages.graph.compared import NOTHING_COMPARED, compared, joined
from provstore.web.site import base_url, caller, site

__all__ = ["Facts", "Seen", "Via", "look", "thinned"]

_TIMES: Final = ("ended_at", "started_at", "generated_at", "created_at")


class Facts(NamedTuple):
    """What a box can be filtered by, besides its form: when it was, of which services, by whom."""

    at: datetime | None
    services: frozenset[str]
    agents: frozenset[str]


class Via(NamedTuple):
    """The arrow by which one comes to a box from ``other``, which is nearer to the starts."""

    arrow: Arrow
    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A view of a part of the graph.

    ``members``: what groups stand for. ``left_out``: so many boxes are beyond the limit. ``distances`` are those in the
    picture, from the starts; ``via`` leads back there. ``letters``: whose a node is, where two are compared.
    """

    asked: GraphAsked
    explored: Explored
    document: Document
    picture: Picture
    members: Mapping[str, tuple[Box, ...]]
    nodes: Mapping[str, Node]
    facts: Mapping[str, Facts]
    stages: Mapping[str, int]
    anchors: Sequence[str]
    unseen: Mapping[str, Unseen]
    distances: Mapping[str, int]
    via: Mapping[str, Via]
    left_out: int
    letters: Mapping[str, str]

    def placed(self) -> Placement:
        """Give the positions of all boxes."""
        return place_grown(self.picture, self.stages, self.anchors)

    def shown(self) -> frozenset[str]:
        """Give the boxes that pass the filters."""
        return frozenset(one.id for one in self.picture.boxes if _passes(one, self.facts[one.id], self.asked.filters))


def look(asked: GraphAsked) -> Seen:
    """Give what is seen of what was asked for.

    Raises:
        NotFound: none of the ids is known (or may be seen).
    """
    explored = explore(site().store, asked.exploration, caller().viewer)
    document = _document(explored, asked)
    ids = asked.exploration.ids
    likeness = compared(ids[0], ids[1]) if asked.compared else NOTHING_COMPARED
    whole = joined(picture_of(document), likeness)
    stages = {str(one): stage for one, stage in explored.stages.items()}
    apart = {*document.focus, *asked.anchors, *asked.apart}
    folded = fold(whole, apart=apart, stages=stages)
    members = folded.members
    stages |= {group: stages.get(boxes[0].id, 0) for group, boxes in members.items()}
    distances, _ = _ways(folded.picture, _starts(folded.picture, document.focus))
    picture = _nearest(folded.picture, distances, asked.most)
    nodes = {str(node.id): node for node in explored.graph.nodes()}
    facts = _facts(picture, members, nodes)
    left_out = len(folded.picture.boxes) - len(picture.boxes)
    known = {box.id for box in picture.boxes}
    known |= {one for one, other in likeness.stands_for.items() if other in known}
    known |= {box.id for group in known & members.keys() for box in members[group]}
    shown = _viewed(picture, asked.view, document)
    drawn = {box.id for box in shown.boxes}
    starts = (document.focus & drawn) or _next_to(picture, document.focus) or _starts(shown, document.focus)
    distances, via = _ways(shown, starts)
    return Seen(
        asked=asked,
        explored=explored,
        document=document,
        picture=shown,
        members={one: found for one, found in members.items() if one in drawn},
        nodes=nodes,
        facts={one: facts.get(one, _NO_FACTS) for one in drawn},
        stages=stages | {one: stage for stage, one in enumerate(asked.apart, start=len(asked.anchors) + 1)},
        anchors=(*asked.anchors, *(_neighbour(shown, one) for one in asked.apart)),
        unseen=explored.unseen(known),
        distances=distances,
        via=via,
        left_out=left_out,
        letters={one: letter for one, letter in likeness.letters.items() if one in drawn},
    )


def _document(explored: Explored, asked: GraphAsked) -> Document:
    return replace(
        Document.of_answer(explored.graph, site().store.namespace),
        prefixes=prefixes_of(site().store, (node.id for node in explored.graph.nodes()), caller().viewer),
        title="Provenance",
        site=base_url(),
        focus=frozenset(asked.exploration.ids),
        model=Model.W3C if asked.view is View.W3C else Model.IVOA,
    )


_NO_FACTS: Final = Facts(None, frozenset(), frozenset())


def _neighbour(picture: Picture, one: str) -> str:
    """Give the box beside which one lies that was taken out of its group."""
    ends = ((arrow.source, arrow.target) for arrow in picture.arrows if one in arrow[:2])
    return next((end for pair in ends for end in pair if end != one), "")


def _starts(picture: Picture, ids: frozenset[str]) -> set[str]:
    """Give where the picture begins: with what was asked for, else (of a document) with the first that has no cause."""
    asked = {box.id for box in picture.boxes if box.id in ids}
    effects = {one.source for one in picture.arrows}
    return asked or {min((one.target for one in picture.arrows if one.target not in effects), default="")}


def _next_to(picture: Picture, ids: frozenset[str]) -> set[str]:
    """Give what is tied to boxes that a view leaves out."""
    ends = [(one.source, one.target) for one in picture.arrows if one.source in ids or one.target in ids]
    return {one for pair in ends for one in pair}


def _viewed(picture: Picture, view: View, document: Document) -> Picture:
    if view is View.DATA:
        return data_only(picture)
    return with_agents(picture, document) if view is View.W3C else picture


def _nearest(picture: Picture, distances: Mapping[str, int], most: int) -> Picture:
    if len(picture.boxes) <= most:
        return picture
    far = len(picture.boxes)
    ordered = sorted(picture.boxes, key=lambda box: (distances.get(box.id, far), box.id))
    return thinned(picture, frozenset(box.id for box in ordered[:most]))


def thinned(picture: Picture, kept: frozenset[str]) -> Picture:
    """Leave out all boxes but some, with their arrows."""
    return Picture(
        boxes=tuple(box for box in picture.boxes if box.id in kept),
        arrows=tuple(one for one in picture.arrows if one.source in kept and one.target in kept),
        follows=tuple(one for one in picture.follows if one.source in kept and one.target in kept),
    )


def _ways(picture: Picture, starts: Iterable[str]) -> tuple[Mapping[str, int], Mapping[str, Via]]:
    """Walk over the picture, whatever the direction of the arrows."""
    near: dict[str, list[Via]] = defaultdict(list)
    for arrow in picture.arrows:
        near[arrow.source].append(Via(arrow, arrow.target))
        near[arrow.target].append(Via(arrow, arrow.source))
    known = {box.id for box in picture.boxes}
    distances = {one: 0 for one in sorted(starts) if one in known}
    via: dict[str, Via] = {}
    todo = deque(distances)
    while todo:
        one = todo.popleft()
        for step in near[one]:
            if step.other not in distances:
                distances[step.other] = distances[one] + 1
                via[step.other] = Via(step.arrow, one)
                todo.append(step.other)
    return distances, via


def _facts(picture: Picture, members: Mapping[str, tuple[Box, ...]], nodes: Mapping[str, Node]) -> Mapping[str, Facts]:
    """A thing belongs to the services, and to the people, of what made it and used it."""
    services: dict[str, set[str]] = defaultdict(set)
    agents: dict[str, set[str]] = defaultdict(set)
    for box in picture.boxes:
        agents[box.id].update(box.agents)
        if box.form is Form.ACTIVITY:
            services[box.id].update(_service(one, nodes) for one in members.get(box.id, (box,)))
    ends = [(one.source, one.target) for one in picture.arrows if one.relation in {"used", "wasGeneratedBy"}]
    forms = {box.id: box.form for box in picture.boxes}
    own = {one: (frozenset(services[one]), frozenset(agents[one])) for one in forms}
    for pair in ends:
        for one, other in (pair, pair[::-1]):
            if forms[other] is Form.ACTIVITY and forms[one] is not Form.ACTIVITY:
                services[one] |= own[other][0]
                agents[one] |= own[other][1]
    return {
        one: Facts(_time(members.get(one, ()), one, nodes), frozenset(services[one]), frozenset(agents[one]))
        for one in forms
    }


def _service(box: Box, nodes: Mapping[str, Node]) -> str:
    node = nodes.get(box.id)
    return str(node.properties.get("service") or box.name or box.short) if node else box.name


def _time(members: Iterable[Box], one: str, nodes: Mapping[str, Node]) -> datetime | None:
    """Give when something was; of a group the latest."""
    ids = [box.id for box in members] or [one]
    found = [at for at in (_instant(nodes.get(each)) for each in ids) if at is not None]
    return max(found, default=None)


def _instant(node: Node | None) -> datetime | None:
    times = (node.properties.get(name) for name in _TIMES) if node else ()
    return next((at for at in times if isinstance(at, datetime)), None)


def _passes(box: Box, facts: Facts, filters: Filters) -> bool:
    """The page's own script has the same rule (graph-filters.js)."""
    is_out = (
        (filters.kinds and box.form not in filters.kinds)
        or (filters.service and filters.service not in facts.services)
        or (filters.agent and filters.agent not in facts.agents | {box.name})
        or (filters.since_at and (facts.at is None or facts.at < filters.since_at))
        or (filters.until_at and (facts.at is None or facts.at >= filters.until_at))
    )
    return box.focus or not is_out
