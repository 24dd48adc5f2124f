"""What lies on other machines, for those who ask here: files that jobs have left, logs that grow, what was sent."""

from __future__ import annotations

from collections.abc import Mapping

from provstore.uws.files import Files
from provstore.uws.jobs import Job
from provstore.uws.ports import Executor

__all__ = ["Elsewhere"]


class Elsewhere:
    """Knows who runs jobs where. Its two parts are given to it once they are made."""

    files: Files
    executors: Mapping[str, Executor]

    def fetch(self, location: str) -> bool:
        """Bring the file of this location, if it was left by a job; tell whether it is here now.

        Raises:
            Unavailable: the machine that has it can't be reached now.
        """
        folder, _, rest = location.partition("/run/")
        jobs, _, job_id = folder.rpartition("/")
        if jobs != "jobs" or not rest:
            return False
        run = self.files.run(job_id)
        return any(one.provide(run, rest) for one in self.executors.values())

    def fresh(self, job: Job) -> None:
        """Bring what a running job has printed since.

        Raises:
            Unavailable: its machine can't be reached now.
        """
        if job.executor in self.executors:
            self.executors[job.executor].fresh(self.files.run(job.id))

    def explain(self, job: Job) -> str:
        """Say what its executor knows of a job."""
        return self.executors[job.executor].explain(self.files.run(job.id)) if job.executor in self.executors else ""

    def counts(self) -> dict[str, Mapping[str, int]]:
        """Tell what was sent to each executor, by what for."""
        return {name: one.counts() for name, one in self.executors.items()}

    def close(self) -> None:
        """Let go of all."""
        for one in self.executors.values():
            one.close()
