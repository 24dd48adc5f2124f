"""The script that calls a program of ftools or ctools with all its parameters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from provstore.uws.descriptions.names import exported_name

__all__ = ["absent_as", "always", "calling_script", "if_given"]

_HEAD: Final = """\
#!/bin/bash
# Calls {program} with all its parameters. Made from its parameter file: change it as you like.
set -eu
if ! command -v {program} >/dev/null; then
    echo "{program} is not installed here: this service needs it on the PATH of its jobs" >&2
    exit 127
fi
# The program writes its parameter file in this directory, and asks nobody.
if [ -n "${{PFILES:-}}" ]; then
    export PFILES="$PWD;${{PFILES##*;}}"
fi
export HEADASNOQUERY= HEADASPROMPT=/dev/null
{program}"""


def calling_script(program: str, arguments: Iterable[str]) -> str:
    """Give the script; the arguments are what the three functions below make."""
    return " \\\n    ".join([_HEAD.format(program=program), *arguments]) + "\n"


def always(name: str) -> str:
    """Give the argument of a parameter that each job has."""
    return f'{name}="${exported_name(name)}"'


def if_given(name: str) -> str:
    """Give the argument of a parameter that a job may lack: then the program takes its own default."""
    variable = exported_name(name)
    return f'${{{variable}+{name}="${variable}"}}'


def absent_as(name: str, word: str) -> str:
    """Give the argument of a file that a job may lack, and the word that says so to the program."""
    return f'{name}="${{{exported_name(name)}:-{word}}}"'
