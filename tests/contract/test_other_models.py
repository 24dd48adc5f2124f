"""The classes of questions over documents that tell kinds of steps and parameters in other ways, on every store."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

import pytest

from provstore.errors import Invalid
from provstore.graph.model import EVERYBODY, PUBLIC, Label, Node, NodeId
from provstore.graph.store import GraphStore
from provstore.ingest.documents import Author, Documents, Source
from provstore.ingest.provjson import read
from provstore.queries.asking import Asker, answer
from provstore.queries.catalog import by_name
from provstore.queries.conditions import parse_clause
from provstore.web.answers_json import answer_json

W: Final = "http://lab.example/wf/"
READERS: Final = frozenset({PUBLIC})
SOURCE: Final = Source(name="wf.json", notation="prov-json", size=0, sha256="")
_VOPROV: Final = "http://www.ivoa.net/documents/ProvenanceDM/index.html#"


def qname(name: str) -> dict[str, str]:
    return {"$": name, "type": "xsd:QName"}


def whole(value: int) -> dict[str, str]:
    return {"$": str(value), "type": "xsd:int"}


def relations(*ends: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {f"_:{number}": {f"prov:{name}": end for name, end in one.items()} for number, one in enumerate(ends)}


DOCUMENT: Final[dict[str, Any]] = {
    "prefix": {
        "w": W,
        "k": "urn:kinds#",
        "m": "http://one.example/ns#",
        "n": "http://two.example/ns#",
        "voprov": _VOPROV,
    },
    "entity": {
        "w:raw1": {"m:grade": "A"},
        "w:raw2": {"m:grade": "B"},
        "w:c1": {},
        "w:c2": {},
        "w:stack": {"prov:type": qname("k:Image")},
        "w:catalog": {},
        "w:plan": {"prov:label": "stacker"},
        "w:threshold": {"prov:value": whole(5)},
        "w:limit": {"prov:value": "5"},
        "w:mode": {"prov:value": "median", "prov:label": "way to combine"},
        "w:kappa": {"prov:type": qname("voprov:Parameter"), "prov:label": "kappa", "prov:value": "3.0"},
        "w:kappa.text": {
            "prov:type": qname("voprov:ParameterDescription"),
            "prov:label": "kappa",
            "voprov:valueType": "float",
        },
    },
    "activity": {
        "w:cal1": {"prov:type": qname("k:Calibrate"), "m:order": whole(7), "n:order": "7"},
        "w:cal2": {"prov:type": qname("k:Calibrate"), "m:order": "7", "prov:startTime": "2026-03-02T23:30:00-05:00"},
        "w:stacking": {"prov:label": "stacking of a night", "m:step": whole(3)},
        "w:extraction": {"prov:label": "extraction", "m:step": whole(4)},
    },
    "used": relations(
        {"activity": "w:cal1", "entity": "w:raw1"},
        {"activity": "w:cal2", "entity": "w:raw2"},
        {"activity": "w:stacking", "entity": "w:c1"},
        {"activity": "w:stacking", "entity": "w:c2"},
        {"activity": "w:stacking", "entity": "w:threshold", "role": "threshold"},
        {"activity": "w:stacking", "entity": "w:mode", "role": "mode"},
        {"activity": "w:extraction", "entity": "w:stack"},
        {"activity": "w:extraction", "entity": "w:limit", "role": "threshold"},
    ),
    "wasGeneratedBy": relations(
        {"entity": "w:c1", "activity": "w:cal1"},
        {"entity": "w:c2", "activity": "w:cal2"},
        {"entity": "w:stack", "activity": "w:stacking"},
        {"entity": "w:catalog", "activity": "w:extraction"},
    ),
    "wasAssociatedWith": relations({"activity": "w:stacking", "plan": "w:plan"}),
    "wasInfluencedBy": {
        "_:1": {
            "prov:influencee": "w:extraction",
            "prov:influencer": "w:kappa",
            "prov:type": qname("voprov:ConfigurationRelation"),
        },
        "_:2": {
            "prov:influencee": "w:kappa",
            "prov:influencer": "w:kappa.text",
            "prov:type": qname("voprov:DescriptionRelation"),
        },
    },
}


@pytest.fixture
def asked(store: GraphStore) -> GraphStore:
    """A store that holds a run of which no step has a description of IVOA's."""
    agent = Node(NodeId(f"{store.namespace}aann"), frozenset({Label.AGENT}), {"name": "Ann"}, readers=READERS)
    document = io.BytesIO(json.dumps(DOCUMENT).encode())
    author = Author(agent=agent, viewer=EVERYBODY, readers=READERS)
    Documents(store).add(read(document, unqualified="urn:x:"), SOURCE, author)
    return store


def get(store: GraphStore, question: str) -> Any:
    """Ask as an address does, and give what HTTP would answer."""
    name, _, text = question.partition("?")
    known = by_name(name)
    assert known is not None
    given: Mapping[str, Sequence[str]] = parse_qs(text.replace("+", "%2B"))
    return answer_json(answer(known, given, Asker(store=store, viewer=EVERYBODY)))


def found(store: GraphStore, question: str) -> set[str]:
    """The local names of what a search finds."""
    return {one["id"].removeprefix(W) for one in get(store, f"search?{question}")["items"]}


def steps(store: GraphStore, question: str) -> set[str]:
    """The local names of the activities that led to the catalog."""
    nodes = get(store, f"lineage?id=w:catalog&{question}")["nodes"]
    return {one["id"].removeprefix(W) for one in nodes if "Activity" in one["class"]}


@pytest.mark.parametrize("name", ["k:Calibrate", "urn:kinds%23Calibrate", "Calibrate"])
def test_a_step_is_known_by_its_type_however_it_is_written(asked: GraphStore, name: str) -> None:
    assert found(asked, f"class=activity&description={name}") == {"cal1", "cal2"}
    assert found(asked, f"class=activity&type={name}") == {"cal1", "cal2"}
    assert found(asked, f"generated-by={name}&input=entity[m:grade=B]") == {"c2"}
    assert steps(asked, f"where=description:{name}") == {"cal1", "cal2"}


@pytest.mark.parametrize("name", ["stacker", "w:plan", "plan", f"{W}plan"])
def test_a_step_is_known_by_the_plan_of_an_association(asked: GraphStore, name: str) -> None:
    assert found(asked, f"class=activity&description={name}") == {"stacking"}
    assert steps(asked, f"stop=description:{name}") == {"extraction", "stacking"}


def test_a_step_with_a_plan_is_known_by_its_type_too(asked: GraphStore) -> None:
    further = {"prefix": {"w": W, "k": "urn:kinds#"}, "activity": {"w:stacking": {"prov:type": qname("k:Combine")}}}
    agent = Node(NodeId(f"{asked.namespace}abob"), frozenset({Label.AGENT}), {"name": "Bob"}, readers=READERS)
    author = Author(agent=agent, viewer=EVERYBODY, readers=READERS)
    Documents(asked).add(read(io.BytesIO(json.dumps(further).encode()), unqualified="urn:x:"), SOURCE, author)
    assert found(asked, "class=activity&description=k:Combine") == {"stacking"}
    assert found(asked, "class=activity&description=stacker") == {"stacking"}


@pytest.mark.parametrize(
    ("parameter", "activities"),
    [
        ("threshold:5", {"stacking"}),
        ('threshold:"5"', {"extraction"}),
        ("threshold:>=4", {"stacking"}),
        ("threshold:4..6", {"stacking"}),
        ("mode:median", {"stacking"}),
        ("way to combine:median", {"stacking"}),
        ("m:order:7", {"cal1"}),
        ('m:order:"7"', {"cal2"}),
        ("m:order:>6", {"cal1"}),
        ("m:order:6..7", {"cal1"}),
        ("m:order:*..6", set()),
        ("n:order:7", set()),
        ('n:order:"7"', {"cal1"}),
    ],
)
def test_things_used_in_a_role_and_attributes_are_parameters(
    asked: GraphStore, parameter: str, activities: set[str]
) -> None:
    assert found(asked, f"class=activity&parameter={parameter}") == activities
    assert steps(asked, f"where=activity[parameter={parameter}]") == activities


def test_a_range_stands_beside_values_and_other_ranges(asked: GraphStore) -> None:
    for either in ("threshold:1..3,5", "threshold:5,7..8", "threshold:1..2,4..*"):
        assert found(asked, f"class=activity&parameter={either}") == {"stacking"}
    assert found(asked, "class=activity&parameter=threshold:1..3,4") == set()
    assert found(asked, "class=activity&parameter=threshold:1..3&parameter=threshold:5") == {"stacking"}
    assert steps(asked, "where=activity[parameter=threshold:1..3,parameter=threshold:5]") == {"stacking"}
    assert found(asked, "class=activity&attribute=m:step:1..3,4") == {"stacking", "extraction"}
    for inside in ("activity[m:step=3..*]", "activity.m:step=3..4", "activity[m:step=1..2,m:step=3,m:step=4..9]"):
        assert steps(asked, f"where={inside}") == {"stacking", "extraction"}
    assert steps(asked, "where=activity[m:step!=1..3]") == {"cal1", "cal2", "extraction"}
    assert found(asked, "class=activity&description=Calibrate&from=2026-01-01") == {"cal2"}
    assert steps(asked, "where=activity[started=2026-03-01..2026-03-04]") == {"cal2"}


def test_the_last_hour_of_a_span_is_not_in_it(asked: GraphStore) -> None:
    for hours in ("4-5", "22-5", "0-24"):
        assert found(asked, f"class=activity&description=Calibrate&hours={hours}") == {"cal2"}
    assert found(asked, "class=activity&description=Calibrate&hours=5-4") == set()
    for wrong, words in (("4-4", "4-5 is one hour"), ("24-0", "0-1 is one hour"), ("4", "two hours"), ("4-25", "8-17")):
        with pytest.raises(Invalid, match=words):
            found(asked, f"class=activity&description=Nothing&hours={wrong}")


def test_a_parameter_is_a_number_if_its_description_says_so(asked: GraphStore) -> None:
    for right in ("kappa:3", "kappa:3.00", "kappa:>2", "kappa:2..4"):
        assert found(asked, f"class=activity&parameter={right}") == {"extraction"}
    for wrong in ("kappa:4", "kappa:>3"):
        assert found(asked, f"class=activity&parameter={wrong}") == set()
    assert found(asked, "class=activity&description=extraction&parameter=kappa:3") == {"extraction"}


def test_attributes_of_two_vocabularies_forbid_no_parameter_of_the_name(asked: GraphStore) -> None:
    assert found(asked, "class=activity&parameter=order:7") == {"cal1"}
    assert found(asked, 'class=activity&parameter=order:"7"') == {"cal1", "cal2"}
    with pytest.raises(Invalid, match="write the QName or URI"):
        found(asked, "class=activity&attribute=order:7")


def test_outputs_with_a_parameter_used_in_a_role_upstream(asked: GraphStore) -> None:
    question = "generated-by=extraction&upstream=activity[description=stacker,parameter=threshold:5]"
    assert found(asked, question) == {"catalog"}
    assert found(asked, question.replace("threshold:5", "threshold:6")) == set()


def test_a_stop_may_be_a_whole_condition(asked: GraphStore) -> None:
    assert steps(asked, "stop=activity[description=stacker,m:step=3]") == {"extraction", "stacking"}
    assert steps(asked, "stop=activity[description=stacker,m:step=4]") == {"extraction", "stacking", "cal1", "cal2"}
    assert steps(asked, "stop-before=entity[type=k:Image]") == {"extraction"}
    with pytest.raises(Invalid, match="is no condition"):
        steps(asked, "stop=step[m:step=3]")


def test_a_derivation_within_a_step_is_no_way_past_a_stop(asked: GraphStore) -> None:
    derived = relations({"generatedEntity": "w:stack", "usedEntity": "w:c1"})
    agent = Node(NodeId(f"{asked.namespace}abob"), frozenset({Label.AGENT}), {"name": "Bob"}, readers=READERS)
    author = Author(agent=agent, viewer=EVERYBODY, readers=READERS)
    further: dict[str, Any] = {"prefix": {"w": W}, "wasDerivedFrom": derived}
    Documents(asked).add(read(io.BytesIO(json.dumps(further).encode()), unqualified="urn:x:"), SOURCE, author)
    assert steps(asked, "stop=description:stacker") == {"extraction", "stacking"}
    assert steps(asked, "stop-before=description:stacker") == {"extraction"}
    assert steps(asked, "stop=description:extraction") == {"extraction"}
    derived |= {"_:b": {"prov:generatedEntity": "w:catalog", "prov:usedEntity": "w:c1"}}
    Documents(asked).add(read(io.BytesIO(json.dumps(further).encode()), unqualified="urn:x:"), SOURCE, author)
    assert steps(asked, "stop=description:stacker") == {"extraction", "stacking", "cal1"}


def test_a_weekday_is_spelt_whole_or_with_three_letters(asked: GraphStore) -> None:
    for day in ("tue", "Tuesday"):
        assert found(asked, f"class=activity&description=Calibrate&weekday={day}") == {"cal2"}
    assert found(asked, "class=activity&description=Calibrate&weekday=mon&tz=America/New_York") == {"cal2"}
    with pytest.raises(Invalid, match="are known"):
        found(asked, "class=activity&weekday=tues")


def test_checksums_and_phases_are_asked_for_in_any_case() -> None:
    assert parse_clause("sha256=8ED3F6").holds(["8ed3f6"])
    assert parse_clause("phase:completed").holds(["COMPLETED"])
