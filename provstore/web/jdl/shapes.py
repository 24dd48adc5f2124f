"""Definitions and proposals in JSON: the same over HTTP and from the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from provstore.uws.descriptions.checking.checks import Level, Problem
from provstore.uws.descriptions.dialects.jsonform import to_json
from provstore.uws.descriptions.dialects.reading import Reading, Repair
from provstore.uws.descriptions.model import Description
from provstore.uws.publishing.differences import difference_json, differences, script_diff
from provstore.uws.publishing.proposals import Proposal
from provstore.uws.publishing.revisions import Revision
from provstore.web.uws_xml import instant_text

__all__ = [
    "NameOf",
    "by_account",
    "by_pseudonym",
    "definition_json",
    "diff_json",
    "listed_json",
    "problems_json",
    "proposal_json",
    "proposed_json",
    "reading_json",
    "repairs_json",
    "revision_json",
]

NameOf = Callable[[str], str]
"""Gives the name under which a person is shown, by the local id of his agent."""

_SHOWN: Final = 8


def by_pseudonym(agent: str) -> str:
    """Name a person without telling who he is; the same word stands in the graph."""
    return f"user {agent[-_SHOWN:]}"


def by_account(name_of: NameOf) -> NameOf:
    """Name people by their accounts, and by pseudonym those who have none any more."""
    return lambda agent: name_of(agent) or by_pseudonym(agent)


def listed_json(revision: Revision, *, base: str, proposals: int | None = None) -> dict[str, Any]:
    """Describe a service in a list, by its newest revision; ``proposals`` are open ones, told to who may see them."""
    described = revision.description
    place = f"{base}/jdl/{described.name}"
    item = {
        "name": described.name,
        "label": described.label,
        "description": described.description,
        "version": described.version,
        "revision": revision.name,
        "revisions": revision.number,
        "group": described.group,
        "keywords": list(described.keywords),
        "contact": {"name": described.contact_name, "email": described.contact_email},
        "modified": instant_text(revision.created_at),
        "href": place,
        "form": f"{place}/form",
    }
    return item if proposals is None else item | {"proposals": proposals}


def revision_json(revision: Revision, *, base: str, name_of: NameOf) -> dict[str, Any]:
    """Describe a revision in a history."""
    return {
        "revision": revision.name,
        "number": revision.number,
        "version": revision.description.version,
        **_facts(revision, name_of),
        "digest": revision.digest,
        "href": f"{base}/jdl/{revision.name}",
    }


def definition_json(revision: Revision, *, name_of: NameOf) -> dict[str, Any]:
    """Give a whole definition, and what is known of its revision."""
    return to_json(revision.description) | {"revision": revision.name, **_facts(revision, name_of)}


def _facts(revision: Revision, name_of: NameOf) -> dict[str, Any]:
    withdrawn = {
        "at": instant_text(revision.withdrawn_at),
        "by": _person(revision.withdrawn_by, name_of),
        "message": revision.withdrawal,
    }
    return {
        "created": instant_text(revision.created_at),
        "author": _person(revision.author, name_of),
        "validator": _person(revision.validator, name_of),
        "message": revision.message,
        "withdrawn": withdrawn if revision.withdrawn_at else None,
    }


def _person(agent: str, name_of: NameOf) -> str | None:
    return name_of(agent) if agent else None


def proposal_json(proposal: Proposal, *, base: str, name_of: NameOf) -> dict[str, Any]:
    """Describe a proposal, without the definition that it holds."""
    place = f"{base}/jdl/proposals/{proposal.id}"
    return {
        "id": proposal.id,
        "service": proposal.description.name,
        "state": proposal.state.value,
        "base": proposal.base or None,
        "author": _person(proposal.author, name_of),
        "message": proposal.message,
        "created": instant_text(proposal.created_at),
        "decided": instant_text(proposal.decided_at) or None,
        "decidedBy": _person(proposal.decided_by, name_of),
        "decision": proposal.decision or None,
        "publishedAs": proposal.published_as or None,
        "href": place,
        "diff": f"{place}/diff",
        "form": f"{place}/form",
    }


def proposed_json(
    proposal: Proposal, reading: Reading, problems: Iterable[Problem], *, base: str, name_of: NameOf
) -> dict[str, Any]:
    """Answer who has just made a proposal: it, how it was read, and what could be better."""
    told = {"problems": problems_json(problems), "repairs": repairs_json(reading.repairs), "dialect": reading.dialect}
    return proposal_json(proposal, base=base, name_of=name_of) | told


def reading_json(reading: Reading, problems: Iterable[Problem]) -> dict[str, Any]:
    """Tell how a definition was read and what is wrong with it."""
    found = tuple(problems)
    return {
        "valid": all(one.level is not Level.ERROR for one in found),
        "name": reading.description.name,
        "dialect": reading.dialect,
        "description": to_json(reading.description),
        "problems": problems_json(found),
        "repairs": repairs_json(reading.repairs),
    }


def problems_json(problems: Iterable[Problem]) -> list[dict[str, str]]:
    """List problems, each with its place."""
    return [{"level": one.level.value, "place": one.place, "text": one.text} for one in problems]


def repairs_json(repairs: Iterable[Repair]) -> list[dict[str, str | int | None]]:
    """List what had to be repaired or assumed; the line is null where there is none."""
    return [{"line": one.line or None, "what": one.what, "how": one.how} for one in repairs]


def diff_json(old: tuple[str, Description] | None, new: tuple[str, Description]) -> dict[str, Any]:
    """Compare two definitions, each with the name under which it is known; None: there was none before."""
    old_name, before = old or (None, None)
    new_name, after = new
    return {
        "from": old_name,
        "to": new_name,
        "differences": [difference_json(one) for one in differences(before, after)],
        "script": script_diff(
            before.script if before else "", after.script, old_name=old_name or "nothing", new_name=new_name
        ),
    }
