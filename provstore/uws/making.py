"""How one job is made: checked, written in one transaction with all that belongs to it, or nothing of it left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from provstore.accounts.callers import Caller
from provstore.errors import Conflict, Unavailable
from provstore.graph.model import Kind, NodeId, Relation
from provstore.graph.store import Change, Create
from provstore.uws.admission import Admission
from provstore.uws.creation import changes_of_new_job
from provstore.uws.jobs import JobId
from provstore.uws.parts import Parts
from provstore.uws.publishing.revisions import Revision
from provstore.uws.submissions import Submission

__all__ = ["Birth", "Making"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth:
    """What is decided of a new job before it is made: its id, and where it belongs.

    ``request``: fingerprint of a request with an Idempotency-Key. ``sweep``: local id of the activity that makes it.
    ``informed_by``: activities on whose account it is made.
    """

    local: JobId
    request: str = ""
    sweep: str = ""
    informed_by: Sequence[NodeId] = ()


class Making:
    """Makes jobs."""

    def __init__(self, parts: Parts, admission: Admission) -> None:
        self._parts = parts
        self._admission = admission

    def newcomer(self, caller: Caller) -> tuple[Change, ...]:
        """Give the agent of a person of whom the graph knows nothing yet."""
        return self._admission.newcomer(caller)

    def make(self, caller: Caller, revision: Revision, submission: Submission, birth: Birth) -> None:
        """Make a job, or leave nothing of it.

        Raises:
            Forbidden: the caller's jobs fill the space that he may have.
            Invalid: a malformed or unknown parameter; the first one is named.
            TooLarge: an upload above the limit.
            Conflict: there is a job of that id.
            Unavailable: the server drains, or the store is away.
        """
        self._admission.check(caller)
        local, parts = birth.local, self._parts
        try:
            job = parts.submissions.job(caller, revision, submission, local=local)
            job = replace(job, request_sha256=birth.request, sweep=birth.sweep)
            changes = changes_of_new_job(job, namespace=parts.records.store.namespace)
            parts.records.create([*self._admission.newcomer(caller), *changes, *self._links(birth)])
        except BaseException as error:
            if not self._may_be_there(local, error):
                parts.files.remove_job(local)
            raise
        self._admission.remember(caller)
        parts.waiting.notify(local)
        if job.queued:
            parts.wake(local)

    def _links(self, birth: Birth) -> list[Create]:
        node = self._parts.records.node_id(birth.local)
        return [
            Create(Relation(f"{birth.local}.i{number:04d}", Kind.WAS_INFORMED_BY, node, other))
            for number, other in enumerate(birth.informed_by, start=1)
        ]

    def _may_be_there(self, local: JobId, error: BaseException) -> bool:
        """Tell whether there is a job of this id although making it failed: its files must stay then.

        It was made by another request with the same Idempotency-Key, or by this one: a store may be lost before it
        could say that it has written.
        """
        if not isinstance(error, Conflict | Unavailable):
            return False
        try:
            return bool(self._parts.records.visible([self._parts.records.node_id(local)]))
        except Unavailable:
            return True  # the supervisor, who looks again later, removes what is left over
