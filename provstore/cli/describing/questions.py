"""Asks for what a description needs, a question at a time; answers may come from a pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import click

from provstore.errors import Invalid
from provstore.uws.descriptions.drafts.from_command import (
    CommandLine,
    Gap,
    draft_from_command,
    read_command,
)
from provstore.uws.descriptions.drafts.guesses import guess
from provstore.uws.descriptions.drafts.things import Draft, Thing, ThingKind, kind_named
from provstore.uws.descriptions.model import NAME, ParameterDefinition
from provstore.uws.descriptions.names import reserved
from provstore.uws.descriptions.values import check_value, number

__all__ = ["ask_draft", "ask_kinds"]

_NUMBERS: Final = frozenset({ThingKind.INTEGER, ThingKind.REAL})
_DATATYPES: Final = {
    ThingKind.INTEGER: "long",
    ThingKind.REAL: "double",
    ThingKind.BOOLEAN: "boolean",
    ThingKind.TEXT: "char",
}
_INTRODUCTION: Final = """\
Write the command as you would type it, with a gap in braces for each thing that changes from job to job:
  {name}              asked for below           {name:integer=3}   kind and default told at once
  {image:file}        a file that it reads      {--verbose}        an option that is given or not
  {map:result}        a file that it writes     > {text}           what it prints is a result
Kinds: """


def ask_draft(name: str) -> Draft:
    """Ask what a service does, which command it runs and what the gaps in it are.

    Raises:
        Invalid: the answers end too early, or make no description.
    """
    about = _ask("What does it do")
    click.echo(f"\n{_INTRODUCTION}{', '.join(one for one in ThingKind if one is not ThingKind.NOTHING)}\n", err=True)
    line = _ask("Command", reads=_command)
    more = "One more option of it, as --name or --name {name} (Enter: no more)"
    options: list[CommandLine] = []
    while extra := _ask(more, default="", reads=_option):
        options.append(extra)
    line = _with_options(line, options)
    things = [_ask_thing(gap, printed=gap == line.target) for gap in line.gaps]
    if not any(one.kind in {ThingKind.RESULT, ThingKind.FOLDER} for one in things) and not line.target:
        things += _ask_result({one.name for one in things})
    return draft_from_command(name, line, things, about=about)


def ask_kinds(known: Sequence[str]) -> dict[str, ThingKind]:
    """Ask which guesses are wrong, until there is nothing more to correct."""
    kinds: dict[str, ThingKind] = {}

    def one(text: str) -> tuple[str, ThingKind] | None:
        name, equals, kind = text.partition("=")
        if not text:
            return None
        if not equals or name.strip() not in known:
            raise Invalid(f"{text!r}: NAME=KIND is needed, with one of the names above")
        return name.strip(), kind_named(kind)

    question = f"Is one of another kind? NAME=KIND ({', '.join(ThingKind)}; Enter: no more)"
    while (told := _ask(question, default="", reads=one)) is not None:
        kinds[told[0]] = told[1]
    return kinds


def _ask(question: str, *, default: str | None = None, reads: Callable[[str], Any] = str) -> Any:
    """Ask until the answer can be read; questions go to standard error."""

    def value(text: str) -> Any:
        try:
            return reads(text.strip())
        except Invalid as error:
            raise click.UsageError(error.message) from error

    try:
        return click.prompt(question, default=default, value_proc=value, err=True, show_default=bool(default))
    except click.Abort as error:
        if isinstance(error.__context__, EOFError):
            click.echo(err=True)
            raise Invalid(f"the answers end before: {question}") from error
        raise


def _command(text: str) -> CommandLine:
    line = read_command(text)
    for gap in line.gaps:
        _check_name(gap.name)
    return line


def _check_name(name: str) -> None:
    if not NAME.match(name):
        raise Invalid(f"{name!r}: a name is a letter or '_', then letters, digits, '_', '.' or '-'")
    if use := reserved(name):
        raise Invalid(f"the name {name} is {use}: choose another")


def _option(text: str) -> CommandLine | None:
    """Read an option as a further piece of the command line: ``--emin`` is ``--emin {emin}``."""
    if not text:
        return None
    if not text.startswith(("-", "{-")):
        raise Invalid(f"{text!r}: an option starts with '-'; a value by its place stands in the command itself")
    plain = text.split(maxsplit=1)[0]
    whole = text if "{" in text else f"{plain} {{{plain.strip('-').replace('-', '_')}}}"
    line = _command(f"program {whole}")
    if len(line.commands) > 1 or line.target:
        raise Invalid(f"{text!r}: one option is needed")
    return line


def _with_options(line: CommandLine, options: Sequence[CommandLine]) -> CommandLine:
    """Put options behind the program and the words that follow it, before the first gap or option."""
    last = line.commands[-1]
    place = 1
    while place < len(last) and not _is_gap_or_option(last[place]):
        place += 1
    words = (word for option in options for word in option.commands[0][1:])
    commands = (*line.commands[:-1], (*last[:place], *words, *last[place:]))
    return replace(line, commands=commands)


def _is_gap_or_option(word: Sequence[str | Gap]) -> bool:
    return any(isinstance(piece, Gap) or piece.startswith("-") for piece in word)


def _ask_thing(gap: Gap, *, printed: bool) -> Thing:
    """Ask about a gap what is not told in it."""
    click.echo(err=True)
    guessed = guess(gap.name, value="", text="")
    kind = gap.kind or (ThingKind.RESULT if printed else None)
    if kind is None:
        kind = _ask(f"{gap.name}: its kind", default=guessed.kind, reads=kind_named)
    text = _ask(f"{gap.name}: what it is", default="")
    thing = Thing(name=gap.name, kind=kind, text=text, default=gap.default)
    if kind is ThingKind.FILE:
        return replace(guess(gap.name, value="FILE", text=text), name=gap.name, kind=kind, text=text, default="")
    if kind is ThingKind.RESULT:
        name = f"{gap.name}.txt" if printed else guess(gap.name, value="FILE", text=text).default or f"{gap.name}.dat"
        return replace(thing, default=gap.default or _ask(f"{gap.name}: file name", default=name))
    if kind in {ThingKind.FOLDER, ThingKind.NOTHING} or gap.flag:
        return replace(thing, required=False)
    return _ask_parameter(thing, told=bool(gap.default))


def _ask_parameter(thing: Thing, *, told: bool) -> Thing:
    bounded = replace(thing, **dict(_ask_facts(thing)))
    if told:
        _check_default(bounded, thing.default)
        return replace(bounded, required=False)
    right = " (Enter: none, it must be given)"
    default = _ask(f"{thing.name}: default{right}", default="", reads=lambda text: _check_default(bounded, text))
    return replace(bounded, default=default, required=not default)


def _ask_facts(thing: Thing) -> Iterator[tuple[str, Any]]:
    if thing.kind in _NUMBERS:
        yield "unit", _ask(f"{thing.name}: unit (Enter: none)", default="")
        yield "min", _ask(f"{thing.name}: least value (Enter: any)", default="", reads=_number)
        yield "max", _ask(f"{thing.name}: greatest value (Enter: any)", default="", reads=_number)
    elif thing.kind is ThingKind.TEXT:
        options = _ask(f"{thing.name}: choices, separated by commas (Enter: any text)", default="")
        yield "options", tuple(one.strip() for one in options.split(",") if one.strip())


def _number(text: str) -> str:
    try:
        number(text or "0")
    except ValueError as error:
        raise Invalid(f"{text!r} is no number") from error
    return text


def _check_default(thing: Thing, text: str) -> str:
    """Give back a default that fits."""
    definition = ParameterDefinition(
        name=thing.name, datatype=_DATATYPES[thing.kind], min=thing.min, max=thing.max, options=thing.options
    )
    return check_value(definition, text) if text else text


def _ask_result(taken: set[str]) -> list[Thing]:
    """Ask for a file that the program writes under a name of its own; the working directory is searched for it."""
    click.echo(err=True)
    question = "Which file does it write by itself? A name or pattern, as *.fits (Enter: what it prints is the result)"
    pattern = _ask(question, default="")
    name = "output"
    while name in taken:
        name += "_"
    return [Thing(name=name, kind=ThingKind.RESULT, default=pattern)] if pattern else []
