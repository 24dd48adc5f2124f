"""Signals that come as files: whose they are, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provstore.uws.executors.slurm.executor import SlurmExecutor
from provstore.uws.executors.slurm.record import HEARD_FILE, Notes, Record
from provstore.uws.files import Files
from tests.e2e.served import until
from tests.slurm_cluster import SlurmCluster

pytestmark = [pytest.mark.slurm, pytest.mark.slow]

AT = datetime(2026, 11, 23, 3, 0, 0, tzinfo=UTC)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def listener(slurm: SlurmCluster, files: Files) -> Iterator[SlurmExecutor]:
    """An executor that looks after one job, and so listens."""
    cluster = slurm.cluster_settings(silent_after=timedelta(hours=1), silent_max=timedelta(hours=1))
    executor = SlurmExecutor(cluster, files=files, clock=lambda: AT, news=lambda _: None)
    sent(files, "watched", cluster="test")
    executor._watching.expect(files.run("watched"))
    executor.reach.prepare("")
    executor._watching.watch(files.run("watched"), record("watched", cluster="test"))
    yield executor
    executor.close()


def record(job: str, *, cluster: str) -> Record:
    return Record(job=job, cluster=cluster, account="", begun_at=AT, submitted_at=AT, number=1)


def sent(files: Files, job: str, *, cluster: str) -> Path:
    """Note a job as handed over, by a process that does not look after it yet."""
    run = files.run(job)
    run.mkdir(parents=True)
    Notes().put(run, record(job, cluster=cluster))
    return run / HEARD_FILE


def drop(slurm: SlurmCluster, name: str) -> Path:
    """Drop a signal as the wrapper does."""
    file = slurm.work / ".spool" / name
    whole = f"printf told >{file.parent}/.{name} && mv {file.parent}/.{name} {file}"
    slurm.as_user(slurm.user, "sh", "-c", whole)
    return file


@pytest.mark.usefixtures("listener")
def test_a_job_that_signals_before_it_is_looked_after_is_heard(slurm: SlurmCluster, files: Files) -> None:
    heard = sent(files, "early", cluster="test")
    dropped = drop(slurm, "early.1")
    until(lambda: not dropped.exists())
    assert heard.read_bytes() == b"told"


@pytest.mark.usefixtures("listener")
def test_signals_of_strangers_and_of_other_clusters_go_unheard(slurm: SlurmCluster, files: Files) -> None:
    """They may be another server's, and are left where they are."""
    other, ours = sent(files, "other", cluster="elsewhere"), sent(files, "zulu", cluster="test")
    dropped = [drop(slurm, name) for name in ("stranger.1", "other.1", "nothing")]
    heard = drop(slurm, "zulu.1")
    until(lambda: not heard.exists())
    assert ours.read_bytes() == b"told"
    assert all(one.exists() for one in dropped)
    assert not other.exists()
    assert not files.job("stranger").exists()
    for one in dropped:
        one.unlink()


@pytest.mark.usefixtures("listener")
def test_what_is_no_file_keeps_no_signal_from_being_heard(slurm: SlurmCluster, files: Files) -> None:
    heard = sent(files, "late", cluster="test")
    folder = slurm.work / ".spool" / "a.1"
    slurm.as_user(slurm.user, "mkdir", str(folder))
    try:
        dropped = drop(slurm, "late.1")
        until(lambda: not dropped.exists())
    finally:
        folder.rmdir()
    assert heard.read_bytes() == b"told"


@pytest.mark.usefixtures("listener")
def test_directories_go_though_their_scripts_protected_them_and_wishes_stay_until_then(
    slurm: SlurmCluster, listener: SlurmExecutor, files: Files
) -> None:
    folder = slurm.work / "guarded"
    deep = folder / "work" / "deep"
    slurm.as_user(slurm.user, "mkdir", "-p", str(deep))
    slurm.as_user(slurm.user, "touch", str(deep / "file"))
    slurm.as_user(slurm.user, "chmod", "0", str(deep))
    for job in ("guarded", "never-sent"):
        sent(files, job, cluster="test")
        listener.remove(files.run(job))
    until(lambda: not folder.exists())
    until(lambda: not list((files.data / "clusters" / "test" / "remove").iterdir()))
