"""What a run has left behind: found in its directory, or told by the wrapper of another machine."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, Protocol

from provstore.errors import Invalid
from provstore.uws.descriptions.filenames import result_pattern
from provstore.uws.files import measure
from provstore.uws.jobs import Job
from provstore.uws.ports import PRODUCTS_FILE, REQUEST_FILE
from provstore.uws.publishing.revisions import Revision
from provstore.uws.running.told.scene import FILE_NAME

__all__ = ["FOLDERS", "Found", "Inventory", "Listed", "Local", "inventory_of", "patterns_of"]

FOLDERS: Final = ("results", "work")
"""Where results are looked for: in the first of these folders that has any."""

PROBLEMS: Final[Mapping[str, str]] = {
    "no-text": "the file name {0!a} is not UTF-8",
    "dangling": "{0!r} is a link that leads nowhere",
    "outside": "{0!r} is a link to a file outside of the job",
    "directory": "{0!r} is a directory; a result must be a file",
    "irregular": "{0!r} is no regular file",
    "unreadable": "{0!r} may not be read",
    "unmeasured": "{0!r} was not measured, for the job was told to end",
    "changed": "{0!r} was changed after the job had ended",
    "gone": "{0!r} was removed after the job had ended",
}
"""Why something that was found is no result; the wrapper, and what brings files from a cluster, tell it so too."""

_NO_TEXT: Final = re.compile("[\udc80-\udcff]")
"""How Python spells the bytes of a file name that are not UTF-8."""

_SHA256: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something of the name that was looked for.

    ``name``: under which it was found; ``path``: the file itself, in the run directory, where it may not be yet.
    ``problem``: why it is no result, "" if it is one.
    """

    name: str
    path: Path
    size: int = 0
    sha256: str = ""
    problem: str = ""


class Inventory(Protocol):
    """Tells what a run has made."""

    def matches(self, pattern: str) -> tuple[Found, ...]:
        """Give all of this file name or glob, sorted: of the results directory, else of the working directory.

        Raises:
            Invalid: nothing was told of it, or what can't be understood.
        """


class Local:
    """Looks and measures here. Inputs that are as they were are no results.

    Args:
        run: The run directory.
        untouched: Those inputs, in ``work``.
    """

    def __init__(self, run: Path, *, untouched: Collection[Path]) -> None:
        self._run = run
        self._untouched = untouched

    def matches(self, pattern: str) -> tuple[Found, ...]:
        """See the port; whatever is found is read from end to end."""
        for folder in FOLDERS if pattern else ():
            files = [file for file in _look(self._run / folder, pattern) if file not in self._untouched]
            if files:
                return tuple(self._found(file) for file in files)
        return ()

    def _found(self, file: Path) -> Found:
        problem = _problem(file, self._run)
        if problem:
            return Found(name=file.name, path=file, problem=_sentence(problem, file.name))
        real = self._run / file.resolve().relative_to(self._run.resolve())
        try:
            measured = measure(real)
        except PermissionError:
            return Found(name=file.name, path=real, problem=_sentence("unreadable", file.name))
        return Found(name=file.name, path=real, size=measured.size, sha256=measured.sha256)


class Listed:
    """Believes the list that came back from where the job ran; without it nobody knows what was made.

    Args:
        run: The run directory here.
    """

    def __init__(self, run: Path) -> None:
        self._run = run

    def matches(self, pattern: str) -> tuple[Found, ...]:
        """See the port; the files need not be here."""
        try:
            listed: Any = json.loads((self._run / PRODUCTS_FILE).read_bytes())
        except FileNotFoundError as error:
            raise Invalid(f"{PRODUCTS_FILE} is missing: what the job has made is not known") from error
        except ValueError as error:
            raise Invalid(f"{PRODUCTS_FILE}: it is no JSON: {error}") from error
        try:
            return tuple(_told(self._run, one) for one in listed["products"].get(pattern, ()))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Invalid(f"{PRODUCTS_FILE}: what it says of {pattern!r} is damaged") from error


def inventory_of(run: Path, *, untouched: Collection[Path]) -> Inventory:
    """Give the inventory of a run directory: listed where the job ran on another machine."""
    return Listed(run) if (run / REQUEST_FILE).exists() else Local(run, untouched=untouched)


def patterns_of(revision: Revision, job: Job) -> tuple[str, ...]:
    """Give what a wrapper on another machine is to look for; faulty file names are told when the job has ended."""
    values = {parameter.name: parameter.value for parameter in job.parameters}

    def patterns() -> Iterator[str]:
        for generated in revision.description.generated:
            try:
                yield result_pattern(generated, values)
            except Invalid:
                continue

    return tuple(dict.fromkeys((*patterns(), FILE_NAME)))


def _look(folder: Path, pattern: str) -> list[Path]:
    if any(one in pattern for one in "*?["):
        return sorted(folder.glob(_with_whole_stars(pattern)))
    return [folder / pattern] if os.path.lexists(folder / pattern) else []


def _with_whole_stars(pattern: str) -> str:
    """Let two stars beside other characters mean what one means: Python refuses them."""
    parts = pattern.split("/")
    return "/".join(part if part == "**" else re.sub(r"\*+", "*", part) for part in parts)


def _problem(file: Path, run: Path) -> str:
    """Tell by a word of the table why a file is no result; the first that holds."""
    faults: Mapping[str, Callable[[], bool]] = {
        "no-text": lambda: _NO_TEXT.search(str(file)) is not None,
        "dangling": lambda: file.is_symlink() and not file.exists(),
        "outside": lambda: not file.resolve().is_relative_to(run.resolve()),
        "directory": file.is_dir,
        "irregular": lambda: not file.is_file(),
    }
    return next((word for word, holds in faults.items() if holds()), "")


def _sentence(problem: str, name: str) -> str:
    return PROBLEMS.get(problem, "{0!r} is no result: " + problem).format(name)


def _told(run: Path, one: dict[str, Any]) -> Found:
    """Read an entry of the list; raises where it is not as a wrapper writes it."""
    below = PurePosixPath(one["path"])
    name = str(one.get("name") or below.name)
    if below.is_absolute() or ".." in below.parts or below.parts[:1] not in {(folder,) for folder in FOLDERS}:
        raise ValueError(below)
    if one["problem"]:
        return Found(name=name, path=run / below, problem=_sentence(str(one["problem"]), name))
    size, sha256 = one["size"], one["sha256"]
    if type(size) is not int or size < 0 or not _SHA256.fullmatch(sha256):
        raise ValueError(one)
    return Found(name=name, path=run / below, size=size, sha256=sha256)
