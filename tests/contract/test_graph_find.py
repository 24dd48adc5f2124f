"""What every store promises of find and aggregate."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from provstore.errors import Invalid
from provstore.graph.model import EVERYBODY, Attribute, Kind, Label, Value, Viewer
from provstore.graph.rules import Step
from provstore.graph.store import Condition, Count, Find, GraphStore, Hop, Op, Order
from tests.contract.graph_builders import (
    ANONYMOUS,
    NAMESPACE,
    activity,
    add,
    at,
    entity,
    find_ids,
    generated,
    having,
    job,
    nid,
    parameter,
    relation,
    used,
    where,
)

JOBS = Condition(label=Label.JOB)
ENTITIES = Condition(label=Label.ENTITY)


def pages(store: GraphStore, question: Find, viewer: Viewer = EVERYBODY) -> list[list[str]]:
    found: list[list[str]] = []
    after = question.after
    while True:
        page = store.find(replace(question, after=after), viewer)
        found.append([one.id.removeprefix(NAMESPACE) for one in page.items])
        if page.next is None:
            return found
        after = page.next


def listed(store: GraphStore, question: Find) -> list[str]:
    return [local for page in pages(store, question) for local in page]


# --- conditions --------------------------------------------------------------------------------------------------


def test_find_gives_the_nodes_with_the_label(store: GraphStore) -> None:
    add(store, job("j"), activity("a"), entity("e"))
    assert find_ids(store, JOBS) == {"j"}
    assert find_ids(store, Condition(label=Label.ACTIVITY)) == {"j", "a"}
    assert find_ids(store, Condition(label=Label.AGENT)) == set()


# ``name``, ``value`` and ``created_at`` are looked up by indexes, ``note``, ``size`` and ``made_at`` are not.
@pytest.mark.parametrize("text", ["name", "note"])
@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        (Op.EQ, "b", {"b"}),
        (Op.EQ, "B", set()),
        (Op.NE, "b", {"a", "c", "empty", "absent", "number"}),
        (Op.LT, "b", {"a", "empty"}),
        (Op.LE, "b", {"a", "b", "empty"}),
        (Op.GT, "b", {"c"}),
        (Op.GE, "b", {"b", "c"}),
        (Op.IN, ("a", "c", "zz"), {"a", "c"}),
        (Op.IN, ("a", 7), {"a", "number"}),
        (Op.IN, (), set()),
        (Op.CONTAINS, "b", {"b"}),
        (Op.CONTAINS, "", {"a", "b", "c", "empty"}),
        (Op.CONTAINS, "%", set()),
        (Op.CONTAINS, "7", set()),
        (Op.ABSENT, None, {"absent"}),
        (Op.EQ, "", {"empty"}),
        (Op.EQ, 7, {"number"}),
        (Op.EQ, "7", set()),
        (Op.LT, 8, {"number"}),
        (Op.GT, 8, set()),
        (Op.EQ, "a' OR 1=1 --", set()),
        (Op.EQ, "\ud800", set()),
        (Op.NE, "\ud800", {"a", "b", "c", "empty", "absent", "number"}),
    ],
)
def test_text_is_compared_with_text(
    store: GraphStore, text: str, op: Op, value: Value | tuple[Value, ...] | None, expected: set[str]
) -> None:
    values: dict[str, Value] = {"a": "a", "b": "b", "c": "c", "empty": "", "number": 7}
    add(store, entity("absent"), *(having(entity(local), {text: value}) for local, value in values.items()))
    assert find_ids(store, where(Label.ENTITY, (text, op, value))) == expected


@pytest.mark.parametrize("name", ["value", "size"])
@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        (Op.EQ, 7, {"seven"}),
        (Op.EQ, 7.0, {"seven"}),
        (Op.EQ, 7.5, {"more"}),
        (Op.EQ, True, {"true"}),
        (Op.EQ, False, {"false"}),
        (Op.EQ, 1, {"one"}),
        (Op.EQ, "7", {"text"}),
        (Op.NE, 7, {"more", "large", "infinite", "text", "true", "false", "one", "absent"}),
        (Op.LT, 7.5, {"seven", "one"}),
        (Op.LE, 7.5, {"seven", "more", "one"}),
        (Op.GT, 7, {"more", "large", "infinite"}),
        (Op.GE, 7, {"seven", "more", "large", "infinite"}),
        (Op.GE, 2**62, {"large", "infinite"}),
        (Op.GT, 10**400, set()),
        (Op.LT, 10**400, {"seven", "more", "large", "one"}),
        (Op.EQ, math.inf, {"infinite"}),
        (Op.EQ, math.nan, set()),
        (Op.IN, (7, "7", True), {"seven", "text", "true"}),
        (Op.CONTAINS, "7", {"text"}),
        (Op.ABSENT, None, {"absent"}),
    ],
)
def test_numbers_are_compared_with_numbers(
    store: GraphStore, name: str, op: Op, value: Value | tuple[Value, ...] | None, expected: set[str]
) -> None:
    values: dict[str, Value] = {
        "seven": 7,
        "more": 7.5,
        "large": 2**62,
        "infinite": math.inf,
        "text": "7",
        "true": True,
        "false": False,
        "one": 1,
    }
    add(store, parameter("absent"), *(having(parameter(local), {name: value}) for local, value in values.items()))
    assert find_ids(store, where(Label.PARAMETER, (name, op, value))) == expected


@pytest.mark.parametrize("name", ["created_at", "made_at"])
@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        (Op.EQ, at(1), {"one"}),
        (Op.NE, at(1), {"two", "absent"}),
        (Op.LT, at(1.5), {"one"}),
        (Op.GE, at(1), {"one", "two"}),
        (Op.IN, (at(2), at(3)), {"two"}),
        (Op.ABSENT, None, {"absent"}),
        (Op.EQ, "2026-01-01T00:01:00.000000Z", set()),
        (Op.CONTAINS, "2026", set()),
    ],
)
def test_instants_are_compared_with_instants(
    store: GraphStore, name: str, op: Op, value: Value | tuple[Value, ...] | None, expected: set[str]
) -> None:
    add(store, having(activity("one"), {name: at(1)}), having(activity("two"), {name: at(2)}), activity("absent"))
    assert find_ids(store, where(Label.ACTIVITY, (name, op, value))) == expected


def test_all_filters_must_hold(store: GraphStore) -> None:
    add(
        store,
        job("a", service="s", phase="RUN", size=1),
        job("b", service="s", phase="HELD", size=1),
        job("c", service="t", phase="RUN", size=1),
        job("d", service="s", phase="RUN", size=2),
    )
    assert find_ids(store, where(Label.JOB, ("service", Op.EQ, "s"), ("phase", Op.EQ, "RUN"), ("size", Op.LE, 1))) == {
        "a"
    }


def test_a_property_name_is_never_read_as_query_text(store: GraphStore) -> None:
    add(store, entity("e"))
    for name in ("x` = 1 OR true //", 'x" OR 1=1 --', "a.b", "$", "'", "\\", "id", "labels", "pk", "props"):
        assert find_ids(store, where(Label.ENTITY, (name, Op.EQ, "x"))) == set()
        assert find_ids(store, where(Label.ENTITY, (name, Op.ABSENT, None))) == {"e"}


# --- pages and order ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 100])
@pytest.mark.parametrize("name", ["created_at", "made_at"])
@pytest.mark.parametrize(
    ("descending", "expected"),
    [(False, ["c", "a", "d", "b", "x", "y"]), (True, ["b", "d", "a", "c", "y", "x"])],
)
def test_pages_follow_the_order_with_ties_by_id_and_the_missing_last(
    store: GraphStore, name: str, *, descending: bool, expected: list[str], limit: int
) -> None:
    times = {"a": at(2), "b": at(3), "c": at(1), "d": at(2)}
    add(store, job("x"), job("y"), *(having(job(local), {name: time}) for local, time in times.items()))
    question = Find(condition=JOBS, order=Order(name, descending=descending), limit=limit)
    found = pages(store, question)
    assert [local for page in found for local in page] == expected
    assert all(len(page) == limit for page in found[:-1])
    assert len(found) == -(-len(expected) // limit)


def test_without_an_order_nodes_come_by_id(store: GraphStore) -> None:
    add(store, entity("b"), entity("c"), entity("a"))
    assert pages(store, Find(condition=ENTITIES, limit=2)) == [["a", "b"], ["c"]]


@pytest.mark.parametrize("descending", [False, True])
def test_numbers_and_texts_can_be_ordered(store: GraphStore, *, descending: bool) -> None:
    add(store, *(entity(f"n{size}", size=size) for size in (10, 9, -1)), entity("half", size=9.5))
    expected = ["n-1", "n9", "half", "n10"]
    found = listed(store, Find(condition=ENTITIES, order=Order("size", descending=descending), limit=1))
    assert found == (expected[::-1] if descending else expected)


@pytest.mark.parametrize("descending", [False, True])
def test_pages_are_stable_while_rows_are_added(store: GraphStore, *, descending: bool) -> None:
    add(store, *(job(f"j{number:02}", created_at=at(number // 2)) for number in range(10)))
    question = Find(condition=JOBS, order=Order("created_at", descending=descending), limit=3)
    seen: list[str] = []
    after = None
    for turn in range(4):
        page = store.find(replace(question, after=after))
        seen += [one.id.removeprefix(NAMESPACE) for one in page.items]
        after = page.next
        # One at each end, and one among what was given already.
        behind = at(9) if descending else at(-9)
        add(store, job(f"new{turn}", created_at=behind), job(f"j0{turn}x", created_at=at(4 if descending else 0)))
    old = [f"j{number:02}" for number in range(10)]
    assert [local for local in seen if local in old] == (old[::-1] if descending else old)
    assert len(seen) == len(set(seen))


def test_an_unknown_page_key_is_refused(store: GraphStore) -> None:
    for bad in ("", "x", "!!!", "W10", "bnVsbA", "\ud800"):
        with pytest.raises(Invalid):
            store.find(Find(condition=JOBS, after=bad))


def test_a_limit_reached_exactly_has_no_next_page(store: GraphStore) -> None:
    add(store, entity("a"), entity("b"))
    assert store.find(Find(condition=ENTITIES, limit=2)).next is None


# --- fields ------------------------------------------------------------------------------------------------------


def test_fields_leave_the_other_properties_out(store: GraphStore) -> None:
    whole = job("j", phase="RUN", service="s", note="n", size=3, created_at=at(1))
    add(store, whole._replace(attributes=(Attribute("urn:k", "v"),)))

    def properties(*fields: str) -> dict[str, Value]:
        (found,) = store.find(Find(condition=JOBS, fields=fields)).items
        assert found.id == whole.id
        assert found.labels == whole.labels
        return dict(found.properties)

    assert properties("phase", "created_at") == {"phase": "RUN", "created_at": at(1)}
    assert properties("phase", "note") == {"phase": "RUN", "note": "n"}
    assert properties("size", "absent", "owner") == {"size": 3}
    assert properties() == {}


# --- hops --------------------------------------------------------------------------------------------------------


def hop(kind: Kind, condition: Condition, *, backwards: bool = False) -> Hop:
    return Hop(step=Step(kind, backwards=backwards), condition=condition)


@pytest.fixture
def configured(store: GraphStore) -> GraphStore:
    """Three jobs with parameters and inputs; a hidden parameter among them."""
    add(
        store,
        *(job(local, service="s", created_at=at(rank)) for rank, local in enumerate("abc")),
        parameter("pa", name="p", value="1"),
        parameter("pb", name="p", value="2"),
        parameter("pc", name="p", value="1", readers=frozenset({"user:x"})),
        entity("in", note="raw"),
        *(relation(Kind.WAS_CONFIGURED_BY, local, f"p{local}") for local in "abc"),
        relation(Kind.WAS_CONFIGURED_BY, "a", "pa", key="twice"),
        used("a", "in"),
        used("b", "in"),
        generated("in", "c"),
    )
    return store


def test_a_hop_asks_for_a_neighbour_that_passes(configured: GraphStore) -> None:
    wanted = where(Label.PARAMETER, ("name", Op.EQ, "p"), ("value", Op.EQ, "1"))
    question = Find(condition=JOBS, hop=hop(Kind.WAS_CONFIGURED_BY, wanted), order=Order("created_at"), limit=1)
    assert pages(configured, question) == [["a"], ["c"]]


def test_a_hop_goes_backwards_too(configured: GraphStore) -> None:
    used_by = hop(Kind.USED, where(Label.JOB, ("service", Op.EQ, "s")), backwards=True)
    assert listed(configured, Find(condition=ENTITIES, hop=used_by)) == ["in"]
    forwards = hop(Kind.USED, where(Label.JOB, ("service", Op.EQ, "s")))
    assert listed(configured, Find(condition=ENTITIES, hop=forwards)) == []


def test_a_hop_by_an_unindexed_property(configured: GraphStore) -> None:
    raw = hop(Kind.USED, where(Label.ENTITY, ("note", Op.EQ, "raw")))
    assert listed(configured, Find(condition=JOBS, hop=raw)) == ["a", "b"]
    assert listed(configured, Find(condition=where(Label.JOB, ("created_at", Op.GT, at(0))), hop=raw)) == ["b"]


def test_a_hop_without_filters_asks_for_the_label_only(configured: GraphStore) -> None:
    assert listed(configured, Find(condition=JOBS, hop=hop(Kind.USED, ENTITIES))) == ["a", "b"]
    assert listed(configured, Find(condition=JOBS, hop=hop(Kind.USED, JOBS))) == []


def test_a_hop_to_a_hidden_node_does_not_count(configured: GraphStore) -> None:
    wanted = where(Label.PARAMETER, ("name", Op.EQ, "p"), ("value", Op.EQ, "1"))
    question = Find(condition=JOBS, hop=hop(Kind.WAS_CONFIGURED_BY, wanted))
    assert pages(configured, question, ANONYMOUS) == [["a"]]
    assert pages(configured, question, Viewer(readers=frozenset({"public", "user:x"}))) == [["a", "c"]]


# --- the viewer --------------------------------------------------------------------------------------------------


def test_find_gives_full_pages_of_what_may_be_seen(store: GraphStore) -> None:
    hidden = frozenset({"user:x"})
    add(store, *(entity(f"e{number}", readers=hidden) for number in (0, 1, 3, 5)), entity("e2"), entity("e4"))
    assert pages(store, Find(condition=ENTITIES, limit=1), ANONYMOUS) == [["e2"], ["e4"]]
    assert store.find(Find(condition=ENTITIES), Viewer(readers=frozenset())).items == ()


# --- aggregate ---------------------------------------------------------------------------------------------------


def test_aggregate_counts_by_values_with_none_where_absent(store: GraphStore) -> None:
    add(
        store,
        job("a", phase="RUN", service="s"),
        job("b", phase="RUN", service="s"),
        job("c", phase="RUN"),
        job("d", phase="", service="s"),
        job("e", service="s"),
    )
    assert set(store.aggregate(JOBS, ("phase", "service"))) == {
        Count(("RUN", "s"), 2),
        Count(("RUN", None), 1),
        Count(("", "s"), 1),
        Count((None, "s"), 1),
    }
    assert set(store.aggregate(where(Label.JOB, ("service", Op.EQ, "s")), ("phase",))) == {
        Count(("RUN",), 2),
        Count(("",), 1),
        Count((None,), 1),
    }


@pytest.mark.parametrize("names", [("value", "created_at"), ("size", "made_at")])
def test_aggregate_gives_values_with_their_types(store: GraphStore, names: tuple[str, str]) -> None:
    values: tuple[Value, ...] = (True, 1, "1", 2.5)
    for rank, value in enumerate(values):
        add(store, having(entity(f"e{rank}"), {names[0]: value, names[1]: at(rank)}))
    counts = store.aggregate(ENTITIES, names)
    assert {(type(one.values[0]), *one.values, one.count) for one in counts} == {
        (bool, True, at(0), 1),
        (int, 1, at(1), 1),
        (str, "1", at(2), 1),
        (float, 2.5, at(3), 1),
    }


def test_aggregate_by_nothing_gives_one_total(store: GraphStore) -> None:
    assert store.aggregate(JOBS, ()) == (Count((), 0),)
    add(store, job("a"), job("b"))
    assert store.aggregate(JOBS, ()) == (Count((), 2),)
    assert store.aggregate(Condition(label=Label.AGENT), ("name",)) == ()


def test_aggregate_counts_what_the_viewer_may_see(store: GraphStore) -> None:
    add(store, entity("a", name="n"), entity("b", name="n", readers=frozenset({"user:x"})))
    assert store.aggregate(ENTITIES, ("name",), ANONYMOUS) == (Count(("n",), 1),)
    assert nid("b") not in {one.id for one in store.get([nid("b")], ANONYMOUS)}
