"""Provenance documents over HTTP: brought, listed, and given back as they were."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import BinaryIO, Final

from flask import Blueprint, Response, jsonify, request, url_for
from werkzeug.wrappers import Response as Answer

from provstore.export.document import Document
from provstore.export.names import Namespaces
from provstore.export.registry import Format
from provstore.export.remarks import Remarks
from provstore.export.told import told_records
from provstore.graph.model import EVERYBODY, PUBLIC, Node, Viewer, format_instant
from provstore.graph.store import GraphStore
from provstore.ingest.documents import Receipt, Source
from provstore.ingest.registry import Notation, by_media_type, by_name, recognise
from provstore.queries.names import expand
from provstore.queries.told import told_graph
from provstore.uws.importing import Brought, Importing
from provstore.uws.jobs import text
from provstore.web.fields import flag
from provstore.web.forms import one_value, whole_number
from provstore.web.negotiate import page_instead, provenance_format
from provstore.web.prov import send_written, with_remarks
from provstore.web.site import base_url, caller, site
from provstore.web.uploads import kept_body

__all__ = ["documents", "write_document"]

documents: Final = Blueprint("documents", __name__, url_prefix="/prov/documents")

_CREATED: Final = 201
_GONE: Final = 204
_CHUNK: Final = 1 << 20
_HEAD: Final = 4096
_IN_MEMORY: Final = 4 << 20
_MULTIPART: Final = "multipart/form-data"
_PART: Final = "file"
_UNTELLING: Final = frozenset(
    {
        "",
        "application/octet-stream",
        "text/plain",
        "application/json",
        "text/xml",
        "application/xml",
        "binary/octet-stream",
    }
)
"""Types that a client sends when it does not know, or that several notations share: the content tells more."""
_OK: Final = 200


@documents.post("")
def bring() -> Answer:
    """POST /prov/documents: store a document, whole or not at all; ``strict``, ``public`` and ``dry_run`` are flags."""
    with kept_body() as (body, source, media_type):
        notation = _notation(body, source, media_type)
        brought = Brought(
            body=body,
            source=replace(source, notation=notation.name),
            notation=notation,
            public=_flag("public"),
            strict=_flag("strict"),
            dry=_flag("dry_run"),
        )
        receipt = Importing(site().store).bring(caller(), brought)
    if receipt.document and (answer := page_instead(f"/documents/{receipt.document}")):
        return answer
    response = jsonify(_receipt_json(receipt))
    response.status_code = _CREATED if receipt.document else _OK
    if receipt.document:
        response.headers["Location"] = f"{base_url()}{url_for('documents.show', document=receipt.document)}"
    return response


def _flag(name: str) -> bool:
    """Read a flag of the address, or of the form that brings the document."""
    return flag(request.args, name) or (request.mimetype == _MULTIPART and flag(request.form, name))


@documents.get("")
def show_list() -> Response:
    """GET /prov/documents: those that one may see, the newest first."""
    limit = whole_number(one_value(request.args, "limit") or "100", name="limit", least=1)
    page = Importing(site().store).listed(caller(), limit=min(limit, 1000), after=one_value(request.args, "after"))
    return jsonify({"items": [_document_json(node) for node in page.items], "next": page.next})


@documents.get("/<document>")
def show(document: str) -> Response:
    """GET /prov/documents/{document}: the same document again, in any format."""
    form = provenance_format()
    found = Importing(site().store).document(caller(), expand(document, site().store.namespace))
    viewer = caller().viewer
    remarks = Remarks()

    def write(out: BinaryIO) -> None:
        write_document(site().store, found, form, out, viewer=viewer, remarks=remarks)

    return with_remarks(send_written(write, form, name=document), remarks)


@documents.delete("/<document>")
def forget(document: str) -> Response:
    """DELETE /prov/documents/{document}: remove it with all it says (administrators only)."""
    Importing(site().store).forget(caller(), expand(document, site().store.namespace))
    return Response(status=_GONE)


def _notation(body: BinaryIO, source: Source, media_type: str) -> Notation:
    """Find the notation: as named by ``format``, as the media type says, or as the document looks."""
    named = one_value(request.args, "format")
    if named is not None:
        return by_name(named) if "/" not in named else by_media_type(named)
    if media_type not in _UNTELLING:
        return by_media_type(request.content_type if request.mimetype == media_type else media_type)
    head = body.read(_HEAD)
    body.seek(0)
    return recognise(source.name, head)


def write_document(
    store: GraphStore,
    found: Sequence[Node],
    form: Format,
    out: BinaryIO,
    *,
    viewer: Viewer = EVERYBODY,
    remarks: Remarks | None = None,
) -> None:
    """Write a document that was brought.

    Args:
        store: The graph.
        found: Its node and those of its bundles, as `Importing.document` gives them.
        form: In which format.
        out: Where to.
        viewer: Who asks.
        remarks: Filled with what the notation can't hold as it is.
    """
    if form.write_records is None:
        graph = told_graph(store, [node.id for node in found], viewer)
        document = Document.of_answer(graph, store.namespace)
        form.write(replace(document, title=text(found[0].properties, "name"), prefixes=_prefixes(found)), out)
        return
    told = {text(node.properties, "bundle"): partial(store.told, node.id) for node in found}
    names = Namespaces(_prefixes(found).items())
    names.remarks = names.remarks if remarks is None else remarks
    form.write_records(told_records(told), names, out)


def _prefixes(found: Sequence[Node]) -> dict[str, str]:
    """Give the prefixes of a document and its bundles; of two with one name the outer."""
    prefixes: dict[str, str] = {}
    for node in reversed(found):
        prefixes |= json.loads(text(node.properties, "namespaces") or "{}")
    return prefixes


def _receipt_json(receipt: Receipt) -> dict[str, object]:
    return {
        "document": receipt.document or None,
        "records": receipt.records,
        "nodes": receipt.nodes,
        "relations": receipt.relations,
        "conflicts": list(receipt.conflicts),
        "remarks": list(receipt.remarks),
    }


def _document_json(node: Node) -> dict[str, object]:
    facts = node.properties
    created_at = facts.get("created_at")
    local = node.id.removeprefix(site().store.namespace)
    return {
        "document": local,
        "href": f"{base_url()}{url_for('documents.show', document=local)}",
        "name": text(facts, "name"),
        "format": text(facts, "format"),
        "size": facts.get("size", 0),
        "sha256": text(facts, "sha256"),
        "imported": format_instant(created_at) if isinstance(created_at, datetime) else None,
        "public": PUBLIC in node.readers,
    }
