"""Products that exist already, registered over HTTP; and what people add to the record of a thing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, BinaryIO, Final, cast

from flask import Blueprint, Response, current_app, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from provstore.errors import Invalid, TooLarge
from provstore.graph.model import format_instant
from provstore.ingest.json_stream import JsonStream
from provstore.ingest.product_tables import products_of, table_form
from provstore.ingest.products import Cell
from provstore.queries.names import resolve
from provstore.uws.annotating import Annotating, Annotation, attributes_given
from provstore.uws.registering import Registering
from provstore.web.errors import too_large
from provstore.web.fields import flag
from provstore.web.forms import body_stream, read_form
from provstore.web.site import caller, site

__all__ = ["entities"]

entities: Final = Blueprint("entities", __name__, url_prefix="/prov/entities")

_CREATED, _OK = 201, 200
_CHUNK: Final = 1 << 20
_IN_MEMORY: Final = 4 << 20
_MULTIPART: Final = "multipart/form-data"
_JSON: Final = "application/json"
_PART: Final = "file"
_TRUTHS: Final = frozenset({"public", "dry_run"})
_HEAD: Final = 1_000
_BLANK: Final = b"\xef\xbb\xbf \t\r\n"
_UNTELLING: Final = frozenset({"", "application/octet-stream", "binary/octet-stream", "text/plain"})
_LOOKS: Final = {b"[": "json", b"{": "json", b"<": "votable"}


@entities.post("")
def register() -> Response:
    """POST /prov/entities: register products that exist elsewhere: JSON, CSV or VOTable; ``public``, ``dry_run``."""
    unknown = next((name for name in request.args if name not in _TRUTHS), None)
    if unknown is not None:
        raise Invalid(f"unknown parameter {unknown!r}; known: {', '.join(sorted(_TRUTHS))}", field=unknown)
    public, dry = flag(request.args, "public"), flag(request.args, "dry_run")
    registering, who = Registering(site().store), caller()
    with _body() as (body, media_type):
        form = _form(body, media_type)
        rows = registering.check(who, products_of(body, form))
        if not rows:
            raise Invalid("the list names no product", field="entities")
        body.seek(0)
        if dry:
            return jsonify({"rows": rows, "registered": 0, "known": 0, "entities": [], "activities": []})
        done = registering.register(who, products_of(body, form), public=public)
    response = jsonify(
        {
            "rows": done.rows,
            "registered": done.registered,
            "known": done.known,
            "entities": done.entities,
            "activities": done.activities,
        }
    )
    response.status_code = _CREATED if done.registered else _OK
    return response


@entities.post("/<path:entity>/annotations")
def annotate(entity: str) -> Response:
    """POST /prov/entities/{id}/annotations: add attributes to a record, with author and time; ``public`` is a flag."""
    given = attributes_given(_pairs(), site().store, caller().viewer)
    node = resolve(site().store, entity, caller().viewer)
    made = Annotating(site().store).annotate(caller(), node, given, public=flag(request.args, "public"))
    response = jsonify(_annotation_json(made))
    response.status_code = _CREATED
    return response


@entities.get("/<path:entity>/annotations")
def show_annotations(entity: str) -> Response:
    """GET /prov/entities/{id}/annotations: what was added, the oldest first."""
    node = resolve(site().store, entity, caller().viewer)
    found = Annotating(site().store).annotations(caller(), node)
    return jsonify({"items": [_annotation_json(one) for one in found], "next": None})


def _annotation_json(one: Annotation) -> dict[str, object]:
    told: dict[str, list[str]] = {}
    for attribute in one.attributes:
        told.setdefault(attribute.key, []).append(attribute.lexical)
    return {
        "id": one.id,
        "author": one.author,
        "created": None if one.created_at is None else format_instant(one.created_at),
        "public": one.public,
        "attributes": {key: values[0] if len(values) == 1 else values for key, values in told.items()},
    }


def _pairs() -> Sequence[tuple[str, Any]]:
    """Read keys and values: of a form, or of a JSON object (which may have them as its member ``attributes``)."""
    if request.mimetype != _JSON:
        form = read_form()
        return [(name, Cell(value)) for name, values in form.lists() if name != "public" for value in values]
    with _body() as (body, _):
        stream = JsonStream(body)
        members = tuple(stream.members())
        stream.end()
    inner = next((value for name, value in members if name == "attributes" and isinstance(value, tuple)), None)
    return members if inner is None else inner


def _form(body: BinaryIO, media_type: str) -> str:
    """Give the form of a list: as its media type says, or as it looks."""
    if media_type not in _UNTELLING:
        return table_form(media_type)
    head = body.read(_HEAD).lstrip(_BLANK)[:1]
    body.seek(0)
    return _LOOKS.get(head, "csv")


@contextmanager
def _body() -> Iterator[tuple[BinaryIO, str]]:
    """Take the list of a request aside: the body, or the part ``file`` of a form; with its media type.

    Raises:
        Invalid: there is none, or it could break off unnoticed.
        TooLarge: it is larger than an upload may be.
    """
    if request.mimetype == _MULTIPART:
        read_form()
        sent = request.files.get(_PART)
        if sent is None:
            raise Invalid(f"a form needs the list as its part {_PART!r}", field=_PART)
        with _kept(sent.stream) as kept:
            yield kept, sent.mimetype
    else:
        with _kept(body_stream()) as kept:
            yield kept, request.mimetype


@contextmanager
def _kept(stream: IO[bytes]) -> Iterator[BinaryIO]:
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, dir=current_app.config["PROVSTORE_SPOOL"]) as kept:
        try:
            while chunk := stream.read(_CHUNK):
                kept.write(chunk)
        except RequestEntityTooLarge as error:
            raise TooLarge(too_large()) from error
        kept.seek(0)
        yield cast("BinaryIO", kept)
