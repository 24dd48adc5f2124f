"""``provstore describe new``: a working definition from questions, a .par file, or a program's help."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import click

from provstore.cli.describing.programs import as_jobs_run_it, help_of, split_command
from provstore.cli.describing.questions import ask_draft, ask_kinds
from provstore.cli.describing.sources import Source, read_bytes, read_source
from provstore.cli.describing.steps import propose_source
from provstore.cli.describing.terminal import table, visible
from provstore.cli.describing.trial import TrialValues, lacking, trial_values, try_once
from provstore.cli.jobs import pair
from provstore.cli.opening import opened
from provstore.errors import Conflict, Invalid, Unavailable, WrongDescription
from provstore.settings import load_settings
from provstore.uws.descriptions.checking.checks import Level, problems
from provstore.uws.descriptions.dialects.par import read_par
from provstore.uws.descriptions.dialects.reading import Reading
from provstore.uws.descriptions.dialects.votable_writer import write_votable
from provstore.uws.descriptions.drafts.from_help import draft_from_help
from provstore.uws.descriptions.drafts.help_text import read_help
from provstore.uws.descriptions.drafts.things import Draft, ThingKind, kind_named
from provstore.uws.descriptions.model import NAME, Description

__all__ = ["new", "try_file"]

_values: Final = click.option(
    "--try", "values", multiple=True, metavar="NAME=VALUE", help="A parameter of the job that tries it."
)
_inputs: Final = click.option("--try-input", "inputs", multiple=True, metavar="NAME=FILE", help="An input of that job.")
_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    """Where a definition comes from; the questions, if nothing else is said."""

    par: Path | None
    help_of: str | None
    help_text: Path | None
    kinds: Mapping[str, ThingKind]


@click.command("new")
@click.argument("name")
@click.option("--help-of", metavar="PROGRAM", help="Make it of what PROGRAM --help says.")
@click.option("--help-text", type=_FILE, help="Read the help in a file instead of running the program.")
@click.option("--par", type=_FILE, help="Make it of a .par file of ftools or ctools.")
@click.option("--as", "kinds", multiple=True, metavar="NAME=KIND", help=f"What NAME is: {', '.join(ThingKind)}.")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    show_default=True,
    help="Where to write NAME_vot.xml and NAME.sh.",
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
@_values
@_inputs
@click.option("--no-try", is_flag=True, help="Write the files only.")
@click.option("--propose", "at_once", is_flag=True, help="Propose it at once, if it works.")
def new(  # noqa: PLR0913 - each is an option of the command line
    name: str,
    *,
    help_of: str | None,
    help_text: Path | None,
    par: Path | None,
    kinds: tuple[str, ...],
    folder: Path,
    force: bool,
    values: tuple[str, ...],
    inputs: tuple[str, ...],
    no_try: bool,
    at_once: bool,
) -> None:
    """Make the definition of a service NAME, and try it once.

    \b
    provstore describe new greet                         asks a few questions
    provstore describe new sort --help-of sort           reads what sort --help says
    provstore describe new bin --help-of "python bin.py"
    provstore describe new ctbin --par ctbin.par

    Nothing is published: it is tried in a directory of its own. Exit code: 0 if it works (or was not tried), 1 if not.
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    if not NAME.match(name):
        raise Invalid(f"{name!r}: a name is a letter or '_', then letters, digits, '_', '.' or '-'", value=name)
    files = (folder / f"{name}_vot.xml", folder / f"{name}.sh")
    _check_free(files, force=force)
    given = trial_values(values, inputs)
    origin = _Origin(
        par=par,
        help_of=help_of,
        help_text=help_text,
        kinds={one: kind_named(kind) for one, kind in map(pair, kinds)},
    )
    draft = _draft(name, origin)
    _show(draft)
    _check(draft.description)
    needed = lacking(draft.description, given)
    _write(files, draft.description)
    works = no_try or _try(draft.description, given, files[0], needed=needed)
    if works and at_once:
        _propose(draft.description)
    else:
        _say_next(files, works=works)
    raise SystemExit(0 if works else 1)


def _check_free(files: Sequence[Path], *, force: bool) -> None:
    there = [file for file in files if file.exists()]
    if there and not force:
        raise Conflict(f"{there[0]} is there already: choose another name or -o DIR, or replace it with --force")


def _draft(name: str, origin: _Origin) -> Draft:
    if origin.par is not None and (origin.help_of is not None or origin.help_text):
        raise Invalid("--par and --help-of are two ways: choose one", field="par")
    if origin.par is not None:
        return _draft_of_par(name, origin.par)
    if origin.help_of is not None or origin.help_text:
        return _draft_of_help(name, origin)
    if origin.kinds:
        raise Invalid("--as goes with --help-of: the questions ask for each kind", field="as")
    return ask_draft(name)


def _draft_of_par(name: str, par: Path) -> Draft:
    reading = read_par(read_bytes(par), source=str(par))
    return Draft(description=replace(reading.description, name=name), notes=tuple(map(str, reading.repairs)))


def _draft_of_help(name: str, origin: _Origin) -> Draft:
    """Run the program, or read its help; on a terminal, let people correct what was guessed."""
    words = split_command(name if origin.help_of is None else origin.help_of)
    if origin.help_text is not None:
        text = read_bytes(origin.help_text).decode(errors="replace")
        program = words
    else:
        program = as_jobs_run_it(words, path=_job_path())
        text = help_of(program)
    told = read_help(text, program=" ".join(words))
    draft = draft_from_help(told, name=name, program=program, kinds=origin.kinds)
    if not sys.stdin.isatty():
        return draft
    _show(draft)
    kinds = ask_kinds([row[0] for row in _rows(draft.description)])
    return draft_from_help(told, name=name, program=program, kinds={**origin.kinds, **kinds}) if kinds else draft


def _job_path() -> str:
    return load_settings(os.environ).job_path


def _show(draft: Draft) -> None:
    """Show what it takes and makes, and what had to be guessed."""
    click.echo(f"{draft.description.name}: {visible(draft.description.description)}\n")
    table(("NAME", "KIND", "DEFAULT", "UNIT", "WHAT"), list(_rows(draft.description)))
    click.echo()
    for note in draft.notes:
        click.echo(f"note: {visible(note)}", err=True)


_KINDS: Final = {"char": ThingKind.TEXT, "long": ThingKind.INTEGER, "int": ThingKind.INTEGER, "double": ThingKind.REAL}
_COUNTS: Final = {"1": "one", "0..1": "one, or none", "1..*": "one or more", "*": "any number"}


def _rows(description: Description) -> Iterator[tuple[str, ...]]:
    for one in description.parameters:
        default = "(required)" if one.required and one.default is None else one.default or "-"
        kind = (
            f"{_KINDS.get(one.datatype, one.datatype)}{'s' if one.arraysize == '*' and one.datatype != 'char' else ''}"
        )
        yield one.name, "|".join(one.options) or kind, default, one.unit or "-", _short(one.description)
    for used in description.used:
        count = used.multiplicity or "1"
        yield used.name, ThingKind.FILE, f"({_COUNTS.get(count, count)})", "-", _short(used.description)
    for made in description.generated:
        yield (
            made.name,
            ThingKind.RESULT,
            made.default or f"named by {made.ref or made.name}",
            "-",
            _short(made.description),
        )


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def _check(description: Description) -> None:
    found = problems(description)
    told = tuple((one.level.value, one.place, one.text) for one in found)
    if any(one.level is Level.ERROR for one in found):
        raise WrongDescription(description.name, told)
    for one in found:
        click.echo(visible(str(one)), err=True)


def _write(files: Sequence[Path], description: Description) -> None:
    contents = (write_votable(description), description.script.encode())
    for file, content in zip(files, contents, strict=True):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        except OSError as error:
            raise Unavailable(f"can't write {file}: {error.strerror}", field="output", value=str(file)) from error
    click.echo(f"written: {', '.join(map(str, files))}")


def _try(description: Description, given: TrialValues, file: Path, *, needed: Sequence[str]) -> bool:
    if needed:
        click.echo("not tried: it needs more than its defaults", err=True)
        click.echo(f"try it: provstore describe try {file} {' '.join(needed)}")
        return True
    click.echo("trying it once: ", nl=False)
    return try_once(description, given)


@click.command("try")
@click.argument("file", type=_FILE)
@click.option("--script", type=_FILE, help="Its script, if it is in another file.")
@_values
@_inputs
def try_file(file: Path, *, script: Path | None, values: tuple[str, ...], inputs: tuple[str, ...]) -> None:
    """Run a job of the definition in FILE with its defaults, in a directory of its own; nothing is published.

    Exit code: 0 if it works, 1 if not.
    """
    source = read_source(file, script=script)
    description = source.reading.description
    _check(description)
    given = trial_values(values, inputs)
    if needed := lacking(description, given, files=source.files):
        raise Invalid(f"{description.name} can't be tried with its defaults alone: add {' '.join(needed)}")
    raise SystemExit(0 if try_once(description, given, files=source.files) else 1)


def _propose(description: Description) -> None:
    source = Source(reading=Reading(description=description))
    with opened() as provstore:
        proposal = propose_source(provstore, source, message="made by provstore describe new")
    click.echo(f"proposed: {proposal.id}; next: provstore describe accept {proposal.id}")


def _say_next(files: Sequence[Path], *, works: bool) -> None:
    votable, script = files
    if not works:
        click.echo(f"after changing {script}: provstore describe try {votable} --script {script}", err=True)
        return
    click.echo(f"next: provstore describe propose {votable}")
    click.echo(f"      (add --script {script} after changing that file)")
