"""What people add to the record of a thing afterwards: each addition by itself, with its author and time.

An addition is a small bundle of its author that asserts attributes of the node (see `provstore.graph.documents`): it
alters nothing, several stand side by side, and each is seen by those who may see its bundle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from provstore.accounts.callers import EVERY_SERVICE, Caller, Role, curators, reader_of
from provstore.errors import Forbidden, Invalid, NotFound, Unauthenticated
from provstore.graph.model import (
    PUBLIC,
    XSD,
    Attribute,
    Kind,
    Label,
    Node,
    NodeId,
    Relation,
    Value,
    Viewer,
    new_local,
    now,
)
from provstore.graph.obscore import CELL, OBSCORE, literal, record_of
from provstore.graph.rules import Step
from provstore.graph.statements import Statement
from provstore.graph.store import Create, Ensure, GraphStore, Walk
from provstore.ingest.json_stream import Real, Whole
from provstore.ingest.problems import shown
from provstore.ingest.products import Cell, attribute_of
from provstore.ingest.vocabulary import Vocabulary
from provstore.queries.names import keys
from provstore.queries.obscore import record_cells, record_told
from provstore.uws.agents import person, pseudonym
from provstore.uws.jobs import instant, text
from provstore.uws.observations import OBSERVED

__all__ = ["Annotating", "Annotation", "attributes_given"]

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


def attributes_given(pairs: Iterable[tuple[str, object]], store: GraphStore, viewer: Viewer) -> tuple[Attribute, ...]:
    """Give the attributes that keys and values stand for.

    Args:
        pairs: Keys as people write them: a URI, a QName of a known prefix, a name, ``obscore.COLUMN``; values as texts,
            as numbers of JSON (`Whole`, `Real`), as truth values, as a `Cell` with a type, or lists of them.
        store: Where prefixes and keys that are in use are known.
        viewer: Who asks.

    Raises:
        Invalid: a key or a value can't be kept.
    """
    found: list[Attribute] = []
    for key, value in pairs:
        column = key.lower().removeprefix(OBSERVED)
        known = keys(store, key, viewer) if column == key.lower() else (OBSCORE + column,)
        whole = known[0] if len(known) == 1 else key
        try:
            found += [attribute_of(whole, _cell(one)) for one in (value if isinstance(value, list) else [value])]
        except ValueError as error:
            raise Invalid(f"{shown(key)}: {error}", field=key) from error
    return tuple(found)


def _cell(value: object) -> Cell:
    """Give a value with its type.

    Raises:
        ValueError: it is none, in words.
    """
    if isinstance(value, Cell):
        return value
    if isinstance(value, bool):
        return Cell("true" if value else "false", f"{XSD}boolean")
    if isinstance(value, Whole | Real):
        return Cell(str(value), f"{XSD}{'long' if isinstance(value, Whole) else 'double'}")
    if not isinstance(value, str):
        raise ValueError("a text, a number or a truth value is needed, or a list of them")  # noqa: TRY004 - as all here
    return Cell(value, f"{XSD}string")


def _as_column(one: Attribute) -> Attribute:
    """Give a column of ObsCore the type by which it is looked for, however it was written."""
    column = one.key.removeprefix(OBSCORE)
    return one if column == one.key else literal(column, one.lexical)


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
        if public and not self.may_publish(caller, about):
            raise Forbidden("only its owner, a curator or an administrator publishes annotations of it", field="public")
        readers = curators(EVERY_SERVICE) | {reader_of(caller.agent)} | ({PUBLIC} if public else set())
        made = Annotation(
            id=new_local("b"),
            author=caller.agent,
            created_at=self._clock(),
            public=public,
            attributes=tuple(dict.fromkeys(map(_as_column, attributes))),
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
                attributes=tuple(one for one in edge.attributes if one.key != CELL),
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

    @staticmethod
    def may_publish(caller: Caller, about: Node) -> bool:
        """Tell whether somebody may let everybody see what he adds to a node."""
        return caller.has(Role.CURATOR, EVERY_SERVICE) or caller.reader in about.readers

    def _cells(self, caller: Caller, about: Node, made: Annotation) -> tuple[Attribute, ...]:
        """Give what leads to the record as it is with the annotation, for all who will see the annotation."""
        said = record_of(made.attributes)
        if not said or Label.ENTITY not in about.labels:
            return ()
        readers = {PUBLIC} if made.public else {PUBLIC, reader_of(caller.agent)}
        found = self._store.walk(Walk(starts=(about.id,), steps=_ASSERTED, depth=1, limit=_ALL), caller.viewer)
        seen = {one.node.id for one in found.reached if one.node.readers & readers}
        before = record_told(edge for edge in found.edges if edge.source in seen)
        return record_cells({**before, **said, **record_of(about.attributes)})

    def _write(self, caller: Caller, about: Node, made: Annotation, readers: frozenset[str]) -> None:
        namespace = self._store.namespace
        bundle, agent = NodeId(namespace + made.id), NodeId(namespace + caller.agent)
        assert made.created_at is not None  # noqa: S101 - for the type checker
        facts: dict[str, Value] = {
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
            attributes=(*made.attributes, *self._cells(caller, about, made)),
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
