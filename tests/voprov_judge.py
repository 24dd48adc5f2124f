"""The real voprov 0.0.4 for the tests: it needs an older prov than ours, so it has a virtual environment of its own."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.parts import require

__all__ = ["Told", "make_documents", "told"]

ROOT: Final = Path(__file__).parents[1]
LOCK: Final = ROOT / "requirements-voprov.lock"
PROGRAM: Final = Path(__file__).parent / "voprov" / "program.py"

Told = Mapping[str, list[list[Any]]]
"""Bundle (full URI, "" for the document) -> records as [class of voprov, id, [[key, text, type...]...]]."""


class _NoVoprovError(Exception):
    """It can't be had here; the message says why."""


def make_documents(folder: Path) -> None:
    """Write into a folder: all.json, all.xml, w3c.json."""
    _run("make", str(folder))


def told(*files: Path) -> list[Told]:
    """Give what voprov understands of each file (all of them .json, or all .xml)."""
    (suffix,) = {file.suffix for file in files}
    found: list[Told] = json.loads(_run("tell", suffix[1:], *map(str, files)))
    return found


def _run(*arguments: str) -> str:
    try:
        python = _environment()
    except _NoVoprovError as reason:
        require("voprov", present=False, reason=str(reason))
        raise
    done = subprocess.run(
        [str(python), str(PROGRAM), *arguments],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONHASHSEED": "0"},  # voprov writes sets in their own order
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def _environment() -> Path:
    """Give the Python of the virtual environment, made once in the user's cache for each content of the lock file."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "provstore"
    cache.mkdir(parents=True, exist_ok=True)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    place = cache / f"voprov-{version}-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    with (cache / "voprov.lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # two test processes make it once
        if not (place / "complete").exists():
            _do(sys.executable, "-m", "venv", "--clear", str(place))
            _do(str(place / "bin" / "pip"), "install", "--quiet", "--require-hashes", "-r", str(LOCK))
            (place / "complete").touch()
    return place / "bin" / "python"


def _do(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise _NoVoprovError(f"{' '.join(command[:4])} failed: {done.stderr[-1000:]}")
