"""What a check of a set-up finds, one thing after the other: for a person at a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "Level", "fault", "note", "well"]


class Level(StrEnum):
    """How it is."""

    OK = "ok"
    NOTE = "note"
    """It works, but somebody should know."""
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was looked at, what was found, and what to do about it ("" where there is nothing to do)."""

    part: str
    found: str
    level: Level = Level.OK
    remedy: str = ""


def well(part: str, found: str) -> Finding:
    """It is as it should be."""
    return Finding(part=part, found=found)


def note(part: str, found: str, remedy: str = "") -> Finding:
    """It works, but somebody should know."""
    return Finding(part=part, found=found, level=Level.NOTE, remedy=remedy)


def fault(part: str, found: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(part=part, found=found, level=Level.FAULT, remedy=remedy)
