"""What only the Neo4j adapter can do wrong: addresses, passwords, locks of several writers, limits of its indexes."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from provstore.errors import Conflict, Invalid, NotFound, Unavailable
from provstore.graph.model import EVERYBODY, Kind, Label
from provstore.graph.neo4j import Neo4jStore, open_neo4j
from provstore.graph.neo4j_schema import CUT, quote
from provstore.graph.neo4j_walk import chunk_text
from provstore.graph.rules import TO_CAUSES
from provstore.graph.store import Condition, Create, Filter, Find, Op, Order, Upsert
from tests.contract.conftest import OpenStore
from tests.contract.graph_builders import (
    EX,
    activity,
    add,
    attribute,
    bundle,
    diamonds,
    entity,
    find_ids,
    nid,
    parameter,
    relation,
    said_of,
    thing,
    used,
    where,
)
from tests.neo4j_server import Neo4jServer, wipe

neo4j = pytest.mark.neo4j


def test_an_address_where_nobody_answers_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(Unavailable, match=str(port)):
        open_neo4j(f"bolt://127.0.0.1:{port}", user="neo4j", password="x")


@pytest.mark.parametrize("url", ["http://localhost", "bolt+x://localhost", "nonsense"])
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        open_neo4j(url, user="neo4j", password="x")


@neo4j
def test_a_wrong_password_is_told_without_the_password(neo4j_url: Neo4jServer) -> None:
    address = neo4j_url.url.replace("//", "//someone:hidden@")
    with pytest.raises(Unavailable) as caught:
        open_neo4j(address, user="neo4j", password="mistaken")
    assert "mistaken" not in str(caught.value)
    assert "hidden" not in str(caught.value)


@neo4j
def test_a_closed_store_is_unavailable(open_neo4j_again: OpenStore) -> None:
    store = open_neo4j_again("")
    store.close()
    with pytest.raises(Unavailable):
        store.get([nid("x")])


@neo4j
def test_processes_that_open_first_at_the_same_time_agree(neo4j_url: Neo4jServer, open_neo4j_again: OpenStore) -> None:
    wipe(neo4j_url)
    with ThreadPoolExecutor(6) as pool:
        stores = list(pool.map(open_neo4j_again, [f"http://example.org/{number}#" for number in range(6)]))
    assert len({store.namespace for store in stores}) == 1
    for store in stores:
        store.close()


@neo4j
def test_the_path_of_the_address_names_the_database(neo4j_url: Neo4jServer) -> None:
    open_neo4j(f"{neo4j_url.url}/neo4j", user=neo4j_url.user, password=neo4j_url.password).close()
    with pytest.raises(Unavailable, match="other"):
        open_neo4j(f"{neo4j_url.url}/other", user=neo4j_url.user, password=neo4j_url.password)


@neo4j
def test_writers_that_upsert_one_new_relation_all_succeed(open_neo4j_again: OpenStore) -> None:
    store = open_neo4j_again("")
    add(store, activity("a"), entity("e"))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda role: store.write([Upsert(used("a", "e")._replace(role=role))]), "abcdefghijklmnop"))
    assert [one.key for one in store.scan().relations()] == ["USED:a:e"]
    store.close()


@neo4j
def test_a_key_is_of_one_relation_whatever_its_kind(open_neo4j_again: OpenStore) -> None:
    store = open_neo4j_again("")
    add(store, activity("a"), activity("b"), relation(Kind.WAS_INFORMED_BY, "a", "b", key="k"))
    influence = relation(Kind.WAS_INFLUENCED_BY, "a", "b", key="k")
    with pytest.raises(Conflict):
        store.write([Create(influence)])
    store.write([Upsert(influence)])
    assert list(store.scan().relations()) == [influence]
    store.close()


@neo4j
def test_texts_longer_than_an_index_entry_are_found_and_ordered(open_neo4j_again: OpenStore) -> None:
    store = open_neo4j_again("")
    texts = {"a": "x" * CUT, "b": "x" * (CUT + 1), "c": "x" * 20_000, "d": "x" * 19_999 + "y", "e": "x"}
    add(store, *(parameter(local, name="n", value=text) for local, text in texts.items()))
    for local, text in texts.items():
        assert find_ids(store, where(Label.PARAMETER, ("name", Op.EQ, "n"), ("value", Op.EQ, text))) == {local}
    long = Condition(label=Label.PARAMETER, filters=(Filter("value", Op.IN, tuple(texts.values())),))
    question = Find(condition=long, order=Order("value"), limit=2)
    first = store.find(question)
    second = store.find(Find(condition=long, order=Order("value"), limit=3, after=first.next))
    assert [node.id for node in (*first.items, *second.items)] == [nid(local) for local in "eabcd"]
    store.write([Upsert(parameter("c", value="short"))])
    assert store.get([nid("c")]) == (parameter("c", name="n", value="short"),)
    store.close()


@neo4j
def test_looking_ahead_from_several_nodes_gives_each_node_once(open_neo4j_again: OpenStore) -> None:
    store = open_neo4j_again("")
    assert isinstance(store, Neo4jStore)
    store.write(diamonds(4))
    text = chunk_text(TO_CAUSES, EVERYBODY, levels=16)
    rows = store._server.read(text, frontier=[nid("e0"), nid("a1"), nid("e2")], room=100)
    assert sorted(row[1]["id"] for row in rows) == sorted(node.id for node in store.scan().nodes())
    store.close()


@neo4j
def test_a_database_without_words_of_attributes_gets_them_when_it_is_opened(open_neo4j_again: OpenStore) -> None:
    store = open_neo4j_again("")
    assert isinstance(store, Neo4jStore)
    named = [entity(f"e{number}")._replace(attributes=(attribute("k", str(number)),)) for number in range(3)]
    add(store, *named)
    store._server.change("MATCH (n) REMOVE n._words, n._texts, n.form")
    wanted = where(Label.ENTITY, (f"{EX}k", Op.IN, ("1", "2")))
    assert find_ids(store, wanted) == set()
    store.close()
    again = open_neo4j_again("")
    assert find_ids(again, wanted) == {"e1", "e2"}
    assert list(again.scan().nodes()) == named
    again.close()


@neo4j
@pytest.mark.parametrize("between", [10, 200])
def test_keys_of_a_large_batch_are_compared_however_many_others_lie_between(
    open_neo4j_again: OpenStore, between: int
) -> None:
    store = open_neo4j_again("")
    add(store, activity("a"), activity("b"))
    add(store, *(relation(Kind.WAS_INFORMED_BY, "a", "b", key=f"k{number:03}x") for number in range(between)))
    fresh = [relation(Kind.WAS_INFLUENCED_BY, "a", "b", key=f"k{number:03}") for number in range(60)]
    add(store, *fresh)
    clash = [relation(Kind.WAS_INFLUENCED_BY, "a", "b", key=f"k{number:03}y") for number in range(60)]
    with pytest.raises(Conflict, match="k007x"):
        add(store, *clash, relation(Kind.WAS_INFLUENCED_BY, "a", "b", key="k007x"), clash[0]._replace(key="k999"))
    store.close()


@neo4j
def test_a_missing_end_of_what_a_document_says_is_named(open_neo4j_again: OpenStore) -> None:
    store = open_neo4j_again("")
    add(store, bundle("b"), thing("e"))
    with pytest.raises(NotFound, match="#gone"):
        add(store, said_of("b", 1, nid("gone")))
    store.close()


def test_a_name_that_could_break_out_of_its_quotes_is_never_quoted() -> None:
    for name in ("a`b", "", "a b", "\\u0060", "é", "x" * 101):
        with pytest.raises(ValueError, match="must not stand"):
            quote(name)
