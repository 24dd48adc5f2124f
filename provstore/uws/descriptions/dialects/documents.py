"""Tells what kind of document some bytes are, as far as a look at their beginning and shape can tell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from provstore.uws.descriptions.dialects.jsontext import parse_json
from provstore.uws.descriptions.dialects.reading import Notes
from provstore.uws.descriptions.dialects.xmltree import SAFE

__all__ = ["Document", "document_of"]

_CHUNK: Final = 1 << 16
_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_PAR_LINE: Final = re.compile(
    rb"[ \t]*[A-Za-z_][\w.-]{0,80}[ \t]*,[ \t]*\*?\w{1,8}[ \t]*,[ \t]*[ahqlAHQL]{1,5}[ \t]*(?:,|\Z)"
)
_PARTS: Final = ("parameters", "used", "generated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What some bytes look like.

    ``kind`` is xml, json, par or ""; ``what`` says it for messages; ``root`` and ``namespace`` are those of XML;
    ``by_name`` tells of JSON that its parameters, inputs or results are objects by name, as OPUS writes them.
    """

    kind: str
    what: str
    root: str = ""
    namespace: str = ""
    by_name: bool = False


def document_of(data: bytes, *, notes: Notes) -> Document:
    """Look at a document.

    Raises:
        Invalid: it is empty, or JSON that can't be parsed.
    """
    start = _without_mark(data[:_CHUNK]).lstrip()
    if not start:
        raise notes.refuse(0, "the file is empty")
    if start[:1] == b"<" or data.startswith(_MARKS[1:]):
        return _xml(data)
    if start[:1] in {b"{", b"["}:
        return _json(data, notes=notes)
    if _PAR_LINE.match(_first_line(data)):
        return Document(kind="par", what="a parameter file")
    return Document(kind="", what=f"a file that begins with {start[:20]!r}")


def _without_mark(data: bytes) -> bytes:
    return data.removeprefix(_MARKS[0])


def _first_line(data: bytes) -> bytes:
    """Give the first line that is neither empty nor a comment."""
    lines = (line.strip() for line in re.split(rb"[\r\n]+", _without_mark(data)))
    return next((line for line in lines if line and not line.startswith(b"#")), b"")


def _xml(data: bytes) -> Document:
    """Read as far as the root element, in which a WADL may still have its faults."""
    parser: Any = etree.XMLPullParser(events=("start",), recover=True, **SAFE)
    try:
        for start in range(0, len(data), _CHUNK):
            parser.feed(data[start : start + _CHUNK])
            for _, element in parser.read_events():
                name = etree.QName(element)
                what = f"XML with the root <{name.localname}> of {name.namespace or ''!r}"
                return Document(kind="xml", what=what, root=name.localname, namespace=name.namespace or "")
    except (etree.XMLSyntaxError, ValueError):
        pass
    reason = "with a document type declaration (a description needs none)" if b"<!DOCTYPE" in data else ""
    return Document(kind="xml", what=f"XML {reason or 'without a root element'}")


def _json(data: bytes, *, notes: Notes) -> Document:
    document = parse_json(data, notes=notes)
    if not isinstance(document, dict):
        return Document(kind="", what="a JSON list")
    by_name = any(isinstance(document.get(part), dict) or f"{part}_keys" in document for part in _PARTS)
    return Document(kind="json", what="a JSON object", by_name=by_name or "control_parameters" in document)
