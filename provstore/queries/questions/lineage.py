"""Where did it come from, and what came of it; with conditions on what to stop at and what to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from provstore.graph.model import NodeId, Subgraph, Viewer
from provstore.graph.store import GraphStore
from provstore.queries.asking import (
    Parameter,
    Question,
    choice,
    classes,
    flag,
    level,
    many_ids,
    number,
    tests,
)
from provstore.queries.conditions import CLASSES, Test
from provstore.queries.lineage import Attachments, Direction
from provstore.queries.lineage import Question as Way
from provstore.queries.tracing import Trace, trace

__all__ = ["QUESTION", "Lineage", "lineage"]

_LIMIT: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """The parameters of :data:`QUESTION`; ``depth`` None is all, ``descriptions`` 0 to 2."""

    id: tuple[NodeId, ...]
    direction: str = "up"
    depth: int | None = None
    stop: tuple[Test, ...] = ()
    stop_before: tuple[Test, ...] = ()
    where: tuple[Test, ...] = ()
    roots: bool = False
    class_: tuple[str, ...] = ()
    agents: bool = True
    configuration: bool = True
    descriptions: int = 1
    members: bool = False
    limit: int = _LIMIT


def lineage(store: GraphStore, viewer: Viewer, asked: Lineage) -> Subgraph:
    """Give the graph of what led to some nodes, or of what came of them.

    Raises:
        NotFound: none of the ids is known (or may be seen).
        Invalid: a condition can't be understood.
    """
    way = Way(
        ids=asked.id,
        direction=Direction(asked.direction),
        depth=asked.depth,
        limit=asked.limit,
        attachments=Attachments(
            agents=asked.agents, configuration=asked.configuration, descriptions=asked.descriptions
        ),
        into_members=asked.members,
    )
    traced = Trace(
        question=way,
        stop=asked.stop,
        stop_before=asked.stop_before,
        where=asked.where,
        roots=asked.roots,
        classes=asked.class_,
    )
    return trace(store, traced, viewer)


QUESTION: Final = Question(
    name="lineage",
    text="What led to some nodes, or came of them, over any number of jobs and documents.",
    of=Lineage,
    ask=lineage,
    parameters=(
        Parameter("id", many_ids, "a local part, a QName or a URI; it may be repeated", many=True, needed=True),
        Parameter("direction", choice(*Direction), "up to the causes, down to the effects, or both", default="up"),
        Parameter("depth", number(0, all_as_none=True), "number of relations from the nearest id", default="all"),
        Parameter("stop", tests, "walk no further than activities such as description:X; they are shown", many=True),
        Parameter("stop-before", tests, "walk no further than such activities, and leave them out", many=True),
        Parameter("where", tests, "keep such activities with what they used and made: activity.key>=3", many=True),
        Parameter("roots", flag, "only entities that nothing made and that were derived from nothing"),
        Parameter("class", classes, f"only these classes: {', '.join(CLASSES)}", many=True),
        Parameter("agents", flag, "people, organizations and software"),
        Parameter("configuration", flag, "parameters and configuration files"),
        Parameter("descriptions", level, "0 none, 1 of activities, 2 of everything"),
        Parameter("members", flag, "walk into the members of collections"),
        Parameter("limit", number(1), "at most so many nodes, the nearest first"),
    ),
)
