"""The usage line of a program's help: which arguments it takes, and which options it can't do without."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from provstore.uws.descriptions.drafts.option_heads import OptionHead, read_head

__all__ = ["Argument", "Usage", "read_usage"]

_USAGE: Final = re.compile(r"\s*usage\s*:?(?=\s|$)", re.IGNORECASE)
_TOKEN: Final = re.compile(
    r"\.\.\.|<[^<>]*>(?:\.\.\.)?|\{[^{}]*\}(?:\.\.\.)?|[\[(]|[\])](?:\.\.\.)?|\||[^\s\[\](){}<>|]+"
)
_NAME: Final = re.compile(r"[A-Za-z_][\w.:/ -]*\Z")
_OPTIONS: Final = re.compile(r"(?:options?|flags?|opts|args|arguments|switches)\Z", re.IGNORECASE)
_COMMANDS: Final = re.compile(r"(?:sub)?-?commands?\Z", re.IGNORECASE)
_VALUE: Final = re.compile(r"<.*>|[A-Z][A-Z0-9_.:-]*\Z|\{.*\}|[a-z]\w*\Z")
_CLUSTER: Final = re.compile(r"-[A-Za-z]{2,}\Z")
_SEVERAL: Final = "..."
_OPEN: Final = frozenset("[(")
_CLOSED: Final = frozenset("])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """Something that a program takes by its place; ``literal``: a word of its own that must stand there.

    ``value`` is the word for its type, where the help has one; ``text`` what it says of it.
    """

    name: str
    required: bool = True
    several: bool = False
    literal: bool = False
    choices: tuple[str, ...] = ()
    value: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """A usage line, from line ``first`` to before ``last`` of the text; (0, 0) if there is none."""

    first: int = 0
    last: int = 0
    arguments: tuple[Argument, ...] = ()
    options: tuple[tuple[OptionHead, bool], ...] = ()
    commands: tuple[str, ...] = ()

    @property
    def required(self) -> frozenset[str]:
        """The options that stand outside of all brackets."""
        return frozenset(flag for head, required in self.options if required for flag in head.flags)


def read_usage(lines: Sequence[str], *, command: Sequence[str] = ()) -> Usage:
    """Read the first usage line of a help text; it may go on in the lines below.

    Args:
        lines: The help.
        command: How the program was called: its name, and the sub-command of which this is the help.
    """
    first = next((number for number, line in enumerate(lines) if _USAGE.match(line)), None)
    if first is None:
        return Usage()
    start = _USAGE.match(lines[first])
    text = lines[first][start.end() if start else 0 :]
    last = first + 1
    if not text.strip() and last < len(lines):
        text, last = lines[last], last + 1
    column = len(lines[last - 1]) - len(text.lstrip())
    end = last
    while end < len(lines) and lines[end].startswith(" ") and not _is_table(lines[end], column):
        if end == last and _continues(lines[end], column, text):
            text, last = f"{text} {lines[end].strip()}", end + 1
        end += 1
    parts = _Parts(_values(lines[end:]))
    parts.read(list(_tokens(text, command)))
    return Usage(
        first=first,
        last=end,
        arguments=tuple(parts.arguments.values()),
        options=tuple(parts.options),
        commands=tuple(parts.commands),
    )


def _is_table(line: str, column: int) -> bool:
    """Tell whether a list of options starts here, right below the usage."""
    indent = len(line) - len(line.lstrip())
    return line.lstrip().startswith("-") and indent < max(column, 1) + 2 and bool(re.search(r"\S(?: {2,}|$)", line))


def _continues(line: str, column: int, text: str) -> bool:
    """Tell a wrapped line from a second way to use the program (``or: program ...``, or its name once more)."""
    stripped = line.strip()
    indent = len(line) - len(line.lstrip())
    same_program = stripped.split(maxsplit=1)[0] == next(iter(text.split()), "")
    return indent >= column and not same_program and not stripped.lower().startswith("or")


def _values(lines: Sequence[str]) -> dict[str, list[str]]:
    """Give the options that are explained below, each with the words of its value."""
    found: dict[str, list[str]] = {}
    for line in lines:
        head = read_head(line.lstrip()) if line.lstrip().startswith("-") else None
        for flag in head.flags + head.offs if head else ():
            found.setdefault(flag, _TOKEN.findall(head.value) if head else [])
    return found


def _tokens(text: str, command: Sequence[str]) -> Iterator[str]:
    """Split a usage line, without the name of the program and of its sub-command."""
    tokens = _TOKEN.findall(text)
    words = 3 if tokens[1:2] == ["-m"] and tokens[0].startswith("python") else 1
    while words < len(tokens) and re.search(r"\.\w{1,4}\Z", tokens[words]) and not tokens[words].startswith("-"):
        words += 1  # python tool.py, java -jar is not taken for one
    for word in command[1:]:
        words += tokens[words : words + 1] == [word]
    yield from tokens[words:]


@dataclass(slots=True)
class _Parts:
    """Collects what the tokens of a usage line say."""

    values: dict[str, list[str]]
    arguments: dict[str, Argument] = field(default_factory=dict)
    options: list[tuple[OptionHead, bool]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    def read(self, tokens: Sequence[str]) -> None:
        """Read all tokens; in brackets is what may be left out."""
        angles = any(token.startswith("<") for token in tokens)
        depth, number = 0, 0
        while number < len(tokens):
            token = tokens[number]
            depth += (token in _OPEN) - (token[0] in _CLOSED)
            following = tokens[number + 1] if number + 1 < len(tokens) else ""
            if token == _SEVERAL or token.endswith("]..."):
                self._last_is_several()
            elif token.startswith("-") and token.strip("-"):
                number += self._option(tokens[number:], required=depth == 0)
            elif token[0] not in "[]()|-":
                self._argument(token, following, optional=depth > 0, literal=angles)
            number += 1

    def _option(self, tokens: Sequence[str], *, required: bool) -> int:
        """Take an option; give how many more tokens are its value."""
        token, following = tokens[0], tokens[1] if len(tokens) > 1 else ""
        known = self.values.get(token.partition("=")[0])
        if known is None and _is_cluster(token) and not _VALUE.match(following):
            heads = (read_head(f"-{letter}") for letter in token[1:])
            self.options.extend((head, required) for head in heads if head)
            return 0
        words: Sequence[str] = () if "=" in token else known or ()
        if known is None and "=" not in token and _VALUE.match(following):
            words = [following]
        taken = len(words) if list(tokens[1 : 1 + len(words)]) == list(words) else min(1, len(words))
        head = read_head(" ".join(tokens[: 1 + taken]))
        if head:
            self.options.append((head, required))
        return taken

    def _argument(self, token: str, following: str, *, optional: bool, literal: bool) -> None:
        several = token.endswith("...")
        name = token.removesuffix("...").removesuffix(",").strip("<>")
        choices = tuple(name.strip("{}").split(",")) if name.startswith("{") else ()
        if choices:
            name = "choice"
        if not optional and (_COMMANDS.match(name) or (choices and following == _SEVERAL)):
            self.commands.extend(choices or ("COMMAND",))
        elif _NAME.match(name) and not _OPTIONS.match(name):
            self._add(name, token, optional=optional, several=several, literal=literal, choices=choices)

    def _add(
        self, name: str, token: str, *, optional: bool, several: bool, literal: bool, choices: tuple[str, ...]
    ) -> None:
        if name in self.arguments:  # as in: file [file ...]
            known = self.arguments[name]
            self.arguments[name] = Argument(name=name, required=known.required, several=True)
            return
        bare = literal and not token.startswith("<") and not token[0].isupper() and not several and not optional
        self.arguments[name] = Argument(
            name=name, required=not optional, several=several, literal=bare, choices=choices
        )

    def _last_is_several(self) -> None:
        if self.arguments:
            name, known = self.arguments.popitem()
            self.arguments[name] = Argument(
                name=name, required=known.required, several=True, literal=False, choices=known.choices
            )


def _is_cluster(token: str) -> bool:
    """Tell whether these are several options in one word, as ``-clmw``: they come in the order of the alphabet."""
    return bool(_CLUSTER.match(token)) and list(token[1:]) == sorted(token[1:], key=str.lower)
