"""Names, multiplicities and file names of results."""

import subprocess

import pytest

from provstore.errors import Invalid
from provstore.uws.descriptions.content_types import guess_content_type
from provstore.uws.descriptions.filenames import result_pattern
from provstore.uws.descriptions.model import Generated
from provstore.uws.descriptions.multiplicity import Limits, limits
from provstore.uws.descriptions.names import exported_name, reserved, reserved_service


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


@pytest.mark.parametrize("name", ["LC_ALL", "CDPATH", "TMOUT", "GLOBIGNORE", "MODULESHOME", "APPTAINERENV_PATH"])
def test_variables_that_programs_of_a_job_obey_are_reserved(name: str) -> None:
    assert "a variable" in reserved(name)


def test_a_script_sees_the_value_of_every_variable_that_is_not_reserved() -> None:
    listed = subprocess.run(["bash", "--norc", "-c", "compgen -v"], env={}, capture_output=True, text=True, check=True)
    names = [name for name in listed.stdout.split() if not reserved(name)]
    script = 'for name; do [ "${!name}" = 3 ] || echo "$name"; done'
    environment = dict.fromkeys([*names, "a_value"], "3")
    lost = subprocess.run(
        ["bash", "--norc", "-c", script, "bash", *environment],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert lost.stdout.split() == []


@pytest.mark.parametrize("name", ["slurm_mem", "slurm_gres", "SLURM_cpus-per-task", "uws_quote", "csrf_token"])
def test_control_parameters_are_reserved(name: str) -> None:
    assert "job request" in reserved(name) or "a variable" in reserved(name)


@pytest.mark.parametrize(
    ("name", "taken"), [("proposals", True), ("validate", True), ("Proposals", False), ("sleep", False)]
)
def test_a_service_has_no_name_that_an_address_has(name: str, *, taken: bool) -> None:
    assert bool(reserved_service(name)) is taken


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
