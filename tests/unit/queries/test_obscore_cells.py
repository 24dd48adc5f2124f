from __future__ import annotations

import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from hypothesis import example, given
from hypothesis import strategies as st

from provstore.queries.obscore_cells import Circle, Span, asked_cells, cells_of, separation

RA = st.floats(0, 360)
DEC = st.floats(-90, 90) | st.sampled_from([-90.0, -89.99, 0.0, 89.9, 90.0])
SIZE = st.sampled_from([0.0, 0.001, 0.1, 1.0, 5.0, 30.0, 90.0, 180.0])
DAYS = st.sampled_from([0.0, 0.1, 1.0, 10.0, 1000.0, 1e5])


@given(RA, DEC, SIZE, RA, DEC, SIZE)
@example(0, 0, 0, 360, 0, 0.001)
@example(359.99, 10, 0.1, 0.01, 10, 1)
@example(10, 90, 0, 190, 89.9, 1)
def test_what_meets_a_circle_shares_a_cell_with_it(
    ra: float, dec: float, radius: float, other_ra: float, other_dec: float, field: float
) -> None:
    if separation(ra, dec, other_ra, other_dec) <= radius + field / 2:
        asked = asked_cells(Circle(ra, dec, radius))
        assert asked is None or set(asked) & set(cells_of({"s_ra": other_ra, "s_dec": other_dec, "s_fov": field}))


@given(RA, DEC, st.floats(0, 2), st.floats(-1, 1), st.floats(-1, 1), SIZE)
def test_what_lies_in_a_circle_shares_a_cell_with_it(
    ra: float, dec: float, radius: float, east: float, north: float, field: float
) -> None:
    other_ra, other_dec = (ra + east * radius) % 360, max(-90.0, min(90.0, dec + north * radius))
    if separation(ra, dec, other_ra, other_dec) <= radius + field / 2:
        asked = asked_cells(Circle(ra, dec, radius))
        assert asked is not None
        assert set(asked) & set(cells_of({"s_ra": other_ra, "s_dec": other_dec, "s_fov": field}))


@given(st.floats(40_000, 70_000), DAYS, st.floats(-3, 3), DAYS)
def test_what_meets_a_time_shares_a_cell_with_it(begin: float, days: float, later: float, others: float) -> None:
    other = begin + later
    if other <= begin + days and begin <= other + others:
        asked = asked_cells(Span(begin, begin + days))
        assert asked is None or set(asked) & set(cells_of({"t_min": other, "t_max": other + others}))


@pytest.mark.parametrize("radius", [0.0, 0.1, 1, 5, 10, 45, 180])
@pytest.mark.parametrize("dec", [0, 60, 89.95, -90])
def test_a_search_asks_for_few_cells(radius: float, dec: float) -> None:
    asked = asked_cells(Circle(359.9, dec, radius))
    assert asked is not None
    assert len(asked) < 800


def test_a_record_lies_in_few_cells_however_large_it_is() -> None:
    sizes = (0, 0.1, 0.5, 2, 10, 60, 180, 360)
    assert max(len(cells_of({"s_ra": 10, "s_dec": 80, "s_fov": size, "t_min": 0, "t_max": 1e6})) for size in sizes) < 30


def test_a_record_without_place_and_time_lies_nowhere() -> None:
    assert cells_of({"s_ra": 3.0}) == ()


@given(RA, DEC, RA, DEC)
def test_angles_are_those_of_astropy(ra: float, dec: float, other_ra: float, other_dec: float) -> None:
    right = SkyCoord(ra, dec, unit="deg").separation(SkyCoord(other_ra, other_dec, unit="deg")).to_value(units.deg)
    assert separation(ra, dec, other_ra, other_dec) == pytest.approx(right, abs=1e-6)
