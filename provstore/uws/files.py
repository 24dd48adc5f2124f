"""The files of the data directory: where jobs, inputs and shipped files lie, and how bytes get there safely."""

from __future__ import annotations

import hashlib
import math
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

from provstore.errors import Invalid, NotFound, TooLarge, Unavailable
from provstore.uws.archive import Archive, local_path

__all__ = ["Files", "Measured", "Source", "is_elsewhere", "measure", "put_whole", "safe_name"]

_CHUNK: Final = 1 << 20
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._+-]+")
_LONGEST_NAME: Final = 120
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Size in bytes and SHA-256 in hex of a file's content."""

    size: int
    sha256: str


class Source(Protocol):
    """Bytes that can be read once: an upload, or the body of an answer."""

    def read(self, size: int, /) -> bytes:
        """Give the next bytes, none at the end; the size is a wish."""


def is_elsewhere(location: str) -> bool:
    """Tell whether a location is a URI: of a file that was registered, and lies not in the data directory."""
    return _SCHEME.match(location) is not None


def safe_name(name: str) -> str:
    """Make a file name that no shell, path or header can misread, and that still resembles the given one."""
    plain = _UNSAFE.sub("_", name.replace("\\", "/").rsplit("/", 1)[-1]).strip(".")
    return plain[-_LONGEST_NAME:] or "file"


def measure(file: Path) -> Measured:
    """Read a file once for its size and SHA-256, and make sure that it is on disk."""
    digest = hashlib.sha256()
    size = 0
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
        os.fsync(stream.fileno())
    return Measured(size=size, sha256=digest.hexdigest())


def put_whole(file: Path, data: bytes) -> None:
    """Put a small file in place: it is there whole and on disk when this returns, or as it was before.

    Raises:
        Unavailable: it can't be written now.
    """
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise Unavailable(f"{file} can't be written: {error.strerror or error}") from error


def _sync_folder(folder: Path) -> None:
    """Bring a name to the disk too, or after a power cut the graph tells of a file that is not there.

    File systems with a journal (ext4, XFS, Btrfs) bring what came before, new folders above it, along.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_writable(_action: object, path: str, _fault: object) -> None:
    """Make removable what a script has protected from itself; a second round removes it."""
    for one in (Path(path), Path(path).parent):
        with suppress(OSError):
            if not one.is_symlink():
                one.chmod(0o700)


class Files:
    """Paths below the data directory; the graph knows files by their path relative to it.

    Args:
        data: The directory.
        roots: Folders elsewhere that files of jobs may be links into: those that we share with clusters.
        archive: Folders elsewhere of which registered files may be used.
        fetch: Called with the location of a file that is not here: brings it if it was left on a cluster.
    """

    def __init__(
        self,
        data: Path,
        *,
        roots: Iterable[Path] = (),
        archive: Iterable[Path] = (),
        fetch: Callable[[str], object] = lambda _location: None,
    ) -> None:
        self._data = data.absolute()
        self._roots = (self._data, self._data / "jobs", self._data / "files", *roots)
        self._archive = Archive(archive)
        self._fetch = fetch

    @property
    def data(self) -> Path:
        """The data directory; locations are relative to it."""
        return self._data

    def job(self, job_id: str) -> Path:
        """Give the directory of a job: its uploads, its run, its results."""
        return self._data / "jobs" / job_id

    def run(self, job_id: str) -> Path:
        """Give the staged directory in which a job runs."""
        return self.job(job_id) / "run"

    def location(self, file: Path) -> str:
        """Give the location under which the graph knows a file."""
        return file.relative_to(self._data).as_posix()

    def can_give(self, location: str) -> bool:
        """Tell whether a location is of a kind that `path` gives: below the data directory, or of the archive."""
        return not is_elsewhere(location) or self._archive.holds(location)

    def place(self, location: str) -> Path:
        """Give where the file of a location would be, though it be not there."""
        return local_path(location) or self._data / location

    def path(self, location: str, *, size: int | None = None, sha256: str = "") -> Path:
        """Give the file at a location, brought here first if it was left on a cluster.

        Args:
            location: Relative to the data directory, or a ``file:`` URI of the archive.
            size: What the record says of it; only files of the archive are compared.
            sha256: The same.

        Raises:
            NotFound: there is no such file below the data directory or the archive, or it differs from the record.
            Unavailable: it is on a cluster that can't be reached now.
        """
        if is_elsewhere(location):
            return self._archive.path(location, size=size, sha256=sha256)
        file = self._data / location
        if location and not file.is_file():
            self._fetch(location)
        if not location or not file.is_file() or not self._is_ours(file):
            raise NotFound(f"the file {location!r} is not here any more", field="location", value=location)
        return file

    def _is_ours(self, file: Path) -> bool:
        """Tell whether a file really lies here; ``jobs`` and ``files`` may be links to a larger disk."""
        return any(file.resolve().is_relative_to(root.resolve()) for root in self._roots)

    def receive(self, stream: Source, target: Path, *, most: int) -> Measured:
        """Write a file to its place; one of that name is there whole and on disk, or not at all.

        Args:
            stream: The bytes.
            target: Where they go; its folders are made.
            most: The largest size allowed, in bytes.

        Raises:
            TooLarge: there were more bytes; nothing is left behind.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        digest = hashlib.sha256()
        size = 0
        try:
            with part.open("wb") as sink:
                while chunk := stream.read(_CHUNK):
                    size += len(chunk)
                    if size > most:
                        raise TooLarge(f"{target.name} has more than the {most} bytes allowed for one file")
                    digest.update(chunk)
                    sink.write(chunk)
                sink.flush()
                os.fsync(sink.fileno())
            part.replace(target)
            _sync_folder(target.parent)
        finally:
            part.unlink(missing_ok=True)
        return Measured(size=size, sha256=digest.hexdigest())

    def keep(self, content: bytes, name: str) -> str:
        """Keep a shipped file by its content, once; give its location."""
        digest = hashlib.sha256(content).hexdigest()
        target = self._data / "files" / digest / safe_name(name)
        if not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f".{target.name}.{os.getpid()}")
            part.write_bytes(content)
            measure(part)  # brings it to the disk
            part.replace(target)
            _sync_folder(target.parent)
        return self.location(target)

    def shipped(self, sha256: str, name: str) -> Path:
        """Give the place of a shipped file.

        Raises:
            Invalid: the file is not there.
        """
        target = self._data / "files" / sha256 / safe_name(name)
        if not target.is_file():
            raise Invalid(f"the shipped file {name!r} is missing from this server", field=name)
        return target

    def remove_job(self, job_id: str) -> None:
        """Remove all files of a job; none there is no error.

        Raises:
            Unavailable: something could not be removed.
        """
        directory = self.job(job_id)
        with suppress(FileNotFoundError, NotADirectoryError):
            shutil.rmtree(directory, onerror=_make_writable)
        if directory.is_dir():
            shutil.rmtree(directory, ignore_errors=True)
        if directory.is_dir():
            raise Unavailable(f"the files of job {job_id} can't be removed", field="job", value=job_id)

    def unstaged_jobs(self, *, idle: timedelta) -> tuple[str, ...]:
        """List the jobs that have files but were never staged, and that nobody has written to for so long."""
        jobs = self._data / "jobs"
        latest = time.time() - idle.total_seconds()
        folders = sorted(jobs.iterdir()) if jobs.is_dir() else []
        return tuple(one.name for one in folders if not (one / "run").exists() and _last_written(one) < latest)


def _last_written(folder: Path) -> float:
    """Give the newest time of change in a folder, in seconds since 1970; the future if somebody is removing it."""
    try:
        return max(one.lstat().st_mtime for one in (folder, *folder.rglob("*")))
    except FileNotFoundError:
        return math.inf
