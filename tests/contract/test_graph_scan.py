"""What every store promises of scan."""

from __future__ import annotations

from provstore.graph.model import Kind
from provstore.graph.store import Create, GraphStore
from tests.contract.graph_builders import (
    ANONYMOUS,
    activity,
    add,
    agent,
    diamonds,
    entity,
    generated,
    nid,
    relation,
    used,
)


def test_a_scan_gives_what_was_written(store: GraphStore) -> None:
    changes = diamonds(20)
    store.write(changes)
    written = [change.item for change in changes if isinstance(change, Create)]
    graph = store.scan()
    assert sorted([*graph.nodes(), *graph.relations()], key=repr) == sorted(written, key=repr)


def test_an_empty_store_has_an_empty_graph(store: GraphStore) -> None:
    graph = store.scan()
    assert list(graph.nodes()) == []
    assert list(graph.relations()) == []


def test_a_scan_may_be_read_any_number_of_times_and_in_parallel(store: GraphStore) -> None:
    add(store, activity("a"), entity("e"), used("a", "e"))
    graph = store.scan()
    first, second = graph.nodes(), graph.nodes()
    assert next(first) == next(second)
    assert list(graph.relations()) == list(graph.relations()) == [used("a", "e")]
    assert next(first) == next(second)


def test_a_scan_abandoned_in_the_middle_hinders_nobody(store: GraphStore) -> None:
    add(store, *(entity(f"e{number}") for number in range(100)))
    for _ in range(20):
        next(store.scan().nodes())
    add(store, entity("more"))
    assert sum(1 for _ in store.scan().nodes()) == 101


def test_a_scan_gives_what_the_viewer_may_see(store: GraphStore) -> None:
    add(store, activity("a"), entity("e"), entity("h", readers=frozenset({"user:x"})), agent("p"))
    add(store, used("a", "e"), used("a", "h"), generated("h", "a"), relation(Kind.WAS_ATTRIBUTED_TO, "e", "p"))
    graph = store.scan(ANONYMOUS)
    assert {node.id for node in graph.nodes()} == {nid("a"), nid("e"), nid("p")}
    assert {one.key for one in graph.relations()} == {"USED:a:e", "WAS_ATTRIBUTED_TO:e:p"}


def test_nodes_and_relations_of_a_scan_fit_together_while_others_write(store: GraphStore) -> None:
    add(store, activity("a"), entity("e"), used("a", "e"))
    graph = store.scan()
    nodes = graph.nodes()
    known = {next(nodes).id}
    add(store, entity("new"), used("a", "new"))
    known |= {node.id for node in nodes}
    assert all({one.source, one.target} <= known for one in graph.relations())
