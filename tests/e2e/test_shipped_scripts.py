"""The shipped scripts, run as the executor runs them: bash, a clean environment, values as variables."""

from __future__ import annotations

import ast
import gzip
import json
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import astropy
import matplotlib as mpl
import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import QTable
from astropy.wcs import WCS
from prov.model import ProvDocument

from provstore.uws.descriptions.load import Shipped, load_directory
from provstore.uws.descriptions.names import exported_name
from provstore.uws.descriptions.values import complete, result_pattern

ROOT: Final = Path(__file__).parents[2]
SHIPPED: Final[Mapping[str, Shipped]] = {
    item.description.name: item for item in load_directory(ROOT / "descriptions")[0]
}
PNG: Final = b"\x89PNG\r\n\x1a\n"
TARGET: Final = SkyCoord(329.7169379, -30.2255883, unit="deg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a script left."""

    code: int
    output: str
    error: str
    work: Path
    results: Mapping[str, Path]


def run(service: str, folder: Path, inputs: Mapping[str, str] | None = None, **given: str) -> Run:
    """Run a shipped script with parameters; `inputs` are the paths that the script sees."""
    return run_with(service, folder, given, dict(inputs or {}))


def run_with(service: str, folder: Path, given: Mapping[str, str], inputs: dict[str, str]) -> Run:
    """Run a shipped script."""
    shipped = SHIPPED[service]
    work, results = folder / "work", folder / "results"
    for path in (work, results):
        path.mkdir(parents=True)
    values = {item.definition.name: item.value for item in complete(shipped.description, given)}
    for name, source in shipped.files.items():
        (work / name).write_bytes(source.read_bytes())
    files = {used.name: used.default for used in shipped.description.used if used.name not in values}
    names = {item.name: result_pattern(item, values) for item in shipped.description.generated}
    variables = {exported_name(name): value for name, value in (values | files | inputs | names).items()}
    places = {"wd": str(work), "jd": str(folder), "rs": str(results), "PROVSTORE_RESULTS": str(results)}
    programs = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    clean = {"PATH": programs, "HOME": str(work), "TMPDIR": str(work), "LANG": "C.UTF-8"}
    (folder / "script.sh").write_text(shipped.description.script, encoding="utf-8")
    done = subprocess.run(
        ["bash", str(folder / "script.sh")],
        cwd=work,
        env=clean | places | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    found = {name: results / file for name, file in names.items() if (results / file).is_file()}
    return Run(code=done.returncode, output=done.stdout, error=done.stderr, work=work, results=found)


def well(done: Run, service: str) -> Run:
    """Check that a run ended well with every declared result and a word on the software."""
    assert (done.code, done.error) == (0, "")
    assert done.results.keys() == {item.name for item in SHIPPED[service].description.generated}
    return done


def software(done: Run) -> dict[str, str]:
    """Versions of the software that the script names; read by the PROV library too."""
    text = (done.work / "internal_provenance.json").read_text(encoding="utf-8")
    ProvDocument.deserialize(content=text, format="json")
    document: dict[str, Any] = json.loads(text)
    associated = {item["prov:agent"] for item in document["wasAssociatedWith"].values()}
    assert associated == document["agent"].keys()
    assert {item["prov:activity"] for item in document["wasAssociatedWith"].values()} == {"current_job"}
    return {agent["prov:label"]: agent["voprov:version"] for agent in document["agent"].values()}


VERSIONS: Final = {
    "python": sys.version.split()[0],
    "numpy": np.__version__,
    "astropy": astropy.__version__,
    "matplotlib": mpl.__version__,
}


@pytest.fixture(scope="module")
def event_lists(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("events")
    numbers = ["47802", "47803"]
    runs = [well(run("simulate_events", folder / number, obs_id=number), "simulate_events") for number in numbers]
    return [done.results["events"] for done in runs]


@pytest.fixture(scope="module")
def maps(event_lists: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Run:
    paths = " ".join(str(path) for path in event_lists)
    folder = tmp_path_factory.mktemp("maps") / "job"
    given = {"nxpix": "101", "nypix": "81", "binsz": "0.03"}
    return well(run("gammapy_maps", folder, {"obs_ids": paths}, **given), "gammapy_maps")


@pytest.fixture(scope="module")
def spectrum(event_lists: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Run:
    paths = " ".join(str(path) for path in event_lists)
    folder = tmp_path_factory.mktemp("spectra") / "job"
    return well(run("gammapy_spectra", folder, {"obsids": paths}), "gammapy_spectra")


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


def test_simulated_events_are_an_event_list(event_lists: list[Path]) -> None:
    with fits.open(event_lists[0]) as hdus:
        hdus.verify("exception")
        header, gti = hdus["EVENTS"].header, hdus["GTI"].data
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "EVENTS", "GTI"]
    events = QTable.read(event_lists[0], hdu="EVENTS")
    assert events.colnames == ["EVENT_ID", "TIME", "RA", "DEC", "ENERGY"]
    assert [str(events[name].unit) for name in events.colnames[1:]] == ["s", "deg", "deg", "TeV"]
    assert (header["OBS_ID"], header["ONTIME"], header["LIVETIME"]) == (47802, 1800, 1710)
    assert (header["HDUCLASS"], header["HDUCLAS1"], header["RADECSYS"]) == ("GADF", "EVENTS", "ICRS")
    assert "simulate_events" in header["CREATOR"]
    assert (np.diff(events["TIME"].value) >= 0).all()
    assert gti["START"][0] <= events["TIME"].value.min() <= events["TIME"].value.max() <= gti["STOP"][0]
    pointing = SkyCoord(header["RA_PNT"], header["DEC_PNT"], unit="deg")
    assert pointing.separation(TARGET).deg == pytest.approx(0.5)
    assert SkyCoord(events["RA"], events["DEC"]).separation(pointing).deg.max() < 2.8
    assert 0.1 <= events["ENERGY"].min().value <= events["ENERGY"].max().value <= 50


def test_the_same_seed_gives_the_same_bytes_and_another_other_events(event_lists: list[Path], tmp_path: Path) -> None:
    again = run("simulate_events", tmp_path / "again", obs_id="47802").results["events"].read_bytes()
    other = run("simulate_events", tmp_path / "other", obs_id="47802", seed="1").results["events"].read_bytes()
    assert again == event_lists[0].read_bytes()
    assert other != again


def test_simulation_refuses_an_empty_range_of_energies(tmp_path: Path) -> None:
    done = run("simulate_events", tmp_path, emin="5", emax="5")
    assert done.code == 1
    assert done.error == "simulate_events: emin 5.0 must be above 0 and below emax 5.0\n"


def test_simulation_refuses_more_events_than_fit_into_memory(tmp_path: Path) -> None:
    assert "at most 20 million" in run("simulate_events", tmp_path, flux="1").error


def test_maps_have_the_asked_size_and_place(maps: Run) -> None:
    for name, unit in (("count_map", "count"), ("significance_map", "")):
        with fits.open(maps.results[name]) as hdus:
            hdus.verify("exception")
            header, image = hdus[0].header, hdus[0].data
        assert image.shape == (81, 101)
        assert header.get("BUNIT", "") == unit
        assert (header["CTYPE1"], header["CTYPE2"], header["CDELT2"]) == ("RA---TAN", "DEC--TAN", 0.03)
        x, y = WCS(header).world_to_pixel(TARGET)
        assert (x, y) == pytest.approx((50, 40))


def test_the_source_stands_out_where_it_is(maps: Run) -> None:
    counts = fits.getdata(maps.results["count_map"]).astype(float)
    significance = fits.getdata(maps.results["significance_map"])
    y, x = np.unravel_index(np.nanargmax(significance), significance.shape)
    assert abs(x - 50) <= 1
    assert abs(y - 40) <= 1
    assert significance[40, 50] > 20
    away = np.hypot(*(np.indices(significance.shape) - np.array([40, 50])[:, None, None])) > 20
    assert abs(np.nanmean(significance[away])) < 0.5
    assert np.nanstd(significance[away]) < 1.5
    rows, columns = np.indices(counts.shape)
    near = np.hypot(rows - 40, columns - 50) <= 3
    assert np.average(columns[near], weights=counts[near]) == pytest.approx(50, abs=0.5)
    assert np.average(rows[near], weights=counts[near]) == pytest.approx(40, abs=0.5)


def test_every_event_in_the_field_of_the_map_is_counted_once(maps: Run, event_lists: list[Path]) -> None:
    counts = fits.getdata(maps.results["count_map"])
    wcs = WCS(fits.getheader(maps.results["count_map"]))
    expected = np.zeros(counts.shape, int)
    for path in event_lists:
        events = QTable.read(path, hdu="EVENTS")
        x, y = (np.rint(axis).astype(int) for axis in wcs.world_to_pixel(SkyCoord(events["RA"], events["DEC"])))
        inside = (x >= 0) & (x < 101) & (y >= 0) & (y < 81)
        np.add.at(expected, (y[inside], x[inside]), 1)
    assert (counts == expected).all()


def test_maps_name_their_event_lists_and_the_software(maps: Run) -> None:
    history = [str(line) for line in fits.getheader(maps.results["count_map"])["HISTORY"]]
    for number in (47802, 47803):
        assert any(line.startswith(f"events.fits (observation {number}): ") for line in history)
    assert sum("events, SIMULATED" in line for line in history) == 2
    assert software(maps) == VERSIONS


@pytest.mark.parametrize("name", ["count_preview"])
def test_the_preview_is_a_png(maps: Run, name: str) -> None:
    assert maps.results[name].read_bytes().startswith(PNG)


@pytest.mark.parametrize(("width", "height", "size"), [("1", "1", "0.02"), ("3", "40", "1e-4"), ("30", "2", "4")])
def test_plain_numbers_are_simulated_for_maps_of_any_size_and_that_is_said(
    tmp_path: Path, width: str, height: str, size: str
) -> None:
    given = {"obs_ids": "5 6", "nxpix": width, "nypix": height, "binsz": size}
    done = well(run_with("gammapy_maps", tmp_path, given, {}), "gammapy_maps")
    header = fits.getheader(done.results["count_map"])
    assert (header["NAXIS1"], header["NAXIS2"]) == (int(width), int(height))
    assert "5: no event list given; SIMULATED here" in done.output
    assert sum("SIMULATED" in str(line) for line in header["HISTORY"]) == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"obs_ids": "nothing.fits"}, "'nothing.fits' is neither the file of an event list nor an observation number"),
        ({"obs_ids": " "}, "no observation is given"),
        ({"nxpix": "0"}, "a map of 0 x 400 pixels can't be made"),
        ({"binsz": "-1"}, "pixels of -1.0 deg can't be used"),
    ],
)
def test_maps_of_nothing_are_refused(tmp_path: Path, given: dict[str, str], said: str) -> None:
    done = run_with("gammapy_maps", tmp_path, given, {})
    assert (done.code, done.results) == (1, {})
    assert done.error.startswith(f"gammapy_maps: {said}")


def test_a_file_that_is_no_event_list_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no FITS")
    fits.PrimaryHDU(np.zeros((2, 2))).writeto(tmp_path / "image.fits")
    text = run("gammapy_maps", tmp_path / "a", {"obs_ids": str(tmp_path / "text")})
    image = run("gammapy_maps", tmp_path / "b", {"obs_ids": str(tmp_path / "image.fits")})
    assert text.error.startswith("gammapy_maps: text can't be read as FITS")
    assert image.error == "gammapy_maps: image.fits holds no event list: no table with columns RA and DEC\n"


def test_the_spectrum_gives_back_what_was_simulated(spectrum: Run) -> None:
    with fits.open(spectrum.results["spectrum"]) as hdus:
        hdus.verify("exception")
        header = hdus["FLUX_POINTS"].header
    points = QTable.read(spectrum.results["spectrum"], hdu="FLUX_POINTS")
    assert [str(points[name].unit) for name in ("e_ref", "dnde")] == ["TeV", "1 / (TeV s cm2)"]
    assert len(points) == 10
    assert header["SED_TYPE"] == "dnde"
    assert header["FITINDEX"] == pytest.approx(2.8, abs=4 * header["FITINERR"])
    assert header["FITNORM"] == pytest.approx(4e-12, abs=4 * header["FITNOERR"])
    assert points["sqrt_ts"][0] > 10
    assert (points["e_max"][:-1] == points["e_min"][1:]).all()


def test_the_spectrum_has_a_preview_and_names_the_software(spectrum: Run) -> None:
    assert spectrum.results["spectrum_preview"].read_bytes().startswith(PNG)
    assert software(spectrum) == VERSIONS


def test_the_configuration_file_is_really_read(tmp_path: Path, event_lists: list[Path]) -> None:
    usual = SHIPPED["gammapy_spectra"].files["make_spectra.cfg"].read_text(encoding="utf-8")
    (tmp_path / "mine.cfg").write_text(usual.replace("radius = 0.11", "radius = 0.3").replace("= reflected", "= ring"))
    inputs = {"obsids": str(event_lists[0]), "config_file": str(tmp_path / "mine.cfg")}
    done = well(run("gammapy_spectra", tmp_path / "job", inputs, bin_method="fixed", nbins="4"), "gammapy_spectra")
    header = fits.getheader(done.results["spectrum"], "FLUX_POINTS")
    points = QTable.read(done.results["spectrum"], hdu="FLUX_POINTS")
    assert any("on region 0.3 deg, ring background" in str(line) for line in header["HISTORY"])
    assert points["e_min"][0].value == pytest.approx(0.1)


def exclusion_map(path: Path, excluded: SkyCoord) -> Path:
    """Write a map of significance that is high around one place and zero elsewhere."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.cunit = ["RA---TAN", "DEC--TAN"], ["deg", "deg"]
    wcs.wcs.crval, wcs.wcs.crpix, wcs.wcs.cdelt = [329.7169379, -30.2255883], [151, 151], [-0.02, 0.02]
    places = wcs.pixel_to_world(*np.meshgrid(np.arange(301), np.arange(301)))
    image = np.where(places.separation(excluded).deg < 0.5, 20.0, 0.0)
    fits.PrimaryHDU(image, wcs.to_header()).writeto(path)
    return path


def test_the_background_leaves_out_what_the_exclusion_map_shows(tmp_path: Path, event_lists: list[Path]) -> None:
    target = SkyCoord(329.7169379, -30.2255883, unit="deg")
    around = exclusion_map(tmp_path / "map.fits", target.directional_offset_by(180 * u.deg, 1.2 * u.deg))
    inputs = {"obsids": str(event_lists[0])}
    free = well(run("gammapy_spectra", tmp_path / "free", inputs), "gammapy_spectra")
    less = well(run("gammapy_spectra", tmp_path / "less", inputs | {"exclusion_map": str(around)}), "gammapy_spectra")
    off = [int(QTable.read(one.results["spectrum"], hdu=1)["counts_off"].value.sum()) for one in (free, less)]
    assert 0 < off[1] < off[0]
    header = fits.getheader(less.results["spectrum"], 1)
    assert any("map.fits above 5 sigma" in str(line) for line in header["HISTORY"])


def test_an_exclusion_map_without_sky_coordinates_is_refused(tmp_path: Path, event_lists: list[Path]) -> None:
    fits.PrimaryHDU(np.zeros((5, 5))).writeto(tmp_path / "map.fits")
    inputs = {"obsids": str(event_lists[0]), "exclusion_map": str(tmp_path / "map.fits")}
    done = run("gammapy_spectra", tmp_path / "job", inputs)
    assert (done.code, done.error) == (1, "gammapy_spectra: exclusion map map.fits: its image has no sky coordinates\n")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("radius = 0.11", "radius = wide", "could not convert"),
        ("= reflected", "= magic", "background method 'magic' is neither reflected nor ring"),
        ("ring_outer = 0.8", "ring_outer = 0.1", "right is 0 < radius <= ring_inner < ring_outer"),
        ("[flux]", "[other]", "No section: 'flux'"),
    ],
)
def test_a_wrong_configuration_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    usual = SHIPPED["gammapy_spectra"].files["make_spectra.cfg"].read_text(encoding="utf-8")
    assert old in usual
    (tmp_path / "mine.cfg").write_text(usual.replace(old, new))
    done = run("gammapy_spectra", tmp_path / "job", {"config_file": str(tmp_path / "mine.cfg")})
    assert (done.code, done.results) == (1, {})
    assert said in done.error


def test_a_spectrum_without_events_is_still_written(tmp_path: Path) -> None:
    done = well(
        run("gammapy_spectra", tmp_path, obsids="7", emin="30", emax="50", bin_method="fixed"), "gammapy_spectra"
    )
    assert "not enough points for a fit" in done.output


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


def test_what_is_no_image_is_refused(tmp_path: Path, event_lists: list[Path]) -> None:
    (tmp_path / "text").write_text("no FITS")
    fits.PrimaryHDU(np.full((3, 3), np.nan)).writeto(tmp_path / "nan.fits")
    files = {str(tmp_path / "text"): "can't be read as FITS", str(tmp_path / "nan.fits"): "holds no finite pixel"}
    files[str(event_lists[0])] = "holds no image of two or more dimensions"
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
    missing = [item for item in declared if not re.search(rf"[\"$']{item}\b", description.script)]
    assert missing == []


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_the_python_in_scripts_has_no_syntax_newer_than_ours(name: str) -> None:
    programs = re.findall(r"<<'PY'\n(.*?)\nPY\n", SHIPPED[name].description.script, re.DOTALL)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for program in programs:
            ast.parse(program, feature_version=(3, 11))
