"""The shipped scripts that come with no data of their own: the example in Python, and ctbin with what it asks for."""

from __future__ import annotations

import csv
import json
import os
import shutil
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits
from prov.model import ProvDocument

from tests.e2e.shipped import SHIPPED, VERSIONS, Run, run, run_with, software, well

VALUES = [1.0, 2.0, 3.0, 4.0, 5.0, 1000.0]


def summary(done: Run) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.results["statistics"].read_bytes())
    return found


def table(path: Path, text: str = "") -> str:
    path.write_text(text or "star,mag\n" + "".join(f"s{n},{value}\n" for n, value in enumerate(VALUES)))
    return str(path)


def test_the_example_measures_a_column_and_keeps_what_it_measured(tmp_path: Path) -> None:
    given = {"column": "mag", "statistic": "median", "clip": "2"}
    done = well(
        run("python_example", tmp_path / "job", {"table": table(tmp_path / "t.csv")}, **given), "python_example"
    )
    inside = VALUES[:-1]
    assert summary(done) == {
        "column": "mag",
        "rows": 6,
        "kept": 5,
        "median": statistics.median(inside),
        "standard_deviation": statistics.stdev(inside),
        "simulated": False,
    }
    with done.results["selection"].open(newline="") as file:
        assert list(csv.DictReader(file)) == [{"star": f"s{n}", "mag": str(value)} for n, value in enumerate(inside)]
    assert done.results["log"].read_text() == "6 rows read, 5 kept\n"
    counts = [int(line.split()[1]) for line in done.results["preview"].read_text().splitlines()]
    assert (len(counts), sum(counts)) == (10, 5)


def test_the_example_simulates_a_table_and_says_so(tmp_path: Path) -> None:
    runs = [
        well(run("python_example", tmp_path / str(number), rows="500", seed=seed), "python_example")
        for number, seed in enumerate(("7", "7", "8"))
    ]
    first, same, other = (done.results["selection"].read_bytes() for done in runs)
    assert first == same != other
    found = summary(runs[0])
    assert (found["rows"], found["simulated"]) == (500, True)
    assert found["mean"] == pytest.approx(10, abs=0.3)
    assert runs[0].results["log"].read_text().startswith("500 rows simulated with the seed 7, ")


def test_the_example_tells_its_software_and_what_derives_from_what(tmp_path: Path) -> None:
    done = run("python_example", tmp_path / "job", {"table": table(tmp_path / "t.csv")}, column="mag")
    assert software(done) == {"python": VERSIONS["python"]}
    document = json.loads((done.work / "internal_provenance.json").read_bytes())
    derived = {(one["prov:generatedEntity"], one["prov:usedEntity"]) for one in document["wasDerivedFrom"].values()}
    assert derived == {("statistics", "selection"), ("preview", "selection"), ("selection", "table")}
    assert derived <= {(a, b) for a in document["entity"] for b in document["entity"]}
    simulated = run("python_example", tmp_path / "other")
    text = (simulated.work / "internal_provenance.json").read_text()
    assert "table" not in text
    assert ProvDocument.deserialize(content=text, format="json").get_records()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("star,mag\nx,bright\n", "row 1: 'bright' in column 'mag' is no finite number"),
        ("star,mag\nx,1\ny\n", "row 2: None in column 'mag' is no finite number"),
        ("star,mag\nx,nan\n", "row 1: 'nan' in column 'mag' is no finite number"),
        ("star,mag\nx,1,2\n", "row 1 has more values than the first line has columns"),
        ("star,flux\nx,1\n", "the table has no column 'mag'; it has: star, flux"),
        ("star,mag\nx,1\n", "the table has 1 rows: two at least are needed"),
        ('star,mag\n"x,1\n', "t.csv is no CSV file in UTF-8: "),
    ],
)
def test_the_example_says_what_is_wrong_with_a_table_and_writes_nothing(tmp_path: Path, text: str, said: str) -> None:
    done = run("python_example", tmp_path / "job", {"table": table(tmp_path / "t.csv", text)}, column="mag")
    assert (done.code, done.results) == (1, {})
    assert done.error.startswith(f"python_example: {said}")
    assert done.error.count("\n") == 1


def test_equal_numbers_are_all_kept(tmp_path: Path) -> None:
    done = run("python_example", tmp_path / "job", {"table": table(tmp_path / "t.csv", "mag\n5\n5\n5\n")}, column="mag")
    assert (summary(done)["kept"], summary(done)["mean"]) == (3, 5.0)


PROGRAM = """#!/bin/sh
printf '%s\\n' "$@"
for one in "$@"; do
    case $one in outfile=* | outobs=*) echo cube >"${one#*=}" ;; esac
done
"""
"""Stands for ctbin: it prints its arguments and writes the cube's file. It proves what reaches a program, nothing of
ctools."""
EVERY = {item.name for item in SHIPPED["ctbin"].description.parameters}


def ctools(place: Path, *, parameter_file: str = "") -> str:
    """Put our program, and the parameter file of a version, where an installation has them."""
    program = place / "bin" / "ctbin"
    program.parent.mkdir(parents=True)
    program.write_text(PROGRAM)
    program.chmod(0o755)
    if parameter_file:
        (place / "syspfiles").mkdir()
        (place / "syspfiles" / "ctbin.par").write_text(parameter_file)
    return f"{program.parent}:/usr/bin:/bin"


def run_ctbin(folder: Path, path: str, given: Mapping[str, str] | None = None) -> Run:
    return run_with("ctbin", folder, given or {}, {"evfile": "/in/a b.fits"}, path=path)


def arguments(done: Run) -> dict[str, str]:
    return dict(line.split("=", 1) for line in done.output.splitlines())


def test_ctbin_has_the_parameters_that_it_had_in_opus() -> None:
    """Name, type, default, whether it must be given, unit, options."""
    assert [
        (one.name, one.datatype, one.default, one.required, one.unit, ",".join(one.options))
        for one in SHIPPED["ctbin"].description.parameters
    ] == [
        ("prefix", "char", "cntmap_", False, "", ""),
        ("ebinalg", "char", "LOG", False, "", "FILE,LIN,LOG"),
        ("emin", "double", "0.1", True, "TeV", ""),
        ("emax", "double", "100.0", True, "TeV", ""),
        ("enumbins", "long", "20", True, "", ""),
        ("ebinfile", "char", "NONE", False, "", ""),
        ("usepnt", "boolean", "no", False, "", ""),
        ("nxpix", "long", "200", True, "", ""),
        ("nypix", "long", "200", True, "", ""),
        ("binsz", "double", "0.02", True, "deg/pixel", ""),
        ("coordsys", "char", "CEL", True, "", "CEL,GAL"),
        ("xref", "double", "83.63", True, "deg", ""),
        ("yref", "double", "22.01", True, "deg", ""),
        ("axisrot", "double", "0.0", False, "deg", ""),
        ("proj", "char", "CAR", True, "", "AIT,AZP,CAR,MER,STG,TAN"),
        ("chatter", "long", "2", False, "", ""),
        ("clobber", "boolean", "yes", False, "", ""),
        ("debug", "boolean", "no", True, "", ""),
        ("mode", "char", "ql", False, "", ""),
    ]


def test_every_parameter_reaches_ctbin_with_its_very_value(tmp_path: Path) -> None:
    given = {"emin": "0.10", "prefix": "a b $(touch x) ' \"", "proj": "TAN", "clobber": "no", "xref": "83.630"}
    done = well(run_ctbin(tmp_path / "job", ctools(tmp_path), given), "ctbin")
    files = {"outfile": str(done.results["outfile"]), "logfile": str(done.results["logfile"]), "evfile": "/in/a b.fits"}
    defaults = {item.name: item.default for item in SHIPPED["ctbin"].description.parameters}
    assert arguments(done) == defaults | given | files
    assert arguments(done).keys() - files.keys() == EVERY
    assert done.results["logfile"].read_text() == ""


def test_a_newer_ctbin_gets_the_names_that_it_knows_and_the_log_tells_the_rest(tmp_path: Path) -> None:
    newer = (EVERY - {"axisrot", "prefix"}) | {"inobs", "outobs", "logfile"}
    lines = "".join(f'{name},s,h,"",,,"a text, with commas"\n' for name in sorted(newer))
    done = well(run_ctbin(tmp_path / "job", ctools(tmp_path, parameter_file=f"# ctbin\n{lines}")), "ctbin")
    assert arguments(done).keys() == newer
    assert arguments(done)["inobs"] == "/in/a b.fits"
    assert done.results["logfile"].read_text().splitlines() == [
        f"this version of ctbin has no parameter {name}: left out" for name in ("prefix", "axisrot")
    ]
    assert (done.work / "ctbin.par").is_file()


def test_ctbin_s_own_failure_is_the_job_s(tmp_path: Path) -> None:
    path = ctools(tmp_path)
    (tmp_path / "bin" / "ctbin").write_text("#!/bin/sh\necho 'no events' >&2\nexit 4\n")
    done = run_ctbin(tmp_path / "job", path)
    assert (done.code, done.error, done.results) == (4, "no events\n", {})


def test_without_ctools_the_script_says_what_to_install(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "bash").symlink_to(shutil.which("bash") or "/bin/bash")
    done = run_ctbin(tmp_path / "job", str(tools))
    assert (done.code, done.results) == (127, {})
    assert (
        f"ctools is needed for this service, and there is no program 'ctbin' on the PATH of jobs ({tools})"
        in done.error
    )
    assert "conda install" in done.error
    assert "PROVSTORE_JOB_PATH" in done.error
    assert "://" not in done.error


@pytest.mark.ctools
def test_the_real_ctbin_makes_a_counts_cube(tmp_path: Path) -> None:
    events = well(run("simulate_events", tmp_path / "events"), "simulate_events").results["events"]
    circle = "CIRCLE(329.7169379,-30.2255883,2.5)"
    cuts = (("TIME", "s", "TABLE"), ("POS(RA,DEC)", "deg", circle), ("ENERGY", "TeV", "0.1:50"))
    with fits.open(events, mode="update") as hdus:  # the selections as ctools write them
        header = hdus["EVENTS"].header
        header.update({"NDSKEYS": len(cuts), "DSREF1": ":GTI"})
        for number, (name, unit, value) in enumerate(cuts, start=1):
            header.update({f"DSTYP{number}": name, f"DSUNI{number}": unit, f"DSVAL{number}": value})
    target = {"xref": "329.7169379", "yref": "-30.2255883"}
    path = f"{Path(shutil.which('ctbin') or '').parent}:{os.environ['PATH']}"
    done = run_with("ctbin", tmp_path / "job", target | {"emax": "50"}, {"evfile": str(events)}, path=path)
    assert (done.code, set(done.results)) == (0, {"outfile", "logfile"}), done.error
    with fits.open(done.results["outfile"]) as hdus:
        assert hdus[0].data.shape == (20, 200, 200)
        assert hdus[0].data.sum() > 0
