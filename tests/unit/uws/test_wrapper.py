"""Parts of the wrapper that can be looked at without a job."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from provstore.uws.executors.status import WRAPPER
from provstore.uws.executors.wrapper.log import Log

ALLOWED = {
    "collections.abc",
    "ctypes",
    "fcntl",
    "hashlib",
    "importlib",
    "json",
    "os",
    "pwd",
    "fnmatch",
    "resource",
    "select",
    "signal",
    "socket",
    "stat",
    "sys",
    "time",
}


def of_the_standard_library(tree: ast.Module) -> set[str]:
    """What a module imports that is no neighbour of it; the names, for a part of a module could be missing in 3.6."""
    taken = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    named = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
    return taken | named


@pytest.mark.parametrize("module", sorted(WRAPPER.glob("*.py")), ids=lambda module: module.stem)
def test_the_wrapper_can_be_read_by_python_3_6(module: Path) -> None:
    ast.parse(module.read_text("utf-8"), feature_version=(3, 6))


@pytest.mark.parametrize("module", sorted(WRAPPER.glob("*.py")), ids=lambda module: module.stem)
def test_the_wrapper_imports_only_modules_that_load_quickly(module: Path) -> None:
    assert of_the_standard_library(ast.parse(module.read_text("utf-8"))) <= ALLOWED


def test_the_wrapper_refuses_a_directory_that_is_not_staged(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", str(WRAPPER), str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout, list(tmp_path.iterdir())) == (2, "", [])
    assert "task.json" in said.stderr


@pytest.mark.parametrize("words", ["", "{}", "[]", '{"job": "j1"}', '{"job": "j1", "environment": {}, "log_max": "x"}'])
def test_a_task_that_can_not_be_understood_is_not_claimed(tmp_path: Path, words: str) -> None:
    (tmp_path / "task.json").write_text(words, encoding="utf-8")
    command = [sys.executable, "-I", "-S", str(WRAPPER), str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (said.returncode, "can't be run" in said.stderr) == (2, True)
    assert not (tmp_path / "claim").exists()


@pytest.mark.parametrize("limit", [0, 1, 2, 9, 10, 11, 1000])
@pytest.mark.parametrize("chunk", [1, 3, 64])
def test_a_log_keeps_the_first_and_the_last_half(tmp_path: Path, limit: int, chunk: int) -> None:
    data, half = bytes(range(32, 127)) * 4, max(1, limit // 2)
    log = Log(str(tmp_path / "log"), limit)
    for start in range(0, len(data), chunk):
        log.write(data[start : start + chunk])
    log.close()
    marker = b"\n[provstore: %d bytes left out]\n" % (len(data) - 2 * half)
    expected = data if len(data) <= 2 * half else data[:half] + marker + data[-half:]
    assert (tmp_path / "log").read_bytes() == expected


def test_a_log_on_a_full_disk_says_so_and_goes_on() -> None:
    log = Log("/dev/full", 100)
    log.write(b"lost")
    log.close()
    assert "No space left" in log.trouble
