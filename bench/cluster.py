"""What a SLURM cluster costs: submissions a second, questions to SLURM for each job, and how late its end is known.

As root, with SLURM and sshd installed: python -m bench.cluster [JOBS]. Both run on this machine, on its processors.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final

from bench.serving import Visitor
from provstore.clusters import Cluster, Isolation
from provstore.graph.model import NodeId, now
from provstore.graph.sqlite import open_sqlite
from provstore.uws.executors.slurm.executor import SlurmExecutor
from provstore.uws.executors.ssh.logins import login_of
from provstore.uws.executors.ssh.shell import Shell
from provstore.uws.files import Files
from provstore.uws.ports import REQUEST_FILE
from tests.slurm_cluster import SlurmCluster, running_cluster

_THREADS: Final = 6


def main(jobs: int) -> None:
    """Measure and print."""
    with running_cluster() as slurm, tempfile.TemporaryDirectory() as folder:
        slurm.scontrol("update", "PartitionName=long", "State=DOWN")
        cluster = slurm.cluster_settings(rate=1000.0, isolation=Isolation.NONE)
        _submissions(cluster, Path(folder), jobs)
        slurm.run("scancel", "--partition=long")
        _delays(slurm, Path(folder) / "data", jobs)


def _submissions(cluster: Cluster, folder: Path, jobs: int) -> None:
    """Whole submissions, directory, files and sbatch, of jobs that wait in a partition that is down."""
    shell = Shell(login_of(cluster))
    bare = [_seconds(lambda: shell.run("sbatch", "--partition=long", "--wrap=true")) for _ in range(jobs)]
    shell.close()
    executor = SlurmExecutor(cluster, files=Files(folder), clock=now, news=lambda _directory: None)
    directories = [_staged(folder, f"b{number}") for number in range(3 * jobs)]
    executor.start(directories[0])
    alone = [_seconds(lambda one=one: executor.start(one)) for one in directories[1:jobs]]  # type: ignore[misc]
    with ThreadPoolExecutor(_THREADS) as threads:
        begin = time.perf_counter()
        list(threads.map(executor.start, directories[jobs:]))
        rate = 2 * jobs / (time.perf_counter() - begin)
    executor.close()
    print(f"sbatch alone over the pooled connection: {1000 * median(bare[1:]):.1f} ms")
    print(f"a whole submission: {1000 * median(alone):.1f} ms, {median(alone) / median(bare[1:]):.2f} times that")
    print(f"{_THREADS} threads, one connection: {rate:.1f} submissions/s{'' if rate >= 30 else '  MISSED (30)'}")


def _delays(slurm: SlurmCluster, data: Path, jobs: int) -> None:
    """From the end of a job, as its wrapper told it, to the writing of COMPLETED."""
    with _served(slurm, data) as address:
        visitor = Visitor(address)
        apart = [job for _ in range(max(5, jobs // 4)) for job in _completed(visitor, [_posted(visitor)])]
        begin = time.perf_counter()
        together = _completed(visitor, [_posted(visitor) for _ in range(jobs)])
        seconds = time.perf_counter() - begin
    store = open_sqlite(data / "graph.sqlite", namespace="")
    for what, ids in (("one by one", apart), (f"{jobs} at once", together)):
        nodes = [one.properties for one in store.get([NodeId(store.namespace + job) for job in ids])]
        late = [(one["changed_at"] - one["ended_at"]).total_seconds() for one in nodes]  # type: ignore[operator, union-attr]  # both are instants
        missed = "" if median(late) < 1 else "  MISSED (1 s)"
        print(
            f"end of the job to COMPLETED, {what}: median {1000 * median(late):.0f} ms, most {max(late):.2f} s{missed}"
        )
    store.close()
    print(f"{jobs} jobs at once, POST to the last COMPLETED: {seconds:.1f} s, {jobs / seconds:.1f} jobs/s")
    records = [json.loads((data / "jobs" / job / "run" / "cluster.json").read_bytes()) for job in apart + together]
    asked = sum(one["status_queries"] for one in records) / len(records)
    print(f"questions to SLURM for a job: {asked:.2f}{'' if asked == 0 else '  MISSED (0)'}")


def _posted(visitor: Visitor) -> str:
    return visitor.post("/uws/sleep", {"PHASE": "RUN", "duration": "0"})


def _completed(visitor: Visitor, jobs: list[str]) -> list[str]:
    """Wait for jobs; give their ids."""
    for job in jobs:
        while (phase := visitor.get(f"{job}/phase").decode()) in {"QUEUED", "EXECUTING"}:
            visitor.get(f"{job}?WAIT=30&PHASE={phase}")
        assert phase == "COMPLETED", visitor.get(f"{job}/error")
    return [job.rpartition("/")[2] for job in jobs]


@contextmanager
def _served(slurm: SlurmCluster, data: Path) -> Iterator[str]:
    """Serve a data directory whose jobs go to the cluster and signal over HTTP; give the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    table = {
        "host": slurm.host,
        "port": slurm.port,
        "user": slurm.user,
        "key_file": str(slurm.key),
        "known_hosts": str(slurm.known_hosts),
        "work_directory": str(slurm.work),
        "callback": address,
        "defaults": {"partition": "test", "mem": "16M"},
    }
    own = {"PROVSTORE_DATA": str(data), "PROVSTORE_EXECUTOR": "test", "PROVSTORE_CLUSTERS": json.dumps({"test": table})}
    command = [sys.executable, "-m", "provstore", "serve", "--port", str(port)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **own})
    try:
        assert child.stdout
        child.stdout.readline()
        yield address
    finally:
        child.terminate()
        child.wait()


def _staged(folder: Path, job: str) -> Path:
    """Stage a job that does nothing, as the supervisor does."""
    run = folder / "jobs" / job / "run"
    run.mkdir(parents=True)
    task = {"job": job, "environment": {}, "execution_duration": 60.0, "kill_grace": 5.0, "products": []}
    (run / "task.json").write_text(json.dumps(task))
    (run / "script.sh").write_text("true\n")
    (run / "parameters.json").write_text("{}")
    (run / "token").write_text("secret")
    (run / REQUEST_FILE).write_text(json.dumps({"account": "", "resources": {"partition": "long"}, "inputs": []}))
    return run


def _seconds(act: Callable[[], object]) -> float:
    begin = time.perf_counter()
    act()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
