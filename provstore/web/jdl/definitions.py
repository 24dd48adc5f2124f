"""Job descriptions: the list, each in every format and of every revision, and checks that store nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import Blueprint, Response, jsonify, request
from werkzeug.wrappers import Response as Answer

from provstore.errors import Invalid
from provstore.uws.descriptions.forms.form import form_json
from provstore.uws.publishing.revisions import Revision
from provstore.web.fields import flag
from provstore.web.forms import one_value
from provstore.web.jdl.bodies import read_definition
from provstore.web.jdl.diffs import show_pair
from provstore.web.jdl.documents import (
    FORMATS,
    Format,
    conditional,
    document,
    document_of_revision,
    format_asked_for,
    format_named,
)
from provstore.web.jdl.revisions import (
    known_services,
    may_know_of_proposals,
    name_of,
    open_proposals,
    pair_of_revisions,
    revision_named,
    services_about,
)
from provstore.web.jdl.shapes import listed_json, reading_json, revision_json
from provstore.web.job_forms import form_of_revision
from provstore.web.negotiate import page_instead
from provstore.web.site import base_url, site

__all__ = ["jdl"]

jdl: Final = Blueprint("jdl", __name__, url_prefix="/jdl")


@jdl.get("")
def list_descriptions() -> Answer:
    """GET /jdl?q=…: every service that the caller may run, or see for another reason, with its newest revision."""
    page = page_instead("/definitions")
    if page is not None:
        return page
    withdrawn = flag(request.args, "withdrawn")
    known = services_about(request.args.get("q", ""))
    proposals = open_proposals()
    items = [
        listed_json(
            one,
            base=base_url(),
            proposals=proposals[one.description.name] if may_know_of_proposals(one.description.name) else None,
        )
        for one in known
        if (one.withdrawn_at is not None) is withdrawn
    ]
    response = jsonify({"items": items, "next": None})
    response.vary.add("Accept")
    counted = any("proposals" in one for one in items)  # they come and go without a change of a definition
    changes = [at for one in known for at in (one.created_at, one.withdrawn_at) if at]
    return conditional(response, tag="", changed_at=None if counted else max(changes, default=None))


@jdl.get("/<name>")
def show_description(name: str) -> Answer:
    """GET /jdl/{service} or /jdl/{service}@{number}: VOTable, JSON or the script, by ending, ``?format=`` or Accept."""
    bare, named = _without_ending(name, known_services())
    if named is None and "format" not in request.args:
        page = page_instead(f"/definitions/{bare}")
        if page is not None:
            return page
    revision = revision_named(bare)
    return document_of_revision(revision, named or format_asked_for())


def _without_ending(name: str, known: Mapping[str, Revision]) -> tuple[str, Format | None]:
    """Take ``.json`` and the like off a name, unless it is that of a service: then it means just that service."""
    if _is_revision(name, known):
        return name, None
    for one in FORMATS:
        for ending in one.endings:
            if name.endswith(ending) and _is_revision(name.removesuffix(ending), known):
                return name.removesuffix(ending), one
    return name, None


def _is_revision(name: str, known: Mapping[str, Revision]) -> bool:
    service, at, number = name.partition("@")
    return service in known and (number.isdecimal() if at else True)


@jdl.get("/<name>/<any(votable, json, script):form>")
def show_description_as(name: str, form: str) -> Response:
    """GET /jdl/{service}/votable (or json, script): in that format, as OPUS has it."""
    return document_of_revision(revision_named(name), format_named(form))


@jdl.get("/<name>/form")
def show_form(name: str) -> Response:
    """GET /jdl/{service}/form: what a form for a new job needs: fields, widgets, limits, help, defaults."""
    revision = revision_named(name)
    response = jsonify(form_json(form_of_revision(revision)))
    return conditional(response, tag=revision.digest, changed_at=None)


@jdl.get("/<name>/history")
def show_history(name: str) -> Response:
    """GET /jdl/{service}/history: its revisions, the newest first, with who published each, when and why."""
    service = revision_named(name).description.name
    items = [revision_json(one, base=base_url(), name_of=name_of()) for one in site().service.catalog.history(service)]
    return conditional(jsonify({"items": items, "next": None}), tag="", changed_at=None)


@jdl.get("/<name>/diff")
def show_diff(name: str) -> Response:
    """GET /jdl/{service}/diff?from=1&to=2: in what two revisions differ; by default the newest and the one before."""
    old, new = one_value(request.args, "from"), one_value(request.args, "to")
    return show_pair(pair_of_revisions(name.partition("@")[0], old=old or None, new=new or None))


@jdl.post("/validate")
def validate() -> Answer:
    """POST /jdl/validate: how a definition is read and everything that is wrong with it; nothing is stored."""
    sent = read_definition()
    problems = site().publication.check(sent.reading.description, sent.files)
    return jsonify(reading_json(sent.reading, problems))


@jdl.post("/convert")
def convert() -> Response:
    """POST /jdl/convert?to=votable: a definition of any dialect in one that is written here; nothing is stored."""
    wanted = one_value(request.args, "to") or ""
    if wanted not in {"votable", "json"}:
        raise Invalid(f"to={wanted!r}: votable or json is needed", field="to", value=wanted)
    reading = read_definition("to").reading
    response = document(reading.description, format_named(wanted))
    response.headers["Provstore-Repairs"] = str(len(reading.repairs))
    return response
