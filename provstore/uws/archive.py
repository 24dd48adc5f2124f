"""Files of this machine that are only registered, where the site lets them be used: below its archive's folders."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from provstore.errors import NotFound
from provstore.uws.checksums import checksums_of

__all__ = ["Archive", "local_path"]

_FILE: Final = "file"
_HERE: Final = frozenset({"", "localhost"})
_REMEMBERED_MOST: Final = 10_000
_SHA256: Final = "sha256"

_Stamp = tuple[int, int, int, int]


def local_path(location: str) -> Path | None:
    """Give the path that a location names on this machine; None for what lies elsewhere, or is no ``file:`` URI."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return None
    path = unquote(parts.path)
    is_here = parts.scheme.lower() == _FILE and parts.netloc.lower() in _HERE and "\0" not in path
    return Path(path) if is_here and path.startswith("/") else None


class Archive:
    """Gives registered files, each compared with its record; a file is read for that once, until it changes.

    Args:
        roots: The folders; links that lead out of them are not followed.
    """

    def __init__(self, roots: Iterable[Path]) -> None:
        self._roots = tuple(roots)
        self._digests: dict[Path, tuple[_Stamp, str]] = {}

    def holds(self, location: str) -> bool:
        """Tell whether there is a file at a location, below one of the folders."""
        return self._real(location) is not None

    def path(self, location: str, *, size: int | None = None, sha256: str = "") -> Path:
        """Give the file at a location, without links in its path.

        Args:
            location: A ``file:`` URI.
            size: Its size by the record in bytes, None if the record has none.
            sha256: Its checksum by the record, "" if the record has none.

        Raises:
            NotFound: there is no such file below the folders, or it is not what the record says.
        """
        file = self._real(location)
        if file is None:
            words = f"the file is only registered here; it lies at {location}"
            raise NotFound(words, field="location", value=location)
        try:
            wrong = self._difference(file, size, sha256.lower())
        except OSError as error:
            raise NotFound(f"{location} can't be read: {error.strerror}", field="location", value=location) from error
        if wrong:
            words = f"the file at {location} is not the one that was registered: {wrong}"
            raise NotFound(words, field="location", value=location)
        return file

    def _real(self, location: str) -> Path | None:
        path = local_path(location) if self._roots else None
        if path is None:
            return None
        try:
            file = path.resolve(strict=True)
            is_below = any(file.is_relative_to(root.resolve()) for root in self._roots)
            return file if is_below and file.is_file() else None
        except (OSError, RuntimeError):  # it is not there, or its links lead in a circle
            return None

    def _difference(self, file: Path, size: int | None, sha256: str) -> str:
        found = file.stat().st_size
        if size is not None and found != size:
            return f"it has {found} bytes, not {size}"
        if sha256 and (digest := self._digest(file)) != sha256:
            return f"its sha256 is {digest}, not {sha256}"
        return ""

    def _digest(self, file: Path) -> str:
        stamp = _stamp(file)
        known = self._digests.get(file)
        if known is not None and known[0] == stamp:
            return known[1]
        digest = checksums_of(file, [_SHA256]).checksums[_SHA256]
        if _stamp(file) == stamp:  # or it was written to meanwhile
            if len(self._digests) >= _REMEMBERED_MOST:
                self._digests.clear()
            self._digests[file] = (stamp, digest)
        return digest


def _stamp(file: Path) -> _Stamp:
    facts = file.stat()
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns
