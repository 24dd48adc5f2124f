"""What is to be replaced, as people write it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provstore.errors import Invalid
from provstore.graph.model import EVERYBODY, PUBLIC, Label, Node, NodeId
from provstore.graph.sqlite import open_sqlite
from provstore.graph.store import Create, GraphStore
from provstore.queries.replay import Replacement
from provstore.uws.replaying.asking import read_wanted

N = "urn:t#"
A, B = "http://example.org/?id=1", "http://example.org/?id=2"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    opened = open_sqlite(tmp_path / "graph.sqlite", namespace=N)
    entities = (NodeId(one) for one in (A, B, f"{A}={B}", f"{N}x"))
    opened.write([Create(Node(one, frozenset({Label.ENTITY}), readers=frozenset({PUBLIC}))) for one in entities])
    yield opened
    opened.close()


def pairs(store: GraphStore, *texts: str) -> tuple[Replacement, ...]:
    return read_wanted(store, EVERYBODY, replace=texts).replacements


def test_ids_may_hold_equal_signs(store: GraphStore) -> None:
    assert pairs(store, f"{A}={B}") == ((A, B),)
    assert pairs(store, "id:x=x") == ((f"{N}x", f"{N}x"),)


def test_what_can_be_read_in_several_ways_is_refused(store: GraphStore) -> None:
    store.write([Create(Node(NodeId(f"{B}={A}={B}"), frozenset({Label.ENTITY}), readers=frozenset({PUBLIC})))])
    with pytest.raises(Invalid, match="several ways"):
        pairs(store, f"{A}={B}={A}={B}")
    with pytest.raises(Invalid, match="nothing is known of one side"):
        pairs(store, f"{A}=y")


@pytest.mark.parametrize("text", ["x", "=x", "x="])
def test_two_ids_are_needed(store: GraphStore, text: str) -> None:
    with pytest.raises(Invalid, match="OLD=NEW is needed"):
        pairs(store, text)


def test_revisions_are_named_with_their_number_and_once_a_service(store: GraphStore) -> None:
    assert read_wanted(store, EVERYBODY, revisions=["a@1", " a@1 ", "b@2"]).by_service() == {"a": "a@1", "b": "b@2"}
    with pytest.raises(Invalid, match="SERVICE@REVISION is needed"):
        read_wanted(store, EVERYBODY, revisions=["a@"])
    with pytest.raises(Invalid, match="two revisions of a"):
        read_wanted(store, EVERYBODY, revisions=["a@1", "a@2"])
