"""What a script runs in: the words that start it, by language, modules and container of its description.

Pure: nothing is run here. Names of modules and images are arguments of a fixed helper, never text that a shell reads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Final

from provstore.errors import Invalid
from provstore.uws.descriptions.model import Description

__all__ = ["HELPER", "LANGUAGES", "helper_text", "needs_helper", "reason_not_entered", "shell_of"]

LANGUAGES: Final[Mapping[str, str]] = {"bash": "bash", "python": "python3"}
"""Language of a script -> the program that runs it."""

HELPER: Final = "enter.sh"
"""The file in the job directory that loads modules and enters containers."""

_NOT_ENTERED: Final = 125
"""Exit code of the helper if there is no such module or container."""

_SAYS: Final = "provstore: "
"""How its last line on stderr begins then."""

_MODULE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+/@:=~-]{0,199}\Z")
_IMAGE: Final = re.compile(r"(?:/|[a-z][a-z0-9+.-]{0,30}://)[^\s\x00]{1,999}\Z")
"""Nothing relative: that would be a file of the job, which its user may have brought."""

_NO_BIND: Final = re.compile(r"[:,\"]")
"""Characters that end a path in apptainer's ``--bind``."""


def shell_of(description: Description, directory: PurePath, *, modules_init: str = "") -> tuple[str, ...]:
    """Give the words that run a script, which stand before its path.

    Args:
        description: Of the service.
        directory: The job's directory, as the machine sees it that runs the job.
        modules_init: The file that brings the command ``module``; "" for the first of the usual places.

    Raises:
        Invalid: a language that nobody here speaks, or a name that no module or image can have.
    """
    command = (*_container(description, directory), _interpreter(description))
    if not needs_helper(description):
        return command
    for name in description.modules:
        if not _MODULE.match(name):
            raise Invalid(f"module {name!r}: a name like gcc/12.2 is needed", field="modules", value=name)
    return ("bash", str(directory / HELPER), modules_init, *description.modules, "--", *command)


def needs_helper(description: Description) -> bool:
    """Tell whether a job's directory needs the helper."""
    return bool(description.modules or description.container)


def helper_text() -> str:
    """Give the helper, to be written beside the script as `HELPER`."""
    return Path(__file__).with_name(HELPER).read_text(encoding="utf-8")


def reason_not_entered(exit_code: int | None, stderr: str) -> str:
    """Give what kept a script from being run, in the words of the helper; "" if it was run."""
    last = stderr.rstrip("\n").rpartition("\n")[2]
    return last.removeprefix(_SAYS) if exit_code == _NOT_ENTERED and last.startswith(_SAYS) else ""


def _interpreter(description: Description) -> str:
    language = description.script_language or "bash"
    if language not in LANGUAGES:
        words = f"script_language {language!r}: one of {', '.join(LANGUAGES)} is needed"
        raise Invalid(words, field="script_language", value=language)
    return LANGUAGES[language]


def _container(description: Description, directory: PurePath) -> tuple[str, ...]:
    """Give the words that enter the image: the job's directory is seen there under the same name.

    The environment goes along as it is, since it holds nothing but the job's own; HOME must be asked for in words.
    """
    image = description.container
    if not image:
        return ()
    if not _IMAGE.match(image):
        right = "a whole path or address without blanks is needed, as /images/ctools.sif or docker://python:3.12"
        raise Invalid(f"container {image!r}: {right}", field="container", value=image)
    if _NO_BIND.search(str(directory)):
        raise Invalid(f"job directory {str(directory)!r}: a path with ':', ',' or '\"' can't be bound in a container")
    work = str(directory / "work")
    return ("apptainer", "exec", "--home", work, "--bind", str(directory), "--pwd", work, image)
