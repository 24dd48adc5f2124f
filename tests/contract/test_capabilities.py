"""The nine classes of questions (reference: queries.md, section 3), over a stranger's documents, on every store."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

import pytest

from provstore.graph.model import EVERYBODY, PUBLIC, Label, Node, NodeId
from provstore.graph.store import GraphStore
from provstore.ingest.documents import Author, Documents, Source
from provstore.ingest.provjson import read
from provstore.queries.asking import Asker, answer
from provstore.queries.catalog import by_name
from provstore.web.answers_json import answer_json
from tests.web.challenge import EX, challenge

READERS: Final = frozenset({PUBLIC})
SOURCE: Final = Source(name="run.json", notation="prov-json", size=0, sha256="")


def author(store: GraphStore) -> Author:
    agent = Node(NodeId(f"{store.namespace}aann"), frozenset({Label.AGENT}), {"name": "Ann"}, readers=READERS)
    return Author(agent=agent, viewer=EVERYBODY, readers=READERS)


@pytest.fixture
def asked(store: GraphStore) -> GraphStore:
    """A store that holds two runs: one on a Monday, one on the Tuesday after."""
    for run, day in (("", "2006-05-29"), ("_2", "2006-05-30")):
        document = io.BytesIO(json.dumps(challenge(run, day=day)).encode())
        Documents(store).add(read(document, unqualified="urn:x:"), SOURCE, author(store))
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
    return {one["id"].removeprefix(EX) for one in get(store, question)["items"]}


def reached(store: GraphStore, question: str, kind: str = "") -> set[str]:
    """The local names of the nodes of a lineage, of one class."""
    nodes = get(store, question)["nodes"]
    return {one["id"].removeprefix(EX) for one in nodes if not kind or kind in one["class"]}


def test_k1_everything_that_led_to_a_product(asked: GraphStore) -> None:
    graph = get(asked, "lineage?id=ex:Atlas_x_Graphic&direction=up&depth=all")
    names = {one["id"].removeprefix(EX): one for one in graph["nodes"]}
    activities = {one for one, node in names.items() if "Activity" in node["class"]}
    assert activities == {
        "convert_x",
        "slice_x",
        "mean",
        *(f"{step}{n}" for step in ("align", "reslice") for n in range(1, 5)),
    }
    assert {"anatomy1.hdr", "anatomy4.img", "ann", "align1.m", "slice_x.axis"} <= names.keys()
    assert names["align1.m"]["attributes"]["http://www.w3.org/ns/prov#value"] == "12"
    assert "atlas-y.pgm" not in names
    assert names["mean"]["attributes"][f"{EX}stage"] == "3"


def test_k2_nothing_before_a_kind_of_step(asked: GraphStore) -> None:
    activities = reached(asked, "lineage?id=ex:Atlas_x_Graphic&stop=description:softmean", "Activity")
    assert activities == {"convert_x", "slice_x", "mean"}
    entities = reached(asked, "lineage?id=ex:Atlas_x_Graphic&stop=description:softmean", "Entity")
    assert entities == {"Atlas_x_Graphic", "atlas-x.pgm", "atlas.img", "atlas.hdr"}
    before = reached(asked, "lineage?id=ex:Atlas_x_Graphic&stop-before=description:softmean", "Activity")
    assert before == {"convert_x", "slice_x"}


def test_k3_the_part_that_matches_a_condition(asked: GraphStore) -> None:
    activities = reached(asked, "lineage?id=ex:Atlas_x_Graphic&where=activity.ex:stage>=3", "Activity")
    assert activities == {"convert_x", "slice_x", "mean"}
    entities = reached(asked, "lineage?id=ex:Atlas_x_Graphic&where=activity.ex:stage>=3", "Entity")
    assert {"resliced1.img", "atlas.img", "Atlas_x_Graphic"} <= entities
    assert "warp1" not in entities


def test_k4_activities_by_parameter_and_weekday(asked: GraphStore) -> None:
    question = "search?class=activity&description=align_warp&parameter=m:12&weekday=mon"
    assert found(asked, question) == {f"align{n}" for n in range(1, 5)}
    assert found(asked, question.replace("mon", "tue")) == {f"align{n}_2" for n in range(1, 5)}
    assert found(asked, f"{question}&tz=Pacific/Honolulu") == {f"align{n}_2" for n in range(1, 5)}
    assert found(asked, question.replace("m:12", "m:13")) == set()
    assert found(asked, question.replace("m:12", "m:>=10")) == {f"align{n}" for n in range(1, 5)}
    assert found(asked, 'search?class=activity&description=align_warp&parameter=m:"12"') == set()


def test_k5_what_came_of_things_with_an_attribute(asked: GraphStore) -> None:
    answer = get(asked, "search?class=entity&name=Atlas*Graphic&upstream=entity[ex:globalMaximum=4095]")
    witnesses = {one["id"].removeprefix(EX): one["witness"].removeprefix(EX) for one in answer["items"]}
    assert witnesses == {
        **{f"Atlas_{axis}_Graphic": "anatomy1.hdr" for axis in "xyz"},
        **{f"Atlas_{axis}_Graphic_2": "anatomy1.hdr_2" for axis in "xyz"},
    }


def test_k6_outputs_with_an_activity_upstream(asked: GraphStore) -> None:
    question = "search?class=entity&generated-by=softmean&upstream=activity[description=align_warp,parameter=m:12]"
    assert found(asked, question) == {"atlas.img", "atlas.hdr", "atlas.img_2", "atlas.hdr_2"}
    assert found(asked, question.replace("12", "13")) == set()


def test_k8_outputs_with_an_annotated_input(asked: GraphStore) -> None:
    question = "search?class=entity&generated-by=align_warp&input=entity[ex:center=UChicago]"
    assert found(asked, question) == {"warp1", "warp3", "warp1_2", "warp3_2"}


def test_k9_all_other_annotations(asked: GraphStore) -> None:
    question = (
        "search?class=entity&attribute=ex:studyModality:speech,visual,audio&fields=attributes&omit=ex:studyModality"
    )
    items = get(asked, question)["items"]
    assert {one["id"].removeprefix(EX) for one in items} == {
        f"Atlas_{axis}_Graphic{run}" for axis in "xyz" for run in ("", "_2")
    }
    assert all(one["attributes"][f"{EX}reviewer"] == "Ann" for one in items)
    assert all(f"{EX}studyModality" not in one["attributes"] for one in items)
    assert found(asked, "search?class=entity&attribute=studyModality:speech") == {
        "Atlas_x_Graphic",
        "Atlas_x_Graphic_2",
    }
