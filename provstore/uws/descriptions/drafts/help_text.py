"""What a program says of itself with ``--help``, as facts: its options, its arguments, and its purpose.

Read are the manners of argparse, click (and typer), GNU getopt_long, docopt, and of programs that write their help by
hand: one option in a line, ``-x VALUE  what it does (default 3)``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from provstore.errors import Invalid
from provstore.uws.descriptions.drafts.option_heads import OptionHead, read_head
from provstore.uws.descriptions.drafts.usage_lines import Argument, Usage, read_usage

__all__ = ["Help", "Option", "read_help"]

_LONGEST: Final = 1 << 20
_CONTROLS: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|.\x08|[\x00-\x08\x0b-\x1f\x7f]")
_BOXES: Final = re.compile(r"[\u2500-\u257f]")
_STAR: Final = re.compile(r"^(\s*)\*(?=\s+\S)")
_HEADING: Final = re.compile(r"\s{0,4}\S.{0,60}:\s*$")
_GAP: Final = re.compile(r"\s{2,}")
_ABOUT_MAX: Final = 1000
_TYPE_FIRST: Final = re.compile(r"\*?(?P<type>TEXT|INTEGER|FLOAT|BOOLEAN|PATH|FILE|FILENAME|DIRECTORY)(?:\s{2,}|\Z)")
_NOT_ASKED: Final = re.compile(
    r"(?:show|print|display|output|give|get)s?\b.{0,20}\b(?:this|help|usage)\b.*|.*\bversion\b.*\bexits?\b.*"
    r"|(?:show|print|display|output)s? (?:\w+ )?version\b.*|this help\b.*|.*shell completion.*",
    re.IGNORECASE,
)
_NEVER_ASKED: Final = frozenset(
    {"--help", "--version", "--usage", "--manual", "--install-completion", "--show-completion"}
)
_EXITS: Final = re.compile(r"(?:this message|this help message) and exit", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option, and what the help says of it; ``required`` as far as the usage line tells."""

    head: OptionHead
    text: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """What a program says of itself.

    ``dashes`` tells whether a ``--`` ends its options, ``equals`` whether ``--option=value`` is understood;
    ``whole`` is the text itself.
    """

    about: str = ""
    options: tuple[Option, ...] = ()
    arguments: tuple[Argument, ...] = ()
    dashes: bool = False
    equals: bool = False
    whole: str = ""


def read_help(text: str, *, program: str) -> Help:
    """Read what a program printed; ``program`` is how it was called, with its sub-command.

    Raises:
        Invalid: nothing in it looks like an option or an argument, or the program only has sub-commands.
    """
    lines = _lines(text[:_LONGEST])
    usage = read_usage(lines, command=program.split())
    if usage.commands:
        listed = f" ({', '.join(usage.commands)})" if usage.commands != ("COMMAND",) else ""
        raise Invalid(f"{program} has sub-commands{listed}: give one too, as '{program} COMMAND'", value=program)
    body = lines[: usage.first] + [""] * (usage.last - usage.first) + lines[usage.last :]
    entries = _outermost(tuple(_entries(body, {argument.name.casefold() for argument in usage.arguments})))
    asked = {one.head.flags: one for one in map(_option, entries) if one is not None and not _is_about_itself(one)}
    options = tuple(_with_usage(one, usage) for one in asked.values()) or tuple(_of_usage(usage))
    arguments = tuple(_explained(argument, entries) for argument in usage.arguments)
    if not options and not arguments:
        raise Invalid(
            f"{program}: no usage and no options were recognised in {len(text)} characters of help; "
            "right are lines as 'usage: program [options] FILE' and '-x VALUE  what it does'",
            value=program,
        )
    return Help(
        about=_about(body, usage),
        options=options,
        arguments=arguments,
        dashes=any(flag.startswith("--") for entry in entries if entry.head for flag in entry.head.flags),
        whole=text[:_LONGEST],
        equals=bool(_EXITS.search(text)) or any(entry.head.joined for entry in entries if entry.head),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """An explained thing: an option (``head``) or an argument (``name``, without case)."""

    head: OptionHead | None
    name: str
    text: str
    indent: int


def _outermost(entries: tuple[_Entry, ...]) -> tuple[_Entry, ...]:
    """Leave out options at the left edge where others are indented: they stand in running text."""
    indented = tuple(entry for entry in entries if entry.indent)
    return indented or entries


def _explained(argument: Argument, entries: Sequence[_Entry]) -> Argument:
    text = next((entry.text for entry in entries if entry.name == argument.name.casefold()), "")
    found = _TYPE_FIRST.match(text)
    return replace(argument, text=text[found.end() :], value=found["type"]) if found else replace(argument, text=text)


def _lines(text: str) -> list[str]:
    plain = _BOXES.sub(" ", _CONTROLS.sub("", text.replace("\r\n", "\n").expandtabs(8)))
    return [_STAR.sub(r"\1 ", line).rstrip() for line in plain.split("\n")]


def _entries(lines: Sequence[str], names: set[str]) -> Iterator[_Entry]:
    """Give what is explained, each with its text, which may go on in lines below that are indented more."""
    number = 0
    while number < len(lines):
        line = lines[number]
        start = _start(line, names)
        number += 1
        if start is None:
            continue
        head, name, first, column = start
        told = [first] if first else []
        indent = _indent(line)
        while number < len(lines) and _goes_on(lines[number], indent, column if told else None, names):
            column = column if told else _indent(lines[number])
            told.append(lines[number].strip())
            number += 1
        yield _Entry(head=head, name=name, text=" ".join(told), indent=indent)


def _start(line: str, names: set[str]) -> tuple[OptionHead | None, str, str, int] | None:
    """Read the first line of an entry: its option or argument, its text, and the column in which that starts."""
    stripped = line.lstrip()
    if stripped.startswith("-"):
        head = read_head(stripped)
        if head is None:
            return None
        return head, "", *_text_of(line, _indent(line) + head.length)
    word = stripped.split(" ", 1)[0]
    name = word.strip("<>[]{}().:").casefold()
    if not line.startswith(" ") or name not in names:
        return None
    end = _indent(line) + len(word)
    rest = line[end:]
    if rest and not rest.startswith(("  ", ":")):
        return None
    return None, name, *_text_of(line, end)


def _text_of(line: str, end: int) -> tuple[str, int]:
    rest = line[end:]
    text = rest.lstrip(" ")
    column = len(line) - len(text)
    return re.sub(r"^(?::|-(?=\s)|=(?=\s))\s*", "", text), column


def _goes_on(line: str, indent: int, column: int | None, names: set[str]) -> bool:
    """Tell whether a line continues the text above it: it is indented more, up to where that text starts."""
    if not line.strip() or _indent(line) <= indent:
        return False
    if column is None or _indent(line) >= column:
        return True
    return _start(line, names) is None and _indent(line) >= min(column, indent + 4)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _option(entry: _Entry) -> Option | None:
    return Option(head=entry.head, text=entry.text) if entry.head else None


def _is_about_itself(option: Option) -> bool:
    """Tell whether an option only shows help, a version or the like."""
    return not _NEVER_ASKED.isdisjoint(option.head.flags) or bool(_NOT_ASKED.fullmatch(option.text))


def _with_usage(option: Option, usage: Usage) -> Option:
    return replace(option, required=not usage.required.isdisjoint(option.head.flags))


def _of_usage(usage: Usage) -> Iterator[Option]:
    """Give the options that only the usage line shows."""
    for head, required in usage.options:
        option = Option(head=head, required=required)
        if not _is_about_itself(option) and head.flags != ("-h",):
            yield option


def _about(lines: Sequence[str], usage: Usage) -> str:
    """Give the first paragraph that says what the program does: before the usage (docopt), else after it."""
    before = _paragraph(lines[: usage.first])
    return (before or _paragraph(lines[usage.last :]))[:_ABOUT_MAX]


def _paragraph(lines: Sequence[str]) -> str:
    found: list[str] = []
    for line in lines:
        text = line.strip()
        is_text = bool(text) and not text.startswith("-") and not _HEADING.fullmatch(line)
        if is_text and not _GAP.search(text.replace(".  ", ". ")):  # else it is a table
            found.append(text)
        elif found or text:
            break
    return _GAP.sub(" ", " ".join(found))
