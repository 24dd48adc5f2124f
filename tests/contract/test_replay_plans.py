"""Plans for replays over every store: what follows from what, and what does not."""

from __future__ import annotations

import pytest

from provstore.errors import Invalid, NotFound
from provstore.graph.model import EVERYBODY, Kind, Label, Node, NodeId, Relation, Viewer
from provstore.graph.store import Change, Create, GraphStore
from provstore.queries.replay import REVISION_KEY, Plan, Reason, Replacement, Wanted, narrowed
from provstore.queries.replay_graph import planned_graph, rows
from provstore.queries.replay_plan import Candidate, Judge, Obstacle, plan
from tests.contract.conftest import OpenStore
from tests.contract.graph_builders import NAMESPACE, PUBLIC_ONLY, activity, entity, nid, relation
from tests.contract.replay_graphs import REVISION, made_by, ran, stored

HIDDEN = frozenset({"user:x"})


@pytest.fixture
def store(open_store: OpenStore) -> GraphStore:
    opened = open_store(NAMESPACE)
    opened.write([stored("bad", namespace=NAMESPACE), stored("good", namespace=NAMESPACE)])
    return opened


def nothing(_: Candidate) -> Obstacle | None:
    return None


def job(name: str, *used: str, makes: tuple[str, ...] = ("out",), **more: str) -> list[Change]:
    return list(ran(name, *used, namespace=NAMESPACE, makes=makes, more=more))


def write(store: GraphStore, *parts: list[Change]) -> None:
    store.write([change for part in parts for change in part])


def planned(
    store: GraphStore, *revisions: str, viewer: Viewer = EVERYBODY, judge: Judge = nothing, old: str = "bad"
) -> Plan:
    pairs = (Replacement(nid(old), nid("good")),) if old else ()
    return plan(store, Wanted(replacements=pairs, revisions=revisions), viewer, judge=judge)


def order(found: Plan) -> list[tuple[int, str]]:
    return [(one.level, one.job.removeprefix(NAMESPACE)) for one in found.jobs]


def left(found: Plan) -> dict[str, Reason]:
    return {one.activity.removeprefix(NAMESPACE): one.reason for one in found.left_out}


def test_diamonds_are_planned_once_each_behind_all_that_they_need(store: GraphStore) -> None:
    a, b, c, d = made_by("j1"), made_by("j2"), made_by("j3"), made_by("j4")
    write(store, job("j1", "bad"), job("j2", a), job("j3", a), job("j4", b, c), job("j5", d, a, "bad"))
    found = planned(store)
    assert order(found) == [(1, "j1"), (2, "j2"), (2, "j3"), (3, "j4"), (4, "j5")]
    assert [one.source.value for one in found.jobs[-1].inputs] == ["product", "product", "replaced"]
    assert found.left_out == ()


def test_jobs_that_used_neither_are_not_affected(store: GraphStore) -> None:
    write(store, job("j1", "bad"), job("j2", "good"), job("j3", made_by("j2")))
    assert order(planned(store)) == [(1, "j1")]


def test_a_newer_version_is_not_affected_by_what_the_older_was_made_of(store: GraphStore) -> None:
    write(store, job("j1", "bad"), job("j2", "good"), job("j3", made_by("j2")))
    old, new = nid(made_by("j1")), nid(made_by("j2"))
    key = made_by("j2") + REVISION_KEY
    store.write([Create(Relation(key, Kind.WAS_DERIVED_FROM, new, old, attributes=(REVISION,)))])
    found = planned(store)
    assert (found.jobs, left(found)) == ((), {"j1": Reason.SUPERSEDED})


def test_what_a_script_calls_a_revision_supersedes_nothing(store: GraphStore) -> None:
    write(store, job("j1", "bad"), job("j2", made_by("j1")))
    old, new = nid(made_by("j1")), nid(made_by("j2"))
    store.write([Create(Relation("j2.-00001", Kind.WAS_DERIVED_FROM, new, old, attributes=(REVISION,)))])
    assert order(planned(store)) == [(1, "j1"), (2, "j2")]


def test_what_stands_between_an_input_and_its_replacement_stays(store: GraphStore) -> None:
    write(store, job("j1", "bad", makes=("out", "log")), job("j2", made_by("j1", "log")), job("j3", "bad"))
    store.write([Create(relation(Kind.WAS_DERIVED_FROM, "good", made_by("j1")))])
    assert order(planned(store)) == [(1, "j3")]


def test_steps_inside_a_job_are_the_job(store: GraphStore) -> None:
    write(store, job("j1"), job("j2", made_by("j1")))
    step = activity("s1", brought_by="j1")
    inner = Relation("j1.-00001", Kind.USED, step.id, nid("bad"))
    store.write([Create(step), Create(inner), Create(relation(Kind.WAS_GENERATED_BY, made_by("j1"), "s1"))])
    found = planned(store)
    assert found.jobs == ()
    assert left(found) == {"j1": Reason.UNREACHED, "j2": Reason.DEPENDS}


def test_what_a_script_found_by_itself_can_not_be_replaced(store: GraphStore) -> None:
    write(store, job("j1"))
    store.write([Create(Relation("j1.-00001", Kind.USED, nid("j1"), nid("bad")))])
    assert left(planned(store)) == {"j1": Reason.UNREACHED}


def test_what_nothing_is_known_to_have_made_needs_a_replacement_of_its_own(store: GraphStore) -> None:
    write(store, [stored("derived", namespace=NAMESPACE), stored("box", namespace=NAMESPACE)])
    write(store, job("j1", "derived"), job("j2", "box"))
    store.write(
        [
            Create(relation(Kind.WAS_DERIVED_FROM, "derived", "bad")),
            Create(relation(Kind.HAD_MEMBER, "box", "bad")),
        ]
    )
    found = planned(store)
    assert left(found) == {"j1": Reason.UNREACHED, "j2": Reason.UNREACHED}
    assert found.left_out[0].text.endswith("made by nothing that is known: give a replacement for it")
    both = Wanted(replacements=(Replacement(nid("bad"), nid("good")), Replacement(nid("derived"), nid("good"))))
    assert order(plan(store, both, EVERYBODY, judge=nothing)) == [(1, "j1")]


def test_a_circle_of_jobs_is_left_out_and_ends(store: GraphStore) -> None:
    write(store, job("j1", "bad"), job("j2"), job("j3"), job("j4", made_by("j3")))
    store.write(
        [
            Create(Relation("j2.u0000", Kind.USED, nid("j2"), nid(made_by("j3")), "in0")),
            Create(Relation("j3.u0000", Kind.USED, nid("j3"), nid(made_by("j2")), "in0")),
            Create(Relation("j3.u0001", Kind.USED, nid("j3"), nid(made_by("j1")), "in1")),
        ]
    )
    found = planned(store)
    assert order(found) == [(1, "j1")]
    assert left(found) == dict.fromkeys(("j2", "j3", "j4"), Reason.CIRCLE)


def test_jobs_are_judged_with_the_values_they_were_given(store: GraphStore) -> None:
    write(store, list(ran("j1", "bad", namespace=NAMESPACE, values={"p": "7"})), job("j2", made_by("j1")))
    seen: list[tuple[str, dict[str, str]]] = []

    def judge(one: Candidate) -> Obstacle | None:
        seen.append((one.revision, dict(one.values)))
        return Obstacle(Reason.FORBIDDEN, "no") if one.values else None

    assert left(planned(store, judge=judge)) == {"j1": Reason.FORBIDDEN, "j2": Reason.DEPENDS}
    assert seen == [("step@1", {"p": "7"}), ("step@1", {})]


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"phase": "QUEUED"}, Reason.NOT_OVER),
        ({"phase": "ABORTED"}, Reason.FAILED),
        (
            {"phase": "ARCHIVED", "history": '[["PENDING","t","c"],["ERROR","t","c"],["ARCHIVED","t","c"]]'},
            Reason.FAILED,
        ),
        ({"phase": "ARCHIVED", "history": '[["COMPLETED","t","c"],["ARCHIVED","t","c"]]'}, None),
    ],
)
def test_only_jobs_that_completed_run_again(
    store: GraphStore, properties: dict[str, str], reason: Reason | None
) -> None:
    write(store, list(ran("j1", "bad", namespace=NAMESPACE, more=properties)))
    assert left(planned(store)).get("j1") is reason


def test_a_new_revision_is_for_all_jobs_of_its_service_that_ran_with_another(store: GraphStore) -> None:
    described = Node(nid("d2"), frozenset({Label.ACTIVITY_DESCRIPTION}), {"name": "step", "revision": 2})
    write(store, [Create(described)], job("j1"), job("j2", made_by("j1"), service="other", revision="other@1"))
    write(store, job("j3", revision="step@2"), job("j4", "bad"))
    found = planned(store, "step@2", old="")
    assert order(found) == [(1, "j1"), (1, "j4"), (2, "j2")]
    assert [one.revision for one in found.jobs] == ["step@2", "step@2", "other@1"]
    with pytest.raises(NotFound, match="no description 'step@3'"):
        planned(store, "step@3")


def test_what_the_asker_may_not_see_is_not_named(store: GraphStore) -> None:
    write(
        store, list(ran("j1", "bad", namespace=NAMESPACE, readers=HIDDEN)), job("j2", made_by("j1")), job("j3", "bad")
    )
    found = planned(store, viewer=Viewer(readers=PUBLIC_ONLY))
    assert order(found) == [(1, "j3")]
    assert found.restricted
    told = " ".join(f"{one.activity} {one.text}" for one in found.left_out)
    assert "j1" not in told
    assert left(found)["j2"] in {Reason.UNREACHED, Reason.HIDDEN}
    hidden = Viewer(readers=frozenset({"nobody"}))
    with pytest.raises(NotFound, match="nothing is known"):
        planned(store, viewer=hidden)


def test_what_only_a_document_tells_of_replaces_nothing(store: GraphStore) -> None:
    foreign = Node(NodeId("http://example.com/x"), frozenset({Label.ENTITY}), readers=PUBLIC_ONLY)
    store.write([Create(foreign)])
    with pytest.raises(Invalid, match="only a document tells of it"):
        plan(store, Wanted(replacements=(Replacement(nid("bad"), foreign.id),)), EVERYBODY, judge=nothing)


def test_nothing_is_replaced_twice(store: GraphStore) -> None:
    pairs = (Replacement(nid("bad"), nid("good")), Replacement(nid("bad"), nid("other")))
    with pytest.raises(Invalid, match="is to be replaced twice"):
        plan(store, Wanted(replacements=pairs), EVERYBODY, judge=nothing)


def test_what_is_a_mere_name_may_replace_a_name(store: GraphStore) -> None:
    store.write([Create(entity("n1", name="33794")), Create(entity("n2", name="33795"))])
    write(store, job("j1", "n1"))
    wanted = Wanted(replacements=(Replacement(nid("n1"), nid("n2")),))
    assert order(plan(store, wanted, EVERYBODY, judge=nothing)) == [(1, "j1")]


def test_a_part_of_a_plan_is_a_plan(store: GraphStore) -> None:
    write(store, job("j1", "bad"), job("j2", made_by("j1")), job("j3", "bad"))
    found = narrowed(planned(store), {nid("j2"), nid("j3")})
    assert order(found) == [(1, "j3")]
    assert left(found) == {"j1": Reason.NOT_CHOSEN, "j2": Reason.DEPENDS}


def test_a_plan_is_a_graph_of_what_would_be(store: GraphStore) -> None:
    write(store, job("j1", "bad", "good"), job("j2", made_by("j1")))
    found = planned(store)
    graph = planned_graph(store, found, EVERYBODY)
    joins = {
        (edge.kind, edge.source.removeprefix(NAMESPACE), edge.target.removeprefix(NAMESPACE)) for edge in graph.edges
    }
    assert joins == {
        (Kind.USED, "j1.again", "good"),
        (Kind.WAS_GENERATED_BY, "e1.again.out", "j1.again"),
        (Kind.USED, "j2.again", "e1.again.out"),
        (Kind.WAS_GENERATED_BY, "e2.again.out", "j2.again"),
    }
    known = {one.node.id.removeprefix(NAMESPACE): one.node for one in graph.reached}
    assert known["j1.again"].properties["planned"] is True
    assert "planned" not in known["good"].properties
    table = list(rows(found))
    assert [(row["level"], row["input"], row["source"]) for row in table] == [
        (1, "in0", "replaced"),
        (1, "in1", "kept"),
        (2, "in0", "product"),
    ]
