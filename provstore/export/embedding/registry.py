"""The kinds of files that can carry their provenance, as one literal table."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final

from provstore.errors import UnsupportedType
from provstore.export.embedding import fits, png, votable
from provstore.export.embedding.copies import Copy, Embedded

__all__ = ["CARRIERS", "Carrier", "can_carry", "embed", "embedded", "original_sha256"]

_HEAD: Final = 1 << 16
_GZIP: Final = b"\x1f\x8b"
_VOTABLE: Final = re.compile(rb"<(?:[\w.-]+:)?VOTABLE[\s>/]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """A kind of file.

    Args:
        name: As people call it.
        media_types: Without parameters; the first is the usual one.
        begins: Tells it by the first bytes of a file.
        embedded: Makes a copy that carries its provenance.
        original: Gives what a copy was made of.
    """

    name: str
    media_types: tuple[str, ...]
    begins: Callable[[bytes], bool]
    embedded: Callable[[BinaryIO, Embedded], Copy]
    original: Callable[[BinaryIO], Copy]


def _is_votable(head: bytes) -> bool:
    return _VOTABLE.search(head.replace(b"\0", b"")) is not None


CARRIERS: Final[tuple[Carrier, ...]] = (
    Carrier(
        name="FITS",
        media_types=("application/fits", "image/fits", "image/x-fits"),
        begins=lambda head: head.startswith(b"SIMPLE  ="),
        embedded=fits.embedded,
        original=fits.original,
    ),
    Carrier(
        name="PNG",
        media_types=("image/png",),
        begins=lambda head: head.startswith(png.SIGNATURE),
        embedded=png.embedded,
        original=png.original,
    ),
    Carrier(
        name="VOTable",
        media_types=("application/x-votable+xml", "text/xml", "application/xml"),
        begins=_is_votable,
        embedded=votable.embedded,
        original=votable.original,
    ),
)


def can_carry(content_type: str) -> bool:
    """Tell whether files of a content type may be of such a kind; the file itself decides."""
    bare = content_type.partition(";")[0].strip().lower()
    return any(bare in one.media_types for one in CARRIERS)


def embedded(source: BinaryIO, provenance: Embedded) -> Copy:
    """Make a copy that carries its provenance; what kind of file it is, its first bytes tell.

    The source must be seekable, and stay open until the copy is written.

    Raises:
        UnsupportedType: no file of this kind can carry it.
        Invalid: the file is damaged.
        TooLarge: the lineage is too long for this kind of file.
    """
    return _carrier(source).embedded(source, provenance)


def embed(source: BinaryIO, provenance: Embedded, out: BinaryIO) -> None:
    """Write a copy that carries its provenance; errors as `embedded` has them come before the first byte."""
    with embedded(source, provenance) as copy:
        out.writelines(copy.chunks())


def original_sha256(source: BinaryIO) -> str:
    """Give the sha256 of what a copy was made of: of all its bytes but those that were embedded.

    Raises:
        UnsupportedType: no file of this kind can carry provenance.
        Invalid: the file is damaged.
    """
    digest = hashlib.sha256()
    with _carrier(source).original(source) as copy:
        for chunk in copy.chunks():
            digest.update(chunk)
    return digest.hexdigest()


def _carrier(source: BinaryIO) -> Carrier:
    source.seek(0)
    head = source.read(_HEAD)
    for one in CARRIERS:
        if one.begins(head):
            return one
    packed = ", compressed by gzip" if head.startswith(_GZIP) else ""
    known = ", ".join(one.name for one in CARRIERS)
    raise UnsupportedType(f"only files of these kinds can carry their provenance: {known}; this is none{packed}")
