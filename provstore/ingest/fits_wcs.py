"""World coordinates of FITS images (FITS standard 4.0 §8): centre, corners and size on the sky, spectral axes.

The usual projections of images are understood: those around a point (TAN, SIN, ARC, ZEA, STG) and plain cylinders (CAR)
along the equator. Of any other only the reference point is taken, where it is the centre.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from provstore.ingest.fits_headers import Header

__all__ = ["Axis", "Sky", "axis_of", "sky_of", "wavelengths"]

_SYSTEMS: Final = {"RA---": "equatorial", "GLON-": "galactic"}
_LATITUDES: Final = {"RA---": "DEC--", "GLON-": "GLAT-"}
_FRAMES: Final = frozenset({"", "ICRS", "FK5"})
_AXES_MOST: Final = 9
_NEAR: Final = 2.0
"""Pixels."""
_POLE_RA, _POLE_DEC, _NODE = 192.85948, 27.12825, 32.93192
"""The galactic system (IAU 1958) in ICRS: its northern pole, and the longitude of its ascending node."""
_LIGHT: Final = 299_792_458.0
_PLANCK: Final = 4.135667696e-15
"""In eV s."""

_Pair = tuple[float, float]
_FULL: Final = 90.0
_RADIUS_TO_DISTANCE: Final[Mapping[str, Callable[[float], float]]] = {
    "TAN": math.atan,
    "SIN": lambda r: math.asin(min(1.0, r)),
    "ARC": lambda r: r,
    "ZEA": lambda r: 2 * math.asin(min(1.0, r / 2)),
    "STG": lambda r: 2 * math.atan(r / 2),
}
"""Projection -> distance from its centre, of the radius in the plane; both in radians."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sky:
    """What an image covers: ICRS, in degrees. ``corners`` are empty where the projection is not understood."""

    centre: _Pair
    corners: tuple[_Pair, ...]
    pixels: tuple[int, int]
    scale: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """An axis of pixels: its values at the two ends (SI, or codes)."""

    low: float
    high: float
    pixels: int


def to_icrs(longitude: float, latitude: float) -> _Pair:
    """Turn galactic coordinates into ICRS."""
    l, b = math.radians(longitude - _NODE), math.radians(latitude)  # noqa: E741 - the names of the coordinates
    pole = math.radians(_POLE_DEC)
    dec = math.asin(math.cos(b) * math.cos(pole) * math.sin(l) + math.sin(b) * math.sin(pole))
    y = math.cos(b) * math.cos(l)
    x = math.sin(b) * math.cos(pole) - math.cos(b) * math.sin(pole) * math.sin(l)
    return (math.degrees(math.atan2(y, x)) + _POLE_RA) % 360, math.degrees(dec)


def sky_of(header: Header) -> Sky | None:
    """Give what an image covers; None where its header does not say it."""
    found = _celestial(header)
    if found is None:
        return None
    (first, second), kind, projection = found
    sizes = (_whole(header, f"NAXIS{first}"), _whole(header, f"NAXIS{second}"))
    plane = _Plane(header, first, second)
    spot = _spot(projection, plane)
    if min(sizes) < 1 or spot is None:
        return None
    turn = to_icrs if kind == "galactic" else _plain
    middle = ((sizes[0] + 1) / 2, (sizes[1] + 1) / 2)
    edges = [(x, y) for x, y in ((0.5, 0.5), (sizes[0] + 0.5, 0.5))]
    edges += [(x, sizes[1] + 0.5) for x, _ in reversed(edges)]
    corners = [spot(*place) for place in edges]
    centre = spot(*middle)
    if centre is None:
        return None
    known = [turn(*one) for one in corners if one is not None]
    return Sky(
        centre=turn(*centre),
        corners=tuple(known) if len(known) == len(edges) else (),
        pixels=sizes,
        scale=plane.scale,
    )


def axis_of(header: Header, *names: str) -> tuple[str, Axis] | None:
    """Give the type (WAVE, FREQ, STOKES...) and the ends of the first axis of one of the types."""
    for number in range(1, min(_AXES_MOST, _whole(header, "NAXIS")) + 1):
        kind = str(header.get(f"CTYPE{number}", ""))[:8].strip().upper()
        name = next((one for one in names if kind == one or kind.startswith(f"{one}-")), None)
        pixels = _whole(header, f"NAXIS{number}")
        if name is not None and pixels >= 1:
            step = _number(header, f"CDELT{number}", _number(header, f"CD{number}_{number}", 1.0))
            start = _number(header, f"CRVAL{number}") - step * (_number(header, f"CRPIX{number}") - 1)
            half = 0.0 if name == "STOKES" else step / 2
            return name, Axis(low=start - half, high=start + step * (pixels - 1) + half, pixels=pixels)
    return None


class _Plane:
    """Pixels to the plane of projection, in degrees from the reference point."""

    def __init__(self, header: Header, first: int, second: int) -> None:
        axes = (first, second)
        self.reference: _Pair = (_number(header, f"CRVAL{first}"), _number(header, f"CRVAL{second}"))
        self.pixel: _Pair = (_number(header, f"CRPIX{first}"), _number(header, f"CRPIX{second}"))
        self._matrix = _matrix(header, axes)
        (a, b), (c, d) = self._matrix
        self.scale = math.sqrt(abs(a * d - b * c))

    def place(self, x: float, y: float) -> _Pair:
        """Give the place of a pixel."""
        dx, dy = x - self.pixel[0], y - self.pixel[1]
        (a, b), (c, d) = self._matrix
        return a * dx + b * dy, c * dx + d * dy


def _matrix(header: Header, axes: Sequence[int]) -> tuple[_Pair, _Pair]:
    first, second = axes
    if any(f"CD{i}_{j}" in header for i in axes for j in axes):
        rows = [tuple(_number(header, f"CD{i}_{j}") for j in axes) for i in axes]
        return (rows[0][0], rows[0][1]), (rows[1][0], rows[1][1])
    steps = (_number(header, f"CDELT{first}", 1.0), _number(header, f"CDELT{second}", 1.0))
    angle = math.radians(_number(header, f"CROTA{second}"))
    ratio = steps[1] / steps[0] if steps[0] and steps[1] else 1.0
    turned = (
        (math.cos(angle), -math.sin(angle) * ratio),
        (math.sin(angle) / ratio, math.cos(angle)),
    )
    pc = [[_number(header, f"PC{i}_{j}", turned[n][m]) for m, j in enumerate(axes)] for n, i in enumerate(axes)]
    return (pc[0][0] * steps[0], pc[0][1] * steps[0]), (pc[1][0] * steps[1], pc[1][1] * steps[1])


def _celestial(header: Header) -> tuple[tuple[int, int], str, str] | None:
    """Find the axes of longitude and latitude, the system and the projection."""
    kinds = {n: str(header.get(f"CTYPE{n}", "")).upper() for n in range(1, _AXES_MOST + 1)}
    frame = str(header.get("RADESYS", header.get("RADECSYS", ""))).strip().upper()
    for n, kind in kinds.items():
        latitude = _LATITUDES.get(kind[:5])
        other = next((m for m, one in kinds.items() if latitude and one[:5] == latitude), None)
        known = kind[:5] != "RA---" or (frame in _FRAMES and _number(header, "EQUINOX", 2000.0) == 2000)
        if other is not None and known:
            return (n, other), _SYSTEMS[kind[:5]], kind[5:8]
    return None


def _spot(projection: str, plane: _Plane) -> Callable[[float, float], _Pair | None] | None:
    """Give what turns a pixel into longitude and latitude."""
    distance = _RADIUS_TO_DISTANCE.get("TAN" if projection == "TPV" else projection)
    if distance is not None:
        return lambda x, y: _around(plane, distance, *plane.place(x, y))
    if projection == "CAR" and plane.reference[1] == 0:
        return lambda x, y: _along(plane, *plane.place(x, y))
    return lambda x, y: plane.reference if math.dist((x, y), plane.pixel) <= _NEAR else None


def _around(plane: _Plane, distance: Callable[[float], float], x: float, y: float) -> _Pair | None:
    """Go from the reference point so far, in that direction (native pole there, LONPOLE = 180)."""
    radius = math.radians(math.hypot(x, y))
    theta, bearing = distance(radius), math.atan2(x, y)
    start = math.radians(plane.reference[1])
    latitude = math.asin(
        max(-1.0, min(1.0, math.sin(start) * math.cos(theta) + math.cos(start) * math.sin(theta) * math.cos(bearing)))
    )
    east = math.atan2(
        math.sin(theta) * math.sin(bearing),
        math.cos(start) * math.cos(theta) - math.sin(start) * math.sin(theta) * math.cos(bearing),
    )
    return _plain(plane.reference[0] + math.degrees(east), math.degrees(latitude))


def _along(plane: _Plane, x: float, y: float) -> _Pair | None:
    return _plain(plane.reference[0] + x, y) if abs(y) <= _FULL else None


def _plain(longitude: float, latitude: float) -> _Pair:
    return longitude % 360, latitude


def _number(header: Header, name: str, default: float = 0.0) -> float:
    value = header.get(name, default)
    return value if isinstance(value, float) else default


def _whole(header: Header, name: str) -> int:
    return int(_number(header, name))


def wavelengths(kind: str, axis: Axis, unit: str) -> _Pair | None:
    """Give the ends of a spectral axis as wavelengths in vacuum, in metres; None for a unit that is not understood."""
    factor = _UNITS.get((kind, unit.strip()))
    if factor is None:
        return None
    ends = [end * factor for end in (axis.low, axis.high)]
    if kind != "WAVE":
        constant = _LIGHT if kind == "FREQ" else _LIGHT * _PLANCK
        if min(ends) <= 0:
            return None
        ends = [constant / end for end in ends]
    return (min(ends), max(ends)) if min(ends) > 0 else None


_PREFIXES: Final = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "m": 1e-3, "u": 1e-6, "n": 1e-9, "c": 1e-2}
_UNITS: Final = {
    ("WAVE", "Angstrom"): 1e-10,
    ("WAVE", ""): 1.0,
    ("FREQ", ""): 1.0,
    **{("WAVE", f"{prefix}m"): factor for prefix, factor in _PREFIXES.items()},
    **{("FREQ", f"{prefix}Hz"): factor for prefix, factor in _PREFIXES.items()},
    **{("ENER", f"{prefix}eV"): factor for prefix, factor in _PREFIXES.items()},
    ("ENER", "J"): 1 / 1.602176634e-19,
    ("ENER", ""): 1 / 1.602176634e-19,
}
"""(Type of axis, unit) -> factor to m, Hz, eV."""
