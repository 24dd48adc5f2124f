"""What an ObsCore record says, in the words of people."""

from __future__ import annotations

import pytest

from provstore.web.pages.jobs.sky import Line, sky_of


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"target_name": "Crab"}, {"Target": "Crab"}),
        ({"s_ra": "83.63"}, {}),
        ({"s_ra": "83.63", "s_dec": "22.01", "s_fov": "2"}, {"Position": "83.63° 22.01° (ICRS), field of 2°"}),
        ({"t_min": "53000", "t_max": "53000.5"}, {"Time": "2003-12-27 to 2003-12-27 12:00 UTC"}),
        ({"t_min": "53000", "t_max": "53000", "t_exptime": "1800.0"}, {"Time": "2003-12-27, exposure 1800 s"}),
        ({"t_min": "9000000"}, {"Time": "MJD 9000000"}),
        ({"em_min": "1.2398e-18", "em_max": "1.2398e-17"}, {"Band": "100 GeV to 1 TeV"}),
        ({"em_min": "4e-7", "em_max": "7e-7"}, {"Band": "400 nm to 700 nm"}),
        ({"em_min": "2.2e-6"}, {"Band": "2.2 µm"}),
        ({"em_max": "0.2", "em_min": "0.1"}, {"Band": "1.499 GHz to 2.998 GHz"}),
        ({"em_min": "0"}, {}),
        ({"em_min": "1e-320"}, {}),
        ({"dataproduct_type": "image", "calib_level": "3"}, {"Product": "image, calibration level 3"}),
        ({"facility_name": "HESS", "obs_id": "47802"}, {"From": "HESS, 47802"}),
    ],
)
def test_a_record_is_told_in_words(record: dict[str, str], words: dict[str, str]) -> None:
    assert dict(sky_of(record).words) == words


def test_every_column_has_its_unit_and_what_is_wrong_with_it() -> None:
    lines = sky_of({"s_ra": "900", "t_exptime": "5", "nothing": "x", "target_name": ""}).lines
    assert lines[1] == Line("t_exptime", "5", "s", "")
    assert lines[0].fault == "900 is not within 0 to 360"
    assert "is no column of ObsCore" in lines[2].fault
    assert lines[3].fault == ""
