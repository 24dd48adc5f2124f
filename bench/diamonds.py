"""Chains of diamonds, the hard case of a walk: 30 of them in a row are 91 nodes and 2^30 ways."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice
from statistics import median
from typing import Final

from provstore.graph.model import Kind, Label, Node, NodeId, Relation, Value, now
from provstore.graph.store import Change, Create, GraphStore

DIAMONDS: Final = 30
_ROUNDS: Final = 200
_READERS: Final = frozenset({"public"})


def diamonds(prefix: str) -> Iterator[Change]:
    """Make a chain of diamonds: its first entity has 2^30 ways up."""
    yield Create(_entity(f"{prefix}e0"))
    for number in range(DIAMONDS):
        yield Create(_entity(f"{prefix}e{number + 1}"))
        for side in "ab":
            activity = NodeId(f"urn:bench:{prefix}{side}{number}")
            properties: dict[str, Value] = {
                "name": "step",
                "service": "bench",
                "phase": "COMPLETED",
                "created_at": now(),
                "open": False,
            }
            yield Create(Node(activity, frozenset({Label.ACTIVITY, Label.JOB}), properties, readers=_READERS))
            yield Create(_relation(Kind.WAS_GENERATED_BY, f"urn:bench:{prefix}e{number}", activity))
            yield Create(_relation(Kind.USED, activity, f"urn:bench:{prefix}e{number + 1}"))


def _entity(local: str) -> Node:
    properties: dict[str, Value] = {
        "name": local,
        "sha256": local * 8,
        "location": f"file:///{local}",
        "size": 12,
        "made_at": now(),
    }
    return Node(NodeId(f"urn:bench:{local}"), frozenset({Label.ENTITY}), properties, readers=_READERS)


def _relation(kind: Kind, source: str, target: str) -> Relation:
    return Relation(f"{kind}|{source}|{target}", kind, NodeId(source), NodeId(target), role="file")


def load(store: GraphStore, *, chains: range) -> None:
    """Add chains of diamonds, some thousands of records in each batch."""
    changes = (change for chain in chains for change in diamonds(f"c{chain}-"))
    while batch := list(islice(changes, 10_000)):
        store.write(batch)


def typical(*actions: Callable[[], object]) -> list[float]:
    """Give each action's median time in milliseconds, warmed up; they take turns, so that both see the same machine."""
    times: list[list[float]] = [[] for _ in actions]
    for number in range(_ROUNDS + 50):
        for action, taken in zip(actions, times, strict=True):
            begin = time.perf_counter()
            action()
            if number >= 50:
                taken.append(time.perf_counter() - begin)
    return [median(taken) * 1000 for taken in times]
