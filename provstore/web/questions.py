"""The catalogue's questions over HTTP: one route each, made from the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from flask import Blueprint, Response, jsonify, request, stream_with_context

from provstore.errors import NotAcceptable
from provstore.export.document import Document
from provstore.export.registry import Format
from provstore.graph.model import Subgraph
from provstore.queries.answers import Listing, Rows, Text
from provstore.queries.asking import Asker, Question, answer
from provstore.queries.catalog import QUESTIONS
from provstore.queries.lineage import Question as Around
from provstore.queries.lineage import lineage
from provstore.web.answers_json import answer_csv, answer_json, rows_csv, rows_ndjson
from provstore.web.forms import read_form
from provstore.web.negotiate import lineage_format
from provstore.web.prov import asked_model, send_document
from provstore.web.site import base_url, caller, site

__all__ = ["questions"]

questions: Final = Blueprint("questions", __name__, url_prefix="/prov")

_HOW: Final = frozenset({"format", "f", "responseformat", "model", "files"})
"""Parameters that say how the answer is written, in any case."""
_CSV: Final = "text/csv"
_CSV_HEADED: Final = f"{_CSV}; charset=utf-8; header=present"
_NDJSON: Final = "application/x-ndjson"
_TEXTS: Final = ("text/markdown", "text/plain")
_WORDS: Final = {
    "csv": _CSV,
    "ndjson": _NDJSON,
    "markdown": "text/markdown",
    "md": "text/markdown",
    "text": "text/plain",
}
"""Word for a form that is no provenance format -> its media type."""
_FORMS: Final = _WORDS | {form: form for form in (_CSV, _NDJSON, *_TEXTS)}
_OF_GRAPHS: Final = ("", "text/plain")
"""Plain text of a graph is PROV-N; everything else that is no provenance format is not for graphs."""
_LINES: Final = {_CSV: (rows_csv, _CSV_HEADED), _NDJSON: (rows_ndjson, _NDJSON)}


def _view(question: Question) -> Callable[[], Response]:
    def ask() -> Response:
        given = _given(question)
        plainly = _plain_form()
        form = lineage_format() if plainly in _OF_GRAPHS and _asked_format().lower() not in _WORDS else None
        found = answer(question, given, Asker(store=site().store, viewer=caller().viewer))
        if plainly and (response := _plain(found, plainly)) is not None:
            return response
        if isinstance(found, Listing) and form is not None:
            found = _around(found)
        if isinstance(found, Subgraph) and form is not None:
            return _document(question, found, form)
        if plainly or form is not None:
            raise NotAcceptable(f"/prov/{question.name} is answered in JSON", field="format", value=_asked_format())
        response = jsonify(answer_json(found))
        response.vary.add("Accept")
        return response

    ask.__doc__ = f"GET /prov/{question.name}: {question.text}"
    return ask


for _question in QUESTIONS:
    _methods = ["GET", "POST"] if _question.takes_many_ids else ["GET"]
    questions.add_url_rule(f"/{_question.name}", _question.name, _view(_question), methods=_methods)


def _given(question: Question) -> Mapping[str, Sequence[str]]:
    """Give the question's parameters by their names in lower case."""
    known = {one.name for one in question.parameters}
    given: dict[str, list[str]] = {}
    for name, values in read_form().lists():
        lower = name.lower()
        if lower not in _HOW:
            given.setdefault(lower if lower in known else name, []).extend(values)
    return given


def _asked_format() -> str:
    names = _HOW - {"model", "files"}
    return next((value for name, value in request.args.items() if name.lower() in names), "")


def _plain_form() -> str:
    """Give the media type of lines or text that is asked for, "" where none is."""
    named = _asked_format().lower()
    best = request.accept_mimetypes.best
    return _FORMS.get(named) or (best if best and best in _FORMS.values() and not named else "")


def _plain(found: object, form: str) -> Response | None:
    """Write an answer as lines or text; None where it can't be written so."""
    if isinstance(found, Text) and form in _TEXTS:
        return Response(found.text, content_type=f"{form}; charset=utf-8")
    if isinstance(found, Listing) and form == _CSV:
        return Response(answer_csv(found), content_type=_CSV_HEADED)
    if isinstance(found, Rows) and form in _LINES:
        lines, content_type = _LINES[form]
        return Response(stream_with_context(lines(found.rows())), content_type=content_type)
    return None


def _around(found: Listing) -> Subgraph:
    """Give a page of nodes as a graph: themselves, what is among them, and their people and parameters."""
    ids = tuple(one.node.id for one in found.items)
    if not ids:
        return Subgraph(reached=(), edges=(), truncated=found.truncated, restricted=found.restricted)
    return lineage(site().store, Around(ids=ids, depth=0), caller().viewer)


def _document(question: Question, found: Subgraph, form: Format) -> Response:
    document = replace(
        Document.of_answer(found, site().store.namespace),
        title=question.name.capitalize(),
        site=base_url(),
        focus=frozenset(one.node.id for one in found.reached if one.distance == 0),
        model=asked_model(),
    )
    return send_document(document, form, name=question.name)
