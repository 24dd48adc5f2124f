"""The shipped scripts, run as the executor runs them: a clean environment, values as variables."""

from __future__ import annotations

import ast
import gzip
import json
import re
import subprocess
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from tests.e2e.shipped import PNG, SHIPPED, VERSIONS, Run, run, software, well


def test_sleep_writes_exactly_its_text(tmp_path: Path) -> None:
    text = "two\nlines $(touch /tmp/x) \\n 'é' \"\n\n"
    done = well(run("sleep", tmp_path, duration="0", text=text), "sleep")
    assert done.results["result"].read_text(encoding="utf-8") == text


def test_sleep_says_hello_by_default(tmp_path: Path) -> None:
    done = well(run("sleep", tmp_path, duration="1e-3"), "sleep")
    assert done.results["result"].read_bytes() == b"hello"


def test_sleep_ends_with_the_code_that_was_asked_for(tmp_path: Path) -> None:
    assert run("sleep", tmp_path, duration="0", exit_code="3").code == 3


def test_sleep_waits(tmp_path: Path) -> None:
    start = time.monotonic()
    well(run("sleep", tmp_path, duration="0.3"), "sleep")
    assert time.monotonic() - start >= 0.3


def test_sleep_finds_a_text_that_is_too_long_for_a_variable(tmp_path: Path) -> None:
    file = tmp_path / "parameters.json"
    file.write_text(json.dumps({"text": "a" * 100_000 + "\n"}), encoding="utf-8")
    script = f"unset text; export PROVSTORE_PARAMETERS='{file}'\n{SHIPPED['sleep'].description.script}"
    env = {"PATH": "/usr/bin:/bin", "duration": "0", "exit_code": "0", "rs": str(tmp_path), "result": "r"}
    subprocess.run(["bash", "-c", script], env=env, check=True)
    assert (tmp_path / "r").read_text(encoding="utf-8") == "a" * 100_000 + "\n"


def test_copy_copies_every_byte(tmp_path: Path) -> None:
    source = tmp_path / "a b.bin"
    source.write_bytes(bytes(range(256)) * 100)
    source.chmod(0o444)
    done = well(run("copy", tmp_path / "job", {"input": str(source)}), "copy")
    assert done.results["output"].read_bytes() == source.read_bytes()
    assert done.results["output"].stat().st_mode & 0o200


def test_copy_without_a_file_says_so(tmp_path: Path) -> None:
    done = run("copy", tmp_path, {"input": "nothing"})
    assert (done.code, done.results) == (1, {})
    assert "the input 'nothing' is no file" in done.error


def image(path: Path, *, solar: bool = False) -> Path:
    data = np.arange(600, dtype="float32").reshape(20, 30)
    data[5, 7], data[0, 0] = 1e4, np.nan
    header = fits.Header({"OBJECT": "M 1", "TELESCOP": "T", "DATE-OBS": "2020-01-01", "BUNIT": "Jy/beam"})
    names = ("HPLN-TAN", "HPLT-TAN", "arcsec") if solar else ("RA---TAN", "DEC--TAN", "deg")
    header.update({"CTYPE1": names[0], "CTYPE2": names[1], "CUNIT1": names[2], "CUNIT2": names[2]})
    header.update({"CRPIX1": 8.0, "CRPIX2": 6.0, "CRVAL1": 83.6, "CRVAL2": 22.0, "CDELT1": -0.1, "CDELT2": 0.1})
    fits.PrimaryHDU(data, header).writeto(path)
    return path


def summary(done: Run) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.results["summary"].read_bytes())
    return found


def test_an_image_is_summarised(tmp_path: Path) -> None:
    done = well(run("image_summary", tmp_path / "job", {"image": str(image(tmp_path / "a.fits"))}), "image_summary")
    found = summary(done)
    facts = {key: found[key] for key in ("object", "telescope", "instrument", "date", "unit", "shape", "ctype")}
    assert facts == {
        "object": "M 1",
        "telescope": "T",
        "instrument": None,
        "date": "2020-01-01",
        "unit": "Jy/beam",
        "shape": [20, 30],
        "ctype": ["RA---TAN", "DEC--TAN"],
    }
    assert (found["min"], found["max"], found["pixels_not_finite"]) == (1.0, 1e4, 1)
    assert found["percentiles"]["50"] == pytest.approx(300, abs=2)
    brightest = found["brightest"]
    assert (brightest["x"], brightest["y"], brightest["value"]) == (8, 6, 1e4)
    assert brightest["world"]["RA---TAN"] == {"value": pytest.approx(83.6), "unit": "deg"}
    assert done.results["preview"].read_bytes().startswith(PNG)
    assert software(done) == VERSIONS


def test_solar_longitudes_run_from_minus_180_to_180(tmp_path: Path) -> None:
    plain = image(tmp_path / "sun.fits", solar=True)
    fits.setval(plain, "CRVAL1", value=-83.6)
    compressed = tmp_path / "sun.fits.gz"
    compressed.write_bytes(gzip.compress(plain.read_bytes()))
    found = summary(run("image_summary", tmp_path / "job", {"image": str(compressed)}))
    assert found["brightest"]["world"]["HPLN-TAN"]["value"] == pytest.approx(-83.6 / 3600)


def test_the_first_plane_of_a_cube_in_an_extension_is_summarised(tmp_path: Path) -> None:
    cube = np.stack([np.eye(9), np.full((9, 9), 5.0)]).astype("int16")
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(cube)]).writeto(tmp_path / "cube.fits")
    found = summary(run("image_summary", tmp_path / "job", {"image": str(tmp_path / "cube.fits")}))
    assert (found["hdu"], found["shape"], found["planes"], found["max"]) == (1, [2, 9, 9], 2, 1.0)
    assert found["note"] == "the first of 2 planes was measured"
    assert found["ctype"] is None


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    columns = [fits.Column(name, "D", array=[1.0, 2.0]) for name in ("RA", "DEC")]
    fits.BinTableHDU.from_columns(columns, name="EVENTS").writeto(tmp_path / "events.fits")
    (tmp_path / "text").write_text("no FITS")
    fits.PrimaryHDU(np.full((3, 3), np.nan)).writeto(tmp_path / "nan.fits")
    files = {str(tmp_path / "text"): "can't be read as FITS", str(tmp_path / "nan.fits"): "holds no finite pixel"}
    files[str(tmp_path / "events.fits")] = "holds no image of two or more dimensions"
    for index, (file, said) in enumerate(files.items()):
        done = run("image_summary", tmp_path / str(index), {"image": file})
        assert (done.code, done.results) == (1, {})
        assert said in done.error


def blocks() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name, shipped in SHIPPED.items():
        for block, text in re.findall(r"# \[shared: (\w+)\](.*?)# \[/shared\]", shipped.description.script, re.DOTALL):
            found.setdefault(block, {})[name] = text
    return found


def test_what_the_scripts_share_is_the_same_text() -> None:
    assert {block: len(texts) for block, texts in blocks().items()} == {"simulate": 3, "software": 4, "read": 2}
    assert [len(set(texts.values())) for texts in blocks().values()] == [1, 1, 1]


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_scripts_use_every_declared_name(name: str) -> None:
    description = SHIPPED[name].description
    declared = [item.name for item in description.parameters]
    declared += [item.name for item in description.used] + [item.name for item in description.generated]
    listed = " ".join(re.findall(r"for name in ([^;]*);", description.script)).split()
    unknown = set(declared) - set(listed)
    missing = [item for item in unknown if not re.search(rf"[\"$']{item}\b", description.script)]
    assert missing == []


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_the_python_in_scripts_has_no_syntax_newer_than_ours(name: str) -> None:
    description = SHIPPED[name].description
    programs = re.findall(r"<<'PY'\n(.*?)\nPY\n", description.script, re.DOTALL)
    programs += [description.script] if description.script_language == "python" else []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for program in programs:
            ast.parse(program, feature_version=(3, 11))
