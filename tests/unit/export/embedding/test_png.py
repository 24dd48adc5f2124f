"""PNG copies, read by Pillow."""

from __future__ import annotations

import hashlib
import io
import random
import zlib
from typing import Any, BinaryIO, Final

import pytest
from PIL import Image, PngImagePlugin

from provstore.errors import Invalid, TooLarge
from provstore.export.embedding.registry import embed, original_sha256
from provstore.ingest.embedded import find

ID: Final = "urn:uuid:01975c3e-0000-7000-8000-000000000000#e01975c3e00007000800000000000000"


def picture(mode: str = "RGBA", **options: Any) -> bytes:
    dice = random.Random(mode)  # noqa: S311 - dice of a test
    image = Image.frombytes("RGBA", (60, 40), dice.randbytes(60 * 40 * 4)).convert(mode)
    text = PngImagePlugin.PngInfo()
    text.add_text("Software", "a plotter")
    text.add_text("Provenance", "a word of its own", zip=True)
    out = io.BytesIO()
    image.save(out, "png", pnginfo=text, **options)
    return out.getvalue()


def animation() -> bytes:
    frames = [Image.new("RGB", (8, 8), (shade, 0, 0)) for shade in (0, 100, 200)]
    out = io.BytesIO()
    frames[0].save(out, "png", save_all=True, append_images=frames[1:])
    return out.getvalue()


ORIGINALS: Final = {mode: picture(mode) for mode in ("RGBA", "RGB", "L", "P", "1", "I;16")} | {
    "animation": animation(),
    "something behind": picture() + b"more",
    "with a profile": picture(icc_profile=b"x" * 3000, dpi=(72, 72)),
}

every_original = pytest.mark.parametrize("original", list(ORIGINALS.values()), ids=list(ORIGINALS))


def texts(data: bytes) -> dict[str, str]:
    with Image.open(io.BytesIO(data)) as image:
        found = image.text  # type: ignore[attr-defined]  # of a PNG file
    return {str(name): str(text) for name, text in found.items()}


@every_original
def test_pillow_reads_the_texts(original: bytes, carried: Any) -> None:
    found = texts(carried.copy(original))
    assert found["Provenance ID"] == ID
    assert found["Provenance SHA-256"] == hashlib.sha256(original).hexdigest()
    assert found["Provenance history"].endswith("run by Ada Lovelâce")
    assert found["Provenance VOTable"].encode() == carried.lineage


@every_original
def test_the_picture_is_the_same(original: bytes, carried: Any) -> None:
    with Image.open(io.BytesIO(original)) as old, Image.open(io.BytesIO(carried.copy(original))) as new:
        frames = range(getattr(old, "n_frames", 1))
        assert getattr(new, "n_frames", 1) == len(frames)
        for frame in frames:
            old.seek(frame)
            new.seek(frame)
            assert (old.mode, old.size, old.tobytes()) == (new.mode, new.size, new.tobytes())
        added = {name for name in new.info if name not in old.info}
        assert all(str(name).startswith("Provenance ") for name in added)
        assert {name: new.info[name] for name in old.info} == old.info


@every_original
def test_the_original_can_be_had_back_byte_by_byte(original: bytes, carried: Any) -> None:
    assert original_sha256(io.BytesIO(carried.copy(original))) == hashlib.sha256(original).hexdigest()


@every_original
def test_embedding_twice_replaces_what_was_embedded(original: bytes, carried: Any) -> None:
    once = carried.copy(original)
    other = carried.copy(once, id="https://example.org/other", page="", summary=())
    assert carried.copy(other, sha256=hashlib.sha256(original).hexdigest()) == once
    assert "Provenance page" not in texts(other)


@every_original
def test_a_copy_tells_its_record(original: bytes, carried: Any) -> None:
    found = find(io.BytesIO(carried.copy(original)))
    assert found is not None
    assert (found.id, found.sha256) == (ID, hashlib.sha256(original).hexdigest())
    assert find(io.BytesIO(original)) is None


def test_every_chunk_has_its_check_sum(carried: Any) -> None:
    data = carried.copy(picture())
    at = 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        assert zlib.crc32(data[at + 4 : at + 8 + length]) == int.from_bytes(data[at + 8 + length :][:4], "big")
        at += 12 + length


def test_a_long_lineage_is_cut_into_parts_that_readers_take(carried: Any) -> None:
    lineage = "".join(f"<TD>ñ{number}</TD>\n" for number in range(60_000))
    found = texts(carried.copy(picture(), votable=lambda out: out.write(lineage.encode())))
    parts = [name for name in found if name.startswith("Provenance VOTable")]
    assert parts == ["Provenance VOTable", *(f"Provenance VOTable {number}" for number in range(2, len(parts) + 1))]
    assert len(parts) > 3
    assert "".join(found[name] for name in parts) == lineage


def test_a_lineage_too_long_for_readers_is_refused(carried: Any) -> None:
    def write(out: BinaryIO) -> None:
        out.writelines(b"x" * 250_000 for _ in range(51))

    with pytest.raises(TooLarge, match="does not fit in a PNG file"):
        carried.copy(picture(), votable=write)


@pytest.mark.parametrize("length", [0, 7, 8, 12, 20, 33, 40, -1, -13])
def test_a_file_that_is_cut_off_is_refused_before_the_first_byte(length: int, carried: Any) -> None:
    data = b"\x89PNG\r\n\x1a\n" + picture()[8:][:length]
    out = io.BytesIO()
    with pytest.raises(Invalid, match="cut off"):
        embed(io.BytesIO(data), carried.embedded(data), out)
    assert out.getvalue() == b""
