"""What every executor promises: one run, a truthful observation, an end when asked for."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provstore.errors import Invalid, NotFound, Unavailable
from provstore.uws.ports import Cause, Observation, State
from tests.contract.executor_bench import MADE, PRINTED, Bench, FakeBench, LocalBench, ended, eventually
from tests.contract.slurm_bench import SlurmBench
from tests.slurm_cluster import SlurmCluster

ABSENT = Observation(state=State.ABSENT)
IN_HAND = frozenset({State.WAITING, State.RUNNING})


@pytest.fixture
def local_bench(tmp_path: Path) -> LocalBench:
    return LocalBench(tmp_path)


@pytest.fixture
def fake_bench(tmp_path: Path) -> FakeBench:
    return FakeBench(tmp_path)


@pytest.fixture
def slurm_bench(tmp_path: Path, slurm: SlurmCluster) -> Iterator[SlurmBench]:
    bench = SlurmBench(tmp_path, slurm)
    yield bench
    bench.executor.close()


@pytest.fixture(params=["fake", "local", pytest.param("slurm", marks=pytest.mark.slurm)])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    bench: Bench = request.getfixturevalue(f"{request.param}_bench")
    yield bench
    for directory in bench.staged:
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


def test_a_started_job_waits_or_runs_as_soon_as_start_returns(bench: Bench) -> None:
    directory = bench.stage("j1")
    bench.executor.start(directory)
    assert bench.executor.observe(directory).state in IN_HAND


def test_a_running_job_is_seen_to_run(bench: Bench, running: Path) -> None:
    eventually(lambda: bench.executor.observe(running).state is State.RUNNING)


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


def test_a_hint_is_not_believed(bench: Bench, running: Path) -> None:
    for told in (b'{"state": "ENDED", "cause": "exit", "exit_code": 0}', b"", b"\xff{", b"x" * 70_000):
        bench.executor.hint(running, told)
        assert bench.executor.observe(running).state in IN_HAND
    bench.let_end(running, 3)
    assert ended(bench.executor, running).exit_code == 3


def test_a_hint_for_what_does_not_exist_or_run_does_nothing(bench: Bench, tmp_path: Path) -> None:
    directory = bench.stage("j1")
    for place in (tmp_path / "nowhere", directory):
        bench.executor.hint(place, b"{}")
        assert bench.executor.observe(place) == ABSENT
    assert not (tmp_path / "nowhere").exists()


def test_what_a_job_has_left_is_here_once_it_was_brought(bench: Bench, running: Path) -> None:
    bench.let_end(running, 0)
    ended(bench.executor, running)
    for _ in range(2):
        bench.executor.bring(running)
        assert (running / "stdout").read_bytes() == PRINTED
        assert (running / "results" / "made.txt").read_bytes() == MADE


def test_what_a_job_left_that_was_ended_is_brought_too(bench: Bench, running: Path) -> None:
    bench.executor.abort(running)
    ended(bench.executor, running)
    bench.executor.bring(running)
    assert (running / "stdout").exists()


def test_what_a_running_job_prints_is_here_when_asked_for(bench: Bench, running: Path) -> None:
    def printed() -> bool:
        bench.executor.fresh(running)
        return (running / "stdout").exists() and (running / "stdout").read_bytes() == PRINTED

    eventually(printed)


def test_to_bring_or_refresh_a_job_that_never_ran_does_nothing(bench: Bench) -> None:
    directory = bench.stage("j1")
    before = sorted(directory.rglob("*"))
    bench.executor.bring(directory)
    bench.executor.fresh(directory)
    assert (sorted(directory.rglob("*")), bench.executor.observe(directory)) == (before, ABSENT)


def test_a_file_that_no_job_has_left_elsewhere_can_not_be_provided(bench: Bench, running: Path, tmp_path: Path) -> None:
    bench.let_end(running, 0)
    ended(bench.executor, running)
    bench.executor.bring(running)
    for path in ("results/none.txt", "../token", "/etc/passwd"):
        assert not bench.executor.provide(running, path)
    assert not bench.executor.provide(tmp_path / "nowhere", "results/made.txt")


def test_a_removed_job_leaves_nothing_elsewhere_and_its_directory_here(bench: Bench, running: Path) -> None:
    bench.let_end(running, 0)
    ended(bench.executor, running)
    bench.executor.remove(running)
    eventually(lambda: not bench.is_elsewhere(running))
    assert running.is_dir()


def test_what_one_process_could_not_remove_any_more_the_next_one_does(bench: Bench, running: Path) -> None:
    bench.let_end(running, 0)
    ended(bench.executor, running)
    bench.executor.remove(running)
    bench.restart()
    bench.executor.recover()
    eventually(lambda: not bench.is_elsewhere(running))


def test_to_remove_what_never_ran_or_does_not_exist_does_nothing(bench: Bench, tmp_path: Path) -> None:
    directory = bench.stage("j1")
    for place in (tmp_path / "nowhere", directory):
        bench.executor.remove(place)
    assert directory.is_dir()
    assert not (tmp_path / "nowhere").exists()


def test_a_job_goes_on_when_its_executor_is_closed_and_the_next_one_knows_it(bench: Bench, running: Path) -> None:
    bench.restart()
    bench.executor.recover()
    assert bench.executor.observe(running).state in IN_HAND
    bench.executor.start(running)
    bench.let_end(running, 3)
    assert (ended(bench.executor, running).exit_code, bench.starts(running)) == (3, 1)


def test_a_job_can_be_ended_by_another_process_than_the_one_that_started_it(bench: Bench, running: Path) -> None:
    bench.restart()
    bench.executor.abort(running)
    end = ended(bench.executor, running)
    assert (end.state, end.cause) == (State.ENDED, Cause.ABORT)


def test_nothing_is_to_be_explained_of_what_was_never_started(bench: Bench, tmp_path: Path) -> None:
    assert bench.executor.explain(bench.stage("j1")) == bench.executor.explain(tmp_path / "nowhere") == ""


@pytest.mark.slurm
def test_a_job_that_no_node_can_run_is_refused_with_the_words_of_the_scheduler(slurm_bench: SlurmBench) -> None:
    directory = slurm_bench.stage_with("j1", resources={"mem": "9T"})
    with pytest.raises(Invalid, match="node configuration is not available"):
        slurm_bench.executor.start(directory)
    assert slurm_bench.executor.observe(directory).state is State.ABSENT


@pytest.mark.slurm
def test_a_job_whose_input_is_gone_can_not_be_started(slurm_bench: SlurmBench) -> None:
    inputs = [{"name": "a.fits", "location": "jobs/j0/a.fits", "path": ""}]
    directory = slurm_bench.stage_with("j1", inputs=inputs)
    with pytest.raises(NotFound, match=r"a\.fits"):
        slurm_bench.executor.start(directory)
    assert slurm_bench.executor.observe(directory).state is State.ABSENT


@pytest.mark.slurm
def test_a_job_is_not_started_on_a_cluster_that_can_not_be_reached(tmp_path: Path, slurm: SlurmCluster) -> None:
    bench = SlurmBench(tmp_path, slurm, slurm.cluster_settings(port=1))
    directory = bench.stage("j1")
    with pytest.raises(Unavailable, match=r":1\).*refused"):
        bench.executor.start(directory)
    assert bench.executor.observe(directory).state is State.ABSENT
    bench.executor.close()
