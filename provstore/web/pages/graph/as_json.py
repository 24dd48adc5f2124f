"""A view of the graph as the page's script takes it: small, with positions, in the order of the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from provstore.export.drawing import ways_of
from provstore.export.picture import Arrow, Box, State
from provstore.export.views import THROUGH, View
from provstore.graph.model import Label, Node, format_instant
from provstore.web.pages.graph.nearest import REST, Via
from provstore.web.pages.graph.seen import Seen

__all__ = ["ordered", "relation_in_words", "seen_json"]

_MOST_MEMBERS: Final = 1_000
_LONG: Final = 40
_STUB: Final = "urn:stub:"
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "used": ("used", "used by"),
    "wasGeneratedBy": ("made by", "made"),
    "wasDerivedFrom": ("derived from", "source of"),
    THROUGH: ("made from", "went into"),
    "wasInformedBy": ("informed by", "informed"),
    "hadMember": ("holds", "member of"),
    "wasInvalidatedBy": ("removed by", "removed"),
    "alternateOf": ("the same as", "the same as"),
    "specializationOf": ("a form of", "has the form"),
    "wasAssociatedWith": ("run by", "ran"),
    "wasAttributedTo": ("owed to", "answers for"),
    "actedOnBehalfOf": ("acts for", "represented by"),
    "wasStartedBy": ("started by", "started"),
    "wasEndedBy": ("ended by", "ended"),
    "wasInfluencedBy": ("influenced by", "influenced"),
}
"""Relation -> what its source is to its target, and its target to its source."""

_BEND: Final = 6
"""Less than that is drawn straight."""

Point = tuple[float, float]


def relation_in_words(via: Via, names: Mapping[str, str]) -> str:
    """Say what a box is to the one from which one comes to it."""
    forth, back = _WORDS.get(via.arrow.relation, (via.arrow.relation, f"{via.arrow.relation} of"))
    words = back if via.arrow.source == via.other else forth
    role = f" as {via.arrow.role}" if via.arrow.role and via.arrow.relation != THROUGH else ""
    return f"{words} {_cut(names.get(via.other, ''))}{role}"


def _cut(name: str) -> str:
    """Leave out the middle of a long name: its own row has the whole."""
    return name if len(name) <= _LONG else f"{name[: _LONG // 2].rstrip()}…{name[-_LONG // 2 :].lstrip()}"


def ordered(seen: Seen) -> list[Box]:
    """Give the boxes in the order of the table: the nearest first, by their names."""
    far = len(seen.picture.boxes)
    return sorted(seen.picture.boxes, key=lambda box: (seen.distances.get(box.id, far), box.form, box.name, box.id))


def seen_json(seen: Seen) -> dict[str, Any]:
    """Give the view; edges name their ends by their places in the list of nodes."""
    placement = seen.placed()
    boxes = ordered(seen)
    places = {box.id: place for place, box in enumerate(boxes)}
    names = {box.id: box.name or box.short for box in boxes}
    ways = ways_of(seen.picture, placement)
    arrows = zip(seen.picture.arrows, ways, strict=True)
    return {
        "nodes": [_node(seen, box, placement.centres[box.id], names) for box in boxes],
        "edges": [_edge(arrow, way, placement.centres, places) for arrow, way in arrows],
        "implied": seen.picture.implied if seen.asked.view is View.FULL else 0,
        "truncated": seen.document.truncated or seen.left_out > 0,
        "leftOut": seen.left_out,
        "restricted": seen.document.restricted,
        "outnumbered": seen.explored.outnumbered,
        "limit": seen.asked.most,
        "opened": [{"way": one.way, "id": one.id} for one in seen.asked.exploration.opened],
    }


def _node(seen: Seen, box: Box, centre: Point, names: Mapping[str, str]) -> dict[str, Any]:
    """Tell of a node what there is to tell: what is empty or usual is left out."""
    node = seen.nodes.get(box.id)
    facts, unseen, via = seen.facts[box.id], seen.unseen.get(box.id), seen.via.get(box.id)
    members = seen.members.get(box.id, ())
    told: dict[str, Any] = {
        "id": box.id,
        "kind": box.form,
        "label": names[box.id] or "not for you to see",
        "short": box.short if box.is_named else "",
        "class": sorted(node.labels) if node else [],
        "x": round(centre[0]),
        "y": round(centre[1]),
        "state": "" if box.state is State.NORMAL else box.state,
        "agents": list(box.agents),
        "parameters": len(box.parameters),
        "up": unseen.up if unseen else 0,
        "down": unseen.down if unseen else 0,
        "causes": unseen.causes if unseen else (),
        "effects": unseen.effects if unseen else (),
        "at": format_instant(facts.at) if facts.at else "",
        "services": sorted(facts.services),
        "people": sorted(facts.agents - {*box.agents}),
        "distance": seen.distances.get(box.id),
        "relation": relation_in_words(via, names) if via else "",
        "focus": box.focus,
        "hidden": box.id.startswith(_STUB),
        "file": _has_file(node),
        "only": seen.letters.get(box.id, ""),
        "count": len(members),
        "rest": box.id == REST,
        "members": [[one.id, one.name or one.short] for one in _by_name(members)[:_MOST_MEMBERS]],
    }
    return {name: value for name, value in told.items() if value or name in {"x", "y", "distance"}}


def _by_name(members: Sequence[Box]) -> list[Box]:
    return sorted(members, key=lambda one: (one.name, one.id))


def _has_file(node: Node | None) -> bool:
    if node is None or Label.ENTITY not in node.labels or "invalidated_at" in node.properties:
        return False
    return bool(node.properties.get("location")) and "sha256" in node.properties


def _edge(
    arrow: Arrow, way: Sequence[Point], centres: Mapping[str, Point], places: Mapping[str, int]
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "source": places[arrow.source],
        "target": places[arrow.target],
        "kind": arrow.relation,
        "role": arrow.role,
        "bend": list(_bends(way, centres[arrow.source], centres[arrow.target])),
    }
    return {name: value for name, value in told.items() if value or name in {"source", "target"}}


def _bends(way: Sequence[Point], source: Point, target: Point) -> Iterator[tuple[float, int]]:
    """Give the inner points of a curve by their share of the way between the centres, and their distance from it."""
    across, down = target[0] - source[0], target[1] - source[1]
    length = (across**2 + down**2) ** 0.5
    if not length:
        return
    found = [
        (
            ((x - source[0]) * across + (y - source[1]) * down) / length**2,
            ((y - source[1]) * across - (x - source[0]) * down) / length,
        )
        for x, y in way[1:-1]
    ]
    if any(abs(aside) > _BEND for _, aside in found) and not _is_line(way):
        yield from ((round(share, 3), round(aside)) for share, aside in found)


def _is_line(way: Sequence[Point]) -> bool:
    """Tell whether a curve is a straight line, wherever on the boxes it begins and ends."""
    (x, y), (to_x, to_y) = way[0], way[-1]
    length = ((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5 or 1.0
    return all(
        abs((to_x - x) * (other_y - y) - (to_y - y) * (other_x - x)) / length < 1 for other_x, other_y in way[1:-1]
    )
