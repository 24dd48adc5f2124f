"""Which texts are units: our list agrees with astropy, which judges all others."""

from astropy import units as judge

from provstore.uws.descriptions.checking.unit_judge import is_unit
from provstore.uws.descriptions.checking.unit_strings import USUAL, unknown_units


def test_astropy_knows_every_unit_that_is_taken_without_asking_it() -> None:
    assert [text for text in sorted(USUAL) if not is_unit(text)] == []


def test_units_that_nobody_knows_are_told_and_the_others_not() -> None:
    found = unknown_units(["TeV", "furlong", "m**2", "parsecs per fortnight", "10**999999999.W", "mag/arcsec2"])
    assert sorted(found) == ["10**999999999.W", "furlong", "parsecs per fortnight"]
    assert "astropy knows" in found["furlong"]


def test_a_unit_may_be_written_as_in_any_standard_of_the_vo() -> None:
    written = {"vounit": "m**2", "cds": "10+3W", "fits": "10**3 W"}
    assert all(judge.Unit(text, format=form) for form, text in written.items())
    assert [text for text in written.values() if not is_unit(text)] == []
