"""Which record a file names: the id that a copy carries of itself (docs/embedding.md).

Little is read, wherever it lies, and what is read is a claim: a program that makes something new of a copy may hand on
its keywords. Whether the file still is that copy, `provstore.export.embedding.registry.original_sha256` tells.
"""

from __future__ import annotations

import html
import io
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

__all__ = ["Found", "find"]

_GZIP: Final = b"\x1f\x8b"
_UNPACKED: Final = 8 << 20
_HEADER: Final = 8 << 20
_CHUNKS: Final = 1_000_000
_TEXT: Final = 1 << 16
_ENDS: Final = 1 << 20
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`\x00-\x20\x7f]{1,4000}\Z")
_SHA256: Final = re.compile(r"[0-9a-f]{64}\Z")
_INFO: Final = re.compile(r"<(?:[\w.-]+:)?INFO\s([^<>]{0,20000})>")
_ATTRIBUTE: Final = re.compile(r"""\b(name|value)\s*=\s*("[^"]*"|'[^']*')""")
_VOTABLE: Final = re.compile(rb"<(?:[\w.-]+:)?VOTABLE[\s>/]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a copy says of itself.

    Args:
        id: Full URI of the entity.
        page: Where people read its record; "" if it is not said.
        sha256: Of the original's bytes; "" if it is not said.
    """

    id: str
    page: str = ""
    sha256: str = ""


def find(source: BinaryIO) -> Found | None:
    """Read what a FITS, VOTable or PNG file says of its record; None if it says nothing, whatever else it is.

    The source must be seekable. Files compressed by gzip are unpacked, up to their first 8 MiB.
    """
    try:
        return _find(source)
    except (OSError, ValueError, zlib.error):
        return None


def _find(source: BinaryIO) -> Found | None:
    source.seek(0)
    head = source.read(_TEXT)
    if head.startswith(_GZIP):
        source.seek(0)
        source = io.BytesIO(_unpacked(source))
        head = source.read(_TEXT)
    if head.startswith(b"SIMPLE  ="):
        return _found(_fits(source), ("PROVID", "PROVPAGE", "PROVSHA"))
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _found(_png(source), ("Provenance ID", "Provenance page", "Provenance SHA-256"))
    if _VOTABLE.search(head.replace(b"\0", b"")):
        return _found(_votable(source), ("provenance_id", "provenance_page", "provenance_sha256"))
    return None


def _unpacked(source: BinaryIO) -> bytes:
    """Unpack the beginning of a file; of one that is cut off, what is there."""
    unpacking = zlib.decompressobj(wbits=31)
    pieces = []
    left = _UNPACKED
    while left > 0 and (packed := source.read(_TEXT)):
        pieces.append(unpacking.decompress(packed, left))
        left -= len(pieces[-1])
    return b"".join(pieces)


def _found(texts: Mapping[str, str], names: tuple[str, str, str]) -> Found | None:
    node, page, sha256 = (texts.get(name, "").strip() for name in names)
    if not _URI.match(node):
        return None
    return Found(
        id=node,
        page=page if _URI.match(page) else "",
        sha256=sha256 if _SHA256.match(sha256) else "",
    )


def _fits(source: BinaryIO) -> dict[str, str]:
    """Read the texts of the primary header, long ones with their CONTINUE cards; of a repeated keyword the last."""
    texts: dict[str, str] = {}
    key = ""
    for card in _cards(source):
        name = card[:8].rstrip()
        if name == "END":
            return texts
        if name != "CONTINUE":
            key = name
            texts[key] = _quoted(card[10:]) if card[8:10] == "= " else ""
        elif texts.get(key, "").endswith("&") and len(texts[key]) < _TEXT:
            texts[key] = texts[key][:-1] + _quoted(card[8:])
    return {}


def _cards(source: BinaryIO) -> Iterator[str]:
    source.seek(0)
    for _ in range(_HEADER // 80):
        card = source.read(80).decode("latin-1")
        if len(card) < 80:
            return
        yield card


def _quoted(text: str) -> str:
    found = re.match(r"\s*'((?:[^']|'')*)'", text)
    return found[1].replace("''", "'").rstrip() if found else ""


def _png(source: BinaryIO) -> dict[str, str]:
    """Read the short texts that are not compressed."""
    texts: dict[str, str] = {}
    at = 8
    for _ in range(_CHUNKS):
        source.seek(at)
        head = source.read(8)
        length = int.from_bytes(head[:4], "big")
        if len(head) < 8 or head[4:] == b"IEND":
            break
        if head[4:] == b"iTXt" and length <= _TEXT:
            name, text = _text(source.read(length), check=source.read(4))
            texts[name] = text
        at += 12 + length
    return texts


def _text(content: bytes, *, check: bytes) -> tuple[str, str]:
    """Read a text chunk; one that is compressed or damaged has no text."""
    name, _, rest = content.partition(b"\0")
    is_right = zlib.crc32(b"iTXt" + content).to_bytes(4, "big") == check
    text = rest[2:].split(b"\0", 2)[-1] if is_right and rest.startswith(b"\0\0") else b""
    return name.decode("latin-1"), text.decode("utf-8", "replace")


def _votable(source: BinaryIO) -> dict[str, str]:
    """Read the INFO elements in the first and the last MiB."""
    size = source.seek(0, os.SEEK_END)
    source.seek(0)
    data = source.read(_ENDS)
    if size > _ENDS:
        source.seek(max(_ENDS, size - _ENDS))
        data += source.read(_ENDS)
    texts = {}
    for element in _INFO.finditer(data.replace(b"\0", b"").decode("utf-8", "replace")):
        attributes = {one[1]: html.unescape(one[2][1:-1]) for one in _ATTRIBUTE.finditer(element[1])}
        texts[attributes.get("name", "")] = attributes.get("value", "")
    return texts
