"""Names, multiplicities and file names of results."""

import pytest

from provstore.errors import Invalid
from provstore.uws.descriptions.filenames import result_pattern
from provstore.uws.descriptions.model import Generated
from provstore.uws.descriptions.multiplicity import Limits, limits
from provstore.uws.descriptions.names import exported_name, reserved
from provstore.uws.descriptions.reading import guess_content_type


def test_dots_and_hyphens_become_underscores_in_a_variable() -> None:
    assert exported_name("a.b-c_d") == "a_b_c_d"


@pytest.mark.parametrize(
    "name", ["PATH", "LD_PRELOAD", "LD-PRELOAD", "BASH_ENV", "ENV", "HOME", "SHELLOPTS", "IFS", "wd"]
)
def test_variables_that_the_shell_obeys_are_reserved(name: str) -> None:
    assert "a variable" in reserved(name)


@pytest.mark.parametrize(
    "name", ["jd", "rs", "PS4", "MODULEPATH", "TMPDIR", "USER", "PYTHONPATH", "SLURM_JOB_ID", "UID", "_"]
)
def test_variables_that_something_else_sets_are_reserved(name: str) -> None:
    assert "a variable" in reserved(name)


@pytest.mark.parametrize(
    "name", ["PHASE", "phase", "RunId", "ACTION", "UPLOAD", "executionDuration", "slurm_ntasks-per-node"]
)
def test_fields_of_a_request_are_reserved_in_any_case(name: str) -> None:
    assert "job request" in reserved(name)


@pytest.mark.parametrize("name", ["emin", "path", "home", "env", "quote", "input", "WD", "prefix", "SHIFT", "LDA"])
def test_other_names_are_free(name: str) -> None:
    assert reserved(name) == ""


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("", 1, 1), ("1", 1, 1), ("*", 0, None), ("n", 1, None), ("0..*", 0, None), ("2..n", 2, None), ("2..5", 2, 5)],
)
def test_multiplicities_are_read(text: str, low: int, high: int | None) -> None:
    assert limits(text) == Limits(low=low, high=high)


@pytest.mark.parametrize("text", ["many", "5..2", "-1", "1..", "..2", "1-2", "1..2..3", "٣"])
def test_other_multiplicities_are_refused(text: str) -> None:
    with pytest.raises(Invalid, match="multiplicity"):
        limits(text)


def test_limits_are_said_in_words() -> None:
    assert [str(limits(text)) for text in ("1", "1..*", "0..2")] == ["exactly 1", "at least 1", "0 to 2"]


def test_a_result_is_looked_for_under_its_default() -> None:
    assert result_pattern(Generated(name="r", default="out/*.fits"), {"other": "x"}) == "out/*.fits"


@pytest.mark.parametrize("result", [Generated(name="p", default="a"), Generated(name="r", default="a", ref="p")])
def test_a_parameter_gives_the_file_name(result: Generated) -> None:
    assert result_pattern(result, {"p": "b.fits"}) == "b.fits"
    assert result_pattern(result, {"p": ""}) == "a"


@pytest.mark.parametrize(
    "pattern", ["/etc/passwd", "../x", "a/../b", "..", "", " ", "~/x", "a\nb", "a\\b", "dir/", "."]
)
def test_a_file_name_that_leads_out_is_refused(pattern: str) -> None:
    with pytest.raises(Invalid, match="result p"):
        result_pattern(Generated(name="p"), {"p": pattern})


def test_content_types_are_guessed_from_the_end_of_the_name() -> None:
    names = ["a.FITS", "b*.png", "c.log", "d", "e.unknown"]
    octets = "application/octet-stream"
    assert [guess_content_type(name) for name in names] == [
        "application/fits",
        "image/png",
        "text/plain",
        octets,
        octets,
    ]
