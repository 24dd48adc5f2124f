"""Whether the server is well, and identity: health, availability, ids."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as Answer

from provstore import __version__
from provstore.errors import NotFound, Unavailable
from provstore.graph.model import Label, Node, NodeId
from provstore.uws.jobs import integer, text
from provstore.web.browsers import is_browser
from provstore.web.negotiate import page_instead
from provstore.web.pages.curating.rows import named
from provstore.web.pages.home import home_page
from provstore.web.site import base_url, caller, site

__all__ = ["operation"]

operation: Final = Blueprint("operation", __name__)

_SEE_OTHER: Final = 303


@operation.get("/healthz")
def show_health() -> Response:
    """GET /healthz: 200 once requests are served and the store answers, else 503 within seconds."""
    health = site().probe.look()
    if not health.well:
        raise Unavailable(health.trouble)
    reason = site().draining.reason()
    return jsonify({"status": "ok", "version": __version__} | ({"draining": reason} if reason else {}))


@operation.get("/")
def show_home() -> Response:
    """GET /: what is here, a page for people and JSON for programs."""
    if is_browser():
        return home_page()
    base = base_url()
    services = [
        {
            "name": one.description.name,
            "description": one.description.description,
            "jobs": f"{base}/uws/{one.description.name}",
            "definition": f"{base}/jdl/{one.description.name}",
        }
        for one in site().service.services(caller())
    ]
    answer = jsonify({"provstore": __version__, "services": services})
    answer.vary.add("Accept")
    return answer


@operation.get("/id/<local>")
def show_id(local: str) -> Answer:
    """GET /id/{local}: on to the record that the id stands for (303)."""
    found = site().store.get([NodeId(site().store.namespace + local)], caller().viewer)
    if not found:
        raise NotFound(f"nothing is known of {local!r}", field="id", value=local)
    node = found[0]
    if Label.JOB in node.labels and "deleted" not in node.properties:
        place = f"/uws/{text(node.properties, 'service')}/{local}"
        return page_instead(f"/jobs/{local}") or redirect(base_url() + place, _SEE_OTHER)
    if Label.ACTIVITY_DESCRIPTION in node.labels and (place := _definition(node, local)):
        return page_instead(place.replace("/jdl", "/definitions", 1)) or redirect(base_url() + place, _SEE_OTHER)
    query = request.query_string.decode()
    if not query and (answer := page_instead(named(node).path)):
        return answer
    return redirect(f"{base_url()}/prov/lineage?id={local}&depth=1&{query}".rstrip("&"), _SEE_OTHER)


def _definition(node: Node, local: str) -> str:
    """Give the path of a revision or a proposal, "" for what is neither: descriptions of imported documents."""
    number = integer(node.properties, "revision")
    if number is not None:
        return f"/jdl/{text(node.properties, 'name')}@{number}"
    return f"/jdl/proposals/{local}" if "state" in node.properties else ""
