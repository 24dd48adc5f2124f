"""Names of parameters, inputs and results: how a script sees them, and which ones are taken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from provstore.resources import RESOURCES

__all__ = [
    "CLUSTER_CONTROL",
    "CLUSTER_CONTROLS",
    "CLUSTER_PREFIX",
    "as_declared",
    "exported_name",
    "reserved",
    "reserved_service",
]

_UNEXPORTABLE: Final = re.compile(r"[.-]")
"""The characters of a name that a shell variable can't have."""

CLUSTER_PREFIX: Final = "slurm_"
"""How the control parameters begin that ask for resources of a cluster."""

CLUSTER_CONTROL: Final = f"{CLUSTER_PREFIX}cluster"
"""The control parameter that chooses the cluster by its name."""

CLUSTER_CONTROLS: Final = (*(f"{CLUSTER_PREFIX}{name}" for name in RESOURCES), CLUSTER_CONTROL)
"""Control parameters by which a job asks for resources of a cluster."""

_CONTROLS: Final = frozenset(
    {"phase", "action", "upload", "runid", "executionduration", "destruction", "uws_quote", "csrf_token"}
).union(CLUSTER_CONTROLS)
"""Fields of a job request that mean something else. Request names have no case (DALI 1.1 §2)."""

_VARIABLES: Final = re.compile(
    r"PATH|HOME|USER|TMPDIR|PS4|IFS|ENV|MODULEPATH|wd|jd|rs"
    # bash sets these itself, or refuses to change them: a script would not see the value.
    r"|_|UID|EUID|PPID|PWD|OLDPWD|SHLVL|GROUPS|DIRSTACK|FUNCNAME|RANDOM|SRANDOM|SECONDS|LINENO|OPTIND|OPTARG|OPTERR"
    r"|PIPESTATUS|EPOCHSECONDS|EPOCHREALTIME|HISTCMD|COMP_WORDBREAKS"
    # bash obeys these.
    r"|CDPATH|FUNCNEST|GLOBIGNORE|EXECIGNORE|TMOUT|POSIXLY_CORRECT|CHILD_MAX"
    # The C library, module systems and containers obey these.
    r"|LANGUAGE|LC_.*|LOCPATH|NLSPATH|GCONV_PATH|GLIBC_TUNABLES|MALLOC_.*"
    r"|MODULE[A-Z]*|MODULES_.*|LOADEDMODULES|_LMFILES_|LMOD_.*|(?:APPTAINER|SINGULARITY)(?:ENV)?_.*"
    r"|(?:LD|BASH|PYTHON|SLURM|PROVSTORE)_.*|PYTHON.*|SHELL.*|BASH.*"
)
"""Variables that the shell, the loader, Python, SLURM or provstore obeys or sets."""

_ADDRESSES: Final = frozenset({"proposals", "propose", "validate", "convert", "new"})
"""What the addresses below /jdl and /definitions mean beside the names of services."""


def exported_name(name: str) -> str:
    """Name of the environment variable in which a script finds a parameter, an input or a result."""
    return _UNEXPORTABLE.sub("_", name)


def as_declared(name: str, names: Sequence[str]) -> str | None:
    """Give the declared name that a client means: the same, or the only one that differs in case; None for neither."""
    if name in names:
        return name
    same = [one for one in names if one.casefold() == name.casefold()]
    return same[0] if len(same) == 1 else None


def reserved(name: str) -> str:
    """Tell what a name is already used for; "" if it is free."""
    if name.lower() in _CONTROLS:
        return "a field of the job request"
    if _VARIABLES.fullmatch(exported_name(name)):
        return "a variable that the shell, the loader or provstore itself uses"
    return ""


def reserved_service(name: str) -> str:
    """Tell why no service may have a name; "" if it may."""
    return f"the address /jdl/{name} is something else" if name in _ADDRESSES else ""
