"""A program asked for its help: run without a shell, for a short time, with nothing to read."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from provstore.errors import Invalid

__all__ = ["as_jobs_run_it", "help_of", "split_command"]

_PATIENCE: Final = 20.0
_LONGEST: Final = 1 << 20
_PLAIN: Final = {"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1", "LC_ALL": "C.UTF-8", "PAGER": "cat"}
_LEAST: Final = 20


def split_command(text: str) -> tuple[str, ...]:
    """Split a command line into words.

    Raises:
        Invalid: it is empty, or a quote is not closed.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise Invalid(f"{text!r}: {error}", field="help_of", value=text) from error
    if not words:
        raise Invalid("a program is needed", field="help_of", value=text)
    return tuple(words)


def as_jobs_run_it(words: tuple[str, ...], *, path: str) -> tuple[str, ...]:
    """Name the program and its files so that a job finds them, wherever it runs.

    Args:
        words: The command.
        path: Where jobs look for programs.

    Raises:
        Invalid: there is no such program.
    """
    first = words[0]
    if "/" in first or not shutil.which(first, path=path):
        found = shutil.which(first)
        if found is None:
            raise Invalid(f"no program {first!r}: neither here nor in {path}", field="help_of", value=first)
        first = str(Path(found).absolute())
    files = (str(Path(word).absolute()) if Path(word).is_file() else word for word in words[1:])
    return (first, *files)


def help_of(words: tuple[str, ...], *, patience: float = _PATIENCE) -> str:
    """Give what a program prints with ``--help``, or with ``-h`` if it has nothing to say to that.

    Raises:
        Invalid: it prints nothing, or does not end in time.
    """
    texts: list[str] = []
    for option in ("--help", "-h"):
        code, text = _run((*words, option), patience)
        if code == 0 and len(text.strip()) > _LEAST:
            return text
        texts.append(text)
    longest = max(texts, key=len)
    if "usage" in longest.lower():
        return longest
    raise Invalid(
        f"{shlex.join(words)} tells nothing with --help or -h; save its help in a file and give --help-text FILE",
        field="help_of",
        value=words[0],
    )


def _run(command: tuple[str, ...], patience: float) -> tuple[int, str]:
    """Run a command with its output in a file: a child that it leaves behind can't keep us waiting."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryDirectory() as elsewhere:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=elsewhere,
                env=os.environ | _PLAIN,
                start_new_session=True,
            )
        except OSError as error:
            raise Invalid(f"{command[0]}: {error.strerror}", field="help_of", value=command[0]) from error
        try:
            code = process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            raise Invalid(
                f"{shlex.join(command)} did not end within {patience:g} s: give --help-text FILE",
                field="help_of",
                value=command[0],
            ) from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        return code, output.read(_LONGEST).decode(errors="replace")
