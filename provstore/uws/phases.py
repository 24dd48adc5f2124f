"""The phases of a job and every legal move between them, as one table (UWS 1.1 §2.1.3)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = [
    "ACTIVE",
    "BLOCKING",
    "CLIENT_MOVES",
    "FINAL",
    "OPEN",
    "SERVER_MOVES",
    "Phase",
    "can_move",
    "client_may_move",
]


class Phase(StrEnum):
    """The words that ``/phase`` answers."""

    PENDING = "PENDING"
    QUEUED = "QUEUED"
    EXECUTING = "EXECUTING"
    COMPLETED = "COMPLETED"
    ERROR = "ERROR"
    ABORTED = "ABORTED"
    UNKNOWN = "UNKNOWN"
    HELD = "HELD"
    SUSPENDED = "SUSPENDED"
    ARCHIVED = "ARCHIVED"


_P = Phase
_ENDS: Final = frozenset({_P.ERROR, _P.ABORTED})

CLIENT_MOVES: Final[dict[Phase, frozenset[Phase]]] = {
    _P.PENDING: frozenset({_P.QUEUED, _P.HELD, _P.ABORTED}),
    _P.HELD: frozenset({_P.QUEUED, _P.ABORTED}),
    _P.QUEUED: frozenset({_P.ABORTED}),
    _P.EXECUTING: frozenset({_P.ABORTED}),
    _P.SUSPENDED: frozenset({_P.ABORTED}),
    _P.UNKNOWN: frozenset({_P.ABORTED}),
    _P.COMPLETED: frozenset(),
    _P.ERROR: frozenset(),
    _P.ABORTED: frozenset(),
    _P.ARCHIVED: frozenset(),
}
"""What a client may ask for; anything else is refused with 403."""

SERVER_MOVES: Final[dict[Phase, frozenset[Phase]]] = {
    _P.PENDING: _ENDS | {_P.ARCHIVED},
    _P.HELD: _ENDS | {_P.QUEUED, _P.EXECUTING, _P.UNKNOWN},
    _P.QUEUED: _ENDS | {_P.EXECUTING, _P.HELD, _P.COMPLETED, _P.UNKNOWN},
    _P.EXECUTING: _ENDS | {_P.COMPLETED, _P.SUSPENDED, _P.HELD, _P.QUEUED, _P.UNKNOWN},
    _P.SUSPENDED: _ENDS | {_P.EXECUTING, _P.QUEUED, _P.HELD, _P.COMPLETED, _P.UNKNOWN},
    _P.UNKNOWN: _ENDS | {_P.QUEUED, _P.EXECUTING, _P.SUSPENDED, _P.HELD, _P.COMPLETED},
    _P.COMPLETED: frozenset({_P.ARCHIVED}),
    _P.ERROR: frozenset({_P.ARCHIVED}),
    _P.ABORTED: frozenset({_P.ARCHIVED}),
    _P.ARCHIVED: frozenset(),
}
"""What the supervisor may do when the executor, or time, says so."""

BLOCKING: Final = frozenset({_P.PENDING, _P.QUEUED, _P.EXECUTING})
"""Phases in which WAIT waits (UWS 1.1 §2.2.1.1)."""

FINAL: Final = frozenset({_P.COMPLETED, _P.ERROR, _P.ABORTED, _P.ARCHIVED})
ACTIVE: Final = frozenset({_P.QUEUED, _P.EXECUTING, _P.SUSPENDED, _P.UNKNOWN, _P.HELD})
"""Phases in which an executor may have the job in hand."""

OPEN: Final = frozenset(Phase) - {_P.ARCHIVED}
"""What a job list shows unless asked for more."""


def client_may_move(current: Phase, target: Phase) -> bool:
    """Tell whether a client's request may bring a job from one phase to the other."""
    return target in CLIENT_MOVES[current]


def can_move(current: Phase, target: Phase) -> bool:
    """Tell whether any cause may bring a job from one phase to the other."""
    return target in CLIENT_MOVES[current] or target in SERVER_MOVES[current]
