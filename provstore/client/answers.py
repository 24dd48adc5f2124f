"""Answers of questions: graphs, and pages of what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from provstore.client.html_tables import rows_table
from provstore.client.pictures import Picture
from provstore.errors import ProvstoreError

__all__ = [
    "Answer",
    "RemoteGraph",
    "RemoteNode",
    "RemotePage",
    "RemoteRelation",
    "RemoteText",
    "graph_of",
    "node_of",
    "page_of",
]

_NODE_COLUMNS: Final = ("class", "label", "distance", "id")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteNode:
    """A node of the graph, or a row of an answer that tells of one.

    ``distance``: steps from where the question starts. ``attributes``: as far as the answer tells them.
    ``facts``: all that the row holds, by the names of the API; ``node["name"]`` gives one of them.
    """

    id: str
    classes: tuple[str, ...]
    label: str
    time: str
    distance: int | None
    attributes: Mapping[str, Any]
    facts: Mapping[str, Any] = field(repr=False)

    def __getitem__(self, name: str) -> Any:
        return self.facts[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteRelation:
    """A relation, from the effect (``source``) to the cause (``target``), as PROV draws its arrows; "" for not told."""

    kind: str
    source: str
    target: str
    role: str
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteGraph:
    """A graph that answers a question: a notebook shows its picture, which the server draws then.

    ``truncated``: there was more than a limit allowed, the nearest part is here; ``restricted``: something that the
    caller may not see is left out. ``graph["nodes"]`` and the like give the answer as it came.
    """

    nodes: tuple[RemoteNode, ...]
    relations: tuple[RemoteRelation, ...]
    truncated: bool
    restricted: bool
    facts: Mapping[str, Any] = field(repr=False)
    picture: Callable[[], Picture] = field(repr=False)

    def __getitem__(self, name: str) -> Any:
        return self.facts[name]

    def node(self, node_id: str) -> RemoteNode | None:
        """Give the node of an id, whole or only its local part; None where it is not in the graph."""
        ends = (f"#{node_id}", f"/{node_id}")
        found = [one for one in self.nodes if one.id == node_id] or [one for one in self.nodes if one.id.endswith(ends)]
        return found[0] if found else None

    def _repr_html_(self) -> str:
        words = [f"{len(self.nodes):,} nodes, {len(self.relations):,} relations"]
        words += [word for word in ("truncated", "restricted") if getattr(self, word)]
        title = ", ".join(words)
        try:
            return f"<p>{title}</p>{self.picture()._repr_html_()}"
        except ProvstoreError:  # too large to draw, or the server is gone: what is here can still be shown
            rows = ((" ".join(one.classes), one.label, one.distance, one.id) for one in self.nodes)
            return rows_table(title, _NODE_COLUMNS, rows, total=len(self.nodes))


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotePage:
    """A page of an answer; a loop over it goes on through the pages that follow.

    ``next``: the key of the following page, None at the end. ``facts``: what the answer holds besides its items, as
    counts over everything.
    """

    items: tuple[RemoteNode, ...]
    next: str | None
    truncated: bool
    restricted: bool
    facts: Mapping[str, Any] = field(repr=False)
    ask: Callable[[str], RemotePage] = field(repr=False)

    def following(self) -> RemotePage | None:
        """Ask for the page after this one, None at the end.

        Raises:
            ProvstoreError: of the kind that the server's answer tells, with its message.
        """
        return None if self.next is None else self.ask(self.next)

    def __iter__(self) -> Iterator[RemoteNode]:
        page: RemotePage | None = self
        while page is not None:
            yield from page.items
            page = page.following()

    def __getitem__(self, name: str) -> Any:
        return self.facts[name]

    def _repr_html_(self) -> str:
        header = list(dict.fromkeys(name for one in self.items for name in one.facts if name != "attributes"))
        rows = ([_shown(one.facts.get(name)) for name in header] for one in self.items)
        more = ", and there are more pages" if self.next else ""
        return rows_table(f"{len(self.items):,} items{more}", header, rows, total=len(self.items))


@dataclass(frozen=True, slots=True)
class RemoteText:
    """An answer for people to read, in Markdown."""

    text: str

    def __str__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return self.text


Answer = RemoteGraph | RemotePage | RemoteText | dict[str, Any]
"""A graph, a list in pages, a text, or other facts."""


def graph_of(facts: Mapping[str, Any], picture: Callable[[], Picture]) -> RemoteGraph:
    """Read a graph; ``picture`` asks the server to draw it."""
    return RemoteGraph(
        nodes=tuple(node_of(one) for one in facts["nodes"]),
        relations=tuple(
            RemoteRelation(
                kind=one["kind"],
                source=one["source"],
                target=one["target"],
                role=one.get("role") or "",
                time=one.get("time") or "",
            )
            for one in facts["relations"]
        ),
        truncated=bool(facts.get("truncated")),
        restricted=bool(facts.get("restricted")),
        facts=facts,
        picture=picture,
    )


def page_of(facts: Mapping[str, Any], ask: Callable[[str], RemotePage]) -> RemotePage:
    """Read a page; ``ask`` gives the one that begins after a key."""
    return RemotePage(
        items=tuple(node_of(one) for one in facts["items"]),
        next=facts.get("next"),
        truncated=bool(facts.get("truncated")),
        restricted=bool(facts.get("restricted")),
        facts={name: value for name, value in facts.items() if name != "items"},
        ask=ask,
    )


def node_of(facts: Mapping[str, Any]) -> RemoteNode:
    """Read a node, or a row of an answer."""
    distance = facts.get("distance")
    return RemoteNode(
        id=str(facts.get("id") or ""),
        classes=tuple(facts.get("class") or ()),
        label=str(facts.get("label") or ""),
        time=str(facts.get("time") or ""),
        distance=distance if isinstance(distance, int) else None,
        attributes=facts.get("attributes") or {},
        facts=facts,
    )


def _shown(value: object) -> object:
    return " ".join(map(str, value)) if isinstance(value, list) else value
