"""What remains to be done in a step of a job's life, and by whom."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

__all__ = ["Lane", "Work"]


class Lane(StrEnum):
    """Works that may take long go by their sort: many large results must not keep other jobs from starting."""

    START = "start"
    END = "end"


class Work(NamedTuple):
    """What remains to be done in a step, and may take long; ``executor``: whose slowness must not be that of others."""

    lane: Lane
    executor: str
    act: Callable[[], None]
