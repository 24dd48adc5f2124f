"""Why a job may not, or can't, run again: roles, services out of use, parameters that don't fit the revision."""

from __future__ import annotations

from provstore.accounts.callers import Caller, Role
from provstore.errors import Invalid, NotFound
from provstore.queries.replay import Reason
from provstore.queries.replay_plan import Candidate, Obstacle
from provstore.uws.descriptions.values import complete
from provstore.uws.parts import Parts
from provstore.uws.permissions import may_run

__all__ = ["Judging"]


class Judging:
    """Judges the candidates of a plan for one caller."""

    def __init__(self, parts: Parts, caller: Caller) -> None:
        self._parts = parts
        self._caller = caller
        self._services: dict[str, Obstacle | None] = {}

    def __call__(self, candidate: Candidate) -> Obstacle | None:
        """Say what stands against a job; None for nothing."""
        service = candidate.service
        if service not in self._services:
            self._services[service] = self._of_service(service)
        return self._services[service] or self._of_values(candidate)

    def _of_service(self, service: str) -> Obstacle | None:
        caller = self._caller
        if not caller.has(Role.CURATOR, service) or not may_run(caller, service, self._parts.settings):
            words = f"you may not run jobs of {service} again: that takes the role {Role.CURATOR}:{service}"
            return Obstacle(Reason.FORBIDDEN, words)
        try:
            newest = self._parts.catalog.newest(service)
        except NotFound as error:
            return Obstacle(Reason.WITHDRAWN, error.message)
        if newest.withdrawn_at is not None:
            since = f"its service {service} was withdrawn on {newest.withdrawn_at:%Y-%m-%d}"
            return Obstacle(Reason.WITHDRAWN, f"{since}: no new jobs are made of it")
        return None

    def _of_values(self, candidate: Candidate) -> Obstacle | None:
        try:
            description = self._parts.catalog.revision(candidate.revision).description
            complete(description, candidate.values, known=[one.name for one in description.inputs])
        except (Invalid, NotFound) as error:
            return Obstacle(Reason.UNFIT, f"it does not fit {candidate.revision}: {error.message}")
        return None
