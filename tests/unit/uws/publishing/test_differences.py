"""What is different between two descriptions, and between two scripts."""

from dataclasses import replace
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.graph.model import NodeId
from provstore.uws.descriptions.dialects.jsonform import to_json
from provstore.uws.descriptions.model import Description, Extra, Generated, ParameterDefinition, Used
from provstore.uws.publishing.differences import Difference, Json, difference_json, differences, script_diff
from provstore.uws.publishing.revisions import definition_of, digest_of, read_definition, said
from tests.unit.descriptions.strategies_of_descriptions import PARTS, descriptions, parameters

EMIN = ParameterDefinition(name="emin", datatype="double", default="0.1", unit="TeV")
EMAX = ParameterDefinition(name="emax", datatype="double", default="100", unit="TeV")
EVENTS = Used(name="evfile", content_types=("application/fits",), multiplicity="1")
COUNTS = Generated(name="counts", default="c.fits", content_type="image/fits", obscore=(("dataproduct_type", "cube"),))
OLD = Description(
    name="ctbin",
    label="Bin events",
    script="bin\n",
    execution_duration=60,
    keywords=("gamma", "cta"),
    controls=(("slurm_mem", "1G"), ("slurm_time", "60")),
    parameters=(EMIN, EMAX),
    used=(EVENTS,),
    generated=(COUNTS,),
    extra=(Extra(name="survey", value="gps"), Extra(name="my note", value="old")),
)


def found(new: Description, old: Description | None = OLD) -> dict[str, tuple[Json, Json]]:
    """Give what `differences` finds, by place; a place that comes twice is a failure."""
    result = differences(old, new)
    places = {one.place: (one.before, one.after) for one in result}
    assert len(places) == len(result)
    return places


def test_a_description_does_not_differ_from_itself() -> None:
    assert differences(OLD, replace(OLD)) == ()


def test_a_new_service_differs_in_all_that_it_says() -> None:
    new = Description(name="ls", script="ls\n", parameters=(ParameterDefinition(name="all", default=""),))
    parameter = {"name": "all", "datatype": "char", "arraysize": "*", "default": "", "required": True}
    assert found(new, None) == {
        "name": (None, "ls"),
        "script_language": (None, "bash"),
        "script": (None, "ls\n"),
        "parameters.all": (None, parameter),
    }


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (replace(OLD, label="Bins"), {"label": ("Bin events", "Bins")}),
        (replace(OLD, label=""), {"label": ("Bin events", None)}),
        (replace(OLD, script="bin -x\n"), {"script": ("bin\n", "bin -x\n")}),
        (replace(OLD, execution_duration=0), {"executionDuration": (60, 0)}),
        (replace(OLD, execution_duration=None), {"executionDuration": (60, None)}),
        (replace(OLD, keywords=("cta", "gamma")), {"keywords": (["gamma", "cta"], ["cta", "gamma"])}),
        (
            replace(OLD, controls=(("slurm_time", "9"),)),
            {"controls.slurm_time": ("60", "9"), "controls.slurm_mem": ("1G", None)},
        ),
        (replace(OLD, controls=OLD.controls[::-1]), {}),
        (
            replace(OLD, parameters=(replace(EMIN, default="1", max="9"), EMAX)),
            {"parameters.emin.max": (None, "9"), "parameters.emin.default": ("0.1", "1")},
        ),
        (replace(OLD, parameters=(replace(EMIN, default=None), EMAX)), {"parameters.emin.default": ("0.1", None)}),
        (replace(OLD, parameters=(replace(EMIN, default=""), EMAX)), {"parameters.emin.default": ("0.1", "")}),
        (replace(OLD, parameters=(replace(EMIN, required=False), EMAX)), {"parameters.emin.required": (True, False)}),
        (
            replace(OLD, parameters=(replace(EMIN, options=("1", "2")), EMAX)),
            {"parameters.emin.options": (None, ["1", "2"])},
        ),
        (replace(OLD, parameters=(EMAX, EMIN)), {"parameters": (["emin", "emax"], ["emax", "emin"])}),
        (
            replace(OLD, parameters=(EMAX, replace(EMIN, unit="GeV"))),
            {"parameters": (["emin", "emax"], ["emax", "emin"]), "parameters.emin.unit": ("TeV", "GeV")},
        ),
        (replace(OLD, parameters=(EMIN,)), {"parameters.emax": (said(OLD)["parameters"][1], None)}),
        (replace(OLD, used=()), {"used.evfile": (said(OLD)["used"][0], None)}),
        (replace(OLD, used=(replace(EVENTS, url="http://x/$ID"),)), {"used.evfile.url": (None, "http://x/$ID")}),
        (replace(OLD, generated=(replace(COUNTS, derived_from=()),)), {"generated.counts.derived_from": (None, [])}),
        (
            replace(OLD, generated=(replace(COUNTS, obscore=(("calib_level", ""),)),)),
            {
                "generated.counts.obscore.calib_level": (None, ""),
                "generated.counts.obscore.dataproduct_type": ("cube", None),
            },
        ),
        (
            replace(OLD, extra=(OLD.extra[0], replace(OLD.extra[1], value="new"))),
            {'extra."my note".value': ("old", "new")},
        ),
        (
            replace(OLD, extra=()),
            {"extra.survey": (said(OLD)["extra"][0], None), 'extra."my note"': (said(OLD)["extra"][1], None)},
        ),
    ],
)
def test_each_difference_is_told_with_its_place(new: Description, expected: dict[str, tuple[Json, Json]]) -> None:
    assert found(new) == expected


def test_what_is_called_anew_is_one_less_and_one_more() -> None:
    renamed = replace(OLD, used=(replace(EVENTS, name="events"),))
    assert {place: (one is None, other is None) for place, (one, other) in found(renamed).items()} == {
        "used.events": (True, False),
        "used.evfile": (False, True),
    }


def test_a_name_with_a_dot_is_quoted_so_that_each_place_is_one() -> None:
    before = replace(OLD, parameters=(ParameterDefinition(name="a"),))
    after = replace(before, parameters=(ParameterDefinition(name="a", unit="m"), ParameterDefinition(name="a.unit")))
    assert list(found(after, before)) == ["parameters.a.unit", 'parameters."a.unit"']


def test_attributes_of_one_name_are_compared_as_a_list() -> None:
    twice = (Extra(name="n", value="1"), Extra(name="n", value="2"))
    assert found(replace(OLD, extra=twice), replace(OLD, extra=twice[:1])) == {
        "extra": ([{"name": "n", "value": "1"}], [{"name": "n", "value": "1"}, {"name": "n", "value": "2"}])
    }


def test_the_hash_of_a_script_is_no_difference_of_its_own() -> None:
    new = replace(OLD, script="other\n")
    assert to_json(OLD)["script_sha256"] != to_json(new)["script_sha256"]
    assert list(found(new)) == ["script"]


def test_a_difference_as_json_has_three_members() -> None:
    (one,) = differences(OLD, replace(OLD, label=""))
    assert difference_json(one) == {"place": "label", "before": "Bin events", "after": None}
    assert one == Difference(place="label", before="Bin events", after=None)


MEMBERS: Final = PARTS | {
    "parameters": st.lists(parameters, max_size=3, unique_by=lambda item: item.name).map(tuple),
    "used": st.sampled_from([(), (EVENTS,), (replace(EVENTS, url="http://x/$ID"),)]),
    "generated": st.sampled_from([(), (COUNTS,), (replace(COUNTS, derived_from=()), Generated(name="log"))]),
}
whole = settings(max_examples=60)
"""A whole description takes a hundred times as long to make up as a text."""


@st.composite
def relatives(draw: st.DrawFn) -> tuple[Description, Description]:
    """Draw two descriptions of which the second has a few members of its own."""
    one = draw(descriptions())
    members = draw(st.sets(st.sampled_from([*MEMBERS]), max_size=3))
    return one, replace(one, **{member: draw(MEMBERS[member]) for member in sorted(members)})


@whole
@given(relatives())
def test_nothing_is_different_just_where_the_digests_are_equal(pair: tuple[Description, Description]) -> None:
    one, other = pair
    assert differences(one, replace(one)) == ()
    assert (differences(one, other) == ()) == (digest_of(one) == digest_of(other))


@whole
@given(relatives())
def test_every_place_is_told_once_and_the_way_back_is_the_mirror_image(pair: tuple[Description, Description]) -> None:
    one, other = pair
    there, back = found(other, one), found(one, other)
    assert {place: (after, before) for place, (before, after) in back.items()} == there
    assert all(before != after for before, after in there.values())


@whole
@given(descriptions())
def test_what_is_kept_in_the_graph_reads_back_as_it_was(one: Description) -> None:
    kept = read_definition(definition_of(one), node=NodeId("urn:t#d1"))
    assert kept == one
    assert digest_of(kept) == digest_of(one)


@given(st.lists(parameters, min_size=1, max_size=4, unique_by=lambda item: item.name), st.data())
def test_an_edit_of_one_parameter_is_found_at_its_place_only(
    some: list[ParameterDefinition], data: st.DataObject
) -> None:
    one = replace(OLD, parameters=tuple(some))
    index = data.draw(st.integers(0, len(one.parameters) - 1))
    edited = replace(one.parameters[index], unit=f"{one.parameters[index].unit}x")
    new = replace(one, parameters=(*one.parameters[:index], edited, *one.parameters[index + 1 :]))
    (difference,) = differences(one, new)
    assert (difference.before or "", difference.after) == (one.parameters[index].unit, edited.unit)


def test_scripts_that_are_the_same_have_no_diff() -> None:
    assert script_diff("a\nb\n", "a\nb\n") == ""


def test_the_diff_of_scripts_is_a_unified_one_with_the_names_of_the_revisions() -> None:
    assert script_diff("a\nb\nc\n", "a\nB\nc\n", old_name="ctbin@1", new_name="ctbin@2") == (
        "--- ctbin@1\n+++ ctbin@2\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("a\n", "a", "@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n"),
        ("", "a\n", "@@ -0,0 +1 @@\n+a\n"),
        ("a\f\n", "a\u2028\n", "@@ -1 +1 @@\n-a\f\n+a\u2028\n"),
    ],
)
def test_the_end_of_a_line_is_a_line_feed_and_nothing_else(old: str, new: str, expected: str) -> None:
    assert script_diff(old, new) == f"--- before\n+++ after\n{expected}"


@given(st.text("ab\n\r\f", max_size=12), st.text("ab\n\r\f", max_size=12))
def test_a_diff_tells_both_scripts_to_the_last_sign(old: str, new: str) -> None:
    diff = script_diff(old, new)
    assert (diff == "") == (old == new)
    if diff.count("\n@@ ") == 1:
        assert side(diff, "-") in old
        assert side(diff, "+") in new
        assert len(new) - len(old) == len(side(diff, "+")) - len(side(diff, "-"))


def side(diff: str, sign: str) -> str:
    """Give the text of one side of a diff with one hunk."""
    lines = diff.split("\n@@ ")[1].split(" @@\n", 1)[1].split("\n")
    return "".join(
        line[1:] + ("" if following.startswith("\\") else "\n")
        for line, following in pairwise(lines)
        if line[:1] in {" ", sign}
    )


def test_scripts_too_long_to_be_compared_are_told_whole() -> None:
    old, new = "".join(f"{n % 90}\n" for n in range(20_000)), "".join(f"{n % 91}\n" for n in range(20_000))
    lines = script_diff(old, new).split("\n")
    assert lines[2] == "@@ -1,20000 +1,20000 @@"
    assert [line[1:] for line in lines if line.startswith("-")][1:] == old.split("\n")[:-1]
    assert [line[1:] for line in lines if line.startswith("+")][1:] == new.split("\n")[:-1]
