"""What a row of SLURM's says of a job, as the executor port tells it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Final

from provstore.uws.executors.slurm.parsing import Row
from provstore.uws.executors.slurm.reasons import HOLDS, NO_REASON, why_waiting
from provstore.uws.executors.slurm.states import Meaning, meaning
from provstore.uws.ports import Cause, Observation, State

__all__ = ["observed"]


def observed(row: Row) -> Observation | None:
    """Tell how a job is by what SLURM says alone; None where it says nothing new, so that what was known still holds.

    Of a job that ended in EXIT, the wrapper's own record knows more.
    """
    means = meaning(row.word)
    if means.state is None:
        return None
    if means.state is State.ENDED:
        return _ended(row, means)
    return Observation(
        state=_waiting(row, means.state),
        message=_why(row, means),
        started_at=row.started_at,
        host=row.nodes,
        max_rss=row.max_rss,
    )


def _waiting(row: Row, state: State) -> State:
    """HELD for what waits until it is released."""
    held = row.reason in HOLDS or fnmatchcase(row.reason, "*requeued*held*")
    return State.HELD if state is State.WAITING and held else state


def _why(row: Row, means: Meaning) -> str:
    """Say why a job does not run; reasons that SLURM still shows of a running job tell nothing."""
    reason = why_waiting(row.reason) if means.state in {State.WAITING, State.HELD} else ""
    return "; ".join(text for text in (means.sentence, reason) if text)


def _ended(row: Row, means: Meaning) -> Observation:
    cause = _cause(row, means)
    return Observation(
        state=State.ENDED,
        cause=cause,
        exit_code=_code(row, cause),
        message=_SENTENCES.get(row.word, _plain)(row),
        started_at=row.started_at,
        ended_at=row.ended_at,
        host=row.nodes,
        max_rss=row.max_rss,
    )


def _cause(row: Row, means: Meaning) -> Cause | None:
    """The cause of the state; FAILED has many."""
    if row.word != "FAILED":
        return means.cause
    if row.exit_signal == _NO_DIRECTORY or _never_began(row):
        return Cause.FAILED_TO_START
    return Cause.SIGNAL if row.exit_signal else _CAUSES.get(row.reason, Cause.EXIT)


def _never_began(row: Row) -> bool:
    """Whether it had no node; sacct does not tell the reason of such a failure."""
    return row.started_at is None and not row.nodes


def _code(row: Row, cause: Cause | None) -> int | None:
    """The exit code of the script; SLURM's is 0 of jobs that it ended itself, where it means nothing."""
    if row.word == "COMPLETED":
        return 0
    if cause is Cause.FAILED_TO_START:
        return None
    return 128 + row.exit_signal if row.exit_signal else row.exit_code or None


def _plain(row: Row) -> str:
    """The sentence of the state, with SLURM's word and reason in brackets; "" where all went well."""
    sentence = meaning(row.word).sentence
    codes = ": ".join(code for code in (row.word, row.reason) if code not in NO_REASON)
    return f"{sentence} ({codes})" if sentence else ""


def _failed(row: Row) -> str:
    """FAILED: by what, with all that SLURM says in brackets."""
    if row.exit_signal == _NO_DIRECTORY:
        words = "it could not be started: its directory or slurm.out in it can't be used on the node"
    elif row.exit_signal:
        words = f"it was ended by {_signal_name(row.exit_signal)}"
    elif row.reason in _FAILURES:
        words = _FAILURES[row.reason]
    elif _never_began(row):
        words = "it was refused before it had a node"
    elif row.exit_code is None:
        words = "it failed"
    else:
        words = f"its script ended with exit code {row.exit_code}"
    exit_text = "" if row.exit_code is None else f"{row.exit_code}:{row.exit_signal or 0}"
    return f"{words} ({', '.join(code for code in (row.word, row.reason, exit_text) if code not in NO_REASON)})"


def _signal_name(number: int) -> str:
    with suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"


def _out_of_memory(row: Row) -> str:
    limit = f" of {row.memory_text}" if row.memory_text else ""
    return f"it used more memory than its limit{limit} allows (OUT_OF_MEMORY)"


def _timeout(row: Row) -> str:
    limit = f" of {row.limit_text}" if row.limit_text else ""
    return f"it reached its time limit{limit} on the cluster (TIMEOUT)"


def _cancelled(row: Row) -> str:
    whom = f" by the user with id {row.cancelled_by}" if row.cancelled_by else ""
    return f"it was cancelled on the cluster{whom} (CANCELLED)"


_NO_DIRECTORY: Final = 53
"""The signal that SLURM writes where a node can't enter the working directory or write the output: no signal at all."""

_CAUSES: Final[Mapping[str, Cause]] = {
    "JobLaunchFailure": Cause.SIGNAL,
    "BadConstraints": Cause.FAILED_TO_START,
    "InvalidAccount": Cause.FAILED_TO_START,
    "InvalidQOS": Cause.FAILED_TO_START,
    "OutOfMemory": Cause.MEMORY,
    "SystemFailure": Cause.TAKEN_BACK,
}
"""Reason of FAILED -> what ended the job, where it was not its script."""

_FAILURES: Final[Mapping[str, str]] = {
    "JobLaunchFailure": "its batch shell was killed, or could not be started",
    "BadConstraints": "it was refused: no node has what it asks for",
    "InvalidAccount": "it was refused: its account is not valid on the cluster",
    "InvalidQOS": "it was refused: its quality of service is not valid on the cluster",
    "OutOfMemory": "it used more memory than it was given",
    "SystemFailure": "the cluster had a fault",
}

_SENTENCES: Final[Mapping[str, Callable[[Row], str]]] = {
    "FAILED": _failed,
    "OUT_OF_MEMORY": _out_of_memory,
    "TIMEOUT": _timeout,
    "CANCELLED": _cancelled,
}
