from __future__ import annotations

import pytest

from provstore.uws.descriptions.obscore import described_fault, described_record

IMAGE = {"s_ra": "83.63", "target_name": "Crab"}


@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        ("calib_level", "3", ""),
        ("calib_level", "5", "'5' is none of: 0, 1, 2, 3, 4"),
        ("s_ra", "@image", ""),
        ("s_ra", "@ra", ""),
        ("s_ra", "@", ""),
        ("s_ra", "@photo", "refers to 'photo', which is neither an input nor a parameter"),
        ("s_ra", "@photo of the sky", "'@photo of the sky' is not a number"),
        ("colour", "@image", "'colour' is no column of ObsCore 1.1, as dataproduct_type or calib_level"),
    ],
)
def test_a_column_is_a_value_or_says_where_it_comes_from(column: str, value: str, fault: str) -> None:
    assert described_fault(column, value, names=("image", "ra")) == fault


def test_nothing_is_inherited_without_a_word() -> None:
    records = {"image": IMAGE, "": {"t_min": "53000"}}
    described = [("calib_level", "2"), ("s_ra", "@image"), ("t_min", "@")]
    found = described_record(described, lambda name: records.get(name, {}))
    assert found == {"calib_level": "2", "s_ra": "83.63", "t_min": "53000"}


def test_what_is_no_value_of_its_column_is_left_out() -> None:
    described = [("calib_level", "three"), ("s_ra", "@image"), ("s_dec", "@image"), ("obs_id", ""), ("seen_at", "x")]
    assert described_record(described, lambda _name: {"s_ra": "NaN"}) == {}
