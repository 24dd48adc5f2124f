"""What every store promises of documents: nodes that several speak of, what a bundle says, and how it goes away."""

from __future__ import annotations

import pytest

from provstore.graph.model import EVERYBODY, Attribute, Kind, Label, NodeId, Relation, Subgraph, Viewer
from provstore.graph.rules import TO_CAUSES, TO_EFFECTS, Step
from provstore.graph.store import Condition, Create, Ensure, Find, GraphStore, Hop, Op, Upsert, Walk
from tests.contract.conftest import OpenStore
from tests.contract.graph_builders import (
    ANONYMOUS,
    EX,
    HIDDEN,
    NAMESPACE,
    activity,
    add,
    agent,
    attribute,
    bundle,
    distances,
    entity,
    find_ids,
    generated,
    lineage,
    nid,
    relation,
    said,
    said_of,
    thing,
    used,
    where,
)

MEMBER = Viewer(readers=HIDDEN | {"public"})


def foreign(local: str) -> NodeId:
    return NodeId(EX + local)


def derived(source: str, target: str) -> Relation:
    """Make a derivation between two foreign things."""
    return Relation(f"{source}:{target}", Kind.WAS_DERIVED_FROM, foreign(source), foreign(target))


def ids(answer: Subgraph) -> list[str]:
    return sorted(one.node.id.removeprefix(EX).removeprefix(NAMESPACE) for one in answer.reached)


# --- told --------------------------------------------------------------------------------------------------------


def test_a_bundle_tells_what_it_says_by_key_and_whole(store: GraphStore) -> None:
    spoken = [
        said_of("b", 2, foreign("e"), attribute("k", "1", "int"), Attribute("k:l", "é", None, "fr"), label="x"),
        said("b", 10, derived("e", "f"))._replace(role="r", relation_id="urn:id", arguments={"activity": "urn:a"}),
        said_of("b", 100, nid("b"), kind="used", entity=foreign("e")),
        said_of("b", 7, foreign("f")),
    ]
    other = said("c", 1, derived("f", "e"))
    add(store, bundle("b"), bundle("c"), thing("e"), thing("f"), *spoken, other, derived("e", "f"))
    assert list(store.told(nid("b"))) == sorted(spoken)
    assert list(store.told(nid("c"))) == [other]
    assert list(store.told(nid("nobody"))) == list(store.told(NodeId("half \ud800"))) == []


def test_more_than_a_page_is_told_in_order(store: GraphStore) -> None:
    count = 3_000
    store.write(
        [Create(bundle("b")), Ensure(thing("e")), *(Create(said_of("b", n, foreign("e"))) for n in range(count))]
    )
    assert [one.key for one in store.told(nid("b"))] == [f"b:{number:06d}" for number in range(count)]


def test_what_is_told_is_one_state_of_the_graph(store: GraphStore) -> None:
    add(store, bundle("b"), thing("e"), *(said_of("b", number, foreign("e")) for number in range(10)))
    told = store.told(nid("b"))
    first = next(told)
    add(store, said_of("b", 11, foreign("e")))
    assert [first, *told] == [said_of("b", number, foreign("e")) for number in range(10)]
    abandoned = [next(store.told(nid("b"))) for _ in range(100)]
    assert set(map(repr, abandoned)) == {repr(first)}
    assert sum(1 for _ in store.told(nid("b"))) == 11


def test_an_upsert_may_give_a_relation_to_another_bundle(store: GraphStore) -> None:
    add(store, bundle("b"), bundle("c"), thing("e"), thing("f"), said("b", 1, derived("e", "f")))
    store.write([Upsert(said("b", 1, derived("e", "f"))._replace(bundle=nid("c")))])
    assert list(store.told(nid("b"))) == []
    assert [one.key for one in store.told(nid("c"))] == ["b:000001"]
    store.write([Upsert(said("b", 1, derived("e", "f"))._replace(bundle=None))])
    assert list(store.told(nid("c"))) == []


# --- retract -----------------------------------------------------------------------------------------------------


def test_a_retracted_bundle_leaves_nothing_that_only_it_knew(open_store: OpenStore) -> None:
    store = open_store(NAMESPACE)
    add(store, bundle("b"), bundle("c"), entity("own"), thing("e"), thing("f"), thing("shared"), agent("who"))
    add(store, said_of("b", 1, foreign("e"), attribute("k", "v")), said("b", 2, derived("e", "shared")))
    add(store, said("b", 3, derived("f", "f")), said("b", 4, derived("e", "own")._replace(target=nid("own"))))
    kept = said_of("c", 1, foreign("shared"), attribute("k", "w"))
    about = relation(Kind.WAS_ATTRIBUTED_TO, "own", "who")
    add(store, kept, about)
    assert store.retract(nid("b")) == 4
    assert {one.id for one in store.scan().nodes()} == {nid("c"), nid("own"), foreign("shared"), nid("who")}
    assert sorted(store.scan().relations()) == sorted([kept, about])
    assert find_ids(store, where(Label.ENTITY, (f"{EX}k", Op.IN, ("v", "w")))) == {foreign("shared")}
    assert store.retract(nid("b")) == 0
    assert store.retract(nid("c")) == 1
    assert {one.id for one in store.scan().nodes()} == {nid("own"), nid("who")}


def test_what_is_said_of_a_retracted_bundle_goes_with_it(open_store: OpenStore) -> None:
    store = open_store(NAMESPACE)
    add(store, bundle("b"), bundle("c"), agent("who"), thing("elsewhere", Label.AGENT), thing("e"))
    made_by = Relation("m", Kind.WAS_INFLUENCED_BY, nid("b"), nid("who"))
    credit = Relation("n", Kind.WAS_INFLUENCED_BY, nid("b"), foreign("elsewhere"))
    of_it = said_of("c", 1, nid("b"), attribute("k", "v"))
    add(store, made_by, credit, of_it, said_of("b", 1, foreign("e")))
    assert store.retract(nid("b")) == 4
    assert {one.id for one in store.scan().nodes()} == {nid("c"), nid("who")}
    assert list(store.scan().relations()) == []


def test_there_is_nothing_to_retract_where_there_is_no_such_bundle(store: GraphStore) -> None:
    add(store, thing("e"), thing("f"), said("gone", 1, derived("e", "f")))
    assert store.retract(nid("gone")) == store.retract(NodeId("half \ud800")) == 0
    assert len(list(store.scan().relations())) == 1


def test_a_large_bundle_is_retracted_whole(open_store: OpenStore) -> None:
    store = open_store(NAMESPACE)
    add(store, bundle("b"), bundle("c"), thing("hub"), said_of("c", 1, foreign("hub"), attribute("k", "v")))
    for begin in range(0, 6_000, 2_000):
        numbers = range(begin, begin + 2_000)
        store.write([Ensure(thing(f"e{number}")) for number in numbers])
        store.write([Create(said("b", number, derived(f"e{number}", "hub"))) for number in numbers])
    assert store.retract(nid("b")) == 6_000
    assert {one.id for one in store.scan().nodes()} == {nid("c"), foreign("hub")}
    assert find_ids(store, where(Label.ENTITY, (f"{EX}k", Op.EQ, "v"))) == {foreign("hub")}


# --- who sees what a bundle says ---------------------------------------------------------------------------------


@pytest.fixture
def rumour(store: GraphStore) -> GraphStore:
    """Entities a, b, c that all may see; the derivation of a from b is said by all, that of b from c in secret."""
    add(store, bundle("open"), bundle("secret", readers=HIDDEN), *(thing(local) for local in "abc"))
    add(store, said("open", 1, derived("a", "b")), said("secret", 1, derived("b", "c")))
    return store


@pytest.mark.parametrize("depth", [None, 1, 2])
def test_what_a_hidden_bundle_says_is_not_walked(rumour: GraphStore, depth: int | None) -> None:
    for start, seen in (("a", ["a", "b"]), ("b", ["b"])):
        answer = rumour.walk(Walk(starts=(foreign(start),), steps=TO_CAUSES, depth=depth), ANONYMOUS)
        assert ids(answer) == seen
        assert not answer.restricted
        assert not answer.truncated
        assert "secret" not in repr(answer)
    assert ids(rumour.walk(Walk(starts=(foreign("c"),), steps=TO_EFFECTS, depth=depth), ANONYMOUS)) == ["c"]


@pytest.mark.parametrize("viewer", [EVERYBODY, MEMBER])
def test_who_sees_the_bundle_walks_what_it_says(rumour: GraphStore, viewer: Viewer) -> None:
    assert ids(rumour.walk(Walk(starts=(foreign("a"),), steps=TO_CAUSES), viewer)) == ["a", "b", "c"]
    (edge,) = rumour.walk(Walk(starts=(foreign("b"),), steps=TO_CAUSES, depth=1), viewer).edges
    assert edge == said("secret", 1, derived("b", "c"))


def test_a_node_that_only_a_hidden_bundle_leads_to_makes_no_answer_restricted(store: GraphStore) -> None:
    add(store, bundle("secret", readers=HIDDEN), thing("a"), thing("x", readers=HIDDEN), thing("z"))
    add(store, said("secret", 1, derived("a", "x")), said("secret", 2, derived("x", "z")))
    answer = store.walk(Walk(starts=(foreign("a"),), steps=TO_CAUSES), ANONYMOUS)
    assert (ids(answer), answer.edges, answer.restricted) == (["a"], (), False)


def test_what_two_bundles_say_is_walked_by_the_word_of_the_open_one(rumour: GraphStore) -> None:
    add(rumour, said("open", 2, derived("b", "c")))
    answer = rumour.walk(Walk(starts=(foreign("a"),), steps=TO_CAUSES), ANONYMOUS)
    assert [one.key for one in answer.edges] == ["open:000001", "open:000002"]


def test_a_bundle_that_is_gone_can_not_be_seen(store: GraphStore) -> None:
    add(store, thing("a"), thing("b"), said("gone", 1, derived("a", "b")))
    walk = Walk(starts=(foreign("a"),), steps=TO_CAUSES)
    assert ids(store.walk(walk)) == ["a", "b"]
    assert ids(store.walk(walk, MEMBER)) == ["a"]


def test_a_scan_gives_what_bundles_say_to_those_who_see_them(rumour: GraphStore) -> None:
    assert {one.key for one in rumour.scan(ANONYMOUS).relations()} == {"open:000001"}
    assert {one.key for one in rumour.scan(MEMBER).relations()} == {"open:000001", "secret:000001"}


@pytest.mark.parametrize("filters", [(), ("name", Op.EQ, "n")])
def test_a_hop_over_what_a_hidden_bundle_says_does_not_count(
    store: GraphStore, filters: tuple[str, Op, str] | tuple[()]
) -> None:
    add(store, bundle("secret", readers=HIDDEN), agent("p", name="n"), entity("e"))
    add(store, said("secret", 1, relation(Kind.WAS_ATTRIBUTED_TO, "e", "p")))
    to = where(Label.AGENT, *([filters] if filters else []))
    question = Find(condition=Condition(label=Label.ENTITY), hop=Hop(step=Step(Kind.WAS_ATTRIBUTED_TO), condition=to))
    assert [one.id for one in store.find(question).items] == [nid("e")]
    assert [one.id for one in store.find(question, MEMBER).items] == [nid("e")]
    assert store.find(question, ANONYMOUS).items == ()


# --- stop_at -----------------------------------------------------------------------------------------------------


@pytest.fixture
def chain(store: GraphStore) -> GraphStore:
    """Files e0 <- a0 <- e1 <- a1 <- e2: e0 is the last product."""
    add(store, *(entity(f"e{number}") for number in range(3)), activity("a0"), activity("a1"))
    add(store, generated("e0", "a0"), used("a0", "e1"), generated("e1", "a1"), used("a1", "e2"))
    return store


def stopped(*locals_: str, starts: str = "e0", depth: int | None = None) -> Walk:
    walk = lineage(starts, depth=depth)
    return Walk(starts=walk.starts, steps=walk.steps, depth=depth, stop_at=tuple(map(nid, locals_)))


def test_nodes_to_stop_at_belong_to_the_answer_and_are_not_expanded(chain: GraphStore) -> None:
    answer = chain.walk(stopped("e1"))
    assert distances(answer) == {"e0": 0, "a0": 1, "e1": 2}
    assert not answer.truncated
    assert distances(chain.walk(stopped("e1"), ANONYMOUS)) == {"e0": 0, "a0": 1, "e1": 2}
    assert distances(chain.walk(stopped("nowhere", "a1"))) == {"e0": 0, "a0": 1, "e1": 2, "a1": 3}


def test_what_is_behind_a_node_to_stop_at_but_reached_another_way_belongs_to_the_answer(chain: GraphStore) -> None:
    add(chain, relation(Kind.WAS_DERIVED_FROM, "e0", "e2"))
    assert distances(chain.walk(stopped("a0"))) == {"e0": 0, "a0": 1, "e2": 1}


@pytest.mark.parametrize("depth", [None, 1])
def test_a_start_to_stop_at_is_not_expanded(chain: GraphStore, depth: int | None) -> None:
    assert distances(chain.walk(stopped("e0", starts="e0", depth=depth))) == {"e0": 0}
    assert distances(chain.walk(stopped("e0", starts="e0 a1", depth=depth))) == {"e0": 0, "a1": 0, "e2": 1}


def test_a_hidden_node_to_stop_at_stops_nothing(store: GraphStore) -> None:
    add(store, entity("e0"), activity("h", readers=HIDDEN), entity("e1"), generated("e0", "h"), used("h", "e1"))
    answer = store.walk(stopped("h"), ANONYMOUS)
    assert [one.distance for one in answer.reached] == [0, 1, 2]
    assert answer.restricted
    assert distances(store.walk(stopped("h"), MEMBER)) == {"e0": 0, "h": 1}


# --- at most so many words of a node -----------------------------------------------------------------------------

NEWEST_TWO = Step(Kind.ASSERTS, backwards=True, expand=False, most=2)


@pytest.fixture
def renowned(store: GraphStore) -> GraphStore:
    """A thing of which six bundles speak, made one after the other; the last two are hidden."""
    for number in range(1, 7):
        hidden = {"readers": HIDDEN} if number > 4 else {}
        add(store, bundle(f"b{number}", **hidden))
        store.write([Ensure(thing("e")), Create(said_of(f"b{number}", 1, foreign("e"), label=str(number)))])
    return store


def words(store: GraphStore, viewer: Viewer, *, starts: tuple[str, ...] = ("e",), step: Step = NEWEST_TWO) -> list[str]:
    walk = Walk(starts=tuple(map(foreign, starts)), steps=(step,), depth=1, limit=1_000)
    return sorted(edge.arguments["label"] for edge in store.walk(walk, viewer).edges)


def test_of_the_words_about_a_node_the_newest_are_given(renowned: GraphStore) -> None:
    assert words(renowned, EVERYBODY) == ["5", "6"]


def test_words_that_a_viewer_may_not_see_take_no_room(renowned: GraphStore) -> None:
    assert words(renowned, ANONYMOUS) == ["3", "4"]


def test_less_words_than_there_may_be_are_all_given(renowned: GraphStore) -> None:
    assert words(renowned, MEMBER, step=NEWEST_TWO._replace(most=6)) == ["1", "2", "3", "4", "5", "6"]


@pytest.mark.parametrize("viewer", [EVERYBODY, ANONYMOUS])
def test_each_node_has_its_own_number_of_words(renowned: GraphStore, viewer: Viewer) -> None:
    renowned.write([Ensure(thing("f")), *(Create(said_of("b1", n, foreign("f"), label="f")) for n in range(2, 4))])
    assert words(renowned, viewer, starts=("e", "f"))[-2:] == ["f", "f"]
    assert len(words(renowned, viewer, starts=("e", "f"))) == 4


def test_the_node_itself_is_there_and_the_rest_is_walked_as_ever(renowned: GraphStore) -> None:
    add(renowned, thing("f"), said("b1", 2, derived("e", "f")))
    walk = Walk(starts=(foreign("e"),), steps=(*TO_CAUSES, NEWEST_TWO), depth=1)
    assert ids(renowned.walk(walk)) == ["b5", "b6", "e", "f"]


def test_each_bundle_still_tells_all_that_it_says(renowned: GraphStore) -> None:
    assert [len(list(renowned.told(nid(f"b{number}")))) for number in range(1, 7)] == [1] * 6


def test_where_the_limit_is_forwards_the_nodes_made_last_are_reached(store: GraphStore) -> None:
    add(store, activity("j"))
    for number in range(4):
        add(store, entity(f"e{number}"))
        add(store, used("j", f"e{number}"))
    walk = Walk(starts=(nid("j"),), steps=(Step(Kind.USED, expand=False, most=2),), depth=1)
    assert ids(store.walk(walk)) == ["e2", "e3", "j"]
