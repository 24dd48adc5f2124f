from datetime import timedelta
from itertools import product

import pytest

from provstore.uws.phases import ACTIVE, BLOCKING, FINAL, OPEN, Phase, can_move, client_may_move
from provstore.uws.ports import Cause, Observation, State
from provstore.uws.running.verdicts import Verdict, verdict_of

BY_CLIENT = """
PENDING -> QUEUED HELD ABORTED
HELD -> QUEUED ABORTED
QUEUED -> ABORTED
EXECUTING -> ABORTED
SUSPENDED -> ABORTED
UNKNOWN -> ABORTED
"""
BY_ANY = """
PENDING -> QUEUED HELD ABORTED ERROR ARCHIVED
HELD -> QUEUED ABORTED EXECUTING ERROR UNKNOWN
QUEUED -> ABORTED EXECUTING HELD COMPLETED ERROR UNKNOWN
EXECUTING -> ABORTED COMPLETED ERROR SUSPENDED HELD QUEUED UNKNOWN
SUSPENDED -> ABORTED EXECUTING QUEUED HELD COMPLETED ERROR UNKNOWN
UNKNOWN -> ABORTED QUEUED EXECUTING SUSPENDED HELD COMPLETED ERROR
COMPLETED -> ARCHIVED
ERROR -> ARCHIVED
ABORTED -> ARCHIVED
"""
"""Written from the standard's text, not from our tables."""


def moves(text: str) -> set[tuple[str, str]]:
    rows = (line.split(" -> ") for line in text.strip().splitlines())
    return {(source, target) for source, targets in rows for target in targets.split()}


@pytest.mark.parametrize(("source", "target"), list(product(Phase, Phase)))
def test_a_move_is_legal_exactly_if_the_table_has_it(source: Phase, target: Phase) -> None:
    assert client_may_move(source, target) is ((source, target) in moves(BY_CLIENT))
    assert can_move(source, target) is ((source, target) in moves(BY_ANY))


def test_phases_fall_into_groups() -> None:
    assert {Phase.PENDING, Phase.QUEUED, Phase.EXECUTING} == BLOCKING
    assert {Phase.COMPLETED, Phase.ERROR, Phase.ABORTED, Phase.ARCHIVED} == FINAL
    assert ACTIVE | FINAL | {Phase.PENDING} == set(Phase)
    assert set(Phase) - OPEN == {Phase.ARCHIVED}
    assert FINAL.isdisjoint(ACTIVE)


LIMIT = timedelta(seconds=90)
GONE = "the job was killed from outside, its machine went down, or its disk is full; it left no exit code"
NO_DIRECTORY = "the job's run directory is gone"


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Observation(state=State.ENDED, cause=Cause.EXIT, exit_code=0), Verdict(phase=Phase.COMPLETED)),
        (
            Observation(state=State.ENDED, cause=Cause.EXIT, exit_code=3),
            Verdict(phase=Phase.ERROR, message="the script ended with exit code 3"),
        ),
        (
            Observation(state=State.ENDED, cause=Cause.SIGNAL, exit_code=137),
            Verdict(phase=Phase.ERROR, message="the script was killed by signal 9"),
        ),
        (
            Observation(state=State.ENDED, cause=Cause.SIGNAL, exit_code=137, message="out of memory"),
            Verdict(phase=Phase.ERROR, message="out of memory"),
        ),
        (
            Observation(state=State.ENDED, cause=Cause.TIMEOUT, exit_code=143),
            Verdict(phase=Phase.ABORTED, message="time-out: stopped after its execution duration of 90 s"),
        ),
        (
            Observation(state=State.ENDED, cause=Cause.ABORT, exit_code=143),
            Verdict(phase=Phase.ABORTED, message="stopped on the machine it ran on", transient=True),
        ),
        (
            Observation(state=State.ENDED, cause=Cause.FAILED_TO_START, message="no bash"),
            Verdict(phase=Phase.ERROR, message="the script could not be started: no bash"),
        ),
        (
            Observation(state=State.LOST, cause=Cause.EXIT, exit_code=0),
            Verdict(phase=Phase.ERROR, message=GONE, transient=True),
        ),
        (Observation(state=State.ABSENT), Verdict(phase=Phase.ERROR, message=NO_DIRECTORY, transient=True)),
        (Observation(state=State.ENDED), Verdict(phase=Phase.ERROR, message=NO_DIRECTORY, transient=True)),
    ],
)
def test_the_end_of_a_run_is_judged_by_its_cause(seen: Observation, expected: Verdict) -> None:
    assert verdict_of(seen, limit=LIMIT) == expected


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_a_verdict_in_a_final_phase_and_says_why_it_is_not_completed(cause: Cause) -> None:
    verdict = verdict_of(Observation(state=State.ENDED, cause=cause, exit_code=1), limit=LIMIT)
    assert verdict.phase in FINAL
    assert verdict.message
