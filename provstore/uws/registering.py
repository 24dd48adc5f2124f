"""Products that exist already, taken into the graph as entities of our own, batch by batch; nothing is copied.

A product is known by who registers it, its place and its checksums: what is sent again is not registered again, so
that a list that broke off is simply sent once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from provstore.accounts.callers import EVERY_SERVICE, Caller, curators, reader_of
from provstore.errors import Conflict, Forbidden, Unauthenticated, Unavailable
from provstore.graph.model import (
    PROVSTORE,
    PUBLIC,
    Attribute,
    Kind,
    Label,
    Node,
    NodeId,
    Relation,
    Value,
    new_local,
    now,
    stable_local,
)
from provstore.graph.statements import Statement
from provstore.graph.store import Change, Create, Ensure, GraphStore
from provstore.ingest.products import Product
from provstore.ingest.vocabulary import Vocabulary
from provstore.queries.obscore import obscore_attributes
from provstore.uws.agents import person, pseudonym
from provstore.uws.descriptions.content_types import guess_content_type

__all__ = ["BATCH", "Registered", "Registering"]

BATCH: Final = 2_000
"""So many products are one write, and one activity."""
_TOLD_MOST: Final = 1_000
_DATASET: Final = frozenset({Label.ENTITY, Label.DATASET})
_SHA256: Final = "sha256"
_FILE: Final = "file:"


@dataclass(slots=True, kw_only=True)
class Registered:
    """What became of a list.

    ``rows`` are those written or known so far; ``known`` those that were registered before. ``entities`` are the local
    ids of the first thousand products, ``activities`` those of the activities, one a batch.
    """

    rows: int = 0
    registered: int = 0
    known: int = 0
    entities: list[str] = field(default_factory=list)
    activities: list[str] = field(default_factory=list)


Progress = Callable[[Registered], None]


class Registering:
    """Registers products.

    Args:
        store: The graph.
        clock: The present instant.
    """

    def __init__(self, store: GraphStore, *, clock: Callable[[], datetime] = now) -> None:
        self._store = store
        self._clock = clock

    def register(
        self,
        caller: Caller,
        products: Iterable[Product],
        *,
        public: bool = False,
        progress: Progress = lambda _registered: None,
    ) -> Registered:
        """Store products; what is wrong with one of them stops at the batch before it.

        Args:
            caller: Whose they become.
            products: In memory by the batch only.
            public: Everybody may see them; else their owner and the curators of all services.
            progress: Told after each batch.

        Raises:
            Unauthenticated: nobody knows whose they would be.
            Forbidden: a file of this machine, by somebody who is no administrator.
            Invalid: as whoever reads the products.
            Unavailable: the store can't be reached; the message tells how far it came.
        """
        work = self._work(caller, public=public)
        source = iter(products)
        done = Registered()
        while batch := tuple(islice(source, BATCH)):
            self._refuse_local_files(caller, batch)
            try:
                self._write(work, batch, done)
            except Unavailable as error:
                words = f"{error.message}; {done.rows} rows are registered: send the list again for the others"
                raise Unavailable(words) from error
            progress(done)
        return done

    def check(self, caller: Caller, products: Iterable[Product]) -> int:
        """Read products to the end and store nothing; give how many there are.

        Raises:
            Unauthenticated, Forbidden, Invalid: as :meth:`register`.
        """
        self._work(caller, public=False)
        count = 0
        for product in products:
            self._refuse_local_files(caller, (product,))
            count += 1
        return count

    def _work(self, caller: Caller, *, public: bool) -> _Work:
        if not caller.agent:
            raise Unauthenticated("only people who have signed in may register products")
        namespace = self._store.namespace
        readers = curators(EVERY_SERVICE) | {reader_of(caller.agent)} | ({PUBLIC} if public else set())
        return _Work(
            namespace=namespace,
            agent=caller.agent,
            readers=frozenset(readers),
            head=person(namespace, caller.agent, name=pseudonym(caller), employed=False),
        )

    def _refuse_local_files(self, caller: Caller, batch: Sequence[Product]) -> None:
        """Nobody learns by a later check what files this machine has."""
        for product in batch:
            if product.location.lower().startswith(_FILE) and not caller.admin:
                words = f"{product.place}: files of this machine are registered by administrators (provstore register)"
                raise Forbidden(words, field="location", value=product.location)

    def _write(self, work: _Work, batch: Sequence[Product], done: Registered) -> None:
        ids = [work.id(product) for product in batch]
        try:
            fresh = self._write_new(work, batch, ids, done)
        except Conflict:  # another process registered some of them in between
            fresh = self._write_new(work, batch, ids, done)
        done.rows += len(batch)
        done.registered += fresh
        done.known += len(batch) - fresh
        left = _TOLD_MOST - len(done.entities)
        done.entities += [one.removeprefix(work.namespace) for one in ids[:left]]

    def _write_new(self, work: _Work, batch: Sequence[Product], ids: Sequence[NodeId], done: Registered) -> int:
        known = {node.id for node in self._store.get(ids)}
        fresh = {node: product for node, product in zip(ids, batch, strict=True) if node not in known}
        if not fresh:
            return 0
        local = new_local("r")
        self._store.write([*work.head, *self._activity(work, local, len(fresh)), *work.products(local, fresh)])
        done.activities.append(local)
        return len(fresh)

    def _activity(self, work: _Work, local: str, count: int) -> Iterator[Change]:
        at = self._clock()
        facts: dict[str, Value] = {"name": "register", "started_at": at, "ended_at": at, "products": count}
        node = NodeId(work.namespace + local)
        agent = NodeId(work.namespace + work.agent)
        yield Create(Node(node, frozenset({Label.ACTIVITY}), facts, readers=work.readers))
        yield Create(Relation(f"{local}.by", Kind.WAS_ASSOCIATED_WITH, node, agent, role="Operator"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """A list on its way in."""

    namespace: str
    agent: str
    readers: frozenset[str]
    head: tuple[Change, ...]

    def id(self, product: Product) -> NodeId:
        """Give the same id for the same product of the same person."""
        told = (f"{name}:{digits}" for name, digits in sorted(product.checksums.items()))
        return NodeId(self.namespace + stable_local("e", "registered", self.agent, product.location, *told))

    def products(self, activity: str, fresh: dict[NodeId, Product]) -> Iterator[Change]:
        """Give what is written of products, and the words they use."""
        vocabulary = Vocabulary(self.namespace, readers=self.readers)
        used, agent = NodeId(self.namespace + activity), NodeId(self.namespace + self.agent)
        for number, (node, product) in enumerate(fresh.items(), start=1):
            attributes = _attributes(product)
            vocabulary.meet(Statement("entity", attributes=(*_sums(product), *product.attributes)))
            yield Create(Node(node, _DATASET, self._facts(product), attributes, self.readers))
            yield Create(Relation(f"{activity}:{number:05d}", Kind.USED, used, node, role="product"))
            key = f"{node.removeprefix(self.namespace)}.a"
            yield Create(Relation(key, Kind.WAS_ATTRIBUTED_TO, node, agent, role="Provider"))
        yield from map(Ensure, vocabulary.nodes())

    def _facts(self, product: Product) -> dict[str, Value]:
        name = product.name or unquote(PurePosixPath(urlsplit(product.location).path).name) or product.location
        facts: dict[str, Value] = {"name": name, "location": product.location, "owner": self.agent}
        facts["content_type"] = product.content_type.partition(";")[0].strip() or guess_content_type(name)
        if product.size is not None:
            facts["size"] = product.size
        if _SHA256 in product.checksums:
            facts[_SHA256] = product.checksums[_SHA256]
        if product.generated_at is not None:
            facts["generated_at"] = product.generated_at
        return facts


def _attributes(product: Product) -> tuple[Attribute, ...]:
    return tuple(dict.fromkeys((*_sums(product), *obscore_attributes(product.record), *product.attributes)))


def _sums(product: Product) -> Iterator[Attribute]:
    return (Attribute(PROVSTORE + name, digits) for name, digits in product.checksums.items() if name != _SHA256)
