"""Provenance documents as the server keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

__all__ = ["Receipt", "RemoteDocument", "document_of", "receipt_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a document that was brought; ``document`` is its id, "" if it was only a trial.

    ``conflicts``: what it says of things that are not its to tell; it is kept, and changes nothing of them.
    ``remarks``: what had to be repaired to read it.
    """

    document: str
    records: int
    nodes: int
    relations: int
    conflicts: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteDocument:
    """A document on the server; ``format`` is the one in which it was brought."""

    id: str
    href: str
    name: str
    format: str
    size: int
    sha256: str
    imported_at: datetime | None
    public: bool


def receipt_of(facts: Mapping[str, Any]) -> Receipt:
    """Read a receipt."""
    return Receipt(
        document=facts.get("document") or "",
        records=facts["records"],
        nodes=facts["nodes"],
        relations=facts["relations"],
        conflicts=tuple(map(str, facts.get("conflicts", ()))),
        remarks=tuple(map(str, facts.get("remarks", ()))),
    )


def document_of(facts: Mapping[str, Any]) -> RemoteDocument:
    """Read a document of a list."""
    imported = facts.get("imported")
    return RemoteDocument(
        id=facts["document"],
        href=facts["href"],
        name=facts["name"],
        format=facts["format"],
        size=facts["size"],
        sha256=facts["sha256"],
        imported_at=datetime.fromisoformat(imported) if imported else None,
        public=facts["public"],
    )
