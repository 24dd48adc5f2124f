from __future__ import annotations

import pytest

from provstore.graph.literals import typed
from provstore.graph.model import Attribute, Value
from provstore.graph.obscore import COLUMNS, OBSCORE, WORDS, column_fault, literal, record_of


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("calib_level", "3", 3),
        ("s_ra", "83.63", 83.63),
        ("em_min", "1e-13", 1e-13),
        ("t_min", "60000", 60000.0),
        ("obs_id", "0012", "0012"),
        ("dataproduct_type", "image", "image"),
    ],
)
def test_values_are_found_by_what_they_stand_for_and_kept_as_written(column: str, text: str, value: Value) -> None:
    found = literal(column, text)
    assert column_fault(column, text) == ""
    assert (typed(found), found.lexical, found.key) == (value, text, f"{OBSCORE}{column}")


@pytest.mark.parametrize(
    ("column", "text", "fault"),
    [
        ("colour", "red", "'colour' is no column of ObsCore 1.1, as dataproduct_type or calib_level"),
        ("dataproduct_type", "map", "'map' is none of: " + ", ".join(WORDS["dataproduct_type"])),
        ("s_xel1", "1.5", "'1.5' is not a whole number"),
        ("s_ra", "NaN", "'NaN' is not a number"),
        ("s_ra", "22 01 34", "'22 01 34' is not a number"),
        ("s_ra", "360.1", "360.1 is not within 0 to 360"),
        ("s_dec", "-91", "-91 is not within -90 to 90"),
        ("s_ra", "1e999", "1e999 is not within 0 to 360"),
        ("obs_id", " ", "is empty"),
        ("obs_id", "a\0b", "'a\\x00b' holds the character U+0000, which no catalogue can show"),
        ("target_name", "x\u202efdp", "'x\\u202efdp' holds the character U+202E, which no catalogue can show"),
        ("target_name", "x" * 4001, "has 4001 characters; at most 4000 are kept"),
    ],
)
def test_a_fault_says_what_is_wrong(column: str, text: str, fault: str) -> None:
    assert column_fault(column, text) == fault


@pytest.mark.parametrize("name", ["Crab", "\u0633\u0631\u0637\u0627\u0646", "M 1 \u2013 nebula", "\U0001f980"])
def test_names_of_any_script_are_welcome(name: str) -> None:
    assert column_fault("target_name", name) == ""


def test_the_mandatory_columns_are_those_of_the_standard() -> None:
    assert sum(column.mandatory for column in COLUMNS.values()) == 30
    assert all(column.utype and column.ucd for column in COLUMNS.values() if column.mandatory)


def test_a_record_is_what_stands_in_the_namespace_of_the_standard() -> None:
    told = (Attribute(f"{OBSCORE}s_ra", "1"), Attribute("urn:x#s_dec", "2"), Attribute(f"{OBSCORE}colour", "red"))
    assert record_of(told) == {"s_ra": "1"}
