"""Executors that can't be asked now: how long they are left alone, and the word of it for every process."""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from provstore.errors import Busy, Unavailable
from provstore.uws.ports import Clock

__all__ = ["TROUBLES_FILE", "Troubles"]

TROUBLES_FILE: Final = "troubles.json"
"""Name of the file in the data directory."""

_LOG: Final = logging.getLogger(__name__)
_FIRST_PAUSE: Final = timedelta(seconds=1)
_LONGEST_PAUSE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trouble:
    message: str
    pause: timedelta
    retry_at: datetime


class Troubles:
    """Which executors don't answer. Each is asked again after a pause, which grows while it stays so.

    Only the supervisor asks executors; it keeps what they said in a file, so that every process on the data directory
    can tell. It is no part of the record: a new supervisor begins without it.

    Args:
        file: It is there while an executor is in trouble.
        clock: The present instant.
    """

    def __init__(self, file: Path, *, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._guard = threading.Lock()
        self._known: dict[str, _Trouble] = {}

    def told(self) -> dict[str, str]:
        """Give the message of each executor that is in trouble, as the supervisor wrote it."""
        try:
            told: Mapping[str, str] = json.loads(self._file.read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return dict(told)

    def forget(self) -> None:
        """Begin anew, as a supervisor does that knows nothing yet."""
        with self._guard:
            self._known = {}
            self._file.unlink(missing_ok=True)

    def any(self, executor: str) -> bool:
        """Tell whether an executor did not answer when it was asked last."""
        return executor in self._known

    def may_ask(self, executor: str) -> bool:
        """Tell whether an executor may be asked now; of one in trouble, one asker at each pause learns how it is."""
        with self._guard:
            trouble = self._known.get(executor)
            if trouble is None:
                return True
            at = self._clock()
            if at < trouble.retry_at <= at + trouble.pause:  # a clock that was set back does not prolong it
                return False
            self._known[executor] = _paused(trouble, at)
            return True

    @contextmanager
    def asking(self, executor: str) -> Iterator[None]:
        """Ask an executor something, and note it if it does not answer.

        Raises:
            Unavailable: it does not, as it said itself.
            Busy: it does, and takes no more.
        """
        try:
            yield
        except Busy:
            raise
        except Unavailable as error:
            self._failed(executor, error.message)
            raise

    def answered(self, executor: str) -> None:
        """Note that an executor is well, or that nobody needs it."""
        if executor not in self._known:
            return
        with self._guard:
            if self._known.pop(executor, None) is not None:
                _LOG.warning("executor %s answers again", executor)
                self._write()

    def _failed(self, executor: str, message: str) -> None:
        with self._guard:
            before = self._known.get(executor)
            pause = before.pause if before else _FIRST_PAUSE
            retry_at = before.retry_at if before else self._clock() + pause
            self._known[executor] = _Trouble(message=message, pause=pause, retry_at=retry_at)
            if before is None or before.message != message:
                _LOG.warning("executor %s: %s; it is asked again later", executor, message)
                self._write()

    def _write(self) -> None:
        """Tell the other processes; a word that can't be written now is not worth more than a line in the log."""
        part = self._file.with_name(f".{self._file.name}.{secrets.token_hex(8)}")
        try:
            if not self._known:
                self._file.unlink(missing_ok=True)
                return
            part.write_text(json.dumps({name: one.message for name, one in self._known.items()}), encoding="utf-8")
            part.replace(self._file)
        except OSError as error:
            _LOG.warning("%s can't be written: %s", self._file, error.strerror)


def _paused(trouble: _Trouble, at: datetime) -> _Trouble:
    """Give the trouble with the next, longer pause."""
    pause = min(2 * trouble.pause, _LONGEST_PAUSE)
    return _Trouble(message=trouble.message, pause=pause, retry_at=at + pause)
