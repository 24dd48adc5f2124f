"""What a file says of its record; what it can't say is None, however hostile it is."""

from __future__ import annotations

import gzip
import io
import random
import zlib
from collections.abc import Iterator
from typing import Final

import pytest

from provstore.export.embedding.copies import Embedded
from provstore.export.embedding.registry import embed
from provstore.ingest.embedded import Found, find

ID: Final = "urn:uuid:01975c3e-0000-7000-8000-000000000000#e01975c3e00007000800000000000000"
PAGE: Final = "https://prov.example.org/id/e01975c3e00007000800000000000000"
WHOLE: Final = Found(id=ID, page=PAGE, sha256="0f" * 32)

FITS: Final = b"".join(
    line.ljust(80).encode()
    for line in (
        "SIMPLE  =                    T",
        "BITPIX  =                    8",
        "NAXIS   =                    0",
        "END",
    )
).ljust(2880)
CHUNK: Final = b"\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55"
PNG: Final = b"\x89PNG\r\n\x1a\n" + CHUNK + b"\0\0\0\0IEND\xae\x42\x60\x82"
VOTABLE: Final = b"<?xml version='1.0'?><VOTABLE version='1.4'><RESOURCE/></VOTABLE>"


def copy_of(original: bytes) -> bytes:
    out = io.BytesIO()
    given = Embedded(id=ID, page=PAGE, sha256="0f" * 32, votable=lambda sink: sink.write(b"<VOTABLE/>" * 300))
    embed(io.BytesIO(original), given, out)
    return out.getvalue()


def found(data: bytes) -> Found | None:
    return find(io.BytesIO(data))


COPIES: Final = {name: copy_of(one) for name, one in (("FITS", FITS), ("PNG", PNG), ("VOTable", VOTABLE))}
every_copy = pytest.mark.parametrize("copy", list(COPIES.values()), ids=list(COPIES))


@every_copy
def test_a_copy_tells_all_three(copy: bytes) -> None:
    assert found(copy) == WHOLE


@every_copy
def test_a_copy_compressed_by_gzip_tells_them_too(copy: bytes) -> None:
    assert found(gzip.compress(copy)) == WHOLE


def test_the_header_of_a_compressed_fits_file_is_enough() -> None:
    packed = gzip.compress(COPIES["FITS"] + random.Random(1).randbytes(100_000))  # noqa: S311 - dice of a test
    assert found(packed[:-50_000]) == WHOLE


@every_copy
def test_what_lies_in_the_middle_is_not_read(copy: bytes) -> None:
    middle = copy.find(b"\0IEND") - 3 if copy.startswith(b"\x89") else copy.find(b"<RESOURCE/>")
    stuffed = (
        copy + b"\0" * 50_000_000 if copy.startswith(b"SIMPLE") else copy[:middle] + stuffing(copy) + copy[middle:]
    )
    source = Counted(stuffed)
    assert find(source) == WHOLE
    assert source.taken < 4_000_000


def stuffing(copy: bytes) -> bytes:
    size = 50_000_000
    return size.to_bytes(4, "big") + b"IDAT" + bytes(size + 4) if copy.startswith(b"\x89") else b" " * size


class Counted(io.BytesIO):
    """A file that counts what is read of it."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


@every_copy
def test_a_copy_that_is_cut_anywhere_says_nothing_wrong(copy: bytes) -> None:
    short = [found(copy[:length]) for length in range(0, len(copy), 7)]
    assert {one.id for one in short if one is not None} <= {ID}


@pytest.mark.parametrize("seed", range(50))
@every_copy
def test_noise_never_makes_an_error(copy: bytes, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - dice of a test
    data = bytearray(copy)
    for _ in range(dice.randrange(1, 200)):
        data[dice.randrange(len(data))] = dice.randrange(256)
    find(io.BytesIO(bytes(data)))
    find(io.BytesIO(gzip.compress(bytes(data))[: dice.randrange(20, 400)]))


def hostile() -> Iterator[bytes]:
    yield b""
    yield b"SIMPLE  ="
    yield FITS[:100]
    yield b"SIMPLE  =" + b" " * 20_000_000
    yield FITS[:240] + b"PROVID  = 'not a URI'".ljust(80)
    yield FITS[:240] + b"PROVID  = 'x:<script>alert(1)</script>'".ljust(80)
    yield FITS[:240] + b"PROVID  =                   12".ljust(80)
    yield (
        FITS[:240]
        + (b"PROVID  = 'x:" + b"a" * 60 + b"&'").ljust(80)
        + (b"CONTINUE  '" + b"a" * 60 + b"&'").ljust(80) * 900
    )
    yield PNG[:20]
    yield PNG[:8] + b"\xff\xff\xff\xffiTXt" + b"Provenance ID\0\0\0\0\0x:1"
    yield PNG[:8] + b"\0\0\0\0iTXt\0\0\0\0" * 2_000_000
    yield PNG[:8] + b"\0\0\0\x13iTXtProvenance ID\0\1\0\0\0" + zlib.compress(b"x:1")
    yield b"<VOTABLE>" + b"<INFO " * 500_000
    yield b"<VOTABLE>" + b'<INFO name="provenance_id" value="' + b"x:" + b"a" * 3_000_000
    yield b'<VOTABLE><INFO name="provenance_id" value="javascript alert"/></VOTABLE>'
    yield b"\x1f\x8b" + b"\0" * 100
    yield gzip.compress(b"\0" * 100_000_000)
    yield gzip.compress(gzip.compress(COPIES["FITS"]))


@pytest.mark.parametrize("data", list(hostile()), ids=range(18))
def test_a_hostile_file_says_nothing(data: bytes) -> None:
    assert found(data) is None
