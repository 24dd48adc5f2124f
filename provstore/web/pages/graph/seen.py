"""What is seen of a part of the graph: the boxes and arrows of a view, grouped, limited, with facts to filter by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple

from provstore.export.document import Document, Model
from provstore.export.folding import Folded, fold
from provstore.export.gathering import Hints
from provstore.export.growing import place_grown
from provstore.export.picture import Box, Form, Picture, picture_of
from provstore.export.placement import Placement
from provstore.export.views import View, data_only, with_agents
from provstore.graph.model import Node
from provstore.queries.exploring import Explored, Unseen, explore
from provstore.queries.lineage import Direction
from provstore.queries.names import prefixes_of
from provstore.web.pages.graph.asked import ALL, OUT, Filters, GraphAsked
from provstore.web.pages.graph.compared import NOTHING_COMPARED, compared, joined
from provstore.web.pages.graph.nearest import REST, Limited, Via, limited, neighbours, starts_of, ways_from
from provstore.web.site import base_url, caller, site

__all__ = ["Facts", "Seen", "look"]

_TIMES: Final = ("ended_at", "started_at", "generated_at", "created_at")


class Facts(NamedTuple):
    """What a box can be filtered by, besides its form: when it was, of which services, by whom."""

    at: datetime | None
    services: frozenset[str]
    agents: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A view of a part of the graph.

    ``members``: what groups stand for. ``left_out``: so many are beyond the limit. ``distances`` are those in the
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
    nodes = {str(node.id): node for node in explored.graph.nodes()}
    ids = asked.exploration.ids
    likeness = compared(ids[0], ids[1]) if asked.compared else NOTHING_COMPARED
    whole = joined(picture_of(document), likeness)
    stages = _stages(explored, asked)
    folded = fold(
        whole,
        apart={*document.focus, *asked.done(Direction.UP, Direction.DOWN, OUT)},
        whole=asked.done(ALL),
        hints=Hints(stages, _services(whole, nodes, asked), explored.told_by, explored.bundles),
    )
    drawn = limited(folded, asked, starts_of(folded.picture, document.focus))
    members = dict(folded.members)
    groups = {box.id: group for group, boxes in members.items() for box in boxes}
    known = {box.id for box in drawn.picture.boxes}
    known |= {one for one, other in likeness.stands_for.items() if other in known}
    known |= {box.id for group in known & members.keys() for box in members[group]}
    facts = _facts(drawn.picture, members, nodes)
    shown = _viewed(drawn.picture, asked.view, document, groups)
    if drawn.rest:
        members[REST] = drawn.rest
        shown = replace(shown, boxes=(*shown.boxes, _rest(drawn.rest, is_all=not document.truncated)))
    there = {box.id for box in shown.boxes}
    starts = (document.focus & there) or {*neighbours(drawn.picture.arrows, document.focus)}
    distances, via = ways_from(shown, starts or starts_of(shown, document.focus))
    stages |= _brought(asked, folded, drawn, stages)
    return Seen(
        asked=asked,
        explored=explored,
        document=document,
        picture=shown,
        members={one: found for one, found in members.items() if one in there},
        nodes=nodes,
        facts={one: facts.get(one, _NO_FACTS) for one in there},
        stages=stages,
        anchors=_anchors(asked, folded, stages),
        unseen=explored.unseen(known),
        distances=distances,
        via=via,
        left_out=len(drawn.rest),
        letters={one: letter for one, letter in likeness.letters.items() if one in there},
    )


def _rest(boxes: Sequence[Box], *, is_all: bool) -> Box:
    name = f"{len(boxes)} more" if is_all else f"{len(boxes)} or more"
    return Box(id=REST, short="not drawn", form=Form.COLLECTION, name=name, facts=("beyond the limit",), many=True)


def _stages(explored: Explored, asked: GraphAsked) -> dict[str, int]:
    """Number what was opened by its place among all that was done."""
    places = [0, *(place for place, (way, _) in enumerate(asked.steps, start=1) if way not in (OUT, ALL))]
    return {str(one): places[stage] for one, stage in explored.stages.items()}


def _brought(asked: GraphAsked, folded: Folded, drawn: Limited, stages: Mapping[str, int]) -> dict[str, int]:
    """Tell when that came which was there before, in a group or beyond the limit.

    Of a group that is drawn whole nothing comes late: a row of jobs can't lie beside what it led to.
    """
    out = {str(one): place for place, (way, one) in enumerate(asked.steps, start=1) if way == OUT}
    found = {**drawn.brought, **out}
    late = {one: found.get(boxes[0].id, stages.get(boxes[0].id, 0)) for one, boxes in folded.members.items()}
    return {**late, **found}


def _anchors(asked: GraphAsked, folded: Folded, stages: Mapping[str, int]) -> tuple[str, ...]:
    """Give for all that was done the box beside which lies what it has brought."""
    found: list[str] = []
    for way, one in asked.steps:
        beside = neighbours(folded.picture.arrows, {one}) if way == OUT else (one,)
        found.append(min(beside, key=lambda near: (stages.get(near, 0), near), default=""))
    return tuple(found)


def _services(picture: Picture, nodes: Mapping[str, Node], asked: GraphAsked) -> Mapping[str, str]:
    """Give the services of the jobs that are drawn: none where only data are."""
    if asked.view is View.DATA:
        return {}
    return {box.id: _service(box, nodes) for box in picture.boxes if box.form is Form.ACTIVITY}


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


def _viewed(picture: Picture, view: View, document: Document, groups: Mapping[str, str]) -> Picture:
    if view is View.DATA:
        return data_only(picture)
    return with_agents(picture, document, groups) if view is View.W3C else picture


def _facts(picture: Picture, members: Mapping[str, tuple[Box, ...]], nodes: Mapping[str, Node]) -> Mapping[str, Facts]:
    """A thing belongs to the services, and to the people, of what made it and used it."""
    services: dict[str, set[str]] = defaultdict(set)
    agents: dict[str, set[str]] = defaultdict(set)
    for box in picture.boxes:
        agents[box.id].update(box.agents)
        runs = (one for one in members.get(box.id, (box,)) if one.form is Form.ACTIVITY)
        services[box.id].update(_service(one, nodes) for one in runs)
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
    """The page's own script has the same rule (filters.js)."""
    is_out = (
        (filters.kinds and box.form not in filters.kinds)
        or (filters.service and filters.service not in facts.services)
        or (filters.agent and filters.agent not in facts.agents | {box.name})
        or (filters.since_at and (facts.at is None or facts.at < filters.since_at))
        or (filters.until_at and (facts.at is None or facts.at >= filters.until_at))
    )
    return box.focus or not is_out
