"""Every phase with everything that a client may ask for, and with everything that an executor may say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest
from werkzeug.test import TestResponse

from provstore.graph.store import Update
from provstore.uws.phases import FINAL, Phase
from provstore.uws.ports import Cause, State
from tests.web.conftest import Serve
from tests.web.documents import assert_valid
from tests.web.served import Served, job_id

_P: Final = Phase
LIVE: Final = (_P.PENDING, _P.HELD, _P.QUEUED, _P.EXECUTING, _P.SUSPENDED, _P.UNKNOWN)

Request = Callable[[Served, str], TestResponse]
REQUESTS: Final[dict[str, tuple[Request, frozenset[Phase]]]] = {
    "RUN": (
        lambda served, job: served.anonymous.post(f"{job}/phase", data={"PHASE": "RUN"}),
        frozenset({_P.PENDING, _P.HELD}),
    ),
    "ABORT": (
        lambda served, job: served.anonymous.post(f"{job}/phase", data={"PHASE": "ABORT"}),
        frozenset(LIVE),
    ),
    "DELETE": (lambda served, job: served.anonymous.delete(job), frozenset(Phase)),
    "ACTION=DELETE": (
        lambda served, job: served.anonymous.post(job, data={"ACTION": "DELETE"}),
        frozenset(Phase),
    ),
    "parameter": (
        lambda served, job: served.anonymous.post(f"{job}/parameters/text", data={"VALUE": "x"}),
        frozenset({_P.PENDING}),
    ),
    "executionduration": (
        lambda served, job: served.anonymous.post(f"{job}/executionduration", data={"EXECUTIONDURATION": "9"}),
        frozenset({_P.PENDING}),
    ),
    "destruction": (
        lambda served, job: served.anonymous.post(f"{job}/destruction", data={"DESTRUCTION": "2026-03-09"}),
        frozenset(Phase) - {_P.ARCHIVED},
    ),
}
"""What a client may ask, and in which phases it is granted; in all others the answer is 403."""


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_granted_in_some_phases_and_forbidden_in_the_others(served: Served, name: str) -> None:
    request, granted = REQUESTS[name]
    for phase in Phase:
        job = served.create()
        served.force(job, phase)
        answer = request(served, job)
        assert (phase, answer.status_code) == (phase, 303 if phase in granted else 403)
        if phase not in granted:
            assert answer.text.startswith(f"phase {phase}: ")
            assert served.phase(job) == phase


@pytest.mark.parametrize("phase", LIVE)
def test_aborting_any_live_phase_sets_the_end_and_stops_what_runs(served: Served, phase: Phase) -> None:
    job = served.create()
    if phase is not _P.PENDING:
        served.execute(job)
        served.force(job, phase)
    served.clock.advance(5)
    assert served.anonymous.post(f"{job}/phase", data={"PHASE": "ABORT"}).status_code == 303
    assert_valid(served.anonymous.get(job).data)
    served.tick(3)
    told = served.json(job)
    assert (told["phase"], told["endTime"]) == ("ABORTED", "2026-03-01T12:00:05.000Z")
    assert served.executor.aborted == ([] if phase is _P.PENDING else [served.directory(job)])
    assert served.provstore.supervisor._life._slots.known() == ()


# --- what follows from the executor's word


def absent(served: Served, job: str) -> None:
    served.executor._jobs.pop(served.directory(job), None)


def running(_served: Served, _job: str) -> None:
    """It goes on."""


def ended(served: Served, job: str) -> None:
    served.executor.finish(served.directory(job), files={"results/result.txt": b"x"})


def failed(served: Served, job: str) -> None:
    served.executor.finish(served.directory(job), exit_code=3)


def timed_out(served: Served, job: str) -> None:
    served.executor.finish(served.directory(job), exit_code=None, cause=Cause.TIMEOUT)


def lost(served: Served, job: str) -> None:
    served.executor.lose(served.directory(job))


WORDS: Final = (absent, running, ended, failed, timed_out, lost)
FOLLOWS: Final = """
           absent    running   ended     failed timed_out lost
HELD       HELD      EXECUTING COMPLETED ERROR  ABORTED   ERROR
QUEUED     EXECUTING EXECUTING COMPLETED ERROR  ABORTED   ERROR
EXECUTING  ERROR     EXECUTING COMPLETED ERROR  ABORTED   ERROR
SUSPENDED  ERROR     EXECUTING COMPLETED ERROR  ABORTED   ERROR
UNKNOWN    ERROR     EXECUTING COMPLETED ERROR  ABORTED   ERROR
COMPLETED  COMPLETED COMPLETED COMPLETED COMPLETED COMPLETED COMPLETED
ERROR      ERROR     ERROR     ERROR     ERROR  ERROR     ERROR
ABORTED    ABORTED   ABORTED   ABORTED   ABORTED ABORTED  ABORTED
"""
"""The phase after a few looks, by phase before and word of the executor. (A queued job that is absent is started.)"""


def rows() -> dict[Phase, list[Phase]]:
    head, *lines = FOLLOWS.strip().splitlines()
    assert head.split() == [word.__name__ for word in WORDS]
    return {Phase(line.split()[0]): [Phase(one) for one in line.split()[1:]] for line in lines}


@pytest.mark.parametrize("before", rows())
def test_the_word_of_the_executor_decides_what_becomes_of_a_job_that_it_has(serve: Serve, before: Phase) -> None:
    served = serve(local_slots=len(WORDS))
    for word, after in zip(WORDS, rows()[before], strict=True):
        job = served.create()
        served.execute(job)
        served.force(job, before)
        word(served, job)
        served.tick(4)
        told = served.json(job)
        assert (word, told["phase"]) == (word, after)
        if after in FINAL and before not in FINAL:
            assert told["endTime"] is not None
            assert told["jobInfo"]["history"][-1]["phase"] == after
        if after is _P.EXECUTING:
            assert told["endTime"] is None
        assert_valid(served.anonymous.get(job).data)


@pytest.mark.parametrize("phase", [_P.QUEUED, _P.HELD])
def test_a_beginning_that_was_missed_is_told_as_inferred(served: Served, phase: Phase) -> None:
    job = served.create()
    served.execute(job)
    node = served.node(job_id(job))
    history = '[["PENDING","2026-03-01T12:00:00.000000Z","user anonymous"]]'
    served.provstore.store.write([Update(node=node, expected={}, put={"history": history, "phase": phase.value})])
    ended(served, job)
    served.tick(2)
    told = [(one["phase"], one["cause"]) for one in served.json(job)["jobInfo"]["history"]]
    assert told == [("PENDING", "user anonymous"), ("EXECUTING", "inferred"), ("COMPLETED", "executor local")]


def test_a_job_that_never_began_is_not_told_to_have_executed(served: Served) -> None:
    job = served.create(PHASE="RUN")
    served.tick()
    served.executor._end(
        served.directory(job), state=State.ENDED, cause=Cause.FAILED_TO_START, message="no shell", started_at=None
    )
    served.tick(2)
    told = served.json(job)
    assert [one["phase"] for one in told["jobInfo"]["history"]] == ["PENDING", "QUEUED", "ERROR"]
    assert told["startTime"] is None
    assert told["errorSummary"]["message"] == "the script could not be started: no shell"
