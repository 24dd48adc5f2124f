"""What every store promises of walk."""

from __future__ import annotations

from itertools import pairwise

import pytest

from provstore.graph.model import Kind, Label, Node, Relation, Viewer
from provstore.graph.rules import TO_CAUSES, TO_EFFECTS, Step
from provstore.graph.store import Condition, Create, GraphStore, Op, Walk
from tests.contract.graph_builders import (
    ANONYMOUS,
    NAMESPACE,
    activity,
    add,
    diamonds,
    distances,
    entity,
    generated,
    job,
    lineage,
    nid,
    relation,
    used,
    where,
)

HIDDEN = frozenset({"user:x"})
DERIVED = (Step(Kind.WAS_DERIVED_FROM),)


def derived(source: str, target: str) -> Relation:
    return relation(Kind.WAS_DERIVED_FROM, source, target)


def edges(store: GraphStore, walk: Walk, viewer: Viewer | None = None) -> set[tuple[str, str]]:
    answer = store.walk(walk, viewer) if viewer else store.walk(walk)
    return {(one.source.removeprefix(NAMESPACE), one.target.removeprefix(NAMESPACE)) for one in answer.edges}


@pytest.fixture
def chain(store: GraphStore) -> GraphStore:
    """Files e0 <- a0 <- e1 <- a1 <- ... e4: e0 is the last product."""
    add(store, entity("e0"))
    for number in range(4):
        add(
            store,
            activity(f"a{number}", name=f"step{number}", rank=number),
            entity(f"e{number + 1}"),
            generated(f"e{number}", f"a{number}"),
            used(f"a{number}", f"e{number + 1}"),
        )
    return store


# --- distance ----------------------------------------------------------------------------------------------------


def test_thirty_diamonds_cost_what_their_nodes_cost(store: GraphStore) -> None:
    store.write(diamonds(30))
    answer = store.walk(lineage("e0"))
    assert len(answer.reached) == 91
    assert len(answer.edges) == 120
    assert distances(answer) == {
        **{f"e{number}": 2 * number for number in range(31)},
        **{f"{side}{number}": 2 * number + 1 for number in range(30) for side in "ab"},
    }
    assert not answer.truncated
    assert not answer.restricted


def test_thirty_diamonds_downwards(store: GraphStore) -> None:
    store.write(diamonds(30))
    answer = store.walk(lineage("e30", steps=TO_EFFECTS))
    assert distances(answer)["e0"] == 60
    assert len(answer.edges) == 120


def test_a_cycle_ends(store: GraphStore) -> None:
    add(store, *(entity(local) for local in "abc"), derived("a", "b"), derived("b", "c"), derived("c", "a"))
    assert distances(store.walk(lineage("a"))) == {"a": 0, "b": 1, "c": 2}
    assert edges(store, lineage("a")) == {("a", "b"), ("b", "c"), ("c", "a")}


def test_a_node_joined_to_itself_is_reached_once(store: GraphStore) -> None:
    add(store, entity("a"), derived("a", "a"))
    assert distances(store.walk(lineage("a"))) == {"a": 0}
    assert edges(store, lineage("a")) == {("a", "a")}


def test_the_distance_is_the_least_over_all_paths(store: GraphStore) -> None:
    add(store, *(entity(local) for local in "abcdef"))
    add(store, *(derived(*pair) for pair in pairwise("abcde")), derived("a", "d"), derived("e", "f"))
    assert distances(store.walk(lineage("a"))) == {"a": 0, "b": 1, "c": 2, "d": 1, "e": 2, "f": 3}
    # Depth counts least distances: f is three steps away, though the way met first has five.
    assert set(distances(store.walk(lineage("a", depth=3)))) == set("abcdef")
    assert set(distances(store.walk(lineage("a", depth=2)))) == set("abcde")


def test_the_distance_is_the_least_over_all_starts(chain: GraphStore) -> None:
    assert distances(chain.walk(lineage("e0 e2 a2"))) == {
        "e0": 0, "a0": 1, "e1": 2, "a1": 3, "e2": 0, "a2": 0, "e3": 1, "a3": 2, "e4": 3,
    }  # fmt: skip


def test_the_order_of_starts_changes_nothing(chain: GraphStore) -> None:
    assert chain.walk(lineage("e0 e2 a3")) == chain.walk(lineage("a3 e0 e2 e0"))
    assert chain.walk(lineage("e0 e2", limit=4)) == chain.walk(lineage("e2 e0", limit=4))


def test_the_nearest_come_first_then_by_id(store: GraphStore) -> None:
    add(store, entity("root"), *(entity(local) for local in "zyxa"), *(derived("root", local) for local in "zyx"))
    add(store, derived("x", "a"))
    found = [one.node.id.removeprefix(NAMESPACE) for one in store.walk(lineage("root")).reached]
    assert found == ["root", "x", "y", "z", "a"]


def test_starts_that_do_not_exist_are_left_out(chain: GraphStore) -> None:
    assert distances(chain.walk(lineage("nowhere a3"))) == {"a3": 0, "e4": 1}
    nothing = chain.walk(lineage("nowhere"))
    assert (nothing.reached, nothing.edges, nothing.truncated, nothing.restricted) == ((), (), False, False)
    assert chain.walk(lineage("")).reached == ()


def test_nodes_and_relations_are_whole(store: GraphStore) -> None:
    made = job("a", name="n", note="x")
    said = used("a", "e")._replace(role="in", arguments={"usage": "urn:u"})
    add(store, made, entity("e", size=3), said)
    answer = store.walk(lineage("a"))
    assert list(answer.nodes()) == [made, entity("e", size=3)]
    assert list(answer.relations()) == [said]


# --- depth and steps ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [0, 1, 2, 3, 8, 20])
def test_nodes_at_the_depth_are_not_expanded(chain: GraphStore, depth: int) -> None:
    path = ["e0", "a0", "e1", "a1", "e2", "a2", "e3", "a3", "e4"]
    answer = chain.walk(lineage("e0", depth=depth))
    assert distances(answer) == {local: rank for rank, local in enumerate(path) if rank <= depth}
    assert len(answer.edges) == min(depth, 8)
    assert not answer.truncated


def test_only_the_given_steps_are_crossed(store: GraphStore) -> None:
    add(store, activity("a"), entity("e"), entity("f"), used("a", "e"), derived("e", "f"), generated("f", "a"))
    assert distances(store.walk(lineage("a", steps=(Step(Kind.USED),)))) == {"a": 0, "e": 1}
    assert distances(store.walk(lineage("e", steps=(Step(Kind.USED, backwards=True),)))) == {"e": 0, "a": 1}
    assert distances(store.walk(lineage("e", steps=(Step(Kind.USED),)))) == {"e": 0}
    assert distances(store.walk(lineage("e", steps=()))) == {"e": 0}


def test_a_relation_crossed_both_ways_is_given_once(store: GraphStore) -> None:
    add(store, entity("a"), entity("b"), relation(Kind.ALTERNATE_OF, "a", "b"))
    both = (Step(Kind.ALTERNATE_OF), Step(Kind.ALTERNATE_OF, backwards=True))
    answer = store.walk(lineage("b", steps=both))
    assert distances(answer) == {"b": 0, "a": 1}
    assert len(answer.edges) == 1


def test_a_relation_between_nodes_that_were_not_expanded_is_not_in_the_answer(store: GraphStore) -> None:
    add(store, *(entity(local) for local in "abc"), derived("a", "b"), derived("a", "c"), derived("b", "c"))
    assert edges(store, lineage("a", depth=1)) == {("a", "b"), ("a", "c")}


def test_two_relations_between_one_pair_are_both_in_the_answer(store: GraphStore) -> None:
    add(store, activity("a"), entity("e"), *(relation(Kind.USED, "a", "e", key=key) for key in ("k1", "k2")))
    assert [one.key for one in store.walk(lineage("a")).edges] == ["k1", "k2"]


def test_a_step_may_show_a_node_without_going_on_behind_it(store: GraphStore) -> None:
    add(store, entity("e"), activity("delete"), entity("list"), used("delete", "list"))
    add(store, relation(Kind.WAS_INVALIDATED_BY, "e", "delete"))
    assert distances(store.walk(lineage("e"))) == {"e": 0, "delete": 1}
    assert edges(store, lineage("e")) == {("e", "delete")}


def test_a_node_shown_only_is_expanded_when_it_is_reached_another_way_too(store: GraphStore) -> None:
    add(store, entity("e"), activity("a"), activity("delete"), entity("list"), used("delete", "list"))
    add(store, relation(Kind.WAS_INVALIDATED_BY, "e", "delete"), generated("e", "a"))
    add(store, relation(Kind.WAS_INFORMED_BY, "a", "delete"))
    # It is one step away, but the way on leads over a: the list is three steps away.
    assert distances(store.walk(lineage("e"))) == {"e": 0, "a": 1, "delete": 1, "list": 3}
    assert "list" not in distances(store.walk(lineage("e", depth=2)))


# --- stop and where ----------------------------------------------------------------------------------------------


def test_a_stop_belongs_to_the_answer_and_what_is_behind_does_not(chain: GraphStore) -> None:
    stop = (where(Label.ACTIVITY, ("name", Op.EQ, "step1")),)
    answer = chain.walk(lineage("e0", stop=stop))
    assert distances(answer) == {"e0": 0, "a0": 1, "e1": 2, "a1": 3}
    assert not answer.truncated


def test_what_is_behind_a_stop_but_reached_another_way_belongs_to_the_answer(chain: GraphStore) -> None:
    add(chain, derived("e0", "e3"))
    stop = (where(Label.ACTIVITY, ("name", Op.EQ, "step1")),)
    assert set(distances(chain.walk(lineage("e0", stop=stop)))) == {"e0", "a0", "e1", "a1", "e3", "a3", "e4"}
    assert ("a1", "e2") not in edges(chain, lineage("e0", stop=stop))


def test_any_of_several_stops_ends_the_way(chain: GraphStore) -> None:
    add(chain, derived("e0", "e3"))
    stop = (where(Label.ACTIVITY, ("rank", Op.GE, 3)), where(Label.ACTIVITY, ("name", Op.IN, ("step0", "step9"))))
    assert set(distances(chain.walk(lineage("e0", stop=stop)))) == {"e0", "a0", "e3", "a3"}


def test_a_start_that_is_a_stop_is_not_expanded(chain: GraphStore) -> None:
    stop = (where(Label.ACTIVITY, ("name", Op.EQ, "step1")),)
    assert distances(chain.walk(lineage("a1", stop=stop))) == {"a1": 0}


def test_where_leaves_out_what_fails_and_walks_on(chain: GraphStore) -> None:
    keep = (where(Label.ACTIVITY, ("rank", Op.IN, (0, 3))),)
    answer = chain.walk(lineage("e0", keep=keep))
    assert distances(answer) == {"e0": 0, "a0": 1, "e1": 2, "e2": 4, "e3": 6, "a3": 7, "e4": 8}
    assert edges(chain, lineage("e0", keep=keep)) == {("e0", "a0"), ("a0", "e1"), ("e3", "a3"), ("a3", "e4")}
    assert not answer.restricted


def test_what_where_leaves_out_does_not_count_for_the_limit(chain: GraphStore) -> None:
    keep = (where(Label.ACTIVITY, ("rank", Op.GT, 99)),)
    answer = chain.walk(lineage("e0", keep=keep, limit=5))
    assert set(distances(answer)) == {"e0", "e1", "e2", "e3", "e4"}
    assert not answer.truncated


def test_several_where_conditions_test_their_own_labels(chain: GraphStore) -> None:
    add(chain, entity("e9", size=1), used("a0", "e9"))
    keep = (where(Label.ACTIVITY, ("rank", Op.EQ, 0)), where(Label.ENTITY, ("size", Op.EQ, 1)))
    assert distances(chain.walk(lineage("e0", keep=keep))) == {"a0": 1, "e9": 2}


# --- limit -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 4, 8, 9, 10])
def test_the_limit_keeps_the_nearest(chain: GraphStore, limit: int) -> None:
    path = ["e0", "a0", "e1", "a1", "e2", "a2", "e3", "a3", "e4"]
    answer = chain.walk(lineage("e0", limit=limit))
    assert list(distances(answer)) == path[:limit]
    assert len(answer.edges) == min(limit, 9) - 1
    assert answer.truncated is (limit < len(path))


def test_the_limit_cuts_a_level_by_id(store: GraphStore) -> None:
    add(store, entity("root"), *(entity(f"n{number}") for number in range(9)))
    add(store, *(derived("root", f"n{number}") for number in (5, 3, 8, 0, 1, 7, 2, 6, 4)))
    answer = store.walk(lineage("root", limit=4))
    assert list(distances(answer)) == ["root", "n0", "n1", "n2"]
    assert answer.truncated


def test_a_depth_that_ends_the_walk_is_not_a_truncation(chain: GraphStore) -> None:
    assert not chain.walk(lineage("e0", depth=1, limit=2)).truncated
    assert chain.walk(lineage("e0", depth=1, limit=1)).truncated


# --- the viewer --------------------------------------------------------------------------------------------------


def test_a_hidden_node_between_visible_ones_is_a_stub(store: GraphStore) -> None:
    add(store, entity("e0"), job("a", name="secret", readers=HIDDEN), entity("e1"))
    add(store, generated("e0", "a")._replace(role="secret"), used("a", "e1"))
    answer = store.walk(lineage("e0"), ANONYMOUS)
    first, stub, last = answer.reached
    assert (first.node, last.node) == (entity("e0"), entity("e1"))
    assert [first.distance, stub.distance, last.distance] == [0, 1, 2]
    assert stub.node.labels == {Label.ACTIVITY, Label.JOB}
    assert (stub.node.properties, stub.node.attributes, stub.node.readers) == ({}, (), frozenset())
    assert {(one.source, one.kind, one.target) for one in answer.edges} == {
        (nid("e0"), Kind.WAS_GENERATED_BY, stub.node.id),
        (stub.node.id, Kind.USED, nid("e1")),
    }
    assert answer.restricted
    assert not answer.truncated
    assert "secret" not in repr(answer)
    assert nid("a") not in repr(answer)


def test_a_hidden_node_at_the_end_is_absent(store: GraphStore) -> None:
    add(store, entity("e0"), activity("a"), entity("raw", readers=HIDDEN), generated("e0", "a"), used("a", "raw"))
    answer = store.walk(lineage("e0"), ANONYMOUS)
    assert distances(answer) == {"e0": 0, "a": 1}
    assert len(answer.edges) == 1
    assert answer.restricted
    assert not store.walk(lineage("e0"), Viewer(readers=HIDDEN | {"public"})).restricted
    assert not store.walk(lineage("e0", depth=1), ANONYMOUS).restricted


def test_a_row_of_hidden_nodes_stands_as_a_row_of_stubs(chain: GraphStore) -> None:
    add(chain, *(entity(f"h{number}", readers=HIDDEN) for number in range(3)), entity("end"))
    add(chain, derived("e4", "h0"), derived("h0", "h1"), derived("h1", "end"), derived("h1", "h2"))
    answer = chain.walk(lineage("a3"), ANONYMOUS)
    # h2 leads nowhere: absent. The ids of stubs are made for this answer.
    assert [(one.distance, one.node.id.startswith("urn:stub:")) for one in answer.reached] == [
        (0, False),
        (1, False),
        (2, True),
        (3, True),
        (4, False),
    ]
    assert len(answer.edges) == 4


def test_a_hidden_dead_end_of_a_relation_walked_both_ways_is_absent(store: GraphStore) -> None:
    add(store, entity("a"), entity("twin", readers=HIDDEN), entity("far", readers=HIDDEN))
    add(store, relation(Kind.ALTERNATE_OF, "a", "twin"), relation(Kind.ALTERNATE_OF, "twin", "far"))
    answer = store.walk(lineage("a"), ANONYMOUS)
    assert distances(answer) == {"a": 0}
    assert answer.restricted


def test_a_hidden_start_is_absent(chain: GraphStore) -> None:
    add(chain, activity("h", readers=HIDDEN), used("h", "e0"))
    nothing = chain.walk(lineage("h"), ANONYMOUS)
    assert (nothing.reached, nothing.edges, nothing.restricted) == ((), (), False)
    assert chain.walk(lineage("h a3"), ANONYMOUS) == chain.walk(lineage("a3"), ANONYMOUS)


def test_a_hidden_start_that_is_reached_from_another_one_is_hidden_there(store: GraphStore) -> None:
    add(store, entity("e0"), activity("a", readers=HIDDEN), entity("e1"), generated("e0", "a"), used("a", "e1"))
    assert store.walk(lineage("e0 a"), ANONYMOUS) == store.walk(lineage("e0"), ANONYMOUS)


def test_a_relation_does_not_name_a_hidden_node_in_its_arguments(store: GraphStore) -> None:
    open_plan, secret = "urn:plan", nid("secret")
    said = derived("a", "b")._replace(arguments={"activity": secret, "plan": open_plan})
    add(store, entity("a"), entity("b"), activity("secret", readers=HIDDEN), said)
    assert store.walk(lineage("a")).edges == (said,)
    (veiled,) = store.walk(lineage("a"), ANONYMOUS).edges
    assert veiled == said._replace(arguments={"plan": open_plan})
    assert store.walk(lineage("a"), Viewer(readers=HIDDEN | {"public"})).edges == (said,)


def test_a_hidden_node_stops_nothing_and_shows_nothing(store: GraphStore) -> None:
    add(
        store,
        entity("e0"),
        activity("a", name="x", readers=HIDDEN),
        entity("e1"),
        generated("e0", "a"),
        used("a", "e1"),
    )
    stop = (where(Label.ACTIVITY, ("name", Op.EQ, "x")),)
    assert len(store.walk(lineage("e0", stop=stop), ANONYMOUS).reached) == 3
    matching = store.walk(lineage("e0", keep=stop), ANONYMOUS)
    assert distances(matching) == {"e0": 0, "e1": 2}
    assert matching.restricted


def test_hidden_nodes_that_are_absent_do_not_count_for_the_limit(store: GraphStore) -> None:
    add(store, entity("root"), entity("z"), derived("root", "z"))
    add(store, *(entity(f"h{number}", readers=HIDDEN) for number in range(5)))
    add(store, *(derived("root", f"h{number}") for number in range(5)))
    answer = store.walk(lineage("root", limit=2), ANONYMOUS)
    assert distances(answer) == {"root": 0, "z": 1}
    assert not answer.truncated


def test_stubs_count_for_the_limit(store: GraphStore) -> None:
    add(store, entity("e0"), activity("a", readers=HIDDEN), entity("e1"), generated("e0", "a"), used("a", "e1"))
    answer = store.walk(lineage("e0", limit=2), ANONYMOUS)
    assert distances(answer) == {"e0": 0}
    assert answer.truncated
    assert answer.restricted


def test_thirty_diamonds_half_hidden(store: GraphStore) -> None:
    changes = [
        Create(change.item._replace(readers=HIDDEN))
        if isinstance(change, Create) and isinstance(change.item, Node) and change.item.id.startswith(f"{NAMESPACE}a")
        else change
        for change in diamonds(30)
    ]
    store.write(changes)
    answer = store.walk(lineage("e0"), ANONYMOUS)
    assert len(answer.reached) == 91
    assert sum(one.node.id.startswith("urn:stub:") for one in answer.reached) == 30
    assert len(answer.edges) == 120


def test_a_walk_is_about_more_than_one_page_of_nodes(store: GraphStore) -> None:
    count = 2500
    add(store, entity("root"), *(entity(f"n{number}") for number in range(count)))
    add(store, *(derived("root", f"n{number}") for number in range(count)))
    assert len(store.walk(lineage("root")).reached) == count + 1
    few = store.walk(lineage("root", limit=10))
    assert len(few.reached) == 10
    assert few.truncated
    assert len(store.walk(Walk(starts=(nid("n7"),), steps=TO_EFFECTS)).reached) == 2


def test_conditions_without_filters_test_the_label(chain: GraphStore) -> None:
    stop = (Condition(label=Label.ACTIVITY),)
    assert distances(chain.walk(Walk(starts=(nid("e0"),), steps=TO_CAUSES, stop=stop))) == {"e0": 0, "a0": 1}
