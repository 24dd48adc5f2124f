"""What every store promises of filters that test attributes: of nodes, and of what bundles say of them."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest

from provstore.errors import Invalid
from provstore.graph.literals import typed
from provstore.graph.matching import passes
from provstore.graph.model import EVERYBODY, PROV, Attribute, Kind, Label, Node, NodeId, Value, Viewer
from provstore.graph.rules import Step
from provstore.graph.store import Condition, Create, Ensure, Filter, Find, GraphStore, Hop, Op, Order, Upsert
from tests.contract.graph_builders import (
    ANONYMOUS,
    EX,
    HIDDEN,
    NAMESPACE,
    activity,
    add,
    agent,
    at,
    attribute,
    bundle,
    entity,
    generated,
    lineage,
    nid,
    relation,
    said_of,
    thing,
    used,
    where,
)

KEY = f"{EX}k"
LONG = "x" * 600
VALUES: dict[str, tuple[Attribute, ...]] = {
    "none": (),
    "int": (attribute("k", "7", "int"),),
    "double": (attribute("k", "7.0", "double"),),
    "decimal": (attribute("k", " 7.25 ", "decimal"),),
    "negative": (attribute("k", "-3", "integer"),),
    "large": (attribute("k", "9223372036854775808", "integer"),),
    "infinite": (attribute("k", "INF", "double"),),
    "nan": (attribute("k", "NaN", "double"),),
    "text": (attribute("k", "7"),),
    "words": (attribute("k", "one two", "string"),),
    "empty": (attribute("k", ""),),
    "quotes": (attribute("k", """it's "so" \\ 100% _ [x] * ? + - && || ! ( ) { } ^ ~ : /"""),),
    "controls": (attribute("k", "a\tb\nc\x1fd\x00e"),),
    "astral": (attribute("k", "\U0001d4b3 é"),),
    "capitals": (attribute("k", "ONE TWO"),),
    "true": (attribute("k", "true", "boolean"),),
    "false": (attribute("k", "0", "boolean"),),
    "noon": (attribute("k", "2026-01-01T12:00:00Z", "dateTime"),),
    "noon-in-paris": (attribute("k", "2026-01-01T13:00:00.000000+01:00", "dateTime"),),
    "micro": (attribute("k", "2026-01-01T12:00:00.000001Z", "dateTime"),),
    "noon-as-text": (attribute("k", "2026-01-01T12:00:00.000000Z"),),
    "no-instant": (attribute("k", "yesterday", "dateTime"),),
    "many": (attribute("k", "7", "int"), attribute("k", "one two"), attribute("k", "7"), attribute("k", "9", "int")),
    "twice": (attribute("k", "7", "int"), attribute("k", "7", "long"), attribute("k", "07.0", "double")),
    "other-key": (attribute("j", "7", "int"),),
    "long": (attribute("k", LONG),),
    "longer": (attribute("k", f"{LONG}\U0001d4b3y"),),
    "longest": (attribute("k", f"{LONG}{'z' * 40_000}"),),
}
_WANTED: tuple[Value, ...] = (
    *(7, 7.25, -3, 2**63, 8, math.nan, True, False, at(720), at(720.5)),
    *("7", "one two", "", "\U0001d4b3 é", "2026-01-01T12:00:00.000000Z", "yesterday", "NaN", "a\tb\nc\x1fd\x00e"),
    *("""it's "so" \\ 100% _ [x] * ? + - && || ! ( ) { } ^ ~ : /""", LONG, f"{LONG}\U0001d4b3y", f"{LONG}z", "x" * 500),
)
QUESTIONS: list[tuple[Op, Value | tuple[Value, ...] | None]] = [
    *((op, value) for op in (Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE) for value in _WANTED),
    *((Op.CONTAINS, value) for value in _WANTED),
    *((Op.CONTAINS, text) for text in ("e t", "E T", "%", "[x]", "\x1f", "\U0001d4b3", "xy", "zz", "x" * 550)),
    (Op.IN, ()),
    (Op.IN, (7, "one two", True, at(720), f"{LONG}\U0001d4b3y")),
    (Op.IN, ("a\tb\nc\x1fd\x00e", "", -3)),
    (Op.IN, ("half \ud800", 7)),
    (Op.EQ, "half \ud800"),
    (Op.EQ, f"{LONG}\U0001d4b3z"),
    (Op.ABSENT, None),
]


def having(local: str, *attributes: Attribute, readers: frozenset[str] = frozenset({"public"})) -> Node:
    """Make an Entity with attributes of its own."""
    return entity(local, readers=readers)._replace(attributes=attributes)


def found(store: GraphStore, *filters: Filter, viewer: Viewer = EVERYBODY, label: Label = Label.ENTITY) -> set[str]:
    """Give the local parts of what passes."""
    page = store.find(Find(condition=Condition(label=label, filters=filters), limit=10_000), viewer)
    return {one.id.removeprefix(NAMESPACE).removeprefix(EX) for one in page.items}


def slowly(attributes: Iterable[Attribute], question: Filter) -> bool:
    """Say it slowly: test the values one by one, each as if it were a property."""
    values = [typed(one) for one in attributes if one.key == question.property]
    label = frozenset({Label.ENTITY})
    denies = question.op in (Op.NE, Op.ABSENT)
    if question.op is Op.ABSENT:
        return not values
    condition = Condition(label=Label.ENTITY, filters=(Filter("v", question.op, question.value),))
    results = [passes(Node(nid("x"), label, {"v": value}), condition) for value in values]
    return all(results) if denies else any(results)


@pytest.mark.parametrize("by", ["node", "bundle"])
def test_every_comparison_is_that_of_typed_values(store: GraphStore, by: str) -> None:
    if by == "node":
        add(store, *(having(local, *attributes) for local, attributes in VALUES.items()))
    else:
        add(store, bundle("b"), *(thing(local) for local in VALUES))
        said = enumerate(VALUES.items())
        add(store, *(said_of("b", number, NodeId(EX + local), *has) for number, (local, has) in said))
    for op, value in QUESTIONS:
        question = Filter(KEY, op, value)
        expected = {local for local, attributes in VALUES.items() if slowly(attributes, question)}
        assert (op, value, found(store, question)) == (op, value, expected)


def test_several_filters_must_all_hold(store: GraphStore) -> None:
    add(
        store,
        having("both", attribute("a", "1", "int"), attribute("b", "x")),
        having("one", attribute("a", "1", "int"), attribute("b", "y")),
        having("other", attribute("a", "2", "int"), attribute("b", "x"))._replace(properties={"name": "n"}),
    )
    a, b = Filter(f"{EX}a", Op.GE, 1), Filter(f"{EX}b", Op.EQ, "x")
    assert found(store, a, b) == {"both", "other"}
    assert found(store, a, b, Filter("name", Op.EQ, "n")) == {"other"}
    assert found(store, a, Filter(f"{EX}b", Op.NE, "x")) == {"one"}
    assert found(store, a, label=Label.ACTIVITY) == set()


def test_two_ends_of_a_range_may_be_met_by_two_values(store: GraphStore) -> None:
    add(store, bundle("b"), thing("apart"), thing("between"), thing("outside"), thing("long"))
    values = {"apart": ("1", "100"), "between": ("55",), "outside": ("1", "2")}
    for number, (local, numbers) in enumerate(values.items()):
        for turn, text in enumerate(numbers):
            add(store, said_of("b", 10 * number + turn, NodeId(EX + local), attribute("k", text, "int")))
    add(store, said_of("b", 99, NodeId(f"{EX}long"), attribute("k", f"{LONG}a"), attribute("k", f"{LONG}z")))
    low, high = Filter(KEY, Op.GE, 50), Filter(KEY, Op.LT, 60)
    assert found(store, low, high) == found(store, high, low) == {"apart", "between"}
    assert found(store, Filter(KEY, Op.GT, f"{LONG}m"), Filter(KEY, Op.LT, f"{LONG}n")) == {"long"}
    assert found(store, low, Filter(KEY, Op.LT, "x")) == set()


def test_a_key_may_be_any_text_with_a_colon(store: GraphStore) -> None:
    keys = ["urn:x", ":", "http://e.org/a?b='c'\"d\"&`e`$.f[0]", "http://e.org/é\U0001d4b3", "k:" + "y" * 2000]
    add(store, *(having(f"e{number}", Attribute(key, "v")) for number, key in enumerate(keys)))
    for number, key in enumerate(keys):
        assert found(store, Filter(key, Op.EQ, "v")) == {f"e{number}"}
    assert found(store, Filter("un:known", Op.EQ, "v")) == set()
    assert len(found(store, Filter("un:known", Op.NE, "v"))) == len(keys)
    assert found(store, Filter("half:\ud800", Op.EQ, "v")) == set()


def test_many_values_may_be_asked_for(store: GraphStore) -> None:
    add(store, *(having(f"e{number}", attribute("k", f"v{number}")) for number in range(50)))
    wanted = tuple(f"v{number}" for number in range(40, 5_000))
    assert found(store, Filter(KEY, Op.IN, wanted)) == {f"e{number}" for number in range(40, 50)}


# --- what bundles say --------------------------------------------------------------------------------------------


def test_what_a_bundle_says_of_a_node_counts_as_what_the_node_says(store: GraphStore) -> None:
    own = having("own", attribute("k", "v"))
    add(store, bundle("b1"), bundle("b2"), thing("e"), own)
    add(store, said_of("b1", 1, NodeId(f"{EX}e"), attribute("k", "v")))
    add(store, said_of("b2", 1, NodeId(f"{EX}e"), attribute("k", "w")), said_of("b2", 2, own.id, attribute("k", "x")))
    assert found(store, Filter(KEY, Op.EQ, "v")) == {"e", "own"}
    assert found(store, Filter(KEY, Op.EQ, "w")) == {"e"}
    assert found(store, Filter(KEY, Op.EQ, "x")) == {"own"}
    assert found(store, Filter(KEY, Op.NE, "v")) == set()
    assert store.get([own.id]) == (own,)


def test_a_node_of_which_many_say_the_same_is_found_once(store: GraphStore) -> None:
    add(store, thing("e"), *(bundle(f"b{number}") for number in range(3)))
    spoken = [said_of(f"b{number}", number, NodeId(f"{EX}e"), attribute("k", "v")) for number in range(3)]
    add(store, *spoken, said_of("b1", 9, NodeId(f"{EX}e"), attribute("k", "v")))
    condition = where(Label.ENTITY, (KEY, Op.EQ, "v"))
    assert [one.id for one in store.find(Find(condition=condition)).items] == [f"{EX}e"]
    assert [one.count for one in store.aggregate(condition, ())] == [1]


def test_start_and_end_of_an_activity_are_instants(store: GraphStore) -> None:
    run, later = NodeId(f"{EX}run"), NodeId(f"{EX}later")
    add(store, bundle("b"), thing("run", Label.ACTIVITY), thing("later", Label.ACTIVITY))
    times = {"startTime": "2026-01-01T01:10:00+01:00", "endTime": "2026-01-01T00:20:00"}
    add(store, said_of("b", 1, run, kind="activity", **times), said_of("b", 2, later, kind="activity", startTime="?"))
    started, ended = f"{PROV}startTime", f"{PROV}endTime"
    activity = Label.ACTIVITY
    assert found(store, Filter(started, Op.EQ, at(10)), label=activity) == {"run"}
    assert found(store, Filter(started, Op.LT, at(11)), Filter(ended, Op.GE, at(20)), label=activity) == {"run"}
    assert found(store, Filter(ended, Op.ABSENT), label=activity) == {"later"}
    assert found(store, Filter(started, Op.GT, at(10)), label=activity) == set()


def test_attributes_of_relations_are_not_those_of_nodes(store: GraphStore) -> None:
    e = NodeId(f"{EX}e")
    add(store, bundle("b"), thing("e"), thing("a", Label.ACTIVITY))
    add(store, said_of("b", 1, e, attribute("k", "v"), kind="used", time="2026-01-01T00:00:00Z"))
    add(store, used("a", "e")._replace(source=NodeId(f"{EX}a"), target=e, attributes=(attribute("k", "v"),)))
    assert found(store, Filter(KEY, Op.EQ, "v")) == set()
    assert found(store, Filter(KEY, Op.ABSENT)) == {"e"}


def test_what_a_hidden_bundle_says_is_not_said(store: GraphStore) -> None:
    open_, secret = bundle("open"), bundle("secret", readers=HIDDEN)
    add(store, open_, secret, thing("e"), thing("h", readers=HIDDEN))
    for number, local in enumerate(("e", "h")):
        add(store, said_of("open", number, NodeId(EX + local), attribute("k", "v")))
        add(store, said_of("secret", number, NodeId(EX + local), attribute("k", "w")))
    member = Viewer(readers=HIDDEN | {"public"})
    assert found(store, Filter(KEY, Op.EQ, "v"), viewer=ANONYMOUS) == {"e"}
    assert found(store, Filter(KEY, Op.EQ, "w"), viewer=ANONYMOUS) == set()
    assert found(store, Filter(KEY, Op.NE, "w"), viewer=ANONYMOUS) == {"e"}
    assert found(store, Filter(KEY, Op.GT, "v"), viewer=ANONYMOUS) == set()
    assert found(store, Filter(KEY, Op.EQ, "w"), viewer=member) == found(store, Filter(KEY, Op.EQ, "w")) == {"e", "h"}
    assert found(store, Filter(KEY, Op.NE, "w"), viewer=member) == set()
    silent = where(Label.ENTITY, (KEY, Op.EQ, "w"))
    assert store.aggregate(silent, ("name",), ANONYMOUS) == ()


# --- changes -----------------------------------------------------------------------------------------------------


def test_an_upsert_of_a_node_replaces_its_attributes(store: GraphStore) -> None:
    add(store, bundle("b"), having("e", attribute("k", "old"), attribute("j", "x")))
    add(store, said_of("b", 1, nid("e"), attribute("k", "told")))
    store.write([Upsert(having("e", attribute("k", "new"))), Upsert(having("new", attribute("k", "new")))])
    assert found(store, Filter(KEY, Op.EQ, "new")) == {"e", "new"}
    assert found(store, Filter(KEY, Op.EQ, "old")) == found(store, Filter(f"{EX}j", Op.EQ, "x")) == set()
    assert found(store, Filter(KEY, Op.EQ, "told")) == {"e"}
    store.write([Upsert(entity("e", name="n"))])
    assert found(store, Filter(KEY, Op.EQ, "new")) == {"new"}


def test_the_last_of_several_changes_to_a_node_counts(store: GraphStore) -> None:
    first, last = having("e", attribute("k", "1")), having("e", attribute("k", "2"))
    store.write([Create(first), Ensure(having("e", attribute("k", "3"))), Upsert(last)])
    assert found(store, Filter(KEY, Op.IN, ("1", "2", "3"))) == {"e"}
    assert [found(store, Filter(KEY, Op.EQ, value)) for value in "123"] == [set(), {"e"}, set()]
    store.write([Upsert(first), Ensure(having("e", attribute("k", "3")))])
    assert [found(store, Filter(KEY, Op.EQ, value)) for value in "123"] == [{"e"}, set(), set()]


def test_an_upsert_of_what_a_bundle_says_replaces_it(store: GraphStore) -> None:
    e = NodeId(f"{EX}e")
    add(
        store, bundle("b"), thing("e"), said_of("b", 1, e, attribute("k", "v")), said_of("b", 2, e, attribute("k", "v"))
    )
    store.write([Upsert(said_of("b", 1, e, attribute("k", "w")))])
    assert found(store, Filter(KEY, Op.EQ, "v")) == found(store, Filter(KEY, Op.EQ, "w")) == {"e"}
    store.write([Upsert(said_of("b", 2, e, attribute("k", "v"), kind="used"))])
    assert found(store, Filter(KEY, Op.EQ, "v")) == set()
    store.write([Upsert(said_of("b", 3, e, attribute("k", "v"))), Upsert(said_of("b", 3, e, attribute("k", "u")))])
    assert [found(store, Filter(KEY, Op.EQ, value)) for value in "uvw"] == [{"e"}, set(), {"e"}]


def test_what_is_refused_leaves_no_attributes(store: GraphStore) -> None:
    add(store, entity("e"))
    with pytest.raises(Invalid):
        store.write(
            [Upsert(having("e", attribute("k", "v"))), Create(relation(Kind.USED, "e", "e")), Create(having("f"))]
        )
    assert found(store, Filter(KEY, Op.EQ, "v")) == set()


def test_deleted_nodes_and_bundles_leave_no_attributes(store: GraphStore) -> None:
    add(store, bundle("b"), thing("e"), having("own", attribute("k", "v")))
    add(store, said_of("b", 1, NodeId(f"{EX}e"), attribute("k", "v")), said_of("b", 2, nid("own"), attribute("k", "w")))
    store.delete([nid("own")])
    assert found(store, Filter(KEY, Op.EQ, "v")) == {"e"}
    add(store, entity("own"))
    assert found(store, Filter(KEY, Op.IN, ("v", "w"))) == {"e"}
    store.delete([nid("b")])
    assert found(store, Filter(KEY, Op.IN, ("v", "w"))) == set()


# --- with the other parts of a question --------------------------------------------------------------------------


@pytest.fixture
def shelf(store: GraphStore) -> GraphStore:
    """Thirty entities, ``e00`` made by ``a0`` and so on in threes; every one has a number, every other one a colour."""
    add(
        store,
        *(activity(f"a{number}")._replace(attributes=(attribute("n", str(number), "int"),)) for number in range(10)),
    )
    for number in range(30):
        colour = (attribute("colour", "red"),) if number % 2 else ()
        made = having(f"e{number:02}", attribute("n", str(number), "int"), *colour)
        properties: dict[str, Value] = {"size": 100 - number} if number % 3 else {}
        add(store, made._replace(properties=properties), generated(f"e{number:02}", f"a{number // 3}"))
    return store


@pytest.mark.parametrize("order", [None, Order("size"), Order("size", descending=True)])
def test_pages_of_what_is_found_by_attributes_are_in_order(shelf: GraphStore, order: Order | None) -> None:
    condition = where(Label.ENTITY, (f"{EX}n", Op.LT, 20), (f"{EX}colour", Op.EQ, "red"))
    whole = [one.id for one in shelf.find(Find(condition=condition, order=order, limit=100)).items]
    assert len(whole) == 10
    unfiltered = shelf.find(Find(condition=Condition(label=Label.ENTITY), order=order)).items
    assert whole == [one.id for one in unfiltered if one.id in whole]
    pages, after = [], None
    while True:
        page = shelf.find(Find(condition=condition, order=order, limit=3, after=after))
        pages += [one.id for one in page.items]
        if (after := page.next) is None:
            break
    assert pages == whole


def test_a_neighbour_may_be_found_by_its_attributes(shelf: GraphStore) -> None:
    made = Hop(step=Step(Kind.WAS_GENERATED_BY), condition=where(Label.ACTIVITY, (f"{EX}n", Op.IN, (2, 7))))
    page = shelf.find(Find(condition=Condition(label=Label.ENTITY), hop=made))
    assert [one.id for one in page.items] == [nid(f"e{number:02}") for number in (6, 7, 8, 21, 22, 23)]
    red = where(Label.ENTITY, (f"{EX}colour", Op.EQ, "red"))
    page = shelf.find(Find(condition=red, hop=made))
    assert [one.id for one in page.items] == [nid(f"e{number:02}") for number in (7, 21, 23)]
    makes = Hop(step=Step(Kind.WAS_GENERATED_BY, backwards=True), condition=red)
    few = where(Label.ACTIVITY, (f"{EX}n", Op.GE, 8))
    assert [one.id for one in shelf.find(Find(condition=few, hop=makes)).items] == [nid("a8"), nid("a9")]


def test_a_neighbour_is_not_found_by_what_a_hidden_bundle_says(store: GraphStore) -> None:
    e = NodeId(f"{EX}e")
    add(store, bundle("b", readers=HIDDEN), thing("e"), said_of("b", 1, e, attribute("k", "v")))
    add(store, agent("p"), relation(Kind.WAS_ATTRIBUTED_TO, "e", "p")._replace(source=e))
    step = Step(Kind.WAS_ATTRIBUTED_TO, backwards=True)
    question = Find(
        condition=Condition(label=Label.AGENT), hop=Hop(step=step, condition=where(Label.ENTITY, (KEY, Op.EQ, "v")))
    )
    assert [one.id for one in store.find(question).items] == [nid("p")]
    assert store.find(question, ANONYMOUS).items == ()


def test_nodes_found_by_attributes_are_counted_by_properties(shelf: GraphStore) -> None:
    condition = where(Label.ENTITY, (f"{EX}n", Op.GE, 27), (f"{EX}colour", Op.ABSENT, None))
    assert [one.count for one in shelf.aggregate(condition, ())] == [1]
    counts = {one.values: one.count for one in shelf.aggregate(where(Label.ENTITY, (f"{EX}n", Op.GE, 27)), ("size",))}
    assert counts == {(None,): 1, (72,): 1, (71,): 1}


def test_a_walk_tests_no_attributes(store: GraphStore) -> None:
    add(store, having("e", attribute("k", "v")))
    condition = where(Label.ENTITY, ("name", Op.EQ, "x"), (KEY, Op.EQ, "v"))
    with pytest.raises(Invalid, match="attribute"):
        store.walk(lineage("e", stop=(condition,)))
    with pytest.raises(Invalid, match="attribute"):
        store.walk(lineage("e", keep=(condition,), depth=1))
