"""What a copy carries: the id of the record, its page, and the lineage."""

from __future__ import annotations

from dataclasses import replace

from provstore.export import votable
from provstore.export.document import Document
from provstore.export.embedding.copies import Embedded
from provstore.export.embedding.summary import summary
from provstore.graph.model import Node, Subgraph

__all__ = ["provenance_of"]


def provenance_of(node: Node, answer: Subgraph, *, namespace: str, site: str, sha256: str = "") -> Embedded:
    """Give what a copy of a file carries.

    Args:
        node: The record.
        answer: Its lineage, as far as the reader of the copy may see it.
        namespace: The store's own.
        site: Address of the server, "" for none.
        sha256: Of the bytes, where the record does not tell.
    """
    document = replace(Document.of_answer(answer, namespace), site=site)
    local = node.id.removeprefix(namespace)
    return Embedded(
        id=node.id,
        page=f"{site}/id/{local}" if site and local != node.id else "",
        sha256=str(node.properties.get("sha256", "")) or sha256,
        votable=lambda out: votable.write(document, out),
        summary=summary(answer),
    )
