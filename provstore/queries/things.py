"""Nodes as answers name them, and pages of what has an order of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

from provstore.errors import Invalid
from provstore.graph.model import Label, Node, NodeId
from provstore.graph.titles import title
from provstore.queries.answers import key_after, write_key

__all__ = [
    "Counted",
    "Cut",
    "Thing",
    "by_number",
    "cut",
    "duration_of",
    "instant_in",
    "is_program",
    "text_in",
    "thing_of",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A node by its id, its classes and what people call it."""

    id: NodeId
    class_: tuple[Label, ...]
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many there are of something."""

    name: str
    count: int


class Cut(NamedTuple, Generic[T]):
    """A page: what is on it, and the ``after`` of the following one, None at the end."""

    items: tuple[T, ...]
    next: str | None


def thing_of(node: Node) -> Thing:
    """Name a node."""
    return Thing(id=node.id, class_=tuple(sorted(node.labels)), label=title(node))


def cut(found: Iterable[T], key: Callable[[T], tuple[str, str]], *, limit: int, after: str | None) -> Cut[T]:
    """Cut a page out of all that was found, in the order of the keys.

    Raises:
        Invalid: ``after`` is none of ours, or ``limit`` is below 1.
    """
    if limit < 1:
        raise Invalid(f"limit={limit}: 1 or more is needed", field="limit", value=str(limit))
    ordered = sorted(found, key=key)
    if after is not None:
        begin = key_after(after)
        ordered = [one for one in ordered if key(one) > begin]
    items = tuple(ordered[:limit])
    return Cut(items, write_key(key(items[-1])) if len(ordered) > limit else None)


def by_number(number: int, name: str) -> tuple[str, str]:
    """Make a key that sorts by a number, then by a name."""
    return f"{number:012d}", name


def text_in(node: Node, name: str) -> str:
    """Give a property as text, "" where it is absent."""
    return str(node.properties.get(name, ""))


def instant_in(node: Node, name: str) -> datetime | None:
    """Give a property that is an instant."""
    found = node.properties.get(name)
    return found if isinstance(found, datetime) else None


def duration_of(node: Node) -> timedelta | None:
    """Give how long an activity took, None where its start or end is not known."""
    started_at, ended_at = instant_in(node, "started_at"), instant_in(node, "ended_at")
    return ended_at - started_at if started_at is not None and ended_at is not None else None


def is_program(agent: Node) -> bool:
    """Tell whether an agent is software."""
    types = (text_in(agent, "type"), *(one.lexical for one in agent.attributes))
    return any("SoftwareAgent" in one for one in types)
