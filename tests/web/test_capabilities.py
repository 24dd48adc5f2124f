"""The nine classes of questions (reference: queries.md, section 3), each in one request over a stranger's documents."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.web.challenge import EX, challenge
from tests.web.served import Served


@pytest.fixture(scope="module")
def asked(lasting: Served) -> Served:
    """A server that holds two runs: one on a Monday, one on the Tuesday after."""
    for run, day in (("", "2006-05-29"), ("_2", "2006-05-30")):
        answer = lasting.admin.post(
            "/prov/documents", data=json.dumps(challenge(run, day=day)), content_type="application/json"
        )
        assert answer.status_code == 201, answer.text
    return lasting


def get(served: Served, question: str) -> Any:
    answer = served.admin.get(f"/prov/{question}")
    assert answer.status_code == 200, answer.text
    return answer.json


def found(served: Served, question: str) -> set[str]:
    """The local names of what a search finds."""
    return {one["id"].removeprefix(EX) for one in get(served, question)["items"]}


def reached(served: Served, question: str, kind: str = "") -> set[str]:
    """The local names of the nodes of a lineage, of one class."""
    nodes = get(served, question)["nodes"]
    return {one["id"].removeprefix(EX) for one in nodes if not kind or kind in one["class"]}


def test_k1_everything_that_led_to_a_product(asked: Served) -> None:
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


def test_k2_nothing_before_a_kind_of_step(asked: Served) -> None:
    activities = reached(asked, "lineage?id=ex:Atlas_x_Graphic&stop=description:softmean", "Activity")
    assert activities == {"convert_x", "slice_x", "mean"}
    entities = reached(asked, "lineage?id=ex:Atlas_x_Graphic&stop=description:softmean", "Entity")
    assert entities == {"Atlas_x_Graphic", "atlas-x.pgm", "atlas.img", "atlas.hdr"}
    before = reached(asked, "lineage?id=ex:Atlas_x_Graphic&stop-before=description:softmean", "Activity")
    assert before == {"convert_x", "slice_x"}


def test_k3_the_part_that_matches_a_condition(asked: Served) -> None:
    activities = reached(asked, "lineage?id=ex:Atlas_x_Graphic&where=activity.ex:stage>=3", "Activity")
    assert activities == {"convert_x", "slice_x", "mean"}
    entities = reached(asked, "lineage?id=ex:Atlas_x_Graphic&where=activity.ex:stage>=3", "Entity")
    assert {"resliced1.img", "atlas.img", "Atlas_x_Graphic"} <= entities
    assert "warp1" not in entities


def test_k4_activities_by_parameter_and_weekday(asked: Served) -> None:
    question = "search?class=activity&description=align_warp&parameter=m:12&weekday=mon"
    assert found(asked, question) == {f"align{n}" for n in range(1, 5)}
    assert found(asked, question.replace("mon", "tue")) == {f"align{n}_2" for n in range(1, 5)}
    assert found(asked, f"{question}&tz=Pacific/Honolulu") == {f"align{n}_2" for n in range(1, 5)}
    assert found(asked, question.replace("m:12", "m:13")) == set()
    assert found(asked, question.replace("m:12", "m:>=10")) == {f"align{n}" for n in range(1, 5)}
    assert found(asked, 'search?class=activity&description=align_warp&parameter=m:"12"') == set()


def test_k5_what_came_of_things_with_an_attribute(asked: Served) -> None:
    answer = get(asked, "search?class=entity&name=Atlas*Graphic&upstream=entity[ex:globalMaximum=4095]")
    witnesses = {one["id"].removeprefix(EX): one["witness"].removeprefix(EX) for one in answer["items"]}
    assert witnesses == {
        **{f"Atlas_{axis}_Graphic": "anatomy1.hdr" for axis in "xyz"},
        **{f"Atlas_{axis}_Graphic_2": "anatomy1.hdr_2" for axis in "xyz"},
    }


def test_k6_outputs_with_an_activity_upstream(asked: Served) -> None:
    question = "search?class=entity&generated-by=softmean&upstream=activity[description=align_warp,parameter=m:12]"
    assert found(asked, question) == {"atlas.img", "atlas.hdr", "atlas.img_2", "atlas.hdr_2"}
    assert found(asked, question.replace("12", "13")) == set()


def test_k8_outputs_with_an_annotated_input(asked: Served) -> None:
    question = "search?class=entity&generated-by=align_warp&input=entity[ex:center=UChicago]"
    assert found(asked, question) == {"warp1", "warp3", "warp1_2", "warp3_2"}


def test_k9_all_other_annotations(asked: Served) -> None:
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
