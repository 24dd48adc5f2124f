"""``provstore describe new``: definitions of real programs, of questions and of parameter files, and that they work."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from provstore.uws.descriptions.dialects.votable import read_votable
from provstore.uws.descriptions.model import Description
from tests.e2e.conftest import MakeServed
from tests.e2e.served import Served

ARGPARSE: Final = """
import argparse, pathlib
parser = argparse.ArgumentParser(
    description="Bins events.", formatter_class=argparse.ArgumentDefaultsHelpFormatter
)
parser.add_argument("events", nargs="+", help="event lists, text files")
parser.add_argument("--emin", type=float, default=-0.5, help="minimal energy [TeV]")
parser.add_argument("-n", "--nbins", type=int, default=8, help="number of bins")
parser.add_argument("--proj", choices=["CAR", "TAN"], default="CAR")
parser.add_argument("-o", "--output", default="map.txt", help="file to write")
parser.add_argument("--title", help="title")
parser.add_argument("--save-table", metavar="FILE", help="write a table")
parser.add_argument("--quick", action="store_true")
parser.add_argument("--smooth", action=argparse.BooleanOptionalAction, default=True)
told = parser.parse_args()
if told.save_table:
    pathlib.Path(told.save_table).write_text("table")
content = "".join(pathlib.Path(one).read_text() for one in told.events)
facts = [told.emin, told.nbins, told.proj, told.title, told.quick, told.smooth, content]
pathlib.Path(told.output).write_text(repr(facts))
"""
CLICK: Final = '''
import click
@click.command()
@click.argument("words", nargs=-1)
@click.option("-c", "--count", type=click.IntRange(0, 10), default=3, show_default=True, help="How often.")
@click.option("--shout/--quiet", default=False, show_default=True)
def main(words, count, shout):
    """Says words."""
    click.echo(f"{words} {count} {shout}")
main()
'''
PAR: Final = """\
outfile,f,a,"out.txt",,,"Output file"
ra,r,a,83.63,0,360,"Right ascension (deg)"
mode,s,h,"ql",,,"Mode"
"""


@pytest.fixture(scope="module")
def alone(make_served: MakeServed) -> Served:
    """A data directory on which no server runs."""
    return make_served()


@pytest.fixture
def text(tmp_path: Path) -> Path:
    file = tmp_path / "in.txt"
    file.write_text("b\na\nc\n")
    return file


def new(
    served: Served, folder: Path, name: str, *arguments: str, answers: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Make a definition; what is asked is answered from a pipe."""
    command = [sys.executable, "-m", "provstore", "describe", "new", name, "-o", str(folder), *arguments]
    typed = "".join(f"{line}\n" for line in answers)
    return subprocess.run(
        command, env=served.environment, input=typed, capture_output=True, text=True, timeout=60, check=False
    )


def made(folder: Path, name: str) -> Description:
    """Read back what was written; the script beside it is the embedded one."""
    description = read_votable((folder / f"{name}_vot.xml").read_bytes(), source=name).description
    assert (folder / f"{name}.sh").read_text() == description.script
    return description


def program(folder: Path, source: str) -> str:
    file = folder / "program.py"
    file.write_text(source)
    return shlex.join([sys.executable, str(file)])


def test_an_argparse_program_becomes_a_service(alone: Served, tmp_path: Path, text: Path) -> None:
    hostile = """a'; $(touch here) "b" -x"""
    arguments = ("--help-of", program(tmp_path, ARGPARSE), "--try-input", f"events={text}")
    values = ("--try", f"title={hostile}", "--try", "smooth=no", "--try", "make_save_table=yes", "--try", "emin=-1")
    run = new(alone, tmp_path, "bin", *arguments, *values, "--try-input", f"events={text}")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "trying it once: COMPLETED after" in run.stdout
    expected = [-1.0, 8, "CAR", hostile, False, False, "b\na\nc\n" * 2]
    assert f"    | {expected!r}"[:120] in run.stdout
    assert "  save_table: save_table.dat (5 bytes, application/octet-stream)\n    | table" in run.stdout
    assert [one.name for one in made(tmp_path, "bin").used] == ["events"]
    assert run.stdout.splitlines()[-2] == f"next: provstore describe propose {tmp_path / 'bin_vot.xml'}"


def test_a_click_program_becomes_a_service(alone: Served, tmp_path: Path) -> None:
    run = new(
        alone, tmp_path, "say", "--help-of", program(tmp_path, CLICK), "--try", "words=-v one", "--try", "shout=T"
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "    | ('-v', 'one') 3 True" in run.stdout
    count = made(tmp_path, "say").parameters[0]
    assert (count.name, count.datatype, count.default, count.min, count.max) == ("count", "long", "3", "0", "10")


@pytest.mark.parametrize(
    ("command", "values", "shown"),
    [
        ("sort", ("reverse=true",), ["c", "b", "a"]),
        ("sort", ("key=1", "field_separator=;", "unique=1"), ["a", "b", "c"]),
        ("head", ("lines=2",), ["b", "a"]),
        ("head", ("lines=-1", "quiet=yes"), ["b", "a"]),
    ],
)
def test_programs_of_the_system_become_services(
    alone: Served, tmp_path: Path, text: Path, command: str, values: tuple[str, ...], shown: list[str]
) -> None:
    given = [part for value in values for part in ("--try", value)]
    run = new(alone, tmp_path, "tool", "--help-of", command, "--try-input", f"file={text}", *given)
    assert run.returncode == 0, run.stdout + run.stderr
    lines = [line for line in run.stdout.splitlines() if line.startswith("    | ")]
    assert [line.removeprefix("    | ") for line in lines] == shown


def test_what_a_program_prints_is_counted(alone: Served, tmp_path: Path, text: Path) -> None:
    run = new(alone, tmp_path, "count", "--help-of", "wc", "--try-input", f"file={text}", "--try", "lines=true")
    assert run.returncode == 0, run.stderr
    assert "\n    | 3 " in run.stdout
    assert made(tmp_path, "count").generated[0].default == "count.txt"


def test_help_may_come_from_a_file(alone: Served, tmp_path: Path) -> None:
    (tmp_path / "help").write_text(" Usage: echo [options] word\n  -n    no line end\n")
    arguments = ("--help-text", str(tmp_path / "help"), "--help-of", "echo", "--try", "word=hi")
    run = new(alone, tmp_path, "say", *arguments, "--try", "n=true")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "  output: say.txt (2 bytes, text/plain)" in run.stdout
    refused = new(alone, tmp_path, "say", *arguments[:4], "--try", "word=-e", "--force")
    assert refused.returncode == 1
    assert "    | word: a value that starts with - would be taken for an option" in refused.stdout


def test_questions_are_answered_from_a_pipe(alone: Served, tmp_path: Path, text: Path) -> None:
    answers = ("First lines", "head -n {n} {file}", "", "integer", "how many", "", "1", "9", "2", "", "the text", "")
    run = new(alone, tmp_path, "first", "--try-input", f"file={text}", answers=answers)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "    | b\n    | a\nnext: " in run.stdout
    described = made(tmp_path, "first")
    one = described.parameters[0]
    assert (described.description, one.description, one.datatype) == ("First lines", "how many", "long")
    assert (one.default, one.min, one.max, one.required) == ("2", "1", "9", False)


def test_options_are_told_one_by_one(alone: Served, tmp_path: Path, text: Path) -> None:
    about = ("Sorts", "sort {file:file} > {sorted}")
    options = ("reverse", "{--reverse}", "--key", "-t {separator:text=;}", "")
    key = ("text", "the column", "", "1")
    answers = (*about, *options, "backwards", *key, "what separates", "", "the lines", "what came out", "")
    run = new(alone, tmp_path, "sorter", "--try-input", f"file={text}", answers=answers)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Error: 'reverse': an option starts with '-'" in run.stderr
    assert made(tmp_path, "sorter").script.partition("command=(sort)\n")[2] == (
        'if is_true "${reverse-}"; then command+=(--reverse); fi\n'
        'if [ -n "${key-}" ]; then command+=(--key "$key"); fi\n'
        'if [ -n "${separator-}" ]; then command+=(-t "$separator"); fi\n'
        'command+=("$file")\n\n'
        '"${command[@]}" >"$rs/$sorted"\n'
    )


def test_answers_that_end_too_early_write_nothing(alone: Served, tmp_path: Path) -> None:
    run = new(alone, tmp_path, "first", answers=("First lines", "head {file}"))
    assert run.returncode == 1
    assert run.stderr.endswith(
        "provstore: the answers end before: One more option of it, as --name or --name {name} (Enter: no more)\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_answer_is_asked_for_again(alone: Served, tmp_path: Path) -> None:
    answers = ("Says", "echo {n:real} && rm x", "echo {n:real}", "", "", "", "x", "", "", "y", "2", "")
    run = new(alone, tmp_path, "say", answers=answers)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Error: '&&' in 'echo {n:real} && rm x' is not read here" in run.stderr
    assert "Error: 'x' is no number" in run.stderr
    assert "Error: parameter n: 'y' is not a finite number" in run.stderr
    assert "    | 2\n" in run.stdout


def test_a_parameter_file_becomes_a_service(alone: Served, tmp_path: Path) -> None:
    (tmp_path / "tool.par").write_text(PAR)
    run = new(alone, tmp_path, "point", "--par", str(tmp_path / "tool.par"), "--no-try")
    assert run.returncode == 0, run.stdout + run.stderr
    described = made(tmp_path, "point")
    assert [one.name for one in described.parameters] == ["ra", "mode"]
    assert [one.name for one in described.generated] == ["outfile"]
    assert "tool" in described.script


def test_what_is_there_is_not_overwritten(alone: Served, tmp_path: Path) -> None:
    (tmp_path / "say.sh").write_text("mine")
    arguments = ("--help-of", "echo", "--help-text", str(tmp_path / "say.sh"))
    run = new(alone, tmp_path, "say", *arguments)
    assert run.returncode == 1
    assert "say.sh is there already: choose another name or -o DIR, or replace it with --force" in run.stderr
    assert (tmp_path / "say.sh").read_text() == "mine"


def test_it_is_not_tried_without_what_it_needs(alone: Served, tmp_path: Path) -> None:
    run = new(alone, tmp_path, "first", "--help-of", "head")
    assert run.returncode == 0
    assert "COMPLETED" not in run.stdout
    assert f"try it: provstore describe try {tmp_path / 'first_vot.xml'} --try-input file=FILE\n" in run.stdout


def test_what_does_not_work_says_so_and_is_tried_again(alone: Served, tmp_path: Path) -> None:
    answers = ("Fails", "ls {name}", "", "text", "", "", "missing", "")
    run = new(alone, tmp_path, "fails", answers=answers)
    assert run.returncode == 1
    assert "trying it once: ERROR" in run.stdout
    assert "    | ls: cannot access 'missing'" in run.stdout
    script = tmp_path / "fails.sh"
    script.write_text('echo fine >"$rs/$output"\n')
    again = alone.command("describe", "try", str(tmp_path / "fails_vot.xml"), "--script", str(script))
    assert (again.returncode, again.stdout.splitlines()[1:]) == (
        0,
        ["  output: fails.txt (5 bytes, text/plain)", "    | fine"],
    )


def test_nothing_is_published_by_a_trial_and_all_at_once_by_propose(make_served: MakeServed, tmp_path: Path) -> None:
    served = make_served()
    answers = ("Says hello", "echo hello", "", "")
    assert new(served, tmp_path, "hello", answers=answers).returncode == 0
    assert "hello" not in served.command("describe").stdout
    run = new(served, tmp_path, "hello", "--force", "--propose", answers=answers)
    proposal = run.stdout.splitlines()[-1].split()[-1]
    assert served.command("describe", "accept", proposal).stdout == "hello@1\n"
    assert "hello" in served.command("run", "hello", "--wait").stdout


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("9x", ("--help-of", "sort"), "'9x': a name is a letter"),
        ("x", ("--help-of", "no-such-program"), "no program 'no-such-program'"),
        ("x", ("--help-of", "sort 'x"), "No closing quotation"),
        ("x", ("--help-of", "bash -c true"), "bash -c true tells nothing with --help or -h"),
        ("x", ("--help-of", "git"), "git has sub-commands"),
        ("x", ("--help-of", "sort", "--as", "file=thing"), "'thing' is no kind"),
        ("x", ("--help-of", "sort", "--as", "thing=file"), "'thing' is nothing that sort takes"),
        ("x", ("--help-of", "sort", "--try", "thing=1"), "--try thing: no such parameter"),
        ("x", ("--help-of", "sort", "--try-input", "file=missing"), "there is no such file"),
        ("x", ("--help-of", ""), "a program is needed"),
        ("x", ("--help-of", "seq", "--try-input", "last=x"), "--try-input last: it is a parameter (--as NAME=file"),
        ("x", ("--help-of", "seq", "--try", "last=many", "--as", "last=integer"), "'many' is not an integer"),
        ("proposals", ("--help-of", "sort"), "description proposals: 1 errors"),
    ],
)
def test_a_mistake_is_named(alone: Served, tmp_path: Path, name: str, arguments: tuple[str, ...], said: str) -> None:
    run = new(alone, tmp_path, name, *arguments)
    assert run.returncode == 1
    assert said in run.stderr
    assert "Traceback" not in run.stderr
