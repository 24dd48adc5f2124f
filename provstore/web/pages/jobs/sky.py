"""What an ObsCore record says, as people read it: the target, where it is, when, in which light."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from provstore.graph.obscore import COLUMNS, column_fault

__all__ = ["Line", "Sky", "sky_of"]

_MJD_EPOCH: Final = datetime(1858, 11, 17, tzinfo=UTC)
_YEARS: Final = (-678_000, 2_900_000)
"""Days from there that a calendar has."""
_LIGHT: Final = 299_792_458.0
"""Metres a second."""
_ELECTRON_VOLT_METRES: Final = 1.239841984e-6
_SHORTEST: Final = 1e-30
"""Metres: no light is shorter, and its energy is a number still."""


class Line(NamedTuple):
    """A column of a record; ``fault`` says what is wrong with it, "" if nothing is."""

    column: str
    value: str
    unit: str
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sky:
    """A record: what it says in words, as (heading, words), and its columns one by one."""

    words: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]


def sky_of(record: Mapping[str, str]) -> Sky:
    """Read a record, which may be wrong in places."""
    faults = {column: column_fault(column, value) if value else "" for column, value in record.items()}
    right = {column: value for column, value in record.items() if value and not faults[column]}
    words = ((heading, tell(right)) for heading, tell in _HEADINGS)
    lines = (
        Line(column, value, COLUMNS[column].unit if column in COLUMNS else "", faults[column])
        for column, value in record.items()
    )
    return Sky(words=tuple((heading, told) for heading, told in words if told), lines=tuple(lines))


def _product(record: Mapping[str, str]) -> str:
    level = record.get("calib_level", "")
    parts = (record.get("dataproduct_type", ""), f"calibration level {level}" if level else "")
    return ", ".join(part for part in parts if part)


def _made_with(record: Mapping[str, str]) -> str:
    names = ("facility_name", "instrument_name", "obs_collection", "obs_id")
    return ", ".join(record[name] for name in names if name in record)


def _position(record: Mapping[str, str]) -> str:
    if not {"s_ra", "s_dec"} <= record.keys():
        return ""
    field = f", field of {record['s_fov']}°" if "s_fov" in record else ""
    return f"{record['s_ra']}° {record['s_dec']}° (ICRS){field}"


def _time(record: Mapping[str, str]) -> str:
    ends = list(dict.fromkeys(_date(record[name]) for name in ("t_min", "t_max") if name in record))
    exposure = f"exposure {float(record['t_exptime']):g} s" if "t_exptime" in record else ""
    return ", ".join(part for part in (" to ".join(ends), exposure) if part)


def _date(days: str) -> str:
    number = float(days)
    if not _YEARS[0] < number < _YEARS[1]:
        return f"MJD {days}"
    instant = _MJD_EPOCH + timedelta(days=number)
    return instant.strftime("%Y-%m-%d" if number.is_integer() else "%Y-%m-%d %H:%M UTC")


def _band(record: Mapping[str, str]) -> str:
    lengths = [float(record[name]) for name in ("em_min", "em_max") if name in record]
    if not lengths or min(lengths) < _SHORTEST:
        return ""
    tell = next(tell for limit, tell in _LIGHTS if min(lengths) < limit)
    told = dict.fromkeys(map(tell, sorted(lengths, reverse=tell is not _as_length)))
    return " to ".join(told)


def _as_energy(metres: float) -> str:
    return _scaled(_ELECTRON_VOLT_METRES / metres, "eV")


def _as_length(metres: float) -> str:
    return f"{metres * 1e9:.4g} nm" if metres < 1e-6 else f"{metres * 1e6:.4g} µm"


def _as_frequency(metres: float) -> str:
    return _scaled(_LIGHT / metres, "Hz")


def _scaled(value: float, unit: str) -> str:
    steps = ("", "k", "M", "G", "T", "P")
    rank = min(max(int(math.log10(value) // 3), 0), len(steps) - 1)
    return f"{value / 1000**rank:.4g} {steps[rank]}{unit}"


_Tell = Callable[[Mapping[str, str]], str]
_LIGHTS: Final[tuple[tuple[float, Callable[[float], str]], ...]] = (
    (1e-8, _as_energy),
    (1e-3, _as_length),
    (math.inf, _as_frequency),
)
"""Up to which wavelength in metres light is told how."""
_HEADINGS: Final[tuple[tuple[str, _Tell], ...]] = (
    ("Target", lambda record: record.get("target_name", "")),
    ("Position", _position),
    ("Time", _time),
    ("Band", _band),
    ("Product", _product),
    ("From", _made_with),
)
