"""The same picture as different readers want it: with everything, data only, or as plain W3C PROV with its agents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Final

from provstore.export.document import Document
from provstore.export.names import Namespaces
from provstore.export.picture import Arrow, Box, Form, Picture, box_of
from provstore.export.vocabulary import RELATIONS
from provstore.graph.model import Kind, Label, NodeId

__all__ = ["THROUGH", "View", "data_only", "with_agents"]

THROUGH: Final = "through"
"""Relation of a result to what its maker used, where nobody has told what was derived from what; the role names it."""

_TO_AGENTS: Final = frozenset({Kind.WAS_ASSOCIATED_WITH, Kind.WAS_ATTRIBUTED_TO, Kind.ACTED_ON_BEHALF_OF})


class View(StrEnum):
    """What is drawn: all, with people and parameters as badges; data and what they come from; all of W3C PROV."""

    FULL = "full"
    DATA = "data"
    W3C = "w3c"


def data_only(picture: Picture) -> Picture:
    """Leave activities out: what was derived from what."""
    boxes = tuple(box for box in picture.boxes if box.form is not Form.ACTIVITY)
    known = {box.id for box in boxes}
    every = (*picture.arrows, *picture.follows)
    arrows = {one for one in every if one.source in known and one.target in known}
    arrows.update(one for one in _through(picture, arrows) if one.source in known and one.target in known)
    return Picture(boxes=boxes, arrows=tuple(sorted(arrows)))


def _through(picture: Picture, stated: set[Arrow]) -> Iterator[Arrow]:
    names = {box.id: box.name or box.short for box in picture.boxes if box.form is Form.ACTIVITY}
    used: dict[str, list[str]] = defaultdict(list)
    made: dict[str, list[str]] = defaultdict(list)
    for arrow in picture.arrows:
        if arrow.relation == "used":
            used[arrow.source].append(arrow.target)
        if arrow.relation == "wasGeneratedBy":
            made[arrow.target].append(arrow.source)
    derived = {(arrow.source, arrow.target) for arrow in stated if arrow.relation == "wasDerivedFrom"}
    for activity, name in names.items():
        pairs = [(one, other) for one in made[activity] for other in used[activity] if one != other]
        if derived.isdisjoint(pairs):
            yield from (Arrow(one, other, THROUGH, name) for one, other in pairs)


def with_agents(picture: Picture, document: Document, groups: Mapping[str, str]) -> Picture:
    """Draw agents as boxes, and every relation that is stated; what the W3C model has no word for is left out.

    ``groups``: node -> the box that stands for it and others.
    """
    names = Namespaces.of(document)
    agents = {
        node.id: box_of(document, node, Form.AGENT, names) for node in document.nodes() if Label.AGENT in node.labels
    }
    boxes: dict[str, Box] = {box.id: replace(box, agents=(), parameters=()) for box in picture.boxes}
    arrows = {*picture.arrows, *picture.follows}
    ties = (one for one in document.graph.relations() if one.kind in _TO_AGENTS and one.target in agents)
    tied = [one._replace(source=NodeId(groups.get(one.source, one.source))) for one in ties]
    shown = {one.target for one in tied if one.source in boxes}
    shown |= {one.target for one in tied if one.source in shown}
    for one in tied:
        if one.target in shown and (one.source in boxes or one.source in shown):
            arrows.add(Arrow(one.source, one.target, RELATIONS[one.kind].record, one.role or ""))
    boxes |= {one: agents[one] for one in shown if one not in boxes}
    return Picture(boxes=tuple(boxes[one] for one in sorted(boxes)), arrows=tuple(sorted(arrows)))
