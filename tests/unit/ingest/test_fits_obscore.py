"""Headers of FITS files, written by astropy and judged by its coordinates."""

from __future__ import annotations

import gzip
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st

from provstore.graph.obscore import column_fault
from provstore.ingest.fits_headers import read_headers
from provstore.ingest.fits_obscore import fits_record, header_record

EVENTS = {
    "OBJECT": "Crab",
    "RA_PNT": 83.63,
    "DEC_PNT": 22.01,
    "MJDREFI": 51910,
    "MJDREFF": 7.428703703703703e-4,
    "TSTART": 101_000_000.0,
    "TSTOP": 101_001_800.0,
    "TIMEUNIT": "s",
    "LIVETIME": 1_701.5,
    "TELESCOP": "CTAO-N",
    "INSTRUME": "LST",
    "HDUCLAS1": "EVENTS",
    "OBS_ID": "47802",
}


def image_header(**cards: Any) -> fits.Header:
    header = fits.Header()
    for name, value in cards.items():
        header[name.replace("__", "-")] = value
    return header


def write(file: Path, header: fits.Header, shape: tuple[int, ...] = (30, 40)) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fits.PrimaryHDU(np.zeros(shape, dtype="i2"), header).writeto(file, overwrite=True)
    return file


@st.composite
def headers(draw: st.DrawFn) -> fits.Header:
    projection = draw(st.sampled_from(["TAN", "SIN", "ARC", "ZEA", "STG", "CAR"]))
    galactic = draw(st.booleans())
    scale = draw(st.sampled_from([0.001, 0.05, 0.3]))
    header = image_header(
        CTYPE1=("GLON-" if galactic else "RA---") + projection,
        CTYPE2=("GLAT-" if galactic else "DEC--") + projection,
        CRVAL1=draw(st.floats(0, 360)),
        CRVAL2=0.0 if projection == "CAR" else draw(st.floats(-85, 85)),
        CRPIX1=draw(st.floats(-10, 60)),
        CRPIX2=draw(st.floats(-10, 60)),
    )
    angle = draw(st.floats(-3, 3))
    turned = {"1_1": math.cos(angle), "1_2": -math.sin(angle), "2_1": math.sin(angle), "2_2": math.cos(angle)}
    way = draw(st.sampled_from(["CD", "PC", "CROTA2", ""]))
    if way == "CD":
        header.update({f"CD{at}": (-scale if at == "1_1" else scale) * value for at, value in turned.items()})
        return header
    header.update({"CDELT1": -scale, "CDELT2": scale * 1.3})
    header.update({f"PC{at}": value for at, value in turned.items()} if way == "PC" else {})
    header.update({"CROTA2": math.degrees(angle)} if way == "CROTA2" else {})
    return header


@given(headers())
def test_centre_and_corners_are_those_of_astropy(header: fits.Header) -> None:
    plain = {"NAXIS": 2.0, "NAXIS1": 40.0, "NAXIS2": 30.0, **dict(header)}
    found = header_record([{name: value if isinstance(value, str) else float(value) for name, value in plain.items()}])
    wcs = WCS(header)
    centre = wcs.pixel_to_world(19.5, 14.5).icrs
    assert SkyCoord(float(found["s_ra"]), float(found["s_dec"]), unit="deg").separation(centre).arcsec < 0.1
    corners = wcs.pixel_to_world([-0.5, 39.5, 39.5, -0.5], [-0.5, -0.5, 29.5, 29.5]).icrs
    numbers = [float(one) for one in found["s_region"].split()[2:]]
    assert SkyCoord(numbers[::2], numbers[1::2], unit="deg").separation(corners).arcsec.max() < 0.1
    assert (found["s_xel1"], found["s_xel2"], found["dataproduct_type"]) == ("40", "30", "image")


def test_an_image_tells_target_time_and_instrument(tmp_path: Path) -> None:
    header = image_header(
        OBJECT="M 31", DATE__OBS="2010-01-01T00:00:00", EXPTIME=86.4, TELESCOP="T1", INSTRUME="cam", BUNIT="Jy/beam"
    )
    found = fits_record(write(tmp_path / "a.fits", header))
    assert found == {
        "target_name": "M 31",
        "t_min": "55197",
        "t_max": "55197.001",
        "t_exptime": "86.4",
        "o_unit": "Jy/beam",
        "facility_name": "T1",
        "instrument_name": "cam",
    }


def test_a_list_of_events_tells_its_pointing_and_its_counted_times(tmp_path: Path) -> None:
    column = fits.Column(name="ENERGY", format="E", array=np.ones(3))
    table = fits.BinTableHDU.from_columns([column], header=image_header(**EVENTS), name="EVENTS")
    file = tmp_path / "events.fits.gz"
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(file)
    found = fits_record(file)
    assert (found["dataproduct_type"], found["s_ra"], found["s_dec"]) == ("event", "83.63", "22.01")
    assert (found["obs_id"], found["t_exptime"]) == ("47802", "1701.5")
    assert float(found["t_max"]) - float(found["t_min"]) == pytest.approx(1800 / 86400)
    assert float(found["t_min"]) == pytest.approx(51910 + 7.428703703703703e-4 + 101e6 / 86400)


def test_sexagesimal_places_are_hours_and_degrees(tmp_path: Path) -> None:
    found = fits_record(write(tmp_path / "a.fits", image_header(RA="05:34:31.94", DEC="-00:30:00")))
    assert float(found["s_ra"]) == pytest.approx(83.6330833)
    assert found["s_dec"] == "-0.5"


def test_a_cube_tells_its_wavelengths_and_polarisation(tmp_path: Path) -> None:
    header = image_header(
        CTYPE1="RA---TAN", CTYPE2="DEC--TAN", CRVAL1=10.0, CRVAL2=20.0, CRPIX1=1.0, CRPIX2=1.0, CDELT1=-0.1, CDELT2=0.1
    )
    header.update({"CTYPE3": "FREQ", "CUNIT3": "GHz", "CRVAL3": 1.5, "CRPIX3": 1.0, "CDELT3": 1.0})
    header.update({"CTYPE4": "STOKES", "CRVAL4": 1.0, "CRPIX4": 1.0, "CDELT4": 1.0})
    found = fits_record(write(tmp_path / "a.fits", header, shape=(4, 2, 5, 5)))
    assert (found["dataproduct_type"], found["em_xel"], found["pol_states"]) == ("cube", "2", "/I/Q/U/V/")
    assert float(found["em_min"]) == pytest.approx(0.299792458 / 3)
    assert float(found["em_max"]) == pytest.approx(0.299792458 / 1)


@pytest.mark.parametrize(
    "cards",
    [
        {"RA": 400.0, "DEC": 95.0},
        {"OBJECT": "x" * 60, "EXPTIME": -1.0},
        {"DATE__OBS": "31/12/99"},
        {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 1e300, "CRVAL2": 1e300, "CDELT1": 1e300, "CDELT2": 0.0},
        {"CTYPE1": "RA---AIT", "CTYPE2": "DEC--AIT", "CRVAL1": 0.0, "CRVAL2": 0.0, "CRPIX1": 900.0, "CRPIX2": 1.0},
        {"MJD__OBS": 1e300, "MJD__END": -1e300},
        {"CTYPE1": "FREQ", "CDELT1": -1e308, "CRVAL1": -1.0},
    ],
)
def test_nonsense_tells_nothing_that_a_column_could_not_hold(tmp_path: Path, cards: dict[str, Any]) -> None:
    found = fits_record(write(tmp_path / "a.fits", image_header(**cards)))
    assert [fault for column, text in found.items() if (fault := column_fault(column, text))] == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"SIMPLE  =                    T",
        b"SIMPLE  =                    T".ljust(80) + b"NAXIS   =                 1000".ljust(80) + b"END".ljust(2720),
        b"SIMPLE  =                    T".ljust(80) * 100,
        gzip.compress(b"no FITS at all"),
        gzip.compress(b"SIMPLE  =                    T".ljust(80) * 36)[:40],
        b"\x1f\x8bnonsense",
        b"<VOTABLE/>",
    ],
    ids=["empty", "cut", "dimensions", "endless", "packed text", "packed and cut", "damaged", "VOTable"],
)
def test_what_is_no_fits_file_tells_nothing(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.fits"
    file.write_bytes(content)
    assert read_headers(file) in ((), ({"SIMPLE": True, "NAXIS": 1000.0},))
    assert fits_record(file) == {}
