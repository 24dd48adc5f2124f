"""The Markdown of our own accounts as HTML: headings, lists in lists, bold words, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from markupsafe import Markup, escape

__all__ = ["as_html"]

_LINE: Final = re.compile(r"(?P<indent> *)(?:(?P<bullet>-)|(?P<number>\d+)\.) (?P<text>.*)")
_HEADING: Final = re.compile(r"(#{1,3}) (.*)")
_BOLD: Final = re.compile(r"(?<!\\)\*\*(.+?)(?<!\\)\*\*")
_ESCAPED: Final = re.compile(r"\\([\\`*_\[\]<>#|])")
_LISTS: Final = {True: "ol", False: "ul"}


def as_html(text: str) -> Markup:
    """Write an account as HTML; whatever it says is text, and none of it becomes markup."""
    return Markup("\n").join(_lines(text))


def _lines(text: str) -> Iterator[Markup]:
    open_lists: list[tuple[int, str]] = []
    for line in text.splitlines():
        item, heading = _LINE.fullmatch(line), _HEADING.fullmatch(line)
        if item:
            yield from _item(open_lists, len(item["indent"]), _LISTS[item["number"] is not None], item["text"])
            continue
        if line.strip():
            yield from _closed(open_lists, -1)
        if heading:
            level = len(heading[1])
            yield Markup("<h{0}>{1}</h{0}>").format(level, _inline(heading[2]))
        elif line.strip():
            yield Markup("<p>{}</p>").format(_inline(line))
    yield from _closed(open_lists, -1)


def _item(open_lists: list[tuple[int, str]], indent: int, kind: str, text: str) -> Iterator[Markup]:
    """Begin an item: in the list of its depth, or in a new one inside of the item before."""
    yield from _closed(open_lists, indent)
    if open_lists and open_lists[-1][0] == indent:
        yield Markup("</li>")
    else:
        open_lists.append((indent, kind))
        yield Markup(f"<{kind}>")  # noqa: S704 - one of two words of this file
    yield Markup("<li>{}").format(_inline(text))


def _closed(open_lists: list[tuple[int, str]], indent: int) -> Iterator[Markup]:
    while open_lists and open_lists[-1][0] > indent:
        _, kind = open_lists.pop()
        yield Markup(f"</li></{kind}>")  # noqa: S704 - one of two words of this file


def _inline(text: str) -> Markup:
    """Give a line with its bold words; marks that are escaped are marks."""
    parts = _BOLD.split(text)
    told = [escape(_ESCAPED.sub(r"\1", part)) for part in parts]
    return Markup("").join(
        Markup("<strong>{}</strong>").format(one) if odd % 2 else one for odd, one in enumerate(told)
    )
