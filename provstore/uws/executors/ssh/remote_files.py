"""Files of a host by SFTP: small ones as bytes, large ones streamed, resumed, hashed, and put in place whole."""

from __future__ import annotations

import errno
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from paramiko import SFTPClient, SSHException
from paramiko.sftp import SFTPError

from provstore.errors import Conflict, NotFound, Unavailable
from provstore.uws.executors.ssh.transfers import fetched, pieces, sent

__all__ = ["RemoteFiles"]


class RemoteFiles:
    """One file session. Only plain files are read: a pipe that a job left would hold the reader for ever.

    All methods raise `Unavailable` where the connection breaks or the host refuses.

    Args:
        session: The SFTP session, for one thread at a time.
        digest: Asks the host for the sha256 of a file, "" where it can't tell.
    """

    def __init__(self, session: SFTPClient, *, digest: Callable[[str], str]) -> None:
        self._session = session
        self._digest = digest

    def read(self, path: str, *, most: int = 1 << 20) -> bytes | None:
        """Read a file, at most so many bytes from its beginning; None where there is no such file."""
        if self.size(path) is None:
            return None
        with _told(path), suppress(FileNotFoundError), self._session.open(path, "rb") as file:
            size = file.stat().st_size or 0  # of what was opened: a network file system may tell the size of long ago
            return b"".join(pieces(file, 0, min(size, most)))
        return None

    def write(self, path: str, data: bytes, *, mode: int = 0o600) -> None:
        """Write a small file; readers see the old one or the whole new one."""
        part = f"{path}.part"
        with _told(path):
            with self._session.open(part, "wb") as file:
                file.chmod(mode)
                file.write(data)
            self._session.posix_rename(part, path)

    def put(self, local: Path, remote: str) -> str:
        """Send a file, with its time of change; what an earlier try left is gone on with. Gives the sha256 sent."""
        with _told(remote):
            return sent(self._session, local, remote, digest=self._digest)

    def digest(self, remote: str) -> str:
        """Ask the host for the sha256 of a file, however long that takes; "" where it can't tell."""
        return self._digest(remote)

    def get(self, remote: str, local: Path, *, size: int, sha256: str) -> None:
        """Fetch a file of known size and hash; what an earlier try left is gone on with.

        Raises:
            NotFound: no plain file is there.
            Conflict: it has another size, or another hash came twice.
        """
        there = self.size(remote)
        if there is None:
            raise NotFound(f"{remote}: {size} bytes are expected, no plain file is there")
        if there != size:
            raise Conflict(f"{remote}: {size} bytes are expected, it has {there} bytes")
        part = local.with_name(f"{local.name}.part")
        with _told(remote):
            came = fetched(self._session, remote, part, size)
            if came != sha256:
                part.unlink()
                came = fetched(self._session, remote, part, size)
            if came == sha256:
                part.replace(local)
                return
            part.unlink()
        raise Conflict(f"{remote}: its sha256 should be {sha256}, twice it was another, at last {came}")

    def append(self, remote: str, local: Path, *, most: int) -> int:
        """Bring what the remote file has beyond the local one's size, at most so many bytes; tell how many came."""
        if self.size(remote) is None:
            return 0
        with _told(remote), local.open("ab") as kept, self._session.open(remote, "rb") as file:
            start = kept.tell()
            end = min(file.stat().st_size or 0, start + most)
            for piece in pieces(file, start, end):
                kept.write(piece)
            return kept.tell() - start

    def names(self, folder: str) -> tuple[str, ...]:
        """List a folder, sorted; a missing one has nothing in it."""
        with _told(folder), suppress(FileNotFoundError):
            return tuple(sorted(self._session.listdir(folder)))
        return ()

    def size(self, path: str) -> int | None:
        """Tell the size of a plain file; None where there is none."""
        with _told(path), suppress(FileNotFoundError):
            found = self._session.lstat(path)
            return found.st_size if stat.S_ISREG(found.st_mode or 0) else None
        return None

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        with _told(path), suppress(FileNotFoundError):
            self._session.remove(path)

    def make_folder(self, path: str, mode: int = 0o700) -> None:
        """Make a folder, and those above it; one that is there stays as it is."""
        with _told(path):
            if self._is_folder(path):
                return
            above = str(PurePosixPath(path).parent)
            if above != path:
                self.make_folder(above, mode)
            try:
                self._session.mkdir(path, mode)
            except OSError:
                if not self._is_folder(path):  # else somebody was faster
                    raise

    def rename(self, source: str, target: str) -> None:
        """Rename a file or folder; a file of the new name is replaced."""
        with _told(source):
            self._session.posix_rename(source, target)

    def _is_folder(self, path: str) -> bool:
        with suppress(FileNotFoundError):
            return stat.S_ISDIR(self._session.stat(path).st_mode or 0)
        return False


@contextmanager
def _told(path: str) -> Iterator[None]:
    """Turn what the library raises into our error; a missing file is left to who asked, where he cares."""
    try:
        yield
    except Unavailable:
        raise
    except TimeoutError as error:
        raise Unavailable(f"{path}: no answer in time") from error
    except (SSHException, SFTPError, EOFError, OSError) as error:
        known = isinstance(error, OSError) and error.errno in errno.errorcode
        raise Unavailable(
            f"{path}: {error.strerror if known and isinstance(error, OSError) else str(error) or 'connection lost'}"
        ) from error
