"""WAIT over HTTP: who is held, for how long, and what wakes him."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import pytest

from provstore.uws.phases import BLOCKING, Phase
from tests.web.conftest import Serve
from tests.web.served import Served, told

LONG = 30.0
"""Seconds that no test may take; an answer within much less was given at once."""


def seconds(ask: Callable[[], object]) -> float:
    began = time.monotonic()
    ask()
    return time.monotonic() - began


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase not in BLOCKING])
def test_a_phase_that_does_not_block_is_answered_at_once(served: Served, phase: Phase) -> None:
    job = served.create()
    served.force(job, phase)
    assert seconds(lambda: served.anonymous.get(f"{job}?WAIT=60")) < LONG / 3


@pytest.mark.parametrize("query", ["WAIT=60&PHASE=QUEUED", "wait=-1&phase=EXECUTING", "WAIT=0", "WAIT=0.01"])
def test_another_phase_than_the_one_waited_in_or_no_time_is_answered_at_once(served: Served, query: str) -> None:
    job = served.create()
    assert seconds(lambda: served.anonymous.get(f"{job}?{query}")) < LONG / 3


@pytest.mark.parametrize("phase", sorted(BLOCKING))
def test_a_wait_that_runs_out_gives_the_present_state(served: Served, phase: Phase) -> None:
    job = served.create()
    served.force(job, phase)
    began = time.monotonic()
    answer = served.anonymous.get(f"{job}?WAIT=0.15&PHASE={phase}")
    assert time.monotonic() - began >= 0.15
    assert (answer.status_code, f"<uws:phase>{phase}</uws:phase>" in answer.text) == (200, True)


@pytest.mark.parametrize("wait", ["-1", "3600", "999999999999999"])
def test_a_wait_is_held_to_what_the_site_allows(serve: Serve, wait: str) -> None:
    served = serve(wait_max=timedelta(seconds=0.1))
    job = served.create()
    took = seconds(lambda: served.anonymous.get(f"{job}?WAIT={wait}"))
    assert 0.1 <= took < LONG / 3


@pytest.mark.parametrize("text", ["", "nan", "inf", "-2", "1e9", "soon", "1,5", "9" * 5000])
def test_a_wait_that_is_no_time_is_refused(served: Served, text: str) -> None:
    answer = served.anonymous.get(f"{served.create()}?WAIT={text}")
    assert answer.status_code == 400
    assert "a number of seconds is needed, or -1" in answer.text


def test_an_unknown_phase_to_wait_in_is_refused(served: Served) -> None:
    answer = served.anonymous.get(f"{served.create()}?WAIT=1&PHASE=RUNNING")
    assert answer.status_code == 400
    assert answer.text.startswith("PHASE='RUNNING': one of PENDING, ")


def waits(served: Served, pool: ThreadPoolExecutor, query: str) -> Future[tuple[int, str]]:
    """Ask in another thread, and come back when that request waits."""
    waiting = served.provstore.service._parts.waiting
    future = pool.submit(lambda: told(served.app.test_client().get(query)))
    deadline = time.monotonic() + LONG
    while not waiting._waited and not future.done():
        assert time.monotonic() < deadline
        time.sleep(0.001)
    return future


def start(served: Served, job: str) -> None:
    served.anonymous.post(f"{job}/phase", data={"PHASE": "RUN"})


def abort(served: Served, job: str) -> None:
    served.anonymous.post(f"{job}/phase", data={"PHASE": "ABORT"})


def another_process(served: Served, job: str) -> None:
    served.force(job, Phase.QUEUED)
    served.provstore.service._parts.waiting.look(served.provstore.records.phases)


@pytest.mark.parametrize(("change", "phase"), [(start, "QUEUED"), (abort, "ABORTED"), (another_process, "QUEUED")])
def test_a_change_wakes_who_waits(served: Served, change: Callable[[Served, str], None], phase: str) -> None:
    job = served.create()
    with ThreadPoolExecutor() as pool:
        answer = waits(served, pool, f"{job}?WAIT=60")
        change(served, job)
        status, text = answer.result(LONG)
    assert (status, f"<uws:phase>{phase}</uws:phase>" in text) == (200, True)


def test_who_waits_for_a_job_that_is_deleted_learns_that(served: Served) -> None:
    job = served.create()
    with ThreadPoolExecutor() as pool:
        answer = waits(served, pool, f"{job}?WAIT=60")
        served.anonymous.delete(job)
        status, _ = answer.result(LONG)
    assert status == 404


def test_a_step_of_the_supervisor_wakes_who_waits(served: Served) -> None:
    job = served.create(PHASE="RUN")
    with ThreadPoolExecutor() as pool:
        answer = waits(served, pool, f"{job}?WAIT=60&PHASE=QUEUED")
        served.tick(2)
        _, text = answer.result(LONG)
    assert "<uws:phase>EXECUTING</uws:phase>" in text


def test_a_surplus_waiter_is_answered_at_once(serve: Serve) -> None:
    served = serve(waiters_max=1)
    first, second = served.create(), served.create()
    with ThreadPoolExecutor() as pool:
        answer = waits(served, pool, f"{first}?WAIT=60")
        assert seconds(lambda: served.anonymous.get(f"{second}?WAIT=60")) < LONG / 3
        assert not answer.done()
        start(served, first)
        answer.result(LONG)
