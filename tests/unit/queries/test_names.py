"""Names as people write them, over the prefixes that documents have declared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provstore.errors import Invalid
from provstore.graph.model import PUBLIC, Label, Node, NodeId, Viewer
from provstore.graph.sqlite import SqliteStore, open_sqlite
from provstore.graph.store import Create
from provstore.queries.names import ambiguity, meanings, prefixes_of, resolve, resolve_all

N = "urn:t#"
SEEN = frozenset({PUBLIC})
HIDDEN = frozenset({"user:x"})
KNOWN = [
    (f"{N}e1", SEEN),
    ("http://a.org/thing", SEEN),
    ("http://b.org/thing", SEEN),
    ("http://b.org/deep/er", SEEN),
    ("http://c.org/hidden", HIDDEN),
    ("http://default.org/bare", SEEN),
]
PREFIXES = [
    ("a", "http://a.org/", SEEN),
    ("both", "http://a.org/", SEEN),
    ("both", "http://b.org/", SEEN),
    ("c", "http://c.org/", SEEN),
    ("secret", "http://b.org/deep/", HIDDEN),
    ("default", "http://default.org/", SEEN),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = open_sqlite(tmp_path / "graph.sqlite", namespace=N)
    opened.write([Create(Node(NodeId(uri), frozenset({Label.ENTITY}), readers=readers)) for uri, readers in KNOWN])
    words = [
        Node(NodeId(f"{N}n{number}"), frozenset({Label.NAMESPACE}), {"prefix": prefix, "uri": uri}, readers=readers)
        for number, (prefix, uri, readers) in enumerate(PREFIXES)
    ]
    opened.write([Create(word) for word in words])
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("e1", f"{N}e1"),
        ("id:e1", f"{N}e1"),
        ("http://a.org/thing", "http://a.org/thing"),
        ("a:thing", "http://a.org/thing"),
        ("both:deep/er", "http://b.org/deep/er"),
        ("bare", "http://default.org/bare"),
        ("a:nothing", "a:nothing"),
        ("nothing", f"{N}nothing"),
        ("unknown_prefix:x", f"{N}unknown_prefix:x"),
        ("", N),
    ],
)
def test_an_id_is_a_local_part_a_qname_or_a_uri(store: SqliteStore, text: str, expected: str) -> None:
    assert resolve(store, text, Viewer()) == expected


def test_many_are_resolved_in_their_order(store: SqliteStore) -> None:
    assert resolve_all(store, ["a:thing", "e1", "a:thing"]) == ("http://a.org/thing", f"{N}e1", "http://a.org/thing")


def test_one_that_may_be_two_is_refused_or_given_with_both(store: SqliteStore) -> None:
    with pytest.raises(Invalid, match=r"may be .* or .*: write the URI"):
        resolve_all(store, ["e1", "both:thing"])
    found = meanings(store, ["e1", "both:thing"])
    assert found == {"e1": (f"{N}e1",), "both:thing": ("http://a.org/thing", "http://b.org/thing")}
    assert ambiguity("x", found["e1"]) == f"'x' may be {N}e1: write the URI"


def test_what_one_may_not_see_is_not_found_by_its_short_name(store: SqliteStore) -> None:
    assert resolve(store, "c:hidden", Viewer()) == "c:hidden"
    assert resolve(store, "c:hidden") == "http://c.org/hidden"
    assert resolve(store, "secret:er", Viewer()) == "secret:er"
    assert resolve(store, "secret:er") == "http://b.org/deep/er"


def test_prefixes_are_those_of_the_namespaces_that_occur(store: SqliteStore) -> None:
    assert prefixes_of(store, ["http://a.org/thing", "http://a.org/x", f"{N}e1"], Viewer()) == {"a": "http://a.org/"}
    uris = ["http://b.org/deep/er", "http://default.org/bare", "http://www.w3.org/ns/prov#type", "nothing"]
    assert prefixes_of(store, uris, Viewer()) == {"both": "http://b.org/"}
    assert prefixes_of(store, uris) == {"both": "http://b.org/", "secret": "http://b.org/deep/"}
    assert prefixes_of(store, [f"{N}e1", "nothing"]) == {}
    assert prefixes_of(store, ["http://a.org" + "/x" * 10_000]) == {}
