"""A job with two inputs and two results, as its script's file is merged with it: for the tests of that."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from provstore.graph.model import Kind, Label, Node, NodeId, Relation
from provstore.graph.store import Upsert
from provstore.ingest.provjson_lenient import read_provjson
from provstore.uws.jobs import Job, JobId
from provstore.uws.phases import Phase
from provstore.uws.running.internal_provenance import tell
from provstore.uws.running.told.scene import UNQUALIFIED, Scene, Told, known_prefixes

__all__ = [
    "EX",
    "JOB",
    "N",
    "attributes_of",
    "ends",
    "new_nodes",
    "nid",
    "relations",
    "scene",
    "tell_of",
]

N: Final = "urn:t#"
EX: Final = "http://example.org/ns#"
READERS: Final = frozenset({"user:a1"})


def nid(local: str) -> NodeId:
    """Make an id of our namespace."""
    return NodeId(N + local)


JOB: Final = Job(
    id=JobId("j1"),
    node=nid("j1"),
    service="s",
    phase=Phase.EXECUTING,
    owner="a1",
    run_id="",
    created_at=datetime(2026, 3, 1, tzinfo=UTC),
    started_at=None,
    ended_at=None,
    quote_at=None,
    destruction_at=None,
    execution_duration=timedelta(0),
    revision="s@1",
    readers=READERS,
)

STORED: Final = (
    Node(nid("e9.open"), frozenset({Label.ENTITY, Label.DATASET})),
    Node(nid("j9"), frozenset({Label.ACTIVITY, Label.JOB})),
    Node(nid("a9"), frozenset({Label.AGENT})),
)
"""What the job's owner may see besides."""


def _look(ids: Sequence[NodeId]) -> Sequence[Node]:
    return [node for node in STORED if node.id in ids]


def scene() -> Scene:
    """A job that used ``raw`` (raw.fits) and a configuration file, and made ``stack`` (out.fits) and ``log``."""
    stack, log, raw, config = nid("e1.stack"), nid("e1.log"), nid("e0.raw"), nid("j1.config.file")
    made = {"out.fits": stack, "results/out.fits": stack, "log.txt": log}
    return Scene(
        job=JOB,
        namespace=N,
        results={"stack": stack, "log": log, **made},
        inputs={"raw": raw, "raw.fits": raw, "http://example.org/raw": raw, "config": config},
        files={**made, "raw.fits": raw, "work/raw.fits": raw},
        look=_look,
        labels={raw: frozenset({Label.ENTITY}), config: frozenset({Label.CONFIG_FILE})},
    )


def tell_of(document: dict[str, Any]) -> Told:
    """Merge a document whose prefix ``ex`` is declared."""
    whole = {"prefix": {"ex": EX}, **document}
    return tell(read_provjson(json.dumps(whole).encode(), unqualified=UNQUALIFIED, known=known_prefixes(N)), scene())


def new_nodes(told: Told) -> dict[str, Node]:
    """Nodes that are written, by local part."""
    nodes = [one.item for one in told.changes if isinstance(one, Upsert) and isinstance(one.item, Node)]
    return {node.id.removeprefix(N): node for node in nodes}


def relations(told: Told, kind: Kind | None = None) -> list[Relation]:
    """Relations that are written."""
    found = [one.item for one in told.changes if isinstance(one, Upsert) and isinstance(one.item, Relation)]
    return [one for one in found if kind in {None, one.kind}]


def ends(told: Told) -> list[tuple[str, str, str]]:
    """Kind and both ends of each relation."""
    return [(str(one.kind), one.source.removeprefix(N), one.target.removeprefix(N)) for one in relations(told)]


def attributes_of(node: Node) -> list[tuple[str, str]]:
    """Key, without the tests' namespace, and text of each attribute."""
    return [(one.key.removeprefix(EX), one.lexical) for one in node.attributes]
