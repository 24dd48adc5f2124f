"""Job descriptions: the list, and each in VOTable or JSON."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify, request

from provstore.errors import Invalid
from provstore.uws.catalog import Revision
from provstore.uws.descriptions.jsonform import to_json
from provstore.uws.descriptions.votable_writer import write_votable
from provstore.web.site import base_url, caller, site

__all__ = ["jdl"]

jdl: Final = Blueprint("jdl", __name__, url_prefix="/jdl")

_FORMATS: Final = {"votable": "application/x-votable+xml", "json": "application/json"}


@jdl.get("")
def list_descriptions() -> Response:
    """GET /jdl: every service that the caller may run, or see for another reason, with its newest revision."""
    items = [
        {
            "name": one.description.name,
            "label": one.description.label,
            "description": one.description.description,
            "revision": one.name,
            "href": f"{base_url()}/jdl/{one.description.name}",
        }
        for one in site().service.services(caller())
    ]
    return jsonify({"items": items, "next": None})


@jdl.get("/<name>")
def show_description(name: str) -> Response:
    """GET /jdl/{service} or /jdl/{service}@{number}: VOTable, or JSON by Accept or ``?format=json``."""
    catalog = site().service.catalog
    revision = catalog.revision(name) if "@" in name else catalog.newest(name)
    return _as_json(revision) if _format() == "json" else _as_votable(revision)


def _format() -> str:
    given = request.args.get("format", "").lower()
    if not given:
        best = request.accept_mimetypes.best_match([*_FORMATS.values(), "application/xml", "text/xml"])
        return "json" if best == _FORMATS["json"] else "votable"
    if given not in _FORMATS:
        raise Invalid(f"format={given!r}: one of {', '.join(_FORMATS)} is needed", field="format", value=given)
    return given


def _as_json(revision: Revision) -> Response:
    return jsonify(to_json(revision.description) | {"revision": revision.name})


def _as_votable(revision: Revision) -> Response:
    return Response(write_votable(revision.description), content_type=_FORMATS["votable"])
