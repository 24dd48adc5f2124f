"""Text that waits on disk until what stands before it is known."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import BinaryIO, Final, Self

from provstore.export.escapes import encode

__all__ = ["Bodies", "Spool"]

_BATCH: Final = 500
_IN_MEMORY: Final = 1 << 18


class Spool:
    """Pieces of text in order; beyond 256 KiB they are in a temporary file. Closed at the end of ``with``."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._file = SpooledTemporaryFile[bytes](max_size=_IN_MEMORY)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def add(self, piece: str) -> None:
        """Put a piece behind the others."""
        pieces = self._pieces
        pieces.append(piece)
        if len(pieces) >= _BATCH:
            self._flush()

    def pour(self, out: BinaryIO) -> None:
        """Write all pieces, one after the other."""
        self._flush()
        self._file.seek(0)
        shutil.copyfileobj(self._file, out)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _flush(self) -> None:
        if self._pieces:
            self._file.write(encode("".join(self._pieces)))
            self._pieces.clear()


class Bodies:
    """The spooled bodies of a document and of its bundles: records come in any order. Closed at the end of ``with``."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.document = self._stack.enter_context(Spool())
        self.bundles: dict[str, Spool] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def of(self, bundle: str | None) -> Spool:
        """Give the body of a bundle (None: of the document), new if nothing was said in it before."""
        if bundle is None:
            return self.document
        if bundle not in self.bundles:
            self.bundles[bundle] = self._stack.enter_context(Spool())
        return self.bundles[bundle]
