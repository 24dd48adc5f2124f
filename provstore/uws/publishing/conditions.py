"""What must hold before a step of the workflow is taken."""

from __future__ import annotations

from typing import Final

from provstore.errors import Conflict, Invalid
from provstore.uws.publishing.proposals import Proposal, State
from provstore.uws.publishing.revisions import Revision

__all__ = ["LONGEST_MESSAGE", "check_base", "check_message", "check_new", "check_offered", "check_open"]

LONGEST_MESSAGE: Final = 4000
"""Characters of what a person says with a step."""


def check_message(message: str) -> None:
    """Do nothing if a message can be kept.

    Raises:
        Invalid: it is too long, or holds NUL.
    """
    if len(message) > LONGEST_MESSAGE or "\0" in message:
        right = f"text of at most {LONGEST_MESSAGE} characters, without NUL, is needed"
        raise Invalid(f"message of {len(message)} characters: {right}", field="message", value=message[:100])


def check_new(digest: str, newest: Revision | None) -> None:
    """Do nothing if a definition says something else than the newest revision, or that is withdrawn.

    Raises:
        Conflict: it says the same.
    """
    if newest and newest.digest == digest and newest.withdrawn_at is None:
        raise Conflict(f"nothing is different from {newest.name}", field="description", value=newest.name)


def check_base(base: str | None, newest: Revision | None) -> None:
    """Do nothing if a definition was made from the newest revision ("" where there was none), or nobody knows (None).

    Raises:
        Conflict: another one is the newest now.
    """
    present = newest.name if newest else ""
    if base is not None and base != present:
        told = f"{present or 'nothing'} is the newest now, the definition was made from {base or 'nothing'}"
        raise Conflict(f"{told}: look at the differences, then propose it from {present}", field="base", value=present)


def check_offered(newest: Revision) -> None:
    """Do nothing if a service is in use.

    Raises:
        Conflict: it was withdrawn.
    """
    if newest.withdrawn_at is not None:
        since = f"{newest.withdrawn_at:%Y-%m-%d}"
        raise Conflict(f"service {newest.description.name} is withdrawn already, since {since}", field="service")


def check_open(proposal: Proposal) -> None:
    """Do nothing if a proposal waits for a decision.

    Raises:
        Conflict: it was decided on.
    """
    if proposal.state is not State.PROPOSED:
        raise Conflict(
            f"proposal {proposal.id} was {proposal.state} on {proposal.decided_at:%Y-%m-%d}: it is over",
            field="id",
            value=proposal.id,
        )
