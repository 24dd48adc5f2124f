"""Files that entities stand for, read again: whether they are what they were, as the graph will tell from then on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from provstore.accounts.callers import EVERY_SERVICE, Caller, curators, reader_of
from provstore.errors import Forbidden, NotFound, Unavailable
from provstore.graph.model import (
    PROVSTORE,
    Attribute,
    Kind,
    Label,
    Node,
    NodeId,
    Relation,
    Value,
    new_local,
    now,
)
from provstore.graph.store import Change, Condition, Create, Filter, Find, GraphStore, Op, Order, Update, every
from provstore.uws.agents import person, pseudonym
from provstore.uws.checksums import ALGORITHMS, checksums_of
from provstore.uws.files import Files
from provstore.uws.jobs import integer, text

__all__ = ["Outcome", "Verified", "Verifying"]

_BATCH: Final = 500
_PAGE: Final = 1_000
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_FILE: Final = "file"
_SHA256: Final = "sha256"


class Outcome(StrEnum):
    """What became of a file."""

    FINE = "fine"
    """Its bytes are those that were recorded."""
    CHANGED = "changed"
    MISSING = "missing"
    UNKNOWN = "unknown"
    """It is there; no checksum was recorded that could be computed."""
    ELSEWHERE = "elsewhere"
    """It lies on another machine, and was not looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was found of an entity. ``detail``: what differs, or why nothing is known."""

    entity: NodeId
    location: str
    outcome: Outcome
    detail: str = ""
    checksums: Mapping[str, str] = field(default_factory=dict)


class Verifying:
    """Reads files again and records what it finds: an activity for each batch, and the latest result at each entity.

    Args:
        store: The graph.
        files: Where our own lie.
        clock: The present instant.
    """

    def __init__(self, store: GraphStore, files: Files, *, clock: Callable[[], datetime] = now) -> None:
        self._store = store
        self._files = files
        self._clock = clock

    def verify(self, caller: Caller, ids: Sequence[NodeId]) -> Iterator[Verified]:
        """Look at some entities; each of them is told by the activity.

        Raises:
            Forbidden: the caller is no administrator.
            NotFound: one of them is not there, or is no entity with a file.
        """
        found = {node.id: node for node in self._store.get(ids, caller.viewer)}
        missing = next((one for one in ids if one not in found or not text(found[one].properties, "location")), None)
        if missing is not None:
            raise NotFound(f"{missing} is no entity with a file", field="id", value=missing)
        return self._in_batches(caller, found.values(), tells_all=True)

    def verify_all(self, caller: Caller) -> Iterator[Verified]:
        """Look at every entity that has a file; the activities tell those that are not fine.

        Raises:
            Forbidden: the caller is no administrator.
        """
        filters = (Filter("location", Op.GT, ""), Filter("invalidated_at", Op.ABSENT))
        condition = Condition(label=Label.ENTITY, filters=filters)
        question = Find(condition=condition, order=Order("location"), limit=_PAGE)  # an index has this order
        return self._in_batches(caller, every(self._store, question), tells_all=False)

    def _in_batches(self, caller: Caller, nodes: Iterable[Node], *, tells_all: bool) -> Iterator[Verified]:
        if not caller.admin:
            raise Forbidden("only an administrator has files read again")
        return self._looked_at(caller, nodes, tells_all=tells_all)

    def _looked_at(self, caller: Caller, nodes: Iterable[Node], *, tells_all: bool) -> Iterator[Verified]:
        source = iter(nodes)
        while batch := tuple(islice(source, _BATCH)):
            started_at = self._clock()
            found = [self._look(node) for node in batch]
            told = [one for one in found if tells_all or one.outcome in (Outcome.CHANGED, Outcome.MISSING)]
            self._store.write([*self._history(caller, found, told, started_at), *self._states(found)])
            yield from found

    def _look(self, node: Node) -> Verified:
        location = text(node.properties, "location")
        known = _known(node)
        try:
            file = self._path(location)
            if file is None:
                return Verified(entity=node.id, location=location, outcome=Outcome.ELSEWHERE)
            now_there = checksums_of(file, known)
        except NotFound:
            return Verified(entity=node.id, location=location, outcome=Outcome.MISSING)
        except OSError as error:
            words = f"can't be read: {error.strerror}"
            return Verified(entity=node.id, location=location, outcome=Outcome.MISSING, detail=words)
        except Unavailable as error:
            return Verified(entity=node.id, location=location, outcome=Outcome.ELSEWHERE, detail=error.message)
        wrong = [name for name, digits in now_there.checksums.items() if digits != known[name]]
        size = integer(node.properties, "size")
        if size is not None and size != now_there.size:
            wrong.append(f"size: {now_there.size} bytes, not {size}")
        outcome = Outcome.CHANGED if wrong else Outcome.FINE if known else Outcome.UNKNOWN
        return Verified(
            entity=node.id,
            location=location,
            outcome=outcome,
            detail=", ".join(wrong),
            checksums=now_there.checksums,
        )

    def _path(self, location: str) -> Path | None:
        """Give the file of a location; None where it lies on another machine.

        Raises:
            NotFound: it is not in the data directory any more.
            Unavailable: it was left on a cluster that can't be reached now.
        """
        if not _SCHEME.match(location):
            return self._files.path(location)
        parts = urlsplit(location)
        is_here = parts.scheme.lower() == _FILE and parts.netloc in {"", "localhost"}
        return Path(unquote(parts.path)) if is_here else None

    def _history(
        self, caller: Caller, found: Sequence[Verified], told: Sequence[Verified], started_at: datetime
    ) -> Iterator[Change]:
        namespace, local = self._store.namespace, new_local("v")
        node, agent = NodeId(namespace + local), NodeId(namespace + caller.agent)
        counts = Counter(one.outcome for one in found)
        facts: dict[str, Value] = {"name": "verify", "started_at": started_at, "ended_at": self._clock()}
        facts |= {outcome.value: counts[outcome] for outcome in Outcome if counts[outcome]}
        readers = frozenset(curators(EVERY_SERVICE) | {reader_of(caller.agent)})
        yield from person(namespace, caller.agent, name=pseudonym(caller), employed=False)
        yield Create(Node(node, frozenset({Label.ACTIVITY}), facts, readers=readers))
        yield Create(Relation(f"{local}.by", Kind.WAS_ASSOCIATED_WITH, node, agent, role="Operator"))
        for number, one in enumerate(told, start=1):
            yield Create(_telling(f"{local}:{number:05d}", node, one))

    def _states(self, found: Sequence[Verified]) -> Iterator[Change]:
        at = self._clock()
        for one in found:
            if one.outcome is not Outcome.ELSEWHERE:
                yield Update(node=one.entity, expected={}, put={"verified": one.outcome.value, "verified_at": at})


def _telling(key: str, activity: NodeId, one: Verified) -> Relation:
    attributes = [Attribute(f"{PROVSTORE}outcome", one.outcome.value)]
    attributes += [Attribute(PROVSTORE + name, digits) for name, digits in one.checksums.items()]
    return Relation(key, Kind.USED, activity, one.entity, role="verified", attributes=tuple(attributes))


def _known(node: Node) -> dict[str, str]:
    """Give the checksums of an entity that can be computed again."""
    length = len(PROVSTORE)
    told = {one.key[length:]: one.lexical for one in node.attributes if one.key.startswith(PROVSTORE)}
    own = {name: text(node.properties, name) for name in ALGORITHMS}
    return {name: digits.lower() for name in ALGORITHMS if (digits := own[name] or told.get(name, ""))}
