"""Documents of others taken into the graph, whole or not at all; and who took them in, and when."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from provstore.errors import NotFound, ProvstoreError, Unavailable
from provstore.graph.documents import Scribe
from provstore.graph.model import (
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
from provstore.graph.statements import ELEMENTS, Statement
from provstore.graph.store import Change, Condition, Create, Ensure, Filter, Find, GraphStore, Op, Update, Upsert, every
from provstore.ingest.reading import Reading
from provstore.ingest.spooled import Spooled
from provstore.ingest.vocabulary import Vocabulary

__all__ = ["Author", "Check", "Documents", "Receipt", "Source"]

_BATCH: Final = 5_000
"""So many changes are written at once."""
_AT_ONCE: Final = 2_000
"""Documents of up to so many records are one write."""
_STALE: Final = timedelta(minutes=10)
"""An import that has written nothing for so long was interrupted."""

Check = Callable[[Iterable[Statement]], None]
"""Tests the statements of a whole document before anything is stored; raises Invalid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who brings a document: his agent, what he may see, and who may see what he brings."""

    agent: Node
    viewer: Viewer
    readers: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a document comes from: the name of its file ("" for none), its notation, its size and checksum."""

    name: str
    notation: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a document.

    ``document`` is its local id, "" for a dry run. ``records`` = ``nodes`` that it speaks of are counted apart from
    ``relations``. ``conflicts``: what it claims of nodes of our own, kept and without effect. ``remarks``: what was
    understood in another way than it was written.
    """

    document: str
    records: int
    nodes: int
    relations: int
    conflicts: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Work:
    """One document on its way in."""

    local: str
    author: Author
    scribe: Scribe
    bundles: Mapping[str, NodeId]
    vocabulary: Vocabulary
    began_at: datetime
    relations: int = 0
    heads: tuple[Node, ...] = ()


class Documents:
    """Takes documents in and forgets them.

    Args:
        store: The graph.
        clock: The present instant.
    """

    def __init__(self, store: GraphStore, *, clock: Callable[[], datetime] = now) -> None:
        self._store = store
        self._clock = clock

    def add(
        self,
        reading: Reading,
        source: Source,
        author: Author,
        *,
        check: Check | None = None,
        progress: Callable[[int], None] = lambda _records: None,
    ) -> Receipt:
        """Store a document.

        Args:
            reading: Of the document.
            source: What is known of it beside its content.
            author: Who brings it.
            check: A further test of the whole document.
            progress: Told the number of records stored so far.

        Raises:
            Malformed: it can't be read to its end; nothing was stored.
            Invalid: something in it can't be kept, or the check refuses it; nothing was stored.
            Unavailable: the store can't be reached. What had been stored is not seen by anybody, and is removed by
                the next :meth:`clean`.
        """
        with Spooled(reading.statements) as statements:
            if check is not None:
                check(statements)
            work = self._begin(reading, source, author)
            if statements.count <= _AT_ONCE:
                self._store.write([*map(Create, work.heads), *self._history(work), *self._changes(work, statements)])
            else:
                self._write_in_parts(work, self._changes(work, statements), progress)
            return self._receipt(work, reading, statements, document=work.local)

    def check(self, reading: Reading, author: Author, *, check: Check | None = None) -> Receipt:
        """Read a document and tell what storing it would do, without doing it.

        Raises:
            Malformed: it can't be read to its end.
            Invalid: the check refuses it.
        """
        with Spooled(reading.statements) as statements:
            if check is not None:
                check(statements)
            work = self._begin(reading, Source(name="", notation="", size=0, sha256=""), author)
            for _ in self._changes(work, statements):
                pass
            return self._receipt(work, reading, statements, document="")

    def clean(self) -> None:
        """Remove what interrupted imports left."""
        condition = Condition(label=Label.BUNDLE, filters=(Filter("state", Op.EQ, _IMPORTING),))
        long_ago = self._clock() - _STALE
        for node in list(every(self._store, Find(condition=condition))):
            changed_at = node.properties.get("changed_at")
            if isinstance(changed_at, datetime) and changed_at < long_ago:
                self.forget(node.id)

    def forget(self, document: NodeId) -> int:
        """Remove a document with all it says; give the number of relations removed.

        Raises:
            NotFound: there is no such document.
        """
        condition = Condition(label=Label.BUNDLE, filters=(Filter("document", Op.EQ, document),))
        bundles = [node.id for node in every(self._store, Find(condition=condition))]
        if not bundles:
            raise NotFound(f"there is no document {document}", field="document", value=document)
        inner = [one for one in bundles if one != document]
        return sum(self._store.retract(one) for one in (*inner, document))

    # --- one document

    def _begin(self, reading: Reading, source: Source, author: Author) -> _Work:
        local = new_local("d")
        namespace = self._store.namespace
        names = [name for name in reading.namespaces if name]
        bundles = {"": NodeId(namespace + local)}
        bundles |= {name: NodeId(f"{namespace}{local}.{number}") for number, name in enumerate(names, start=1)}
        scribe = Scribe(namespace, bundles=bundles, readers=author.readers, known=_Known(self._store, author.viewer))
        work = _Work(
            local=local,
            author=author,
            scribe=scribe,
            bundles=bundles,
            vocabulary=Vocabulary(namespace, readers=author.readers),
            began_at=self._clock(),
        )
        work.heads = tuple(self._heads(work, reading, source))
        return work

    def _heads(self, work: _Work, reading: Reading, source: Source) -> Iterator[Node]:
        """Make the node of the document and those of its bundles."""
        root = work.bundles[""]
        for position, (name, bundle) in enumerate(work.bundles.items()):
            prefixes = dict(reading.namespaces.get(name, {}))
            work.vocabulary.declare(prefixes)
            facts: dict[str, Value] = {
                "document": root,
                "position": position,
                "created_at": work.began_at,
                "owner": work.author.agent.id[len(self._store.namespace) :],
                "namespaces": json.dumps(prefixes),
            }
            if name:
                yield Node(bundle, _BUNDLE, {**facts, "bundle": name}, readers=work.author.readers)
            else:
                facts |= {"name": source.name or work.local, "format": source.notation, "size": source.size}
                facts |= {"sha256": source.sha256} if source.sha256 else {}
                yield Node(bundle, _BUNDLE | {Label.ENTITY}, facts, readers=work.author.readers)

    def _changes(self, work: _Work, statements: Iterable[Statement]) -> Iterator[Change]:
        for statement in statements:
            work.relations += statement.kind not in ELEMENTS
            work.vocabulary.meet(statement)
            yield from work.scribe.changes(statement)
        yield from (Ensure(node) for node in work.vocabulary.nodes())

    def _history(self, work: _Work) -> Iterator[Change]:
        """Tell who took the document in, and when: provenance of provenance."""
        root = work.bundles[""]
        activity = NodeId(f"{root}.import")
        times: dict[str, Value] = {"started_at": work.began_at, "ended_at": self._clock()}
        facts: dict[str, Value] = {"name": "import", **times}
        yield Ensure(work.author.agent)
        yield Create(Node(activity, frozenset({Label.ACTIVITY}), facts, readers=work.author.readers))
        yield Create(Relation(f"{work.local}.import", Kind.WAS_GENERATED_BY, root, activity))
        yield Create(
            Relation(f"{work.local}.by", Kind.WAS_ASSOCIATED_WITH, activity, work.author.agent.id, role="Operator")
        )

    def _write_in_parts(self, work: _Work, changes: Iterator[Change], progress: Callable[[int], None]) -> None:
        """Write batch by batch, under bundles that nobody sees; the last write shows them."""
        root = work.bundles[""]
        hidden = [head._replace(readers=frozenset()) for head in work.heads]
        self._store.write([*map(Create, hidden), self._alive(root)])
        try:
            written = 0
            while batch := list(islice(changes, _BATCH)):
                self._store.write([*batch, self._alive(root)])
                written += sum(isinstance(one, Create) for one in batch)
                progress(written)
            shown = Update(node=root, expected={"state": _IMPORTING}, put={"state": None, "changed_at": None})
            self._store.write([*map(Upsert, work.heads), *self._history(work), shown])
        except ProvstoreError:
            with suppress(Unavailable):
                self.forget(root)
            raise

    def _alive(self, root: NodeId) -> Update:
        return Update(node=root, expected={}, put={"state": _IMPORTING, "changed_at": self._clock()})

    def _receipt(self, work: _Work, reading: Reading, statements: Spooled, *, document: str) -> Receipt:
        return Receipt(
            document=document,
            records=statements.count,
            nodes=work.scribe.nodes,
            relations=work.relations,
            conflicts=tuple(work.scribe.conflicts),
            remarks=tuple(map(str, reading.remarks)),
        )


class _Known:
    """Labels of nodes of our own, as far as the author may see them; remembers the last ones."""

    def __init__(self, store: GraphStore, viewer: Viewer) -> None:
        self._store = store
        self._viewer = viewer
        self._seen: dict[NodeId, frozenset[Label] | None] = {}

    def __call__(self, node: NodeId) -> frozenset[Label] | None:
        if node not in self._seen:
            if len(self._seen) >= _BATCH:
                self._seen.clear()
            found = self._store.get([node], self._viewer)
            self._seen[node] = found[0].labels if found else None
        return self._seen[node]


_BUNDLE: Final = frozenset({Label.BUNDLE})
_IMPORTING: Final = "importing"
