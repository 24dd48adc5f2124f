"""Parts of the provenance of one activity: what it is, who is behind it, what went in, what came out, how it ran."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provstore.errors import NotFound
from provstore.graph.model import EVERYBODY, Kind, NodeId, Subgraph, Viewer
from provstore.graph.rules import Step
from provstore.graph.store import GraphStore, Walk
from provstore.queries.told import with_told

__all__ = ["PARTS", "part_of"]

PARTS: Final[Mapping[str, tuple[Step, ...]]] = {
    "info": (Step(Kind.IS_DESCRIBED_BY), Step(Kind.WAS_ATTRIBUTED_TO)),
    "who": (Step(Kind.WAS_ASSOCIATED_WITH), Step(Kind.ACTED_ON_BEHALF_OF)),
    "inputs": (Step(Kind.USED), Step(Kind.WAS_CONFIGURED_BY), Step(Kind.HAD_REFERENCE)),
    "outputs": (Step(Kind.WAS_GENERATED_BY, backwards=True),),
    "run": (
        Step(Kind.WAS_INFORMED_BY, expand=False),
        Step(Kind.WAS_INFORMED_BY, backwards=True, expand=False),
        Step(Kind.WAS_STARTED_BY, expand=False),
        Step(Kind.WAS_ENDED_BY, expand=False),
    ),
}
"""Name -> relations that are followed from the activity."""


def part_of(store: GraphStore, activity: NodeId, part: str, viewer: Viewer = EVERYBODY) -> Subgraph:
    """Give an activity with one part of what stands around it.

    Raises:
        NotFound: it is not known (or may not be seen).
    """
    answer = store.walk(Walk(starts=(activity,), steps=PARTS[part]), viewer)
    if not answer.reached:
        raise NotFound(f"nothing is known of {activity}", field="id", value=activity)
    return with_told(store, answer, viewer)
