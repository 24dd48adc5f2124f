"""What every executor promises: one run, a truthful observation, an end when asked for."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provstore.errors import Unavailable
from provstore.uws.ports import Cause, Observation, State
from tests.contract.executor_bench import BENCHES, Bench, ended, eventually

ABSENT = Observation(state=State.ABSENT)


@pytest.fixture(params=sorted(BENCHES))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    bench = BENCHES[request.param](tmp_path)
    yield bench
    for directory in tmp_path.iterdir():
        bench.executor.abort(directory)


@pytest.fixture
def running(bench: Bench) -> Path:
    directory = bench.stage("j1")
    bench.executor.start(directory)
    eventually(lambda: bench.starts(directory) == 1)
    return directory


def test_a_directory_that_does_not_exist_is_absent(bench: Bench, tmp_path: Path) -> None:
    assert bench.executor.observe(tmp_path / "nowhere") == ABSENT


def test_a_staged_job_is_absent_until_it_is_started(bench: Bench) -> None:
    assert bench.executor.observe(bench.stage("j1")) == ABSENT


def test_starting_what_is_not_staged_is_refused_and_starts_nothing(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(Unavailable):
        bench.executor.start(tmp_path / "empty")
    assert bench.executor.observe(tmp_path / "empty") == ABSENT


def test_a_started_job_is_running_as_soon_as_start_returns(bench: Bench) -> None:
    directory = bench.stage("j1")
    bench.executor.start(directory)
    assert bench.executor.observe(directory).state is State.RUNNING


def test_a_running_job_tells_when_and_where_it_was_started(bench: Bench, running: Path) -> None:
    eventually(lambda: bench.executor.observe(running).started_at is not None)
    assert bench.executor.observe(running).host != ""


@pytest.mark.parametrize("code", [0, 3])
def test_the_end_tells_the_exit_code(bench: Bench, running: Path, code: int) -> None:
    bench.let_end(running, code)
    end = ended(bench.executor, running)
    assert (end.state, end.cause, end.exit_code) == (State.ENDED, Cause.EXIT, code)


def test_the_end_is_not_before_the_start(bench: Bench, running: Path) -> None:
    bench.let_end(running, 0)
    end = ended(bench.executor, running)
    assert end.started_at is not None
    assert end.ended_at is not None
    assert end.started_at <= end.ended_at


def test_a_second_start_starts_nothing_more(bench: Bench, running: Path) -> None:
    bench.executor.start(running)
    bench.let_end(running, 0)
    ended(bench.executor, running)
    assert bench.starts(running) == 1


def test_a_start_after_the_end_starts_nothing(bench: Bench, running: Path) -> None:
    bench.let_end(running, 3)
    end = ended(bench.executor, running)
    bench.executor.start(running)
    assert (bench.executor.observe(running), bench.starts(running)) == (end, 1)


def test_starts_at_the_same_time_run_the_job_once(bench: Bench) -> None:
    directory = bench.stage("j1")
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(bench.executor.start, [directory] * 4))
    eventually(lambda: bench.starts(directory) > 0)
    bench.let_end(directory, 0)
    ended(bench.executor, directory)
    assert bench.starts(directory) == 1


def test_an_abort_ends_a_running_job(bench: Bench, running: Path) -> None:
    bench.executor.abort(running)
    end = ended(bench.executor, running)
    assert (end.state, end.cause) == (State.ENDED, Cause.ABORT)


def test_an_abort_right_after_the_start_is_not_lost(bench: Bench) -> None:
    directory = bench.stage("j1")
    bench.executor.start(directory)
    bench.executor.abort(directory)
    end = ended(bench.executor, directory)
    assert (end.state, end.cause) == (State.ENDED, Cause.ABORT)


def test_a_second_abort_changes_nothing(bench: Bench, running: Path) -> None:
    bench.executor.abort(running)
    bench.executor.abort(running)
    end = ended(bench.executor, running)
    bench.executor.abort(running)
    assert bench.executor.observe(running) == end


def test_a_job_aborted_before_its_start_never_runs(bench: Bench) -> None:
    directory = bench.stage("j1")
    bench.executor.abort(directory)
    assert bench.executor.observe(directory) == ABSENT
    bench.executor.start(directory)
    end = ended(bench.executor, directory)
    assert (end.state, end.cause, end.started_at) == (State.ENDED, Cause.ABORT, None)
    assert bench.starts(directory) == 0


def test_an_abort_after_the_end_leaves_the_end_as_it_is(bench: Bench, running: Path) -> None:
    bench.let_end(running, 0)
    end = ended(bench.executor, running)
    bench.executor.abort(running)
    assert bench.executor.observe(running) == end


def test_an_abort_of_what_does_not_exist_does_nothing(bench: Bench, tmp_path: Path) -> None:
    bench.executor.abort(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
