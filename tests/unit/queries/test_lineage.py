from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provstore.errors import NotFound
from provstore.graph.model import EVERYBODY, PUBLIC, Kind, Label, Node, NodeId, Reached, Relation, Subgraph, Viewer
from provstore.graph.sqlite import open_sqlite
from provstore.graph.store import Condition, Create, Filter, GraphStore, Op
from provstore.queries.lineage import Attachments, Direction, Question, leave_out, lineage, merge
from provstore.queries.names import expand

N = "urn:t#"
SEEN = frozenset({PUBLIC})
BARE = Attachments(agents=False, configuration=False, descriptions=0)


def nid(local: str) -> NodeId:
    return NodeId(N + local)


def node(local: str, *labels: Label, readers: frozenset[str] = SEEN, **properties: str) -> Node:
    return Node(nid(local), frozenset(labels), properties, readers=readers)


def edge(kind: Kind, source: str, target: str, *, role: str = "") -> Relation:
    return Relation(f"{kind}:{source}:{target}:{role}", kind, nid(source), nid(target), role or None)


NODES = [
    *(node(local, Label.ENTITY) for local in ("raw", "clean", "stack", "plot")),
    *(node(local, Label.ACTIVITY) for local in ("cleaning", "stacking", "plotting", "acceptance")),
    *(node(local, Label.AGENT) for local in ("person", "site", "software", "contact", "author")),
    node("p", Label.PARAMETER, name="threshold"),
    node("cfg", Label.CONFIG_FILE),
    *(node(local, Label.ACTIVITY_DESCRIPTION) for local in ("d1", "d2")),
    node("dp", Label.PARAMETER_DESCRIPTION),
    node("du", Label.USAGE_DESCRIPTION),
    node("de", Label.ENTITY_DESCRIPTION),
]
EDGES = [
    edge(Kind.USED, "cleaning", "raw"),
    edge(Kind.WAS_GENERATED_BY, "clean", "cleaning"),
    edge(Kind.WAS_DERIVED_FROM, "clean", "raw"),
    edge(Kind.USED, "stacking", "clean"),
    edge(Kind.WAS_GENERATED_BY, "stack", "stacking"),
    edge(Kind.WAS_DERIVED_FROM, "stack", "clean"),
    edge(Kind.USED, "plotting", "stack"),
    edge(Kind.WAS_GENERATED_BY, "plot", "plotting"),
    edge(Kind.WAS_DERIVED_FROM, "plot", "stack"),
    edge(Kind.WAS_ASSOCIATED_WITH, "stacking", "person"),
    edge(Kind.WAS_ASSOCIATED_WITH, "stacking", "software"),
    edge(Kind.ACTED_ON_BEHALF_OF, "person", "site"),
    edge(Kind.WAS_ATTRIBUTED_TO, "raw", "author"),
    edge(Kind.WAS_CONFIGURED_BY, "stacking", "p"),
    edge(Kind.WAS_CONFIGURED_BY, "stacking", "cfg"),
    edge(Kind.IS_DESCRIBED_BY, "stacking", "d1"),
    edge(Kind.WAS_ATTRIBUTED_TO, "d1", "contact"),
    edge(Kind.IS_DESCRIBED_BY, "p", "dp"),
    edge(Kind.IS_RELATED_TO, "dp", "d1"),
    edge(Kind.IS_RELATED_TO, "du", "d1"),
    edge(Kind.IS_RELATED_TO, "de", "du"),
    edge(Kind.WAS_DERIVED_FROM, "d2", "d1"),
    edge(Kind.WAS_GENERATED_BY, "d1", "acceptance"),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    opened = open_sqlite(tmp_path / "graph.sqlite", namespace=N)
    opened.write([*(Create(one) for one in NODES), *(Create(one) for one in EDGES)])
    yield opened
    opened.close()


def ask(
    store: GraphStore, start: str, direction: Direction, *, depth: int | None = None, beside: Attachments = BARE
) -> Subgraph:
    return lineage(store, Question(ids=(nid(start),), direction=direction, depth=depth, attachments=beside))


def distances(answer: Subgraph) -> dict[str, int]:
    return {one.node.id.removeprefix(N): one.distance for one in answer.reached}


def joins(answer: Subgraph, kind: Kind) -> set[tuple[str, str]]:
    return {(one.source.removeprefix(N), one.target.removeprefix(N)) for one in answer.edges if one.kind is kind}


def test_up_leads_to_causes_and_down_to_effects(store: GraphStore) -> None:
    assert distances(ask(store, "clean", Direction.UP)) == {"clean": 0, "cleaning": 1, "raw": 1}
    down = {"clean": 0, "stacking": 1, "stack": 1, "plotting": 2, "plot": 2}
    assert distances(ask(store, "clean", Direction.DOWN)) == down
    assert distances(ask(store, "clean", Direction.BOTH)) == down | {"cleaning": 1, "raw": 1}


def test_depth_bounds_the_nodes_and_what_joins_them_is_told_also_at_the_rim(store: GraphStore) -> None:
    answer = ask(store, "stacking", Direction.BOTH, depth=1)
    assert distances(answer) == {"stacking": 0, "clean": 1, "stack": 1}
    assert joins(answer, Kind.WAS_DERIVED_FROM) == {("stack", "clean")}
    answer = ask(store, "stack", Direction.UP, depth=1)
    assert distances(answer) == {"stack": 0, "stacking": 1, "clean": 1}
    assert joins(answer, Kind.USED) == {("stacking", "clean")}
    assert distances(ask(store, "stack", Direction.BOTH, depth=0)) == {"stack": 0}


def test_no_relation_leads_out_of_the_answer(store: GraphStore) -> None:
    for depth in (0, 1, 2, 3, None):
        answer = ask(store, "stack", Direction.BOTH, depth=depth, beside=Attachments(descriptions=2))
        known = {one.node.id for one in answer.reached}
        assert all({one.source, one.target} <= known for one in answer.edges)
        assert len({one.key for one in answer.edges}) == len(answer.edges)


def test_people_software_configuration_and_descriptions_stand_beside_and_lead_nowhere(store: GraphStore) -> None:
    bare = set(distances(ask(store, "stacking", Direction.BOTH, depth=1)))

    def beside(attachments: Attachments) -> set[str]:
        return set(distances(ask(store, "stacking", Direction.BOTH, depth=1, beside=attachments))) - bare

    assert beside(replace(BARE, agents=True)) == {"person", "software", "site"}
    assert beside(replace(BARE, configuration=True)) == {"p", "cfg"}
    assert beside(replace(BARE, descriptions=1)) == {"d1", "contact"}
    assert beside(replace(BARE, descriptions=2)) == {"d1", "contact", "du", "de", "dp"}
    assert beside(replace(BARE, descriptions=2, configuration=True)) == {"d1", "contact", "du", "de", "p", "cfg", "dp"}
    assert beside(Attachments()) == {"person", "software", "site", "p", "cfg", "d1", "contact"}


def test_what_stands_beside_does_not_change_the_distances(store: GraphStore) -> None:
    bare = distances(ask(store, "plot", Direction.UP))
    full = distances(ask(store, "plot", Direction.UP, beside=Attachments(descriptions=2)))
    assert {name: full[name] for name in bare} == bare


def test_a_stop_belongs_to_the_answer_and_what_is_behind_it_does_not(store: GraphStore) -> None:
    question = Question(ids=(nid("plotting"),), stop=(Condition(label=Label.ENTITY),), attachments=BARE)
    assert distances(lineage(store, question)) == {"plotting": 0, "stack": 1}


def test_a_condition_leaves_out_what_fails_it(store: GraphStore) -> None:
    where = Condition(label=Label.ENTITY, filters=(Filter("name", Op.EQ, "none"),))
    question = Question(ids=(nid("plotting"),), where=(where,), attachments=BARE)
    assert set(distances(lineage(store, question))) == {"plotting", "stacking", "cleaning"}


def test_unknown_ids_are_left_out_and_none_known_is_not_found(store: GraphStore) -> None:
    question = Question(ids=(nid("none"), nid("raw")), attachments=BARE)
    assert distances(lineage(store, question)) == {"raw": 0}
    with pytest.raises(NotFound, match="nothing is known of urn:t#none"):
        ask(store, "none", Direction.UP)


def test_what_one_may_not_see_is_a_stub_between_and_told(store: GraphStore) -> None:
    store.write(
        [Create(node("hidden", Label.ACTIVITY, readers=frozenset({"user:x"}))), Create(node("late", Label.ENTITY))]
    )
    store.write([Create(edge(Kind.USED, "hidden", "plot")), Create(edge(Kind.WAS_GENERATED_BY, "late", "hidden"))])
    question = Question(ids=(nid("plot"),), direction=Direction.BOTH)
    assert "hidden" in distances(lineage(store, question, EVERYBODY))
    answer = lineage(store, question, Viewer())
    names = distances(answer)
    assert answer.restricted
    assert {"plot", "late"} <= set(names)
    assert "hidden" not in names
    assert [name for name in names if name.startswith("urn:stub:")]
    with pytest.raises(NotFound):
        lineage(store, Question(ids=(nid("hidden"),)), Viewer())


def test_agents_are_a_way_like_others_if_asked_for(store: GraphStore) -> None:
    def answer(start: str, direction: Direction, *, depth: int | None = None) -> dict[str, int]:
        question = Question(
            ids=(nid(start),), direction=direction, depth=depth, attachments=BARE, through_agents=True, joined=False
        )
        return distances(lineage(store, question))

    assert answer("site", Direction.DOWN, depth=2) == {"site": 0, "person": 1, "stacking": 2}
    assert answer("stacking", Direction.UP, depth=1) == {"stacking": 0, "clean": 1, "person": 1, "software": 1}
    assert answer("person", Direction.UP) == {"person": 0, "site": 1}


def test_members_are_a_way_in_both_directions_if_asked_for(store: GraphStore) -> None:
    store.write([Create(node("set", Label.ENTITY, Label.COLLECTION)), Create(edge(Kind.HAD_MEMBER, "set", "plot"))])
    for direction in Direction:
        closed = Question(ids=(nid("set"),), direction=direction, depth=1, attachments=BARE)
        assert distances(lineage(store, closed)) == {"set": 0}
        assert distances(lineage(store, replace(closed, into_members=True))) == {"set": 0, "plot": 1}


def test_relations_of_the_outermost_nodes_are_left_out_if_they_are_not_wanted(store: GraphStore) -> None:
    question = Question(ids=(nid("stack"),), depth=1, attachments=BARE, joined=False)
    answer = lineage(store, question)
    assert distances(answer) == {"stack": 0, "stacking": 1, "clean": 1}
    assert joins(answer, Kind.USED) == set()
    assert joins(answer, Kind.WAS_DERIVED_FROM) == {("stack", "clean")}


def test_both_ways_together_are_held_to_the_limit_and_the_nearest_are_kept(store: GraphStore) -> None:
    question = Question(ids=(nid("clean"),), direction=Direction.BOTH, attachments=BARE, limit=4)
    answer = lineage(store, question)
    assert distances(answer) == {"clean": 0, "cleaning": 1, "raw": 1, "stack": 1}
    assert answer.truncated
    assert all({edge.source, edge.target} <= {one.node.id for one in answer.reached} for edge in answer.edges)


def test_what_carries_a_label_is_left_out_with_its_relations_unless_it_was_asked_for(store: GraphStore) -> None:
    answer = ask(store, "stacking", Direction.UP, beside=replace(BARE, agents=True))
    left = leave_out(answer, {Label.AGENT}, but=[nid("person")])
    assert set(distances(answer)) - set(distances(left)) == {"software", "site", "author"}
    assert joins(left, Kind.WAS_ASSOCIATED_WITH) == {("stacking", "person")}
    assert joins(left, Kind.ACTED_ON_BEHALF_OF) == set()
    assert leave_out(answer, ()) == answer


def reached(local: str, distance: int) -> Reached:
    return Reached(node(local, Label.ENTITY), distance)


def test_merging_takes_each_node_at_its_least_distance_and_each_relation_once() -> None:
    used = edge(Kind.USED, "a", "b")
    one = Subgraph(reached=(reached("a", 0), reached("b", 5)), edges=(used,))
    two = Subgraph(reached=(reached("a", 2), reached("b", 1), reached("c", 3)), edges=(used,), truncated=True)
    for order in ((one, two), (two, one)):
        answer = merge(order)
        assert distances(answer) == {"a": 0, "b": 1, "c": 3}
        assert answer.edges == (used,)
        assert (answer.truncated, answer.restricted) == (True, False)
    assert merge([one, Subgraph(reached=(), edges=(), restricted=True)]).restricted


def test_stubs_of_different_answers_are_different() -> None:
    stub = Reached(Node(NodeId("urn:stub:1"), frozenset({Label.ACTIVITY})), 1)
    relation = Relation("k", Kind.USED, NodeId("urn:stub:1"), nid("a"))
    answers = [
        Subgraph(reached=(reached("a", 0), stub), edges=(relation._replace(key=key),), restricted=True)
        for key in ("k", "l")
    ]
    answer = merge(answers)
    stubs = {one.node.id for one in answer.reached} - {nid("a")}
    assert len(stubs) == 2
    assert {one.source for one in answer.edges} == stubs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("j1", "urn:t#j1"),
        ("e1.result", "urn:t#e1.result"),
        ("id:j1", "urn:t#j1"),
        ("id:", "urn:t#"),
        ("", "urn:t#"),
        ("urn:t#j1", "urn:t#j1"),
        ("http://h/x?a=b#c", "http://h/x?a=b#c"),
        ("ivo://a/b", "ivo://a/b"),
        ("1a:b", "urn:t#1a:b"),
        ("a b:c", "urn:t#a b:c"),
    ],
)
def test_an_id_is_expanded_from_every_spelling(text: str, expected: str) -> None:
    assert expand(text, N) == expected


def test_what_is_asked_of_a_revision_is_its_history_with_parts_and_people(store: GraphStore) -> None:
    answer = ask(store, "d2", Direction.UP, beside=replace(BARE, agents=True, descriptions=2))
    assert distances(answer) == {"d2": 0, "d1": 1, "acceptance": 2, "contact": 1, "dp": 1, "du": 1, "de": 2}
