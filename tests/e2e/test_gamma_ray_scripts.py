"""The chain of gamma-ray services as scripts: events, maps and spectra, judged by astropy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import QTable
from astropy.wcs import WCS

from tests.e2e.shipped import PNG, SHIPPED, TARGET, VERSIONS, Run, run, run_with, software, well


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
