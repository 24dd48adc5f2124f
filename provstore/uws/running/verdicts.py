"""What the end of a run means for the job: a table from cause to phase and words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from provstore.uws.phases import Phase
from provstore.uws.ports import Cause, Observation, State

__all__ = ["Verdict", "verdict_of"]

_SIGNALS: Final = 128
_OWN_LIMIT: Final = "execution duration"
_BY_SIGNAL: Final = "aborted "
"""How the wrapper begins its own words for a time-out and an abort, of which the job's client knows more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The phase a job ends in, and why if it is not COMPLETED."""

    phase: Phase
    message: str = ""
    transient: bool = False


def _exit(seen: Observation, _limit: timedelta) -> Verdict:
    if seen.exit_code == 0:
        return Verdict(phase=Phase.COMPLETED)
    if seen.exit_code is None:
        why = seen.message or "nobody knows why"
        return Verdict(phase=Phase.ERROR, message=f"the job ended before its script began: {why}")
    return Verdict(phase=Phase.ERROR, message=f"the script ended with exit code {seen.exit_code}")


def _signal(seen: Observation, _limit: timedelta) -> Verdict:
    number = (seen.exit_code or _SIGNALS) - _SIGNALS
    return Verdict(phase=Phase.ERROR, message=seen.message or f"the script was killed by signal {number}")


def _timeout(seen: Observation, limit: timedelta) -> Verdict:
    if seen.message and not seen.message.startswith(_OWN_LIMIT):
        return Verdict(phase=Phase.ABORTED, message=f"time-out: {seen.message}")
    seconds = f"{limit.total_seconds():g}"
    return Verdict(phase=Phase.ABORTED, message=f"time-out: stopped after its execution duration of {seconds} s")


def _abort(seen: Observation, _limit: timedelta) -> Verdict:
    by = "" if seen.message.startswith(_BY_SIGNAL) else seen.message
    return Verdict(phase=Phase.ABORTED, message=by or "stopped on the machine it ran on", transient=True)


def _memory(seen: Observation, _limit: timedelta) -> Verdict:
    return Verdict(phase=Phase.ERROR, message=seen.message or "the script used more memory than it was given")


def _taken_back(seen: Observation, _limit: timedelta) -> Verdict:
    return Verdict(phase=Phase.ERROR, message=seen.message or "its machine was taken back", transient=True)


def _failed(seen: Observation, _limit: timedelta) -> Verdict:
    return Verdict(phase=Phase.ERROR, message=f"the script could not be started: {seen.message}")


_BY_CAUSE: Final[dict[Cause, Callable[[Observation, timedelta], Verdict]]] = {
    Cause.EXIT: _exit,
    Cause.SIGNAL: _signal,
    Cause.TIMEOUT: _timeout,
    Cause.ABORT: _abort,
    Cause.FAILED_TO_START: _failed,
    Cause.MEMORY: _memory,
    Cause.TAKEN_BACK: _taken_back,
}


def verdict_of(seen: Observation, *, limit: timedelta) -> Verdict:
    """Tell what an observation of a run that is over means (a time-out has the effect of an abort, UWS 1.1 §2.1.7)."""
    if seen.state is State.LOST:
        why = "the job was killed from outside, its machine went down, or its disk is full; it left no exit code"
        return Verdict(phase=Phase.ERROR, message=seen.message or why, transient=True)
    if seen.state is State.ABSENT or seen.cause is None:
        return Verdict(phase=Phase.ERROR, message="the job's run directory is gone", transient=True)
    return _BY_CAUSE[seen.cause](seen, limit)
