"""All formats, as one literal table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final

from provstore.errors import Invalid, NotAcceptable
from provstore.export import dot, provjson, provn, provxml, svg, votable
from provstore.export.document import Document

__all__ = ["FORMATS", "Format", "by_media_type", "by_name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format that can be written.

    Args:
        name: What ``--format`` and ``?format=`` call it.
        media_type: What is written, as in Content-Type.
        also: Further media types (without parameters) that ask for it.
        suffix: Of a file's name, with the dot.
        write: Writes a document. May raise Unavailable (a program is missing) and TooLarge.
    """

    name: str
    media_type: str
    also: tuple[str, ...] = ()
    suffix: str
    write: Callable[[Document, BinaryIO], None]


FORMATS: Final[tuple[Format, ...]] = (
    Format(
        name="prov-json",
        media_type="application/json",
        also=("application/provenance+json", "application/prov+json"),
        suffix=".json",
        write=provjson.write,
    ),
    Format(
        name="prov-n",
        media_type='text/provenance-notation; charset="utf-8"',
        also=("text/plain",),
        suffix=".provn",
        write=provn.write,
    ),
    Format(
        name="prov-xml",
        media_type="application/provenance+xml",
        also=("application/xml", "text/xml"),
        suffix=".xml",
        write=provxml.write,
    ),
    Format(name="votable", media_type="application/x-votable+xml", suffix=".vot", write=votable.write),
    Format(name="svg", media_type="image/svg+xml", suffix=".svg", write=svg.write),
    Format(name="dot", media_type="text/vnd.graphviz", suffix=".dot", write=dot.write),
    Format(name="png", media_type="image/png", suffix=".png", write=dot.write_png),
)
"""The first is the default."""


def by_name(name: str) -> Format:
    """Find a format by its name, in any case.

    Raises:
        Invalid: naming the known ones.
    """
    for one in FORMATS:
        if one.name == name.lower():
            return one
    known = ", ".join(one.name for one in FORMATS)
    raise Invalid(f"unknown format {name!r}; known: {known}", field="format", value=name)


def by_media_type(media_type: str) -> Format:
    """Find the first format that a media type (parameters are ignored) asks for.

    Raises:
        NotAcceptable: naming the media types that can be written.
    """
    wanted = _bare(media_type)
    for one in FORMATS:
        if wanted == _bare(one.media_type) or wanted in one.also:
            return one
    known = ", ".join(dict.fromkeys(_bare(one.media_type) for one in FORMATS))
    raise NotAcceptable(f"no format of type {media_type!r}; known: {known}", field="format", value=media_type)


def _bare(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()
