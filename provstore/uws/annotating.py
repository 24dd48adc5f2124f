"""What people add to the record of a thing afterwards: each addition by itself, with its author and time.

An addition is a small bundle of its author that asserts attributes of the node (see `provstore.graph.documents`): it
alters nothing, several stand side by side, and each is seen by those who may see its bundle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from provstore.accounts.callers import EVERY_SERVICE, Caller, Role, curators, reader_of
from provstore.errors import Forbidden, Invalid, NotFound, Unauthenticated
from provstore.graph.model import (
    PUBLIC,
    Attribute,
    Kind,
    Label,
    Node,
    NodeId,
    Relation,
    new_local,
    now,
)
from provstore.graph.rules import Step
from provstore.graph.statements import Statement
from provstore.graph.store import Create, Ensure, GraphStore, Walk
from provstore.ingest.vocabulary import Vocabulary
from provstore.uws.agents import person, pseudonym
from provstore.uws.jobs import instant, text

__all__ = ["Annotating", "Annotation"]

_BUNDLE: Final = frozenset({Label.BUNDLE, Label.ENTITY})
_MOST: Final = 1_000
_ALL: Final = 10_000
_ASSERTED: Final = (Step(Kind.ASSERTS, backwards=True, expand=False),)
_NAME: Final = "annotation"
_KINDS: Final = ((Label.ACTIVITY, "activity"), (Label.AGENT, "agent"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """An addition. ``author``: the local id of his agent; ``id``: its own, local."""

    id: str
    author: str
    created_at: datetime | None
    public: bool
    attributes: tuple[Attribute, ...]


class Annotating:
    """Adds to records and shows what was added.

    Args:
        store: The graph.
        clock: The present instant.
    """

    def __init__(self, store: GraphStore, *, clock: Callable[[], datetime] = now) -> None:
        self._store = store
        self._clock = clock

    def annotate(
        self, caller: Caller, node: NodeId, attributes: Sequence[Attribute], *, public: bool = False
    ) -> Annotation:
        """Add attributes to what is told of a node.

        Args:
            caller: The author.
            node: Of what.
            attributes: At least one.
            public: Everybody may see them; else their author and the curators of all services.

        Raises:
            Unauthenticated: nobody knows who the author is.
            NotFound: there is no such node, or the caller may not see it.
            Forbidden: he would publish about what is not his.
            Invalid: nothing is added, or too much.
        """
        if not caller.agent:
            raise Unauthenticated("only people who have signed in may annotate")
        if not 1 <= len(attributes) <= _MOST:
            raise Invalid(f"{len(attributes)} attributes: 1 to {_MOST} are needed", field="attributes")
        about = self._seen(caller, node)
        if public and not self._may_publish(caller, about):
            raise Forbidden("only its owner, a curator or an administrator publishes annotations of it", field="public")
        readers = curators(EVERY_SERVICE) | {reader_of(caller.agent)} | ({PUBLIC} if public else set())
        made = Annotation(
            id=new_local("b"),
            author=caller.agent,
            created_at=self._clock(),
            public=public,
            attributes=tuple(dict.fromkeys(attributes)),
        )
        self._write(caller, about, made, frozenset(readers))
        return made

    def annotations(self, caller: Caller, node: NodeId) -> tuple[Annotation, ...]:
        """Give what was added to a node, as far as the caller may see it, the oldest first.

        Raises:
            NotFound: there is no such node, or the caller may not see it.
        """
        self._seen(caller, node)
        found = self._store.walk(Walk(starts=(node,), steps=_ASSERTED, depth=1, limit=_ALL), caller.viewer)
        bundles = {one.node.id: one.node for one in found.reached if text(one.node.properties, "annotates")}
        namespace = self._store.namespace
        told = (
            Annotation(
                id=edge.source.removeprefix(namespace),
                author=text(bundles[edge.source].properties, "owner"),
                created_at=instant(bundles[edge.source].properties, "created_at"),
                public=PUBLIC in bundles[edge.source].readers,
                attributes=edge.attributes,
            )
            for edge in found.edges
            if edge.source in bundles
        )
        return tuple(sorted(told, key=lambda one: one.id))

    def _seen(self, caller: Caller, node: NodeId) -> Node:
        found = self._store.get([node], caller.viewer)
        if not found:
            raise NotFound(f"there is nothing known of {node}", field="id", value=node)
        return found[0]

    def _may_publish(self, caller: Caller, about: Node) -> bool:
        return caller.has(Role.CURATOR, EVERY_SERVICE) or caller.reader in about.readers

    def _write(self, caller: Caller, about: Node, made: Annotation, readers: frozenset[str]) -> None:
        namespace = self._store.namespace
        bundle, agent = NodeId(namespace + made.id), NodeId(namespace + caller.agent)
        assert made.created_at is not None  # noqa: S101 - for the type checker
        facts = {
            "name": _NAME,
            "annotates": about.id,
            "owner": caller.agent,
            "created_at": made.created_at,
            "generated_at": made.created_at,
        }
        kind = next((word for label, word in _KINDS if label in about.labels), "entity")
        asserted = Relation(
            f"{made.id}:000000001",
            Kind.ASSERTS,
            bundle,
            about.id,
            arguments={"kind": kind},
            attributes=made.attributes,
            bundle=bundle,
        )
        vocabulary = Vocabulary(namespace, readers=readers)
        vocabulary.meet(Statement("entity", attributes=made.attributes))
        self._store.write(
            [
                *person(namespace, caller.agent, name=pseudonym(caller), employed=False),
                Create(Node(bundle, _BUNDLE, facts, readers=readers)),
                Create(asserted),
                Create(Relation(f"{made.id}.a", Kind.WAS_ATTRIBUTED_TO, bundle, agent, role="Author")),
                *map(Ensure, vocabulary.nodes()),
            ]
        )
