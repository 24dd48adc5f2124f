"""Entities, activities and agents that a script tells of: whom it means, and what becomes of the others."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from provstore.graph.model import PROV, XSD, Attribute, Kind, Label, Node, NodeId
from provstore.graph.store import Upsert
from provstore.uws.agents import software
from provstore.uws.running.told.things import short_names
from tests.unit.uws.told_scene import EX, JOB, READERS, N, attributes_of, ends, new_nodes, nid, relations, tell_of

PERSON = {"$": "prov:Person", "type": "xsd:QName"}


def used_by_a_step(**entity: Any) -> dict[str, Any]:
    """A step inside the job uses one entity; what it is called, and what is said of it, is the question."""
    name = next(iter(entity.pop("entity")))
    return {
        "entity": {name: entity},
        "activity": {"step": {}},
        "used": {"_:u": {"prov:activity": "step", "prov:entity": name}},
    }


def meant(document: dict[str, Any]) -> str:
    told = tell_of(document)
    assert told.remarks == ()
    return next(target for kind, _, target in ends(told) if kind == "USED")


@pytest.mark.parametrize("name", ["stack", "ex:stack", "ex:out.fits", "id:e1.stack", f"{N}e1.stack"])
def test_an_entity_goes_by_the_name_the_file_or_the_id_of_a_result(name: str) -> None:
    assert meant(used_by_a_step(entity=[name])) == "e1.stack"


@pytest.mark.parametrize("name", ["raw", "ex:raw", "ex:raw.fits", "id:e0.raw", "http://example.org/raw"])
def test_an_entity_goes_by_the_name_the_file_the_id_or_the_address_of_an_input(name: str) -> None:
    assert meant(used_by_a_step(entity=[name])) == "e0.raw"


@pytest.mark.parametrize(
    ("facts", "node"),
    [
        ({"prov:location": "results/out.fits"}, "e1.stack"),
        ({"prov:location": {"$": "out.fits", "type": "xsd:anyURI"}}, "e1.stack"),
        ({"prov:label": "out.fits"}, "e1.stack"),
        ({"voprov:name": "log.txt"}, "e1.log"),
        ({"prov:name": "raw.fits"}, "e0.raw"),
        ({"prov:label": "stack"}, "e1.-x"),
        ({"prov:location": "elsewhere/out.fits"}, "e1.-x"),
    ],
)
def test_an_entity_goes_by_its_file(facts: dict[str, Any], node: str) -> None:
    assert meant(used_by_a_step(entity=["x"], **facts)) == node


def test_an_entity_that_is_stored_and_visible_is_that_entity() -> None:
    assert meant(used_by_a_step(entity=["id:e9.open"])) == "e9.open"


def test_nothing_new_is_made_in_our_own_namespace_and_nobody_learns_what_is_hidden_there() -> None:
    told = tell_of(used_by_a_step(entity=["id:e9.hidden"]))
    assert new_nodes(told).keys() == {"j1.-step"}
    unseen = "there is nothing of this id that the job's owner may see"
    assert told.remarks == (
        f"entity.id:e9.hidden: {unseen}",
        f"used._:u: prov:entity 'e9.hidden': {unseen}",
    )


def test_a_new_entity_belongs_to_the_job_and_keeps_what_is_said_of_it() -> None:
    facts = {
        "prov:label": "Mid",
        "prov:location": "tmp/mid.fits",
        "prov:type": [{"$": "prov:Collection", "type": "xsd:QName"}, {"$": "ex:Image", "type": "xsd:QName"}],
        "prov:value": {"$": "1.50", "type": "xsd:decimal"},
        "ex:snr": [5, {"$": "cinq", "lang": "fr"}],
    }
    (node,) = new_nodes(tell_of({"entity": {"ex:mid": facts}})).values()
    assert (node.id, node.readers) == (nid("e1.-mid"), READERS)
    assert node.labels == {Label.ENTITY, Label.COLLECTION, Label.VALUE}
    assert node.properties == {"name": "Mid", "brought_by": "j1", "uri": f"{EX}mid"}
    assert set(node.attributes) == {
        Attribute(f"{PROV}location", "tmp/mid.fits"),
        Attribute(f"{PROV}type", f"{EX}Image", f"{XSD}QName"),
        Attribute(f"{PROV}value", "1.50", f"{XSD}decimal"),
        Attribute(f"{EX}snr", "5", f"{XSD}int"),
        Attribute(f"{EX}snr", "cinq", None, "fr"),
    }


def test_no_attribute_of_a_new_entity_leads_to_a_file_of_this_server() -> None:
    """``location``, ``url`` and ``sha256`` of a node are what /store serves."""
    facts = {"prov:location": "jobs/j2/run/results/secret", "ex:url": "x", "location": "x", "provstore:location": "x"}
    (node,) = new_nodes(tell_of({"entity": {"mid": facts}})).values()
    assert node.properties.keys() == {"name", "brought_by"}


def test_a_name_that_no_id_can_hold_gets_one_that_can_and_the_same_at_each_reading() -> None:
    names = ["../../<script>", "\u202eabc", "a b", "x.", "+", "\u661f", "a\0b"]
    first = new_nodes(tell_of({"entity": {name: {} for name in names}}))
    again = new_nodes(tell_of({"entity": {name: {} for name in reversed(names)}}))
    assert first.keys() == again.keys()
    assert len(first) == len(names)
    assert all(
        local.removeprefix("e1.-").replace("-", "").replace("_", "").replace(".", "").isalnum() for local in first
    )
    assert {str(node.properties["name"]) for node in first.values()} == {*names[:-1], "a\ufffdb"}


def test_the_same_local_part_in_two_namespaces_is_two_names() -> None:
    found = short_names(["urn:a#x", "urn:b#x", "urn:a#y"], {"urn:a#x": "x", "urn:b#x": "x", "urn:a#y": "y"})
    assert found["urn:a#y"] == "y"
    assert len(set(found.values())) == 3
    assert all(found[uri].startswith("x-") for uri in ("urn:a#x", "urn:b#x"))


def test_an_activity_inside_the_job_has_its_times_and_is_joined_to_the_job() -> None:
    times = {"prov:startTime": "2026-03-01T10:00:00+01:00", "prov:endTime": "2026-03-01T09:05:00Z", "ex:n": 3}
    told = tell_of({"activity": {"ex:align": times}})
    node = new_nodes(told)["j1.-align"]
    assert node.labels == {Label.ACTIVITY}
    assert node.properties == {
        "name": "align",
        "brought_by": "j1",
        "uri": f"{EX}align",
        "started_at": datetime(2026, 3, 1, 9, tzinfo=UTC),
        "ended_at": datetime(2026, 3, 1, 9, 5, tzinfo=UTC),
    }
    assert ends(told) == [("WAS_INFORMED_BY", "j1.-align", "j1")]


@pytest.mark.parametrize(
    ("section", "first", "second"),
    [
        ("wasInformedBy", "prov:informed", "prov:informant"),
        ("wasInfluencedBy", "prov:influencee", "prov:influencer"),
        ("wasStartedBy", "prov:activity", "prov:starter"),
    ],
)
def test_an_activity_that_the_script_joins_to_the_job_is_not_joined_again(
    section: str, first: str, second: str
) -> None:
    told = tell_of({"activity": {"s": {}}, section: {"_:i": {first: "s", second: "current_job"}}})
    assert [(source, target) for _, source, target in ends(told)] == [("j1.-s", "j1")]


def test_a_step_before_the_job_is_not_made_a_part_of_it() -> None:
    informed = {"prov:informed": "current_job", "prov:informant": "s"}
    told = tell_of({"activity": {"s": {}}, "wasInformedBy": {"_:i": informed}})
    assert ends(told) == [("WAS_INFORMED_BY", "j1", "j1.-s")]


@pytest.mark.parametrize("name", ["current_job", "ex:current_job", "x:current_job", "id:j1"])
def test_the_job_keeps_foreign_attributes_and_no_others(name: str) -> None:
    facts = {"ex:seed": 42, "provstore:owner": "x", "id:phase": "x", "prov:label": "mine"}
    told = tell_of({"activity": {name: {**facts, "prov:startTime": "2026-01-01T00:00:00Z"}}})
    (change,) = told.changes
    assert isinstance(change, Upsert)
    attributes = (Attribute(f"{EX}seed", "42", f"{XSD}int"),)
    assert change.item == Node(JOB.node, frozenset({Label.ACTIVITY, Label.JOB}), {}, attributes, READERS)
    refused = f"not taken, for it is not the script's to tell: urn:provstore:terms#owner, {N}phase, prov:startTime"
    undeclared = ("prefix: 'x' is declared nowhere (as in 'x:current_job')",) if name.startswith("x") else ()
    assert told.remarks == (*undeclared, f"activity.{name}: {refused}")


def test_a_result_keeps_foreign_attributes_and_an_input_none() -> None:
    facts = {"ex:snr": 5, "provstore:sha256": "0", "prov:value": "v", "prov:location": "out.fits"}
    told = tell_of({"entity": {"stack": facts, "raw": facts}})
    assert told.changes == ()
    assert told.words == {nid("e1.stack"): (Attribute(f"{EX}snr", "5", f"{XSD}int"),)}
    refused = "not taken, for it is not the script's to tell: urn:provstore:terms#sha256"
    assert told.remarks == (
        f"entity.stack: {refused}, {PROV}value",
        f"entity.raw: {refused}, {EX}snr, {PROV}value",
    )


def test_one_id_has_one_class() -> None:
    told = tell_of({"entity": {"x": {}}, "activity": {"x": {}}})
    assert new_nodes(told).keys() == {"e1.-x"}
    assert told.remarks == ("activity.x: it is an entity already, and can't be an activity as well",)


def test_the_job_is_no_entity() -> None:
    assert tell_of({"entity": {"current_job": {}}}).remarks == (
        "entity.current_job: current_job is an activity, and no entity",
    )


def test_software_is_one_agent_for_all_jobs_of_which_a_script_tells_name_and_version_only() -> None:
    document = {
        "agent": {"ex:swarp": {"prov:label": "SWarp", "voprov:version": "2.41", "ex:site": "x"}},
        "wasAssociatedWith": {"_:1": {"prov:activity": "ex:current_job", "prov:agent": "ex:swarp"}},
    }
    told = tell_of(document)
    assert list(new_nodes(told).values()) == [software(N, "SWarp", "2.41")]
    assert [one.role for one in relations(told)] == ["Software"]
    assert told.remarks == (f"agent.ex:swarp: not taken, for it is not the script's to tell: {EX}site",)


@pytest.mark.parametrize("version", ["version", "voprov:version", "ivoa:version", "provstore:version"])
def test_a_version_goes_by_several_names(version: str) -> None:
    prefixes = {"ivoa": "http://www.ivoa.net/ns/voprov#"}
    agent = {"prov:type": "prov:SoftwareAgent", "voprov:name": [{"$": "S", "type": "xsd:string"}], version: {"$": "2"}}
    associated = {"_:1": {"prov:activity": "current_job", "prov:agent": "s"}}
    told = tell_of({"prefix": prefixes, "agent": {"s": agent}, "wasAssociatedWith": associated})
    assert (list(new_nodes(told).values()), told.remarks) == ([software(N, "S", "2")], ())


def test_a_person_is_the_jobs_own() -> None:
    document = {
        "agent": {"ex:ada": {"prov:type": PERSON, "prov:label": "Ada", "voprov:email": "ada@example.org"}},
        "wasAssociatedWith": {"_:1": {"prov:activity": "current_job", "prov:agent": "ex:ada", "prov:role": "Observer"}},
    }
    told = tell_of(document)
    node = new_nodes(told)["a1.-ada"]
    assert (node.labels, node.readers) == (frozenset({Label.AGENT}), READERS)
    assert node.properties == {"name": "Ada", "type": "Person", "brought_by": "j1", "uri": f"{EX}ada"}
    assert attributes_of(node)[0][1] == "ada@example.org"
    assert [one.role for one in relations(told)] == ["Observer"]


def test_software_of_which_the_script_says_more_is_the_jobs_own_too() -> None:
    document = {
        "agent": {"tool": {"version": "1"}, "ada": {"prov:type": PERSON}},
        "actedOnBehalfOf": {"_:d": {"prov:delegate": "tool", "prov:responsible": "ada"}},
    }
    told = tell_of(document)
    assert new_nodes(told)["a1.-tool"].properties["version"] == "1"
    assert ends(told) == [("ACTED_ON_BEHALF_OF", "a1.-tool", "a1.-ada")]


def test_software_that_nothing_refers_to_is_not_told_to_all_the_world() -> None:
    told = tell_of({"agent": {"idle": {}}})
    assert (told.changes, told.remarks) == ((), ("agent.idle: nothing refers to it; it was not taken",))


def test_a_configuration_file_is_known_but_no_entity() -> None:
    told = tell_of({"used": {"_:u": {"prov:activity": "current_job", "prov:entity": "config"}}})
    assert relations(told, Kind.USED) == []
    assert told.remarks[0].startswith(f"used._:u: USED: its target {NodeId(N + 'j1.config.file')} is ConfigFile")


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        ("gr\u00f6\u00dfe", "gr\u00f6\u00dfe"),
        ("a b<c>", "a%20b%3Cc%3E"),
        ("50%", "50%25"),
        ("%41", "%41"),
        ("\u202ex\u2028", "%E2%80%AEx%E2%80%A8"),
        ("(a)=[b]", "(a)=[b]"),
    ],
)
def test_the_key_of_an_attribute_is_a_name_that_every_format_can_write(key: str, kept: str) -> None:
    value = {"$": f"ex:{key}", "type": "xsd:QName"}
    (node,) = new_nodes(tell_of({"entity": {"x": {f"ex:{key}": value}}})).values()
    assert node.attributes == (Attribute(EX + kept, EX + kept, f"{XSD}QName"),)
