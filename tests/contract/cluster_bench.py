"""What the suites of the wrapper on a cluster share: how it is run there, and what it leaves."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from provstore.uws.executors.status import WRAPPER

__all__ = ["NO_BWRAP", "PYTHONS", "kept", "products", "python", "run", "start", "status"]

NO_BWRAP: Final = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap isolates scripts")
PYTHONS: Final = ("ours", "3.6")
"""The interpreters that run the wrapper: this one, and the oldest that is promised."""


@cache
def python(name: str) -> str:
    """Give an interpreter by the name that pyenv has for it too."""
    if name == "ours":
        return sys.executable
    for command in ([f"python{name}", "-c", "import sys; print(sys.prefix)"], ["pyenv", "prefix", name]):
        if shutil.which(command[0]) is None:
            continue
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        if said.returncode == 0:
            return f"{said.stdout.strip()}/bin/python{name}"
    pytest.skip(f"Python {name} is not here")


def start(directory: Path, *, interpreter: str = "ours", **environment: str) -> subprocess.Popen[bytes]:
    """Start the wrapper as a batch script would."""
    command = [python(interpreter), "-I", "-S", str(WRAPPER), str(directory)]
    variables = {"PATH": os.environ["PATH"], **environment}
    return subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def run(directory: Path, *, interpreter: str = "ours", **environment: str) -> dict[str, Any]:
    """Run a job to its end; give its record."""
    start(directory, interpreter=interpreter, **environment).wait(30)
    return status(directory)


def status(directory: Path) -> dict[str, Any]:
    """Give the record as it stands."""
    content: dict[str, Any] = json.loads((directory / "status.json").read_bytes())
    return content


def products(directory: Path) -> dict[str, list[dict[str, Any]]]:
    """Give what is listed, by pattern."""
    content: dict[str, list[dict[str, Any]]] = json.loads((directory / "products.json").read_bytes())["products"]
    return content


def kept(directory: Path) -> bytes:
    """Give what the script said."""
    return (directory / "stdout").read_bytes()
