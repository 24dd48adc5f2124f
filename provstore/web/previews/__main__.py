"""The process that reads one file: ``python -m provstore.web.previews READER FILE OPTIONS``; it answers on stdout."""

from __future__ import annotations

import json
import resource
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from provstore.web.previews.process import CANT_SHOW, CPU_SECONDS, MEMORY

LIMITS: Final = {
    resource.RLIMIT_CPU: CPU_SECONDS,
    resource.RLIMIT_DATA: MEMORY,
    resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_CORE: 0,
}


def main(reader: str, file: str, options: str) -> int:
    """Read a file within the limits; give the exit code."""
    for limit, most in LIMITS.items():
        resource.setrlimit(limit, (most, most))
    warnings.simplefilter("ignore")
    try:
        made = _reader(reader)(Path(file), **json.loads(options))
    except Exception as error:  # noqa: BLE001 - libraries raise anything on what is no such file; it is told, not lost
        sys.stderr.write(f"this file can't be shown: {' '.join(str(error).split()) or type(error).__name__}")
        return CANT_SHOW
    sys.stdout.buffer.write(made)
    return 0


def _reader(name: str) -> Callable[..., bytes]:
    """Import what one reader needs, and nothing else: each takes its time."""
    module, function = READERS[name]
    found: Any = getattr(import_module(f"provstore.web.previews.{module}"), function)
    return found  # type: ignore[no-any-return]  # a row of the table below


READERS: Final = {
    "picture": ("pictures", "picture"),
    "fits-picture": ("fits_pictures", "fits_picture"),
    "fits": ("fits_files", "fits_facts"),
    "votable": ("votables", "votable_rows"),
}

if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
