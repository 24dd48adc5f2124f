"""Inputs on their way to a cluster: sent, or copied there where an earlier job of the same cluster has left them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from provstore.errors import Unavailable
from provstore.uws.executors.slurm.bringing import products_of
from provstore.uws.executors.slurm.packing import COMPLETE
from provstore.uws.executors.slurm.reach import Asked, Reach
from provstore.uws.executors.slurm.record import Notes
from provstore.uws.files import Files

__all__ = ["Sending"]

_COPY: Final = 'exec cp --reflink=auto --preserve=timestamps -- "$1" "$2"'
_LONGEST: Final = 3600.0
"""Seconds that a copy may take there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """Brings the inputs of jobs to a cluster."""

    reach: Reach
    notes: Notes
    files: Files

    def send(self, account: str, remote: PurePosixPath, inputs: Sequence[Mapping[str, str]]) -> None:
        """Bring the inputs of a job that are not on the cluster already; repeated, it goes on where it was cut off.

        Args:
            account: Whose job it is.
            remote: Its directory to be.
            inputs: As `REQUEST_FILE` has them: ``name`` in the working directory, ``location`` here, ``path`` there.

        Raises:
            NotFound: a file is gone.
            Unavailable: it did not arrive.
        """
        wanted = [one for one in inputs if not one["path"]]
        if not wanted or self._is_there(account, remote):
            return
        work = remote / "work"
        with self.reach.files(account) as files:
            files.make_folder(str(work))
        for one in wanted:
            target = work / one["name"]
            if not self._copied(account, one["location"], target):
                self._put(account, self.files.path(one["location"]), target)

    def _is_there(self, account: str, remote: PurePosixPath) -> bool:
        """Tell whether an earlier attempt got as far as unpacking the job's directory, which comes after the inputs."""
        with self.reach.files(account) as files:
            return files.size(str(remote / COMPLETE)) is not None

    def _left_there(self, account: str, location: str) -> tuple[PurePosixPath, str] | None:
        """Give where the same account of the same cluster has a file that an earlier job has made, and its sha256."""
        folder, _, rest = location.partition("/run/")
        run = self.files.data / folder / "run"
        record = self.notes.get(run) if rest else None
        if record is None or (record.cluster, record.account) != (self.reach.cluster.name, account):
            return None
        made = next((one for one in products_of(run) if one.path == rest), None)
        return (self.reach.there(record) / rest, made.sha256) if made else None

    def _put(self, account: str, file: Path, target: PurePosixPath) -> None:
        """Send a file, and compare what has arrived with what was sent."""
        with self.reach.files(account) as files:
            sent = files.put(file, str(target))
            found = files.digest(str(target))
            if found == sent:
                return
            files.remove(str(target))
        raise Unavailable(f"{target.name} did not arrive whole: sha256 {sent} was sent, {found or 'nothing'} is there")

    def _copied(self, account: str, location: str, target: PurePosixPath) -> bool:
        """Copy a file on the cluster; false if it was not made there, or is not there any more as it was made."""
        made = self._left_there(account, location)
        if made is None:
            return False
        source, sha256 = made
        ran = self.reach.script(Asked.FILES, account, _COPY, str(source), str(target), timeout=_LONGEST)
        if ran.code:
            return False
        with self.reach.files(account) as files:
            return files.digest(str(target)) == sha256
