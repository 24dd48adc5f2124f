"""RO-Crates of runs, read as PROV; the crates are written after the profiles, in words of our own."""

from __future__ import annotations

from collections import Counter

import pytest

from provstore.graph.model import PROV, PROVSTORE, QNAME, VOPROV, XSD, Attribute
from tests.unit.ingest.run_crates import (
    ADA,
    BASE,
    HEAD,
    PROCESS,
    SCHEMA,
    TYPE,
    URI,
    WORKFLOW,
    begin,
    crate,
    element,
    relations,
    statements,
    types,
)


def test_an_action_is_an_activity_with_times_status_and_all_else() -> None:
    action = element(statements(PROCESS), "#run", "activity")
    assert action.arguments == {"startTime": "2026-05-01T12:00:00+02:00", "endTime": "2026-05-01T12:30:00+02:00"}
    assert set(action.attributes) >= {
        Attribute(TYPE, f"{SCHEMA}CreateAction", QNAME),
        Attribute(f"{PROV}label", "Calibrate a night"),
        Attribute(f"{VOPROV}name", "Calibrate a night"),
        Attribute(f"{SCHEMA}actionStatus", f"{SCHEMA}FailedActionStatus", URI),
        Attribute(f"{SCHEMA}error", "no flat"),
    }


def test_files_tell_size_checksum_media_type_and_place_as_our_own_do() -> None:
    found = statements(PROCESS)
    assert set(element(found, "raw.fits").attributes) >= {
        Attribute(TYPE, f"{SCHEMA}MediaObject", QNAME),
        Attribute(TYPE, f"{VOPROV}DatasetEntity", QNAME),
        Attribute(f"{SCHEMA}sha256", "AB12"),
        Attribute(f"{PROVSTORE}sha256", "ab12"),
        Attribute(f"{SCHEMA}contentSize", "2880"),
        Attribute(f"{PROVSTORE}size", "2880", f"{XSD}long"),
        Attribute(f"{VOPROV}contentType", "image/fits"),
        Attribute(f"{PROV}location", "raw.fits"),
    }
    assert (
        Attribute(f"{PROV}location", "https://example.org/data/cal.fits", URI) in element(found, "cal.fits").attributes
    )


def test_instruments_are_plans_and_parameters_configure() -> None:
    found = statements(PROCESS)
    assert types(element(found, "https://example.org/tool")) >= {f"{VOPROV}ActivityDescription", f"{PROV}Plan"}
    assert Attribute(f"{VOPROV}version", "1.2") in element(found, "https://example.org/tool").attributes
    gain = element(found, "#gain")
    assert f"{VOPROV}Parameter" in types(gain)
    assert Attribute(f"{PROV}value", "2.5", f"{XSD}double") in gain.attributes
    formal = element(found, "#gainFormal")
    assert f"{VOPROV}ParameterDescription" in types(formal)
    assert set(formal.attributes) >= {Attribute(f"{VOPROV}valueType", "Float"), Attribute(f"{VOPROV}default", "1")}


def test_agents_have_their_class_and_what_they_published() -> None:
    found = statements(PROCESS)
    assert f"{PROV}Person" in types(element(found, ADA, "agent"))
    assert set(element(found, ADA, "agent").attributes) >= {
        Attribute(f"{VOPROV}email", "a@b.org"),
        Attribute(f"{VOPROV}affiliation", "Observatory"),
    }
    assert f"{PROV}Organization" in types(element(found, "https://ror.org/01", "agent"))


def test_relations_of_a_process() -> None:
    found = statements(PROCESS)
    tool = "https://example.org/tool"
    assert relations(found, "used") == {("#run", "raw.fits", "input")}
    assert relations(found, "wasGeneratedBy") == {("cal.fits", "#run")}
    assert relations(found, "wasAssociatedWith") == {("#run", ADA, tool)}
    assert relations(found, "wasDerivedFrom") == {("cal.fits", "raw.fits")}
    assert relations(found, "hadMember") == {("./", "raw.fits"), ("./", "cal.fits")}
    assert relations(found, "wasAttributedTo") == {("./", ADA, "Creator")}
    assert relations(found, "wasInfluencedBy") == {
        ("#run", tool, "DescriptionRelation"),
        ("#run", "#gain", "ConfigurationRelation"),
        ("#gain", "#gainFormal", "DescriptionRelation"),
        ("raw.fits", "#input", "DescriptionRelation"),
    }


def test_relations_of_a_workflow_and_its_steps() -> None:
    found = statements(WORKFLOW)
    assert relations(found, "used") == {("#flow", "a.txt", "flow-in"), ("#one", "a.txt", "one-in")}
    assert relations(found, "wasGeneratedBy") == {("b.txt", "#flow", "flow-out"), ("b.txt", "#one", "one-out")}
    assert relations(found, "wasStartedBy") == {
        ("#control", "#engineRun"),
        ("#flow", "#engineRun"),
        ("#one", "#control"),
    }
    assert relations(found, "hadMember") == set()
    belongs = {
        ("flow.cwl#in", "flow.cwl"),
        ("flow.cwl#out", "flow.cwl"),
        ("one.cwl#in", "one.cwl"),
        ("one.cwl#out", "one.cwl"),
    }
    assert {one[:2] for one in relations(found, "wasInfluencedBy") if one[2] == "RelatedToRelation"} == belongs


def test_an_engine_is_an_agent_and_a_plan() -> None:
    found = statements(WORKFLOW)
    assert f"{PROV}SoftwareAgent" in types(element(found, "#engine", "agent"))
    assert f"{PROV}Plan" in types(element(found, "#engine"))


def test_a_formal_parameter_may_name_its_examples() -> None:
    graph = [
        HEAD,
        {"@id": "#run", "@type": "CreateAction", "object": {"@id": "a"}},
        {"@id": "a", "@type": "File"},
        {"@id": "#f", "@type": "FormalParameter", "name": "in", "workExample": [{"@id": "a"}]},
    ]
    assert relations(statements(graph), "used") == {("#run", "a", "in")}


def test_everything_of_an_unknown_entry_is_kept() -> None:
    graph = [
        HEAD,
        {
            "@id": "#odd",
            "@type": ["Thing", "ex:Odd"],
            "wéight": 7,
            "ex:note": [{"@value": "x", "@language": "de"}, None, [True]],
        },
    ]
    odd = element(
        statements(graph, context=["https://w3id.org/ro/crate/1.1/context", {"ex": "http://ex.org/"}]), "#odd"
    )
    assert odd.attributes == (
        Attribute(TYPE, f"{SCHEMA}Thing", QNAME),
        Attribute(TYPE, "http://ex.org/Odd", QNAME),
        Attribute(f"{SCHEMA}w%C3%A9ight", "7", f"{XSD}integer"),
        Attribute("http://ex.org/note", "x", None, "de"),
        Attribute("http://ex.org/note", "true", f"{XSD}boolean"),
    )


@pytest.mark.parametrize("spelling", ["agent", "schema:agent", "http://schema.org/agent", "https://schema.org/agent"])
def test_terms_are_one_however_they_are_written(spelling: str) -> None:
    graph = [HEAD, {"@id": "#run", "@type": "schema:CreateAction", spelling: {"@id": ADA}}]
    assert relations(statements(graph), "wasAssociatedWith") == {("#run", ADA)}


def test_nested_entries_are_entries() -> None:
    person = {"@type": "Person", "name": "Bo"}
    graph = [HEAD, {"@id": "#run", "@type": "CreateAction", "agent": person, "result": {"@id": "a", "@type": "File"}}]
    found = statements(graph)
    assert relations(found, "wasAssociatedWith") == {("#run", "_:nameless1")}
    assert element(found, "_:nameless1", "agent")
    assert element(found, "a")


def test_the_same_entry_twice_is_one() -> None:
    found = statements([HEAD, {"@id": "a", "name": "x"}, {"@id": "./a", "name": "x", "url": "u"}])
    assert Counter(one.id for one in found)[f"{BASE}a"] == 1


def test_ids_are_uris_in_every_base() -> None:
    reading = begin(crate([HEAD, {"@id": "#a b", "@type": "File"}, {"@id": "é.txt", "@type": "File"}]), base="urn:x#")
    assert [one.id for one in reading.statements if "json" not in one.id] == ["urn:x#%23a%20b", "urn:x#é.txt"]


def test_a_date_is_kept_and_remarked() -> None:
    reading = begin(crate([HEAD, {"@id": "#run", "@type": "CreateAction", "endTime": "2026-05-01"}]))
    action = element(list(reading.statements), "#run", "activity")
    assert action.arguments == {}
    assert Attribute(f"{SCHEMA}endTime", "2026-05-01") in action.attributes
    assert [str(one) for one in reading.remarks] == [
        "@graph[2] (#run): endTime '2026-05-01' is no xsd:dateTime; kept as an attribute"
    ]


def test_prefixes_are_told() -> None:
    space = begin(crate([HEAD], ["https://w3id.org/ro/crate/1.1/context", {"ex": "http://ex.org/"}])).namespaces[""]
    assert {"schema": SCHEMA, "ex": "http://ex.org/", "default": BASE, "voprov": VOPROV}.items() <= space.items()
