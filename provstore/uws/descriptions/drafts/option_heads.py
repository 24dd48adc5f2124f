"""How a program's help writes an option before it explains it: ``-o FILE, --output=FILE``, ``--shout / --no-shout``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

__all__ = ["OptionHead", "read_head"]

_FLAG: Final = re.compile(r"--?[A-Za-z0-9?@#](?:[\w-]|\.(?=\w))*")
_BETWEEN: Final = re.compile(r"\s*(?P<mark>[,|/]|or(?=\s))?\s*(?=-)")
_PLACE: Final = r"<[^<>]*>|\{[^{}]*\}|\[(?!=)[^\[\]]*\]"
_WORD: Final = r"[A-Z][A-Z0-9_]*(?:[.:|/,-][A-Z0-9_]+)*"
_TYPES: Final = r"INTEGER RANGE|FLOAT RANGE"
_AFTER_EQUALS: Final = re.compile(rf"\[[=:]?(?P<optional>[^\s\[\]]+)\]|[=:](?P<value>(?:{_PLACE}|[^\s,\[\]])[^\s,]*)")
_ATTACHED: Final = re.compile(r"(?P<value><[^<>]*>|\[[A-Z]+\])(?:\.\.\.)?")
_AFTER_BLANK: Final = re.compile(
    rf" (?P<value>(?:{_TYPES}|{_PLACE}|{_WORD}(?![a-z]))(?:\.\.\.)?(?: (?:{_PLACE}|{_WORD}(?![a-z])|\.\.\.))*)"
    r"(?=[\s,]|$)"
)
_LOWER: Final = re.compile(r" (?P<value>[a-zA-Z][\w.:|-]*(?=,|\s{2}|\s*$| : )|\w{1,8}(?: \w{1,8}){1,2}(?=\s{2,}\S))")
_TYPE_COLUMN: Final = re.compile(
    rf"\s{{2,}}(?P<value>{_TYPES}|TEXT|INTEGER|FLOAT|BOOLEAN|PATH|FILE|FILENAME|DIRECTORY|\[[^\s\[\]]+\|[^\s\[\]]+\])"
    r"(?=\s{2}|$)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionHead:
    """An option as its help writes it.

    ``flags`` turn it on (all its spellings), ``offs`` off. ``value`` is the word for its value, "" for a mere flag;
    ``joined`` tells whether they are joined by ``=``. ``length`` is that of the text that was read.
    """

    flags: tuple[str, ...]
    offs: tuple[str, ...] = ()
    value: str = ""
    joined: bool = False
    optional: bool = False
    length: int = 0

    @property
    def flag(self) -> str:
        """The spelling that says most: the first with two dashes, else the longest."""
        long = [flag for flag in self.flags if flag.startswith("--")]
        return long[0] if long else max(self.flags, key=len)

    @property
    def several(self) -> bool:
        """Whether it takes more than one value."""
        return "..." in self.value or (" " in self.value and " RANGE" not in self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Value:
    text: str = ""
    joined: bool = False
    optional: bool = False
    end: int = 0


def read_head(text: str) -> OptionHead | None:
    """Read the flags, and the word for the value, at the start of a text; None if it starts with none."""
    spellings: list[tuple[str, _Value, bool]] = []
    position, off = 0, False
    while found := _FLAG.match(text, position):
        value = _value(text, found.end())
        spellings.append((found.group(), value, off))
        between = _BETWEEN.match(text, value.end)
        position = value.end
        if not between or not _FLAG.match(text, between.end()) or not _leads_on(between, text):
            break
        off = off or between.group() == " / "  # as click writes it; -h/--help are two spellings of one
        position = between.end()
    return _head(spellings, text, end=position) if spellings else None


def _leads_on(between: re.Match[str], text: str) -> bool:
    """Tell whether what follows is another spelling: only a mark, or blanks of a table, may stand between."""
    return bool(between["mark"]) or (between.group().isspace() and text[between.end() : between.end() + 1] == "-")


def _value(text: str, start: int) -> _Value:
    if found := _AFTER_EQUALS.match(text, start):
        optional = found["optional"]
        return _Value(text=optional or found["value"], joined=True, optional=bool(optional), end=found.end())
    for pattern in (_ATTACHED, _AFTER_BLANK, _LOWER):
        if found := pattern.match(text, start):
            return _Value(text=found["value"], end=found.end())
    return _Value(end=start)


def _head(spellings: list[tuple[str, _Value, bool]], text: str, *, end: int) -> OptionHead:
    names = [flag for flag, _value_, _off in spellings]
    offs = tuple(
        flag for flag, _value_, off in spellings if off or (flag.startswith("--no-") and f"--{flag[5:]}" in names)
    )
    twice = len(set(names)) != len(names)  # --check, --check=quiet: the words that it knows, not a value of one's own
    flags = tuple(dict.fromkeys(flag for flag in names if flag not in offs))
    if twice:
        bare = tuple(flag for flag, value, _off in spellings if not value.text)
        return OptionHead(flags=bare or flags, length=end)
    values = [value for _flag, value, _off in spellings if value.text]
    head = OptionHead(flags=flags, offs=() if values else offs, length=end)
    if values:
        value = values[-1]
        return replace(head, value=value.text, joined=value.joined, optional=value.optional)
    if column := _TYPE_COLUMN.match(text, end):
        return replace(head, value=column["value"], length=column.end())
    return head
