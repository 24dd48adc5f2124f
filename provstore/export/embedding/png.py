"""PNG: text chunks before the end of the picture (PNG 1.2, section 4.2.3); pixels and all other chunks stay."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO, Final

from provstore.errors import Invalid, TooLarge
from provstore.export.embedding.copies import Copy, Embedded, Stretch, spooled

__all__ = ["SIGNATURE", "embedded", "original"]

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_MARK: Final = "Provenance "
_NAMES: Final = tuple(
    f"{_MARK}{name}".encode() for name in ("ID\0", "page\0", "SHA-256\0", "history\0", "VOTable\0", "VOTable ")
)
_PART: Final = 250_000
"""Characters of a part: at most 1 MB, as readers guard themselves against bombs with a limit of 1 MiB for each."""
_MOST_PARTS: Final = 50


def embedded(source: BinaryIO, provenance: Embedded) -> Copy:
    """Make a copy that carries its provenance, in place of any it carries already.

    Raises:
        Invalid: it is no PNG file, or cut off.
        TooLarge: readers would not take so long a lineage.
    """
    kept, end = _kept(source)
    files = ExitStack()
    votable = spooled(files, provenance.votable)
    with files:
        chunks = b"".join((*_identity(provenance), *_parts(votable.source)))
    return Copy((*kept, chunks, end))


def original(source: BinaryIO) -> Copy:
    """Give the file without what was embedded in it.

    Raises:
        Invalid: it is no PNG file, or cut off.
    """
    kept, end = _kept(source)
    return Copy((*kept, end))


def _kept(source: BinaryIO) -> tuple[list[Stretch], Stretch]:
    """Give the stretches of all chunks but ours before the last chunk, and the rest of the file from there."""
    size = source.seek(0, os.SEEK_END)
    kept = []
    start = last = 0
    for at, end, is_ours in _chunks(source, size):
        if is_ours:
            kept.append(Stretch(source, start, at - start))
            start = end
        last = at
    return [*kept, Stretch(source, start, last - start)], Stretch(source, last, size - last)


def _chunks(source: BinaryIO, size: int) -> Iterator[tuple[int, int, bool]]:
    """Give (start, end, whether it is ours) of each chunk, up to IEND."""
    source.seek(0)
    if source.read(8) != SIGNATURE:
        raise Invalid("this is no PNG file: it does not begin with the signature of PNG")
    at, kind = 8, b""
    while kind != b"IEND":
        source.seek(at)
        head = source.read(8 + max(len(name) for name in _NAMES))
        kind, end = head[4:8], at + 12 + int.from_bytes(head[:4], "big")
        if len(head) < 8 or end > size:
            raise Invalid(f"this PNG file is cut off: the chunk at byte {at} has no end within its {size} bytes")
        yield at, end, kind == b"iTXt" and head[8:].startswith(_NAMES)
        at = end


def _identity(provenance: Embedded) -> Iterator[bytes]:
    yield _text_chunk("ID", provenance.id)
    for name, text in (
        ("page", provenance.page),
        ("SHA-256", provenance.sha256),
        ("history", "\n".join(provenance.summary)),
    ):
        if text:
            yield _text_chunk(name, text)


def _parts(votable: BinaryIO) -> Iterator[bytes]:
    votable.seek(0)
    text = io.TextIOWrapper(votable, encoding="utf-8", newline="")
    number = 0
    while part := text.read(_PART):
        number += 1
        if number > _MOST_PARTS:
            raise TooLarge(f"a lineage of more than {_PART * _MOST_PARTS} characters does not fit in a PNG file")
        yield _text_chunk("VOTable" if number == 1 else f"VOTable {number}", part, compressed=True)
    text.detach()


def _text_chunk(name: str, text: str, *, compressed: bool = False) -> bytes:
    """Make an iTXt chunk: international text, in UTF-8."""
    body = text.replace("\0", "").encode("utf-8", "replace")
    content = b"%s\0%c\0\0\0%s" % (
        f"{_MARK}{name}".encode(),
        1 if compressed else 0,
        zlib.compress(body) if compressed else body,
    )
    kind = b"iTXt"
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")
