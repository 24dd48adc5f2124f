"""Relations that a script tells of: what is taken, what of it the server knows better, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.graph.model import PROV, VOPROV, XSD, Attribute, Kind
from provstore.uws.running.told.circles import circles
from provstore.uws.running.told.scene import Generation
from tests.unit.uws.told_scene import EX, ends, new_nodes, nid, relations, tell_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TIME = "2026-03-01T12:00:00Z"
ELEMENTS: dict[str, Any] = {
    "entity": {"mid": {}, "cat": {}},
    "activity": {"s1": {}, "s2": {}},
    "agent": {"ada": {"prov:type": "prov:Person"}, "bob": {"prov:type": "prov:Person"}},
}


def said(section: str, **facts: Any) -> dict[str, Any]:
    """One relation between things that are declared."""
    return {**ELEMENTS, section: {"_:r": {f"prov:{name.strip('_')}": value for name, value in facts.items()}}}


def taken(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What is written of relations, without the joins of the two steps."""
    told = tell_of(document)
    assert told.remarks == ()
    return [one for one in ends(told) if one[0] != "WAS_INFORMED_BY" or one[2] != "j1"]


def refused(document: dict[str, Any]) -> str:
    """The one remark on a relation that is not written."""
    told = tell_of(document)
    joins = [("WAS_INFORMED_BY", f"j1.-{step}", "j1") for step in ("s1", "s2")]
    assert ends(told) == joins
    (remark,) = told.remarks
    return remark


@pytest.mark.parametrize(
    ("section", "facts", "relation"),
    [
        ("used", {"activity": "s1", "entity": "raw"}, ("USED", "j1.-s1", "e0.raw")),
        ("used", {"activity": "current_job", "entity": "mid"}, ("USED", "j1", "e1.-mid")),
        ("used", {"activity": "current_job", "entity": "id:e9.open"}, ("USED", "j1", "e9.open")),
        ("wasGeneratedBy", {"entity": "mid", "activity": "s1"}, ("WAS_GENERATED_BY", "e1.-mid", "j1.-s1")),
        ("wasGeneratedBy", {"entity": "stack", "activity": "s2"}, ("WAS_GENERATED_BY", "e1.stack", "j1.-s2")),
        ("wasInformedBy", {"informed": "s2", "informant": "s1"}, ("WAS_INFORMED_BY", "j1.-s2", "j1.-s1")),
        ("wasInformedBy", {"informed": "s1", "informant": "id:j9"}, ("WAS_INFORMED_BY", "j1.-s1", "j9")),
        ("wasStartedBy", {"activity": "s1", "trigger": "raw"}, ("WAS_STARTED_BY", "j1.-s1", "e0.raw")),
        ("wasStartedBy", {"activity": "s2", "starter": "s1"}, ("WAS_INFORMED_BY", "j1.-s2", "j1.-s1")),
        ("wasEndedBy", {"activity": "s1", "trigger": "cat"}, ("WAS_ENDED_BY", "j1.-s1", "e1.-cat")),
        ("wasInvalidatedBy", {"entity": "mid", "activity": "s2"}, ("WAS_INVALIDATED_BY", "e1.-mid", "j1.-s2")),
        ("wasDerivedFrom", {"generatedEntity": "log", "usedEntity": "raw"}, ("WAS_DERIVED_FROM", "e1.log", "e0.raw")),
        ("wasAttributedTo", {"entity": "stack", "agent": "ada"}, ("WAS_ATTRIBUTED_TO", "e1.stack", "a1.-ada")),
        ("wasAssociatedWith", {"activity": "s1", "agent": "id:a9"}, ("WAS_ASSOCIATED_WITH", "j1.-s1", "a9")),
        ("actedOnBehalfOf", {"delegate": "ada", "responsible": "bob"}, ("ACTED_ON_BEHALF_OF", "a1.-ada", "a1.-bob")),
        ("wasInfluencedBy", {"influencee": "cat", "influencer": "ada"}, ("WAS_INFLUENCED_BY", "e1.-cat", "a1.-ada")),
        (
            "specializationOf",
            {"specificEntity": "mid", "generalEntity": "raw"},
            ("SPECIALIZATION_OF", "e1.-mid", "e0.raw"),
        ),
        ("alternateOf", {"alternate1": "mid", "alternate2": "stack"}, ("ALTERNATE_OF", "e1.-mid", "e1.stack")),
        ("hadMember", {"collection": "mid", "entity": "log"}, ("HAD_MEMBER", "e1.-mid", "e1.log")),
    ],
)
def test_a_relation_of_what_is_the_scripts_own_is_taken(
    section: str, facts: dict[str, Any], relation: tuple[str, str, str]
) -> None:
    assert taken(said(section, **facts)) == [relation]


@pytest.mark.parametrize(
    ("section", "facts", "reason"),
    [
        ("used", {"activity": "s1", "entity": "nobody"}, "prov:entity 'nobody': it is declared nowhere"),
        ("used", {"activity": "s1"}, "prov:entity is missing"),
        ("used", {"activity": "s1", "entity": "ada"}, "USED: its target urn:t#a1.-ada is Agent; it must be"),
        ("used", {"activity": "id:j9", "entity": "mid"}, "it speaks of what is stored already"),
        ("wasAssociatedWith", {"activity": "id:j9", "agent": "ada"}, "it speaks of what is stored already"),
        ("wasGeneratedBy", {"entity": "mid", "activity": "id:j9"}, "it would change what is known of something"),
        ("wasGeneratedBy", {"entity": "id:e9.open", "activity": "current_job"}, "it speaks of what is stored already"),
        ("wasGeneratedBy", {"entity": "raw", "activity": "current_job"}, "it speaks of what is an input"),
        ("wasInvalidatedBy", {"entity": "stack", "activity": "current_job"}, "a result of the job is there"),
        ("wasInvalidatedBy", {"entity": "mid", "activity": "id:j9"}, "it would change what is known of something"),
        ("wasDerivedFrom", {"generatedEntity": "raw", "usedEntity": "mid"}, "it speaks of what is an input"),
        ("wasDerivedFrom", {"generatedEntity": "mid", "usedEntity": "mid"}, "it relates a thing to itself"),
        ("wasAttributedTo", {"entity": "id:e9.open", "agent": "ada"}, "it speaks of what is stored already"),
        ("alternateOf", {"alternate1": "mid", "alternate2": "raw"}, "it would change what is known of something"),
        ("hadMember", {"collection": "mid", "entity": "id:e9.open"}, "it would change what is known of something"),
        ("wasAssociatedWith", {"activity": "s1", "plan": "cat"}, "prov:agent is missing"),
        ("mentionOf", {"specificEntity": "mid", "generalEntity": "cat", "bundle": "b"}, "what mentions bundles"),
        ("wasEndedBy", {"activity": "s1", "ender": "s2"}, "prov:trigger is missing"),
    ],
)
def test_a_relation_that_is_wrong_or_touches_what_is_not_the_scripts_is_refused(
    section: str, facts: dict[str, Any], reason: str
) -> None:
    assert refused(said(section, **facts)).startswith(f"{section}._:r: {reason}")


@pytest.mark.parametrize(
    ("section", "facts", "node", "name"),
    [
        ("wasGeneratedBy", {"entity": "mid"}, "e1.-mid", "generated_at"),
        ("wasInvalidatedBy", {"entity": "mid"}, "e1.-mid", "invalidated_at"),
        ("wasStartedBy", {"activity": "s1"}, "j1.-s1", "started_at"),
        ("wasEndedBy", {"activity": "s1"}, "j1.-s1", "ended_at"),
    ],
)
def test_the_time_of_a_beginning_or_end_is_kept_with_the_thing(
    section: str, facts: dict[str, Any], node: str, name: str
) -> None:
    told = tell_of(said(section, **facts, time=TIME))
    assert new_nodes(told)[node].properties[name] == NOON
    assert told.remarks == ()


def test_roles_times_attributes_and_further_arguments_are_kept() -> None:
    document = {
        **ELEMENTS,
        "used": {
            "ex:u1": {
                "prov:activity": "s1",
                "prov:entity": "raw",
                "prov:role": "image",
                "prov:time": TIME,
                "ex:hdu": 2,
                "prov:location": "here",
            }
        },
        "wasGeneratedBy": {"_:g": {"prov:entity": "mid", "prov:activity": "s1"}},
        "wasDerivedFrom": {
            "_:d": {
                "prov:generatedEntity": "mid",
                "prov:usedEntity": "raw",
                "prov:activity": "s1",
                "prov:usage": "ex:u1",
                "prov:generation": "_:g",
                "prov:type": {"$": "prov:Revision", "type": "xsd:QName"},
            }
        },
        "wasAssociatedWith": {"_:a": {"prov:activity": "s1", "prov:agent": "ada", "prov:plan": "cat"}},
        "actedOnBehalfOf": {"_:b": {"prov:delegate": "ada", "prov:responsible": "bob", "prov:activity": "s1"}},
        "wasStartedBy": {
            "_:s": {"prov:activity": "s2", "prov:trigger": "mid", "prov:starter": "s1", "prov:time": TIME}
        },
    }
    told = tell_of(document)
    assert told.remarks == ()
    (use,), (generation,) = relations(told, Kind.USED), relations(told, Kind.WAS_GENERATED_BY)
    assert (use.role, use.time, use.relation_id) == ("image", NOON, nid("r1.-u1"))
    assert set(use.attributes) == {Attribute(f"{EX}hdu", "2", f"{XSD}int"), Attribute(f"{PROV}location", "here")}
    assert generation.relation_id == nid("r1.-g")
    (derivation,) = relations(told, Kind.WAS_DERIVED_FROM)
    assert derivation.arguments == {"activity": nid("j1.-s1"), "usage": nid("r1.-u1"), "generation": nid("r1.-g")}
    assert derivation.attributes == (Attribute(f"{PROV}type", f"{PROV}Revision", f"{XSD}QName"),)
    (association,), (delegation,) = relations(told, Kind.WAS_ASSOCIATED_WITH), relations(told, Kind.ACTED_ON_BEHALF_OF)
    assert association.arguments == {"plan": nid("e1.-cat")}
    assert delegation.arguments == {"activity": nid("j1.-s1")}
    (start,) = relations(told, Kind.WAS_STARTED_BY)
    assert (start.arguments, start.time) == ({"starter": nid("j1.-s1")}, NOON)


def test_the_role_of_a_kind_that_has_none_is_kept_as_an_attribute() -> None:
    derived = {"generatedEntity": "mid", "usedEntity": "raw", "role": "base"}
    (derivation,) = relations(tell_of(said("wasDerivedFrom", **derived)), Kind.WAS_DERIVED_FROM)
    assert (derivation.role, derivation.attributes) == (None, (Attribute(f"{VOPROV}role", "base"),))
    attributed = {"entity": "mid", "agent": "ada", "role": "Creator"}
    (attribution,) = relations(tell_of(said("wasAttributedTo", **attributed)), Kind.WAS_ATTRIBUTED_TO)
    assert (attribution.role, attribution.attributes) == ("Creator", ())


@pytest.mark.parametrize(
    ("section", "facts", "key"),
    [
        ("hadMember", {"collection": "mid", "entity": "log", "role": "x"}, f"{PROV}role"),
        ("wasInformedBy", {"informed": "s2", "informant": "s1", "location": "x"}, f"{PROV}location"),
        ("used", {"activity": "s1", "entity": "raw", "value": "x"}, f"{PROV}value"),
    ],
)
def test_an_attribute_that_a_kind_can_not_have_is_refused_and_the_relation_taken(
    section: str, facts: dict[str, Any], key: str
) -> None:
    told = tell_of(said(section, **facts))
    assert told.remarks == (f"{section}._:r: not taken, for it is not the script's to tell: {key}",)
    assert len(relations(told)) == 3


def test_an_argument_that_is_nothing_is_left_out_and_the_relation_taken() -> None:
    derived = {"generatedEntity": "mid", "usedEntity": "raw", "activity": "nobody", "usage": "_:none"}
    told = tell_of(said("wasDerivedFrom", **derived))
    (derivation,) = relations(told, Kind.WAS_DERIVED_FROM)
    assert derivation.arguments == {}
    assert [one.rpartition("; ")[2] for one in told.remarks] == ["it was left out"] * 2


def test_a_reference_to_a_relation_that_was_refused_is_left_out() -> None:
    document = {
        **said("wasDerivedFrom", generatedEntity="mid", usedEntity="raw", usage="u"),
        "used": {"u": {"prov:activity": "s1", "prov:entity": "nobody"}},
    }
    told = tell_of(document)
    assert relations(told, Kind.WAS_DERIVED_FROM)[0].arguments == {}
    assert "wasDerivedFrom._:r: prov:usage: that relation was not taken; it was left out" in told.remarks


def test_what_the_server_says_itself_is_not_said_twice() -> None:
    document = {
        "used": {"_:u": {"prov:activity": "current_job", "prov:entity": "raw"}},
        "wasGeneratedBy": {"_:g": {"prov:entity": "stack", "prov:activity": "current_job"}},
    }
    told = tell_of(document)
    assert (told.changes, told.remarks) == ((), ())


def test_a_use_of_an_input_of_which_more_is_said_is_one_more_use() -> None:
    use = {"prov:activity": "current_job", "prov:entity": "raw", "prov:role": "flat field"}
    (relation,) = relations(tell_of({"used": {"_:u": use}}))
    assert (relation.kind, relation.target, relation.role) == (Kind.USED, nid("e0.raw"), "flat field")


def test_the_generation_of_a_result_keeps_its_id_and_foreign_attributes_but_role_and_time_are_the_servers() -> None:
    words = {"prov:role": "x", "prov:time": TIME, "ex:q": 1}
    told = tell_of({"wasGeneratedBy": {"g": {"prov:entity": "stack", "prov:activity": "current_job", **words}}})
    assert relations(told) == []
    generation = Generation(relation_id=nid("r1.-g"), attributes=(Attribute(f"{EX}q", "1", f"{XSD}int"),))
    assert told.generations == {nid("e1.stack"): generation}
    assert told.remarks == ("wasGeneratedBy.g: not taken, for it is not the script's to tell: prov:role, prov:time",)


def test_the_time_of_the_jobs_start_is_the_servers() -> None:
    started = {"prov:activity": "current_job", "prov:trigger": "raw", "prov:time": TIME}
    told = tell_of({"wasStartedBy": {"_:s": started}})
    assert [(one.kind, one.time) for one in relations(told)] == [(Kind.WAS_STARTED_BY, None)]
    assert told.remarks == ("wasStartedBy._:s: not taken, for it is not the script's to tell: prov:time",)


def test_derivations_of_results_are_told_so_that_none_is_assumed() -> None:
    derived = {"_:d": {"prov:generatedEntity": "stack", "prov:usedEntity": "raw"}}
    assert tell_of({"wasDerivedFrom": derived}).derived == {nid("e1.stack")}
    wrong = {"_:d": {"prov:generatedEntity": "stack", "prov:usedEntity": "nobody"}}
    assert tell_of({"wasDerivedFrom": wrong}).derived == frozenset()


def test_a_circle_of_derivations_is_refused_as_a_whole_and_nothing_else() -> None:
    pairs = [("a", "b"), ("b", "c"), ("c", "a"), ("stack", "a"), ("c", "raw")]
    derived = {f"_:{n}": {"prov:generatedEntity": x, "prov:usedEntity": y} for n, (x, y) in enumerate(pairs)}
    told = tell_of({"entity": {"a": {}, "b": {}, "c": {}}, "wasDerivedFrom": derived})
    assert [one[1:] for one in ends(told)] == [("e1.stack", "e1.-a"), ("e1.-c", "e0.raw")]
    assert told.remarks == (
        "wasDerivedFrom._:0: WAS_DERIVED_FROM goes in a circle, and none of it was taken: e1.-a, e1.-b, e1.-c",
    )


def test_the_same_statement_twice_is_one_relation() -> None:
    use = {"prov:activity": "s", "prov:entity": "raw"}
    told = tell_of({"activity": {"s": {}}, "used": {"_:1": use, "_:2": use, "_:3": {**use, "prov:role": "x"}}})
    assert [one.role for one in relations(told, Kind.USED)] == [None, "x"]


def test_keys_are_the_same_at_each_reading_and_never_twice() -> None:
    document = said("used", activity="s1", entity="raw")
    first, again = tell_of(document), tell_of(document)
    assert first == again
    keys = [one.key for one in relations(first)]
    assert len(set(keys)) == len(keys) == 3
    assert all(key.startswith("j1.-") for key in keys)


def test_bundles_are_left_out_and_that_is_told() -> None:
    told = tell_of({"bundle": {"ex:b": {"entity": {"x": {}}}, "ex:c": {"entity": {"x": {}}}}})
    assert (told.changes, told.remarks) == ((), ("bundle: bundles of a script are not taken; 2 were left out",))


def reachable(edges: set[tuple[str, str]], start: str) -> set[str]:
    found: set[str] = set()
    todo = [start]
    while todo:
        here = todo.pop()
        new = {target for source, target in edges if source == here} - found
        found |= new
        todo += new
    return found


@settings(deadline=None)
@given(st.sets(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef"))))
def test_circles_are_what_leads_back_to_itself(edges: set[tuple[str, str]]) -> None:
    found = circles(edges)
    assert sorted(node for group in found for node in group) == sorted(x for x in "abcdef" if x in reachable(edges, x))
    for group in found:
        assert all(group <= reachable(edges, node) for node in group)


def test_a_long_chain_is_no_circle_and_takes_no_recursion() -> None:
    chain = [(str(number), str(number + 1)) for number in range(20_000)]
    assert circles(chain) == ()
    assert [len(group) for group in circles([*chain, ("20000", "0")])] == [20_001]
