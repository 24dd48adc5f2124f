"""A copy as a list of pieces: new bytes, and stretches of files; they are read only when the copy is written."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import BinaryIO, Final, Self

from provstore.errors import Invalid

__all__ = ["Copy", "Embedded", "Piece", "Stretch", "byte_chunks", "size_of", "spooled"]

_CHUNK: Final = 1 << 20
_IN_MEMORY: Final = 1 << 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """What a copy is to tell of itself.

    Args:
        id: Full URI of the entity.
        page: Address where people read its record; "" for none.
        sha256: Of the original's bytes, in lower-case hexadecimal digits; "" if it is not known.
        votable: Writes its lineage as VOTable in UTF-8.
        summary: Its lineage for people, a line each.
    """

    id: str
    page: str = ""
    sha256: str = ""
    votable: Callable[[BinaryIO], object]
    summary: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some bytes of a seekable file."""

    source: BinaryIO
    start: int
    length: int


Piece = bytes | Stretch


@dataclass(frozen=True, slots=True)
class Copy:
    """The pieces of a copy, in order. The source must stay open; files of its own are let go at the end of ``with``."""

    pieces: tuple[Piece, ...]
    files: ExitStack = field(default_factory=ExitStack)

    @property
    def size(self) -> int:
        """Give the number of bytes that it will have."""
        return size_of(self.pieces)

    def chunks(self) -> Iterator[bytes]:
        """Give its bytes, at most 1 MiB at a time.

        Raises:
            Invalid: the source became shorter in between.
        """
        return byte_chunks(self.pieces)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.files.close()


def size_of(pieces: Sequence[Piece]) -> int:
    """Give the number of bytes in pieces."""
    return sum(len(one) if isinstance(one, bytes) else one.length for one in pieces)


def byte_chunks(pieces: Sequence[Piece]) -> Iterator[bytes]:
    """Give the bytes of pieces, at most 1 MiB of a stretch at a time.

    Raises:
        Invalid: a file became shorter in between.
    """
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
            continue
        at, end = piece.start, piece.start + piece.length
        while at < end:
            piece.source.seek(at)
            chunk = piece.source.read(min(_CHUNK, end - at))
            if not chunk:
                raise Invalid(f"the file ends at byte {at} and not at {end}: it was cut while it was copied")
            at += len(chunk)
            yield chunk


def spooled(files: ExitStack, write: Callable[[BinaryIO], object]) -> Stretch:
    """Let something be written aside, and give it as a stretch; beyond 4 MiB it is on disk."""
    spool = tempfile.SpooledTemporaryFile[bytes](max_size=_IN_MEMORY)
    files.enter_context(spool)
    # mypy: SpooledTemporaryFile is an IO[bytes], as BinaryIO is.
    write(spool)  # type: ignore[arg-type]
    return Stretch(spool, 0, spool.tell())  # type: ignore[arg-type]
