"""The address of a view of the graph: what is shown, opened and filtered, so that a view can be sent to somebody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from flask import request

from provstore.errors import Invalid
from provstore.export.picture import Form
from provstore.export.views import View
from provstore.graph.model import Label, NodeId
from provstore.graph.statements import instant_of
from provstore.queries.exploring import SHOWN, Exploration, Opened
from provstore.queries.lineage import Direction
from provstore.queries.names import resolve_all
from provstore.web.forms import one_value, whole_number
from provstore.web.site import caller, site

__all__ = ["ALL", "DEPTH", "FEW", "MANY", "OUT", "Filters", "GraphAsked", "asked_ids", "read_asked"]

T = TypeVar("T", bound=str)

DEPTH: Final = 2
FEW: Final = 300
"""So many nodes are drawn."""
MANY: Final = 2_000
"""So many are drawn on request."""

OUT: Final = "out"
"""Way of what was taken out of a group: nothing new comes, one that is there stands for itself."""
ALL: Final = "all"
"""Way of a member of a group that is drawn with all its members."""

_BOTH: Final = ("a", "b")
_DEEPEST: Final = 100
_MOST_IDS: Final = 100
_MOST_OPENED: Final = 200
_PER_DRAWN: Final = 5
"""So many nodes are looked at for each that may be drawn: many of them may be one group."""

_DATA: Final = frozenset({Label.ENTITY})
_WAYS: Final = (Direction.UP, Direction.DOWN, OUT, ALL)

_A_DAY: Final = timedelta(days=1)
_LAST_DAY: Final = datetime.max.replace(tzinfo=UTC) - _A_DAY
"""After it no further day can be told."""
_DATE: Final = len("2026-01-31")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What is shown of what is there: of these kinds (none: all), of a service, of somebody, from when to when."""

    kinds: frozenset[Form] = frozenset()
    service: str = ""
    agent: str = ""
    since_at: datetime | None = None
    until_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphAsked:
    """A view, as its address tells it.

    ``steps``: what was done since, in that order: a way and a node. ``compared``: whether the two starts are to be
    compared.
    """

    exploration: Exploration
    view: View
    most: int
    filters: Filters
    steps: tuple[tuple[str, NodeId], ...]
    compared: bool = False

    def done(self, *ways: str) -> frozenset[NodeId]:
        """Give the nodes to which something was done."""
        return frozenset(one for way, one in self.steps if way in ways)


def asked_ids() -> tuple[str, ...]:
    """Give where the view begins; "a" and "b" are two that are compared."""
    both = [one_value(request.args, name) or "" for name in _BOTH]
    return tuple(both) if all(both) else tuple(one for one in request.args.getlist("id") if one.strip())


def read_asked(ids: Sequence[str]) -> GraphAsked:
    """Read the address of the present request.

    Raises:
        Invalid: something in it can't be read.
    """
    view = _word("view", View, View.FULL)
    depth = _depth(one_value(request.args, "depth"))
    stride = 2 if view is View.DATA else 1
    most = _limit(one_value(request.args, "limit"))
    opened = _opened(request.args.getlist("open"))
    if len(ids) > _MOST_IDS:
        raise Invalid(f"id is given {len(ids)} times: at most {_MOST_IDS} are shown in one picture", field="id")
    names = resolve_all(site().store, [*ids, *(name for _, name in opened)], caller().viewer)
    starts, others = names[: len(ids)], names[len(ids) :]
    steps = tuple(zip((way for way, _ in opened), others, strict=True))
    return GraphAsked(
        exploration=Exploration(
            ids=tuple(dict.fromkeys(starts)),
            direction=_word("direction", Direction, Direction.BOTH),
            depth=depth if depth is None else depth * stride,
            opened=tuple(Opened(Direction(way), one) for way, one in steps if way not in (OUT, ALL)),
            stride=stride,
            among=_DATA if view is View.DATA else SHOWN,
            limit=_PER_DRAWN * most,
        ),
        view=view,
        most=most,
        filters=_filters(),
        steps=steps,
        compared=all(one_value(request.args, name) for name in _BOTH) and len(set(starts)) > 1,
    )


def _limit(text: str | None) -> int:
    return min(whole_number(text, name="limit", least=1), MANY) if text else FEW


def _depth(text: str | None) -> int | None:
    if text and text.lower() == "all":
        return None
    return min(whole_number(text, name="depth", least=0), _DEEPEST) if text else DEPTH


def _word(name: str, kinds: type[T], default: T) -> T:
    text = (one_value(request.args, name) or default).lower()
    known = [str(one) for one in kinds]  # type: ignore[attr-defined]  # an enum of words
    if text not in known:
        raise Invalid(f"{name}={text!r}: one of {', '.join(known)} is needed", field=name, value=text)
    return kinds(text)


def _opened(given: Sequence[str]) -> list[tuple[str, str]]:
    """Read ``way:id``."""
    found = []
    for text in given[:_MOST_OPENED]:
        way, _, name = text.partition(":")
        if not name or way not in _WAYS:
            raise Invalid(f"open={text!r}: up:, down:, out: or all: and an id is needed", field="open", value=text)
        found.append((way, name))
    return found


def _filters() -> Filters:
    kinds = [one for text in request.args.getlist("kind") for one in text.split(",") if one]
    wrong = next((one for one in kinds if one not in set(Form)), None)
    if wrong is not None:
        raise Invalid(f"kind={wrong!r}: one of {', '.join(Form)} is needed", field="kind", value=wrong)
    until = one_value(request.args, "until") or ""
    until_at = _instant("until", until)
    return Filters(
        kinds=frozenset(Form(one) for one in kinds),
        service=one_value(request.args, "service") or "",
        agent=one_value(request.args, "agent") or "",
        since_at=_instant("since", one_value(request.args, "since") or ""),
        until_at=until_at + _A_DAY if until_at and until_at < _LAST_DAY and len(until) == _DATE else until_at,
    )


def _instant(name: str, text: str) -> datetime | None:
    if not text:
        return None
    found = instant_of(text) or instant_of(f"{text}T00:00:00")
    if found is None:
        raise Invalid(f"{name}={text!r}: a date such as 2026-01-31 is needed", field=name, value=text)
    return found
