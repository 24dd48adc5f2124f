"""What is embedded in the tests: the lineage of the small job, under an id longer than a FITS card."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import pytest

from provstore.export import votable
from provstore.export.document import Document
from provstore.export.embedding.copies import Embedded
from provstore.export.embedding.registry import embed

ID = "urn:uuid:01975c3e-0000-7000-8000-000000000000#e01975c3e00007000800000000000000"
PAGE = "https://prov.example.org/id/e01975c3e00007000800000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A provenance to embed, the lineage in it, and a way to embed it."""

    embedded: Callable[..., Embedded]
    lineage: bytes

    def copy(self, original: bytes, **more: object) -> bytes:
        out = io.BytesIO()
        embed(io.BytesIO(original), self.embedded(original, **more), out)
        return out.getvalue()


@pytest.fixture(scope="session")
def carried(job: Document) -> Carried:
    """Make ``carried.embedded(original, id=…)`` and ``carried.copy(original)``."""

    def write(out: BinaryIO) -> None:
        votable.write(job, out)

    def embedded(original: bytes, **more: object) -> Embedded:
        given: dict[str, object] = {
            "id": ID,
            "page": PAGE,
            "sha256": hashlib.sha256(original).hexdigest(),
            "votable": write,
            "summary": ("stack 1.2 (gain = 2) made this of raw.fits", "on 2026-05-01, run by Ada Lovelâce"),
        }
        return Embedded(**(given | more))  # type: ignore[arg-type]  # names and types as above

    out = io.BytesIO()
    write(out)
    return Carried(embedded=embedded, lineage=out.getvalue())
