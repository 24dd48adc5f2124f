"""Proposals: how a definition becomes the newest revision of its service, and how one goes back or out of use.

A browser is led on to the page of what it has changed; programs get JSON.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify, request
from werkzeug.wrappers import Response as Answer

from provstore.errors import Invalid
from provstore.uws.descriptions.dialects.jsonform import to_json
from provstore.uws.descriptions.forms.form import form_json, form_of
from provstore.uws.publishing.proposals import Proposal, State
from provstore.uws.publishing.revisions import Revision
from provstore.web.fields import needed, read_fields
from provstore.web.forms import one_value, whole_number
from provstore.web.jdl.bodies import message_of, read_definition
from provstore.web.jdl.diffs import show_pair
from provstore.web.jdl.documents import document, format_asked_for
from provstore.web.jdl.revisions import name_of, pair_of_proposal, revision_named
from provstore.web.jdl.shapes import proposal_json, proposed_json, revision_json
from provstore.web.negotiate import page_instead
from provstore.web.site import base_url, caller, site

__all__ = ["proposals", "states_asked_for"]

proposals: Final = Blueprint("proposals", __name__, url_prefix="/jdl")

_CREATED: Final = 201
_GONE: Final = 204
_EVERY: Final = "all"
_PAGE: Final = 1000


@proposals.post("")
def propose() -> Answer:
    """POST /jdl: propose a definition: as the body, as upload with script and default files, or as OPUS's form."""
    sent = read_definition()
    made = site().publication.propose(
        caller(), sent.reading.description, message=sent.message, files=sent.files, base=sent.base
    )
    page = page_instead(f"/definitions/proposals/{made.id}")
    if page is not None:
        return page
    response = jsonify(proposed_json(made, sent.reading, made.warnings, base=base_url(), name_of=name_of()))
    response.status_code = _CREATED
    response.headers["Location"] = f"{base_url()}/jdl/proposals/{made.id}"
    return response


@proposals.get("/proposals")
def list_proposals() -> Response:
    """GET /jdl/proposals?service=…&state=…: those that one may see, the newest first; open ones by default.

    They come ``limit`` at a time, on from the key in ``next``.
    """
    page = site().publication.proposals(
        caller(),
        service=one_value(request.args, "service") or None,
        states=states_asked_for(),
        limit=min(whole_number(one_value(request.args, "limit") or str(_PAGE), name="limit", least=1), _PAGE),
        after=one_value(request.args, "next") or None,
    )
    items = [proposal_json(one, base=base_url(), name_of=name_of()) for one in page.items]
    return jsonify({"items": items, "next": page.next})


def states_asked_for() -> frozenset[State]:
    """Give the states of proposals that the query names, also by commas or as ``all``; open ones by default.

    Raises:
        Invalid: there is no such state.
    """
    given = [one for text in request.args.getlist("state") for one in text.lower().replace(",", " ").split()]
    if _EVERY in given:
        return frozenset(State)
    unknown = sorted(set(given) - set(State))
    if unknown:
        raise Invalid(f"state={unknown[0]!r}: one of {', '.join(State)}, {_EVERY} is needed", field="state")
    return frozenset(map(State, given)) or frozenset({State.PROPOSED})


@proposals.get("/proposals/<proposal_id>")
def show_proposal(proposal_id: str) -> Answer:
    """GET /jdl/proposals/{id}: it, with its definition; ``?format=`` or Accept gives that as VOTable or script."""
    if "format" not in request.args:
        page = page_instead(f"/definitions/proposals/{proposal_id}")
        if page is not None:
            return page
    proposal = _proposal(proposal_id)
    chosen = format_asked_for(default="json")
    if chosen.name != "json":
        return document(proposal.description, chosen)
    found = _json_of(proposal) | {"definition": to_json(proposal.description)}
    response = jsonify(found)
    response.vary.add("Accept")
    return response


@proposals.get("/proposals/<proposal_id>/diff")
def show_diff(proposal_id: str) -> Response:
    """GET /jdl/proposals/{id}/diff?against=…: in what it differs from the newest revision, or from another one."""
    return show_pair(pair_of_proposal(_proposal(proposal_id), against=one_value(request.args, "against")))


@proposals.get("/proposals/<proposal_id>/form")
def show_form(proposal_id: str) -> Response:
    """GET /jdl/proposals/{id}/form: the form for a new job as it would be."""
    return jsonify(form_json(form_of(_proposal(proposal_id).description)))


@proposals.post("/proposals/<proposal_id>/accept")
def accept(proposal_id: str) -> Answer:
    """POST /jdl/proposals/{id}/accept: it becomes the newest revision (``message``; ``against``: what was compared)."""
    given = read_fields("message", "against")
    revision = site().publication.accept(caller(), proposal_id, message=message_of(given), against=given.get("against"))
    return _page_of(revision) or jsonify(revision_json(revision, base=base_url(), name_of=name_of()))


@proposals.post("/proposals/<proposal_id>/reject")
def reject(proposal_id: str) -> Answer:
    """POST /jdl/proposals/{id}/reject: it is refused, and its author told why (``message``)."""
    given = read_fields("message", "against")  # the page has one form for both decisions
    rejected = site().publication.reject(caller(), proposal_id, message=message_of(given))
    return page_instead(f"/definitions/proposals/{proposal_id}") or jsonify(_json_of(rejected))


@proposals.post("/proposals/<proposal_id>/retract")
def retract_by_form(proposal_id: str) -> Answer:
    """POST /jdl/proposals/{id}/retract: its author takes it back (``message``), from a page."""
    retracted = site().publication.retract(caller(), proposal_id, message=message_of(read_fields("message")))
    return page_instead(f"/definitions/proposals/{proposal_id}") or jsonify(_json_of(retracted))


@proposals.delete("/proposals/<proposal_id>")
def retract(proposal_id: str) -> Response:
    """DELETE /jdl/proposals/{id}: its author takes it back (``message``)."""
    site().publication.retract(caller(), proposal_id, message=message_of(read_fields("message")))
    return Response(status=_GONE)


@proposals.post("/<name>/restore")
def restore(name: str) -> Answer:
    """POST /jdl/{service}/restore: what an older ``revision`` says becomes the newest revision (``message``)."""
    given = read_fields("revision", "message")
    number = whole_number(needed(given, "revision").removeprefix(f"{name}@"), name="revision", least=1)
    older = revision_named(f"{name}@{number}")
    revision = site().publication.restore(caller(), older.name, message=message_of(given))
    page = _page_of(revision)
    if page is not None:
        return page
    response = jsonify(revision_json(revision, base=base_url(), name_of=name_of()))
    response.status_code = _CREATED
    response.headers["Location"] = f"{base_url()}/jdl/{revision.name}"
    return response


@proposals.post("/<name>/withdraw")
def withdraw_by_form(name: str) -> Answer:
    """POST /jdl/{service}/withdraw: no new jobs are made of it (``message``), from a page."""
    revision = _withdrawn(name)
    return _page_of(revision) or jsonify(revision_json(revision, base=base_url(), name_of=name_of()))


@proposals.delete("/<name>")
def withdraw(name: str) -> Response:
    """DELETE /jdl/{service}: no new jobs are made of it (``message``); those that were keep all they have."""
    _withdrawn(name)
    return Response(status=_GONE)


def _withdrawn(name: str) -> Revision:
    service = revision_named(name).description.name
    if service != name:
        right = f"no revision is ever deleted; DELETE /jdl/{service} takes the service out of use"
        raise Invalid(f"{name!r} is one revision: {right}", field="service", value=name)
    return site().publication.withdraw(caller(), service, message=message_of(read_fields("message")))


def _page_of(revision: Revision) -> Answer | None:
    return page_instead(f"/definitions/{revision.description.name}")


def _proposal(proposal_id: str) -> Proposal:
    return site().publication.proposal(caller(), proposal_id)


def _json_of(proposal: Proposal) -> dict[str, object]:
    return proposal_json(proposal, base=base_url(), name_of=name_of())
