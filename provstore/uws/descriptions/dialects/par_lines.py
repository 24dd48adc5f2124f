"""The lines of a parameter file of ftools, ctools or CIAO: ``name,type,mode,default,min,max,prompt``, as in IRAF."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from provstore.errors import TooLarge
from provstore.uws.descriptions.dialects.reading import Notes

__all__ = ["ParLine", "par_lines", "stated_name"]

_LINES_MAX: Final = 2_000
_LINE_MAX: Final = 1 << 14
_FIELD: Final = re.compile(
    r"""[ \t]*+(?:"(?P<double>(?:[^"\\]|""|\\.)*+)"|'(?P<single>(?:[^'\\]|''|\\.)*+)'|(?P<bare>(?!["'])[^,]*+))[ \t]*"""
)
_STATED: Final = re.compile(r"#\s*File:\s*(?P<name>[A-Za-z_][\w.-]*)\.par\b", re.IGNORECASE)
_MODES: Final = re.compile(r"(?:[ahqlAHQL]{1,5}|auto|hidden|query|learn)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParLine:
    """One parameter as the file has it; ``type`` and ``mode`` in lower case."""

    line: int
    name: str
    type: str
    mode: str
    default: str = ""
    min: str = ""
    max: str = ""
    prompt: str = ""


def par_lines(text: str, *, notes: Notes) -> tuple[ParLine, ...]:
    """Read all lines; empty ones and comments (``#``) say nothing.

    Raises:
        Invalid: a line is not of this form, or a name is given twice.
        TooLarge: there are too many of them, or one is too long.
    """
    found: dict[str, ParLine] = {}
    for number, raw in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if len(found) == _LINES_MAX or len(line) > _LINE_MAX:
            limits = f"{_LINES_MAX} parameters, each on a line of {_LINE_MAX} characters"
            raise TooLarge(f"{notes.source}:{number}: a parameter file has at most {limits}")
        read = _line(line, number=number, notes=notes)
        if read.name in found:
            raise notes.refuse(
                number, f"parameter {read.name!r} is given twice (before in line {found[read.name].line})"
            )
        found[read.name] = read
    if not found:
        raise notes.refuse(0, "no parameter; right is a line of name,type,mode,default,min,max,prompt for each")
    return tuple(found.values())


def stated_name(text: str) -> str:
    """Give the name of the program that the head of the file states (``# File: ctbin.par``); "" if none does."""
    found = _STATED.search(text)
    return found["name"] if found else ""


def _line(text: str, *, number: int, notes: Notes) -> ParLine:
    fields = list(_fields(text, number=number, notes=notes))
    if len(fields) < len(("name", "type", "mode")):
        raise notes.refuse(number, f"{text[:80]!r} is not name,type,mode,default,min,max,prompt")
    if len(fields) > 7:
        notes.add(number, f"{fields[0]} has {len(fields)} fields", "all behind the sixth are read as the prompt")
        fields = [*fields[:6], ",".join(fields[6:])]
    name, kind, mode, default, low, high, prompt = (*fields, *[""] * (7 - len(fields)))
    if not _MODES.match(mode):
        raise notes.refuse(number, f"mode {mode!r:.40} of {name} is none of a, h, q, l, hl, ql")
    name = notes.name(name, line=number, what="parameter")
    return ParLine(
        line=number,
        name=name,
        type=kind.lower(),
        mode=mode.lower(),
        default=default,
        min=low,
        max=high,
        prompt=prompt,
    )


def _fields(text: str, *, number: int, notes: Notes) -> Iterator[str]:
    """Split a line at the commas that stand outside quotes."""
    position = 0
    while position <= len(text):
        found = _FIELD.match(text, position)
        if found is None or text[found.end() : found.end() + 1] not in {"", ","}:
            raise notes.refuse(number, f"a quote is not closed, or not followed by a comma: {text[position:][:40]!r}")
        yield _unquoted(found)
        position = found.end() + 1


def _unquoted(found: re.Match[str]) -> str:
    if found["double"] is not None:
        return found["double"].replace('""', '"').replace('\\"', '"')
    if found["single"] is not None:
        return found["single"].replace("''", "'").replace("\\'", "'")
    return found["bare"].strip()
