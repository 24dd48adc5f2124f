"""How many channels of a connection are open: sshd takes ten sessions, and refuses the rest at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Generic, TypeVar

from provstore.errors import Unavailable

__all__ = ["Places"]

_PATIENCE: Final = 120.0

Kept = TypeVar("Kept")


class Places(Generic[Kept]):
    """A bounded number of places, some of which hold something that is kept between uses (a file session).

    Who needs a place for a short thing takes that of an idle kept one, which is let go for it. Nothing slow is done
    while others wait: things are made, looked at and let go outside of the lock.

    Args:
        total: Places in all.
        most: At most so many of them hold kept things.
        close: Lets go of a kept thing.
        patience: Seconds to wait for a place.
    """

    def __init__(self, total: int, *, most: int, close: Callable[[Kept], None], patience: float = _PATIENCE) -> None:
        self._total = total
        self._most = min(most, total)
        self._close = close
        self._patience = patience
        self._changed = threading.Condition()
        self._idle: list[Kept] = []
        self._taken = 0
        self._kept = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place.

        Raises:
            Unavailable: none is free for too long.
        """
        with self._changed:
            self._wait(lambda: self._taken < self._total or bool(self._idle))
            given_up = self._idle.pop(0) if self._taken == self._total else None
            self._count(taken=int(given_up is None), kept=-int(given_up is not None))
        try:
            if given_up is not None:
                self._close(given_up)
            yield
        finally:
            with self._changed:
                self._count(taken=-1, kept=0)

    @contextmanager
    def lent(self, make: Callable[[], Kept], *, good: Callable[[Kept], bool]) -> Iterator[Kept]:
        """Lend a kept thing, an idle one that is good, else a new one; after an error it is not used again.

        Raises:
            Unavailable: none is free for too long.
        """
        thing = self._borrow()
        try:
            if thing is not None and not good(thing):
                self._close(thing)
                thing = None
            thing = make() if thing is None else thing
            yield thing
        except BaseException:
            if thing is not None:
                self._close(thing)
            with self._changed:
                self._count(taken=-1, kept=-1)
            raise
        with self._changed:
            self._idle.append(thing)
            self._changed.notify_all()

    def empty(self) -> None:
        """Let go of all that is idle."""
        with self._changed:
            given_up, self._idle = self._idle, []
            self._count(taken=-len(given_up), kept=-len(given_up))
        for thing in given_up:
            self._close(thing)

    def _borrow(self) -> Kept | None:
        """Take an idle thing and its place, or a place for a new one."""
        with self._changed:
            self._wait(lambda: bool(self._idle) or (self._taken < self._total and self._kept < self._most))
            if self._idle:
                return self._idle.pop()
            self._count(taken=1, kept=1)
            return None

    def _count(self, *, taken: int, kept: int) -> None:
        self._taken += taken
        self._kept += kept
        self._changed.notify_all()

    def _wait(self, ready: Callable[[], bool]) -> None:
        if not self._changed.wait_for(ready, self._patience):
            raise Unavailable(f"all {self._total} channels were busy for {self._patience:g} s: try again later")
