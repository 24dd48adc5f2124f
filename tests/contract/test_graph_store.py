"""What every store promises of write, delete and get: the port's text, sentence by sentence."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from provstore.errors import Conflict, Invalid, NotFound, ProvstoreError
from provstore.graph.model import Attribute, Kind, Label, Node, Relation, Viewer
from provstore.graph.store import Change, Create, GraphStore, Update, Upsert
from tests.contract.conftest import OpenStore
from tests.contract.graph_builders import (
    ANONYMOUS,
    activity,
    add,
    agent,
    at,
    entity,
    generated,
    job,
    nid,
    node,
    relation,
    used,
)


def relations_of(store: GraphStore) -> list[Relation]:
    return sorted(store.scan().relations())


def one(store: GraphStore, local: str) -> Node:
    (found,) = store.get([nid(local)])
    return found


# --- batches ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (Create(entity("there")), Conflict),
        (Create(used("a", "nowhere")), NotFound),
        (Create(relation(Kind.USED, "e", "a")), Invalid),
        (Update(node=nid("nowhere"), expected={}, put={"phase": "RUN"}), NotFound),
        (Update(node=nid("there"), expected={"name": "other"}, put={"name": "new"}), Conflict),
        (Create(entity("huge", size=2**63)), Invalid),
        (Create(entity("half", name="\ud800")), Invalid),
        (Create(entity("zoneless", made_at=at(0).replace(tzinfo=None))), Invalid),
        (Create(entity("late", made=at(0))), Invalid),
    ],
    ids=["duplicate", "dangling", "ends", "missing", "expectation", "integer", "surrogate", "zone", "name of a time"],
)
def test_a_failing_change_leaves_nothing_of_its_batch(
    store: GraphStore, bad: Change, error: type[ProvstoreError]
) -> None:
    add(store, entity("there", name="old"))
    before = [Create(activity("a")), Create(entity("e")), Create(used("a", "e"))]
    with pytest.raises(error):
        store.write([*before, bad, Update(node=nid("there"), expected={}, put={"name": "changed"})])
    assert store.get([nid("a"), nid("e"), nid("there")]) == (entity("there", name="old"),)
    assert relations_of(store) == []


def test_an_empty_batch_changes_nothing(store: GraphStore) -> None:
    store.write([])
    assert list(store.scan().nodes()) == []


def test_changes_are_made_in_order(store: GraphStore) -> None:
    store.write(
        [
            Create(job("j", phase="PENDING")),
            Update(node=nid("j"), expected={"phase": "PENDING"}, put={"phase": "QUEUED"}),
            Update(node=nid("j"), expected={"phase": "QUEUED"}, put={"phase": "RUN"}),
        ]
    )
    assert one(store, "j").properties == {"phase": "RUN"}


def test_a_relation_may_stand_before_its_ends_in_the_batch(store: GraphStore) -> None:
    add(store, used("a", "e"), activity("a"), entity("e"))
    assert relations_of(store) == [used("a", "e")]


def test_a_large_batch_arrives_whole(store: GraphStore) -> None:
    count = 3000
    changes: list[Change] = [Create(activity(f"a{number}", rank=number)) for number in range(count)]
    changes += [Create(entity(f"e{number}")) for number in range(count)]
    changes += [Create(used(f"a{number}", f"e{number}")) for number in range(count)]
    store.write(changes)
    assert sum(1 for _ in store.scan().nodes()) == 2 * count
    assert sum(1 for _ in store.scan().relations()) == count


# --- create ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("item", [entity("e"), used("a", "x")], ids=["node", "relation"])
def test_creating_twice_is_a_conflict_in_two_batches(store: GraphStore, item: Node | Relation) -> None:
    add(store, activity("a"), entity("x"), item)
    with pytest.raises(Conflict):
        add(store, item)


@pytest.mark.parametrize("item", [entity("e"), used("a", "x")], ids=["node", "relation"])
def test_creating_twice_is_a_conflict_in_one_batch(store: GraphStore, item: Node | Relation) -> None:
    with pytest.raises(Conflict):
        add(store, activity("a"), entity("x"), item, item)
    assert list(store.scan().nodes()) == []


def test_a_conflict_does_not_overwrite(store: GraphStore) -> None:
    add(store, entity("e", name="first"))
    with pytest.raises(Conflict):
        add(store, entity("e", name="second"))
    assert one(store, "e") == entity("e", name="first")


def test_two_relations_may_join_the_same_pair(store: GraphStore) -> None:
    twice = [relation(Kind.USED, "a", "e", key=f"k{number}", role=f"role{number}") for number in (1, 2)]
    add(store, activity("a"), entity("e"), *twice)
    assert relations_of(store) == twice


def test_a_node_may_be_joined_to_itself(store: GraphStore) -> None:
    add(store, entity("e"), relation(Kind.WAS_DERIVED_FROM, "e", "e"))
    assert relations_of(store) == [relation(Kind.WAS_DERIVED_FROM, "e", "e")]


@pytest.mark.parametrize(("source", "target"), [("nowhere", "e"), ("a", "nowhere"), ("nowhere", "nowhere2")])
def test_a_relation_needs_both_its_ends(store: GraphStore, source: str, target: str) -> None:
    add(store, activity("a"), entity("e"))
    with pytest.raises(NotFound, match="nowhere"):
        add(store, used(source, target))


def test_forbidden_ends_are_refused_between_stored_nodes(store: GraphStore) -> None:
    add(store, entity("e"), agent("p"))
    with pytest.raises(Invalid, match="WAS_GENERATED_BY"):
        add(store, relation(Kind.WAS_GENERATED_BY, "e", "p"))


def test_a_document_may_join_what_the_store_itself_may_not(store: GraphStore) -> None:
    said = relation(Kind.WAS_GENERATED_BY, "e", "p")._replace(bundle=nid("document"))
    add(store, entity("e"), agent("p"), node("document", Label.BUNDLE), said)
    assert relations_of(store) == [said]


# --- upsert ------------------------------------------------------------------------------------------------------


def test_upserting_something_new_adds_it(store: GraphStore) -> None:
    store.write([Upsert(activity("a")), Upsert(entity("e")), Upsert(used("a", "e"))])
    assert [found.id for found in store.get([nid("a"), nid("e")])] == [nid("a"), nid("e")]
    assert relations_of(store) == [used("a", "e")]


def test_upserting_a_node_unites_labels_and_properties_and_replaces_attributes_and_readers(store: GraphStore) -> None:
    old = Node(
        nid("e"),
        frozenset({Label.ENTITY}),
        {"name": "old", "location": "here", "size": 3},
        (Attribute("urn:k", "old"),),
        frozenset({"user:a"}),
    )
    new = Node(
        nid("e"), frozenset({Label.DATASET}), {"name": "new", "rank": 2}, (Attribute("urn:l", "new"),), frozenset({"x"})
    )
    store.write([Create(old)])
    store.write([Upsert(new)])
    assert one(store, "e") == Node(
        nid("e"),
        frozenset({Label.ENTITY, Label.DATASET}),
        {"name": "new", "location": "here", "size": 3, "rank": 2},
        (Attribute("urn:l", "new"),),
        frozenset({"x"}),
    )


def test_upserting_the_same_node_twice_in_a_batch_adds_up(store: GraphStore) -> None:
    store.write([Upsert(entity("e", name="a", size=1)), Upsert(entity("e", name="b", rank=2))])
    assert one(store, "e") == entity("e", name="b", size=1, rank=2)


def test_labels_added_by_an_upsert_are_found(store: GraphStore) -> None:
    add(store, entity("e"))
    store.write([Upsert(node("e", Label.ACTIVITY)), Create(entity("f")), Create(used("e", "f"))])
    assert one(store, "e").labels == {Label.ENTITY, Label.ACTIVITY}


def test_upserting_a_relation_replaces_all_but_its_ends(store: GraphStore) -> None:
    add(store, activity("a"), entity("e"))
    old = Relation("k", Kind.USED, nid("a"), nid("e"), "in", at(1), "urn:r", {"usage": "urn:u"}, (Attribute("k", "v"),))
    new = Relation("k", Kind.USED, nid("a"), nid("e"), "out", None, None, {}, (Attribute("k", "w"),))
    store.write([Create(old)])
    store.write([Upsert(new)])
    assert relations_of(store) == [new]


# --- update: compare and set -------------------------------------------------------------------------------------


def test_an_update_puts_and_removes_properties(store: GraphStore) -> None:
    add(store, job("j", phase="PENDING", run_id="r", note="n", size=1))
    store.write(
        [
            Update(
                node=nid("j"),
                expected={"phase": "PENDING"},
                put={"phase": "QUEUED", "run_id": None, "note": None, "started_at": at(3), "rank": 7},
            )
        ]
    )
    assert one(store, "j") == job("j", phase="QUEUED", size=1, started_at=at(3), rank=7)


def test_an_update_leaves_labels_attributes_and_readers(store: GraphStore) -> None:
    whole = Node(
        nid("j"),
        frozenset({Label.ACTIVITY, Label.JOB}),
        {"phase": "PENDING"},
        (Attribute("urn:k", "v", "urn:t", "en"),),
        frozenset({"user:a", "role:b"}),
    )
    store.write([Create(whole)])
    store.write([Update(node=nid("j"), expected={}, put={"phase": "RUN"})])
    assert one(store, "j") == whole._replace(properties={"phase": "RUN"})


@pytest.mark.parametrize(
    "expected",
    [
        {"phase": "PENDING"},
        {"phase": ("HELD", "PENDING")},
        {"nothing": None},
        {"phase": (None, "PENDING")},
        {"nothing": (None, "PENDING")},
        {"size": 4, "open": True, "made_at": at(1), "phase": "PENDING"},
        {},
    ],
)
def test_an_expectation_that_holds_lets_the_update_through(
    store: GraphStore, expected: dict[str, str | tuple[str | None, ...] | None]
) -> None:
    add(store, job("j", phase="PENDING", size=4, open=True, made_at=at(1)))
    store.write([Update(node=nid("j"), expected=expected, put={"phase": "RUN"})])
    assert one(store, "j").properties["phase"] == "RUN"


@pytest.mark.parametrize(
    "expected",
    [
        {"phase": "QUEUED"},
        {"phase": ("HELD", "QUEUED")},
        {"phase": None},
        {"phase": ()},
        {"nothing": ""},
        {"empty": None},
        {"open": 1},
        {"size": "4"},
        {"phase": "PENDING", "size": 5},
    ],
)
def test_an_expectation_that_fails_is_a_conflict(
    store: GraphStore, expected: dict[str, str | tuple[str | None, ...] | None]
) -> None:
    before = job("j", phase="PENDING", size=4, open=True, empty="")
    add(store, before)
    with pytest.raises(Conflict, match="j"):
        store.write([Update(node=nid("j"), expected=expected, put={"phase": "RUN"})])
    assert one(store, "j") == before


def test_of_eight_writers_exactly_one_wins_each_compare_and_set(store: GraphStore) -> None:
    rounds, writers = 5, 8
    add(store, *(job(f"j{number}", phase="PENDING") for number in range(rounds)))
    barrier = Barrier(writers)

    def take(writer: int) -> int:
        won = 0
        for number in range(rounds):
            barrier.wait()
            change = Update(node=nid(f"j{number}"), expected={"phase": "PENDING"}, put={"phase": f"W{writer}"})
            won += _succeeds(store, [change])
        return won

    with ThreadPoolExecutor(writers) as pool:
        assert sum(pool.map(take, range(writers))) == rounds


def _succeeds(store: GraphStore, changes: Sequence[Change]) -> bool:
    try:
        store.write(changes)
    except Conflict:
        return False
    return True


def test_a_failing_batch_fails_alone_among_concurrent_ones(store: GraphStore) -> None:
    add(store, entity("taken"))
    batches = [
        [Create(entity(f"e{number}")), Create(entity("taken" if number % 2 else f"f{number}"))] for number in range(12)
    ]
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda batch: _succeeds(store, batch), batches))
    assert done == [number % 2 == 0 for number in range(12)]
    assert {found.id for found in store.scan().nodes()} == {nid("taken")} | {
        nid(f"{letter}{number}") for number in range(0, 12, 2) for letter in "ef"
    }


# --- delete and get ----------------------------------------------------------------------------------------------


def test_delete_removes_the_nodes_and_what_touches_them(store: GraphStore) -> None:
    add(store, entity("e"), entity("f"), activity("a"), used("a", "e"), used("a", "f"), generated("e", "a"))
    assert store.delete([nid("e"), nid("nowhere"), nid("e")]) == 1
    assert {found.id for found in store.scan().nodes()} == {nid("a"), nid("f")}
    assert relations_of(store) == [used("a", "f")]


def test_deleting_nothing_deletes_nothing(store: GraphStore) -> None:
    add(store, entity("e"))
    assert store.delete([]) == 0
    assert store.delete([nid("nowhere")]) == 0
    assert store.get([nid("e")])


def test_what_was_deleted_can_be_created_again(store: GraphStore) -> None:
    add(store, activity("a"), entity("e", name="old"), used("a", "e"))
    store.delete([nid("e")])
    add(store, entity("e", size=1), used("a", "e"))
    assert one(store, "e") == entity("e", size=1)
    assert relations_of(store) == [used("a", "e")]


def test_get_gives_the_nodes_in_the_order_asked_for(store: GraphStore) -> None:
    add(store, entity("b"), entity("a"), entity("c"))
    wanted = [nid("c"), nid("nowhere"), nid("a"), nid("b")]
    assert [found.id for found in store.get(wanted)] == [nid("c"), nid("a"), nid("b")]
    assert store.get([]) == ()


def test_get_leaves_out_what_the_viewer_may_not_see(store: GraphStore) -> None:
    add(
        store,
        entity("open"),
        entity("mine", readers=frozenset({"user:me"})),
        entity("roles", readers=frozenset({"user:you", "role:r"})),
        entity("nobodys", readers=frozenset()),
    )
    ids = [nid(local) for local in ("open", "mine", "roles", "nobodys")]

    def seen(*readers: str) -> list[str]:
        return [found.id for found in store.get(ids, Viewer(readers=frozenset(readers)))]

    assert [found.id for found in store.get(ids)] == ids
    assert [found.id for found in store.get(ids, ANONYMOUS)] == [nid("open")]
    assert seen("public", "user:me") == [nid("open"), nid("mine")]
    assert seen("role:r") == [nid("roles")]
    assert seen() == []


# --- the store itself --------------------------------------------------------------------------------------------


def test_the_namespace_never_changes(open_store: OpenStore) -> None:
    first = open_store("").namespace
    assert first
    assert open_store("http://other.example/#").namespace == first
    assert open_store("").namespace == first


def test_what_was_written_is_there_when_the_store_is_opened_again(open_store: OpenStore) -> None:
    store = open_store("")
    add(store, activity("a", name="x"), entity("e"), used("a", "e"))
    store.close()
    again = open_store("")
    assert again.get([nid("a")]) == (activity("a", name="x"),)
    assert relations_of(again) == [used("a", "e")]


def test_closing_twice_does_nothing(store: GraphStore) -> None:
    store.close()
    store.close()
