"""Reading the fields of OPUS's form."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.errors import Invalid
from provstore.uws.descriptions.dialects.opus_form import read_form
from provstore.uws.descriptions.dialects.reading import Reading
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition, Used


def told(reading: Reading) -> list[str]:
    return [str(repair) for repair in reading.repairs]


def test_a_whole_form_gives_a_whole_description() -> None:
    reading = read_form(
        {
            "name": "tmp/stack",
            "annotation": "Add up",
            "doculink": "https://example.org/",
            "url": "",
            "group": "imaging",
            "type": "analysis",
            "subtype": "stacking",
            "version": "2",
            "contact_name": "A. Contact",
            "contact_email": "a@example.org",
            "executionDuration": "60",
            "quote": "",
            "script": "stack\r\n",
            "param_name_1": "clip",
            "param_datatype_1": "xs:double",
            "param_default_1": "3.5",
            "param_required_1": "on",
            "param_annotation_1": "Limit",
            "param_attributes_1": "unit=deg ucd=pos.angDistance min=0 max=10 utype=a:b=c",
            "param_name_2": "method",
            "param_datatype_2": "xs:string",
            "param_default_2": "mean",
            "param_options_2": "mean, median",
            "used_name_1": "frames",
            "used_contenttype_1": "image/fits",
            "used_multiplicity_1": "*",
            "used_default_1": "a.fits",
            "used_annotation_1": "Images",
            "used_isfile_1": "File",
            "used_name_2": "obs",
            "used_contenttype_2": "text/xml",
            "used_url_2": "https://example.org/$ID",
            "generated_name_1": "sum",
            "generated_contenttype_1": "image/fits",
            "generated_multiplicity_1": "1",
            "generated_default_1": "sum.fits",
            "generated_annotation_1": "The sum",
        }
    )
    assert reading.dialect == "form"
    assert reading.description == Description(
        name="stack",
        description="Add up",
        doculink="https://example.org/",
        group="imaging",
        type="analysis",
        subtype="stacking",
        version="2",
        contact_name="A. Contact",
        contact_email="a@example.org",
        execution_duration=60,
        script="stack\n",
        parameters=(
            ParameterDefinition(
                name="clip",
                datatype="double",
                default="3.5",
                description="Limit",
                unit="deg",
                ucd="pos.angDistance",
                utype="a:b=c",
                min="0",
                max="10",
            ),
            ParameterDefinition(name="method", default="mean", required=False, options=("mean", "median")),
        ),
        used=(
            Used(
                name="frames",
                content_types=("image/fits",),
                multiplicity="*",
                default="a.fits",
                url="file://$ID",
                description="Images",
            ),
            Used(name="obs", content_types=("text/xml",), url="https://example.org/$ID"),
        ),
        generated=(
            Generated(
                name="sum", content_type="image/fits", multiplicity="1", default="sum.fits", description="The sum"
            ),
        ),
    )
    assert told(reading) == [
        "service name 'tmp/stack': read as 'stack'",
        "the script has DOS line ends: read with Unix line ends",
    ]


def test_gaps_do_not_end_the_list_and_numbers_give_the_order() -> None:
    names = {"param_name_10": "c", "param_name_2": "b", "param_name_1": "a", "param_name_3": "", "param_default_3": ""}
    reading = read_form({"name": "s", **names})
    assert [item.name for item in reading.description.parameters] == ["a", "b", "c"]
    assert reading.repairs == ()


def test_a_line_without_a_name_is_told() -> None:
    reading = read_form({"name": "s", "param_name_1": "", "param_default_1": "5"})
    assert told(reading) == ["param_default_1 without param_name_1: left out"]


def test_a_result_gets_the_multiplicity_that_opus_clients_put_under_used() -> None:
    fields = {"name": "s", "generated_name_1": "g", "generated_contenttype_1": "a/b", "used_multiplicity_1": "*"}
    reading = read_form(fields)
    assert (reading.description.used, reading.description.generated[0].multiplicity) == ((), "*")
    assert told(reading) == ["used_multiplicity_1 without an input of that number: read as that of the result g"]


def test_the_multiplicity_of_an_input_stays_with_it() -> None:
    fields = {"name": "s", "generated_name_1": "g", "used_name_1": "u", "used_multiplicity_1": "*"}
    described = read_form(fields).description
    assert (described.used[0].multiplicity, described.generated[0].multiplicity) == ("*", "")


@pytest.mark.parametrize(("value", "required"), [("on", True), ("true", True), ("", False), ("off", False)])
def test_a_ticked_box_means_required(value: str, required: bool) -> None:  # noqa: FBT001
    described = read_form({"name": "s", "param_name_1": "p", "param_required_1": value}).description
    assert described.parameters[0].required is required


def test_a_parameter_without_the_box_is_optional() -> None:
    assert not read_form({"name": "s", "param_name_1": "p"}).description.parameters[0].required


def test_an_unknown_attribute_is_told() -> None:
    reading = read_form({"name": "s", "param_name_1": "p", "param_attributes_1": "unit= colour=red word"})
    known = "unit=.. ucd=.. utype=.. min=.. max=.. xtype=.. arraysize=.."
    assert told(reading) == [f"attribute {text!r} of p is none of {known}: left out" for text in ("colour=red", "word")]


def test_all_unknown_fields_are_named() -> None:
    with pytest.raises(Invalid, match="unknown fields: 'colour', 'param_colour_1', 'param_name_x'; known: name, "):
        read_form({"name": "s", "param_name_x": "", "param_colour_1": "", "colour": "red"})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "service name '' is not a letter"),
        ({"name": "a;b"}, "service name 'a;b' is not a letter"),
        ({"name": "a", "param_name_1": "x", "param_name_2": "x"}, "the name 'x' is given to two parameters"),
        ({"name": "a", "used_name_1": "x", "generated_name_1": "x"}, "the name 'x' is given to two inputs or results"),
    ],
)
def test_a_wrong_form_is_refused(fields: dict[str, str], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read_form(fields)


numbered = st.builds(
    "{}_{}_{}".format,
    st.sampled_from(["param", "used", "generated"]),
    st.sampled_from(["name", "default", "attributes", "isfile", "multiplicity", "contenttype"]),
    st.sampled_from(["1", "2", "٣", "007"]),
)


@given(st.dictionaries(numbered | st.text(max_size=5), st.text(max_size=5)))
@settings(max_examples=100, deadline=None)
def test_any_fields_are_read_or_refused_and_nothing_else(fields: dict[str, str]) -> None:
    with contextlib.suppress(Invalid):
        read_form({"name": "a", **fields})
