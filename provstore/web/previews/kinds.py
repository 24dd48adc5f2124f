"""What kind of file something is, for those who want to see it: found out from its first bytes, not from its name."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Final

from provstore.web.previews.texts import encoding_of

__all__ = ["HEAD", "Kind", "kind_of"]

HEAD: Final = 4096
"""Bytes that tell."""

_GZIP: Final = b"\x1f\x8b"
_FITS: Final = b"SIMPLE  ="
_VOTABLE: Final = re.compile(rb"<(?:[\w.-]+:)?VOTABLE[\s>]")
_SVG: Final = re.compile(rb"<(?:[\w.-]+:)?svg[\s>]")
_DS9: Final = b"# Region file format: DS9"
_JSON: Final = (b"{", b"[")
_TABLES: Final = (".csv", ".tsv", ".ecsv")
_TABLE_TYPES: Final = ("text/csv", "text/tab-separated-values")


class Kind(StrEnum):
    """How a file is shown."""

    PICTURE = "picture"
    FITS = "fits"
    VOTABLE = "votable"
    SVG = "svg"
    PDF = "pdf"
    JSON = "json"
    TABLE = "table"
    TEXT = "text"
    REGIONS = "regions"
    OTHER = "other"


def kind_of(file: Path, content_type: str) -> Kind:
    """Tell how to show a file; what is said of its content counts only where the content can't tell."""
    with file.open("rb") as stream:
        head = stream.read(HEAD)
    found = next((kind for kind, fits in _BY_CONTENT if fits(head)), None)
    if found is not None:
        return found
    encoding = encoding_of(head, is_cut=len(head) == HEAD)
    if not encoding:
        return Kind.OTHER
    plain = head.decode(encoding, "replace").encode() if encoding != "utf-8" else head
    return _kind_of_text(plain, file.name.lower(), content_type.lower())


def _kind_of_text(head: bytes, name: str, content_type: str) -> Kind:
    if head.startswith(_DS9):
        return Kind.REGIONS
    if head.startswith(b"# %ECSV") or name.endswith(_TABLES) or content_type.startswith(_TABLE_TYPES):
        return Kind.TABLE
    if "json" in content_type or name.endswith(".json") or head.lstrip()[:1] in _JSON:
        return Kind.JSON
    if _VOTABLE.search(head):
        return Kind.VOTABLE
    # browsers take for a picture only what the server calls one
    return Kind.SVG if content_type.startswith("image/svg") and _SVG.search(head) else Kind.TEXT


def _is_fits(head: bytes) -> bool:
    if not head.startswith(_GZIP):
        return head.startswith(_FITS)
    try:
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(head, len(_FITS)) == _FITS
    except zlib.error:
        return False


_BY_CONTENT: Final[tuple[tuple[Kind, Callable[[bytes], bool]], ...]] = (
    (Kind.PICTURE, lambda head: head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a"))),
    (Kind.PICTURE, lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP"),
    (Kind.FITS, _is_fits),
    (Kind.PDF, lambda head: head.startswith(b"%PDF-")),
)
