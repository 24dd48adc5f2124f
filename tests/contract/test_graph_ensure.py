"""What every store promises of Ensure."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from provstore.errors import Conflict, Invalid, NotFound
from provstore.graph.model import Kind, Label, Node, NodeId, Relation
from provstore.graph.store import Change, Condition, Create, Ensure, GraphStore, Op, Update, Upsert
from tests.contract.conftest import OpenStore
from tests.contract.graph_builders import (
    ANONYMOUS,
    EX,
    HIDDEN,
    NAMESPACE,
    PUBLIC_ONLY,
    activity,
    add,
    agent,
    attribute,
    bundle,
    entity,
    find_ids,
    job,
    nid,
    node,
    relation,
    said,
    said_of,
    thing,
    used,
    where,
)


def foreign(local: str) -> NodeId:
    return NodeId(EX + local)


def derived(source: str, target: str) -> Relation:
    """Make a derivation between two foreign things."""
    return Relation(f"{source}:{target}", Kind.WAS_DERIVED_FROM, foreign(source), foreign(target))


def test_a_missing_node_is_made_as_given(store: GraphStore) -> None:
    given = Node(
        foreign("e"), frozenset({Label.ENTITY}), {"name": "n", "note": "x"}, (attribute("k", "v"),), PUBLIC_ONLY
    )
    store.write([Ensure(given), Ensure(thing("plain")), Ensure(thing("nothing")._replace(labels=frozenset()))])
    assert store.get([given.id, foreign("plain")]) == (given, thing("plain"))
    (bare,) = store.get([foreign("nothing")])
    assert bare.labels == frozenset()
    assert find_ids(store, where(Label.ENTITY, ("name", Op.EQ, "n"))) == {given.id}


def test_of_an_existing_node_labels_and_readers_become_the_union(store: GraphStore) -> None:
    had = job("j", readers=HIDDEN, name="n", note="x")._replace(attributes=(attribute("k", "v"),))
    add(store, had)
    other = Node(
        had.id, frozenset({Label.ENTITY}), {"name": "m", "more": 1}, (attribute("k", "w"),), frozenset({"role:y"})
    )
    store.write([Ensure(other)])
    (now,) = store.get([had.id])
    assert now == had._replace(labels=had.labels | {Label.ENTITY}, readers=HIDDEN | {"role:y"})
    assert find_ids(store, Condition(label=Label.ENTITY)) == {"j"}
    store.write([Ensure(thing("x")._replace(id=had.id, labels=frozenset(), readers=frozenset()))])
    assert store.get([had.id]) == (now,)


def test_a_node_that_one_more_may_see_is_seen_by_him_too(store: GraphStore) -> None:
    store.write([Ensure(thing("e", readers=HIDDEN))])
    assert store.get([foreign("e")], ANONYMOUS) == ()
    store.write([Ensure(thing("e"))])
    assert store.get([foreign("e")], ANONYMOUS) == (thing("e", readers=HIDDEN | PUBLIC_ONLY),)
    store.write([Ensure(thing("e", readers=frozenset({"user:z"})))])
    (last,) = store.get([foreign("e")], ANONYMOUS)
    assert last.readers == HIDDEN | PUBLIC_ONLY | {"user:z"}


def test_changes_of_one_node_happen_in_their_order(store: GraphStore) -> None:
    store.write(
        [
            Ensure(thing("a")),
            Ensure(thing("a", Label.AGENT, readers=HIDDEN)),
            Create(entity("b", name="n")),
            Ensure(node("b", Label.COLLECTION, name="ignored")),
            Update(node=nid("b"), expected={"name": "n"}, put={"name": "m"}),
            Ensure(thing("c")),
            Upsert(thing("c", Label.AGENT, readers=HIDDEN)._replace(properties={"name": "o"})),
            Ensure(thing("c")._replace(labels=frozenset({Label.DATASET}), properties={"name": "p"})),
        ]
    )
    a, b, c = store.get([foreign("a"), nid("b"), foreign("c")])
    assert a == Node(foreign("a"), frozenset({Label.ENTITY, Label.AGENT}), readers=HIDDEN | PUBLIC_ONLY)
    assert b == node("b", Label.ENTITY, Label.COLLECTION, name="m")
    assert c.labels == {Label.ENTITY, Label.AGENT, Label.DATASET}
    assert (c.properties, c.readers) == ({"name": "o"}, HIDDEN | PUBLIC_ONLY)


def test_an_upsert_after_an_ensure_of_an_existing_node_adds_to_both(store: GraphStore) -> None:
    add(store, entity("e", name="n", readers=HIDDEN))
    store.write([Ensure(node("e", Label.DATASET, name="-")), Upsert(node("e", Label.COLLECTION, name="m"))])
    (now,) = store.get([nid("e")])
    assert now.labels == {Label.ENTITY, Label.DATASET, Label.COLLECTION}
    assert (now.properties, now.readers) == ({"name": "m"}, PUBLIC_ONLY)
    store.write(
        [
            Update(node=nid("e"), expected={"name": "m"}, put={"name": "k"}),
            Ensure(thing("e")._replace(id=nid("e"), readers=HIDDEN)),
        ]
    )
    (now,) = store.get([nid("e")])
    assert (now.properties, now.readers) == ({"name": "k"}, PUBLIC_ONLY | HIDDEN)


def test_a_node_that_was_ensured_can_not_be_created(store: GraphStore) -> None:
    with pytest.raises(Conflict):
        store.write([Ensure(thing("e")), Create(thing("e"))])
    assert store.get([foreign("e")]) == ()
    store.write([Create(thing("e")), Ensure(thing("e", Label.AGENT))])
    with pytest.raises(Conflict):
        store.write([Create(thing("e")), Ensure(thing("f"))])
    assert store.get([foreign("f")]) == ()
    assert find_ids(store, Condition(label=Label.AGENT)) == {foreign("e")}


def test_a_batch_that_ensures_is_whole_or_nothing(store: GraphStore) -> None:
    add(store, thing("e", readers=HIDDEN))
    for wrong in (
        Create(derived("e", "nowhere")),
        Create(used("x", "y")),
        Update(node=nid("nobody"), expected={}, put={"name": "x"}),
    ):
        with pytest.raises(NotFound):
            store.write([Ensure(thing("e", Label.AGENT)), Ensure(thing("f")), wrong])
    with pytest.raises(Invalid):
        store.write([Ensure(thing("e", Label.AGENT)), Ensure(thing("f")._replace(properties={"at": b"bytes"}))])  # type: ignore[dict-item]  # what is refused
    assert store.get([foreign("e"), foreign("f")]) == (thing("e", readers=HIDDEN),)


def test_relations_may_join_what_the_same_batch_ensures(store: GraphStore) -> None:
    add(store, thing("old"))
    store.write(
        [Create(derived("old", "new")), Ensure(thing("new")), Ensure(thing("old")), Create(derived("new", "old"))]
    )
    assert {one.key for one in store.scan().relations()} == {"old:new", "new:old"}
    labelled = relation(Kind.USED, "a", "e")
    with pytest.raises(Invalid):
        store.write([Ensure(activity("a")), Ensure(agent("e")), Create(labelled)])
    store.write([Ensure(activity("a")), Ensure(agent("e")), Ensure(entity("e")), Create(labelled)])
    assert "USED:a:e" in {one.key for one in store.scan().relations()}


def test_what_a_document_says_may_join_anything(store: GraphStore) -> None:
    spoken = said("b", 1, Relation("", Kind.USED, foreign("agent"), foreign("agent")))
    store.write([Create(bundle("b")), Ensure(thing("agent", Label.AGENT)), Create(spoken)])
    assert list(store.told(nid("b"))) == [spoken]


def test_a_large_batch_is_what_many_small_ones_are(open_store: OpenStore) -> None:
    store = open_store(NAMESPACE)
    changes: list[Change] = [Create(bundle("b"))]
    for number in range(2_500):
        one = thing(f"e{number % 2_000}", Label.ENTITY if number % 3 else Label.AGENT)
        changes += [Ensure(one), Create(said_of("b", number, one.id, attribute("k", str(number % 7), "int")))]
    store.write(changes)
    assert len(list(store.told(nid("b")))) == 2_500
    assert len(find_ids(store, where(Label.AGENT, (f"{EX}k", Op.EQ, 3)))) == len(
        {number % 2_000 for number in range(2_500) if number % 7 == 3}
        & {number % 2_000 for number in range(2_500) if number % 3 == 0}
    )
    assert store.retract(nid("b")) == 2_500
    assert list(store.scan().nodes()) == []


def test_writers_that_ensure_one_new_node_at_the_same_time_all_succeed(store: GraphStore) -> None:
    names = [f"user:{letter}" for letter in "abcdefgh"]
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda one: store.write([Ensure(thing("e", readers=frozenset({one})))]), names))
    (made,) = store.get([foreign("e")])
    assert made.readers == set(names)
