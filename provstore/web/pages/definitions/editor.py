"""The editor of definitions: empty, of a service, of an older revision, of a proposal; and the form as it would be."""

from __future__ import annotations

import json
from typing import Final

from flask import Blueprint, Response, request

from provstore.uws.clusters.offers import offer_of
from provstore.uws.descriptions.dialects.jsonform import to_json
from provstore.uws.descriptions.forms.form import Form, form_of
from provstore.uws.descriptions.model import Description, Generated
from provstore.uws.permissions import may_propose
from provstore.web.forms import one_value
from provstore.web.jdl.bodies import read_definition
from provstore.web.jdl.revisions import known_services, revision_named
from provstore.web.pages.definitions.fields import FACTS, ROWS, SUGGESTIONS
from provstore.web.pages.rendering import page
from provstore.web.pages.words import short
from provstore.web.site import caller, site

__all__ = ["definition_editor", "form_as_it_would_be"]

definition_editor: Final = Blueprint(
    "definition_editor", __name__, url_prefix="/definitions", template_folder="../../templates"
)

_NEW: Final = Description(
    name="",
    script='#!/bin/bash\nset -eu\n\necho "hello" >"$rs/$result"\n',
    generated=(Generated(name="result", content_type="text/plain", multiplicity="1", default="result.txt"),),
)
_FOLLOWS: Final = "script_sha256"
"""Follows from the script: it is no member to be edited."""


@definition_editor.get("/new")
def show_new() -> Response:
    """GET /definitions/new?from=…: the editor for a new service, empty or with what another one says."""
    other = one_value(request.args, "from") or ""
    known = revision_named(other).description if other else _NEW
    return _editor(known, of=other, draft=f"new:{other}")


@definition_editor.get("/<name>/edit")
def show_editor(name: str) -> Response:
    """GET /definitions/{service}/edit or /definitions/{service}@{number}/edit: the editor for its next revision."""
    revision = revision_named(name)
    service = revision.description.name
    newest = revision_named(service).name
    draft = service if revision.name == newest else revision.name
    return _editor(revision.description, service=service, of=revision.name, draft=draft, base=newest)


@definition_editor.get("/proposals/<proposal_id>/edit")
def show_editor_of_proposal(proposal_id: str) -> Response:
    """GET /definitions/proposals/{id}/edit: the editor with what was proposed, to be proposed anew."""
    proposal = site().publication.proposal(caller(), proposal_id)
    service = proposal.description.name
    of = f"proposal {short(proposal.id)}"
    return _editor(proposal.description, service=service, of=of, draft=proposal.id, base=proposal.base)


def _editor(described: Description, *, of: str, draft: str, service: str = "", base: str = "") -> Response:
    """Show the editor; a browser keeps what is written there under ``draft``, and proposes it from ``base``."""
    document = to_json(described)
    del document[_FOLLOWS]
    if not service:
        document["name"] = ""
    return page(
        "definitions/editor.html",
        document=json.dumps(document),
        service=service,
        of=of,
        draft=draft,
        made_from=base,
        facts=FACTS,
        rows=ROWS,
        suggestions=SUGGESTIONS,
        services=[one for one in known_services().values() if one.withdrawn_at is None],
        may_propose=not service or may_propose(caller(), service),
    )


@definition_editor.post("/preview")
def preview_form() -> Response:
    """POST /definitions/preview: the form of a definition as its users would see it, as a piece of HTML."""
    return page("definitions/form.html", form=form_as_it_would_be(read_definition().reading.description))


def form_as_it_would_be(described: Description) -> Form:
    """Make the form that a definition would have on this server."""
    return form_of(described, offer=offer_of(described, site().settings))
