"""The people, the organization and the software that stand behind a job, as agents of the graph."""

from __future__ import annotations

from typing import Final

from provstore import __version__
from provstore.accounts.callers import Caller
from provstore.graph.model import PUBLIC, Kind, Label, Node, NodeId, Relation, Value, stable_local
from provstore.graph.store import Change, Upsert

__all__ = ["PROVSTORE_AGENT", "organization", "person", "pseudonym", "software", "software_local"]

_READERS: Final = frozenset({PUBLIC})
_AGENT: Final = frozenset({Label.AGENT})
_ORGANIZATION: Final = "a-organization"


def software_local(name: str, version: str) -> str:
    """Give the local id of a piece of software: the same in every process and job."""
    return stable_local("a", "software", name, version)


PROVSTORE_AGENT: Final = software_local("provstore", __version__)


def software(namespace: str, name: str, version: str) -> Node:
    """Make the agent of a piece of software in one version."""
    properties: dict[str, Value] = {"name": name, "type": "SoftwareAgent"}
    if version:
        properties["version"] = version
    return Node(NodeId(namespace + software_local(name, version)), _AGENT, properties, readers=_READERS)


def provstore(namespace: str) -> tuple[Change, ...]:
    """Make the agent of this very program."""
    return (Upsert(software(namespace, "provstore", __version__)),)


def organization(namespace: str, *, name: str, url: str) -> tuple[Change, ...]:
    """Make the site's organization, if one is set; this program acts on behalf of it."""
    if not name:
        return ()
    properties: dict[str, Value] = {"name": name, "type": "Organization"}
    if url:
        properties["url"] = url
    site = Node(NodeId(namespace + _ORGANIZATION), _AGENT, properties, readers=_READERS)
    return (Upsert(site), _delegation(namespace, PROVSTORE_AGENT))


def _delegation(namespace: str, local: str) -> Change:
    source, target = NodeId(namespace + local), NodeId(namespace + _ORGANIZATION)
    return Upsert(Relation(f"{local}.organization", Kind.ACTED_ON_BEHALF_OF, source, target))


def pseudonym(caller: Caller) -> str:
    """Give the name of a person in the graph until he publishes another."""
    if caller.admin:
        return "administrator"
    return f"user {caller.agent[-8:]}" if caller.name else "anonymous"


def person(namespace: str, local: str, *, name: str, employed: bool) -> tuple[Change, ...]:
    """Make a person's pseudonymous agent; ``employed``: he acts on behalf of the site's organization."""
    node = NodeId(namespace + local)
    properties: dict[str, Value] = {"name": name, "type": "Person"}
    changes: list[Change] = [Upsert(Node(node, _AGENT, properties, readers=_READERS))]
    if employed:
        changes.append(_delegation(namespace, local))
    return tuple(changes)
