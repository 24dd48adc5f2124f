"""What must hold before anything new is made, and the agent of who makes his first job."""

from __future__ import annotations

from provstore.accounts.callers import Caller
from provstore.errors import Unavailable
from provstore.graph.store import Change
from provstore.uws.agents import person, pseudonym
from provstore.uws.parts import Parts
from provstore.uws.permissions import check_may_run
from provstore.uws.publishing.revisions import Revision

__all__ = ["Admission"]


class Admission:
    """Lets a caller make jobs of a service, or says why not."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._met: set[str] = set()

    def revision(self, caller: Caller, service: str) -> Revision:
        """Give the description of which a caller may make jobs.

        Raises:
            NotFound: no such service.
            Forbidden: the site restricts it, or it was withdrawn.
        """
        revision = self._parts.catalog.offered(service)
        check_may_run(caller, service, self._parts.settings)
        return revision

    def check(self, caller: Caller) -> None:
        """Do nothing if something new may be made now.

        Raises:
            Unavailable: the server drains.
            Forbidden: the caller's jobs fill the space that he may have.
        """
        reason = self._parts.draining()
        if reason:
            raise Unavailable(f"no new jobs are taken now: {reason}")
        self._parts.refuse_if_full(caller)

    def newcomer(self, caller: Caller) -> tuple[Change, ...]:
        """Give the agent of a person whose account is younger than this process, for his first job."""
        records = self._parts.records
        if caller.agent in self._met or records.visible([records.node_id(caller.agent)]):
            return ()
        employed = bool(self._parts.settings.organization)
        return person(records.store.namespace, caller.agent, name=pseudonym(caller), employed=employed)

    def remember(self, caller: Caller) -> None:
        """Note that a person's agent is in the graph."""
        self._met.add(caller.agent)
