"""Scripts and their differences as HTML: highlighted by Pygments, with classes that the style sheet colours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import BashLexer, PythonLexer

from provstore.uws.descriptions.checking.script_syntax import INVISIBLE

__all__ = ["DiffLine", "script_lines", "scripts_compared"]

_LEXERS: Final[dict[str, type[Lexer]]] = {"bash": BashLexer, "python": PythonLexer}
_LONGEST: Final = 200_000
"""Characters: what is longer is shown as it is, for a lexer takes its time."""

_HUNK: Final = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_KINDS: Final = {"+": "added", "-": "removed", " ": "same", "\\": "note"}


class DiffLine(NamedTuple):
    """A line of two compared scripts: its kind (added, removed, same, hunk, note), mark and number, highlighted."""

    kind: str
    mark: str
    number: str
    html: Markup


def script_lines(script: str, language: str) -> tuple[Markup, ...]:
    """Highlight a script, line by line; each line is HTML of its own, and hides nothing."""
    return tuple(map(Markup, map(_shown, _highlighted(script, language))))


def _highlighted(script: str, language: str) -> Iterator[Markup]:
    plain = script.split("\n")
    if plain[-1] == "":
        plain.pop()
    lexer = _LEXERS.get(language)
    if lexer is None or len(script) > _LONGEST or "\r" in script:
        return map(escape, plain)
    written = highlight(script, lexer(stripnl=False, ensurenl=True), HtmlFormatter(nowrap=True))
    lines = written.split("\n")[: len(plain)]
    return map(Markup, lines) if len(lines) == len(plain) else map(escape, plain)


def _shown(line: str) -> str:
    return INVISIBLE.sub(lambda found: f'<span class="invisible">U+{ord(found[0]):04X}</span>', line)


def scripts_compared(unified: str, *, old: Sequence[Markup], new: Sequence[Markup]) -> tuple[DiffLine, ...]:
    """Give the lines of a unified diff with the highlighted lines of both scripts in it."""
    return tuple(_compared(unified.split("\n")[2:-1], old, new)) if unified else ()


def _compared(lines: Sequence[str], old: Sequence[Markup], new: Sequence[Markup]) -> Iterator[DiffLine]:
    before = after = 0
    for line in lines:
        found = _HUNK.match(line)
        mark = line[:1]
        kind = "hunk" if found else _KINDS.get(mark, "note")
        if found:
            before, after = int(found[1]), int(found[2])
            yield DiffLine(kind, "", "", escape(line))
        elif kind == "note":
            yield DiffLine(kind, "", "", escape(line.lstrip("\\ ")))
        elif kind == "removed":
            yield DiffLine(kind, "\N{MINUS SIGN}", str(before), _at(old, before, line))
            before += 1
        else:
            yield DiffLine(kind, "+" if kind == "added" else "", str(after), _at(new, after, line))
            before, after = before + (kind == "same"), after + 1


def _at(lines: Sequence[Markup], number: int, line: str) -> Markup:
    return lines[number - 1] if 0 < number <= len(lines) else escape(line[1:])
