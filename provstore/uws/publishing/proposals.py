"""Definitions that somebody proposes, as nodes of the graph: what is said of each, and the batches that change it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from provstore.accounts.callers import Caller, curators, reader_of
from provstore.errors import Invalid
from provstore.graph.model import PUBLIC, Kind, Label, Node, NodeId, Relation, Value, stable_local
from provstore.graph.store import Change, Create, Update
from provstore.uws.descriptions.checking.problem import Problem
from provstore.uws.descriptions.model import Description
from provstore.uws.jobs import instant, text
from provstore.uws.publishing.revisions import DESCRIPTION, Revision, definition_of, read_definition

__all__ = [
    "Deed",
    "Proposal",
    "ProposalPage",
    "State",
    "changes_of_decision",
    "changes_of_deed",
    "changes_of_proposal",
    "changes_of_publication",
    "changes_of_withdrawal",
    "proposal_of",
]


class State(StrEnum):
    """What has become of a proposal."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RETRACTED = "retracted"
    """Taken back by who made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A description that somebody wants to be the next revision of its service.

    ``author`` and ``decided_by`` are local ids of agents. ``base`` is the revision that was the newest when it was
    proposed, "" for a new service; ``published_as`` the one that it became. ``message`` is the author's, ``decision``
    that of who decided. ``warnings`` are told to the author at once, and not kept.
    """

    id: str
    node: NodeId
    description: Description
    digest: str
    state: State
    author: str
    base: str
    message: str
    created_at: datetime
    decided_at: datetime | None = None
    decided_by: str = ""
    decision: str = ""
    published_as: str = ""
    warnings: tuple[Problem, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalPage:
    """Some proposals; ``next`` is the key of those that follow, None at the end."""

    items: tuple[Proposal, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that a person does to a definition: an activity of the graph.

    ``local`` is the activity's local id, ``name`` what is done (proposal, acceptance...), ``agent`` a local id.
    """

    local: str
    name: str
    agent: str
    role: str
    at: datetime
    message: str = ""


def proposal_of(node: Node, *, namespace: str) -> Proposal:
    """Read a proposal from its node.

    Raises:
        Invalid: the node is none.
    """
    properties = node.properties
    created_at, state = instant(properties, "created_at"), text(properties, "state")
    if created_at is None or not state:
        raise Invalid(f"{node.id} is no proposed description")
    names = ("digest", "author", "base", "message", "decided_by", "decision", "published_as")
    texts: dict[str, Any] = {name: text(properties, name) for name in names}
    return Proposal(
        id=node.id.removeprefix(namespace),
        node=node.id,
        description=read_definition(text(properties, "definition"), node=node.id),
        state=State(state),
        created_at=created_at,
        decided_at=instant(properties, "decided_at"),
        **texts,
    )


def changes_of_proposal(proposal: Proposal, deed: Deed, caller: Caller, *, namespace: str) -> Iterator[Change]:
    """Give what is written when somebody proposes a definition: its author and the service's curators see it."""
    described = proposal.description
    readers = frozenset({caller.reader}) | curators(described.name)
    properties: dict[str, Value] = {
        "name": described.name,
        "label": described.label,
        "state": proposal.state.value,
        "definition": definition_of(described),
        "digest": proposal.digest,
        "author": proposal.author,
        "base": proposal.base,
        "message": proposal.message,
        "created_at": proposal.created_at,
    }
    kept = {name: value for name, value in properties.items() if value != ""}
    yield Create(Node(proposal.node, DESCRIPTION, kept, readers=readers))
    yield from _done(deed, readers, namespace=namespace)
    yield _relation(Kind.WAS_GENERATED_BY, proposal.node, NodeId(namespace + deed.local))
    yield _attribution(proposal.node, deed, namespace=namespace)


def changes_of_decision(
    proposal: Proposal, deed: Deed, state: State, *, namespace: str, revision: str = ""
) -> Iterator[Change]:
    """Give what is written when a proposal is decided on, if nobody else was faster.

    What is accepted is public from then on, and so is the deed; else it stays among author and curators.
    """
    put: dict[str, Value | None] = {
        "state": state.value,
        "decided_at": deed.at,
        "decided_by": deed.agent,
        "decision": deed.message or None,
        "published_as": revision or None,
    }
    yield Update(node=proposal.node, expected={"state": State.PROPOSED.value}, put=put)
    within = frozenset({reader_of(proposal.author)}) | curators(proposal.description.name)
    readers = frozenset({PUBLIC}) if revision else within
    yield from _done(deed, readers, namespace=namespace)
    yield _relation(Kind.USED, NodeId(namespace + deed.local), proposal.node, role="proposal")


def changes_of_publication(revision: Revision, deed: Deed, *, namespace: str) -> Iterator[Change]:
    """Say which deed made a revision, and who answers for it; the deed itself is written by others."""
    yield _relation(Kind.WAS_GENERATED_BY, revision.node, NodeId(namespace + deed.local))
    if revision.author:
        author = Deed(local="", name="", agent=revision.author, role="Author", at=deed.at)
        yield _attribution(revision.node, author, namespace=namespace)
    if revision.validator and revision.validator != revision.author:
        yield _attribution(revision.node, deed, namespace=namespace)


def changes_of_withdrawal(revision: Revision, deed: Deed, *, namespace: str) -> Iterator[Change]:
    """Give what is written when a service is withdrawn: its newest revision is over, if nobody was faster."""
    put: dict[str, Value | None] = {
        "withdrawn_at": deed.at,
        "withdrawn_by": deed.agent,
        "withdrawal": deed.message or None,
        "changed_at": deed.at,
    }
    yield Update(node=revision.node, expected={"revised_at": None, "withdrawn_at": None}, put=put)
    yield from _done(deed, frozenset({PUBLIC}), namespace=namespace)
    yield _relation(Kind.WAS_INVALIDATED_BY, revision.node, NodeId(namespace + deed.local), time=deed.at)


def changes_of_deed(deed: Deed, *, namespace: str) -> Iterator[Change]:
    """Give the activity of a deed that everybody may see, and who did it."""
    yield from _done(deed, frozenset({PUBLIC}), namespace=namespace)


def _done(deed: Deed, readers: frozenset[str], *, namespace: str) -> Iterator[Change]:
    properties: dict[str, Value] = {"name": deed.name, "started_at": deed.at, "ended_at": deed.at}
    if deed.message:
        properties["comment"] = deed.message
    activity = NodeId(namespace + deed.local)
    yield Create(Node(activity, frozenset({Label.ACTIVITY}), properties, readers=readers))
    yield _relation(Kind.WAS_ASSOCIATED_WITH, activity, NodeId(namespace + deed.agent), role=deed.role)


def _attribution(node: NodeId, deed: Deed, *, namespace: str) -> Create:
    return _relation(Kind.WAS_ATTRIBUTED_TO, node, NodeId(namespace + deed.agent), role=deed.role)


def _relation(
    kind: Kind, source: NodeId, target: NodeId, *, role: str | None = None, time: datetime | None = None
) -> Create:
    """A relation of this module stands once between two nodes in a role, and nothing else has written it."""
    key = stable_local("r", kind, source, target, role or "")
    return Create(Relation(key, kind, source, target, role, time))
