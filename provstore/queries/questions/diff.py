"""What differs between two runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from provstore.graph.model import NodeId, Viewer
from provstore.graph.store import GraphStore
from provstore.queries.asking import Parameter, Question, number, one_id
from provstore.queries.differences import Difference, differences
from provstore.queries.runs import read_run

__all__ = ["QUESTION", "Compared", "diff"]

_LIMIT: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The parameters of :data:`QUESTION`; ``depth`` None is all."""

    a: NodeId
    b: NodeId
    depth: int | None = None
    limit: int = _LIMIT


def diff(store: GraphStore, viewer: Viewer, asked: Compared) -> Difference:
    """Compare what led to two jobs (and what they made), or to two entities, by meaning.

    Raises:
        NotFound: one of them is not known (or may not be seen).
        TooLarge: one of the runs has more nodes than the limit.
    """
    runs = [read_run(store, one, viewer, depth=asked.depth, limit=asked.limit) for one in (asked.a, asked.b)]
    return differences(*runs)


QUESTION: Final = Question(
    name="diff",
    text="What differs between two runs, which may have steps of their own: jobs, or entities with what led to them.",
    of=Compared,
    ask=diff,
    parameters=(
        Parameter("a", one_id, "a job or an entity", needed=True),
        Parameter("b", one_id, "the one to compare it with", needed=True),
        Parameter("depth", number(0, all_as_none=True), "number of relations towards the causes", default="all"),
        Parameter("limit", number(1), f"runs with more nodes are refused [{_LIMIT}]"),
    ),
)
