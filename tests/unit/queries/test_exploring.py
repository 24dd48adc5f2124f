"""A part of the graph, and what lies next to it, as far as somebody may see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provstore.errors import NotFound
from provstore.graph.model import EVERYBODY, PUBLIC, Kind, Label, Node, NodeId, Relation, Viewer
from provstore.graph.sqlite import open_sqlite
from provstore.graph.store import Create, GraphStore
from provstore.queries.exploring import Exploration, Explored, Opened, Unseen, explore
from provstore.queries.lineage import Direction

N = "urn:t#"
SEEN = frozenset({PUBLIC})
MINE = frozenset({"user:x"})


def nid(local: str) -> NodeId:
    return NodeId(N + local)


def node(local: str, label: Label, *, readers: frozenset[str] = SEEN) -> Create:
    return Create(Node(nid(local), frozenset({label}), {"name": local}, readers=readers))


def edge(kind: Kind, source: str, target: str) -> Create:
    return Create(Relation(f"{kind} {source} {target}", kind, nid(source), nid(target)))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    """raw -> stacking -> stack -> plotting -> plot; a set holds raw; somebody's secret goes into plotting."""
    opened = open_sqlite(tmp_path / "graph.sqlite", namespace=N)
    opened.write(
        [
            *(node(one, Label.ENTITY) for one in ("raw", "flat", "stack", "plot")),
            node("set", Label.ENTITY),
            node("secret", Label.ENTITY, readers=MINE),
            *(node(one, Label.ACTIVITY) for one in ("stacking", "plotting")),
            node("maria", Label.AGENT),
            edge(Kind.HAD_MEMBER, "set", "raw"),
            edge(Kind.HAD_MEMBER, "set", "flat"),
            edge(Kind.USED, "stacking", "raw"),
            edge(Kind.WAS_GENERATED_BY, "stack", "stacking"),
            edge(Kind.USED, "plotting", "stack"),
            edge(Kind.USED, "plotting", "secret"),
            edge(Kind.WAS_GENERATED_BY, "plot", "plotting"),
            edge(Kind.WAS_ASSOCIATED_WITH, "stacking", "maria"),
        ]
    )
    yield opened
    opened.close()


def names(found: Explored) -> set[str]:
    return {one.id.removeprefix(N) for one in found.graph.nodes()}


def unseen(found: Explored) -> dict[str, Unseen]:
    return {one.removeprefix(N): told for one, told in found.unseen(found.stages).items()}


def test_what_is_near_is_there_with_its_people_and_what_is_next_to_it_is_counted(store: GraphStore) -> None:
    found = explore(store, Exploration(ids=(nid("stack"),), depth=1), EVERYBODY)
    assert names(found) == {"stacking", "stack", "plotting", "maria"}
    assert unseen(found) == {
        "stacking": Unseen(1, 0, causes=("raw",)),
        "plotting": Unseen(1, 1, causes=("secret",), effects=("plot",)),
    }
    assert set(found.stages.values()) == {0}


def test_what_may_not_be_seen_is_not_counted(store: GraphStore) -> None:
    found = explore(store, Exploration(ids=(nid("stack"),), depth=1), Viewer())
    assert unseen(found) == {
        "stacking": Unseen(1, 0, causes=("raw",)),
        "plotting": Unseen(0, 1, effects=("plot",)),
    }
    assert names(explore(store, Exploration(ids=(nid("plot"),), depth=None), Viewer())).isdisjoint({"secret"})


def test_what_was_opened_brings_its_neighbours_and_says_so(store: GraphStore) -> None:
    opened = (Opened(Direction.UP, nid("stacking")), Opened(Direction.DOWN, nid("plotting")))
    found = explore(store, Exploration(ids=(nid("stack"),), depth=1, opened=opened), Viewer())
    assert {one.removeprefix(N): stage for one, stage in found.stages.items() if stage} == {"raw": 1, "plot": 2}
    assert {edge.kind for edge in found.graph.edges if nid("raw") in (edge.source, edge.target)} == {Kind.USED}
    distances = {one.node.id.removeprefix(N): one.distance for one in found.graph.reached}
    assert (distances["raw"], distances["plot"]) == (2, 2)


def test_of_data_only_those_count_to_which_one_comes_through_their_makers(store: GraphStore) -> None:
    asked = Exploration(ids=(nid("stack"),), depth=0, stride=2, among=frozenset({Label.ENTITY}))
    assert unseen(explore(store, asked, Viewer())) == {"stack": Unseen(1, 1, causes=("raw",), effects=("plot",))}
    opened = replace(asked, opened=(Opened(Direction.DOWN, nid("stack")),))
    found = explore(store, opened, Viewer())
    assert names(found) >= {"stack", "plot"}, "what was counted comes"
    assert "plot" not in unseen(found)


def test_what_is_not_there_can_not_be_opened(store: GraphStore) -> None:
    asked = Exploration(ids=(nid("raw"),), depth=0, opened=(Opened(Direction.DOWN, nid("plotting")),))
    assert names(explore(store, asked, Viewer())) == {"raw"}


def test_a_collection_is_opened_to_what_it_holds(store: GraphStore) -> None:
    asked = Exploration(ids=(nid("set"),), depth=0, opened=(Opened(Direction.UP, nid("set")),))
    assert names(explore(store, asked, Viewer())) == {"set", "raw", "flat"}


def test_what_joins_the_outermost_is_told(store: GraphStore) -> None:
    found = explore(store, Exploration(ids=(nid("raw"), nid("stacking")), depth=0), Viewer())
    assert [edge.kind for edge in found.graph.edges if edge.kind is not Kind.WAS_ASSOCIATED_WITH] == [Kind.USED]


def test_nobody_explores_what_he_may_not_see(store: GraphStore) -> None:
    with pytest.raises(NotFound):
        explore(store, Exploration(ids=(nid("secret"),)), Viewer())
