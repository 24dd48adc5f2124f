"""Who calls, and what he may: the account behind a request, or the anonymous visitor."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from provstore.graph.model import PUBLIC, Viewer, stable_local

__all__ = ["ANONYMOUS", "EVERY_SERVICE", "VISITOR", "Caller", "Grant", "Role", "Scope", "curators", "reader_of"]

EVERY_SERVICE: Final = "*"


class Role(StrEnum):
    """What a person may do with a service besides running it as everybody may."""

    CURATOR = "curator"
    """Sees all its jobs, and accepts definitions."""
    AUTHOR = "author"
    """Proposes definitions."""
    RUN = "run"
    """Runs it where the site restricts it."""


class Scope(StrEnum):
    """How much of what a person may do is allowed to the holder of one of his tokens."""

    READ = "read"
    """Only look."""
    JOBS = "jobs"
    """Look, and make, change and delete jobs."""
    ALL = "all"
    """Everything."""


class Grant(NamedTuple):
    """A role for a service, or for every service (``*``)."""

    role: Role
    service: str


def reader_of(agent: str) -> str:
    """Give the reader name that stands for one person alone, by the local id of his agent."""
    return f"user:{agent}"


def curators(service: str) -> frozenset[str]:
    """Give the reader names of those who see all jobs of a service."""
    return frozenset(f"role:{Role.CURATOR}:{one}" for one in (service, EVERY_SERVICE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls. ``agent`` is the local part of his agent's id; ``name`` is "" for the anonymous visitor."""

    agent: str
    name: str
    admin: bool = False
    grants: frozenset[Grant] = frozenset()
    scope: Scope = Scope.ALL

    @property
    def reader(self) -> str:
        """The reader name that stands for this person alone."""
        return reader_of(self.agent)

    @property
    def viewer(self) -> Viewer:
        """What this person may see in the graph."""
        roles = {f"role:{one.role}:{one.service}" for one in self.grants}
        return Viewer(readers=frozenset({PUBLIC, self.reader, *roles}), all=self.admin)

    def has(self, role: Role, service: str) -> bool:
        """Tell whether this person has a role for a service; administrators have all."""
        return self.admin or not self.grants.isdisjoint({Grant(role, service), Grant(role, EVERY_SERVICE)})


ANONYMOUS: Final = Caller(agent=stable_local("a", "anonymous"), name="")
"""Everybody without a token: one agent for all of them."""

VISITOR: Final = Caller(agent="", name="")
"""Who sends no token where anonymous jobs are not served: he may look at what is public, and has nothing of his own."""
