"""Draining a site: it takes no new jobs and says why, while those that run come to their end."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from provstore.errors import Unavailable

__all__ = ["DRAINING_FILE", "Draining"]

DRAINING_FILE: Final = "draining"
"""Name of the file in the data directory; an operator without the command may touch and remove it by hand."""

_NO_REASON: Final = "this server takes no new jobs at the moment"
_LONGEST: Final = 1000


class _Seen(NamedTuple):
    """What the file said, and by which it is known to be the same one still: time of change, inode, size."""

    mark: tuple[int, int, int]
    reason: str


class Draining:
    """Whether a site is being drained, and why: a file, so that every process on the data directory sees it.

    Args:
        file: It is there while the site is drained, and holds the reason.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._guard = threading.Lock()
        self._seen: _Seen | None = None

    def reason(self) -> str:
        """Give why no new jobs are taken, "" if they are; one stat, so ask as often as you like."""
        try:
            mark = _mark(self._file.stat())
            with self._guard:
                if self._seen is None or self._seen.mark != mark:
                    self._seen = self._read()
                return self._seen.reason
        except FileNotFoundError:
            return ""
        except PermissionError:  # another user wrote it: it is there, which is what counts
            return _NO_REASON

    def begin(self, reason: str) -> None:
        """Take no new jobs from now on, in any process; "" stands for a reason in general words.

        Raises:
            Unavailable: the file can't be written.
        """
        part = self._file.with_name(f".{self._file.name}.{secrets.token_hex(8)}")
        with self._changing():
            try:
                with part.open("w", encoding="utf-8") as stream:
                    stream.write(_one_line(reason) + "\n")
                    stream.flush()
                    os.fsync(stream.fileno())
                part.replace(self._file)
            finally:
                part.unlink(missing_ok=True)

    def end(self) -> None:
        """Take new jobs again; if they are taken already, nothing changes.

        Raises:
            Unavailable: the file can't be removed.
        """
        with self._changing():
            self._file.unlink(missing_ok=True)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Unavailable(f"{self._file} can't be changed: {error.strerror}", field="data") from error

    def _read(self) -> _Seen:
        with self._file.open(encoding="utf-8", errors="replace") as stream:
            text = stream.read(_LONGEST)
            return _Seen(_mark(os.fstat(stream.fileno())), _one_line(text))


def _mark(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_mtime_ns, found.st_ino, found.st_size


def _one_line(reason: str) -> str:
    """A reason stands in notes, in lists and in one line of a log."""
    return " ".join(reason[:_LONGEST].split()) or _NO_REASON
