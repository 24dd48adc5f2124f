"""Provenance over HTTP: of a job, and lineage of any node."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from typing import IO, Final

from flask import Blueprint, Response, jsonify, request

from provstore.errors import Invalid
from provstore.export.document import Document, Model
from provstore.export.registry import Format
from provstore.export.vocabulary import is_internal
from provstore.graph.model import Node, Relation, Subgraph, Value, format_instant
from provstore.queries.lineage import Attachments, Direction, Question, lineage
from provstore.queries.names import expand
from provstore.uws.jobs import Job
from provstore.web.forms import one_value, whole_number
from provstore.web.negotiate import lineage_format
from provstore.web.site import base_url, caller, site

__all__ = ["job_provenance", "prov", "send_document"]

prov: Final = Blueprint("prov", __name__, url_prefix="/prov")

_CHUNK: Final = 1 << 16
_IN_MEMORY: Final = 4 << 20


def job_provenance(job: Job, form: Format) -> Response:
    """Write the provenance of one job: itself and what it used and made, its people, software and configuration."""
    question = Question(
        ids=(job.node,),
        direction=Direction.BOTH,
        depth=_depth("1"),
        attachments=Attachments(descriptions=_descriptions()),
    )
    answer = lineage(site().store, question, caller().viewer)
    return _send(answer, form, title=f"{job.service} {job.id}", name=job.id, focus=frozenset({job.node}))


@prov.get("/lineage")
def show_lineage() -> Response:
    """GET /prov/lineage?id=…&direction=up|down|both&depth=n|all: JSON, or a provenance format by ``format``, Accept."""
    form = lineage_format()
    asked = (one for name, one in request.args.items(multi=True) if name.lower() == "id")
    ids = tuple(expand(one, site().store.namespace) for one in asked)
    if not ids:
        raise Invalid("id is needed: a local part, a QName or a URI; it may be repeated", field="id")
    attachments = Attachments(descriptions=_descriptions())
    question = Question(ids=ids, direction=_direction(), depth=_depth("all"), attachments=attachments)
    answer = lineage(site().store, question, caller().viewer)
    if form is None:
        return jsonify(graph_json(answer))
    return _send(answer, form, title="Lineage", name="lineage", focus=frozenset(ids))


def _asked(name: str, default: str) -> str:
    return one_value(request.args, name) or default


def _direction() -> Direction:
    given = _asked("direction", Direction.UP).lower()
    if given not in set(Direction):
        raise Invalid(f"direction={given!r}: one of {', '.join(Direction)} is needed", field="direction", value=given)
    return Direction(given)


def _depth(default: str) -> int | None:
    given = _asked("depth", default)
    return None if given.lower() == "all" else whole_number(given, name="depth", least=0)


def _descriptions() -> int:
    given = _asked("descriptions", "1")
    if given not in {"0", "1", "2"}:
        raise Invalid(f"descriptions={given!r}: 0, 1 or 2 is needed", field="descriptions", value=given)
    return int(given)


def _model() -> Model:
    given = _asked("model", Model.IVOA).upper()
    if given not in set(Model):
        raise Invalid(f"model={given!r}: one of {', '.join(Model)} is needed", field="model", value=given)
    return Model(given)


def _send(answer: Subgraph, form: Format, *, title: str, name: str, focus: frozenset[str]) -> Response:
    document = replace(
        Document.of_answer(answer, site().store.namespace), title=title, site=base_url(), focus=focus, model=_model()
    )
    return send_document(document, form, name=name)


def send_document(document: Document, form: Format, *, name: str) -> Response:
    """Write a document aside first, so that an error is an error and not half a file, then stream it."""
    body = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed when the response is
    form.write(document, body)  # type: ignore[arg-type]  # a spooled file is a binary file
    body.seek(0)
    response = Response(_chunks(body), content_type=form.media_type)
    response.call_on_close(body.close)
    response.headers["Content-Disposition"] = f'inline; filename="{name}{form.suffix}"'
    response.headers["Vary"] = "Accept"
    if document.truncated:
        response.headers["Provstore-Truncated"] = "true"
    return response


def _chunks(body: IO[bytes]) -> Iterator[bytes]:
    while chunk := body.read(_CHUNK):
        yield chunk


def graph_json(answer: Subgraph) -> dict[str, object]:
    """Give a walk's answer in the shape of the JSON API."""
    return {
        "nodes": [_node(one.node, one.distance) for one in answer.reached],
        "relations": [_relation(edge) for edge in answer.edges],
        "truncated": answer.truncated,
        "restricted": answer.restricted,
    }


def _node(node: Node, distance: int) -> dict[str, object]:
    shown = {name: _plain(value) for name, value in node.properties.items() if not is_internal(name)}
    foreign = {one.key: one.lexical for one in node.attributes}
    return {
        "id": node.id,
        "class": sorted(node.labels),
        "label": shown.get("name", node.id),
        "attributes": shown | foreign,
        "distance": distance,
    }


def _plain(value: Value) -> str | int | float | bool:
    return format_instant(value) if not isinstance(value, str | int | float | bool) else value


def _relation(edge: Relation) -> dict[str, object]:
    return {
        "kind": edge.kind,
        "source": edge.source,
        "target": edge.target,
        "role": edge.role,
        "time": None if edge.time is None else format_instant(edge.time),
    }
