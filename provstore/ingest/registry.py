"""All notations that can be read, as one literal table; and which one a document is in."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from functools import partial
from typing import Final

from provstore.errors import Invalid, UnsupportedType
from provstore.graph.documents import VOPROV_NAMESPACES
from provstore.ingest import provjson
from provstore.ingest.foreign import MOST_BYTES_OF_TURTLE, read_provjsonld, read_provn, read_provxml, read_turtle
from provstore.ingest.problems import shown
from provstore.ingest.reading import Reader
from provstore.ingest.rocrate import read_rocrate
from provstore.ingest.voprov import SECTIONS, read_voprov_xml
from provstore.ingest.whole import MOST_BYTES

__all__ = ["NOTATIONS", "Notation", "by_media_type", "by_name", "recognise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notation:
    """A notation that can be read.

    Args:
        name: What ``--format`` and ``?format=`` call it.
        media_types: Of a body, without parameters; a type belongs to one notation only.
        suffixes: Of files' names, in small letters. Some belong to several notations: then the content tells.
        read: Begins to read.
        most_bytes: More are refused by the reader; None where any size is read.
    """

    name: str
    media_types: tuple[str, ...] = ()
    suffixes: tuple[str, ...]
    read: Reader
    most_bytes: int | None = MOST_BYTES


_READ_PROVJSON: Final = partial(provjson.read, sections=SECTIONS)
"""The dialect's own sections take nothing away from standard documents."""

NOTATIONS: Final[tuple[Notation, ...]] = (
    Notation(
        name="prov-json",
        media_types=("application/json", "application/provenance+json", "application/prov+json"),
        suffixes=(".json", ".provjson"),
        read=_READ_PROVJSON,
        most_bytes=None,
    ),
    Notation(
        name="prov-xml",
        media_types=("application/provenance+xml", "application/xml", "text/xml"),
        suffixes=(".xml", ".provx"),
        read=read_provxml,
    ),
    Notation(
        name="prov-n",
        media_types=("text/provenance-notation", "text/plain"),
        suffixes=(".provn", ".pn", ".asn", ".prov-asn"),
        read=read_provn,
    ),
    Notation(
        name="prov-jsonld", media_types=("application/ld+json",), suffixes=(".jsonld", ".json"), read=read_provjsonld
    ),
    Notation(
        name="turtle",
        media_types=("text/turtle", "application/x-turtle", "application/trig"),
        suffixes=(".ttl", ".trig"),
        read=read_turtle,
        most_bytes=MOST_BYTES_OF_TURTLE,
    ),
    Notation(
        name="ro-crate", media_types=("application/zip",), suffixes=(".json", ".jsonld", ".zip"), read=read_rocrate
    ),
    Notation(name="voprov-json", suffixes=(".json",), read=_READ_PROVJSON, most_bytes=None),
    Notation(name="voprov-xml", suffixes=(".xml", ".provx"), read=read_voprov_xml),
)

_CRATE: Final = "w3id.org/ro/crate"
_METADATA: Final = re.compile(r"ro-crate-metadata\.json(ld)?\Z")
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_JSONLD: Final = re.compile(r'"@(?:context|graph|id|type)"\s*:')
_COMMENTS: Final = re.compile(r"(?:\s++|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/|#[^\n]*+)*+")
_XML_LEAD: Final = re.compile(r"(?:\s++|<\?(?:[^?]|\?(?!>))*+\?>|<!--(?:[^-]|-(?!->))*+-->|<!DOCTYPE[^>]*+>)*+")
_ROOT: Final = re.compile(r"<(?:([\w.-]+):)?[\w.-]+(?=[\s/>])[^>]*+")
_BEGINNINGS: Final = (
    ("ro-crate", re.compile(r"PK\x03\x04")),
    ("prov-json", re.compile(r'\s*+(?:\{\s*+(?:["}]|\Z)|\[)')),
    ("prov-xml", re.compile(r"\s*+<(?:\?|!|(?:[\w.-]+:)?[A-Za-z_][\w.-]*+[\s/>])")),
    ("prov-n", re.compile(_COMMENTS.pattern + r"document\b")),
    ("turtle", re.compile(_COMMENTS.pattern + r"(?i:@prefix|@base|prefix\s|base\s|graph\s|<[^>\s]*+>|\{)")),
)
"""How documents of a notation begin; the first that fits."""


def by_name(name: str) -> Notation:
    """Find a notation by its name, in any case.

    Raises:
        Invalid: naming the known ones.
    """
    for one in NOTATIONS:
        if one.name == name.lower():
            return one
    raise Invalid(f"unknown format {shown(name)!r}; known: {_known()}", field="format", value=name)


def by_media_type(media_type: str) -> Notation:
    """Find the notation of a body by its Content-Type; of the parameters only the profile of RO-Crate matters.

    Raises:
        UnsupportedType: naming the media types that can be read.
    """
    bare = media_type.partition(";")[0].strip().lower()
    if bare == "application/ld+json" and _CRATE in media_type:
        return by_name("ro-crate")
    for one in NOTATIONS:
        if bare in one.media_types:
            return one
    known = ", ".join(name for one in NOTATIONS for name in one.media_types)
    raise UnsupportedType(f"no notation of type {shown(media_type)!r}; known: {known}", field="format", value=bare)


def recognise(name: str, head: bytes) -> Notation:
    """Tell a document's notation by the name of its file, as far as that is telling, else by its first bytes.

    Args:
        name: Of the file, "" if there is none.
        head: Some thousand bytes.

    Raises:
        UnsupportedType: it is none that can be read, as far as can be seen.
    """
    ending = name.lower()
    fitting = [one for one in NOTATIONS if ending.endswith(one.suffixes)]
    if len(fitting) == 1:
        return fitting[0]
    text = _text(head)
    found = _beginning(text) or (fitting[0].name if fitting else "")
    if not found:
        raise UnsupportedType(f"the content is of no notation that can be read; known: {_known()}", field="format")
    return by_name(_CLOSER.get(found, _as_it_is)(found, text, ending))


def _known() -> str:
    return ", ".join(one.name for one in NOTATIONS)


def _text(head: bytes) -> str:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return head.removeprefix(mark).decode(encoding, "replace")
    return head.decode("utf-8", "replace")


def _beginning(text: str) -> str:
    return next((name for name, pattern in _BEGINNINGS if pattern.match(text)), "")


def _as_it_is(found: str, _text: str, _name: str) -> str:
    return found


def _closer_json(found: str, text: str, name: str) -> str:
    """Tell PROV-JSON, JSON-LD and the metadata of a crate apart."""
    if _METADATA.search(name):
        return "ro-crate"
    if _JSONLD.search(text) is None:
        return found
    return "ro-crate" if _CRATE in text else "prov-jsonld"


def _closer_xml(found: str, text: str, _name: str) -> str:
    """Tell PROV-XML from the dialect by the namespace of the root."""
    lead = _XML_LEAD.match(text)
    root = _ROOT.match(text, lead.end() if lead else 0)
    if root is None:
        return found
    declaration = f"xmlns:{root[1]}" if root[1] else "xmlns"
    namespace = re.search(rf"\s{re.escape(declaration)}\s*=\s*([\"'])(.*?)\1", root[0])
    return "voprov-xml" if namespace and namespace[2] in VOPROV_NAMESPACES else found


_CLOSER: Final = {"prov-json": _closer_json, "prov-xml": _closer_xml}
