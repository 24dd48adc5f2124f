from __future__ import annotations

import pytest

from provstore.graph.model import Value
from provstore.uws.descriptions.obscore import obscore_properties


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("calib_level", "3", 3),
        ("s_ra", "83.63", 83.63),
        ("em_min", "1e-13", 1e-13),
        ("t_min", "60000", 60000.0),
        ("obs_id", "0012", "0012"),
        ("dataproduct_type", "image", "image"),
        ("calib_level", "three", "three"),
        ("calib_level", "9" * 40, "9" * 40),
        ("s_dec", "NaN", "NaN"),
        ("s_dec", "22 01", "22 01"),
    ],
)
def test_numeric_columns_are_numbers_where_they_hold_one(name: str, text: str, value: Value) -> None:
    found = obscore_properties([(name, text)])[name]
    assert (found, type(found)) == (value, type(value))


def test_empty_values_and_names_that_can_be_no_text_are_left_out() -> None:
    assert obscore_properties([("obs_id", ""), ("", "x"), ("seen_at", "x"), ("obs_title", "t")]) == {"obs_title": "t"}
