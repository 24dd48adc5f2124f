"""What a check finds: where, what is wrong, and how much it matters."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Level", "Problem", "error", "tolerable", "warning"]


class Level(StrEnum):
    """An error forbids the publication of a new description; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something wrong, where (``parameters.emin.default``) and what would be right.

    ``tolerable``: an error in what is new, and none in a file from elsewhere, which did its work with it.
    """

    level: Level
    place: str
    text: str
    tolerable: bool = False

    def __str__(self) -> str:
        return f"{self.level}: {self.place}: {self.text}"


def error(place: str, text: str) -> Problem:
    """Note what would make jobs fail, or do something else than is said."""
    return Problem(level=Level.ERROR, place=place, text=text)


def tolerable(place: str, text: str) -> Problem:
    """Note an error that a file from elsewhere may have."""
    return Problem(level=Level.ERROR, place=place, text=text, tolerable=True)


def warning(place: str, text: str) -> Problem:
    """Note what may well be meant so."""
    return Problem(level=Level.WARNING, place=place, text=text)
