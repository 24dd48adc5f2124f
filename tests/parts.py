"""Real parts that tests need and a machine may lack: skipped there, unless PROVSTORE_REQUIRE lists them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.slurm_cluster import why_missing

__all__ = ["AXE", "CHROMIUM", "MARKED_PARTS", "MODULES_INIT", "NGINX", "require", "required"]

NGINX: Final = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
"""Where nginx is: Debian keeps it where only the administrator looks."""

MODULES_INIT: Final = Path("/usr/share/modules/init/bash")
"""What brings the command `module`, where Debian's environment-modules keep it."""


def _unless(*, present: bool, reason: str) -> str:
    return "" if present else reason


CHROMIUM: Final = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
"""Where a Chromium is."""

AXE: Final = Path(__file__).parents[1] / "browser" / "node_modules" / "axe-core" / "axe.min.js"
"""What looks for barriers in pages; brought by `make setup`."""


def _why_no_browser() -> str:
    if CHROMIUM is None:
        return "Chromium is not installed"
    return _unless(present=AXE.is_file(), reason="the browser files are missing; `make browser` brings them")


MARKED_PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "browser": _why_no_browser,
    "ctools": lambda: _unless(present=shutil.which("ctbin") is not None, reason="ctools are not installed"),
    "graphviz": lambda: _unless(present=shutil.which("dot") is not None, reason="the program dot is not installed"),
    "modules": lambda: _unless(present=MODULES_INIT.is_file(), reason="environment-modules are not installed"),
    "nginx": lambda: _unless(present=NGINX is not None, reason="the program nginx is not installed"),
    "slurm": lambda: why_missing(required=required("slurm")),
}
"""Marker of a test -> how to find out why its part is missing; "" if it is there."""


def required(part: str, *, listed: str | None = None) -> bool:
    """Tell whether the part must be there: it stands in PROVSTORE_REQUIRE, separated by commas or spaces."""
    text = os.environ.get("PROVSTORE_REQUIRE", "") if listed is None else listed
    return part in re.split(r"[\s,]+", text)


def require(part: str, *, present: bool, reason: str) -> None:
    """Go on if the part is there; else skip the test with the reason, or fail it where the part is required."""
    if present:
        return
    if required(part):
        pytest.fail(f"{part} is required here (PROVSTORE_REQUIRE), but {reason}", pytrace=False)
    pytest.skip(f"{part}: {reason}")
