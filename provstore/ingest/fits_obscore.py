"""What headers of a FITS file tell of an observation, as columns of IVOA ObsCore: only what standard keywords say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Final

from provstore.graph.obscore import COLUMNS, column_fault
from provstore.graph.statements import instant_of
from provstore.ingest.fits_headers import Header, read_headers
from provstore.ingest.fits_wcs import axis_of, sky_of, wavelengths

__all__ = ["fits_record", "header_record"]

_TEXTS: Final[Mapping[str, tuple[str, ...]]] = {
    "target_name": ("OBJECT",),
    "obs_id": ("OBS_ID",),
    "obs_title": ("TITLE",),
    "obs_creator_name": ("AUTHOR",),
    "bib_reference": ("REFERENC",),
    "facility_name": ("TELESCOP",),
    "instrument_name": ("INSTRUME",),
    "proposal_id": ("PROPOSID", "PROP_ID"),
    "o_unit": ("BUNIT",),
}
_POSITIONS: Final = (("RA_PNT", "DEC_PNT"), ("RA_TARG", "DEC_TARG"), ("RA_OBJ", "DEC_OBJ"), ("RA", "DEC"))
"""Keywords of a place, the best first; in degrees, or as hours and degrees in sexagesimal texts."""
_EXPOSURES: Final = ("XPOSURE", "EXPTIME", "EXPOSURE", "LIVETIME", "ONTIME")
_CLASSES: Final = {"EVENTS": "event", "SPECTRUM": "spectrum", "LIGHTCURVE": "timeseries", "IMAGE": "image"}
"""HDUCLAS1 of OGIP -> type of product."""
_STOKES: Final = {1: "I", 2: "Q", 3: "U", 4: "V", -1: "RR", -2: "LL", -3: "RL", -4: "LR"} | {
    -5: "XX",
    -6: "YY",
    -7: "XY",
    -8: "YX",
}
_SPECTRAL: Final = ("WAVE", "FREQ", "ENER")
_Word = str | float | bool
_DAY: Final = 86_400.0
_MJD_0: Final = datetime(1858, 11, 17, tzinfo=UTC)
_SECONDS: Final = {"s": 1.0, "": 1.0, "d": _DAY}
_ARCSEC: Final = 3600


def fits_record(file: Path) -> dict[str, str]:
    """Give what a file's headers tell; nothing for what is no FITS file."""
    return header_record(read_headers(file))


def header_record(headers: Sequence[Header]) -> dict[str, str]:
    """Give what headers tell: that of the first extension before the primary one, which holds for all."""
    found: dict[str, str] = {}
    for header in reversed(headers):
        whole = {name: value for one in headers for name, value in one.items()} | dict(header)
        for column, text in chain(_texts(whole), _place(header, whole), _time(whole), _axes(header), _type(header)):
            if text and not column_fault(column, text):
                found.setdefault(column, text)
    return {column: found[column] for column in COLUMNS if column in found}


def _texts(header: Header) -> Iterator[tuple[str, str]]:
    for column, keywords in _TEXTS.items():
        value = next((header[one] for one in keywords if header.get(one)), "")
        yield column, _plain(value)
    written_at = instant_of(_zoned(str(header.get("DATE", ""))))
    yield "obs_creation_date", "" if written_at is None else f"{written_at:%Y-%m-%dT%H:%M:%S}"


def _plain(value: _Word) -> str:
    return f"{value:.15g}" if isinstance(value, float) else "" if isinstance(value, bool) else value.strip()


def _zoned(text: str) -> str:
    text = text.strip()
    return f"{text}T00:00:00" if text and "T" not in text else text


# --- place


def _place(header: Header, whole: Header) -> Iterator[tuple[str, str]]:
    sky = sky_of(header)
    if sky is None:
        yield from _pointing(whole)
        return
    yield "s_ra", _degrees(sky.centre[0])
    yield "s_dec", _degrees(sky.centre[1])
    yield "s_fov", _degrees(min(360.0, sky.scale * max(sky.pixels)))
    yield "s_xel1", str(sky.pixels[0])
    yield "s_xel2", str(sky.pixels[1])
    yield "s_pixel_scale", f"{sky.scale * _ARCSEC:.6g}"
    if sky.corners:
        yield "s_region", " ".join(["POLYGON ICRS", *(_degrees(one) for corner in sky.corners for one in corner)])


def _degrees(value: float) -> str:
    return f"{value:.7f}".rstrip("0").rstrip(".")


def _pointing(header: Header) -> Iterator[tuple[str, str]]:
    for names in _POSITIONS:
        ra, dec = (header.get(name) for name in names)
        place = (_angle(ra, hours=True), _angle(dec, hours=False))
        if place[0] is not None and place[1] is not None:
            yield "s_ra", _degrees(place[0] % 360)
            yield "s_dec", _degrees(place[1])
            return


def _angle(value: _Word | None, *, hours: bool) -> float | None:
    """Read degrees, or a sexagesimal text."""
    if isinstance(value, float):
        return value
    parts = value.replace(":", " ").split() if isinstance(value, str) else []
    if len(parts) != 3 or any(column_fault("t_exptime", one) for one in parts):
        return None
    size: float = sum(abs(float(one)) / 60**place for place, one in enumerate(parts))
    return (-size if parts[0].startswith("-") else size) * (15 if hours else 1)


# --- time


def _time(header: Header) -> Iterator[tuple[str, str]]:
    exposure = next((value for one in _EXPOSURES if isinstance(value := header.get(one), float)), None)
    begin, end = _begin(header), _end(header)
    if begin is not None and end is None and exposure is not None:
        end = begin + exposure / _DAY
    yield "t_exptime", "" if exposure is None or exposure < 0 else f"{exposure:.10g}"
    if begin is not None and (end is None or begin <= end):
        yield "t_min", _days(begin)
        yield "t_max", "" if end is None else _days(end)


def _days(value: float) -> str:
    return f"{value:.9f}".rstrip("0").rstrip(".")


def _begin(header: Header) -> float | None:
    dates = [_dated(header, "DATE-BEG"), _dated(header, "DATE-OBS", clock="TIME-OBS")]
    ways = (_day(header, "MJD-BEG"), _counted(header, "TSTART"), _day(header, "MJD-OBS"), *dates, _day(header, "MJD"))
    return next((one for one in ways if one is not None), None)


def _end(header: Header) -> float | None:
    dates = [_dated(header, "DATE-END", clock="TIME-END")]
    ways = (_day(header, "MJD-END"), _counted(header, "TSTOP"), *dates)
    return next((one for one in ways if one is not None), None)


def _day(header: Header, name: str) -> float | None:
    value = header.get(name)
    return value if isinstance(value, float) else None


def _counted(header: Header, name: str) -> float | None:
    """Read a time that is counted from the reference of the header (§9.2)."""
    value, unit = header.get(name), str(header.get("TIMEUNIT", "s")).strip()
    parts = [header.get(one) for one in ("MJDREFI", "MJDREFF")]
    numbers = [one for one in (parts if parts[0] is not None else [header.get("MJDREF")]) if isinstance(one, float)]
    if not isinstance(value, float) or not numbers or unit not in _SECONDS:
        return None
    return sum(numbers) + value * _SECONDS[unit] / _DAY


def _dated(header: Header, name: str, *, clock: str = "") -> float | None:
    text = str(header.get(name, "")).strip()
    time = str(header.get(clock, "")).strip()
    at = instant_of(f"{text}T{time}" if time and "T" not in text else _zoned(text))
    return None if at is None else (at - _MJD_0) / timedelta(days=1)


# --- other axes, and the type


def _axes(header: Header) -> Iterator[tuple[str, str]]:
    if (found := axis_of(header, *_SPECTRAL)) is not None:
        kind, axis = found
        yield "em_xel", str(axis.pixels)
        number = next(n for n in range(1, 10) if str(header.get(f"CTYPE{n}", "")).upper().startswith(kind))
        ends = wavelengths(kind, axis, str(header.get(f"CUNIT{number}", "")))
        if ends is not None:
            yield "em_min", f"{ends[0]:.9g}"
            yield "em_max", f"{ends[1]:.9g}"
    if (found := axis_of(header, "STOKES")) is not None:
        axis = found[1]
        codes = [
            round(axis.low + n * (axis.high - axis.low) / max(1, axis.pixels - 1)) for n in range(min(axis.pixels, 8))
        ]
        yield "pol_xel", str(axis.pixels)
        yield "pol_states", f"/{'/'.join(_STOKES[code] for code in codes)}/" if _STOKES.keys() >= set(codes) else ""


def _type(header: Header) -> Iterator[tuple[str, str]]:
    named = _CLASSES.get(str(header.get("HDUCLAS1", "")).strip().upper())
    is_sky, is_spectral = sky_of(header) is not None, axis_of(header, *_SPECTRAL) is not None
    if is_sky and is_spectral:
        yield "dataproduct_type", "cube"
    elif named is not None or is_sky:
        yield "dataproduct_type", named or "image"
    elif is_spectral:
        yield "dataproduct_type", "spectrum"
