"""SVG: a picture for people."""

from __future__ import annotations

from typing import BinaryIO

from provstore.export.document import Document
from provstore.export.drawing import Caption, draw
from provstore.export.escapes import encode
from provstore.export.picture import picture_of
from provstore.export.placement import place

__all__ = ["caption_of", "write"]


def write(document: Document, out: BinaryIO) -> None:
    """Write a document as SVG.

    Raises:
        TooLarge: more nodes than anybody can look at.
    """
    picture = picture_of(document)
    out.writelines(encode(piece) for piece in draw(picture, place(picture), caption_of(document)))


def caption_of(document: Document) -> Caption:
    """Give the heading of a picture and what its reader must know."""
    told = ["Truncated: there is more than is shown here."] if document.truncated else []
    told += ["Restricted: something you may not see is left out."] if document.restricted else []
    return document.title or "Provenance", (*told, *document.notes)
