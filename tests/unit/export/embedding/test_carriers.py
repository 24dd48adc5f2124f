"""The kinds of files that can carry their provenance, and those that can't."""

from __future__ import annotations

import gzip
import io
from typing import Any

import pytest

from provstore.errors import Invalid, UnsupportedType
from provstore.export.embedding.copies import Copy, Stretch
from provstore.export.embedding.registry import can_carry, embedded, original_sha256

VOTABLE = b"<VOTABLE version='1.4'><RESOURCE/></VOTABLE>"


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("image/fits", True),
        ("Application/X-VOTable+XML; serialization=tabledata", True),
        ("image/png", True),
        ("image/jpeg", False),
        ("", False),
    ],
)
def test_content_types_are_known(content_type: str, *, expected: bool) -> None:
    assert can_carry(content_type) is expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "this is none$"),
        (b"%PDF-1.7", "this is none$"),
        (gzip.compress(VOTABLE, mtime=0), "this is none, compressed by gzip"),
    ],
)
def test_other_files_are_refused(data: bytes, reason: str, carried: Any) -> None:
    with pytest.raises(UnsupportedType, match=f"FITS, PNG, VOTable; {reason}"):
        carried.copy(data)
    with pytest.raises(UnsupportedType, match=reason):
        original_sha256(io.BytesIO(data))


def test_the_size_of_a_copy_is_known_before_it_is_written(carried: Any) -> None:
    with embedded(io.BytesIO(VOTABLE), carried.embedded(VOTABLE)) as copy:
        assert copy.size == len(b"".join(copy.chunks())) == len(carried.copy(VOTABLE))


def test_a_file_that_becomes_shorter_while_it_is_copied_is_an_error() -> None:
    copy = Copy((Stretch(io.BytesIO(b"short"), 0, 9),))
    with pytest.raises(Invalid, match="ends at byte 5 and not at 9"):
        list(copy.chunks())
