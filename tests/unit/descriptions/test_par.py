"""Reading the parameter files of ftools and ctools."""

import contextlib
import os
import stat
import subprocess
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.errors import Invalid
from provstore.uws.descriptions.checking.checks import Level, problems
from provstore.uws.descriptions.dialects.par import read_par
from provstore.uws.descriptions.dialects.reading import Reading
from provstore.uws.descriptions.model import ParameterDefinition

DATA: Final = Path(__file__).parents[2] / "data" / "descriptions" / "par"
FILES: Final = sorted(path.name for path in DATA.iterdir())


def read(name: str) -> Reading:
    return read_par((DATA / name).read_bytes(), source=name)


def one(line: str, *, mode: str = "ql") -> Reading:
    return read_par(f'{line}\nmode,s,h,"{mode}",,,\n'.encode(), source="tool.par")


def parameter(line: str, *, mode: str = "ql") -> ParameterDefinition:
    return one(line, mode=mode).description.parameters[0]


@pytest.mark.parametrize("name", FILES)
def test_a_parameter_file_gives_a_description_without_errors(name: str) -> None:
    found = problems(read(name).description)
    assert [str(problem) for problem in found if problem.level is Level.ERROR] == []


def test_the_service_is_called_as_the_program() -> None:
    assert read("ctbin.par").description.name == "ctbin"
    text = b"# File: ctbin.par\nemin,r,a,1,,,\n"
    assert read_par(text, source="upload").description.name == "ctbin"
    assert read_par(text, source="/some/where/other.par").description.name == "other"
    guessed = read_par(b"emin,r,h,1,,,\n", source="upload")
    assert (guessed.description.name, guessed.repairs[0].how) == ("upload", "named upload by its source")
    with pytest.raises(Invalid, match="is no name of a program"):
        read_par(b"emin,r,a,1,,,\n", source="a b")


def test_files_of_ctools_are_inputs_and_results_by_type_and_name() -> None:
    described = read("ctbin.par").description
    assert [(item.name, item.default, item.multiplicity, item.url) for item in described.used] == [
        ("inobs", "events.fits", "", "file://$ID"),
        ("ebinfile", "", "0..1", "file://$ID"),
    ]
    assert [(item.name, item.default, item.content_type, item.type) for item in described.generated] == [
        ("outcube", "cntcube.fits", "application/fits", ""),
        ("logfile", "ctbin.log", "text/plain", "Log"),
    ]


def test_files_of_ftools_are_told_by_their_names_although_they_are_texts() -> None:
    described = read("fselect.par").description
    assert [(item.name, item.required) for item in described.used] == [("infile", True)]
    assert [(item.name, item.default) for item in described.generated] == [("outfile", "outfile.fits")]
    assert [item.name for item in described.parameters][:2] == ["expr", "histkw"]


def test_the_letters_of_a_file_type_say_whether_it_is_read_or_written() -> None:
    described = read("ftcopy.par").description
    assert [item.name for item in described.used] == ["infile"]
    assert [(item.name, item.default) for item in described.generated] == [("outfile", "copy.fits")]
    assert [item.name for item in one("table,fw,q,x.fits,,,").description.generated] == ["table"]
    assert [item.name for item in one("outer,fr,q,x.fits,,,").description.used] == ["outer"]


def test_every_assumption_about_a_file_is_told_with_its_line() -> None:
    told = [str(repair) for repair in read("ftcopy.par").repairs]
    assert told == [
        "line 2: infile is a file: taken as an input by type fr",
        "line 2: input infile has no content type: taken as application/octet-stream",
        "line 3: outfile is a file: taken as a result by type fnw",
        "line 3: default '!copy.fits[1]' of the file outfile: read as 'copy.fits'",
        "line 3: result outfile has no content type: taken as application/fits",
    ]


def test_a_number_has_its_default_bounds_and_prompt() -> None:
    assert parameter('emin, r, a, 0.1, 0.01, 200, "Lowest, in TeV"') == ParameterDefinition(
        name="emin", datatype="double", default="0.1", min="0.01", max="200", description="Lowest, in TeV"
    )


def test_hidden_parameters_need_not_be_given() -> None:
    assert not parameter("n,i,h,1,,,").required
    assert not parameter("n,i,hl,1,,,").required
    assert parameter("n,i,q,1,,,", mode="h").required
    assert parameter("n,i,a,1,,,", mode="ql").required
    assert not parameter("n,i,a,1,,,", mode="hl").required


def test_automatic_parameters_are_hidden_where_no_mode_is_told() -> None:
    reading = read_par(b"n,i,a,1,,,\n", source="tool.par")
    assert not reading.description.parameters[0].required
    assert reading.repairs[0].how == "read as hidden ones, as PIL does"


@pytest.mark.parametrize(
    ("kind", "datatype"), [("b", "boolean"), ("i", "long"), ("r", "double"), ("s", "char"), ("t", "char")]
)
def test_types_have_their_datatypes(kind: str, datatype: str) -> None:
    assert parameter(f"x,{kind},h,,,,").datatype == datatype


def test_an_unknown_type_is_text_and_told() -> None:
    reading = one("x,struct,h,,,,")
    assert reading.description.parameters[0].datatype == "char"
    assert "type 'struct' of x" in str(reading.repairs[0])


def test_options_stand_in_the_place_of_the_minimum() -> None:
    assert parameter("c, s, a, CEL, CEL|GAL,,").options == ("CEL", "GAL")
    assert parameter("n, i, a, 1, 1|2 | 4,,").options == ("1", "2", "4")


@pytest.mark.parametrize("word", ["", "INDEF", "NONE", "undef"])
def test_a_number_without_a_value_has_no_default(word: str) -> None:
    reading = one(f"n,i,h,{word},{word},{word},")
    assert (reading.description.parameters[0].default, reading.repairs) == (None, ())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("n,i,h,)other,,,", "default ')other' of n is no long: read as no default"),
        ("b,b,h,maybe,,,", "default 'maybe' of b is no boolean: read as no default"),
        ("s,s,h,x,y,,", "min 'y' of s bounds no number: left out"),
        ("c,s,h,A,A|B,z,", "maximum 'z' of c, which has options: left out"),
        ("n,i,h,1,,,a prompt, with a comma", "n has 8 fields: all behind the sixth are read as the prompt"),
        ("in,f,q,$HOME/a.fits,,,", "default '$HOME/a.fits' of the file in: read as 'a.fits'"),
        ("in,f,q,$FILE,,,", "default '$FILE' of the file in: left out"),
        ("outfile,f,q,STDOUT,,,", "result outfile has no file name as default: taken as outfile.txt"),
    ],
)
def test_what_is_not_as_it_should_be_is_told(line: str, said: str) -> None:
    assert f"line 1: {said}" in [str(repair) for repair in one(line).repairs]


def test_quotes_hold_commas_quotes_and_nothing() -> None:
    assert parameter('a,s,h,"x,y",,,"say ""yes"", or no"') == ParameterDefinition(
        name="a", required=False, default="x,y", description='say "yes", or no'
    )
    assert parameter("a,s,h,'it''s',,,'a, b'").description == "a, b"
    assert parameter('a,s,h,"",,,').default == ""


def test_short_lines_and_words_of_booleans_are_read() -> None:
    assert parameter("flag,b,h,y").default == "yes"
    assert parameter("n,i,h").default is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no parameter"),
        ("# only comments\n", "no parameter"),
        ("just a text\n", "tool.par:1: 'just a text' is not name,type,mode"),
        ("a,s,h,1,,,\na,s,h,2,,,\n", r"tool.par:2: parameter 'a' is given twice \(before in line 1\)"),
        ('\na,s,h,"open,,,\n', "tool.par:2: a quote is not closed"),
        ('a,s,h, "open,,,\n', "tool.par:1: a quote is not closed"),
        ('a,s,h,"x"y,,,\n', "tool.par:1: a quote is not closed, or not followed by a comma"),
        ("a b,s,h,1,,,\n", "parameter name 'a b' is not a letter"),
        ("a,s,zz,1,,,\n", "mode 'zz' of a is none of"),
        ("a,s,h,\0,,,\n", "a NUL"),
    ],
)
def test_a_broken_parameter_file_is_refused_with_line_and_reason(text: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read_par(text.encode(), source="tool.par")


def test_a_file_in_latin_1_is_read_and_told() -> None:
    reading = read_par('a,s,h,x,,,"Größe"\n'.encode("latin-1"), source="tool.par")
    assert reading.description.parameters[0].description == "Größe"
    assert reading.repairs[0].what == "not UTF-8"


def run(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{folder}:{os.defpath}", **variables}
    command = ["bash", "-c", script]
    return subprocess.run(command, env=environment, cwd=folder, text=True, capture_output=True, check=False, timeout=20)


def put_program(folder: Path, name: str) -> None:
    program = folder / name
    program.write_text('#!/bin/bash\nprintf "%s\\n" "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def test_the_script_calls_the_program_with_every_parameter_and_no_shell_reads_the_values(tmp_path: Path) -> None:
    put_program(tmp_path, "ftcopy")
    described = read("ftcopy.par").description
    values = {item.name: item.default or "" for item in described.parameters}
    given = values | {"infile": "a b;$(touch x)", "outfile": "'\"*"}
    done = run(described.script, tmp_path, **given)
    assert done.stdout.splitlines() == [
        "infile=a b;$(touch x)",
        "outfile='\"*",
        "copyall=yes",
        "clobber=no",
        "chatter=1",
        "history=yes",
        "mode=ql",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ftcopy"]


def test_what_a_job_lacks_is_left_to_the_program(tmp_path: Path) -> None:
    put_program(tmp_path, "tool")
    lines = "in,f,h,NONE,,,\nseed,i,h,INDEF,,,\nn,i,h,1,,,"
    script = one(lines).description.script
    assert run(script, tmp_path, n="1", mode="ql").stdout.splitlines() == ["in=NONE", "n=1", "mode=ql"]
    given = run(script, tmp_path, n="1", mode="ql", seed="7 8", **{"in": "a"}).stdout
    assert given.splitlines() == ["in=a", "seed=7 8", "n=1", "mode=ql"]


def test_the_script_says_clearly_that_the_program_is_not_there(tmp_path: Path) -> None:
    done = run(read("fselect.par").description.script, tmp_path)
    assert (done.returncode, done.stdout) == (127, "")
    assert "fselect is not installed here" in done.stderr


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_parameter_file_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    whole = (DATA / data.draw(st.sampled_from(FILES))).read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    patch = data.draw(st.binary(max_size=6) | st.sampled_from([b'"', b"'", b",", b"|", b"\\", b"\r", b"NONE", b"*"]))
    with contextlib.suppress(Invalid):
        read_par(whole[:start] + patch + whole[start + data.draw(st.integers(0, 60)) :], source="tool.par")
