"""All that was made with something wrong, as a page and as a stream."""

from __future__ import annotations

import csv
import io
import json

import pytest

from provstore.errors import Invalid, NotFound
from provstore.graph.model import Kind, Viewer
from provstore.graph.store import Create, GraphStore
from provstore.queries.answers import Rows
from provstore.web.answers_json import rows_csv, rows_ndjson
from tests.contract.graph_builders import activity, add, agent, entity, job, nid, parameter, relation
from tests.unit.queries.questions.scene import ANYBODY, EX, ask, bring, locals_of, survey, tell


def test_products_come_by_distance_with_job_owner_and_counts(store: GraphStore) -> None:
    survey(store)
    found = tell(store, "impact", id="raw1")
    assert [(one["label"], one["distance"], one["service"], one["owner_name"]) for one in found["items"]] == [
        ("clean1", 1, "cal", "Alice"),
        ("clean3", 1, "cal", "Vera Rubin"),
        ("deep", 2, "stack", "Alice"),
    ]
    assert (found["total"], found["current"]) == (3, 3)
    assert found["services"] == [{"name": "cal", "count": 2}, {"name": "stack", "count": 1}]
    assert found["owners"] == [{"name": "Alice", "count": 2}, {"name": "Vera Rubin", "count": 1}]
    assert found["jobs"] == {nid("cal1"): 1, nid("cal3"): 1, nid("stack"): 1}
    assert (found["truncated"], found["restricted"], found["next"]) == (False, False, None)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"id": "d-cal-1"}, ["clean1", "clean3", "deep"]),
        ({"description": "cal@2"}, ["clean2", "deep"]),
        ({"description": "cal"}, ["clean1", "clean2", "clean3", "deep"]),
        ({"id": "vera"}, ["clean3"]),
        ({"agent": "Vera Rubin"}, ["clean3"]),
        ({"id": "cal2.threshold"}, ["clean2", "deep"]),
        ({"id": "cal2"}, ["clean2", "deep"]),
        ({"id": ["clean1", "clean2"]}, ["deep"]),
        ({"id": "deep"}, []),
    ],
)
def test_the_cause_may_be_a_description_somebody_a_parameter_or_a_job(
    store: GraphStore, given: dict[str, object], expected: list[str]
) -> None:
    survey(store)
    assert sorted(locals_of(tell(store, "impact", **given)["items"])) == expected


def test_pages_follow_each_other_and_count_everything(store: GraphStore) -> None:
    survey(store)
    first = tell(store, "impact", id="flat", limit=2)
    second = tell(store, "impact", id="flat", limit=2, after=first["next"])
    assert locals_of(first["items"]) + locals_of(second["items"]) == ["clean1", "clean2", "clean3", "deep"]
    assert (first["total"], second["total"], second["next"]) == (4, 4, None)


def test_what_is_gone_is_told(store: GraphStore) -> None:
    survey(store)
    add(store, relation(Kind.WAS_INVALIDATED_BY, "clean3", "stack"))
    states = {one["label"]: one["state"] for one in tell(store, "impact", id="raw1")["items"]}
    assert states == {"clean1": "current", "clean3": "invalidated", "deep": "current"}


def test_what_the_viewer_may_not_see_is_walked_through_and_not_counted(store: GraphStore) -> None:
    hidden = frozenset({"user:bob"})
    add(
        store,
        *(entity(one) for one in ("bad", "seen")),
        *(activity(one, readers=hidden) for one in ("secret-work", "second-work")),
        entity("secret", readers=hidden),
        relation(Kind.USED, "secret-work", "bad"),
        relation(Kind.WAS_GENERATED_BY, "secret", "secret-work"),
        relation(Kind.USED, "second-work", "secret"),
        relation(Kind.WAS_GENERATED_BY, "seen", "second-work"),
    )
    found = tell(store, "impact", ANYBODY, id="bad")
    assert (locals_of(found["items"]), found["total"], found["restricted"]) == (["seen"], 1, True)
    assert "secret" not in json.dumps(found)
    assert locals_of(tell(store, "impact", Viewer(readers=hidden | {"public"}), id="bad")["items"]) == [
        "secret",
        "seen",
    ]


def test_a_document_that_may_not_be_seen_leads_nowhere(store: GraphStore) -> None:
    bring(store, "entity(ex:a)\nentity(ex:b)")
    bring(store, "wasDerivedFrom(ex:b, ex:a)", readers=frozenset({"user:bob"}))
    assert tell(store, "impact", ANYBODY, id=f"{EX}a")["items"] == []
    assert locals_of(tell(store, "impact", id=f"{EX}a")["items"]) == ["b"]


def wide(store: GraphStore, count: int) -> None:
    """One bad file, of which each of so many jobs made one product, of which another made one."""
    changes = [Create(entity("bad"))]
    for number in range(count):
        changes += [
            Create(job(f"j{number:05d}", service="cal", owner="alice")),
            Create(relation(Kind.USED, f"j{number:05d}", "bad")),
            Create(entity(f"p{number:05d}")),
            Create(relation(Kind.WAS_GENERATED_BY, f"p{number:05d}", f"j{number:05d}")),
            Create(entity(f"q{number:05d}")),
            Create(relation(Kind.WAS_DERIVED_FROM, f"q{number:05d}", f"p{number:05d}")),
        ]
    store.write(changes)


def test_the_stream_is_whole_and_nearest_first_where_it_is_longer_than_its_first_part(store: GraphStore) -> None:
    wide(store, 700)
    found = ask(store, "impact", id="bad")
    assert isinstance(found, Rows)
    rows = [json.loads(line) for line in rows_ndjson(found.rows())]
    assert [one["distance"] for one in rows] == [2] * 700 + [3] * 700
    assert sorted(locals_of(rows)) == [f"{letter}{number:05d}" for letter in "pq" for number in range(700)]
    table = list(csv.DictReader(io.StringIO("".join(rows_csv(found.rows())))))
    assert [one["id"] for one in table] == [one["id"] for one in rows]
    assert (table[0]["service"], table[0]["class"]) == ("cal", "Entity")


def test_parts_follow_each_other_and_the_first_does_not_wait_for_the_counts(store: GraphStore) -> None:
    wide(store, 250)
    asked = ask(store, "impact", id="bad")
    first = asked.part(skip=0, limit=100, looked_at=1000)
    assert (first.total, first.is_all, first.more) == (200, False, True)
    whole = asked.part(skip=0, limit=100, looked_at=None)
    assert (whole.total, whole.current, whole.is_all, whole.more) == (500, 500, True, True)
    last = asked.part(skip=450, limit=100, looked_at=100)
    assert (len(last.items), last.more, last.is_all) == (50, False, False)
    rows = list(asked.rows())
    assert (first.items, whole.items, last.items) == (tuple(rows[:100]), tuple(rows[:100]), tuple(rows[450:]))


def test_a_part_of_few_products_counts_them_all(store: GraphStore) -> None:
    survey(store)
    part = ask(store, "impact", id="flat").part(skip=0, limit=3, looked_at=1000)
    assert (len(part.items), part.total, part.more, part.is_all) == (3, 4, True, True)


def test_products_of_very_many_jobs_come_once_each_also_without_derivations(store: GraphStore) -> None:
    changes = [Create(entity("bad"))]
    for number in range(500):
        changes += [
            Create(activity(f"j{number:05d}")),
            Create(relation(Kind.USED, f"j{number:05d}", "bad")),
            Create(entity(f"p{number:05d}")),
            Create(relation(Kind.WAS_GENERATED_BY, f"p{number:05d}", f"j{number:05d}")),
        ]
    store.write(changes)
    rows = list(ask(store, "impact", id="bad").rows())
    assert sorted(one.id for one in rows) == [nid(f"p{number:05d}") for number in range(500)]
    assert {one.distance for one in rows} == {2}


def test_circles_and_several_ways_give_each_product_once(store: GraphStore) -> None:
    add(
        store,
        *(entity(one) for one in "abcd"),
        *(relation(Kind.WAS_DERIVED_FROM, *ends) for ends in ("ba", "ca", "db", "dc", "ad")),
        agent("x"),
        parameter("p"),
    )
    found = tell(store, "impact", id="a")
    assert [(one["label"], one["distance"]) for one in found["items"]] == [("b", 1), ("c", 1), ("d", 2)]


def test_nothing_given_or_known_is_refused(store: GraphStore) -> None:
    with pytest.raises(Invalid, match="id, description or agent is needed"):
        tell(store, "impact")
    with pytest.raises(NotFound, match="nothing is known of"):
        tell(store, "impact", id="nothing")
