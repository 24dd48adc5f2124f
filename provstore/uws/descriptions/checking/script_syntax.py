"""Tells whether a script can be read: by the very program that will run it, which is told not to run anything."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["INVISIBLE", "Fault", "syntax_faults"]

INVISIBLE: Final = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
"""Characters without a width, and those that turn the order of others about (CVE-2021-42574)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a script, and in which line (0: in none). ``fatal``: it would not run."""

    line: int
    text: str
    fatal: bool = True


_SECONDS: Final = 5
_MEMORY: Final = 1 << 20
"""Kibibytes that a reader may take."""

_BASH: Final = ("bash", "--norc", "--noprofile", "-n")
_COMPILE: Final = """
import sys, warnings
warnings.simplefilter("ignore")
try:
    compile(sys.stdin.buffer.read(), "script", "exec", dont_inherit=True)
except SyntaxError as error:
    sys.exit(f"line {error.lineno or 0}: {error.msg}")
except (ValueError, OverflowError, RecursionError, MemoryError) as error:
    sys.exit(f"line 0: {type(error).__name__}: {error}")
"""
_READERS: Final[Mapping[str, tuple[str, ...]]] = {
    "bash": _BASH,
    "python": (sys.executable, "-I", "-S", "-c", _COMPILE),
}
_LIMITED: Final = ("bash", "--norc", "--noprofile", "-c", f'ulimit -v {_MEMORY} 2>/dev/null; exec "$@"', "reader")
_ENVIRONMENT: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
_MESSAGE: Final = re.compile(r"(?:[^:\n]*: )?line (?P<line>\d+): (?P<warning>warning: )?(?P<text>.*)", re.ASCII)
_QUOTED: Final = re.compile(r"`.*'\Z")
"""The line of which bash has complained just before."""

_LONGEST: Final = 300
_MOST: Final = 20


def syntax_faults(script: str, language: str) -> tuple[Fault, ...]:
    """List what keeps a script from being read; nothing of it is executed.

    Args:
        script: Its text.
        language: ``bash`` or ``python``; of others nothing is known.
    """
    if language not in _READERS:
        return ()
    try:
        done = _read(_READERS[language], script)
    except subprocess.TimeoutExpired:
        return (Fault(line=0, text=f"{language} could not read it within {_SECONDS} seconds"),)
    except FileNotFoundError:
        return (Fault(line=0, text="bash is not installed here: the syntax was not checked", fatal=False),)
    lines = (found for found in map(_MESSAGE.match, done.stderr.splitlines()) if found)
    told = tuple(_fault(found) for found in lines if not _QUOTED.match(found["text"]))[:_MOST]
    if done.returncode and not any(one.fatal for one in told):
        return (*told, Fault(line=0, text=f"{language} can't read it (exit code {done.returncode})"))
    return told


def _read(reader: Sequence[str], script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_LIMITED, *reader],
        input=script,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=_SECONDS,
        env=_ENVIRONMENT,
        cwd="/",
        check=False,
    )


def _fault(found: re.Match[str]) -> Fault:
    return Fault(line=int(found["line"]), text=found["text"][:_LONGEST], fatal=not found["warning"])
