"""FITS copies, read by astropy in its strictest mood."""

from __future__ import annotations

import hashlib
import io
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from astropy.io import fits, votable
from astropy.table import Table

from provstore.errors import Invalid
from provstore.export.embedding import fits_checksums
from provstore.export.embedding.fits_cards import cards_of, packed
from provstore.export.embedding.registry import embed, original_sha256
from provstore.ingest.embedded import find

ID: Final = "urn:uuid:01975c3e-0000-7000-8000-000000000000#e01975c3e00007000800000000000000"
PAGE: Final = "https://prov.example.org/id/e01975c3e00007000800000000000000"


def written(*hdus: Any, checksum: bool = True) -> bytes:
    out = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(out, checksum=checksum)
    return out.getvalue()


def image(**keywords: Any) -> Any:
    hdu = fits.PrimaryHDU(np.arange(600, dtype=">f4").reshape(20, 30))
    hdu.header.update(keywords)
    return hdu


def table() -> Any:
    rng = np.random.default_rng(1)
    return fits.BinTableHDU(Table({"energy": rng.random(50), "event": np.arange(50)}), name="EVENTS")


def groups() -> bytes:
    """Three random groups of a parameter and 4 x 5 numbers; astropy reads them and can't write them to memory."""
    values = {"BITPIX": "-32", "NAXIS": "3", "NAXIS1": "0", "NAXIS2": "5", "NAXIS3": "4"}
    more = {"GROUPS": "T", "PCOUNT": "1", "GCOUNT": "3"}
    cards = [f"{key:<8}= {value:>20}".ljust(80).encode() for key, value in ({"SIMPLE": "T"} | values | more).items()]
    data = np.ones(3 * 21, dtype=">f4").tobytes()
    return packed([*cards, b"PTYPE1  = 'UU      '".ljust(80)]) + data.ljust(2880, b"\0")


def full_header() -> Any:
    """A header whose END is the last card of its block: one card more needs a second block."""
    hdu = image(OBJECT="M 31")
    while len(hdu.header) % 36 != 33:  # CHECKSUM and DATASUM follow
        hdu.header.add_comment("x")
    return hdu


ORIGINALS: Final[Mapping[str, Callable[[], bytes]]] = {
    "image": lambda: written(image(OBJECT="Crab")),
    "image without checksum": lambda: written(image(), checksum=False),
    "tables": lambda: written(fits.PrimaryHDU(), table(), table()),
    "tile-compressed": lambda: written(fits.PrimaryHDU(), fits.CompImageHDU(image().data)),
    "variable arrays": lambda: written(
        fits.PrimaryHDU(),
        fits.BinTableHDU.from_columns([fits.Column("v", "PJ()", array=np.array([[1], [2, 3]], dtype=object))]),
    ),
    "random groups": groups,
    "full header": lambda: written(full_header()),
    "long keywords": lambda: written(image(**{"HIERARCH CTA PRODUCT DESCRIPTION": "DL3", "LONGTEXT": "it's " * 40})),
    "ascii table": lambda: written(fits.PrimaryHDU(), fits.TableHDU.from_columns([fits.Column("a", "I4", array=[1])])),
    "another PROVENANCE": lambda: written(fits.PrimaryHDU(), fits.BinTableHDU(table().data, name="PROVENANCE")),
    "no padding": lambda: written(image(), checksum=False)[:-300],
    "something behind": lambda: written(image()) + b"\0" * 2880 + b"special records",
    "no data": lambda: written(fits.PrimaryHDU()),
}

pytestmark = pytest.mark.filterwarnings(
    "ignore:Error validating header for HDU #", "ignore:File may have been truncated"
)
"""What astropy says of two of these originals."""

every_original = pytest.mark.parametrize("original", [one() for one in ORIGINALS.values()], ids=list(ORIGINALS))


def opened(data: bytes) -> Any:
    """Open a file and check all that astropy can check; a wrong checksum is a warning, and so an error here."""
    found = fits.open(io.BytesIO(data), checksum=True, memmap=False)
    for hdu in found:
        hdu.verify("exception")
        assert hdu.data is None or len(hdu.data)
    return found


@every_original
def test_a_copy_passes_every_check_and_holds_the_lineage(original: bytes, carried: Any) -> None:
    with opened(carried.copy(original)) as copy:
        extension = copy[[hdu.name for hdu in copy].index("PROVENANCE")]
        last = next(hdu for hdu in copy if hdu.name == "PROVENANCE" and "PROVID" in hdu.header)
        assert (copy[0].header["PROVID"], copy[0].header["PROVPAGE"], copy[0].header["EXTEND"]) == (ID, PAGE, True)
        assert copy[0].header["PROVSHA"] == hashlib.sha256(original).hexdigest()
        assert last.data["VOTABLE"].tobytes() == carried.lineage
        assert last.header["PROVID"] == ID
        assert last is extension or last.header["EXTVER"] == 2
        assert votable.parse(io.BytesIO(last.data["VOTABLE"].tobytes()), verify="exception").get_table_by_id("activity")


@every_original
def test_everything_of_the_original_is_unchanged(original: bytes, carried: Any) -> None:
    copy = carried.copy(original)
    with fits.open(io.BytesIO(original), memmap=False) as old, fits.open(io.BytesIO(copy), memmap=False) as new:
        kept = [card for card in old[0].header.cards if card.keyword not in {"CHECKSUM", "EXTEND"}]
        own = ("PROVID", "PROVPAGE", "PROVSHA", "CHECKSUM", "EXTEND")
        there = [card for card in new[0].header.cards if card.keyword not in own]
        assert [card.image for card in there[: len(kept)]] == [card.image for card in kept]
        assert {card.keyword for card in there[len(kept) :]} == {"HISTORY"}
        parts = [(hdu._data_offset, hdu._data_size) for hdu in old]
        assert [original[at : at + size].ljust(size, b"\0") for at, size in parts] == [
            copy[hdu._data_offset : hdu._data_offset + hdu._data_size] for hdu in new[: len(old)]
        ]
        for before, after in zip(old[1:], new[1:], strict=False):
            assert repr(before.header) == repr(after.header)


@every_original
def test_the_original_can_be_had_back_byte_by_byte(original: bytes, carried: Any) -> None:
    assert original_sha256(io.BytesIO(carried.copy(original))) == hashlib.sha256(original).hexdigest()


@every_original
def test_embedding_twice_replaces_what_was_embedded(original: bytes, carried: Any) -> None:
    once = carried.copy(original)
    other = {"id": "https://example.org/other", "page": "", "summary": ["nothing"] * 100}
    changed = carried.copy(once, **other)
    assert carried.copy(changed, sha256=hashlib.sha256(original).hexdigest()) == once
    with opened(changed) as copy:
        assert copy[0].header["PROVID"] == "https://example.org/other"
        assert "PROVPAGE" not in copy[0].header


@every_original
def test_a_copy_tells_its_record(original: bytes, carried: Any) -> None:
    found = find(io.BytesIO(carried.copy(original)))
    assert found is not None
    assert (found.id, found.page, found.sha256) == (ID, PAGE, hashlib.sha256(original).hexdigest())
    assert find(io.BytesIO(original)) is None


def test_the_history_is_for_people(carried: Any) -> None:
    line = "made of " + ", ".join(f"run{number}.fits" for number in range(20))
    with opened(carried.copy(written(image()), summary=["è\tmade\nby", line])) as copy:
        history = list(copy[0].header["HISTORY"])
    assert history[0] == "Provenance, as recorded by provstore:"
    assert history[1] == "e made by"
    assert " ".join(one.strip() for one in history[2:-1]) == line
    assert history[-1] == "End of provenance."


@pytest.mark.parametrize("length", [1, 8, 60, *range(64, 72), *range(130, 140), 1000])
def test_an_id_of_any_length_and_letters_comes_back(length: int, carried: Any) -> None:
    node = "x:" + "it's&'"[length % 3] + "'" * (length % 2) + "é" * (length == 60) + "a" * length
    copy = carried.copy(written(image()), id=node)
    found = find(io.BytesIO(copy))
    with opened(copy) as read:
        assert found is not None
        assert read[0].header["PROVID"] == found.id == node.replace("é", "%C3%A9")


def test_keywords_that_a_program_handed_on_do_not_make_its_product_a_copy(carried: Any) -> None:
    with fits.open(io.BytesIO(carried.copy(written(image(OBJECT="Crab"))))) as copy:
        derived = written(fits.PrimaryHDU(copy[0].data * 2, header=copy[0].header))
    assert original_sha256(io.BytesIO(derived)) == hashlib.sha256(derived).hexdigest()
    again = carried.copy(derived, id="urn:x:derived")
    with opened(again) as read:
        assert [card.keyword for card in read[0].header.cards].count("PROVID") == 1
        assert read[0].header["PROVID"] == "urn:x:derived"
        assert list(read[0].header["HISTORY"]).count("End of provenance.") == 1
    assert original_sha256(io.BytesIO(again)) == hashlib.sha256(derived).hexdigest()


def test_keywords_edited_in_a_copy_survive_a_second_embedding(carried: Any) -> None:
    out = io.BytesIO()
    with fits.open(io.BytesIO(carried.copy(written(image(OBJECT="Crab"))))) as copy:
        copy[0].header["OBJECT"] = "M 1"
        copy.writeto(out, checksum=True)
    with opened(carried.copy(out.getvalue())) as again:
        assert again[0].header["OBJECT"] == "M 1"
    assert original_sha256(out) != hashlib.sha256(written(image(OBJECT="Crab"))).hexdigest()


@pytest.mark.filterwarnings("ignore:Checksum verification failed", "ignore:Datasum verification failed")
def test_damaged_data_do_not_get_a_right_checksum(carried: Any) -> None:
    damaged = bytearray(written(image()))
    damaged[2880 + 100] ^= 1
    with fits.open(io.BytesIO(carried.copy(bytes(damaged))), checksum=True) as copy:
        assert not copy[0].verify_checksum()


@pytest.mark.parametrize("seed", range(20))
def test_checksums_are_those_of_astropy(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - dice of a test
    data = rng.randbytes(2880 * rng.randrange(1, 4))
    pieces = [data[at : at + 7] for at in range(0, len(data), 7)]
    hdu = fits.ImageHDU()
    total = int(hdu._compute_checksum(np.frombuffer(data, dtype="ubyte"), np.uint32(0)))
    assert fits_checksums.summed(pieces) == total
    assert fits_checksums.encoded(total) == hdu._char_encode(total)


def hostile() -> Iterator[bytes]:
    whole = written(image(), table())
    yield whole[:2879]
    yield whole[:5000]
    yield whole[:-2500]
    yield b"SIMPLE  =" + b" " * 100_000
    cards = cards_of(whole[:2880])
    for bad in (
        b"BITPIX  =                   12",
        b"NAXIS   =                  1e9",
        b"NAXIS1  = 99999999999999999999999",
        b"NAXIS2  =                   -4",
        b"NAXIS1  = 'x'",
        b"NAXIS   =                  500",
    ):
        changed = [bad.ljust(80) if card[:8] == bad[:8] else card for card in cards]
        yield packed(changed) + whole[2880:]


@pytest.mark.parametrize("data", list(hostile()))
def test_a_damaged_file_is_refused_before_the_first_byte(data: bytes, carried: Any) -> None:
    out = io.BytesIO()
    with pytest.raises(Invalid, match=r"cut off|no END|HDU 0: "):
        embed(io.BytesIO(data), carried.embedded(data), out)
    assert out.getvalue() == b""


@pytest.mark.parametrize("number", range(100))
def test_noise_in_a_copy_never_makes_more_than_an_error_of_ours(number: int, carried: Any) -> None:
    rng = random.Random(number)  # noqa: S311 - dice of a test
    data = bytearray(carried.copy(written(image(), table())))
    headers = [
        at for at in range(0, len(data), 80) if bytes(data[at : at + 3]) in (b"PRO", b"NAX", b"TFO", b"TTY", b"EXT")
    ]
    for _ in range(rng.randrange(1, 5)):
        at = rng.choice(headers) + rng.randrange(80)
        data[at] = rng.choice(b"0123456789 'BT=&")
    out = io.BytesIO()
    try:
        embed(io.BytesIO(bytes(data)), carried.embedded(b""), out)
    except Invalid:
        return
    assert find(out) is not None


@pytest.mark.slow
def test_half_a_gigabyte_passes_through_little_memory(tmp_path: Path) -> None:
    big = tmp_path / "big.fits"
    header = image().header.copy()
    header["BITPIX"], header["NAXIS1"], header["NAXIS2"] = 8, 250_000, 2_000
    with big.open("wb") as sink:
        sink.write(header.tostring().encode("ascii"))
        sink.truncate(sink.tell() + 500_000_000 + -500_000_000 % 2880)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(big), str(tmp_path / "copy.fits")],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[4],
    )
    assert int(done.stdout) < 10_000_000
    with fits.open(tmp_path / "copy.fits", checksum=True) as copy:
        assert copy["PROVENANCE"].data["VOTABLE"].tobytes() == b"x"


PROGRAM: Final = """
import sys, tracemalloc
from pathlib import Path
from provstore.export.embedding.copies import Embedded
from provstore.export.embedding.registry import embed, original_sha256
tracemalloc.start()
with Path(sys.argv[1]).open("rb") as source, Path(sys.argv[2]).open("wb+") as out:
    embed(source, Embedded(id="urn:x:1", votable=lambda sink: sink.write(b"x")), out)
    original_sha256(out)
print(tracemalloc.get_traced_memory()[1])
"""
