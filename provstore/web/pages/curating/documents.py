"""Documents of others for people: what was brought, by whom, what it speaks of, and whether it can have happened so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as Answer

from provstore.export.registry import FORMATS
from provstore.graph.documents import statement_of
from provstore.graph.model import PUBLIC, Kind, Node, NodeId
from provstore.graph.statements import Statement
from provstore.queries.constraints.validator import violations
from provstore.queries.names import expand
from provstore.uws.importing import Importing
from provstore.uws.jobs import text
from provstore.web.answers import see_other
from provstore.web.pages.curating.rows import Row, rows_of
from provstore.web.pages.rendering import page
from provstore.web.site import base_url, caller, site

__all__ = ["bringing_page", "document_pages"]

document_pages: Final = Blueprint("document_pages", __name__, template_folder="../../templates")

_PAGE: Final = 100
_SHOWN: Final = 200
_JUDGED_MOST: Final = 100_000
_VIOLATIONS: Final = 100


@document_pages.get("/documents")
def show_documents() -> Response:
    """GET /documents: those that one may see, the newest first; and the form to bring one."""
    return bringing_page("")


def bringing_page(wrong: str) -> Response:
    """Show the documents with the form to bring one, after a refusal with what was wrong and where."""
    after = request.args.get("after") or None
    found = Importing(site().store).listed(caller(), limit=_PAGE, after=after)
    documents = [(node, _local(node.id), _author(node), PUBLIC in node.readers) for node in found.items]
    return page("curating/documents.html", documents=documents, next=found.next, wrong=wrong, sent=request.form)


@document_pages.get("/documents/<document>")
def show_document(document: str) -> Response:
    """GET /documents/{id}: who brought it, what it speaks of, its formats; ``check``: what breaks PROV-CONSTRAINTS."""
    bundles = Importing(site().store).document(caller(), expand(document, site().store.namespace))
    head = bundles[0]
    things, more = _things(bundles)
    is_checked = "check" in request.args
    said = islice(_said(bundles), _JUDGED_MOST)
    return page(
        "curating/document.html",
        document=head,
        local=_local(head.id),
        author=_author(head),
        is_public=PUBLIC in head.readers,
        bundles=bundles[1:],
        things=things,
        more=more,
        formats=[one.name for one in FORMATS],
        is_checked=is_checked,
        violations=list(islice(violations(said), _VIOLATIONS)) if is_checked else (),
    )


@document_pages.post("/documents/<document>/forget")
def forget_document(document: str) -> Answer:
    """POST /documents/{id}/forget: remove it with all it says (administrators only)."""
    Importing(site().store).forget(caller(), expand(document, site().store.namespace))
    return see_other(f"{base_url()}/documents")


def _local(node: NodeId) -> str:
    return node.removeprefix(site().store.namespace)


def _author(node: Node) -> str:
    return site().accounts.name_of(text(node.properties, "owner"))


def _things(bundles: Sequence[Node]) -> tuple[Sequence[Row], bool]:
    """Give the first things that a document speaks of, and whether there are more."""
    relations = (one for node in bundles for one in site().store.told(node.id))
    told = (one.target for one in islice(relations, _JUDGED_MOST) if one.kind is Kind.ASSERTS)
    ids: dict[NodeId, None] = {}
    for one in told:
        ids[one] = None
        if len(ids) > _SHOWN:
            break
    nodes = site().store.get(list(ids)[:_SHOWN], caller().viewer)
    own = {node.id for node in bundles}
    return rows_of([node for node in nodes if node.id not in own]), len(ids) > _SHOWN


def _said(bundles: Sequence[Node]) -> Iterator[Statement]:
    """Give the statements of a document and of its bundles."""
    for node in bundles:
        name = text(node.properties, "bundle")
        for relation in site().store.told(node.id):
            statement = statement_of(relation, bundle=name)
            if statement is not None:
                yield statement
