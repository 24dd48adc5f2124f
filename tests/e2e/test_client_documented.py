"""docs/client.md and the notebook beside it run as they stand, and the page names every method and error."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from provstore import notebook
from provstore.client import Client
from provstore.client.refusals import _KINDS
from provstore.client.replays import Replays
from tests.e2e.served import ROOT, Served

DOCS = ROOT / "docs"
PAGE = (DOCS / "client.md").read_text(encoding="utf-8")
EXAMPLE = DOCS / "examples" / "notebook.py"


@pytest.fixture
def environment(served: Served) -> dict[str, str]:
    return os.environ | {"PROVSTORE_URL": served.address, "PYTHONPATH": str(ROOT)}


def test_the_examples_of_the_page_run_one_after_the_other(environment: dict[str, str], tmp_path: Path) -> None:
    fits.PrimaryHDU(np.ones((4, 4))).writeto(tmp_path / "m31.fits")
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) > 6
    program = "\n".join(blocks).replace("https://prov.example.org", environment["PROVSTORE_URL"])
    done = run("-c", program, environment, tmp_path)
    assert "COMPLETED" in done
    assert "duration: 'long'" in done
    assert (tmp_path / "job.svg").is_file()
    assert (tmp_path / "copy.fits").read_bytes() == (tmp_path / "m31.fits").read_bytes()


def test_the_notebook_runs_to_its_end(environment: dict[str, str], tmp_path: Path) -> None:
    done = run(str(EXAMPLE), "", environment | {"TMPDIR": str(tmp_path)}, tmp_path)
    assert "COMPLETED in 0:00:" in done
    assert "the map of data release 3" in done


def run(argument: str, program: str, environment: dict[str, str], place: Path) -> str:
    command = [sys.executable, "-W", "error", argument, *([program] if program else [])]
    done: Any = subprocess.run(
        command, env=environment, cwd=place, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


def test_the_page_names_every_method_of_the_client_and_every_function_of_the_notebook() -> None:
    named = set(re.findall(r"(\w+)\(", PAGE))
    methods = (name for kind in (Client, Replays) for name in vars(kind) if not name.startswith("_"))
    assert [name for name in methods if name not in named] == []
    assert sorted(set(notebook.__all__) - named) == []


def test_the_page_names_the_error_of_every_status() -> None:
    rows = [row for row in re.findall(r"^\| ([\d, ]+)[^|]*\| ([^|]+) \|$", PAGE, re.MULTILINE) if row[0].strip()]
    told = {int(status): row[1] for row in rows for status in re.findall(r"\d+", row[0])}
    assert [status for status, kind in _KINDS.items() if kind.__name__ not in told.get(status, "")] == []
