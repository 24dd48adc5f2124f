"""The definitions that the present caller may know of, and the names under which he is told of people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from provstore.errors import Invalid, NotFound
from provstore.uws.descriptions.model import Description
from provstore.uws.permissions import may_propose, may_see_service
from provstore.uws.publishing.proposals import Proposal
from provstore.uws.publishing.revisions import Revision
from provstore.web.jdl.shapes import NameOf, by_account, by_pseudonym
from provstore.web.site import caller, site

__all__ = [
    "Pair",
    "known_services",
    "may_know_of_proposals",
    "name_of",
    "open_proposals",
    "pair_of_proposal",
    "pair_of_revisions",
    "revision_named",
    "services_about",
]

_NOTHING: Final = "none"


def known_services() -> Mapping[str, Revision]:
    """Give the newest revision of every service that the caller may know of, withdrawn ones too, by name."""
    settings, known = site().settings, site().service.catalog.known()
    return {one.description.name: one for one in known if may_see_service(caller(), one.description.name, settings)}


def services_about(asked: str) -> tuple[Revision, ...]:
    """Give those of them of which the list says every word that is asked for; all where none is."""
    words = asked.casefold().split()
    return tuple(one for one in known_services().values() if _has(one, words))


def _has(revision: Revision, words: list[str]) -> bool:
    one = revision.description
    text = "\n".join((one.name, one.label, one.description, one.group, *one.keywords)).casefold()
    return all(word in text for word in words)


def revision_named(name: str) -> Revision:
    """Give a revision by its name: ``service@number``, or ``service`` for the newest.

    Raises:
        NotFound: there is none, or none that the caller may know of.
    """
    service = name.partition("@")[0]
    if service not in known_services():
        raise NotFound(f"no service {service!r}: GET /jdl lists those that there are", field="service", value=service)
    return site().service.catalog.revision(name)


def name_of() -> NameOf:
    """Give the names of people as the caller may learn them: of accounts only who has one himself."""
    return by_account(site().accounts.name_of) if caller().name else by_pseudonym


def open_proposals() -> Counter[str]:
    """Count the open proposals that the caller may see, by service."""
    return Counter(site().publication.open_by_service(caller()) if caller().name else ())


def may_know_of_proposals(service: str) -> bool:
    """Tell whether the caller is told how many proposals a service has."""
    return may_propose(caller(), service)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two definitions to be compared, the older one first (None: there was nothing before)."""

    old: tuple[str, Description] | None
    new: tuple[str, Description]


def pair_of_revisions(service: str, *, old: str | None, new: str | None) -> Pair:
    """Give two revisions of a service by their numbers: by default the newest, and the one before the newer one.

    Raises:
        NotFound: there is no such revision.
        Invalid: no number.
    """
    after = _numbered(service, new) if new else revision_named(service)
    if old is None and after.number == 1:
        return Pair(old=None, new=_of(after))
    return Pair(old=_of(_numbered(service, old or str(after.number - 1))), new=_of(after))


def pair_of_proposal(proposal: Proposal, *, against: str | None) -> Pair:
    """Give a proposal and what it is compared with: by default the newest revision while it is open, else its base.

    Raises:
        NotFound: there is no such revision.
        Invalid: no number.
    """
    service = proposal.description.name
    if against is None:
        newest = known_services().get(service)
        present = newest.name if newest else ""
        against = proposal.base if proposal.decided_at else present
    old = None if against in {"", _NOTHING} else _of(_numbered(service, against))
    return Pair(old=old, new=(f"proposal {proposal.id}", proposal.description))


def _numbered(service: str, text: str) -> Revision:
    """Read the number of a revision, or its whole name."""
    number = text.removeprefix(f"{service}@")
    if not (number.isascii() and number.isdigit()):
        right = f"the number of a revision of {service} is needed, as 1 or {service}@1"
        raise Invalid(f"revision {text!r}: {right}", field="revision", value=text)
    return revision_named(f"{service}@{number.lstrip('0') or 0}")


def _of(revision: Revision) -> tuple[str, Description]:
    return revision.name, revision.description
