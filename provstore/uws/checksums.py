"""Checksums of files: any of those that people keep, all from one reading."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from provstore.errors import Invalid

__all__ = ["ALGORITHMS", "Checked", "checksums_of"]

_CHUNK: Final = 1 << 20


class Checked(NamedTuple):
    """Size in bytes and checksums by name, in hex."""

    size: int
    checksums: Mapping[str, str]


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def hexdigest(self) -> str: ...


class _Rolling:
    """A checksum of 32 bits of zlib."""

    def __init__(self, add: Callable[[bytes, int], int], start: int) -> None:
        self._add = add
        self._value = start

    def update(self, data: bytes, /) -> None:
        self._value = self._add(data, self._value)

    def hexdigest(self) -> str:
        return f"{self._value & 0xFFFFFFFF:08x}"


ALGORITHMS: Final[Mapping[str, Callable[[], _Digest]]] = {
    "sha256": hashlib.sha256,
    "md5": lambda: hashlib.md5(usedforsecurity=False),
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "sha224": hashlib.sha224,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
    "adler32": lambda: _Rolling(zlib.adler32, 1),
    "crc32": lambda: _Rolling(zlib.crc32, 0),
}
"""Checksums that can be computed here."""


def checksums_of(file: Path, names: Iterable[str]) -> Checked:
    """Read a file once for some checksums.

    Raises:
        Invalid: one of them is not known here.
        OSError: the file can't be read.
    """
    wanted = tuple(dict.fromkeys(names))
    unknown = next((name for name in wanted if name not in ALGORITHMS), None)
    if unknown is not None:
        raise Invalid(
            f"checksum {unknown!r}: one of {', '.join(ALGORITHMS)} is needed", field="checksum", value=unknown
        )
    digests = {name: ALGORITHMS[name]() for name in wanted}
    size = 0
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            for digest in digests.values():
                digest.update(chunk)
    return Checked(size, {name: digest.hexdigest() for name, digest in digests.items()})
