"""What a picture of a graph shows: boxes and arrows, agents and parameters as badges.

Descriptions are left out, but for revisions and proposals whose own history is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from urllib.parse import quote

from provstore.errors import TooLarge
from provstore.export.document import Document
from provstore.export.names import Namespaces
from provstore.export.vocabulary import RELATIONS
from provstore.graph.model import Kind, Label, Node, Relation
from provstore.graph.titles import called, value

__all__ = ["MOST_BOXES", "Arrow", "Box", "Form", "Picture", "State", "box_of", "picture_of"]

MOST_BOXES: Final = 5_000
"""Nobody can look at more."""


class Form(StrEnum):
    """What a box is drawn as."""

    ACTIVITY = "activity"
    ENTITY = "entity"
    COLLECTION = "collection"
    VALUE = "value"
    AGENT = "agent"


class State(StrEnum):
    """What else must be seen of a box."""

    NORMAL = "normal"
    FAILED = "failed"
    RUNNING = "running"
    INVALID = "invalidated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A drawn node, or many. ``agents`` and ``parameters`` are its badges, as text for people."""

    id: str
    short: str
    form: Form
    name: str
    state: State = State.NORMAL
    facts: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    link: str = ""
    focus: bool = False
    many: bool = False

    @property
    def is_named(self) -> bool:
        """Whether it has a name that says more than its id."""
        return self.name not in ("", self.short)


class Arrow(NamedTuple):
    """A drawn relation, from effect to cause."""

    source: str
    target: str
    relation: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Boxes by id, arrows by their ends. ``follows``: relations not drawn since the others already say them."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    follows: tuple[Arrow, ...] = ()

    @property
    def implied(self) -> int:
        """How many relations are not drawn since the others already say them."""
        return len(self.follows)


_FORMS: Final = (
    (Label.ACTIVITY, Form.ACTIVITY),
    (Label.COLLECTION, Form.COLLECTION),
    (Label.VALUE, Form.VALUE),
    (Label.ENTITY, Form.ENTITY),
    (Label.AGENT, Form.AGENT),
)
_STATES: Final = {
    "ERROR": State.FAILED,
    "ABORTED": State.FAILED,
    "EXECUTING": State.RUNNING,
    "SUSPENDED": State.RUNNING,
}
_URI_PUNCTUATION: Final = "/:?#[]@!$()*+,;=%~&"
_BADGES: Final = frozenset({Label.AGENT, Label.PARAMETER, Label.CONFIG_FILE})
_TO_AGENTS: Final = frozenset({Kind.WAS_ASSOCIATED_WITH, Kind.WAS_ATTRIBUTED_TO})
_HISTORY: Final = frozenset({Kind.USED, Kind.WAS_GENERATED_BY, Kind.WAS_DERIVED_FROM, Kind.WAS_INVALIDATED_BY})
"""Relations that make a description a thing like others."""
_FACTS: Final = ("phase", "state", "message", "error_message", "content_type", "size", "sha256", "location", "value")


def picture_of(document: Document) -> Picture:
    """Choose what is drawn of a document.

    Raises:
        TooLarge: more boxes than anybody can look at.
    """
    names = Namespaces.of(document)
    boxes: dict[str, Box] = {}
    badges: dict[str, Node] = {}
    described: dict[str, Node] = {}
    for node in document.nodes():
        form = next((form for label, form in _FORMS if label in node.labels), None)
        if not node.labels.isdisjoint(_BADGES):
            badges[node.id] = node
        elif Label.ACTIVITY_DESCRIPTION in node.labels:
            described[node.id] = node
        elif form is not None and Label.VOID not in node.labels:
            boxes[node.id] = box_of(document, node, form, names)
        _check_count(boxes)
    for one in _with_history(document, described):
        boxes[one] = box_of(document, described[one], Form.ENTITY, names)
    _check_count(boxes)
    arrows, attached = _relations(document, boxes, badges)
    for agent in _free_agents(document, badges, boxes):
        boxes[agent] = box_of(document, badges[agent], Form.AGENT, names)
    done = (_with_badges(boxes[one], attached.get(one, ()), badges) for one in sorted(boxes))
    shown = _without_implied(arrows)
    return Picture(boxes=tuple(done), arrows=tuple(sorted(shown)), follows=tuple(sorted(arrows - shown)))


def _check_count(boxes: Mapping[str, Box]) -> None:
    if len(boxes) > MOST_BOXES:
        raise TooLarge(f"more than {MOST_BOXES} boxes can't be drawn; ask for less, or for another format")


def _with_history(document: Document, described: Mapping[str, Node]) -> set[str]:
    """Give the descriptions that are drawn: those asked for, and those that were made, used, revised or withdrawn."""
    if not described:
        return set()
    ends = {
        end for one in document.graph.relations() if one.kind in _HISTORY for end in (one.source, one.target)
    } | document.focus
    return ends & described.keys()


def _free_agents(document: Document, badges: Mapping[str, Node], boxes: Mapping[str, Box]) -> list[str]:
    """Give the agents that get a box: those asked for, and those whose only tie would be to something not drawn.

    Beside anything else, the contact of a description or the organization of a person would only stand about.
    """
    agents = {one for one, node in badges.items() if Label.AGENT in node.labels}
    if boxes:
        agents &= document.focus
    return sorted(agents)


def _relations(
    document: Document, boxes: dict[str, Box], badges: Mapping[str, Node]
) -> tuple[set[Arrow], dict[str, set[tuple[str, str]]]]:
    """Give the arrows between boxes, and for each box its badges with their roles."""
    arrows: set[Arrow] = set()
    attached: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for relation in document.graph.relations():
        if relation.kind not in RELATIONS or relation.source not in boxes:
            continue
        if relation.target in boxes:
            arrows.add(_arrow(relation))
        elif relation.target in badges and (relation.kind in _TO_AGENTS or relation.kind is Kind.WAS_CONFIGURED_BY):
            attached[relation.source].add((relation.target, relation.role or ""))
        if relation.kind is Kind.WAS_INVALIDATED_BY:
            boxes[relation.source] = replace(boxes[relation.source], state=State.INVALID)
    return arrows, attached


def _arrow(relation: Relation) -> Arrow:
    return Arrow(relation.source, relation.target, RELATIONS[relation.kind].record, relation.role or "")


def _without_implied(arrows: set[Arrow]) -> set[Arrow]:
    """Leave out derivations and communications that a drawn use and generation already show."""
    makers: dict[str, set[str]] = defaultdict(set)
    uses: dict[str, set[str]] = defaultdict(set)
    for arrow in arrows:
        if arrow.relation == "wasGeneratedBy":
            makers[arrow.source].add(arrow.target)
        if arrow.relation == "used":
            uses[arrow.source].add(arrow.target)

    def implied(arrow: Arrow) -> bool:
        if arrow.relation == "wasDerivedFrom":
            return any(arrow.target in uses[maker] for maker in makers[arrow.source])
        return arrow.relation == "wasInformedBy" and any(arrow.target in makers[file] for file in uses[arrow.source])

    return {arrow for arrow in arrows if not implied(arrow)}


def box_of(document: Document, node: Node, form: Form, names: Namespaces) -> Box:
    """Give a node as a box without badges."""
    given = node.properties
    prefix, local = names.split(node.id)
    name = called(node) or value(node)
    if Label.ACTIVITY_DESCRIPTION in node.labels and "revision" in given:
        name = f"{name}@{given['revision']}"
    state = _STATES.get(str(given.get("phase", "")), State.NORMAL)
    if isinstance(given.get("invalidated_at"), datetime):
        state = State.INVALID
    return Box(
        id=node.id,
        short=local if prefix == "id" else f"{prefix}:{local}",
        form=form,
        name=name,
        state=state,
        facts=tuple(f"{fact.replace('_', ' ')}: {given[fact]}" for fact in _FACTS if fact in given),
        link=_link(document, node.id, local if prefix == "id" else ""),
        focus=node.id in document.focus,
    )


def _link(document: Document, uri: str, local: str) -> str:
    """Give where a click leads: the server's page, or the thing itself if its id is a web address.

    What is no part of a URI is percent-encoded: graphviz writes links into its SVG without escaping them.
    """
    link = f"{document.site.rstrip('/')}/id/{local}" if document.site and local else uri
    return quote(link, safe=_URI_PUNCTUATION) if link.startswith(("http://", "https://")) else ""


def _with_badges(box: Box, attached: Iterable[tuple[str, str]], badges: Mapping[str, Node]) -> Box:
    agents: dict[str, None] = {}
    parameters: list[str] = []
    for one, role in sorted(attached):
        badge = badges[one]
        name = called(badge) or one
        if Label.AGENT in badge.labels:
            agents[name] = None
        else:
            parameters.append(f"{name or role} = {value(badge) or badge.properties.get('location', '')}")
    return replace(box, agents=tuple(agents), parameters=tuple(sorted(parameters)))
