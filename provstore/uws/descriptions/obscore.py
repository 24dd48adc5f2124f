"""The columns of IVOA ObsCore 1.1, mandatory and optional: what each may hold, and how a product has it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from provstore.graph.model import TIME_SUFFIX, Value

__all__ = ["COLUMNS", "WORDS", "Kind", "column_fault", "obscore_properties"]


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    WHOLE = "a whole number"
    NUMBER = "a number"


COLUMNS: Final[Mapping[str, Kind]] = {
    "dataproduct_type": Kind.TEXT,
    "dataproduct_subtype": Kind.TEXT,
    "calib_level": Kind.WHOLE,
    "target_name": Kind.TEXT,
    "target_class": Kind.TEXT,
    "obs_id": Kind.TEXT,
    "obs_title": Kind.TEXT,
    "obs_collection": Kind.TEXT,
    "obs_creation_date": Kind.TEXT,
    "obs_creator_name": Kind.TEXT,
    "obs_creator_did": Kind.TEXT,
    "obs_release_date": Kind.TEXT,
    "obs_publisher_did": Kind.TEXT,
    "publisher_id": Kind.TEXT,
    "bib_reference": Kind.TEXT,
    "data_rights": Kind.TEXT,
    "access_url": Kind.TEXT,
    "access_format": Kind.TEXT,
    "access_estsize": Kind.WHOLE,
    "s_ra": Kind.NUMBER,
    "s_dec": Kind.NUMBER,
    "s_fov": Kind.NUMBER,
    "s_region": Kind.TEXT,
    "s_resolution": Kind.NUMBER,
    "s_resolution_min": Kind.NUMBER,
    "s_resolution_max": Kind.NUMBER,
    "s_xel1": Kind.WHOLE,
    "s_xel2": Kind.WHOLE,
    "s_ucd": Kind.TEXT,
    "s_unit": Kind.TEXT,
    "s_calib_status": Kind.TEXT,
    "s_stat_error": Kind.NUMBER,
    "s_pixel_scale": Kind.NUMBER,
    "t_xel": Kind.WHOLE,
    "t_refpos": Kind.TEXT,
    "t_min": Kind.NUMBER,
    "t_max": Kind.NUMBER,
    "t_exptime": Kind.NUMBER,
    "t_resolution": Kind.NUMBER,
    "t_calib_status": Kind.TEXT,
    "t_stat_error": Kind.NUMBER,
    "em_xel": Kind.WHOLE,
    "em_ucd": Kind.TEXT,
    "em_unit": Kind.TEXT,
    "em_calib_status": Kind.TEXT,
    "em_min": Kind.NUMBER,
    "em_max": Kind.NUMBER,
    "em_res_power": Kind.NUMBER,
    "em_res_power_min": Kind.NUMBER,
    "em_res_power_max": Kind.NUMBER,
    "em_resolution": Kind.NUMBER,
    "em_stat_error": Kind.NUMBER,
    "o_ucd": Kind.TEXT,
    "o_unit": Kind.TEXT,
    "o_calib_status": Kind.TEXT,
    "o_stat_error": Kind.NUMBER,
    "pol_xel": Kind.WHOLE,
    "pol_states": Kind.TEXT,
    "facility_name": Kind.TEXT,
    "instrument_name": Kind.TEXT,
    "proposal_id": Kind.TEXT,
}
"""Column -> what it holds, in the order of the standard."""

WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "dataproduct_type": (
        "image",
        "cube",
        "spectrum",
        "sed",
        "timeseries",
        "visibility",
        "event",
        "measurements",
    ),
    "calib_level": ("0", "1", "2", "3", "4"),
    "data_rights": ("public", "secure", "proprietary"),
}
"""Columns that take only certain words."""

_BOUNDS: Final[Mapping[str, tuple[float, float]]] = {"s_ra": (0, 360), "s_dec": (-90, 90)}
_WHOLE: Final = re.compile(r"[0-9]{1,18}\Z")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?\Z")


def column_fault(column: str, value: str) -> str:
    """Tell what is wrong with a column or its value; "" if nothing is."""
    if column not in COLUMNS:
        return f"{column!r} is no column of ObsCore 1.1, as dataproduct_type or calib_level"
    if column in WORDS and value not in WORDS[column]:
        return f"{value!r} is none of: {', '.join(WORDS[column])}"
    right = {Kind.WHOLE: _WHOLE, Kind.NUMBER: _NUMBER}.get(COLUMNS[column])
    if right is not None and not right.match(value):
        return f"{value!r} is not {COLUMNS[column].value}"
    low, high = _BOUNDS.get(column, (-float("inf"), float("inf")))
    if column in _BOUNDS and not low <= float(value) <= high:
        return f"{value} is not within {low:g} to {high:g}"
    return "" if value.strip() else "is empty"


def obscore_properties(columns: Iterable[tuple[str, str]]) -> dict[str, Value]:
    """Give a property for each column: a number where the column is numeric and the value is one, else the text."""
    return {name: _value(name, text) for name, text in columns if name and text and not name.endswith(TIME_SUFFIX)}


def _value(name: str, text: str) -> Value:
    kind = COLUMNS.get(name, Kind.TEXT)
    if kind is Kind.WHOLE and _SHORT_INTEGER.match(text):
        return int(text)
    try:
        number = float(text) if kind is Kind.NUMBER else math.nan
    except ValueError:
        return text
    return number if math.isfinite(number) else text


_SHORT_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}\Z")
