"""The bench of the SLURM executor: a real cluster, reached by a real SSH, whose jobs signal by file."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from provstore.clusters import Cluster
from provstore.graph.model import now
from provstore.uws.executors.slurm.executor import SlurmExecutor
from provstore.uws.files import Files
from provstore.uws.ports import REQUEST_FILE
from provstore.uws.running.staging import SPOOL
from tests.contract.executor_bench import COUNTED, count_starts, environment, stage, tell
from tests.slurm_cluster import SlurmCluster

__all__ = ["SlurmBench"]

_RESOURCES: Final = {"partition": "test", "mem": "64M"}


class SlurmBench:
    """Real jobs of SLURM. Directories are those of one test, ids of jobs are no other test's."""

    def __init__(self, folder: Path, slurm: SlurmCluster, settings: Cluster | None = None) -> None:
        self.folder = folder
        self.settings = settings or slurm.cluster_settings()
        self.executor = self._executor()
        self.staged: list[Path] = []
        self._jobs: dict[Path, str] = {}

    def stage(self, name: str) -> Path:
        return self.stage_with(name)

    def stage_with(
        self, name: str, *, resources: Mapping[str, str] | None = None, inputs: Sequence[Mapping[str, str]] = ()
    ) -> Path:
        """Stage a job that asks for more resources than the usual ones, or needs inputs."""
        directory, job = self.folder / name, f"j{secrets.token_hex(8)}"
        there = self._there(job)
        variables = {**environment(there), "PROVSTORE_JOB": job}
        words: dict[str, Any] = {
            "job": job,
            "environment": variables,
            "products": ["*.txt"],
            "spool": str(there.parent / SPOOL),
        }
        stage(directory, COUNTED, execution_duration=60, log_max=1 << 20, **words)
        request = {"account": "", "resources": {**_RESOURCES, **(resources or {})}, "inputs": list(inputs)}
        (directory / REQUEST_FILE).write_text(json.dumps(request), encoding="utf-8")
        self._jobs[directory] = job
        self.staged.append(directory)
        return directory

    def let_end(self, directory: Path, exit_code: int) -> None:
        tell(self._there(self._jobs[directory]) / "work", exit_code)

    def starts(self, directory: Path) -> int:
        return count_starts(self._there(self._jobs[directory]) / "work")

    def is_elsewhere(self, _directory: Path) -> bool:
        return self._there(self._jobs[_directory]).exists()

    def restart(self) -> None:
        self.executor.close()
        self.executor = self._executor()

    def _there(self, job: str) -> Path:
        return Path(self.settings.directory("")) / job

    def _executor(self) -> SlurmExecutor:
        return SlurmExecutor(self.settings, files=Files(self.folder), clock=now, news=lambda _directory: None)
