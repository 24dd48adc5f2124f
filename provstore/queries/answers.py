"""What questions answer with; the web, the command line and Python show the same."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from provstore.errors import Invalid
from provstore.graph.model import Node, NodeId, format_instant

__all__ = ["Found", "Listing", "Rows", "Text", "key_after", "page_of", "time_of", "write_key"]

_TIMES = ("started_at", "created_at", "generated_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A node that a search found, with what documents tell of it.

    ``distance``: steps from the start of the question; ``witness``: a node because of which it is in the answer;
    ``attributes``: whether they were asked for.
    """

    node: Node
    distance: int | None = None
    witness: NodeId | None = None
    attributes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A page of nodes in a total order: by time, then by id.

    ``next``: to be given as ``after`` for the following page, None at the end. ``truncated``: there was more than may
    be looked at; ``restricted``: something the viewer may not see was left out on the way.
    """

    items: tuple[Found, ...]
    next: str | None = None
    truncated: bool = False
    restricted: bool = False


@runtime_checkable
class Rows(Protocol):
    """An answer that may be long: as a whole it holds one page, row by row (CSV, NDJSON) everything."""

    def whole(self) -> object:
        """Give a page with what is counted over all."""

    def rows(self) -> Iterator[object]:
        """Give every row as soon as it is known: instances of one dataclass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """An answer to be read by people, in Markdown."""

    text: str


def time_of(node: Node) -> str:
    """Give the time by which a node is sorted: when it started, was created or generated; "" for none."""
    times = (node.properties.get(name) for name in _TIMES)
    return next((format_instant(one) for one in times if isinstance(one, datetime)), "")


def page_of(found: Sequence[Found], *, limit: int, after: str | None, descending: bool = False) -> Listing:
    """Cut a page out of all that was found.

    Raises:
        Invalid: ``after`` is none of ours, or ``limit`` is below 1.
    """
    if limit < 1:
        raise Invalid(f"limit={limit}: 1 or more is needed", field="limit", value=str(limit))
    ordered = sorted(found, key=_key, reverse=descending)
    if after is not None:
        begin = key_after(after)
        is_later: Callable[[tuple[str, str]], bool] = begin.__gt__ if descending else begin.__lt__
        ordered = [one for one in ordered if is_later(_key(one))]
    items = tuple(ordered[:limit])
    more = len(ordered) > limit
    return Listing(items=items, next=write_key(_key(items[-1])) if more else None)


def _key(one: Found) -> tuple[str, str]:
    return time_of(one.node), one.node.id


def write_key(key: tuple[str, str]) -> str:
    """Write the key of a page, to be given as ``after``."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def key_after(text: str) -> tuple[str, str]:
    """Read the key of a page.

    Raises:
        Invalid: it is none of ours.
    """
    try:
        time, name = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, TypeError) as error:
        raise Invalid(f"after={text!r}: the `next` of the page before is needed", field="after", value=text) from error
    return str(time), str(name)
