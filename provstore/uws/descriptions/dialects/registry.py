"""All dialects in which a description is read, and the choice among them: by content, never by the name of the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from provstore.errors import TooLarge
from provstore.uws.descriptions.dialects.documents import Document, document_of
from provstore.uws.descriptions.dialects.jsonform import read_json
from provstore.uws.descriptions.dialects.opus_json import read_opus_json
from provstore.uws.descriptions.dialects.par import read_par
from provstore.uws.descriptions.dialects.reading import Notes, Reading
from provstore.uws.descriptions.dialects.votable import SIZE_MAX, read_votable
from provstore.uws.descriptions.dialects.wadl import read_wadl

__all__ = ["DIALECTS", "Dialect", "read_description"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """A way to write a description: what tells it from the others, and its reader (of bytes and a source's name)."""

    name: str
    content: str
    recognises: Callable[[Document], bool]
    read: Callable[..., Reading]


DIALECTS: Final = (
    Dialect(
        name="VOTable",
        content="XML with the root VOTABLE",
        recognises=lambda document: document.root == "VOTABLE",
        read=read_votable,
    ),
    Dialect(
        name="WADL",
        content="XML with the root application of WADL",
        recognises=lambda document: document.root == "application" and "wadl" in document.namespace.lower(),
        read=read_wadl,
    ),
    Dialect(
        name="JSON of OPUS",
        content="a JSON object whose parameters are an object by name",
        recognises=lambda document: document.kind == "json" and document.by_name,
        read=read_opus_json,
    ),
    Dialect(
        name="JSON",
        content="a JSON object whose parameters are a list",
        recognises=lambda document: document.kind == "json",
        read=read_json,
    ),
    Dialect(
        name=".par",
        content="lines of name,type,mode,default,min,max,prompt",
        recognises=lambda document: document.kind == "par",
        read=read_par,
    ),
)
"""In the order in which they are tried."""


def read_description(data: bytes, *, source: str, strict: bool = False) -> Reading:
    """Read a description in any dialect.

    Args:
        data: The file, at most 4 MiB.
        source: Name of the file, for messages; a .par file gives its service's name by it.
        strict: Whether anything that would be repaired or assumed is an error.

    Raises:
        Invalid: it is in no dialect, or broken, with source, line and reason; or not exact, if it must be.
        TooLarge: it is longer than the limit.
    """
    if len(data) > SIZE_MAX:
        raise TooLarge(f"{source}: {len(data)} bytes; a description has at most {SIZE_MAX}")
    notes = Notes(source=source)
    document = document_of(data, notes=notes)
    chosen = next((dialect for dialect in DIALECTS if dialect.recognises(document)), None)
    if chosen is None:
        known = "; ".join(f"{dialect.name} ({dialect.content})" for dialect in DIALECTS)
        raise notes.refuse(0, f"{document.what} is no description; right is one of: {known}")
    reading = chosen.read(data, source=source)
    if strict and reading.repairs:
        listed = "; ".join(str(repair) for repair in reading.repairs)
        raise notes.refuse(0, f"not exact, in {len(reading.repairs)} places: {listed}")
    return reading
