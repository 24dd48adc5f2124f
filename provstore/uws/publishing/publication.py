"""The way from a proposed definition to one that runs, and back: who may take which step, and what it writes.

Nothing is live before it was accepted. Every step is one transaction and an activity of the graph.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from provstore.accounts.callers import Caller
from provstore.errors import Conflict, Forbidden, Invalid, NotFound, WrongDescription
from provstore.graph.model import Label, NodeId, Viewer, new_local
from provstore.graph.store import Change, Condition, Filter, Find, GraphStore, Op, Order
from provstore.settings import Settings
from provstore.uws.agents import PROVSTORE_AGENT, person, provstore, pseudonym
from provstore.uws.catalog import Catalog
from provstore.uws.descriptions.checking.checks import Level, Problem, problems_of_proposal
from provstore.uws.descriptions.model import SHA256, Description
from provstore.uws.files import Files
from provstore.uws.permissions import check_may_propose, check_may_review
from provstore.uws.ports import Clock
from provstore.uws.publishing.conditions import check_base, check_message, check_new, check_offered, check_open
from provstore.uws.publishing.proposals import (
    Deed,
    Proposal,
    ProposalPage,
    State,
    changes_of_decision,
    changes_of_deed,
    changes_of_proposal,
    changes_of_publication,
    changes_of_withdrawal,
    proposal_of,
)
from provstore.uws.publishing.revisions import Revision, changes_of_revision, digest_of, revision_id

__all__ = ["Publication"]

_PATIENCE: Final = 10
_LIST_PAGE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """The steps of the workflow, over the graph."""

    store: GraphStore
    catalog: Catalog
    files: Files
    settings: Settings
    clock: Clock

    def check(self, description: Description, files: Mapping[str, bytes]) -> tuple[Problem, ...]:
        """List everything that is wrong with a definition that is to be proposed with files."""
        missing = (
            Problem(level=Level.ERROR, place=f"files.{name}", text="this file is neither sent along nor here already")
            for name, sha256 in description.files
            if name not in files and not self._is_here(name, sha256)
        )
        return (*problems_of_proposal(description, files), *missing)

    def propose(
        self,
        caller: Caller,
        description: Description,
        *,
        message: str = "",
        files: Mapping[str, bytes] | None = None,
        base: str | None = None,
    ) -> Proposal:
        """Propose a definition; files sent along become the defaults of its inputs of their names.

        ``base`` is the revision (``service@number``, "" for none) from which it was made, None where nobody knows.

        Raises:
            Unauthenticated: nobody knows who calls.
            Forbidden: he is no author of the service.
            WrongDescription: it has errors; all of them are told.
            Conflict: it is what the newest revision says, or it was made from another one.
        """
        service = description.name
        check_may_propose(caller, service)
        check_message(message)
        sent = files or {}
        found = self._sound(description, sent)
        description = _with_files(description, sent)
        newest = self.catalog.look(service)
        digest = digest_of(description)
        check_new(digest, newest)
        check_base(base, newest)
        for name, content in sent.items():
            self.files.keep(content, name)
        local = new_local("d")
        proposal = Proposal(
            id=local,
            node=NodeId(self.store.namespace + local),
            description=description,
            digest=digest,
            state=State.PROPOSED,
            author=caller.agent,
            base=newest.name if newest else "",
            message=message,
            created_at=self.clock(),
            warnings=found,
        )
        deed = self._deed(caller, "proposal", role="Author", message=message)
        self._write(caller, changes_of_proposal(proposal, deed, caller, namespace=self.store.namespace))
        return proposal

    def _sound(self, description: Description, files: Mapping[str, bytes]) -> tuple[Problem, ...]:
        """Give the warnings about a definition that has no errors."""
        found = self.check(description, files)
        if any(problem.level is Level.ERROR for problem in found):
            told = tuple((problem.level.value, problem.place, problem.text) for problem in found)
            raise WrongDescription(description.name, told)
        return found

    def proposals(
        self,
        caller: Caller,
        *,
        service: str | None = None,
        states: frozenset[State] = frozenset({State.PROPOSED}),
        limit: int = _LIST_PAGE,
        after: str | None = None,
    ) -> ProposalPage:
        """Give the proposals in some state that a person may see, the newest first.

        A page has at most ``limit`` of them; ``after`` is the ``next`` of the page before.

        Raises:
            Invalid: ``after`` is not the key that came with the page before.
        """
        filters = [Filter("state", Op.IN, tuple(sorted(one.value for one in states)))]
        if service is not None:
            filters.append(Filter("name", Op.EQ, service))
        condition = Condition(label=Label.ACTIVITY_DESCRIPTION, filters=tuple(filters))
        order = Order("created_at", descending=True)
        try:
            page = self.store.find(Find(condition=condition, order=order, limit=limit, after=after), caller.viewer)
        except Invalid as fault:
            right = "the key that came with the page before is needed"
            raise Invalid(f"next={after!r}: {right}", field="next", value=after) from fault
        items = tuple(proposal_of(node, namespace=self.store.namespace) for node in page.items)
        return ProposalPage(items=items, next=page.next)

    def open_by_service(self, caller: Caller) -> dict[str, int]:
        """Count the open proposals that a person may see, by service."""
        filters = (Filter("state", Op.EQ, State.PROPOSED.value),)
        condition = Condition(label=Label.ACTIVITY_DESCRIPTION, filters=filters)
        counts = self.store.aggregate(condition, ("name",), caller.viewer)
        return {str(one.values[0]): one.count for one in counts}

    def proposal(self, caller: Caller, local: str) -> Proposal:
        """Give a proposal.

        Raises:
            NotFound: there is none of that id that he may see.
        """
        return self._proposal(caller.viewer, local)

    def accept(self, caller: Caller, local: str, *, message: str = "", against: str | None = None) -> Revision:
        """Make a proposal the newest revision of its service.

        Args:
            caller: A curator of the service.
            local: Id of the proposal.
            message: What he says to it.
            against: The revision (``service@number``, "" for none) with which he compared it; by default the one that
                was the newest when it was proposed.

        Raises:
            Unauthenticated: nobody knows who calls.
            Forbidden: he is no curator of the service.
            NotFound: there is no such proposal that he may see.
            Conflict: it was decided on already, or another revision is the newest now.
        """
        proposal = self._open(caller, local, message)
        newest = self.catalog.look(proposal.description.name)
        expected = proposal.base if against is None else against
        present = newest.name if newest else ""
        if expected != present:
            raise Conflict(
                f"{present or 'nothing'} is the newest now, the proposal was compared with {expected or 'nothing'}: "
                f"look at the differences, then accept it against {present}",
                field="against",
                value=expected,
            )
        check_new(proposal.digest, newest)
        deed = self._deed(caller, "acceptance", role="Validator", message=message)
        revision = self._next(proposal.description, newest, deed, author=proposal.author)
        namespace = self.store.namespace
        self._write(
            caller,
            (
                *changes_of_decision(proposal, deed, State.ACCEPTED, namespace=namespace, revision=revision.name),
                *changes_of_revision(revision, newest, namespace=namespace),
                *changes_of_publication(revision, deed, namespace=namespace),
            ),
            busy=f"proposal {local} or {revision.description.name} was changed by somebody else just now: look again",
        )
        self.catalog.take(revision)
        return revision

    def reject(self, caller: Caller, local: str, *, message: str) -> Proposal:
        """Refuse a proposal, with the reason.

        Raises:
            Invalid: no reason is given.
            Unauthenticated: nobody knows who calls.
            Forbidden: he is no curator of the service.
            NotFound: there is no such proposal that he may see.
            Conflict: it was decided on already.
        """
        if not message.strip():
            raise Invalid("a rejection needs a message that tells the author why", field="message", value=message)
        proposal = self._open(caller, local, message)
        return self._decide(caller, proposal, State.REJECTED, name="rejection", role="Validator", message=message)

    def retract(self, caller: Caller, local: str, *, message: str = "") -> Proposal:
        """Take back a proposal of one's own.

        Raises:
            Forbidden: it is somebody else's.
            NotFound: there is no such proposal that he may see.
            Conflict: it was decided on already.
        """
        check_message(message)
        proposal = self._proposal(caller.viewer, local)
        if proposal.author != caller.agent:
            raise Forbidden(f"proposal {local} is not yours: only its author may take it back", field="id", value=local)
        check_open(proposal)
        return self._decide(caller, proposal, State.RETRACTED, name="retraction", role="Author", message=message)

    def restore(self, caller: Caller, name: str, *, message: str = "") -> Revision:
        """Make what an older revision says (``service@number``) the newest revision; it is a new one.

        Raises:
            Unauthenticated: nobody knows who calls.
            Forbidden: he is no curator of the service.
            NotFound: there is no such revision.
            Conflict: it is what the newest one says, or somebody else published meanwhile.
        """
        service = name.partition("@")[0]
        check_may_review(caller, service)
        check_message(message)
        self.catalog.look(service)
        older, newest = self.catalog.revision(name), self.catalog.newest(service)
        if older.digest == newest.digest and newest.withdrawn_at is None:
            raise Conflict(f"{newest.name} is live, and says what {older.name} says", field="revision", value=name)
        told = message or f"restored from {older.name}"
        deed = self._deed(caller, "restoration", role="Validator", message=told)
        revision = self._next(older.description, newest, deed, author=older.author)
        self._publish(caller, revision, newest, deed)
        return revision

    def withdraw(self, caller: Caller, service: str, *, message: str = "") -> Revision:
        """Take a service out of use: no jobs are made of it any more; those that were keep theirs.

        Raises:
            Unauthenticated: nobody knows who calls.
            Forbidden: he is no curator of the service.
            NotFound: there is no such service.
            Conflict: it is withdrawn already.
        """
        check_may_review(caller, service)
        check_message(message)
        self.catalog.look(service)
        newest = self.catalog.newest(service)
        check_offered(newest)
        deed = self._deed(caller, "withdrawal", role="Validator", message=message)
        self._write(
            caller,
            changes_of_withdrawal(newest, deed, namespace=self.store.namespace),
            busy=f"service {service} was withdrawn or changed by somebody else just now: look again",
        )
        withdrawn = replace(newest, withdrawn_at=deed.at, withdrawn_by=deed.agent, withdrawal=message)
        self.catalog.take(withdrawn)
        return withdrawn

    def publish_file(self, description: Description) -> Revision | None:
        """Make a file of the operator the newest revision of its service, unless its content was one before.

        So a file that stays as it is overrides no accepted edit and brings back nothing that was withdrawn.

        Returns:
            The new revision, or None if this content is known already.
        """
        for _ in range(_PATIENCE):
            newest = self.catalog.look(description.name)
            # In this order: what is published after the look makes the step fail, what was before is found.
            if self.catalog.with_digest(description.name, digest_of(description)):
                return None
            deed = Deed(
                local=new_local("p"), name="publication", agent=PROVSTORE_AGENT, role="Publisher", at=self.clock()
            )
            revision = self._next(description, newest, deed, author="")
            try:
                self._publish(None, revision, newest, deed)
            except Conflict:  # another process starts just now
                continue
            return revision
        raise Conflict(f"service {description.name} is published by somebody else all the time")

    def _is_here(self, name: str, sha256: str) -> bool:
        if not SHA256.match(sha256):
            return False
        try:
            self.files.shipped(sha256, name)
        except Invalid:
            return False
        return True

    def _proposal(self, viewer: Viewer, local: str) -> Proposal:
        found = self.store.get([NodeId(self.store.namespace + local)], viewer)
        if not found or "state" not in found[0].properties or Label.ACTIVITY_DESCRIPTION not in found[0].labels:
            raise NotFound(f"no proposal {local!r}", field="id", value=local)
        return proposal_of(found[0], namespace=self.store.namespace)

    def _open(self, caller: Caller, local: str, message: str) -> Proposal:
        """Give a proposal on which a curator is to decide."""
        check_message(message)
        proposal = self._proposal(caller.viewer, local)
        check_may_review(caller, proposal.description.name)
        check_open(proposal)
        return proposal

    def _deed(self, caller: Caller, name: str, *, role: str, message: str) -> Deed:
        return Deed(local=new_local("p"), name=name, agent=caller.agent, role=role, at=self.clock(), message=message)

    def _decide(
        self, caller: Caller, proposal: Proposal, state: State, *, name: str, role: str, message: str
    ) -> Proposal:
        deed = self._deed(caller, name, role=role, message=message)
        changes = changes_of_decision(proposal, deed, state, namespace=self.store.namespace)
        self._write(caller, changes, busy=f"proposal {proposal.id} was decided on by somebody else just now")
        return self._proposal(caller.viewer, proposal.id)

    def _next(self, description: Description, newest: Revision | None, deed: Deed, *, author: str) -> Revision:
        number = newest.number + 1 if newest else 1
        return Revision(
            node=revision_id(self.store.namespace, description.name, number),
            number=number,
            description=description,
            digest=digest_of(description),
            created_at=deed.at,
            author=author,
            validator="" if deed.agent == PROVSTORE_AGENT else deed.agent,
            message=deed.message,
        )

    def _publish(self, caller: Caller | None, revision: Revision, newest: Revision | None, deed: Deed) -> None:
        namespace = self.store.namespace
        self._write(
            caller,
            (
                *changes_of_deed(deed, namespace=namespace),
                *changes_of_revision(revision, newest, namespace=namespace),
                *changes_of_publication(revision, deed, namespace=namespace),
            ),
            busy=f"another revision of {revision.description.name} was published just now: look again",
        )
        self.catalog.take(revision)

    def _write(self, caller: Caller | None, changes: Iterator[Change] | tuple[Change, ...], *, busy: str = "") -> None:
        """Write a step, with the agent of who takes it."""
        try:
            self.store.write([*self._agent(caller), *changes])
        except Conflict as error:
            if not busy:
                raise
            raise Conflict(busy) from error

    def _agent(self, caller: Caller | None) -> tuple[Change, ...]:
        if caller is None:
            return provstore(self.store.namespace)
        employed = bool(self.settings.organization)
        return person(self.store.namespace, caller.agent, name=pseudonym(caller), employed=employed)


def _with_files(description: Description, sent: Mapping[str, bytes]) -> Description:
    """Name the files that are sent along, each by its content."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sent.items()}
    return replace(description, files=tuple({**dict(description.files), **hashes}.items()))
