"""Signals that know more than the file on the cluster, as a shared file system may show an old one for a while."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provstore.uws.executors.slurm.record import HEARD_FILE
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


def test_a_signal_is_kept_while_the_file_is_older_than_it(bench: SlurmBench) -> None:
    job = bench.stage("j1")
    bench.executor.start(job)
    eventually(lambda: bench.executor.observe(job).started_at is not None)
    bench.executor.hint(job, b'{"seq": 1}')
    assert bench.executor.observe(job).state is State.RUNNING
    assert not (job / HEARD_FILE).exists()
    bench.executor.hint(job, b'{"seq": 2}')
    assert bench.executor.observe(job).state is State.RUNNING
    assert (job / HEARD_FILE).read_bytes() == b'{"seq": 2}'
    bench.let_end(job, 0)
    eventually(lambda: bench.executor.observe(job).state is State.ENDED)
    assert not (job / HEARD_FILE).exists()
