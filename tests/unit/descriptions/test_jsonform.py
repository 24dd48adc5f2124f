"""Descriptions as JSON."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.errors import Invalid, TooLarge
from provstore.uws.descriptions.dialects.jsonform import from_json, read_json, to_json
from provstore.uws.descriptions.dialects.jsontext import parse_json, parse_json_as_texts
from provstore.uws.descriptions.dialects.reading import Notes
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition, Used
from tests.unit.descriptions.strategies_of_descriptions import descriptions


def test_only_the_name_must_be_there() -> None:
    assert from_json({"name": "a"}) == Description(name="a")


def test_the_object_has_the_names_of_the_public_contract() -> None:
    document = to_json(
        Description(
            name="a",
            execution_duration=5,
            parameters=(ParameterDefinition(name="p"),),
            used=(Used(name="u", content_types=("a/b", "c/d")),),
            generated=(Generated(name="g"),),
        )
    )
    assert {"executionDuration", "quote", "script", "parameters", "used", "generated", "label"} <= document.keys()
    assert document["parameters"][0] == {
        "name": "p",
        "datatype": "char",
        "arraysize": "*",
        "unit": "",
        "ucd": "",
        "utype": "",
        "xtype": "",
        "min": "",
        "max": "",
        "description": "",
        "type": "",
        "default": None,
        "required": True,
        "options": [],
    }
    assert document["used"][0]["content_type"] == "a/b,c/d"
    assert document["generated"][0]["derived_from"] is None


def test_seconds_may_be_text_and_empty() -> None:
    read = from_json({"name": "a", "executionDuration": "60", "quote": ""})
    assert (read.execution_duration, read.quote) == (60, None)


def test_a_whole_number_may_be_written_as_a_real_one() -> None:
    assert from_json({"name": "a", "quote": 60.0}).quote == 60


def test_dos_line_ends_of_the_script_become_unix_ones() -> None:
    assert from_json({"name": "a", "script": "a\r\nb\r"}).script == "a\nb\n"


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "expected an object"),
        ({}, "is no name of a service"),
        ({"name": "a b"}, "is no name of a service"),
        ({"name": 1}, "name must be text"),
        ({"name": "a", "colour": "red"}, "unknown key 'colour'"),
        ({"name": "a", "quote": -1}, "quote must be a whole number of seconds"),
        ({"name": "a", "quote": True}, "quote must be a whole number of seconds"),
        ({"name": "a", "quote": float("inf")}, "quote must be a whole number of seconds"),
        ({"name": "a", "quote": "9" * 5000}, "quote must be a whole number of seconds"),
        ({"name": "a", "quote": 1.5}, "quote must be a whole number of seconds"),
        ({"name": "a", "parameters": {}}, "parameters must be a list"),
        ({"name": "a", "parameters": ["x"]}, r"parameters\[0\]: expected an object"),
        ({"name": "a", "parameters": [{}]}, r"parameters\[0\]: '' is no name"),
        ({"name": "a", "used": [{"name": "b"}, {"name": "b"}]}, r"used\[1\]: 'b' is given twice"),
        ({"name": "a", "parameters": [{"name": "b", "required": "yes"}]}, "required must be true or false"),
        ({"name": "a", "parameters": [{"name": "b", "options": "x,y"}]}, "options must be a list of values"),
        ({"name": "a", "parameters": [{"name": "b", "size": 1}]}, r"parameters\[0\]: unknown key 'size'"),
        ({"name": "a", "extra": {"b": 1}}, "extra must be an object of texts"),
    ],
)
def test_a_wrong_document_is_refused_with_the_place(document: Any, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        from_json(document)


def test_a_file_is_read_with_or_without_a_mark_at_its_beginning() -> None:
    data = '{"name": "a", "label": "é \\u00e9 \\ud83d\\ude00"}'.encode()
    assert read_json(data, source="a.json").description == Description(name="a", label="é é \U0001f600")
    assert read_json(b"\xef\xbb\xbf" + data, source="a.json") == read_json(data, source="a.json")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "a.json:1: no JSON: Expecting value \\(column 1\\)"),
        (b'{"name": "a",\n "label": }', "a.json:2: no JSON: Expecting value \\(column 11\\)"),
        (b'{"name": "a"} x', "a.json:1: no JSON: Extra data"),
        (b'{"name": "a"', "a.json:1: no JSON"),
        (b'{"name": "a",\n"name": "b"}', "a.json:2: the name 'name' stands twice in one object"),
        (b'{"name": "a", "used": [{"role": "",\n\n"role": ""}]}', "a.json:3: the name 'role' stands twice"),
        (b'{"name": "a",\n"quote": NaN}', "a.json:2: NaN is no JSON"),
        (b'{"name": "a", "quote": -Infinity}', "a.json:1: -Infinity is no JSON"),
        (b'{"name": "a", "quote": ' + b"9" * 31 + b"}", "a number of 31 characters; right is at most 30"),
        (b'{"name": "a", "quote": 1.' + b"9" * 31 + b"}", "a number of 33 characters"),
        (b'{"name": "a", "x": ' + b"[" * 40 + b"]" * 40 + b"}", "a.json:1: more than 32 levels"),
        (b"[" * 1_000_000, "more than 32 levels"),
        (b'{"name": "a",\n"label": "\xff"}', "a.json:2: not UTF-8: invalid start byte at byte 24"),
        (b'{"name": "a", "label": "\\ud800"}', "a lone surrogate"),
        (b'{"name": "a", "extra": [{"name": "\\udfff", "value": ""}]}', "a lone surrogate"),
        (b'{"name": "a", "label": "\n"}', "a.json:1: no JSON: Invalid control character"),
        (b"[]", r"a.json: expected an object, not \[\]"),
    ],
)
def test_a_broken_file_is_refused_with_line_and_reason(data: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read_json(data, source="a.json")


def test_a_file_with_too_many_members_is_refused() -> None:
    with pytest.raises(TooLarge, match="more lists and objects than the 20000"):
        read_json(b'{"name": "a", "x": [' + b"{}," * 20_000 + b"{}]}", source="a.json")


def test_brackets_inside_texts_are_no_levels() -> None:
    assert read_json(b'{"name": "a", "label": "\\"' + b"[{" * 100 + b'"}', source="a").description.label[-1] == "{"


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(values)
@settings(max_examples=100, deadline=None)
def test_what_python_writes_is_parsed_to_the_same(value: object) -> None:
    assert parse_json(json.dumps(value).encode(), notes=Notes(source="a")) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode(), notes=Notes(source="a")) == value


def test_numbers_can_be_kept_as_they_are_written() -> None:
    assert parse_json_as_texts(b"[1.50, -0, 1E3]", notes=Notes(source="a")) == ["1.50", "-0", "1E3"]


@given(descriptions(), st.data())
@settings(max_examples=100, deadline=None)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(description: Description, data: st.DataObject) -> None:
    whole = json.dumps(to_json(description)).encode()
    start = data.draw(st.integers(0, len(whole)))
    patch = data.draw(st.binary(max_size=4) | st.sampled_from([b"null", b"{}", b"[]", b"1", b"1e999", b'"', b"true"]))
    with contextlib.suppress(Invalid):
        read_json(whole[:start] + patch + whole[start + data.draw(st.integers(0, 80)) :], source="damaged")


@pytest.mark.parametrize(
    ("part", "first"),
    [
        (
            "",
            (
                "name label description version type subtype doculink contact_name contact_email"
                " executionDuration quote script parameters used generated"
            ),
        ),
        (
            "parameters",
            "name datatype arraysize unit ucd utype xtype default required min max options description",
        ),
        ("used", "name role content_type multiplicity default url description"),
        ("generated", "name role content_type multiplicity default description"),
    ],
)
def test_what_every_client_knows_comes_first_in_its_order(part: str, first: str) -> None:
    items = {"parameters": [{"name": "p"}], "used": [{"name": "u"}], "generated": [{"name": "g"}]}
    document = to_json(from_json({"name": "a"} | items))
    members = list(document[part][0] if part else document)
    assert members[: len(first.split())] == first.split()


def test_numbers_and_truth_values_may_be_written_as_such() -> None:
    parameter = {"name": "n", "datatype": "double", "default": 5, "min": 0.25, "max": 1e-13, "options": [5, 0.5, True]}
    found = from_json({"name": "stack", "version": 2, "parameters": [parameter, {"name": "b", "default": False}]})
    (number, truth) = found.parameters
    assert (number.default, number.min, number.max) == ("5", "0.25", "1e-13")
    assert (number.options, truth.default, found.version) == (("5", "0.5", "true"), "false", "2")
