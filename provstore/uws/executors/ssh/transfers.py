"""Large files by SFTP: pipelined, hashed on the way, gone on with after a break; never whole in memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE
from typing import Final

from paramiko import SFTPClient, SFTPFile, SSHException

from provstore.errors import Unavailable

__all__ = ["fetched", "pieces", "sent"]

_BLOCK: Final = SFTPFile.MAX_REQUEST_SIZE
_SEGMENT: Final = 512 * _BLOCK
"""Bytes asked for at once: few enough to be kept in memory, many enough for the way to be full."""


def pieces(file: SFTPFile, start: int, end: int) -> Iterator[bytes]:
    """Give the bytes of a remote file from start to end, asked for in advance.

    Raises:
        EOFError: the file has become shorter.
    """
    _quieten(file)
    for begin in range(start, end, _SEGMENT):
        until = min(begin + _SEGMENT, end)
        file.seek(begin)
        file.prefetch(until)
        left = until - begin
        while left:
            piece = file.read(min(left, _BLOCK))
            if not piece:
                raise EOFError("the file has become shorter while it was read")
            left -= len(piece)
            yield piece


def _quieten(file: SFTPFile) -> None:
    """Let the library's thread that asks in advance end silently with the connection: the reader tells of it.

    It has no other way to be told; should its name change, a traceback appears beside our error, no more.
    """
    ask: Callable[..., None] = file._prefetch_thread  # type: ignore[attr-defined]  # noqa: SLF001 - the stubs hide it

    def ask_quietly(*chunks: object) -> None:
        with suppress(SSHException, EOFError, OSError):
            ask(*chunks)

    file._prefetch_thread = ask_quietly  # type: ignore[attr-defined]  # noqa: SLF001


def fetched(session: SFTPClient, remote: str, part: Path, size: int) -> str:
    """Bring a remote file into ``part``, from where ``part`` ends; gives the sha256 of all of it."""
    with part.open("ab") as kept:
        if kept.tell() > size:
            kept.truncate(0)
            kept.seek(0)
        start = kept.tell()
        digest = _digest_of(part, start)
        with session.open(remote, "rb") as file:
            for piece in pieces(file, start, size):
                digest.update(piece)
                kept.write(piece)
        kept.flush()
        os.fsync(kept.fileno())
    return digest.hexdigest()


def sent(session: SFTPClient, local: Path, remote: str, *, digest: Callable[[str], str]) -> str:
    """Bring a local file to ``remote`` by way of ``remote.part``, and give its sha256.

    Raises:
        Unavailable: what arrived is shorter than what was sent.
    """
    part = f"{remote}.part"
    about = local.stat()
    start = _agreed(session, local, part, digest)
    seen = _digest_of(local, start)
    with local.open("rb") as source, session.open(part, "r+b" if start else "wb") as target:
        target.chmod(S_IMODE(about.st_mode) & 0o700 | 0o600)
        source.seek(start)
        target.seek(start)
        _pour(source.read, target, seen.update)
        target.utime((int(about.st_atime), int(about.st_mtime)))
        arrived, expected = target.stat().st_size, source.tell()
    if arrived != expected:
        raise Unavailable(f"{arrived} of {expected} bytes arrived: is the disk full, the quota used up?")
    session.posix_rename(part, remote)
    return seen.hexdigest()


def _pour(read: Callable[[int], bytes], target: SFTPFile, seen: Callable[[bytes], object]) -> None:
    """Send blocks without waiting for each one's answer; the last waits for all, so that no refusal is missed."""
    target.set_pipelined(True)
    block = read(_BLOCK)
    while block:
        seen(block)
        following = read(_BLOCK)
        target.set_pipelined(bool(following))
        target.write(block)
        block = following


def _agreed(session: SFTPClient, local: Path, part: str, digest: Callable[[str], str]) -> int:
    """Tell how many bytes of an earlier try can be kept: all of them, if both sides find the same hash."""
    try:
        size = session.lstat(part).st_size or 0
    except FileNotFoundError:
        return 0
    if not 0 < size <= local.stat().st_size:
        return 0
    return size if digest(part) == _digest_of(local, size).hexdigest() else 0


def _digest_of(file: Path, size: int) -> hashlib._Hash:
    """Hash the first bytes of a local file."""
    digest = hashlib.sha256()
    with file.open("rb") as source:
        while size > 0 and (block := source.read(min(size, 1 << 20))):
            digest.update(block)
            size -= len(block)
    return digest
