"""Reading the JSON of OPUS."""

import contextlib
import json
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.errors import Invalid
from provstore.uws.descriptions.dialects.opus_json import read_opus_json
from provstore.uws.descriptions.dialects.reading import Reading
from provstore.uws.descriptions.model import Description, Extra, Generated, ParameterDefinition, Used

WHOLE: Final = (Path(__file__).parents[2] / "data" / "descriptions" / "ctbin" / "ctbin_opus.json").read_bytes()


def read(**members: Any) -> Reading:
    return read_opus_json(json.dumps({"name": "a"} | members).encode(), source="a.json")


def parameter(**facts: Any) -> ParameterDefinition:
    return read(parameters={"p": facts}).description.parameters[0]


def used(**facts: Any) -> Used:
    return read(used={"u": {"content_type": "a/b", **facts}}).description.used[0]


def told(reading: Reading) -> list[str]:
    return [str(repair) for repair in reading.repairs]


def test_only_a_name_must_be_there() -> None:
    assert read().description == Description(name="a")


def test_the_keys_give_the_order_and_what_they_lack_comes_last() -> None:
    reading = read(parameters={"x": {}, "y": {}, "z": {}}, parameters_keys=["z", "gone", "y", "z"])
    assert [item.name for item in reading.description.parameters] == ["z", "y", "x"]
    assert told(reading) == [
        "parameters_keys lists 'gone', which is not there: left out",
        "parameters_keys lacks 'x': put at the end",
    ]


def test_without_keys_the_order_of_the_object_counts() -> None:
    found = read(generated={"z": {"content_type": "a/b"}, "a": {"content_type": "a/b"}}).description.generated
    assert [item.name for item in found] == ["z", "a"]


@pytest.mark.parametrize(
    ("value", "required"),
    [("true", True), ("false", False), ("True", True), ("False", False), (True, True), (False, False), (None, True)],
)
def test_required_is_a_text_or_a_boolean(value: object, required: bool) -> None:  # noqa: FBT001
    assert parameter(required=value).required is required


def test_a_word_that_is_neither_true_nor_false_is_told() -> None:
    assert told(read(parameters={"p": {"required": "maybe"}})) == [
        "required of p is 'maybe', neither true nor false: read as true"
    ]


@pytest.mark.parametrize(
    ("datatype", "expected"),
    [
        ("xs:double", ("double", "")),
        ("xs:integer", ("int", "")),
        ("xs:int", ("int", "")),
        ("xs:long", ("long", "")),
        ("xs:string", ("char", "")),
        ("xs:anyURI", ("char", "uri")),
        ("xs:boolean", ("boolean", "")),
        ("file", ("char", "application/octet-stream")),
        ("double", ("double", "")),
        ("xs:colour", ("char", "")),
        ("", ("char", "")),
    ],
)
def test_types_of_xml_schema_become_those_of_votable(datatype: str, expected: tuple[str, str]) -> None:
    found = parameter(datatype=datatype)
    assert (found.datatype, found.xtype) == expected


def test_an_unknown_datatype_is_told() -> None:
    assert told(read(parameters={"p": {"datatype": "xs:colour"}})) == [
        "datatype 'xs:colour' of p is unknown: read as text"
    ]


def test_numbers_keep_the_text_that_stands_there() -> None:
    document = (
        b'{"name": "a", "quote": 60, "parameters": {"p": {"datatype": "xs:double", "default": 1.50, "min": -1e3}}}'
    )
    found = read_opus_json(document, source="a.json").description
    assert (found.quote, found.parameters[0].default, found.parameters[0].min) == (60, "1.50", "-1e3")


@pytest.mark.parametrize(
    ("options", "expected"),
    [("", ()), (None, ()), ("a,b", ("a", "b")), ("a, b", ("a", "b")), ([1, "b"], ("1", "b")), (["a,b"], ("a,b",))],
)
def test_options_are_a_text_with_commas_or_a_list(options: object, expected: tuple[str, ...]) -> None:
    assert parameter(options=options).options == expected


@pytest.mark.parametrize(
    ("required", "datatype", "expected"),
    [("true", "xs:string", None), ("false", "xs:string", ""), ("false", "xs:int", None)],
)
def test_an_empty_default_is_none_but_for_text_that_need_not_be_given(
    required: str, datatype: str, expected: str | None
) -> None:
    assert parameter(default="", required=required, datatype=datatype).default == expected


def test_what_a_description_says_of_itself_is_read() -> None:
    reading = read(
        annotation="Text",
        version="1",
        type="None",
        doculink=None,
        url="https://example.org/",
        executionDuration="60",
        quote="soon",
        script="a\r\nb\r\n",
        control_parameters={"runId": {}},
        widget="large",
        nested={"a": [1]},
    )
    assert reading.description == Description(
        name="a",
        description="Text",
        version="1",
        doculink="https://example.org/",
        execution_duration=60,
        script="a\nb\n",
        extra=(Extra(name="widget", value="large"), Extra(name="nested", value='{"a": ["1"]}')),
    )
    assert told(reading) == [
        "nested is a list or an object: kept as its JSON text",
        "type is 'None': read as empty",
        "url 'https://example.org/' and no doculink: read as the doculink",
        "the script has DOS line ends: read with Unix line ends",
        "quote 'soon' is no number of seconds: read as not given",
    ]


def test_an_input_has_its_url_types_and_what_we_do_not_know() -> None:
    assert used(url="file://$ID", content_type="image/fits, text/xml", annotation="Text", format="v2") == Used(
        name="u",
        content_types=("image/fits", "text/xml"),
        url="file://$ID",
        description="Text",
        extra=(Extra(name="format", value="v2"),),
    )


def test_a_file_without_a_url_is_a_file() -> None:
    assert used(datatype="file").url == "file://$ID"
    assert used(datatype="xs:string", url="").url == ""


def test_an_input_or_result_of_the_name_of_a_parameter_refers_to_it() -> None:
    reading = read(
        parameters={"out": {"default": "out.fits", "annotation": "The file"}}, generated={"out": {"content_type": ""}}
    )
    assert reading.description.generated == (
        Generated(name="out", content_type="application/fits", default="out.fits", description="The file", ref="out"),
    )
    assert told(reading) == [
        "out has the name of a parameter: read as a reference to it",
        "result out has no content type: taken as application/fits",
    ]


def test_a_proposed_name_loses_its_prefix() -> None:
    assert read(name="tmp/b").description.name == "b"


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"name": ""}, "service name '' is not a letter"),
        ({"name": "a b"}, "service name 'a b' is not a letter"),
        ({"parameters": "x"}, "parameters must be an object by name, not 'x'"),
        ({"parameters": {"p": "x"}}, "parameters.p must be an object, not 'x'"),
        ({"used": {}, "used_keys": "x"}, "used_keys must be a list of names, not 'x'"),
        ({"parameters": {"p;rm": {}}}, "parameter name 'p;rm' is not a letter"),
        ({"parameters": {"p": {}, "tmp/p": {}}}, "the name 'p' is given to two parameters"),
        ({"used": {"x": {}}, "generated": {"x": {}}}, "the name 'x' is given to two inputs or results"),
    ],
)
def test_a_broken_file_is_refused_with_the_reason(members: dict[str, Any], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read(**members)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(WHOLE)))
    patch = data.draw(
        st.binary(max_size=4) | st.sampled_from([b"null", b"{}", b"[]", b"1", b"1e999", b'"', b"\\ud800", b",", b"NaN"])
    )
    with contextlib.suppress(Invalid):
        read_opus_json(WHOLE[:start] + patch + WHOLE[start + data.draw(st.integers(0, 80)) :], source="damaged")


facts = st.sampled_from(["default", "datatype", "type", "options", "p", "content_type", "required", "url"])
documents = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3) | st.integers(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(facts, inner, max_size=3),
    max_leaves=8,
)


@given(
    documents,
    st.sampled_from(["parameters", "used", "generated", "script", "quote", "name", "annotation", "used_keys"]),
)
@settings(max_examples=150, deadline=None)
def test_any_value_anywhere_is_read_or_refused(value: object, key: str) -> None:
    with contextlib.suppress(Invalid):
        read(**{key: value})
