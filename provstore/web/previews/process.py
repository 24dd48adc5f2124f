"""Reading files of strangers under guard: in a process of its own, with little time and memory, that can write nothing.

Files are made by scripts, or come from anywhere; the libraries that read pictures and tables are large, and were not
made for hostile ones. What such a process can do at worst is to end.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, Final

from provstore.errors import TooLarge, Unavailable, UnsupportedType

__all__ = ["CANT_SHOW", "CPU_SECONDS", "MEMORY", "read_apart"]

CANT_SHOW: Final = 3
"""Exit code of the process where the file is not what it seems; stderr says so in a line."""

CPU_SECONDS: Final = 10
MEMORY: Final = 1 << 30
"""Bytes of its own; what is only mapped from the file does not count."""

_WALL_SECONDS: Final = 20
_MODULE: Final = "provstore.web.previews"
_ONE_THREAD: Final = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_SLOTS: Final = BoundedSemaphore(2)
"""Of the whole process, since the machine is what it protects."""


def read_apart(reader: str, file: Path, **options: Any) -> bytes:
    """Give what a reader makes of a file; see `provstore.web.previews.__main__` for the readers.

    Raises:
        UnsupportedType: the file can't be shown so.
        TooLarge: that took too much time or memory.
        Unavailable: two files are being read already, and go on to be.
    """
    if not _SLOTS.acquire(timeout=_WALL_SECONDS):
        raise Unavailable("other previews are being made; try again later")
    try:
        return _run([sys.executable, "-P", "-m", _MODULE, reader, str(file), json.dumps(options)])
    finally:
        _SLOTS.release()


def _run(command: list[str]) -> bytes:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | _ONE_THREAD,
        start_new_session=True,
    )
    with process:
        try:
            made, told = process.communicate(timeout=_WALL_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            made, told = b"", b""
    if process.returncode == CANT_SHOW:
        raise UnsupportedType(told.decode("utf-8", "replace").strip()[:300])
    if process.returncode != 0:
        raise TooLarge("to show this file takes more time or memory than a preview may have; download it")
    return made
