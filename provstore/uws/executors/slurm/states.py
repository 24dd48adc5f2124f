"""The job states of SLURM and what each means for a job of ours: one row for each word of its manuals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from provstore.uws.ports import Cause, State

__all__ = ["SHORT", "STATES", "Meaning", "by_whom", "full_word", "meaning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a state means. ``state`` is None where it tells nothing new: what was known before still holds."""

    state: State | None
    cause: Cause | None = None
    sentence: str = ""
    """Says it to the owner of the job; "" where the state needs no words."""


_ENDED: Final = State.ENDED

STATES: Final[Mapping[str, Meaning]] = {
    # Not started
    "PENDING": Meaning(state=State.WAITING),
    "CONFIGURING": Meaning(state=State.WAITING, sentence="it has its nodes, which are being made ready"),
    "POWER_UP_NODE": Meaning(state=State.WAITING, sentence="it has its nodes, which are being switched on"),
    "EXPEDITING": Meaning(state=State.WAITING, sentence="it is next in the queue"),
    "REQUEUED": Meaning(state=State.WAITING, sentence="it was put back into the queue"),
    "REQUEUE_FED": Meaning(
        state=State.WAITING, sentence="it was put back into the queue by the federation of clusters"
    ),
    "REQUEUE_HOLD": Meaning(state=State.HELD, sentence="it was put back into the queue and is held there"),
    "SPECIAL_EXIT": Meaning(
        state=State.HELD, sentence="it was put back into the queue with a mark of the site's and is held there"
    ),
    "RESV_DEL_HOLD": Meaning(state=State.HELD, sentence="it is held, since its reservation was deleted"),
    # At work
    "RUNNING": Meaning(state=State.RUNNING),
    "RESIZING": Meaning(state=State.RUNNING),
    "SIGNALING": Meaning(state=State.RUNNING),
    "SUSPENDED": Meaning(state=State.SUSPENDED, sentence="it was suspended; its processors serve other jobs"),
    "STOPPED": Meaning(state=State.SUSPENDED, sentence="it was stopped; it keeps its processors"),
    # On the way to an end which is not known yet
    "COMPLETING": Meaning(state=None),
    "STAGE_OUT": Meaning(state=None),
    "UPDATE_DB": Meaning(state=None),
    # Over
    "COMPLETED": Meaning(state=_ENDED, cause=Cause.EXIT),
    "FAILED": Meaning(state=_ENDED, cause=Cause.EXIT),
    "OUT_OF_MEMORY": Meaning(state=_ENDED, cause=Cause.MEMORY, sentence="it used more memory than it was given"),
    "TIMEOUT": Meaning(state=_ENDED, cause=Cause.TIMEOUT, sentence="it reached its time limit on the cluster"),
    "DEADLINE": Meaning(
        state=_ENDED, cause=Cause.TIMEOUT, sentence="it could not have ended before its deadline on the cluster"
    ),
    "CANCELLED": Meaning(state=_ENDED, cause=Cause.ABORT, sentence="it was cancelled on the cluster"),
    "BOOT_FAIL": Meaning(state=_ENDED, cause=Cause.TAKEN_BACK, sentence="a node could not be started for it"),
    "NODE_FAIL": Meaning(state=_ENDED, cause=Cause.TAKEN_BACK, sentence="a node on which it ran failed"),
    "LAUNCH_FAILED": Meaning(state=_ENDED, cause=Cause.TAKEN_BACK, sentence="it could not be started on its nodes"),
    "RECONFIG_FAIL": Meaning(state=_ENDED, cause=Cause.TAKEN_BACK, sentence="its nodes could not be set up for it"),
    "PREEMPTED": Meaning(state=_ENDED, cause=Cause.TAKEN_BACK, sentence="it had to give way to another job"),
    "REVOKED": Meaning(state=_ENDED, cause=Cause.TAKEN_BACK, sentence="another cluster of the federation took it over"),
}
"""Every word of squeue's and sacct's manuals up to SLURM 25."""

SHORT: Final[Mapping[str, str]] = {
    "BF": "BOOT_FAIL",
    "CA": "CANCELLED",
    "CD": "COMPLETED",
    "CF": "CONFIGURING",
    "CG": "COMPLETING",
    "DL": "DEADLINE",
    "F": "FAILED",
    "NF": "NODE_FAIL",
    "OOM": "OUT_OF_MEMORY",
    "PD": "PENDING",
    "PR": "PREEMPTED",
    "R": "RUNNING",
    "RD": "RESV_DEL_HOLD",
    "RF": "REQUEUE_FED",
    "RH": "REQUEUE_HOLD",
    "RQ": "REQUEUED",
    "RS": "RESIZING",
    "RV": "REVOKED",
    "S": "SUSPENDED",
    "SE": "SPECIAL_EXIT",
    "SI": "SIGNALING",
    "SO": "STAGE_OUT",
    "ST": "STOPPED",
    "TO": "TIMEOUT",
}

_BY: Final = re.compile(r"\s+by\s+(\S+)\s*$", re.ASCII)


def full_word(text: str) -> str:
    """Give the long word of a state as SLURM prints it: without ``by 1001`` and the ``+`` of a cut column."""
    word = _BY.sub("", text).strip().rstrip("+").upper()
    return SHORT.get(word, word)


def by_whom(text: str) -> str:
    """Give the user id that ``CANCELLED by 1001`` names; "" where none is."""
    found = _BY.search(text)
    return found[1] if found else ""


def meaning(word: str) -> Meaning:
    """Look a state up; a word that is not in the table means UNKNOWN and is told as it is."""
    known = STATES.get(full_word(word))
    return known or Meaning(state=State.UNKNOWN, sentence=f"SLURM says {word!r} of it, which is not a known state")
