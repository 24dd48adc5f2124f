"""Files of jobs that were left on another machine, brought here when somebody asks for them."""

from __future__ import annotations

from collections.abc import Mapping

from provstore.uws.files import Files
from provstore.uws.ports import Executor

__all__ = ["Elsewhere"]


class Elsewhere:
    """Finds the executor that kept a file. Its two parts are given to it once they are made."""

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
