"""A condition means the same in find, where, stop and hop: query languages and memory agree."""

from __future__ import annotations

import math

import pytest

from provstore.graph.model import Kind, Label, Node, Relation, Value
from provstore.graph.rules import Step
from provstore.graph.store import Find, GraphStore, Hop, Op
from tests.contract.graph_builders import add, agent, at, distances, entity, find_ids, having, lineage, relation, where

VALUES: dict[str, Value] = {
    "one": 1,
    "float": 1.0,
    "more": 1.5,
    "large": 2**63 - 1,
    "infinite": math.inf,
    "nan": math.nan,
    "true": True,
    "false": False,
    "text": "one two",
    "digit": "1",
    "empty": "",
    "astral": "\U0001d4b3",
}
QUESTIONS: list[tuple[Op, Value | tuple[Value, ...] | None]] = [
    (op, value)
    for op in (Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE)
    for value in (1, 1.5, 2**63, -math.inf, math.nan, "1", "", "\U0001d4b3")
]
QUESTIONS += [(op, value) for op in (Op.EQ, Op.NE) for value in (True, at(1))]
QUESTIONS += [
    (Op.IN, (1, "1", True)),
    (Op.IN, ("", 2.5, at(1))),
    (Op.IN, ()),
    (Op.CONTAINS, "e t"),
    (Op.CONTAINS, ""),
    (Op.CONTAINS, 1),
    (Op.ABSENT, None),
]


@pytest.fixture
def star(store: GraphStore) -> GraphStore:
    """One agent influenced by many entities, each with one value under three names; two with times; one without."""
    nodes = [having(entity(local), {"location": value, "note": value}) for local, value in VALUES.items()]
    nodes += [having(entity(f"t{minute}"), {"made_at": at(minute)}) for minute in (1, 2)]
    add(store, agent("root"), *map(_joined, nodes), *nodes)
    return store


def _joined(node: Node) -> Relation:
    local = node.id.rpartition("#")[2]
    return relation(Kind.WAS_INFLUENCED_BY, "root", local)


@pytest.mark.parametrize("name", ["location", "note", "made_at"])
def test_every_condition_means_the_same_everywhere(star: GraphStore, name: str) -> None:
    steps = (Step(Kind.WAS_INFLUENCED_BY),)
    back = Step(Kind.WAS_INFLUENCED_BY, backwards=True)
    for op, value in QUESTIONS:
        condition = where(Label.ENTITY, (name, op, value))
        found = find_ids(star, condition)
        walked = set(distances(star.walk(lineage("root", steps=steps, keep=(condition,))))) - {"root"}
        assert (op, value, walked) == (op, value, found)
        hop = Hop(step=steps[0], condition=condition)
        roots = star.find(Find(condition=where(Label.AGENT), hop=hop)).items
        assert len(roots) == bool(found)
        by_hop = Find(condition=condition, hop=Hop(step=back, condition=where(Label.AGENT)))
        assert len(star.find(by_hop).items) == len(found)
