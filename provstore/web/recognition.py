"""Which record a file belongs to: by its bytes, by those it was a copy of, or by what it says of itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO, Final

from provstore.errors import Invalid, UnsupportedType
from provstore.export.embedding.registry import original_sha256
from provstore.graph.model import EVERYBODY, Label, Node, NodeId, Viewer
from provstore.graph.store import Condition, Filter, Find, GraphStore, Op
from provstore.ingest.embedded import Found, find

__all__ = ["Likeness", "Recognised", "recognise"]

_MOST: Final = 100


class Likeness(StrEnum):
    """How a file is related to the records found."""

    SAME = "same"
    """It is the file, byte by byte."""
    COPY = "copy"
    """It is a copy that carries its provenance; everything else is as in the file."""
    NAMED = "named"
    """It carries the id, but is not that file: it was changed, or made of it by a program that kept its header."""
    UNKNOWN = "unknown"
    """There is no record of it here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """What was found out about a file.

    Args:
        likeness: How it is related to the records.
        nodes: The records: several where files have equal bytes, none if unknown.
        sha256: Of the bytes given.
        told: What it says of itself, if anything; of an unknown file it may lead to another server.
    """

    likeness: Likeness
    nodes: tuple[Node, ...]
    sha256: str
    told: Found | None


def recognise(store: GraphStore, source: BinaryIO, viewer: Viewer = EVERYBODY) -> Recognised:
    """Find the records of a file that the viewer may see; it is read twice at most, and must be seekable."""
    sha256 = _sha256(source)
    told = find(source)
    nodes = _with_bytes(store, sha256, viewer)
    if nodes or told is None:
        likeness = Likeness.SAME if nodes else Likeness.UNKNOWN
        return Recognised(likeness=likeness, nodes=nodes, sha256=sha256, told=told)
    copied = _with_bytes(store, _original(source), viewer)
    if copied:
        named = tuple(one for one in copied if one.id == told.id)
        return Recognised(likeness=Likeness.COPY, nodes=named or copied, sha256=sha256, told=told)
    nodes = store.get([NodeId(told.id)], viewer)
    return Recognised(likeness=Likeness.NAMED if nodes else Likeness.UNKNOWN, nodes=nodes, sha256=sha256, told=told)


def _sha256(source: BinaryIO) -> str:
    source.seek(0)
    digest = hashlib.sha256()
    while chunk := source.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


def _original(source: BinaryIO) -> str:
    try:
        return original_sha256(source)
    except (Invalid, UnsupportedType):
        return ""


def _with_bytes(store: GraphStore, sha256: str, viewer: Viewer) -> tuple[Node, ...]:
    if not sha256:
        return ()
    condition = Condition(label=Label.ENTITY, filters=(Filter("sha256", Op.EQ, sha256),))
    return store.find(Find(condition=condition, limit=_MOST), viewer).items
