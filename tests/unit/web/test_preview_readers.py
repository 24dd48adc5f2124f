"""The readers of previews by themselves, without the process in which they run; and that process's limits."""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from PIL import Image

from provstore.errors import UnsupportedType
from provstore.web.previews.__main__ import LIMITS
from provstore.web.previews.fits_files import fits_facts
from provstore.web.previews.fits_pictures import fits_picture
from provstore.web.previews.kinds import Kind, kind_of
from provstore.web.previews.pictures import picture
from provstore.web.previews.process import MEMORY, read_apart
from provstore.web.previews.texts import beginning
from provstore.web.previews.votables import votable_rows

ROOT = Path(__file__).parents[3]
ENERGIES = Table({"energy": [1.5, 2.5], "pair": [[1, 2], [3, 4]]}, units={"energy": "TeV"})


def png(content: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(content)))


def sky(file: Path, values: Any) -> Path:
    fits.HDUList([fits.PrimaryHDU(values), fits.BinTableHDU(ENERGIES, name="E")]).writeto(file)
    return file


def drawn(file: Path, *, hdu: int | None = None, plane: int = 0, stretch: str = "linear", size: int = 64) -> Any:
    return png(fits_picture(file, hdu=hdu, plane=plane, stretch=stretch, cut="100", size=size))


def test_small_images_are_drawn_large_pixel_by_pixel(tmp_path: Path) -> None:
    seen = drawn(sky(tmp_path / "a.fits", np.arange(4.0).reshape(2, 2)), size=8)
    assert seen.shape == (8, 8, 2)
    assert [int(seen[y, x, 0]) for y, x in ((7, 0), (7, 7), (0, 0), (0, 7))] == [0, 85, 170, 255]


def test_of_a_large_image_only_some_rows_and_columns_are_read(tmp_path: Path) -> None:
    values = np.zeros((5000, 10), dtype=np.int16)
    values[3000:] = 7
    seen = drawn(sky(tmp_path / "a.fits", values), size=100)
    assert seen.shape[0] == 100
    assert (seen[0, 0, 0], seen[-1, 0, 0]) == (255, 0)


@pytest.mark.parametrize("values", [np.full((3, 3), np.nan), np.full((3, 3), 4.0)], ids=["nothing known", "all equal"])
def test_an_image_without_contrast_is_drawn_too(tmp_path: Path, values: Any) -> None:
    assert len(np.unique(drawn(sky(tmp_path / "a.fits", values)))) <= 2


@pytest.mark.parametrize(
    ("choice", "words"), [({"plane": 2}, "has 2"), ({"hdu": 1}, "no image"), ({"hdu": 5}, "has 2")]
)
def test_what_is_not_there_is_named(tmp_path: Path, choice: dict[str, int], words: str) -> None:
    file = sky(tmp_path / "a.fits", np.zeros((2, 3, 3)))
    with pytest.raises(ValueError, match=words):
        drawn(file, **choice)  # type: ignore[arg-type]  # numbers of parts and planes only


def test_the_facts_of_a_file_are_its_parts_and_what_one_holds(tmp_path: Path) -> None:
    told = json.loads(fits_facts(sky(tmp_path / "a.fits", None), hdu=None))
    assert told["hdus"] == [[0, "PRIMARY", "header only", ""], [1, "E", "table", "2 rows, 2 columns"]]
    assert (told["chosen"], told["planes"]) == (1, 0)
    assert told["table"]["columns"] == [["energy", "TeV"], ["pair", ""]]
    assert told["table"]["rows"] == [["1.5", "1 2"], ["2.5", "3 4"]]


@pytest.mark.parametrize("form", ["tabledata", "binary2"])
def test_the_rows_of_a_votable_are_read_however_they_are_written(tmp_path: Path, form: str) -> None:
    file = tmp_path / "a.vot"
    ENERGIES["energy",].write(file, format="votable", tabledata_format=form)
    told = json.loads(votable_rows(file))
    assert (told["columns"], told["rows"]) == ([["energy", "TeV"]], [["1.5"], ["2.5"]])


def test_a_votable_without_a_table_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.vot"
    file.write_text("<VOTABLE><RESOURCE/></VOTABLE>")
    with pytest.raises(ValueError, match="no table"):
        votable_rows(file)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pictures_of_every_mode_are_made_small(tmp_path: Path, mode: str) -> None:
    file = tmp_path / "a.png"
    Image.new(mode, (300, 200), 1 if mode in {"1", "L", "P", "I;16"} else None).save(file)
    assert png(picture(file, size=30)).shape[:2] == (20, 30)


def test_a_picture_that_is_turned_stands_upright(tmp_path: Path) -> None:
    turned = Image.new("RGB", (40, 20))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "a.jpg", exif=exif)
    assert png(picture(tmp_path / "a.jpg", size=40)).shape[:2] == (40, 20)


def test_too_many_pixels_are_refused_before_they_are_unpacked(tmp_path: Path) -> None:
    Image.new("1", (9000, 9000)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="9000 x 9000"):
        picture(tmp_path / "a.png", size=30)


def test_a_reader_says_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    with pytest.raises(UnsupportedType, match="can't be shown"):
        read_apart("picture", tmp_path / "a.png", size=30)


def test_the_limits_hold_for_memory_and_for_writing(tmp_path: Path) -> None:
    greedy = (
        "import resource, sys\n"
        "from provstore.web.previews.__main__ import LIMITS\n"
        "for limit, most in LIMITS.items(): resource.setrlimit(limit, (most, most))\n"
        f"try: bytearray({MEMORY})\n"
        "except MemoryError: print('no memory')\n"
        f"try: open({str(tmp_path / 'x')!r}, 'w', buffering=1).write('x\\n')\n"
        "except OSError: print('no file')\n"
    )
    told = subprocess.run([sys.executable, "-c", greedy], capture_output=True, text=True, check=False, cwd=ROOT)
    assert told.stdout.split("\n")[:2] == ["no memory", "no file"]
    assert resource.RLIMIT_CPU in LIMITS


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("été à 3 µm\n".encode("iso-8859-1"), "été à 3 µm\n"),
        ("天文\n".encode("utf-16"), "天文\n"),
        ("天文\n".encode("utf-16-be"), None),
        (b"\xfe\xff" + "天文\n".encode("utf-16-be"), "天文\n"),
        ("é".encode() * 40_000, "é" * 32_768),
        (b"\x1b[31mred\x1b[0m caf\xe9\n", "\x1b[31mred\x1b[0m café\n"),
        (b"\x01\x02\x83\xe9", None),
    ],
    ids=["ISO 8859-1", "UTF-16", "without a mark", "UTF-16, big end first", "cut", "coloured", "no text"],
)
def test_text_is_read_in_its_encoding(tmp_path: Path, content: bytes, text: str | None) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(content)
    assert (kind_of(file, "") is Kind.TEXT) is (text is not None)
    assert text is None or beginning(file) == text
