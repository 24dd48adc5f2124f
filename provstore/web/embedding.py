"""Files that carry their provenance over HTTP: a copy of a stored one, and whose record a file is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

from flask import Blueprint, Response, jsonify, stream_with_context

from provstore.errors import Invalid
from provstore.export.embedding.copies import Copy
from provstore.export.embedding.provenance import provenance_of
from provstore.export.embedding.registry import embedded
from provstore.graph.model import Node
from provstore.queries.lineage import Question, lineage
from provstore.uws.jobs import integer, text
from provstore.web.recognition import Recognised, recognise
from provstore.web.site import base_url, caller, site
from provstore.web.uploads import kept_body

__all__ = ["embedding", "send_embedded"]

embedding: Final = Blueprint("embedding", __name__)

_WORD: Final = "provenance"


@embedding.post("/prov/which")
def tell_which() -> Response:
    """POST /prov/which: whose record a file is, by its bytes or by the provenance that it carries."""
    with kept_body() as (body, _, _):
        found = recognise(site().store, body, caller().viewer)
    return jsonify(which_json(found))


def which_json(found: Recognised) -> dict[str, object]:
    """Give what was found out about a file in the shape of the JSON API."""
    namespace = site().store.namespace
    return {
        "likeness": found.likeness.value,
        "sha256": found.sha256,
        "items": [
            {
                "id": node.id,
                "name": text(node.properties, "name"),
                "href": f"{base_url()}/id/{node.id.removeprefix(namespace)}",
            }
            for node in found.nodes
        ],
        "told": None if found.told is None else {"id": found.told.id, "page": found.told.page},
    }


def send_embedded(node: Node, what: str) -> Response:
    """Send a copy of a stored file that carries its own provenance, as far as the caller may see it.

    Raises:
        Invalid: something else is to be embedded.
        UnsupportedType: files of that kind can't carry it.
        NotFound: the file is not kept any more.
    """
    if what != _WORD:
        raise Invalid(f"embed={what!r}: {_WORD} is what can be embedded", field="embed", value=what)
    answer = lineage(site().store, Question(ids=(node.id,)), caller().viewer)
    given, facts = provenance_of(node, answer, namespace=site().store.namespace, site=base_url()), node.properties
    with ExitStack() as stack:
        location, size, sha256 = text(facts, "location"), integer(facts, "size"), text(facts, "sha256")
        source = stack.enter_context(site().files.path(location, size=size, sha256=sha256).open("rb"))
        copy = stack.enter_context(embedded(source, given))
        response = Response(stream_with_context(_sent(copy, stack.pop_all())), direct_passthrough=True)
    response.content_type = text(node.properties, "content_type") or "application/octet-stream"
    response.content_length = copy.size
    response.headers["Cache-Control"] = "private, no-store"
    name = text(node.properties, "name") or "file"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _sent(copy: Copy, opened: ExitStack) -> Iterator[bytes]:
    with opened:
        yield from copy.chunks()
