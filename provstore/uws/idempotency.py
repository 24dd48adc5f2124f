"""Requests that are sent twice and must act once: the header ``Idempotency-Key``.

The key fixes the id of what is made, so the store's own uniqueness decides, also after a restart and between processes.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from provstore.accounts.callers import Caller
from provstore.errors import Conflict, Invalid
from provstore.graph.model import NodeId, new_local, stable_local
from provstore.graph.store import GraphStore
from provstore.uws.jobs import text

__all__ = ["Claim", "Idempotency", "check_key", "fingerprint"]

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}\Z")
_CHUNK: Final = 1 << 20
_PREFIXES: Final = ("j", "s")
"""Of the ids of jobs and sweeps: both are made under the same keys."""


def check_key(key: str) -> str:
    """Give back a key that may be one.

    Raises:
        Invalid: it is empty, too long, or holds something else than visible ASCII.
    """
    if not _KEY.match(key):
        right = "1 to 255 visible ASCII characters are needed, without blanks"
        raise Invalid(f"Idempotency-Key {key!r}: {right}", field="Idempotency-Key", value=key)
    return key


def fingerprint(values: Mapping[str, str], *further: Mapping[str, str], files: Mapping[str, BinaryIO]) -> str:
    """Give a hash of all that a request asks for: two requests are the same if theirs are."""
    digest = hashlib.sha256(f"{len(further)} further\n".encode())
    for number, part in enumerate((values, *further)):
        for name, value in sorted(part.items()):
            digest.update(f"{number} {len(name)} {len(value)}\n{name}\n{value}\n".encode())
    for name, stream in sorted(files.items()):
        digest.update(f"file {len(name)}\n{name}\n{_hash(stream)}\n".encode())
    return digest.hexdigest()


def _hash(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    stream.seek(0)
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    stream.seek(0)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A caller's claim to something new of a service; ``key`` is "" where it may be made twice.

    ``request``: gives the fingerprint of the request; it is asked only if there is a key.
    """

    caller: Caller
    service: str
    key: str
    request: Callable[[], str]

    def local(self, prefix: str) -> str:
        """Give the local id that belongs to the key."""
        return stable_local(prefix, self.caller.agent, self.service, self.key)


class Idempotency:
    """Makes things at most once for each caller, service and key.

    Args:
        store: Where what was made is found again.
        data: The data directory: a folder of lock files in it keeps two requests with one key apart, so that the one
            that comes late never touches the uploads of the other.
    """

    def __init__(self, store: GraphStore, data: Path) -> None:
        self._store = store
        self._folder = data / "locks"

    def once(self, claim: Claim, *, prefix: str, make: Callable[[str, str], None]) -> str:
        """Give the local id of what was made, now or by an earlier request; ``make`` gets the id and the fingerprint.

        Raises:
            Conflict: the key was used for another request, or what it made was deleted.
        """
        if not claim.key:
            local = new_local(prefix)
            make(local, "")
            return local
        request = claim.request()
        with self._locked(claim):
            if not self._made(claim, request):
                self._make(claim, request, lambda: make(claim.local(prefix), request))
        return claim.local(prefix)

    def _make(self, claim: Claim, request: str, make: Callable[[], None]) -> None:
        """A process that our locks don't reach may have been faster: the store tells."""
        try:
            make()
        except Conflict:
            if not self._made(claim, request):
                raise

    def _made(self, claim: Claim, request: str) -> bool:
        ids = [NodeId(self._store.namespace + claim.local(prefix)) for prefix in _PREFIXES]
        found = self._store.get(ids)
        for node in found:
            if text(node.properties, "request_sha256") != request:
                raise _conflict(claim, "was used for another request; send another key with another request")
            if node.properties.get("deleted") is True:
                raise _conflict(claim, "made something that was deleted since; send another key")
        return bool(found)

    @contextmanager
    def _locked(self, claim: Claim) -> Iterator[None]:
        """Let one request with this key pass at a time, on this machine; the files are few and stay."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        name = hashlib.sha256(claim.local("k").encode()).hexdigest()[:2]
        descriptor = os.open(self._folder / f"key-{name}", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _conflict(claim: Claim, words: str) -> Conflict:
    return Conflict(f"Idempotency-Key {claim.key!r} {words}", field="Idempotency-Key", value=claim.key)
