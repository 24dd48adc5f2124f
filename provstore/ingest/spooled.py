"""Statements kept aside while a document is read to its end: nothing is stored before all is known to be right."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, Final, Self

from provstore.graph.statements import Statement

__all__ = ["Spooled"]

_BATCH: Final = 2_000
_IN_MEMORY: Final = 25
"""So many batches are kept in memory, the others in a file of the system's temporary folder, seen by nobody else."""


class Spooled:
    """Holds statements; to be read any number of times. A context manager.

    Raises:
        Malformed: while taking them in, as the reader does.
    """

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._kept: list[tuple[Statement, ...]] = []
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self.count = 0
        try:
            self._take(iter(statements))
        except BaseException:
            self._file.close()
            raise

    def _take(self, source: Iterator[Statement]) -> None:
        while batch := tuple(islice(source, _BATCH)):
            self.count += len(batch)
            if len(self._kept) < _IN_MEMORY:
                self._kept.append(batch)
            else:
                pickle.dump(batch, self._file, pickle.HIGHEST_PROTOCOL)

    def __iter__(self) -> Iterator[Statement]:
        """Give all statements, in order."""
        for batch in self._kept:
            yield from batch
        self._file.seek(0)
        left = self.count - sum(map(len, self._kept))
        while left > 0:
            batch = pickle.load(self._file)  # noqa: S301 - our own file without a name
            left -= len(batch)
            yield from batch

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the file."""
        self._file.close()
