"""Directories of jobs on a cluster that are to go: a wish for each is kept on disk here until it is fulfilled."""

from __future__ import annotations

import json
import logging
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from provstore.errors import Busy, Unavailable
from provstore.uws.executors.slurm.reach import Asked, Reach
from provstore.uws.executors.slurm.record import Record
from provstore.uws.files import put_whole
from provstore.uws.patience import Patience
from provstore.uws.ports import Clock

__all__ = ["Removing"]

_LOG: Final = logging.getLogger(__name__)

_REMOVE: Final = """\
cd "$1" || exit 1
timeout 10 rm -rf -- "$2" 2>/dev/null && exit
code=$?
[ $code = 124 ] && exit $code
chmod -R u+rwX -- "$2" 2>/dev/null
timeout 10 rm -rf -- "$2"
"""
"""Folder, job. A script may have protected files of its own. What takes long is gone on with the next time."""

_TIMED_OUT: Final = 124
_AT_ONCE: Final = 3.0
"""Seconds spent on this at a time: signals are waited for meanwhile."""

_FIRST: Final = timedelta(seconds=10)
_LONGEST: Final = timedelta(hours=1)
"""Pauses before what can't be removed is tried again."""


class Removing:
    """Removes directories of jobs.

    Args:
        reach: The cluster.
        folder: Where the wishes are kept.
        clock: The present instant.
    """

    def __init__(self, reach: Reach, folder: Path, *, clock: Clock) -> None:
        self._reach = reach
        self._folder = folder
        self._patience = Patience(_FIRST, _LONGEST, clock=clock)

    def wish(self, record: Record) -> None:
        """Have a job's directory removed, as soon as that can be.

        Raises:
            Unavailable: the wish can't be kept.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"{self._folder}: {error.strerror or error}") from error
        words = {"account": record.account, "folder": str(self._reach.folder(record))}
        put_whole(self._folder / record.job, json.dumps(words).encode())

    def wishes(self) -> list[Path]:
        """List the wishes that are not fulfilled."""
        found = self._folder.iterdir() if self._folder.is_dir() else ()
        return sorted(one for one in found if not one.name.startswith("."))

    def round(self) -> None:
        """Fulfil those that are due.

        Raises:
            Unavailable: the cluster can't be reached.
        """
        ends = time.monotonic() + _AT_ONCE
        for wish in self.wishes():
            if time.monotonic() > ends:
                return
            if self._patience.may_try(wish.name):
                self._fulfil(wish)

    def _fulfil(self, wish: Path) -> None:
        account, folder = _place(wish)
        folder = folder or str(self._reach.cluster.directory(account))
        try:
            ran = self._reach.script(Asked.FILES, account, _REMOVE, folder, wish.name)
        except Busy as error:
            self._later(wish, error.message)
            return
        if ran.code == _TIMED_OUT:
            return
        if ran.code:
            self._later(wish, f"{folder}/{wish.name}: {ran.err.strip() or f'exit status {ran.code}'}")
            return
        wish.unlink(missing_ok=True)
        self._patience.well(wish.name)

    def _later(self, wish: Path, why: str) -> None:
        pause = self._patience.failed(wish.name)
        name = self._reach.cluster.name
        _LOG.warning("cluster %s: not removed: %s; tried again in %d s", name, why, pause.total_seconds())


def _place(wish: Path) -> tuple[str, str]:
    """Give whose the directory is, and its folder; "" where nobody can tell: the service's, and the usual one."""
    with suppress(OSError, ValueError, LookupError, TypeError):
        words = json.loads(wish.read_bytes())
        return str(words["account"]), str(words["folder"])
    return "", ""
