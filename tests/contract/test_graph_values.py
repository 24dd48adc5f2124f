"""Values, attributes and relations come back from every store as they went in."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest

from provstore.errors import Invalid
from provstore.graph.model import Attribute, Kind, Label, Node, NodeId, Relation, Value
from provstore.graph.rules import TO_CAUSES
from provstore.graph.store import Create, GraphStore, Update, Upsert, Walk
from tests.contract.graph_builders import PUBLIC_ONLY, activity, add, at, entity, nid, node, relation

TEXTS = {
    "empty": "",
    "latin": "Ångström é",
    "combining": "e\u0301 is not é",
    "astral": "🔭\U0001d4b3 \U0010ffff",
    "right to left": "שלום \u202e مرحبا",
    "lines": "a\r\nb\tc\x01\x1f\x7f\u2028",
    "sql": "'; DROP TABLE node; --",
    "cypher": "`}) DETACH DELETE n //${x} $id \\u0027",
    "json": '{"a": [1, "\\u0000"]} \\ "',
    "looks like a time": "2026-01-01T00:00:00.000000Z",
    "looks like a number": "1e5",
    "long": "xyé" * 350_000,
}
NUMBERS: dict[str, Value] = {
    "zero": 0,
    "least": -(2**63),
    "most": 2**63 - 1,
    "beyond a float": 2**53 + 1,
    "float": 0.1,
    "whole float": 1.0,
    "large float": 1.7976931348623157e308,
    "small float": 5e-324,
    "infinite": math.inf,
    "minus infinite": -math.inf,
    "true": True,
    "false": False,
}


# ``value`` and ``open`` are looked up by an index somewhere, ``note`` is not: adapters keep them in different places.
@pytest.mark.parametrize("name", ["value", "open", "note"])
@pytest.mark.parametrize("value", [*TEXTS.values(), *NUMBERS.values()], ids=[*TEXTS, *NUMBERS])
def test_a_value_comes_back_as_it_went_in(store: GraphStore, name: str, value: Value) -> None:
    store.write([Create(Node(nid("n"), frozenset({Label.PARAMETER, Label.JOB}), {name: value}))])
    (found,) = store.get([nid("n")])
    assert found.properties == {name: value}
    assert type(found.properties[name]) is type(value)


@pytest.mark.parametrize("name", ["value", "note"])
def test_nan_comes_back_as_nan(store: GraphStore, name: str) -> None:
    add(store, Node(nid("n"), frozenset({Label.PARAMETER}), {name: math.nan, "other": 1}))
    (found,) = store.get([nid("n")])
    back = found.properties[name]
    assert isinstance(back, float)
    assert math.isnan(back)
    assert found.properties["other"] == 1


@pytest.mark.parametrize("name", ["created_at", "other_at"])
@pytest.mark.parametrize(
    "instant",
    [
        datetime(2026, 3, 29, 1, 59, 59, 123456, tzinfo=UTC),
        datetime(2012, 3, 31, 9, 21, tzinfo=timezone(timedelta(hours=1))),
        datetime(1582, 10, 4, 12, 0, 0, 1, tzinfo=timezone(-timedelta(hours=11, minutes=30))),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ],
)
def test_an_instant_comes_back_to_the_microsecond_and_in_utc(store: GraphStore, name: str, instant: datetime) -> None:
    store.write([Create(Node(nid("a"), frozenset({Label.ACTIVITY}), {name: instant}))])
    (found,) = store.get([nid("a")])
    back = found.properties[name]
    assert isinstance(back, datetime)
    assert back == instant
    assert back.utcoffset() == timedelta(0)


def test_an_absent_property_is_not_an_empty_one(store: GraphStore) -> None:
    add(store, entity("empty", name="", note=""), entity("absent"))
    assert [found.properties for found in store.get([nid("empty"), nid("absent")])] == [{"name": "", "note": ""}, {}]


@pytest.mark.parametrize("changing", ["created", "updated", "upserted"])
def test_values_survive_each_way_of_writing(store: GraphStore, changing: str) -> None:
    properties: dict[str, Value] = {
        "name": "n",
        "open": True,
        "revision": 3,
        "value": 2.5,
        "created_at": at(1),
        "text": "t",
        "truth": False,
        "number": 2**60,
        "ratio": -math.inf,
        "made_at": at(2),
    }
    whole = Node(nid("n"), frozenset({Label.ACTIVITY}), properties, readers=PUBLIC_ONLY)
    if changing == "created":
        store.write([Create(whole)])
    elif changing == "updated":
        store.write([Create(activity("n")), Update(node=nid("n"), expected={}, put=properties)])
    else:
        store.write([Create(activity("n"))])
        store.write([Upsert(whole)])
    assert store.get([nid("n")]) == (whole,)


def test_attributes_keep_order_type_language_and_repetition(store: GraphStore) -> None:
    attributes = (
        Attribute("http://b.example/z", "1.00", "http://www.w3.org/2001/XMLSchema#double"),
        Attribute("http://a.example/a", "un", None, "fr"),
        Attribute("http://b.example/z", "1.0", "http://www.w3.org/2001/XMLSchema#double"),
        Attribute("http://b.example/z", "1.0", "http://www.w3.org/2001/XMLSchema#double"),
        Attribute("no namespace", "", None, None),
        Attribute("http://a.example/a", '\U0001d4b3 "quoted" \\ \n', "http://t.example/", "ar"),
        Attribute("", "INF"),
    )
    whole = entity("e")._replace(attributes=attributes)
    said = relation(Kind.WAS_DERIVED_FROM, "e", "e")._replace(attributes=attributes)
    add(store, whole, said)
    assert store.get([nid("e")]) == (whole,)
    assert list(store.scan().relations()) == [said]


def test_a_relation_comes_back_with_everything_it_had(store: GraphStore) -> None:
    full = Relation(
        key="urn:key:'\"",
        kind=Kind.WAS_DERIVED_FROM,
        source=nid("e"),
        target=nid("f"),
        role="rôle 🔭",
        time=datetime(2012, 3, 31, 9, 21, 0, 7, tzinfo=timezone(timedelta(hours=2))),
        relation_id="http://example.org/doc#d1",
        arguments={"activity": "http://example.org/a", "generation": "urn:g", "usage": "urn:u"},
        attributes=(Attribute("urn:k", "v", "urn:t", "en"),),
        bundle=nid("document"),
    )
    bare = Relation("bare", Kind.WAS_DERIVED_FROM, nid("f"), nid("e"))
    empty = bare._replace(key="empty", role="", relation_id="")
    add(store, entity("e"), entity("f"), node("document", Label.BUNDLE), full, bare, empty)
    assert sorted(store.scan().relations()) == sorted([full, bare, empty])


def test_every_label_and_kind_is_kept(store: GraphStore) -> None:
    nodes = [node(label, label) for label in Label]
    add(store, *nodes, node("all", *Label), *(relation(kind, "all", "all") for kind in Kind))
    assert {found.id: found.labels for found in store.scan().nodes()} == {
        nid("all"): frozenset(Label),
        **{nid(label): frozenset({label}) for label in Label},
    }
    assert {found.kind for found in store.scan().relations()} == set(Kind)


def test_ids_are_kept_as_they_are_and_compared_exactly(store: GraphStore) -> None:
    ids = ["urn:x:A", "urn:x:a", "urn:x:é", "urn:x:e\u0301", "http://x/%7Ea?b=c&d#e f", "urn:x:🔭", "'; --", "urn:x:a "]
    store.write([Create(Node(NodeId(id_), frozenset({Label.ENTITY}), {"note": id_})) for id_ in ids])
    for id_ in ids:
        (found,) = store.get([NodeId(id_)])
        assert found.properties == {"note": id_}


@pytest.mark.parametrize(
    "bad",
    [
        entity("n", text="a\x00b"),
        entity("n", text="\udfff"),
        entity("n", number=2**63),
        entity("n", number=-(2**63) - 1),
        Node(NodeId("urn:\ud800"), frozenset({Label.ENTITY})),
        entity("n")._replace(attributes=(Attribute("urn:k", "\ud800"),)),
    ],
    ids=["NUL", "surrogate", "too large", "too small", "id", "attribute"],
)
def test_what_cannot_be_kept_is_refused(store: GraphStore, bad: Node) -> None:
    with pytest.raises(Invalid):
        store.write([Create(bad)])
    with pytest.raises(Invalid):
        store.write([Upsert(bad)])
    assert list(store.scan().nodes()) == []


@pytest.mark.parametrize("put", [{"text": "\ud800"}, {"number": 2**63}, {"when": at(0)}, {"when_at": "now"}])
def test_an_update_refuses_what_cannot_be_kept(store: GraphStore, put: dict[str, Value | None]) -> None:
    add(store, entity("e"))
    with pytest.raises(Invalid):
        store.write([Update(node=nid("e"), expected={}, put=put)])
    assert store.get([nid("e")]) == (entity("e"),)


def test_an_id_with_nul_is_that_of_no_node(store: GraphStore) -> None:
    add(store, entity("e"), entity("a\\u0000b"))
    wrong = NodeId(f"{nid('e')}\x00f")
    assert store.get([wrong, nid("e"), nid("a\\u0000b")]) == (entity("e"), entity("a\\u0000b"))
    assert store.delete([wrong]) == 0
    assert store.retract(wrong) == 0
    assert store.walk(Walk(starts=(wrong,), steps=TO_CAUSES)).reached == ()
