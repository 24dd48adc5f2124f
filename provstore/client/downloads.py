"""Files from the server: streamed, and checked against their hash before anybody takes them for whole."""

from __future__ import annotations

import hashlib
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, BinaryIO, Final, cast
from urllib.parse import quote, unquote

import httpx

from provstore.client.connection import ANYTHING, Call, Connection
from provstore.client.jobs import RemoteResult
from provstore.errors import Unavailable

__all__ = ["Wanted", "download", "opened"]

_CHUNK: Final = 1 << 20
_IN_MEMORY: Final = 16 << 20
_HASH: Final = re.compile(r'"([0-9a-f]{64})"')
_ANY_NAME: Final = re.compile(r"filename\*=UTF-8''([^;]+)", re.IGNORECASE)
_PLAIN_NAME: Final = re.compile(r'filename="([^"]+)"', re.IGNORECASE)

Wanted = RemoteResult | str
"""A result of a job, or the id of an entity (local part, QName or URI)."""


@dataclass(frozen=True, slots=True)
class _File:
    """A file on its way: what it is called, and the hash it must have, "" where nobody says."""

    name: str
    sha256: str
    response: httpx.Response

    def write(self, out: IO[bytes]) -> None:
        """Write it to where it goes.

        Raises:
            Unavailable: what came is not the file.
        """
        digest = hashlib.sha256()
        for chunk in self.response.iter_bytes(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
        if self.sha256 and digest.hexdigest() != self.sha256:
            came = f"its SHA-256 is {digest.hexdigest()}, {self.sha256} is right"
            raise Unavailable(f"what came of {self.response.request.url} is not the file: {came}; fetch it again")


def download(connection: Connection, wanted: Wanted, target: Path) -> Path:
    """Write a file to ``target``; into a folder under its own name. What was there stays until the new one is whole.

    Raises:
        NotFound: it is not kept there.
        Unavailable: what came is not the file: it was cut short or changed on the way.
    """
    with _asked_for(connection, wanted) as file:
        place = target / file.name if target.is_dir() else target
        part = place.with_name(f".{secrets.token_hex(8)}.part")
        try:
            with part.open("xb") as out:
                file.write(out)
            return part.replace(place)
        finally:
            part.unlink(missing_ok=True)


def opened(connection: Connection, wanted: Wanted) -> BinaryIO:
    """Give a file to be read, from its beginning; a large one lies on the disk until it is closed.

    Raises:
        NotFound: it is not kept there.
        Unavailable: what came is not the file: it was cut short or changed on the way.
    """
    out = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the caller closes it
    try:
        with _asked_for(connection, wanted) as file:
            file.write(out)
    except BaseException:
        out.close()
        raise
    out.seek(0)
    return cast("BinaryIO", out)


@contextmanager
def _asked_for(connection: Connection, wanted: Wanted) -> Iterator[_File]:
    path, name = _place(wanted)
    with connection.stream(Call(path=path, headers=ANYTHING)) as response:
        tagged = _HASH.search(response.headers.get("ETag", ""))
        known = wanted.sha256 if isinstance(wanted, RemoteResult) else ""
        yield _File(_named(response.headers) or name, known or (tagged[1] if tagged else ""), response)


def _place(wanted: Wanted) -> tuple[str, str]:
    """Give the address of a file, and what to call it if the server does not say."""
    if isinstance(wanted, RemoteResult):
        return wanted.href, _last_part(wanted.name) or "result"
    return f"/store/{quote(wanted, safe='')}", _last_part(wanted) or "entity"


def _named(headers: httpx.Headers) -> str:
    told = headers.get("Content-Disposition", "")
    any_name, plain = _ANY_NAME.search(told), _PLAIN_NAME.search(told)
    return _last_part(unquote(any_name[1])) if any_name else _last_part(plain[1]) if plain else ""


def _last_part(name: str) -> str:
    """Leave of a name what may be one in this folder."""
    bare = PureWindowsPath(PurePosixPath(name.replace("\0", "")).name).name
    return "" if bare in {".", ".."} else bare
