"""What people wrote, shown on a terminal: scripts highlighted, and nothing that could play tricks with the screen."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import click
from pygments import highlight
from pygments.formatters import TerminalFormatter
from pygments.lexers import BashLexer, PythonLexer
from pygments.token import Comment, Keyword, Name, String, Token

from provstore.uws.descriptions.model import Description
from provstore.web.jdl.diffs import diff_text

__all__ = ["show_diff", "show_script", "table", "visible"]

_TRICKS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Characters that move the cursor, change colours, or turn the direction of text."""

_SCHEME: Final = {
    Token: ("", ""),
    Comment: ("cyan", "cyan"),
    Keyword: ("**", "**"),
    Name.Builtin: ("**", "**"),
    String: ("magenta", "magenta"),
}
"""Colours that are read on light and dark terminals alike."""

_HUNK: Final = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_COLOURS: Final = {"-": "red", "+": "green", "@": "cyan"}


def visible(text: str) -> str:
    """Spell out characters that a terminal would obey instead of showing them."""
    return _TRICKS.sub(lambda found: f"\\x{ord(found.group()):02x}" if found.group() < "\x80" else _escape(found), text)


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"


def show_script(description: Description) -> None:
    """Print a script, highlighted on a terminal; piped it is the script itself, to the byte."""
    if sys.stdout.isatty():
        click.echo("\n".join(_highlighted(description)))
    else:
        click.echo(description.script, nl=False)


def _highlighted(description: Description) -> list[str]:
    lexer = PythonLexer if description.script_language == "python" else BashLexer
    text = visible(description.script)
    return highlight(text, lexer(stripnl=False, ensurenl=False), TerminalFormatter(colorscheme=_SCHEME)).split("\n")


def show_diff(found: Mapping[str, Any], *, old: Description | None, new: Description) -> None:
    """Print the differences of two definitions; on a terminal in colours, the scripts highlighted."""
    text = visible(diff_text(found))
    if not sys.stdout.isatty():
        click.echo(text, nl=False)
        return
    script = visible(found["script"])
    head = text.removesuffix(f"{script.rstrip()}\n") if script else text
    for line in head.splitlines():
        click.secho(line, fg=_COLOURS.get(line[:1]))
    scripts = (_highlighted(old) if old else [], _highlighted(new))
    for line in _coloured(script.splitlines(), *scripts):
        click.echo(line)


def _coloured(diff: Sequence[str], old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Put the highlighted lines of the scripts in the place of the plain ones of their unified diff."""
    before = after = 0
    for line in diff:
        if hunk := _HUNK.match(line):
            before, after = int(hunk[1]) - 1, int(hunk[2]) - 1
        mark = line[:1]
        if hunk or (line.startswith(("--- ", "+++ ")) and not before + after):
            yield click.style(line, fg=_COLOURS.get(mark), bold=not hunk)
        elif mark == "-":
            yield click.style("- ", fg="red", bold=True) + _at(old, before, line)
            before += 1
        elif mark == "+":
            yield click.style("+ ", fg="green", bold=True) + _at(new, after, line)
            after += 1
        elif mark == " ":
            yield "  " + _at(new, after, line)
            before, after = before + 1, after + 1
        else:
            yield line


def _at(lines: Sequence[str], number: int, line: str) -> str:
    return lines[number] if 0 <= number < len(lines) else line[1:]


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print columns as wide as their longest text, the last one as it is."""
    shown = [tuple(visible(" ".join(text.split())) for text in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *shown, strict=True)]
    for row in (head, *shown):
        click.echo("  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip())
