"""The picture as DOT, for graphviz, and as PNG made by it."""

from __future__ import annotations

from typing import BinaryIO, Final

import graphviz

from provstore.errors import TooLarge
from provstore.export.document import Document
from provstore.export.escapes import encode
from provstore.export.graphviz_runs import LIMITS, MOST_NODES, run_dot
from provstore.export.lettering import fit
from provstore.export.palette import ALARM, ARROW, BORDERS, FILLS
from provstore.export.picture import Box, Form, Picture, State, picture_of
from provstore.export.placement import MOST_LABELS
from provstore.export.svg import caption_of

__all__ = ["write", "write_png"]

_SHAPES: Final = {
    Form.ACTIVITY: {"shape": "box"},
    Form.ENTITY: {"shape": "ellipse"},
    Form.COLLECTION: {"shape": "ellipse", "peripheries": "2"},
    Form.VALUE: {"shape": "box", "style": "rounded,filled"},
    Form.AGENT: {"shape": "house"},
}


def write(document: Document, out: BinaryIO) -> None:
    """Write a document as DOT; agents and parameters are words in their boxes.

    Raises:
        TooLarge: more nodes than anybody can look at.
    """
    out.write(encode(_source(document, picture_of(document))))


def write_png(document: Document, out: BinaryIO) -> None:
    """Write a document as PNG.

    Raises:
        Unavailable: graphviz is not installed.
        TooLarge: more nodes than dot manages.
    """
    picture = picture_of(document)
    if len(picture.boxes) > MOST_NODES:
        raise TooLarge(f"png is made of at most {MOST_NODES} nodes, here are {len(picture.boxes)}; svg takes more")
    out.write(run_dot(_source(document, picture), format="png"))


def _source(document: Document, picture: Picture) -> str:
    title, warnings = caption_of(document)
    graph = graphviz.Digraph(
        "provenance",
        graph_attr={"label": _plain("\n".join((title, *warnings))), "labelloc": "t", "rankdir": "LR", **LIMITS},
        node_attr={"style": "filled", "fontname": "Helvetica", "fontsize": "11"},
        edge_attr={"fontname": "Helvetica", "fontsize": "9", "color": ARROW, "dir": "back"},
    )
    numbers = {box.id: f"n{number}" for number, box in enumerate(picture.boxes)}
    for box in picture.boxes:
        graph.node(numbers[box.id], **_look(box))
    labelled = len(picture.arrows) < MOST_LABELS
    for arrow in picture.arrows:
        label = _plain("\n".join(filter(None, (arrow.relation, arrow.role)))) if labelled else ""
        graph.edge(numbers[arrow.target], numbers[arrow.source], label=label, tooltip=_plain(arrow.relation))
    return str(graph.source)


def _look(box: Box) -> dict[str, str]:
    failed = box.state is State.FAILED
    lines = [fit(one, 11, room=200) for one in ((box.name, box.short) if box.is_named else (box.short,))]
    lines += [] if box.state is State.NORMAL else [str(box.state)]
    lines += [fit(", ".join(words), 11, room=240) for words in (box.agents, box.parameters) if words]
    colours = {"fillcolor": FILLS[box.form], "color": ALARM if failed else BORDERS[box.form]}
    link = {"URL": _plain(box.link)} if box.link else {}
    return {**_SHAPES[box.form], **colours, **link, "label": _plain("\n".join(lines)), "tooltip": _plain(box.id)}


def _plain(text: str) -> graphviz.quoting.NoHtml:
    """Keep graphviz from seeing escapes in a text, or HTML: it takes any string between angle brackets for that."""
    cleaned = "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)
    return graphviz.nohtml(graphviz.escape(cleaned).replace("\n", "\\n"))
