"""Where boxes, arrows and labels of a picture are: by dot for small pictures, else by our own layers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import graphviz

from provstore.errors import TooLarge, Unavailable
from provstore.export.graphviz_runs import LIMITS, MOST_NODES, run_dot
from provstore.export.layout import layered
from provstore.export.picture import Form, Picture

__all__ = ["HEIGHT", "MOST_LABELS", "WIDTH", "Placement", "place", "place_in_layers", "place_with_dot"]

WIDTH: Final = 156
HEIGHT: Final = 46
_ROOM: Final = 66
"""Height of a box with its badges."""

MOST_LABELS: Final = 60
"""From this number of arrows on, their labels are only in their titles."""

_INCH: Final = 72
_ROUTED: Final = 60
"""Up to so many boxes dot bends arrows around boxes; it is quick enough there, and its limits hold anyway."""

_SIDEWAYS: Final = frozenset({"alternateOf", "wasInvalidatedBy", "mentionOf"})
"""They say nothing of what comes first: what ends a thing is no cause of it."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Centres of boxes by id; for each arrow by number its Bezier points from effect to cause, and its label's centre.

    Arrows without points are drawn straight from box to box.
    """

    centres: dict[str, Point]
    routes: dict[int, tuple[Point, ...]] = field(default_factory=dict)
    labels: dict[int, Point] = field(default_factory=dict)


def place(picture: Picture) -> Placement:
    """Place a picture with the best engine that there is for its size."""
    if not 0 < len(picture.boxes) <= MOST_NODES:
        return place_in_layers(picture)
    try:
        return place_with_dot(picture)
    except (Unavailable, TooLarge):
        return place_in_layers(picture)


def place_in_layers(picture: Picture) -> Placement:
    """Place a picture with our own layout."""
    labelled = len(picture.arrows) < MOST_LABELS
    links = [(arrow.target, arrow.source) for arrow in picture.arrows if arrow.relation not in _SIDEWAYS]
    step = (WIDTH + (130 if labelled else 64), _ROOM + 12)
    return Placement(centres=layered([box.id for box in picture.boxes], links, step=step))


def place_with_dot(picture: Picture) -> Placement:
    """Place a picture with dot.

    Raises:
        Unavailable: dot is not there.
        TooLarge: dot did not manage.
    """
    made: dict[str, Any] = json.loads(run_dot(_source(picture), format="json0"))
    centres = {
        picture.boxes[int(one["name"][1:])].id: _point(one["pos"])
        for one in made["objects"]
        if one.get("name", "").startswith("n")
    }
    edges = {int(one["id"]): one for one in made.get("edges", [])}
    return Placement(
        centres=centres,
        routes={number: tuple(_route(one["pos"])) for number, one in edges.items() if "pos" in one},
        labels={number: _point(one["lp"]) for number, one in edges.items() if "lp" in one},
    )


def _source(picture: Picture) -> str:
    """Write the picture for dot: sizes only, none of its text, so that nothing in it can be misread."""
    splines = {"splines": "spline"} if len(picture.boxes) <= _ROUTED else {}
    labelled = len(picture.arrows) < MOST_LABELS
    graph = graphviz.Digraph(
        graph_attr={"rankdir": "LR", "nodesep": "0.36", "ranksep": "0.6", **LIMITS, **splines},
        node_attr={"label": "", "fixedsize": "true", "width": str(WIDTH / _INCH)},
        edge_attr={"dir": "none", "fontsize": "9", "fontname": "Helvetica"},
    )
    numbers = {box.id: f"n{number}" for number, box in enumerate(picture.boxes)}
    for box in picture.boxes:
        round_ = box.form in (Form.ENTITY, Form.COLLECTION)
        graph.node(numbers[box.id], shape="ellipse" if round_ else "box", height=str(HEIGHT / _INCH))
    for number, arrow in enumerate(picture.arrows):
        lines = [arrow.relation, *([arrow.role[:18]] if arrow.role else [])]
        label = "\\n".join("n" * len(line) for line in lines) if labelled else ""
        ranked = "false" if arrow.relation in _SIDEWAYS else "true"
        graph.edge(numbers[arrow.target], numbers[arrow.source], id=str(number), label=label, constraint=ranked)
    return str(graph.source)


def _point(text: str) -> Point:
    """Read dot's ``x,y``, whose y grows upwards."""
    x, y = text.split(",")
    return float(x), -float(y)


def _route(text: str) -> Iterator[Point]:
    """Give an arrow's points the other way round: dot was told the way from cause to effect."""
    return (_point(pair) for pair in reversed(text.split()))
