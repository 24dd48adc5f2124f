"""The columns of IVOA ObsCore 1.1, mandatory and optional: what each may hold, and how a product has it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from provstore.graph.model import TIME_SUFFIX, Value

__all__ = ["COLUMNS", "WORDS", "ColumnType", "column_fault", "obscore_properties"]


class ColumnType(StrEnum):
    """What a column holds."""

    TEXT = "text"
    WHOLE = "a whole number"
    NUMBER = "a number"


COLUMNS: Final[Mapping[str, ColumnType]] = {
    "dataproduct_type": ColumnType.TEXT,
    "dataproduct_subtype": ColumnType.TEXT,
    "calib_level": ColumnType.WHOLE,
    "target_name": ColumnType.TEXT,
    "target_class": ColumnType.TEXT,
    "obs_id": ColumnType.TEXT,
    "obs_title": ColumnType.TEXT,
    "obs_collection": ColumnType.TEXT,
    "obs_creation_date": ColumnType.TEXT,
    "obs_creator_name": ColumnType.TEXT,
    "obs_creator_did": ColumnType.TEXT,
    "obs_release_date": ColumnType.TEXT,
    "obs_publisher_did": ColumnType.TEXT,
    "publisher_id": ColumnType.TEXT,
    "bib_reference": ColumnType.TEXT,
    "data_rights": ColumnType.TEXT,
    "access_url": ColumnType.TEXT,
    "access_format": ColumnType.TEXT,
    "access_estsize": ColumnType.WHOLE,
    "s_ra": ColumnType.NUMBER,
    "s_dec": ColumnType.NUMBER,
    "s_fov": ColumnType.NUMBER,
    "s_region": ColumnType.TEXT,
    "s_resolution": ColumnType.NUMBER,
    "s_resolution_min": ColumnType.NUMBER,
    "s_resolution_max": ColumnType.NUMBER,
    "s_xel1": ColumnType.WHOLE,
    "s_xel2": ColumnType.WHOLE,
    "s_ucd": ColumnType.TEXT,
    "s_unit": ColumnType.TEXT,
    "s_calib_status": ColumnType.TEXT,
    "s_stat_error": ColumnType.NUMBER,
    "s_pixel_scale": ColumnType.NUMBER,
    "t_xel": ColumnType.WHOLE,
    "t_refpos": ColumnType.TEXT,
    "t_min": ColumnType.NUMBER,
    "t_max": ColumnType.NUMBER,
    "t_exptime": ColumnType.NUMBER,
    "t_resolution": ColumnType.NUMBER,
    "t_calib_status": ColumnType.TEXT,
    "t_stat_error": ColumnType.NUMBER,
    "em_xel": ColumnType.WHOLE,
    "em_ucd": ColumnType.TEXT,
    "em_unit": ColumnType.TEXT,
    "em_calib_status": ColumnType.TEXT,
    "em_min": ColumnType.NUMBER,
    "em_max": ColumnType.NUMBER,
    "em_res_power": ColumnType.NUMBER,
    "em_res_power_min": ColumnType.NUMBER,
    "em_res_power_max": ColumnType.NUMBER,
    "em_resolution": ColumnType.NUMBER,
    "em_stat_error": ColumnType.NUMBER,
    "o_ucd": ColumnType.TEXT,
    "o_unit": ColumnType.TEXT,
    "o_calib_status": ColumnType.TEXT,
    "o_stat_error": ColumnType.NUMBER,
    "pol_xel": ColumnType.WHOLE,
    "pol_states": ColumnType.TEXT,
    "facility_name": ColumnType.TEXT,
    "instrument_name": ColumnType.TEXT,
    "proposal_id": ColumnType.TEXT,
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
    right = {ColumnType.WHOLE: _WHOLE, ColumnType.NUMBER: _NUMBER}.get(COLUMNS[column])
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
    kind = COLUMNS.get(name, ColumnType.TEXT)
    if kind is ColumnType.WHOLE and _SHORT_INTEGER.match(text):
        return int(text)
    try:
        number = float(text) if kind is ColumnType.NUMBER else math.nan
    except ValueError:
        return text
    return number if math.isfinite(number) else text


_SHORT_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}\Z")
