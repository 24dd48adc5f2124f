"""Who may do what with a job: its readers may see it, its owner and administrators may change it."""

from __future__ import annotations

from typing import Final

from provstore.accounts.callers import EVERY_SERVICE, Caller, Role
from provstore.errors import Forbidden, Unauthenticated
from provstore.settings import Settings

__all__ = [
    "check_may_change",
    "check_may_propose",
    "check_may_review",
    "check_may_run",
    "check_may_see",
    "may_change",
    "may_propose",
    "may_review",
    "may_run",
    "may_see_service",
]

_OF_THE_SERVICE: Final = (Role.RUN, Role.CURATOR, Role.AUTHOR)


def check_may_see(caller: Caller, what: str, *, readers: frozenset[str]) -> None:
    """Let readers pass; ``what`` names the thing.

    Raises:
        Forbidden: it is somebody else's.
    """
    if not caller.viewer.sees(readers):
        raise Forbidden(f"{what} is not yours")


def may_change(caller: Caller, *, owner: str) -> bool:
    """Tell whether a caller is the owner or an administrator."""
    return caller.admin or caller.agent == owner


def check_may_change(caller: Caller, what: str, *, owner: str) -> None:
    """Let the owner and administrators pass; ``what`` names the thing, ``owner`` is the local id of an agent.

    Raises:
        Forbidden: he is neither.
    """
    if not may_change(caller, owner=owner):
        raise Forbidden(f"{what} is not yours: you may see it, but only its owner and administrators may change it")


def may_run(caller: Caller, service: str, settings: Settings) -> bool:
    """Tell whether a person may make and start jobs of a service."""
    restricted = not {service, EVERY_SERVICE}.isdisjoint(settings.restricted_services)
    return not restricted or caller.has(Role.RUN, service)


def check_may_run(caller: Caller, service: str, settings: Settings) -> None:
    """Let those pass who may run a service.

    Raises:
        Forbidden: the site restricts it, and he has no role for it.
    """
    if not may_run(caller, service, settings):
        who = caller.name or "anonymous visitors"
        right = f"only people with the role {Role.RUN}:{service} may run it; an administrator can grant it"
        raise Forbidden(f"service {service} is not open to {who}: {right}", field="service", value=service)


def may_see_service(caller: Caller, service: str, settings: Settings) -> bool:
    """Tell whether a service is listed for a person: he may run it, or has another role for it."""
    return may_run(caller, service, settings) or any(caller.has(role, service) for role in _OF_THE_SERVICE)


def may_propose(caller: Caller, service: str) -> bool:
    """Tell whether a person may propose a definition of a service."""
    return bool(caller.name) and (caller.has(Role.AUTHOR, service) or may_review(caller, service))


def check_may_propose(caller: Caller, service: str) -> None:
    """Let authors and curators of a service pass.

    Raises:
        Unauthenticated: nobody knows who he is.
        Forbidden: he has neither role.
    """
    _check_known(caller, "propose definitions")
    if not may_propose(caller, service):
        raise _lacks(caller, Role.AUTHOR, service, what="propose definitions")


def may_review(caller: Caller, service: str) -> bool:
    """Tell whether a person may accept and reject definitions of a service, and withdraw it."""
    return bool(caller.name) and caller.has(Role.CURATOR, service)


def check_may_review(caller: Caller, service: str) -> None:
    """Let curators of a service pass.

    Raises:
        Unauthenticated: nobody knows who he is.
        Forbidden: he is none.
    """
    _check_known(caller, "decide on definitions")
    if not may_review(caller, service):
        raise _lacks(caller, Role.CURATOR, service, what="decide on definitions")


def _check_known(caller: Caller, what: str) -> None:
    if not caller.name:
        raise Unauthenticated(f"only people who have signed in may {what}")


def _lacks(caller: Caller, role: Role, service: str, *, what: str) -> Forbidden:
    right = f"that takes the role {role}:{service}, which an administrator can grant"
    return Forbidden(f"{caller.name} may not {what} of {service}: {right}", field="service", value=service)
