"""Lists of jobs for pages, over every store: leafed through in both directions, chosen, counted, with their rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from provstore.accounts.callers import ANONYMOUS, Caller
from provstore.errors import Invalid
from provstore.graph.model import PUBLIC, Kind, Node, Viewer
from provstore.graph.store import GraphStore, Update
from provstore.queries.recent import recent_products
from provstore.uws.catalog import Catalog
from provstore.uws.job_lists import JobLists, Place, RowPage, parse_place
from provstore.uws.phases import Phase
from provstore.uws.records import JobFilter, Records
from tests.contract.conftest import OpenStore
from tests.contract.graph_builders import (
    HIDDEN,
    NAMESPACE,
    PUBLIC_ONLY,
    add,
    at,
    entity,
    job,
    nid,
    parameter,
    relation,
)

ALL: Final = JobFilter()
EVERYBODY: Final = Viewer(readers=frozenset({PUBLIC}))


@pytest.fixture
def store(open_store: OpenStore) -> GraphStore:
    """Give an empty store in whose namespace the builders' nodes are."""
    return open_store(NAMESPACE)


@pytest.fixture
def lists(store: GraphStore) -> JobLists:
    """Give the lists of the store's jobs."""
    return JobLists(Records(store), Catalog(store))


def local(number: int) -> str:
    return f"j{number:032x}"


def make(
    store: GraphStore,
    number: int,
    *,
    minutes: float | None = None,
    phase: str = "COMPLETED",
    readers: frozenset[str] = PUBLIC_ONLY,
    **more: str | bool,
) -> str:
    created_at = at(number if minutes is None else minutes)
    changed_at = created_at + timedelta(minutes=1)
    facts = {"service": "sleep", "owner": "a1", "phase": phase, **more}
    add(store, job(local(number), readers=readers, created_at=created_at, changed_at=changed_at, **facts))
    return local(number)


def product(name: str, minutes: float, kind: str, *, readers: frozenset[str] = PUBLIC_ONLY) -> Node:
    return entity(
        f"e{name}",
        readers=readers,
        name=name,
        content_type=kind,
        generated_at=at(minutes),
        sha256="a" * 64,
        size=5,
    )


def numbers(page: RowPage) -> list[int]:
    return [int(one.id[1:], 16) for one in page.items]


def every(lists: JobLists, which: JobFilter, *, limit: int) -> list[list[int]]:
    """Leaf through a list to its end."""
    pages = [lists.first(ANONYMOUS, which, limit=limit)]
    way = "newer" if which.oldest_first else "older"
    while place := getattr(pages[-1], way):
        pages.append(getattr(lists, way)(ANONYMOUS, which, place, limit=limit))
    return [numbers(one) for one in pages]


def test_a_list_is_leafed_through_to_its_end_and_back(store: GraphStore, lists: JobLists) -> None:
    for number in range(7):
        make(store, number)
    assert every(lists, ALL, limit=3) == [[6, 5, 4], [3, 2, 1], [0]]
    assert every(lists, replace(ALL, oldest_first=True), limit=3) == [[0, 1, 2], [3, 4, 5], [6]]
    second = lists.older(ANONYMOUS, ALL, Place(at(4), local(4)), limit=3)
    assert (second.newer, second.older) == (Place(at(3), local(3)), Place(at(1), local(1)))
    back = lists.newer(ANONYMOUS, ALL, Place(at(0), local(0)), limit=3)
    assert (numbers(back), back.newer, back.older) == (
        [3, 2, 1],
        Place(at(3), local(3)),
        Place(at(1), local(1)),
    )
    first = lists.newer(ANONYMOUS, ALL, Place(at(3), local(3)), limit=3)
    assert (numbers(first), first.newer) == ([6, 5, 4], None)


def test_jobs_of_one_instant_are_each_on_one_page(store: GraphStore, lists: JobLists) -> None:
    for number in range(7):
        make(store, number, minutes=0)
    assert every(lists, ALL, limit=2) == [[6, 5], [4, 3], [2, 1], [0]]
    assert every(lists, replace(ALL, oldest_first=True), limit=3) == [[0, 1, 2], [3, 4, 5], [6]]
    assert numbers(lists.newer(ANONYMOUS, ALL, Place(at(0), local(2)), limit=3)) == [5, 4, 3]


def test_beyond_the_newest_job_is_what_came_since(store: GraphStore, lists: JobLists) -> None:
    make(store, 1)
    place = Place(at(1), local(1))
    nothing = lists.newer(ANONYMOUS, ALL, place, limit=10)
    assert (nothing.items, nothing.newer, nothing.older) == ((), None, place)
    make(store, 2)
    assert numbers(lists.newer(ANONYMOUS, ALL, place, limit=10)) == [2]


def test_a_page_keeps_to_the_bounds_of_its_filter(store: GraphStore, lists: JobLists) -> None:
    for number in range(6):
        make(store, number)
    since = replace(ALL, after=at(2))
    assert every(lists, since, limit=2) == [[5, 4], [3]]
    assert numbers(lists.newer(ANONYMOUS, since, Place(at(0), local(0)), limit=9)) == [5, 4, 3]
    until = replace(ALL, before_at=at(2), oldest_first=True)
    assert every(lists, until, limit=9) == [[0, 1]]
    assert numbers(lists.older(ANONYMOUS, until, Place(at(5), local(5)), limit=9)) == [0, 1]


def test_jobs_are_chosen_by_a_part_of_the_run_id_and_by_when_their_phase_changed(
    store: GraphStore, lists: JobLists
) -> None:
    make(store, 1, run_id="night 7, west")
    make(store, 2, run_id="night 8")
    make(store, 3)
    assert every(lists, replace(ALL, named="night"), limit=9) == [[2, 1]]
    assert every(lists, replace(ALL, named="7, w"), limit=9) == [[1]]
    store.write([Update(node=nid(local(1)), expected={}, put={"changed_at": at(60)})])
    assert every(lists, replace(ALL, changed_at=at(60)), limit=9) == [[1]]


def test_jobs_are_counted_by_phase_but_for_what_takes_a_look_at_each(store: GraphStore, lists: JobLists) -> None:
    for number, phase in enumerate(("COMPLETED", "COMPLETED", "ERROR", "ARCHIVED")):
        make(store, number, phase=phase)
    make(store, 9, readers=HIDDEN)
    make(store, 10, deleted=True)
    assert lists.counts(ANONYMOUS, ALL) == {Phase.COMPLETED: 2, Phase.ERROR: 1}
    asked = replace(ALL, phases=frozenset({Phase.ARCHIVED}))
    assert lists.counts(ANONYMOUS, asked) == {Phase.ARCHIVED: 1}
    assert lists.counts(ANONYMOUS, replace(ALL, values=(("text", ("a",)),))) is None


def test_a_row_tells_what_was_given_how_long_it_took_and_how_many_results(store: GraphStore, lists: JobLists) -> None:
    one = make(store, 1, phase="ERROR", error_message="no such star", run_id="r")
    put = {"started_at": at(2), "ended_at": at(5), "destruction_at": at(90)}
    store.write([Update(node=nid(one), expected={}, put=put)])
    add(
        store,
        parameter(f"{one}.ra", name="ra", value="83.6", given=True),
        parameter(f"{one}.dec", name="dec", value="22", given=False),
        parameter(f"{one}.sigma", name="sigma", value="3", given=True, config_file="stack.cfg"),
        entity("eevents", name="e1", file_name="events.fits"),
        entity("emap", name="map"),
        entity("elog", name="log"),
        relation(Kind.WAS_CONFIGURED_BY, one, f"{one}.ra", key=f"{one}.p0000"),
        relation(Kind.WAS_CONFIGURED_BY, one, f"{one}.dec", key=f"{one}.p0001"),
        relation(Kind.WAS_CONFIGURED_BY, one, f"{one}.sigma", key=f"{one}.p0002"),
        relation(Kind.USED, one, "eevents", key=f"{one}.u0000", role="events"),
        relation(Kind.WAS_GENERATED_BY, "emap", one, key=f"{one}.g0000"),
        relation(Kind.WAS_GENERATED_BY, "elog", one, key=f"{one}.-00000"),
    )
    [row] = lists.first(ANONYMOUS, ALL, limit=9).items
    assert row.given == (("ra", "83.6"), ("events", "events.fits"))
    assert (row.took, row.results, row.failure, row.run_id) == (timedelta(minutes=3), 1, "no such star", "r")
    assert (row.destruction_at, row.moves) == (at(90), frozenset())


def test_a_row_names_no_input_that_is_not_shared_with_its_reader(store: GraphStore, lists: JobLists) -> None:
    one = make(store, 1)
    add(
        store,
        entity("eopen", name="open", file_name="open.fits"),
        entity("esecret", name="secret", file_name="secret.fits", readers=HIDDEN),
        relation(Kind.USED, one, "eopen", key=f"{one}.u0000", role="events"),
        relation(Kind.USED, one, "esecret", key=f"{one}.u0001", role="model"),
    )
    [row] = lists.first(ANONYMOUS, ALL, limit=9).items
    assert row.given == (("events", "open.fits"),)
    [row] = lists.first(Caller(agent="x", name="x"), ALL, limit=9).items
    assert row.given == (("events", "open.fits"), ("model", "secret.fits"))


def test_a_job_that_a_cluster_holds_is_not_offered_to_be_started(store: GraphStore, lists: JobLists) -> None:
    make(store, 1, phase="HELD")
    make(store, 2, phase="HELD", slurm_job_id="17")
    there, here = lists.first(ANONYMOUS, ALL, limit=9).items
    assert (there.moves, here.moves) == (frozenset({Phase.ABORTED}), frozenset({Phase.ABORTED, Phase.QUEUED}))


def test_rows_of_some_jobs_leave_out_what_is_gone_or_somebody_elses(store: GraphStore, lists: JobLists) -> None:
    ids = [make(store, 3), make(store, 1), make(store, 2, readers=HIDDEN), make(store, 4, deleted=True), local(99)]
    assert [one.id for one in lists.these(ANONYMOUS, ids)] == ids[:2]
    seeing = Caller(agent="x", name="x")
    assert [one.id for one in lists.these(seeing, ids)] == ids[:3]


@pytest.mark.parametrize(
    "given",
    [
        "",
        "2026",
        f"2026-13-01T00:00:00.000000Z~{local(1)}",
        "2026-01-01T00:00:00Z~j1",
        f"0001-01-01T00:00:00.000000Z~{local(1)}",
        f"9999-12-31T23:59:59.999999Z~{local(1)}",
    ],
)
def test_a_place_that_is_none_is_refused_with_what_would_be_right(given: str) -> None:
    with pytest.raises(Invalid, match="the place that the page before linked to"):
        parse_place(given, field="older")


def test_a_place_reads_back() -> None:
    place = Place(at(0.5), local(7))
    assert parse_place(str(place), field="older") == place


def test_the_latest_products_stand_one_for_each_job(store: GraphStore) -> None:
    for number in (1, 2):
        make(store, number)
    make(store, 3, readers=HIDDEN)
    for name, maker, minutes, kind, readers in (
        ("old", 1, 1, "text/plain", PUBLIC_ONLY),
        ("table", 2, 5, "text/csv", PUBLIC_ONLY),
        ("picture", 2, 5, "image/png", PUBLIC_ONLY),
        ("hidden", 3, 6, "image/png", HIDDEN),
        ("later", 1, 7, "text/plain", PUBLIC_ONLY),
        ("gone", 1, 8, "text/plain", PUBLIC_ONLY),
    ):
        made = product(name, minutes, kind, readers=readers)
        add(store, made, relation(Kind.WAS_GENERATED_BY, f"e{name}", local(maker)))
    store.write([Update(node=nid("egone"), expected={}, put={"invalidated_at": at(9)})])
    add(store, product("loose", 9, "text/plain"))
    found = recent_products(store, EVERYBODY, limit=5, since_at=at(2), best=("image/png",))
    assert [(one.name, one.job, one.service, one.others) for one in found] == [
        ("later", local(1), "sleep", 0),
        ("picture", local(2), "sleep", 1),
    ]
    assert recent_products(store, EVERYBODY, limit=5, since_at=at(60)) == ()
