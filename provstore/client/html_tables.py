"""Tables for notebooks: everything is a stranger's text and escaped, only addresses of the web become links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import islice
from typing import Final

__all__ = ["Link", "facts_table", "rows_table"]

_ROWS_MOST: Final = 50
_LONGEST: Final = 200
_LEFT: Final = ' style="text-align:left"'
_SCHEMES: Final = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class Link:
    """A text that leads to an address, if that is one of the web."""

    href: str
    text: str


def facts_table(title: str, facts: Mapping[str, object]) -> str:
    """Make a table of names and values; what is empty is left out."""
    shown = ((name, value) for name, value in facts.items() if value not in (None, ""))
    rows = "".join(f"<tr>{_tag('th', name)}{_tag('td', value)}</tr>" for name, value in shown)
    return f"<table><caption>{escape(title)}</caption><tbody>{rows}</tbody></table>"


def rows_table(title: str, header: Sequence[str], rows: Iterable[Sequence[object]], *, total: int) -> str:
    """Make a table with a header; of many rows the first."""
    head = "".join(_tag("th", name) for name in header)
    body = "".join(f"<tr>{''.join(_tag('td', one) for one in row)}</tr>" for row in islice(rows, _ROWS_MOST))
    more = f"<p>… and {total - _ROWS_MOST:,} more</p>" if total > _ROWS_MOST else ""
    table = f"<table><caption>{escape(title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return table + more


def _tag(name: str, value: object) -> str:
    return f"<{name}{_LEFT}>{_cell(value)}</{name}>"


def _cell(value: object) -> str:
    if isinstance(value, Link):
        text = escape(value.text)
        is_web = value.href.lower().startswith(_SCHEMES)
        return f'<a href="{escape(value.href)}" rel="noopener">{text}</a>' if is_web else text
    text = "" if value is None else str(value)
    return escape(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
