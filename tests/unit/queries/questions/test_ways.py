"""Ways between nodes, and what several have in common."""

from __future__ import annotations

from typing import Any

import pytest

from provstore.errors import Invalid, NotFound
from provstore.graph.model import Kind
from provstore.graph.store import GraphStore
from tests.contract.graph_builders import activity, add, diamonds, entity, relation
from tests.unit.queries.questions.scene import ANYBODY, EX, bring, local, locals_of, survey, tell


def steps(found: Any) -> list[tuple[str, int]]:
    return [(local(one["id"]), one["distance"]) for one in found["nodes"]]


def test_the_shortest_way_leads_from_cause_to_effect_or_back(store: GraphStore) -> None:
    survey(store)
    assert steps(tell(store, "path", from_="raw1", to="deep")) == [("raw1", 0), ("clean1", 1), ("deep", 2)]
    assert steps(tell(store, "path", from_="deep", to="raw1")) == [("deep", 0), ("clean1", 1), ("raw1", 2)]


def test_all_ways_hold_what_came_of_the_one_and_led_to_the_other(store: GraphStore) -> None:
    survey(store)
    found = tell(store, "path", from_="flat", to="deep", all="true")
    assert sorted(name for name, _ in steps(found)) == ["cal1", "cal2", "clean1", "clean2", "deep", "flat", "stack"]
    ends = {(local(one["source"]), local(one["target"])) for one in found["relations"]}
    assert ("stack", "clean1") in ends
    assert not any("raw1" in each for each in ends)


def test_there_may_be_no_way_and_a_node_is_its_own(store: GraphStore) -> None:
    survey(store)
    assert tell(store, "path", from_="clean3", to="deep")["nodes"] == []
    assert steps(tell(store, "path", from_="deep", to="deep")) == [("deep", 0)]
    with pytest.raises(NotFound, match="nothing is known of"):
        tell(store, "path", from_="deep", to="nothing")
    with pytest.raises(NotFound, match="nothing is known of"):
        tell(store, "path", ANYBODY, from_="raw2", to="deep")


def test_many_diamonds_are_walked_once(store: GraphStore) -> None:
    store.write(diamonds(60))
    assert len(tell(store, "path", from_="e60", to="e0")["nodes"]) == 60 * 3 + 1
    assert len(tell(store, "path", from_="e0", to="e60", all="true")["nodes"]) == 60 * 3 + 1


def test_where_the_effect_has_too_many_causes_the_way_is_sought_from_the_cause(store: GraphStore) -> None:
    names = [f"n{number}" for number in range(50)]
    add(store, *(entity(one) for one in ("a", "b", "c", *names)))
    add(
        store,
        *(relation(Kind.WAS_DERIVED_FROM, *ends) for ends in (*(("c", one) for one in names), ("c", "b"), ("b", "a"))),
    )
    assert steps(tell(store, "path", from_="a", to="c", limit=10)) == [("a", 0), ("b", 1), ("c", 2)]


def test_the_nearest_common_ancestors_are_those_from_which_no_other_came(store: GraphStore) -> None:
    survey(store)
    found = tell(store, "ancestors", id=["clean1", "clean3"])
    assert [(local(one["id"]), one["distance"]) for one in found["items"]] == [("flat", 2), ("raw1", 2)]
    assert {local(name): steps for name, steps in found["items"][0]["distances"].items()} == {"clean1": 1, "clean3": 1}
    assert locals_of(tell(store, "ancestors", id=["deep", "clean1"])["items"]) == ["clean1"]
    every = tell(store, "ancestors", id=["deep", "clean1"], all="true", class_="entity")
    assert locals_of(every["items"]) == ["clean1", "flat", "raw1"]


def test_pages_of_ancestors_follow_each_other(store: GraphStore) -> None:
    survey(store)
    first = tell(store, "ancestors", id=["clean1", "clean3"], limit=1)
    second = tell(store, "ancestors", id=["clean1", "clean3"], limit=1, after=first["next"])
    assert (locals_of(first["items"]), locals_of(second["items"]), second["next"]) == (["flat"], ["raw1"], None)


def test_ancestors_that_may_not_be_seen_are_absent(store: GraphStore) -> None:
    hidden = frozenset({"user:bob"})
    add(
        store,
        entity("root"),
        entity("secret", readers=hidden),
        *(entity(one) for one in ("left", "right")),
        *(
            relation(Kind.WAS_DERIVED_FROM, *ends)
            for ends in (("left", "secret"), ("right", "secret"), ("secret", "root"))
        ),
    )
    found = tell(store, "ancestors", ANYBODY, id=["left", "right"])
    assert (locals_of(found["items"]), found["restricted"]) == (["root"], True)


def test_a_circle_and_strangers_have_answers(store: GraphStore) -> None:
    add(store, *(entity(one) for one in "abcx"), activity("y"))
    add(store, *(relation(Kind.WAS_DERIVED_FROM, *ends) for ends in ("ab", "ba", "ca")))
    assert len(tell(store, "ancestors", id=["a", "b"])["items"]) == 1
    assert tell(store, "ancestors", id=["a", "x"])["items"] == []
    with pytest.raises(Invalid, match="two ids or more"):
        tell(store, "ancestors", id="a")


def test_ways_of_documents_are_found(store: GraphStore) -> None:
    bring(store, "used(ex:a, ex:in, -)\nwasGeneratedBy(ex:out, ex:a, -)")
    assert [name for name, _ in steps(tell(store, "path", from_=f"{EX}in", to=f"{EX}out"))] == ["in", "a", "out"]
