"""Things of the graph as pages name them: what each is called, where its page is, what made it and for whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import quote

from provstore.graph.model import Label, Node, NodeId
from provstore.graph.titles import title, value
from provstore.queries.facts import Facts, Tie
from provstore.queries.things import instant_in, is_program, text_in
from provstore.queries.ways import is_stub
from provstore.uws.replaying.record import PLAN
from provstore.web.links import fact
from provstore.web.site import caller, site

__all__ = ["Named", "Row", "agent_called", "by_maker", "local_of", "named", "rows_of"]

_LONGEST: Final = 80
_KINDS: Final = (
    (Label.JOB, "activity", "job"),
    (Label.ACTIVITY, "activity", "activity"),
    (Label.BUNDLE, "collection", "document"),
    (Label.COLLECTION, "collection", "collection"),
    (Label.VALUE, "value", "value"),
    (Label.DATASET, "entity", "file"),
    (Label.ENTITY, "entity", "entity"),
    (Label.AGENT, "agent", "agent"),
    (Label.ACTIVITY_DESCRIPTION, "activity", "description"),
    (Label.CONFIG_FILE, "value", "configuration"),
    (Label.PARAMETER, "value", "parameter"),
)
"""Class -> kind of PROV, for the mark, and the word for it; the first that fits."""


class Named(NamedTuple):
    """A thing as a link: what it is called, the path of its page ("" for none), its id as people write it."""

    label: str
    path: str
    id: str
    phase: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A thing as a row of a table.

    ``kind`` is that of the mark, ``word`` what it is called; ``id`` the local part of one of ours, else the URI.
    ``maker``: what made it; of an activity itself is what ran. ``owner``: for whom, by name.
    """

    node: NodeId
    id: str
    label: str
    path: str
    kind: str
    word: str
    content_type: str
    size: int | None
    sha256: str
    at: datetime | None
    gone: bool
    maker: Named | None
    owner: str
    distance: int = 0


def named(node: Node) -> Named:
    """Name a node; of one that may not be seen only what it is."""
    if is_stub(node.id):
        return Named(f"{_kind(node)[1]} that is not yours to see", "", "")
    label = title(node)
    if Label.JOB in node.labels:
        label = text_in(node, "service") or label
    return Named(label, _path(node), local_of(node.id), text_in(node, "phase"))


def agent_called(text: str) -> str:
    """Give the id of the agent behind the name of an account, as far as the caller may know of it; else the text."""
    return (site().accounts.agent_of(text) if caller().name else "") or text


def local_of(node: str) -> str:
    """Give an id as people write it: the local part of one of ours, else the URI."""
    return node.removeprefix(site().store.namespace)


def _path(node: Node) -> str:
    local = quote(local_of(node.id), safe="")
    if Label.JOB in node.labels and "deleted" not in node.properties:
        return f"/jobs/{local}"
    if Label.BUNDLE in node.labels and "position" in node.properties:
        return f"/documents/{local}"
    if Label.ACTIVITY_DESCRIPTION in node.labels and "revision" in node.properties:
        return f"/definitions/{quote(text_in(node, 'name'))}@{text_in(node, 'revision')}"
    if PLAN in node.properties:
        return f"/replays/{local}"
    return f"/{'product' if Label.ENTITY in node.labels else 'graph'}?id={local}"


def rows_of(nodes: Sequence[Node]) -> list[Row]:
    """Give nodes as rows, in their order; what made them and for whom is asked of the store for all together."""
    store, viewer = site().store, caller().viewer
    facts = Facts(store, [node for node in nodes if not is_stub(node.id)], viewer)
    makers = {node.id: by_maker(facts.makers(node.id)) for node in nodes}
    ran = {tie.node.id: tie.node for tie in makers.values() if tie is not None}
    ran |= {node.id: node for node in facts.nodes.values() if Label.ACTIVITY in node.labels}
    owners = _owners(Facts(store, ran.values(), viewer))
    return [_row(facts.nodes.get(node.id, node), makers[node.id], owners) for node in nodes]


def by_maker(ties: Iterable[Tie]) -> Tie | None:
    """Give what made something: the job, rather than a step inside of it."""
    return min(ties, key=lambda tie: (Label.JOB not in tie.node.labels, tie.node.id), default=None)


def _owners(facts: Facts) -> dict[NodeId, str]:
    """Give for whom each activity ran: the owner of a job, of others the first person that had to do with it."""
    found: dict[NodeId, str] = {}
    for one, node in facts.nodes.items():
        people = sorted((tie.node for tie in facts.agents(one)), key=lambda each: (is_program(each), each.id))
        owner = text_in(node, "owner")
        known = site().accounts.name_of(owner) if owner else ""
        found[one] = known or (title(people[0]) if people else "")
    return found


def _row(node: Node, made: Tie | None, owners: dict[NodeId, str]) -> Row:
    (kind, word), link = _kind(node), named(node)
    size = fact(node, "size")
    times = (instant_in(node, name) for name in ("generated_at", "started_at", "created_at"))
    told_at = made.relation.time if made else None
    return Row(
        node=node.id,
        id=link.id,
        label=_label(node, link),
        path=link.path,
        kind=kind,
        word=word,
        content_type=fact(node, "content_type"),
        size=int(size) if size.isascii() and size.isdecimal() else None,
        sha256=text_in(node, "sha256"),
        at=next((at for at in times if at is not None), told_at),
        gone="invalidated_at" in node.properties,
        maker=named(made.node) if made else None,
        owner=owners.get(made.node.id if made else node.id, ""),
    )


def _label(node: Node, link: Named) -> str:
    """Give the name of a thing; of a value with what it is."""
    given = value(node) if Label.VALUE in node.labels else ""
    short = given if len(given) <= _LONGEST else f"{given[:_LONGEST]}…"
    return f"{link.label} = {short}" if given and given != link.label else link.label


def _kind(node: Node) -> tuple[str, str]:
    return next(((kind, word) for label, kind, word in _KINDS if label in node.labels), ("value", "thing"))
