"""What is sent to a cluster: small files as one tar, and the shell commands that unpack and submit them. Pure.

Values reach these commands as arguments only. A command goes on when its caller is cut off, so what it has done is left
in files: ``number`` is there once SLURM has taken the job.
"""

from __future__ import annotations

import hashlib
import io
import shlex
import tarfile
import time
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Final

from provstore.clusters import Cluster
from provstore.uws.executors.slurm.record import ABORT_FILE, HEARD_FILE, RECORD_FILE
from provstore.uws.executors.slurm.templates import BATCH, NOTIFIER, PREPARE, SUBMIT
from provstore.uws.executors.status import WRAPPER
from provstore.uws.ports import REQUEST_FILE

__all__ = [
    "COMPLETE",
    "PREPARE",
    "SUBMIT",
    "UNDER_WAY",
    "Wrapper",
    "batch_script",
    "job_archive",
    "notifier_script",
    "wrapper",
]

UNDER_WAY: Final = 75
"""Exit status of `SUBMIT` while an earlier attempt is still at it."""

COMPLETE: Final = "complete"
"""The last file that is unpacked."""

_KEPT_HERE: Final = frozenset({REQUEST_FILE, RECORD_FILE, HEARD_FILE, ABORT_FILE})
_FOLDERS: Final = ("work", "results")


class Wrapper:
    """The wrapper as it is sent: its files in a tar, and the folder's name, which changes with them."""

    def __init__(self, folder: Path) -> None:
        files = sorted(folder.glob("*.py"))
        digest = hashlib.sha256(b"".join(file.name.encode() + file.read_bytes() for file in files))
        self.name = f"wrapper-{digest.hexdigest()[:16]}"
        self.archive = _archive([(f"wrapper/{file.name}", file.read_bytes(), 0o644) for file in files])


@lru_cache(maxsize=1)
def wrapper() -> Wrapper:
    """Read the wrapper once."""
    return Wrapper(WRAPPER)


def job_archive(directory: Path, job: str, scripts: Iterable[tuple[str, str]]) -> bytes:
    """Pack a staged job under its id: its small files, its empty folders, and further scripts by name; no inputs."""
    files = [
        (file.name, file.read_bytes(), 0o600)
        for file in sorted(directory.iterdir())
        if file.is_file() and file.name not in _KEPT_HERE and not file.name.startswith(".")
    ]
    packed = [*files, *((name, text.encode(), 0o700) for name, text in scripts), (COMPLETE, b"", 0o600)]
    named = [(f"{job}/{name}", data, mode) for name, data, mode in packed]
    return _archive(named, folders=[job, *(f"{job}/{name}" for name in _FOLDERS)])


def batch_script(cluster: Cluster, wrapper: PurePosixPath) -> str:
    """Give the script that SLURM runs: it becomes the wrapper. The job's own environment stays in its file."""
    command = shlex.join([cluster.python, "-I", "-S", str(wrapper / "wrapper")])
    return BATCH.replace("@PATH@", shlex.quote(cluster.path)).replace("@COMMAND@", command)


def notifier_script(cluster: Cluster, wrapper: PurePosixPath) -> str:
    """Give the script of the small job that tells of the end of another, whatever ended it."""
    command = shlex.join([cluster.python, "-I", "-S", str(wrapper / "wrapper"), "--notify"])
    return NOTIFIER.replace("@PATH@", shlex.quote(cluster.path)).replace("@COMMAND@", command)


def _archive(files: Iterable[tuple[str, bytes, int]], *, folders: Iterable[str] = ()) -> bytes:
    packed, now = io.BytesIO(), int(time.time())
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name in folders:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o700, now
            archive.addfile(entry)
        for name, data, mode in files:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(data), mode, now
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()
