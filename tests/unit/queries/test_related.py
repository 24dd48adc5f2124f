"""What stands next to a thing, on a graph of a few words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from provstore.graph.model import EVERYBODY, PUBLIC, Kind, Label, Node, NodeId, Relation, Viewer
from provstore.graph.sqlite import open_sqlite
from provstore.graph.store import Create, GraphStore
from provstore.queries.related import Neighbours, Tie, related

N = "urn:t#"
SEEN = frozenset({PUBLIC})


def nid(local: str) -> NodeId:
    return NodeId(N + local)


def node(local: str, label: Label, *, readers: frozenset[str] = SEEN) -> Create:
    return Create(Node(nid(local), frozenset({label}), {"name": local}, readers=readers))


def edge(key: str, kind: Kind, source: str, target: str) -> Create:
    return Create(Relation(key, kind, nid(source), nid(target)))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    opened = open_sqlite(tmp_path / "graph.sqlite", namespace=N)
    opened.write(
        [
            *(node(one, Label.ENTITY) for one in ("raw", "flat", "stack", "log", "plot")),
            *(node(one, Label.ACTIVITY) for one in ("stacking", "plotting")),
            node("secret", Label.ENTITY, readers=frozenset({"user:x"})),
            edge("j.u2", Kind.USED, "stacking", "flat"),
            edge("j.u1", Kind.USED, "stacking", "raw"),
            edge("j.u3", Kind.USED, "stacking", "secret"),
            edge("j.g2", Kind.WAS_GENERATED_BY, "log", "stacking"),
            edge("j.g1", Kind.WAS_GENERATED_BY, "stack", "stacking"),
            edge("j.d1", Kind.WAS_DERIVED_FROM, "stack", "raw"),
            edge("k.u1", Kind.USED, "plotting", "stack"),
            edge("k.g1", Kind.WAS_GENERATED_BY, "plot", "plotting"),
            edge("k.d1", Kind.WAS_DERIVED_FROM, "plot", "stack"),
        ]
    )
    yield opened
    opened.close()


def ends(ties: Iterable[Tie]) -> list[str]:
    return [tie.node.id.removeprefix(N) for tie in ties]


def test_a_file_has_its_maker_what_that_used_and_made_and_what_was_derived(store: GraphStore) -> None:
    found, truncated = related(store, [nid("stack")], Viewer())
    one = found[nid("stack")]
    assert one.activity is not None
    assert (one.node.id, one.activity.id, truncated) == (nid("stack"), nid("stacking"), False)
    assert (ends(one.used), ends(one.made)) == (["raw", "flat"], ["stack", "log"])
    assert (ends(one.sources), ends(one.derived)) == (["raw"], ["plot"])
    assert [tie.relation.key for tie in one.used] == ["j.u1", "j.u2"]


def test_who_may_see_more_is_told_more(store: GraphStore) -> None:
    found, _ = related(store, [nid("stack")], EVERYBODY)
    assert ends(found[nid("stack")].used) == ["raw", "flat", "secret"]


def test_an_activity_has_what_it_used_and_made_itself(store: GraphStore) -> None:
    found, _ = related(store, [nid("plotting")], Viewer())
    one = found[nid("plotting")]
    assert one.activity == one.node
    assert (ends(one.used), ends(one.made), ends(one.derived)) == (["stack"], ["plot"], [])


def test_several_are_kept_apart_and_the_unknown_and_unseen_are_left_out(store: GraphStore) -> None:
    asked = [nid(one) for one in ("raw", "nothing", "plot", "secret")]
    found, _ = related(store, asked, Viewer())
    assert list(found) == [nid("raw"), nid("plot")]
    assert found[nid("raw")] == Neighbours(node=found[nid("raw")].node, derived=found[nid("raw")].derived)
    assert ends(found[nid("raw")].derived) == ["stack"]
    assert ends(found[nid("plot")].used) == ["stack"]


def test_nothing_asked_is_nothing_found(store: GraphStore) -> None:
    assert related(store, [], Viewer()) == ({}, False)
