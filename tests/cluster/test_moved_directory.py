"""Jobs are looked for where they were sent, wherever the settings send new ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from provstore.uws.ports import State
from tests.contract.executor_bench import eventually
from tests.contract.slurm_bench import SlurmBench
from tests.slurm_cluster import SlurmCluster

pytestmark = pytest.mark.slurm


@pytest.fixture
def bench(slurm: SlurmCluster, tmp_path: Path) -> Iterator[SlurmBench]:
    made = SlurmBench(tmp_path, slurm)
    yield made
    made.executor.close()


def test_a_job_is_heard_of_brought_and_removed_where_it_was_sent(bench: SlurmBench, slurm: SlurmCluster) -> None:
    job = bench.stage("j1")
    bench.executor.start(job)
    eventually(lambda: bench.executor.observe(job).started_at is not None)
    settings = bench.settings
    bench.settings = replace(settings, work_directory=PurePosixPath(slurm.work, "moved"))
    bench.restart()
    bench.settings = settings
    bench.let_end(job, 0)
    eventually(lambda: bench.executor.observe(job).state is State.ENDED)
    bench.executor.bring(job)
    assert (job / "stdout").is_file()
    assert bench.is_elsewhere(job)
    bench.executor.remove(job)
    eventually(lambda: not bench.is_elsewhere(job))
