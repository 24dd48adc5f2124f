"""Definitions for people: what there is, what one says, how two differ, and what is to be decided."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, request

from provstore.uws.permissions import may_propose, may_review, may_run
from provstore.uws.publishing.differences import differences, script_diff
from provstore.uws.publishing.proposals import Proposal, State
from provstore.web.forms import one_value
from provstore.web.jdl.proposals import states_asked_for
from provstore.web.jdl.revisions import (
    Pair,
    known_services,
    name_of,
    pair_of_proposal,
    pair_of_revisions,
    revision_named,
    services_about,
)
from provstore.web.pages.definitions.changes import changes_of
from provstore.web.pages.definitions.editor import form_as_it_would_be
from provstore.web.pages.highlighting import DiffLine, script_lines, scripts_compared
from provstore.web.pages.rendering import page
from provstore.web.site import caller, site

__all__ = ["definitions", "proposing_page"]

_SHOWN: Final = 200
"""Proposals on a page: who wants more asks /jdl/proposals."""

definitions: Final = Blueprint("definitions", __name__, url_prefix="/definitions", template_folder="../../templates")


@definitions.get("")
def list_definitions() -> Response:
    """GET /definitions?q=…&state=…: the services, and the proposals in some state, waiting ones by default."""
    asked, states = request.args.get("q", ""), states_asked_for()
    known = services_about(asked)
    return page(
        "definitions/list.html",
        asked=asked,
        services=[one for one in known if one.withdrawn_at is None],
        withdrawn=[one for one in known if one.withdrawn_at and may_review(caller(), one.description.name)],
        proposals=_proposals(states=states),
        decided=states != {State.PROPOSED},
        name_of=name_of(),
    )


@definitions.get("/propose")
def show_proposing() -> Response:
    """GET /definitions/propose: send a definition, to be proposed or only checked."""
    return proposing_page("")


def proposing_page(wrong: str, problems: tuple[tuple[str, str, str], ...] = (), *, message: str = "") -> Response:
    """Show the form for a proposal, after a refusal with all that was wrong."""
    return page("definitions/propose.html", wrong=wrong, problems=problems, message=message)


@definitions.get("/<name>")
def show_definition(name: str) -> Response:
    """GET /definitions/{service} or /definitions/{service}@{number}: all that it says, and its history."""
    revision = revision_named(name)
    service = revision.description.name
    newest = revision_named(service)
    proposals = _proposals(service=service)
    return page(
        "definitions/definition.html",
        revision=revision,
        newest=newest,
        described=revision.description,
        script=script_lines(revision.description.script, revision.description.script_language),
        history=site().service.catalog.history(service),
        name_of=name_of(),
        may_run=newest.withdrawn_at is None and may_run(caller(), service, site().settings),
        may_propose=may_propose(caller(), service),
        may_review=may_review(caller(), service),
        waiting=[one for one in proposals if one.state is State.PROPOSED],
        decided=[one for one in proposals if one.state is not State.PROPOSED],
    )


def _proposals(*, service: str | None = None, states: frozenset[State] = frozenset(State)) -> tuple[Proposal, ...]:
    """Give the newest proposals that the caller may see."""
    if not caller().name:
        return ()
    return site().publication.proposals(caller(), service=service, states=states, limit=_SHOWN).items


@definitions.get("/<name>/diff")
def show_differences(name: str) -> Response:
    """GET /definitions/{service}/diff?from=1&to=2: in what two revisions differ."""
    service = name.partition("@")[0]
    old, new = one_value(request.args, "from"), one_value(request.args, "to")
    pair = pair_of_revisions(service, old=old or None, new=new or None)
    newest = revision_named(service)
    return page("definitions/diff.html", service=service, newest=newest, **_compared(pair))


@definitions.get("/proposals/<proposal_id>")
def show_proposal(proposal_id: str) -> Response:
    """GET /definitions/proposals/{id}: what it would change, what is wrong with it, and the decision."""
    publication = site().publication
    proposal = publication.proposal(caller(), proposal_id)
    service = proposal.description.name
    newest = known_services().get(service)
    is_open = proposal.state is State.PROPOSED
    problems = publication.check(proposal.description, {}) if is_open else ()
    return page(
        "definitions/proposal.html",
        proposal=proposal,
        described=proposal.description,
        newest=newest.name if newest else "",
        is_open=is_open,
        problems=[(one.level.value, one.place, one.text) for one in problems],
        name_of=name_of(),
        may_decide=is_open and may_review(caller(), service),
        may_retract=is_open and proposal.author == caller().agent,
        may_propose=may_propose(caller(), service),
        form=form_as_it_would_be(proposal.description),
        **_compared(pair_of_proposal(proposal, against=one_value(request.args, "against"))),
    )


def _compared(pair: Pair) -> dict[str, object]:
    """Compare two definitions for a page: the places but the script's, and the scripts line by line."""
    old_name, before = pair.old or ("", None)
    new_name, after = pair.new
    unified = script_diff(before.script if before else "", after.script)
    lines: tuple[DiffLine, ...] = scripts_compared(
        unified,
        old=script_lines(before.script, before.script_language) if before else (),
        new=script_lines(after.script, after.script_language),
    )
    found = [one for one in differences(before, after) if one.place != "script"]
    return {"old": old_name, "new": new_name, "differences": changes_of(found), "script": lines}
