"""What a reader of a description hands back: the description, and everything it had to repair or to assume."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from provstore.errors import Invalid
from provstore.uws.descriptions.model import NAME, Description

__all__ = ["CONTENT_TYPES", "Notes", "Reading", "Repair", "guess_content_type"]

CONTENT_TYPES: Final[Mapping[str, str]] = {
    ".cfg": "text/plain",
    ".csv": "text/csv",
    ".fit": "application/fits",
    ".fits": "application/fits",
    ".fts": "application/fits",
    ".gif": "image/gif",
    ".gz": "application/gzip",
    ".html": "text/html",
    ".ini": "text/plain",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".log": "text/plain",
    ".par": "text/plain",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".tar": "application/x-tar",
    ".txt": "text/plain",
    ".vot": "application/x-votable+xml",
    ".xml": "text/xml",
    ".zip": "application/zip",
}
"""Media types by the end of a file's name: our own table, because the machine's differs from machine to machine."""


def guess_content_type(file_name: str) -> str:
    """Guess a media type from a file's name or a glob."""
    return CONTENT_TYPES.get(PurePosixPath(file_name).suffix.lower(), "application/octet-stream")


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Something that was not as it should be, and how it was read; ``line`` is 0 where there is none."""

    line: int
    what: str
    how: str

    def __str__(self) -> str:
        """One line for a list or a log."""
        return f"line {self.line}: {self.what}: {self.how}" if self.line else f"{self.what}: {self.how}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A description as it was read, its dialect (D0, D1, slides, D2), and the repairs in file order."""

    description: Description
    repairs: tuple[Repair, ...] = ()
    dialect: str = ""


@dataclass(slots=True)
class Notes:
    """Collects repairs while a file is read; ``exact`` marks a file that we wrote, in which nothing is assumed."""

    source: str
    exact: bool = False
    repairs: list[Repair] = field(default_factory=list)

    def add(self, line: int, what: str, how: str) -> None:
        """Note one repair."""
        self.repairs.append(Repair(line=line, what=what, how=how))

    def refuse(self, line: int, reason: str) -> Invalid:
        """Make the error that names file, line and reason."""
        return Invalid(f"{self.source}:{line}: {reason}" if line else f"{self.source}: {reason}", field="description")

    def name(self, value: str, *, line: int, what: str) -> str:
        """Read a name, without the ``tmp/`` that proposed descriptions had.

        Raises:
            Invalid: it can't be a name.
        """
        name = value.removeprefix("tmp/")
        if name != value:
            self.add(line, f"{what} name {value!r}", f"read as {name!r}")
        if not NAME.match(name):
            rule = "a letter or '_', then letters, digits, '_', '.' or '-'"
            raise self.refuse(line, f"{what} name {name!r} is not {rule}")
        return name

    def text(self, value: str | None, *, line: int, what: str) -> str:
        """Read a text in which old writers left Python's ``None`` for an empty one."""
        if value == "None" and not self.exact:
            self.add(line, f"{what} is 'None'", "read as empty")
            return ""
        return value or ""
