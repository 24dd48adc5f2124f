"""Descriptions as JSON."""

from typing import Any

import pytest

from provstore.errors import Invalid
from provstore.uws.descriptions.jsonform import from_json, to_json
from provstore.uws.descriptions.model import Description, Generated, ParameterDefinition, Used


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
        "default": None,
        "required": True,
        "options": [],
    }
    assert document["used"][0]["content_type"] == "a/b,c/d"
    assert document["generated"][0]["derived_from"] is None


def test_seconds_may_be_text_and_empty() -> None:
    read = from_json({"name": "a", "executionDuration": "60", "quote": ""})
    assert (read.execution_duration, read.quote) == (60, None)


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
        ({"name": "a", "quote": 1.5}, "quote must be a whole number of seconds"),
        ({"name": "a", "parameters": {}}, "parameters must be a list"),
        ({"name": "a", "parameters": ["x"]}, r"parameters\[0\]: expected an object"),
        ({"name": "a", "parameters": [{}]}, r"parameters\[0\]: '' is no name"),
        ({"name": "a", "used": [{"name": "b"}, {"name": "b"}]}, r"used\[1\]: 'b' is no name, or is given twice"),
        ({"name": "a", "parameters": [{"name": "b", "required": "yes"}]}, "required must be true or false"),
        ({"name": "a", "parameters": [{"name": "b", "options": "x,y"}]}, "options must be a list of texts"),
        ({"name": "a", "parameters": [{"name": "b", "size": 1}]}, r"parameters\[0\]: unknown key 'size'"),
        ({"name": "a", "extra": {"b": 1}}, "extra must be an object of texts"),
    ],
)
def test_a_wrong_document_is_refused_with_the_place(document: Any, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        from_json(document)
