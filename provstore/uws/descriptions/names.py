"""Names of parameters, inputs and results: how a script sees them, and which ones are taken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

__all__ = ["UNEXPORTABLE", "as_declared", "exported_name", "reserved"]

UNEXPORTABLE: Final = re.compile(r"[.-]")
"""The characters of a name that a shell variable can't have."""

_CONTROLS: Final = frozenset(
    {
        "phase",
        "action",
        "upload",
        "runid",
        "executionduration",
        "destruction",
        "uws_quote",
        "slurm_mem",
        "slurm_nodes",
        "slurm_ntasks-per-node",
        "slurm_partition",
        "slurm_account",
    }
)
"""Fields of a job request that mean something else. Request names have no case (DALI 1.1 §2)."""

_VARIABLES: Final = re.compile(
    r"PATH|HOME|USER|TMPDIR|PS4|IFS|ENV|MODULEPATH|wd|jd|rs"
    # bash sets these itself, or refuses to change them: a script would not see the value.
    r"|_|UID|EUID|PPID|PWD|OLDPWD|SHLVL|GROUPS|DIRSTACK|FUNCNAME|RANDOM|SRANDOM|SECONDS|LINENO|OPTIND|OPTARG|PIPESTATUS"
    r"|EPOCHSECONDS|EPOCHREALTIME|HISTCMD"
    r"|(?:LD|BASH|PYTHON|SLURM|PROVSTORE)_.*|PYTHON.*|SHELL.*|BASH.*"
)
"""Variables that the shell, the loader, Python, SLURM or provstore obeys or sets."""


def exported_name(name: str) -> str:
    """Name of the environment variable in which a script finds a parameter, an input or a result."""
    return UNEXPORTABLE.sub("_", name)


def as_declared(name: str, names: Sequence[str]) -> str | None:
    """Give the declared name that a client means: the same, or the only one that differs in case; None for neither."""
    same = [one for one in names if one.casefold() == name.casefold()]
    if name in names:
        return name
    return same[0] if len(same) == 1 else None


def reserved(name: str) -> str:
    """Tell what a name is already used for; "" if it is free."""
    if name.lower() in _CONTROLS:
        return "a field of the job request"
    if _VARIABLES.fullmatch(exported_name(name)):
        return "a variable that the shell, the loader or provstore itself uses"
    return ""
