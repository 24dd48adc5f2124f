"""By which methods something was made: descriptions with version, documentation and the hash of the script."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from provstore.graph.model import Label, Node, NodeId, Viewer
from provstore.graph.store import GraphStore
from provstore.graph.titles import local_part, title
from provstore.queries.asking import Question
from provstore.queries.chains import PARAMETERS, Asked, Chain, read_chain
from provstore.queries.facts import revisions_of
from provstore.queries.things import by_number, cut, text_in

__all__ = ["QUESTION", "Method", "Methods", "methods"]

_WALKED_MOST: Final = 10_000
_SHOWN: Final = 100
_DOCUMENTS: Final = frozenset({"docurl", "doculink", "documentation"})
_VERSIONS: Final = frozenset({"version", "softwareversion"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A description, and the activities that it describes; ``described`` is false for an activity without one.

    ``activities``: the nearest hundred; ``count``: all of them.
    """

    id: NodeId
    label: str
    described: bool
    revision: str
    version: str
    docurl: str
    description: str
    script_sha256: str
    container: str
    distance: int
    count: int
    activities: tuple[NodeId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Methods:
    """A page of methods: the nearest first, then by id."""

    items: tuple[Method, ...]
    next: str | None
    truncated: bool
    restricted: bool


def methods(store: GraphStore, viewer: Viewer, asked: Asked) -> Methods:
    """Give the methods by which some nodes were made.

    Raises:
        NotFound: one of the nodes is not known (or may not be seen).
    """
    chain = read_chain(store, asked.id, viewer, depth=asked.depth, limit=_WALKED_MOST)
    described: defaultdict[NodeId, list[NodeId]] = defaultdict(list)
    nodes: dict[NodeId, Node] = {}
    for activity in chain.activities():
        for node in chain.facts.descriptions(activity.id) or (activity,):
            described[node.id].append(activity.id)
            nodes[node.id] = node
    found = [_method(chain, nodes[each], activities) for each, activities in described.items()]
    page = cut(found, _key, limit=asked.limit, after=asked.after)
    return Methods(
        items=page.items,
        next=page.next,
        truncated=chain.graph.truncated,
        restricted=chain.graph.restricted,
    )


def _method(chain: Chain, node: Node, activities: Sequence[NodeId]) -> Method:
    nearest = sorted(activities, key=lambda each: (chain.distance[each], each))
    revision = text_in(node, "revision")
    told = [each for each in revisions_of(node) if each != revision]
    return Method(
        id=node.id,
        label=title(node),
        described=Label.ACTIVITY not in node.labels,
        revision=f"{title(node)}@{revision}" if revision else "",
        version=next(iter(told), "") or _told(node, _VERSIONS),
        docurl=text_in(node, "docurl") or _told(node, _DOCUMENTS),
        description=text_in(node, "description") or _told(node, frozenset({"description"})),
        script_sha256=text_in(node, "script_sha256"),
        container=text_in(node, "container"),
        distance=chain.distance[nearest[0]],
        count=len(nearest),
        activities=tuple(nearest[:_SHOWN]),
    )


def _told(node: Node, names: frozenset[str]) -> str:
    return next((each.lexical for each in node.attributes if local_part(each.key).lower() in names), "")


def _key(found: Method) -> tuple[str, str]:
    return by_number(found.distance, found.id)


QUESTION: Final = Question(
    name="methods",
    text="By which methods something was made: descriptions with version, documentation and hash of the script.",
    of=Asked,
    ask=methods,
    parameters=PARAMETERS,
)
