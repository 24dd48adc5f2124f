"""How the embedded store reads and writes with few statements, and is as exact as with many."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from provstore.errors import Conflict
from provstore.graph.model import Label, Value, Viewer
from provstore.graph.sqlite import SqliteStore, open_sqlite
from provstore.graph.store import Condition, Find, Order
from tests.contract.graph_builders import activity, add, entity, find_ids, having, job, nid, used


@pytest.mark.parametrize("value", [0.1 + 0.2, math.inf, 2**63 - 1, True, "a 'text', \"quoted\" \u2028 ☃", -1, None])
def test_a_field_comes_back_as_it_is_although_lists_are_read_as_json(store: SqliteStore, value: Value | None) -> None:
    put: dict[str, Value] = {} if value is None else {"run_id": value}
    add(store, job("j1", run_id="a"), having(job("j2"), put), job("j3", run_id="b"))
    question = Find(condition=Condition(label=Label.JOB), order=Order("run_id"), fields=("run_id",))
    found = {one.id: one.properties for one in store.find(question).items}
    assert found == {nid("j1"): {"run_id": "a"}, nid("j2"): put, nid("j3"): {"run_id": "b"}}
    assert type(found[nid("j2")].get("run_id")) is type(value)


def test_a_viewer_sees_at_once_what_another_process_wrote_for_readers_of_a_new_kind(
    path: Path, store: SqliteStore
) -> None:
    add(store, job("j1"))
    other = open_sqlite(path)
    ada = Viewer(readers=frozenset({"user:ada"}))
    assert (store.get([nid("j2")], ada), find_ids(store, Condition(label=Label.JOB), viewer=ada)) == ((), set())
    add(other, job("j2", readers=frozenset({"user:ada"})), job("j3", readers=frozenset({"user:bob"})))
    assert [one.id for one in store.get([nid("j2"), nid("j3")], ada)] == [nid("j2")]
    assert find_ids(store, Condition(label=Label.JOB), viewer=ada) == {"j2"}
    other.close()


def test_a_relation_that_exists_is_a_conflict_and_leaves_nothing(store: SqliteStore) -> None:
    add(store, entity("e"), activity("a"), used("a", "e"))
    with pytest.raises(Conflict, match="exists already"):
        add(store, entity("f"), used("a", "e"))
    assert store.get([nid("f")]) == ()
    add(store, entity("f"))
