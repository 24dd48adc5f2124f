"""What a job prints, while it prints: the last lines, and what is added until the job is over."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Final

from provstore.errors import NotFound, Unavailable
from provstore.uws.files import Files
from provstore.uws.jobs import Job
from provstore.uws.phases import ACTIVE, Phase
from provstore.uws.records import Records
from provstore.uws.watching.waiting import Seat, Waiting

__all__ = ["Following", "tail_start"]

_BLOCK: Final = 1 << 16
_LOOK: Final = 0.2
"""Seconds between two looks at a file's end; that a job is over is told without looking."""

_LONGEST: Final = timedelta(hours=1)
_RUNNING: Final = ACTIVE - {Phase.HELD}
_PRINTING: Final = ACTIVE | {Phase.PENDING}
_LEFT_OUT: Final = b"\n[provstore: "
"""How the wrapper begins the line between the first and the last half of a log that became too long."""


def tail_start(file: Path, lines: int) -> int:
    """Give where in a file its last so many lines begin; it is read from its end."""
    with file.open("rb") as stream:
        position = _end_of_text(stream)
        while position:
            step = min(_BLOCK, position)
            position -= step
            stream.seek(position)
            block = stream.read(step)
            ends = block.count(b"\n")
            if ends >= lines:
                return position + _nth_from_end(block, lines) + 1
            lines -= ends
    return 0


def _end_of_text(stream: BinaryIO) -> int:
    """Leave out the end of the last line: it begins no further one."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - 1))
    return size - 1 if stream.read(1) == b"\n" else size


def _nth_from_end(block: bytes, count: int) -> int:
    index = len(block)
    for _ in range(count):
        index = block.rindex(b"\n", 0, index)
    return index


class Following:
    """Follows what jobs print.

    Args:
        records: Tells whether a job is over.
        files: Where its output lies.
        waiting: Wakes when it is over; who finds no seat there gets what there is at once.
        log_max: Bytes kept of a log.
        fresh: Brings what a job has printed elsewhere since.
    """

    def __init__(
        self, *, records: Records, files: Files, waiting: Waiting, log_max: int, fresh: Callable[[Job], None]
    ) -> None:
        self._records = records
        self._files = files
        self._waiting = waiting
        self._half = max(1, log_max // 2)
        self._fresh = fresh

    def refresh(self, job: Job) -> None:
        """Bring what a running job has printed elsewhere; what can't be had now comes later."""
        if job.phase in _RUNNING:
            with suppress(Unavailable):
                self._fresh(job)

    def follow(self, job: Job, stream: str, *, start: int = 0) -> Iterator[bytes]:
        """Give the output from a place on, piece by piece as it is printed, until the job is over (or for an hour).

        An empty piece is given at each look, by which a server learns that its client is gone.
        """
        log = _Log(self._files.run(job.id) / stream, start, half=self._half)
        deadline = time.monotonic() + _LONGEST.total_seconds()
        with self._waiting.seat(job.id, job.phase) as seat:
            over = seat is None or job.phase not in _PRINTING
            while True:
                self.refresh(job)
                yield from log.pieces()
                if over or seat is None:
                    return
                yield b""
                over = self._is_over(job.id, seat) or time.monotonic() >= deadline

    def _is_over(self, job_id: str, seat: Seat) -> bool:
        has_news = seat.news(_LOOK)
        if self._waiting.closed or not has_news:
            return self._waiting.closed
        try:
            phase = self._records.phase(job_id)
        except NotFound:
            return True
        seat.saw(phase)
        return phase not in _PRINTING


class _Log:
    """A log and the place up to which it was read; ``half``: so much is kept of the begin of one that gets too long."""

    def __init__(self, file: Path, start: int, *, half: int) -> None:
        self._file = file
        self._place = start
        self._half = half
        self._is_cut = start > half and file.is_file() and self._tells_of_a_cut(file)

    def pieces(self) -> Iterator[bytes]:
        """Give what was added since the last time."""
        if not self._file.is_file():
            return
        with self._file.open("rb") as stream:
            while piece := self._next(stream):
                yield piece

    def _next(self, stream: BinaryIO) -> bytes:
        if not self._is_cut and self._place >= self._half:
            self._is_cut = self._is_marked(stream)
            self._place = self._half if self._is_cut else self._place  # go on with the line that says so
        stream.seek(self._place)
        before = self._half - self._place
        piece = stream.read(min(_BLOCK, before) if before > 0 else _BLOCK)
        self._place += len(piece)
        return piece

    def _tells_of_a_cut(self, file: Path) -> bool:
        with file.open("rb") as stream:
            return self._is_marked(stream)

    def _is_marked(self, stream: BinaryIO) -> bool:
        stream.seek(self._half)
        return stream.read(len(_LEFT_OUT)) == _LEFT_OUT
