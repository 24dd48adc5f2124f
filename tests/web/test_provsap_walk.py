"""The walk of ProvSAP, on graphs of a few words: among them those that older servers get wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

import pytest

from provstore.graph.model import Kind, Label, Node, NodeId, Relation
from provstore.graph.store import Create
from tests.web.provsap_answers import PLACE, ask, names
from tests.web.served import Served

SEEN: Final = frozenset({"public"})


def nid(local: str) -> NodeId:
    return NodeId(f"urn:walk:{local}")


def node(local: str, *labels: Label) -> Create:
    return Create(Node(nid(local), frozenset(labels), {"name": local}, readers=SEEN))


def edge(kind: Kind, source: str, target: str) -> Create:
    return Create(Relation(f"{kind}:{source}:{target}", kind, nid(source), nid(target)))


def derived(*ends: tuple[str, str]) -> list[Create]:
    """Entities, and derivations between them: (product, source)."""
    entities = dict.fromkeys(one for pair in ends for one in pair)
    return [
        *(node(one, Label.ENTITY) for one in entities),
        *(edge(Kind.WAS_DERIVED_FROM, *pair) for pair in ends),
    ]


def found(served: Served, ids: Iterable[str], **query: Any) -> set[str]:
    answer = ask(served, *map(nid, ids), **query)
    return {name.rpartition(":")[2].removeprefix("walk") for name in names(answer)}


def test_a_job_in_between_that_one_may_not_see_is_a_stub(served: Served) -> None:
    secret = Create(Node(nid("secret"), frozenset({Label.ACTIVITY}), {"name": "secret"}, readers=frozenset({"user:x"})))
    served.provstore.store.write(
        [
            *(node(one, Label.ENTITY) for one in ("made", "raw")),
            secret,
            edge(Kind.WAS_GENERATED_BY, "made", "secret"),
            edge(Kind.USED, "secret", "raw"),
        ]
    )
    answer = ask(served, nid("made"), DEPTH="ALL")
    assert answer["entity"]["provstore:answer"]["provstore:restricted"]
    assert "secret" not in json.dumps(answer)
    assert len(answer["activity"]) == 1
    assert {nid("made"), nid("raw")} <= {f"urn:walk:{name.rpartition(':')[2]}" for name in answer["entity"]}


def test_a_node_first_met_on_a_long_way_is_still_expanded_from_the_short_one(served: Served) -> None:
    # Depth-first with a countdown meets x at 3 and then refuses to go on from it at 1.
    served.provstore.store.write(derived(("s", "a1"), ("a1", "a2"), ("a2", "x"), ("s", "x"), ("x", "y"), ("y", "z")))
    assert found(served, ["s"], DEPTH=3) == {"s", "a1", "a2", "x", "y", "z"}
    assert found(served, ["s"], DEPTH=2) == {"s", "a1", "a2", "x", "y"}


def test_every_id_gets_the_same_depth_and_their_order_changes_nothing(served: Served) -> None:
    served.provstore.store.write(derived(("p1", "p2"), ("p2", "p3"), ("q1", "q2"), ("q2", "q3"), ("q2", "p1")))
    assert found(served, ["p1", "q1"], DEPTH=1) == {"p1", "p2", "q1", "q2"}
    places = [f"{PLACE}?ID={nid(one)}&ID={nid(two)}&DEPTH=2" for one, two in (("p1", "q1"), ("q1", "p1"))]
    for form in ("PROV-JSON", "PROV-N", "VOTABLE", "GRAPH"):
        one, two = (served.anonymous.get(f"{place}&RESPONSEFORMAT={form}").data for place in places)
        assert one == two


def test_cycles_end_and_a_hundred_diamonds_cost_what_their_nodes_cost(served: Served) -> None:
    diamonds = [(f"d{number}", f"{side}{number}") for number in range(100) for side in "lr"] + [
        (f"{side}{number}", f"d{number + 1}") for number in range(100) for side in "lr"
    ]
    served.provstore.store.write([*derived(*diamonds), *derived(("c1", "c2"), ("c2", "c3"), ("c3", "c1"))])
    assert len(found(served, ["d0"], DEPTH="ALL")) == 301
    assert found(served, ["c1"], DEPTH="ALL") == {"c1", "c2", "c3"}
    answer = ask(served, nid("c1"), DEPTH="ALL", DIRECTION="BOTH")
    assert len(answer["wasDerivedFrom"]) == 3


def test_members_are_followed_if_asked_for_and_collections_always(served: Served) -> None:
    served.provstore.store.write(
        [
            node("night", Label.ENTITY, Label.COLLECTION),
            *derived(("m1", "r1"), ("m2", "r2")),
            edge(Kind.HAD_MEMBER, "night", "m1"),
            edge(Kind.HAD_MEMBER, "night", "m2"),
        ]
    )
    assert found(served, ["night"], DEPTH="ALL") == {"night"}
    for value in ("TRUE", "1"):
        assert found(served, ["night"], DEPTH="ALL", MEMBERS=value) == {"night", "m1", "m2", "r1", "r2"}
    assert found(served, ["m1"], DEPTH="ALL") == {"m1", "r1", "night"}
    assert found(served, ["m1"], DEPTH="ALL", DIRECTION="FORTH") == {"m1", "night"}


@pytest.fixture
def people(served: Served) -> Served:
    """Two activities of one person, who works for an institute."""
    served.provstore.store.write(
        [
            *derived(("out", "in")),
            *(node(one, Label.ACTIVITY) for one in ("run1", "run2")),
            *(node(one, Label.AGENT) for one in ("ada", "institute")),
            edge(Kind.WAS_GENERATED_BY, "out", "run1"),
            edge(Kind.USED, "run1", "in"),
            edge(Kind.WAS_ASSOCIATED_WITH, "run1", "ada"),
            edge(Kind.WAS_ASSOCIATED_WITH, "run2", "ada"),
            edge(Kind.ACTED_ON_BEHALF_OF, "ada", "institute"),
        ]
    )
    return served


def test_agents_are_shown_and_lead_nowhere_unless_they_are_walked_through(people: Served) -> None:
    everything = {"out", "in", "run1", "ada", "institute"}
    assert found(people, ["out"], DEPTH="ALL") == everything
    assert found(people, ["out"], DEPTH="ALL", AGENT="TRUE") == everything
    assert found(people, ["out"], DEPTH="ALL", AGENTS=0) == {"out", "in", "run1"}
    assert found(people, ["ada"], DEPTH="ALL", DIRECTION="FORTH") == {"ada"}
    theirs = {"ada", "institute", "run1", "run2", "out"}
    assert found(people, ["ada"], DEPTH="ALL", DIRECTION="FORTH", AGENT="true") == theirs
    assert found(people, ["institute"], DEPTH=1, DIRECTION="FORTH", AGENT="TRUE") == {"institute", "ada"}


def test_an_agent_that_was_asked_for_is_shown_even_if_agents_are_hidden(people: Served) -> None:
    assert found(people, ["ada", "out"], AGENTS=0) == {"ada", "out", "in", "run1"}


def test_the_job_that_deletes_a_file_is_shown_and_is_no_cause_of_it(served: Served) -> None:
    served.provstore.store.write(
        [
            *derived(("file", "source")),
            node("cleaning", Label.ACTIVITY),
            node("rules", Label.ENTITY),
            edge(Kind.WAS_INVALIDATED_BY, "file", "cleaning"),
            edge(Kind.USED, "cleaning", "rules"),
        ]
    )
    assert found(served, ["file"], DEPTH="ALL") == {"file", "source", "cleaning"}


def test_alternates_are_followed_both_ways(served: Served) -> None:
    served.provstore.store.write([*derived(("copy1", "old")), node("copy2", Label.ENTITY)])
    served.provstore.store.write([edge(Kind.ALTERNATE_OF, "copy1", "copy2")])
    assert found(served, ["copy2"], DEPTH="ALL") == {"copy1", "copy2", "old"}


# --- limits


@pytest.mark.slow
def test_above_the_limit_the_nearest_are_kept_and_each_format_says_so(served: Served) -> None:
    near = [("top", f"near{number:05d}") for number in range(9_000)]
    far = [(f"near{number:05d}", f"far{number:05d}") for number in range(2_000)]
    served.provstore.store.write(derived(*near, *far))
    place = f"{PLACE}?ID={nid('top')}&DEPTH=ALL"
    answer = served.anonymous.get(place)
    assert (answer.status_code, answer.headers["Provstore-Truncated"]) == (200, "true")
    assert answer.json is not None
    assert answer.json["entity"]["provstore:answer"]["provstore:truncated"]
    assert len(names(answer.json)) == 10_000
    assert sum("near" in name for name in names(answer.json)) == 9_000
    both = served.anonymous.get(f"{PLACE}?ID={nid('near00000')}&ID={nid('top')}&DEPTH=ALL&DIRECTION=BOTH")
    assert len(names(both.json)) == 10_000
    for form, words in (
        ("VOTABLE", '<INFO name="truncated" value="true"/>'),
        ("PROV-N", "provstore:truncated="),
        ("PROV-XML", "<provstore:truncated"),
    ):
        other = served.anonymous.get(f"{place}&RESPONSEFORMAT={form}")
        assert (form, other.headers["Provstore-Truncated"]) == (form, "true")
        assert words in other.text
