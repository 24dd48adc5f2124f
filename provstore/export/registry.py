"""All formats, as one literal table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO, Final

from provstore.errors import Invalid, NotAcceptable
from provstore.export import (
    cytoscape,
    dot,
    provjson,
    provjsonld,
    provn,
    provxml,
    rocrate,
    svg,
    turtle,
    voprov,
    votable,
)
from provstore.export.document import Document
from provstore.export.names import Namespaces
from provstore.export.records import Record

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
        write_records: Writes any stream of records with their bundles, so that a document comes back as it was; None
            for formats that can't hold one.
    """

    name: str
    media_type: str
    also: tuple[str, ...] = ()
    suffix: str
    write: Callable[[Document, BinaryIO], None]
    write_records: Callable[[Iterable[Record], Namespaces, BinaryIO], None] | None = None


FORMATS: Final[tuple[Format, ...]] = (
    Format(
        name="prov-json",
        media_type="application/json",
        also=("application/provenance+json", "application/prov+json"),
        suffix=".json",
        write=provjson.write,
        write_records=provjson.write_records,
    ),
    Format(
        name="prov-n",
        media_type='text/provenance-notation; charset="utf-8"',
        also=("text/plain",),
        suffix=".provn",
        write=provn.write,
        write_records=provn.write_records,
    ),
    Format(
        name="prov-xml",
        media_type="application/provenance+xml",
        also=("application/xml", "text/xml"),
        suffix=".xml",
        write=provxml.write,
        write_records=provxml.write_records,
    ),
    Format(
        name="prov-jsonld",
        media_type="application/ld+json",
        suffix=".jsonld",
        write=provjsonld.write,
        write_records=provjsonld.write_records,
    ),
    Format(
        name="turtle",
        media_type="text/turtle",
        also=("application/x-turtle",),
        suffix=".ttl",
        write=turtle.write,
        write_records=turtle.write_records,
    ),
    Format(
        name="trig",
        media_type="application/trig",
        suffix=".trig",
        write=turtle.write_trig,
        write_records=turtle.write_trig_records,
    ),
    Format(
        name="votable",
        media_type="application/x-votable+xml",
        suffix=".vot",
        write=votable.write,
        write_records=votable.write_records,
    ),
    Format(name="svg", media_type="image/svg+xml", suffix=".svg", write=svg.write),
    Format(name="dot", media_type="text/vnd.graphviz", suffix=".dot", write=dot.write),
    Format(name="png", media_type="image/png", suffix=".png", write=dot.write_png),
    Format(
        name="ro-crate",
        media_type='application/ld+json; profile="https://w3id.org/ro/crate"',
        suffix="-ro-crate-metadata.json",
        write=rocrate.write,
        write_records=rocrate.write_records,
    ),
    # Their media types are those of formats above, which Accept gives; these are asked for by name.
    Format(
        name="cytoscape",
        media_type="application/json",
        suffix=".cyjs",
        write=cytoscape.write,
        write_records=cytoscape.write_records,
    ),
    Format(
        name="voprov-json",
        media_type="application/json",
        suffix=".voprov.json",
        write=voprov.write_json,
        write_records=voprov.write_json_records,
    ),
    Format(
        name="voprov-xml",
        media_type="application/xml",
        suffix=".voprov.xml",
        write=voprov.write_xml,
        write_records=voprov.write_xml_records,
    ),
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
