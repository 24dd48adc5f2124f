"""FITS: keywords and HISTORY in the primary header, and a last extension that holds the lineage.

Only the primary header changes. The extension also holds that header as it was, so that the original can be had
back byte by byte.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO, Final

from provstore.errors import TooLarge
from provstore.export.embedding.copies import Copy, Embedded, Piece, Stretch, byte_chunks, size_of, spooled
from provstore.export.embedding.fits_cards import (
    BLOCK,
    CARD,
    END,
    cards_of,
    history,
    integer,
    key_of,
    logical,
    packed,
    text_of,
    texts,
)
from provstore.export.embedding.fits_checksums import (
    NO_CHECKSUM,
    complement,
    summed,
    with_checksum,
)
from provstore.export.embedding.fits_files import Hdu, hdus, header_at

__all__ = ["embedded", "original"]

_ID, _PAGE, _SHA256, _PADDING = "PROVID", "PROVPAGE", "PROVSHA", "PROVPAD"
_OURS: Final = frozenset({_ID, _PAGE, _SHA256})
_BEGIN: Final = b"HISTORY Provenance, as recorded by provstore:".ljust(CARD)
_END: Final = b"HISTORY End of provenance.".ljust(CARD)
_NAME: Final = "PROVENANCE"
_COLUMNS: Final = ("VOTABLE", "HEADER")
_MOST: Final = (1 << 31) - BLOCK
_NOTES: Final = (
    "Column VOTABLE: bytes of a VOTable with the lineage of this file.",
    "Column HEADER: the primary header as it was before this was added.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bare:
    """A file without what was embedded in it.

    Args:
        header: The primary one, as it was; it may hold keywords that came from another copy.
        hdus: Data of the primary header, and the extensions.
        tail: What follows and is no HDU.
        missing: Bytes of padding that the last HDU lacks.
        version: EXTVER of the extension to be added.
    """

    header: bytes
    hdus: tuple[Stretch, ...]
    tail: Stretch
    missing: int
    version: int


def embedded(source: BinaryIO, provenance: Embedded) -> Copy:
    """Make a copy that carries its provenance, in place of any it carries already.

    Raises:
        Invalid: it is no FITS file, or cut off.
        TooLarge: the lineage has more bytes than a table may have in a row.
    """
    bare = _bare(source)
    files = ExitStack()
    content = (spooled(files, provenance.votable), bare.header)
    if size_of(content) > _MOST:
        files.close()
        raise TooLarge(f"a lineage of {size_of(content)} bytes does not fit in a FITS file: at most {_MOST}")
    extension = _extension(content, provenance, bare)
    header = _primary_header(bare.header, provenance)
    return Copy((header, *bare.hdus, bytes(bare.missing), *extension, bare.tail), files)


def original(source: BinaryIO) -> Copy:
    """Give the file without what was embedded in it; where it was changed since, as near to the original as possible.

    Raises:
        Invalid: it is no FITS file, or cut off.
    """
    bare = _bare(source)
    return Copy((bare.header, *bare.hdus, bare.tail))


def _bare(source: BinaryIO) -> _Bare:
    size = source.seek(0, os.SEEK_END)
    primary, *others = hdus(source, named=_NAME)
    kept = [primary, *(one for one in others if not _is_ours(one))]
    ours = next((one for one in reversed(others) if _is_ours(one)), None)
    header = header_at(source, 0, number=0)
    stored = b"" if ours is None else _stored_header(source, header, ours)
    missing = kept[-1].missing
    if ours is not None and stored and kept[-1].end <= ours.start:
        missing = min(int(ours.values[_PADDING]), kept[-1].padding)
    end = [primary, *others][-1].end
    spans = [(one.start, one.end) for one in kept]
    spans[0] = (primary.data, primary.end)
    spans[-1] = (spans[-1][0], spans[-1][1] - missing)
    return _Bare(
        header=stored or (header if ours is None else _without_ours(header)),
        hdus=tuple(Stretch(source, start, end - start) for start, end in spans),
        tail=Stretch(source, min(end, size), max(0, size - end)),
        missing=missing,
        version=1 + sum("EXTNAME" in one.values for one in kept),
    )


def _is_ours(hdu: Hdu) -> bool:
    values = hdu.values
    columns = tuple(values.get(f"TTYPE{number}") for number in (1, 2))
    sizes = (values.get("TFORM2", "").removesuffix("B"), values.get(_PADDING, ""))
    return _ID in values and columns == _COLUMNS and all(re.fullmatch(r"[0-9]{1,8}", one) for one in sizes)


def _stored_header(source: BinaryIO, header: bytes, extension: Hdu) -> bytes:
    """Give the header kept in the extension, if it still says what the present one does; else nothing."""
    length = int(extension.values["TFORM2"].removesuffix("B"))
    start = extension.end - extension.padding - length
    source.seek(max(start, extension.data))
    stored = source.read(length)
    is_whole = start >= extension.data and length % BLOCK == 0 and END in stored
    return stored if is_whole and _essence(stored) == _essence(header) else b""


def _essence(header: bytes) -> list[bytes]:
    """Give the cards that embedding leaves alone."""
    cards = cards_of(_without_ours(header))
    return [card for card in cards if key_of(card) not in {"EXTEND", "CHECKSUM"}]


def _without_ours(header: bytes) -> bytes:
    cards = cards_of(header)
    if _OURS.isdisjoint(key_of(card) for card in cards):
        return header
    if _BEGIN in cards and _END in cards[cards.index(_BEGIN) :]:
        begin = cards.index(_BEGIN)
        del cards[begin : cards.index(_END, begin) + 1]
    kept = []
    dropping = False
    for card in cards:
        dropping = key_of(card) in _OURS or (dropping and key_of(card) == "CONTINUE")
        if not dropping:
            kept.append(card)
    return _with_same_sum(header, packed(kept))


def _primary_header(bare: bytes, provenance: Embedded) -> bytes:
    cards = [
        *_extendable(cards_of(_without_ours(bare))),
        *_identity(provenance),
        _BEGIN,
        *history(provenance.summary),
        _END,
    ]
    return _with_same_sum(bare, packed(cards))


def _with_same_sum(old: bytes, new: bytes) -> bytes:
    """Correct CHECKSUM for a changed header without a look at the data.

    A right checksum makes everything all ones, so the old header tells the sum of the data. One that was wrong before
    stays wrong: that the data were damaged is not painted over.
    """
    return with_checksum(new, data=complement(summed([old])))


def _extendable(cards: list[bytes]) -> list[bytes]:
    """Say EXTEND = T, where it belongs: behind the axes."""
    if any(key_of(card) == "EXTEND" and text_of(card) == "T" for card in cards):
        return cards
    kept = [card for card in cards if key_of(card) != "EXTEND"]
    axes = max(at for at, card in enumerate(kept) if re.fullmatch(r"NAXIS\d{0,3}", key_of(card)))
    return [*kept[: axes + 1], logical("EXTEND", "there are extensions"), *kept[axes + 1 :]]


def _identity(provenance: Embedded) -> Iterator[bytes]:
    yield from texts(_ID, provenance.id, "record of this file")
    if provenance.page:
        yield from texts(_PAGE, provenance.page, "where to read it")
    if provenance.sha256:
        yield from texts(_SHA256, provenance.sha256)


def _extension(content: tuple[Stretch, bytes], provenance: Embedded, bare: _Bare) -> tuple[Piece, ...]:
    size = size_of(content)
    padded = (*content, bytes(-size % BLOCK))
    total = summed(byte_chunks(padded))
    cards: Sequence[bytes] = (
        *texts("XTENSION", "BINTABLE", "binary table"),
        integer("BITPIX", 8, "bytes"),
        integer("NAXIS", 2, "a table"),
        integer("NAXIS1", size, "bytes in a row"),
        integer("NAXIS2", 1, "one row"),
        integer("PCOUNT", 0, "no heap"),
        integer("GCOUNT", 1, "one table"),
        integer("TFIELDS", 2, "columns"),
        *texts("TTYPE1", _COLUMNS[0], "lineage as VOTable"),
        *texts("TFORM1", f"{content[0].length}B"),
        *texts("TTYPE2", _COLUMNS[1], "primary header as it was"),
        *texts("TFORM2", f"{len(content[1])}B"),
        *texts("EXTNAME", _NAME, "where this file came from"),
        integer("EXTVER", bare.version, "number among those of this name"),
        *_identity(provenance),
        integer(_PADDING, bare.missing, "bytes of padding that were missing"),
        *(f"COMMENT {note}".encode("ascii").ljust(CARD) for note in _NOTES),
        *texts("CHECKSUM", NO_CHECKSUM, "of this HDU"),
        *texts("DATASUM", str(total), "of its data"),
    )
    return (with_checksum(packed(cards), data=total), *padded)
