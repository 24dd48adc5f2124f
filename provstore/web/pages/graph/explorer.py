"""The graph explorer: a picture with positions from here, a table of the same nodes, and all that one asks of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import BinaryIO, Final
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, request

from provstore.errors import Invalid
from provstore.export.drawing import draw
from provstore.export.escapes import encode
from provstore.export.growing import placed_part
from provstore.export.picture import Form
from provstore.export.registry import FORMATS, Format
from provstore.export.svg import caption_of
from provstore.export.views import View
from provstore.graph.titles import title
from provstore.queries.lineage import Direction, without
from provstore.web.compression import compress
from provstore.web.forms import one_value
from provstore.web.negotiate import provenance_format
from provstore.web.pages.graph.as_json import ordered, relation_in_words, seen_json
from provstore.web.pages.graph.asked import DEPTH, FEW, MANY, GraphAsked, asked_ids, read_asked
from provstore.web.pages.graph.compared import lettered
from provstore.web.pages.graph.nearest import REST, thinned
from provstore.web.pages.graph.seen import Seen, look
from provstore.web.pages.rendering import page
from provstore.web.prov import send_document, send_written
from provstore.web.site import base_url

__all__ = ["graph_data", "graph_page"]

graph_page: Final = Blueprint("graph_page", __name__, template_folder="../../templates")
graph_data: Final = Blueprint("graph_data", __name__)

_DEPTHS: Final = ("1", "2", "3", "4", "6", "10", "all")
_DIRECTIONS: Final = (
    (Direction.BOTH, "Origins and products"),
    (Direction.UP, "Origins"),
    (Direction.DOWN, "Products"),
)
_VIEWS: Final = ((View.FULL, "Everything"), (View.DATA, "Data only"), (View.W3C, "W3C PROV"))
_SVG: Final = "svg"
_UNPICTURED: Final = frozenset({"png", "dot"})
"""Pictures that others lay out: here there is the one of the page."""


@graph_page.get("/graph")
def show_graph() -> Response:
    """GET /graph?id=…&depth=…&direction=…&view=…&open=…: explore the graph around some things."""
    ids = asked_ids()
    choices: dict[str, object] = {
        "directions": _DIRECTIONS,
        "views": _VIEWS,
        "depths": _DEPTHS,
        "few": FEW,
        "many": MANY,
        "kinds": Form,
        "rest": REST,
    }
    choices |= {"address": _address}
    if not ids:
        return page("graph.html", seen=None, asked=None, **choices)
    asked = read_asked(ids)
    seen = look(asked)
    shown = seen.shown()
    names = {box.id: box.name or box.short for box in seen.picture.boxes}
    return page(
        "graph.html",
        seen=seen,
        asked=asked,
        depth=one_value(request.args, "depth") or str(DEPTH),
        boxes=[box for box in ordered(seen) if box.id in shown],
        names=names,
        title=(" and " if asked.compared else ", ").join(_title(seen, one) for one in asked.exploration.ids[:3]),
        words={one: relation_in_words(via, names) for one, via in seen.via.items()},
        formats=[one for one in FORMATS if one.name not in _UNPICTURED],
        **choices,
    )


def _address(path: str = "/graph", **changed: Sequence[str]) -> str:
    """Give the address of this view, changed: the values of some names are others."""
    given = [pair for pair in request.args.items(multi=True) if pair[0] not in changed]
    given += [(name, value) for name, values in changed.items() for value in values]
    return f"{base_url()}{path}?{urlencode(given)}"


def _title(seen: Seen, one: str) -> str:
    return title(seen.nodes[one]) if one in seen.nodes else one.removeprefix(seen.document.own_namespace)


@graph_data.get("/graph.json")
def show_nodes() -> Response:
    """GET /graph.json?id=…: the same as the page of that address shows: nodes with positions, and edges."""
    content = current_app.json.dumps(seen_json(look(_asked())), separators=(",", ":")).encode()
    response = Response(content, content_type="application/json")
    response.vary.add("Cookie")
    response.headers["Cache-Control"] = "no-store"
    compress(response)
    return response


@graph_data.get("/graph/document")
def show_document() -> Response:
    """GET /graph/document?id=…&format=…: what the page of that address shows, as SVG or in a provenance format."""
    form = provenance_format()
    seen = look(_asked())
    shown = seen.shown()
    if form.name == _SVG:
        return _drawn(seen, shown, form)
    hidden = {box.id for box in seen.picture.boxes if box.id not in shown}
    hidden |= {box.id for group in hidden & seen.members.keys() for box in seen.members[group]}
    graph = without(seen.explored.graph, {node.id for node in seen.explored.graph.nodes() if node.id in hidden})
    return send_document(replace(seen.document, graph=graph), form, name="graph")


def _asked() -> GraphAsked:
    ids = asked_ids()
    if not ids:
        right = "the local part, QName or URI of an entity, an activity or an agent, or a job id; it may be repeated"
        raise Invalid(f"id is needed: {right}", field="id")
    return read_asked(ids)


def _drawn(seen: Seen, shown: frozenset[str], form: Format) -> Response:
    """Draw the picture of the page: the same boxes in the same places."""
    picture = thinned(seen.picture, shown)
    placement = placed_part(seen.picture, seen.placed(), picture)
    truncated = seen.document.truncated or seen.left_out > 0
    caption = caption_of(replace(seen.document, truncated=truncated))

    def write(out: BinaryIO) -> None:
        out.writelines(encode(piece) for piece in draw(lettered(picture, seen.letters), placement, caption))

    return send_written(write, form, name="graph")
