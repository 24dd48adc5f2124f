"""Running ``dot`` under guard: layouts of odd graphs may take it minutes and gigabytes."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from threading import BoundedSemaphore
from typing import Final

from graphviz.backend import dot_command

from provstore.errors import TooLarge, Unavailable

__all__ = ["LIMITS", "MOST_NODES", "run_dot"]

MOST_NODES: Final = 300
LIMITS: Final = {"nslimit": "1", "nslimit1": "1", "mclimit": "0.2", "splines": "line"}
"""Graph attributes that bound dot's work: 500 boxes take seconds with them, minutes without."""

_CPU_SECONDS: Final = 10
_WALL_SECONDS: Final = 20
_MEMORY: Final = 1 << 30
_SLOTS: Final = BoundedSemaphore(2)
"""Of the whole process, since the machine is what it protects."""


def run_dot(source: str, *, format: str) -> bytes:
    """Give what dot makes of a source.

    Raises:
        Unavailable: no program dot, or two pictures are being made already.
        TooLarge: dot did not manage within its limits.
    """
    if not _SLOTS.acquire(timeout=_WALL_SECONDS):
        raise Unavailable("two pictures are being laid out already; try again later")
    try:
        return _run(source, format)
    finally:
        _SLOTS.release()


def _run(source: str, format: str) -> bytes:
    command = [str(word) for word in dot_command.command("dot", format)]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise Unavailable(f"the program dot of graphviz does not run here: {error}") from error
    with process:
        # It reads its input before it works, so limits set now hold for all of the work.
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
        resource.prlimit(process.pid, resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        try:
            made, _ = process.communicate(source.encode(), timeout=_WALL_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            made = b""
    if process.returncode != 0 or not made:
        raise TooLarge("dot did not manage to lay this picture out within its limits; ask for less, or for svg")
    return made
