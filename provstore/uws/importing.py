"""Provenance documents that people bring: whose they become, who may see them, and how they are tested."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Final

from provstore.accounts.callers import EVERY_SERVICE, Caller, curators, reader_of
from provstore.errors import Forbidden, Invalid, NotFound, Unauthenticated
from provstore.graph.model import PUBLIC, Label, Node, NodeId
from provstore.graph.statements import Statement
from provstore.graph.store import Condition, Filter, Find, GraphStore, Op, Order, Page, Upsert, every
from provstore.ingest.documents import Author, Documents, Receipt, Source
from provstore.ingest.registry import Notation
from provstore.queries.constraints.validator import violations
from provstore.uws.agents import person, pseudonym

__all__ = ["Brought", "Importing"]

UNQUALIFIED: Final = "urn:provstore:unqualified:"
"""Namespace of names without prefix in documents that declare no default."""

_SHOWN: Final = 20
_IGNORE: Final[Callable[[int], None]] = lambda _records: None  # noqa: E731


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A document as somebody brings it.

    Args:
        body: Seekable, at its beginning.
        source: What is known of it.
        notation: How it is written.
        public: Everybody may see it; else its author and the curators of all services.
        strict: It must keep PROV-CONSTRAINTS.
        dry: Nothing is stored.
    """

    body: BinaryIO
    source: Source
    notation: Notation
    public: bool = False
    strict: bool = False
    dry: bool = False


class Importing:
    """Takes documents from people."""

    def __init__(self, store: GraphStore) -> None:
        self._store = store
        self._documents = Documents(store)

    def bring(self, caller: Caller, brought: Brought, *, progress: Callable[[int], None] = _IGNORE) -> Receipt:
        """Store a document, or only tell what that would do.

        Raises:
            Unauthenticated: nobody knows whose it would be.
            TooLarge: it is larger than is read in its notation.
            Malformed: it can't be read; nothing was stored.
            Invalid: it breaks a constraint, where that is tested.
        """
        if not caller.agent:
            raise Unauthenticated("only people who have signed in may bring documents")
        reading = brought.notation.read(brought.body, unqualified=UNQUALIFIED)
        author, check = self._author(caller, public=brought.public), _keeps_constraints if brought.strict else None
        if brought.dry:
            return self._documents.check(reading, author, check=check)
        self._documents.clean()
        return self._documents.add(reading, brought.source, author, check=check, progress=progress)

    def document(self, caller: Caller, document: NodeId) -> tuple[Node, ...]:
        """Give the node of a document and those of its bundles, in their order.

        Raises:
            NotFound: there is none, or the caller may not see it.
        """
        condition = Condition(label=Label.BUNDLE, filters=(Filter("document", Op.EQ, document),))
        found = tuple(every(self._store, Find(condition=condition, order=Order("position")), caller.viewer))
        if not found:
            local = document.removeprefix(self._store.namespace)
            raise NotFound(f"there is no document {local!r}", field="document", value=local)
        return found

    def listed(self, caller: Caller, *, limit: int, after: str | None) -> Page:
        """Give a page of the documents that a caller may see, the newest first."""
        condition = Condition(label=Label.BUNDLE, filters=(Filter("position", Op.EQ, 0),))
        order = Order("created_at", descending=True)
        return self._store.find(Find(condition=condition, order=order, limit=limit, after=after), caller.viewer)

    def forget(self, caller: Caller, document: NodeId) -> int:
        """Remove a document with all it says; give the number of relations removed.

        Raises:
            NotFound: there is none.
            Forbidden: the caller is no administrator.
        """
        self.document(caller, document)
        if not caller.admin:
            raise Forbidden("only an administrator removes what is in the graph")
        return self._documents.forget(document)

    def _author(self, caller: Caller, *, public: bool) -> Author:
        namespace = self._store.namespace
        (made,) = person(namespace, caller.agent, name=pseudonym(caller), employed=False)
        assert isinstance(made, Upsert)  # noqa: S101 - for the type checker
        assert isinstance(made.item, Node)  # noqa: S101
        readers = curators(EVERY_SERVICE) | {reader_of(caller.agent)} | ({PUBLIC} if public else set())
        return Author(agent=made.item, viewer=caller.viewer, readers=readers)


def _keeps_constraints(statements: Iterable[Statement]) -> None:
    found = list(islice(violations(statements), _SHOWN + 1))
    if found:
        told = "; ".join(f"constraint {one.rule}: {one.text}" for one in found[:_SHOWN])
        more = "; and more" if len(found) > _SHOWN else ""
        raise Invalid(f"the document breaks PROV-CONSTRAINTS: {told}{more}", field="document", value=str(found[0].rule))
